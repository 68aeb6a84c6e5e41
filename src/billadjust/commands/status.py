"""`billadjust status`: what an operator wants to know in the morning."""

from __future__ import annotations

from datetime import UTC, datetime

from billadjust import overview
from billadjust.commands.options import CONFIG, ConfigOption, FormatOption, today
from billadjust.config import load_config
from billadjust.ledger import open_ledger
from billadjust.screens.rows import show_rows
from billadjust.screens.status import show_status
from billadjust.terminal import Format, Terminal


def status(form: FormatOption = Format.TABLE, config: ConfigOption = CONFIG) -> None:
    """Show the last run, open refunds and their deadlines, holds, and whether the ledger is all there.

    With `--format json` or `csv`: every open refund.
    """
    settings = load_config(config)
    snapshot = open_ledger(settings.ledger, settings.currency)
    found = overview.status(snapshot, settings.outputs, today(settings))
    terminal = Terminal()
    if form is Format.TABLE:
        show_status(terminal, found, settings, datetime.now(UTC))
    else:
        show_rows(terminal, found.refunds, form, snapshot.digits)
