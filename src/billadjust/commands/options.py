"""What several commands have in common: their options, and the day that it is for the operator."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from billadjust.commands.completion import run_ids
from billadjust.errors import UsageError
from billadjust.terminal import Format

if TYPE_CHECKING:
    from billadjust.config import Config

CONFIG = Path("billadjust.toml")

ConfigOption = Annotated[
    Path, typer.Option("--config", "-c", metavar="FILE", help="The configuration.", show_default=True)
]


def parse_date(text: str) -> date:
    """Read a date of the command line."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not a date; write it as 2026-08-29.") from None


DateOption = Annotated[
    date | None,
    typer.Option(
        "--as-of", metavar="DATE", parser=parse_date, help="The date of the run (default: today, local time)."
    ),
]

FormatOption = Annotated[
    Format, typer.Option("--format", help="Show a table, or rows for another program.", case_sensitive=False)
]

RunArgument = Annotated[
    str,
    typer.Argument(metavar="RUN_ID", help="The run, as in `run_id` of its entries.", autocompletion=run_ids),
]


def run_day(as_of: date | None, config: Config) -> date:
    """Return the date of something that posts; UsageError if it has not come."""
    if as_of and as_of > today(config):
        raise UsageError(
            f"{as_of} has not come yet, and after a run of it no earlier date could be run. Nothing was posted. "
            "Correct --as-of, or look ahead with --dry-run."
        )
    return as_of or today(config)


def today(config: Config) -> date:
    """Return the day that it is where the operator is."""
    return datetime.now(ZoneInfo(config.timezone)).date()
