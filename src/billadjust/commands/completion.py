"""What a shell offers when a command is completed: runs of the ledger, inputs, and the rest of fixed words."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer  # noqa: TC002  # Typer reads the annotations

from billadjust.config import load_config
from billadjust.errors import BilladjustError
from billadjust.ledger import open_ledger
from billadjust.schemas import INPUTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

SHOWN = 30
"""How many runs are offered, the newest first."""


def run_ids(ctx: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """Offer the runs of the ledger of `--config`; nothing where there is none that can be read."""
    path = Path(ctx.params.get("config") or "billadjust.toml")
    try:
        config = load_config(path)
        runs = open_ledger(config.ledger, config.currency).runs
    except (BilladjustError, OSError):
        return []
    found = [(run.run_id, f"the run of {run.as_of}") for run in reversed(runs) if run.run_id.startswith(incomplete)]
    return found[:SHOWN]


def input_names(incomplete: str) -> list[tuple[str, str]]:
    """Offer the inputs."""
    return [(name, table.doc) for name, table in INPUTS.items() if name.startswith(incomplete)]


def words(choices: Iterable[str]) -> Callable[[str], list[str]]:
    """Return a function that offers some words."""
    known = list(choices)

    def offer(incomplete: str) -> list[str]:
        return [word for word in known if word.startswith(incomplete)]

    return offer
