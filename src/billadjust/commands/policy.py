"""`billadjust policy`: the parameters in force."""

from __future__ import annotations

from billadjust.commands.options import CONFIG, ConfigOption, DateOption, today
from billadjust.config import load_config
from billadjust.screens.policy import show_policy
from billadjust.terminal import Terminal


def policy(config: ConfigOption = CONFIG, as_of: DateOption = None) -> None:
    """Show the parameters in force on a date, with what each rests on."""
    settings = load_config(config)
    day = as_of or today(settings)
    show_policy(Terminal(), settings.policy.in_force(day), day)
