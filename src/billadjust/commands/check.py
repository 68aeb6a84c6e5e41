"""`billadjust check`: inputs and configuration alone."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003  # Typer reads the annotations
from typing import Annotated

import typer

from billadjust.checkup import check_up
from billadjust.commands.options import CONFIG, ConfigOption, today
from billadjust.config import load_config
from billadjust.errors import RejectedShareError
from billadjust.outputs.csvfile import write_csv
from billadjust.screens.checkup import show_checkup
from billadjust.terminal import Terminal


def check(
    config: ConfigOption = CONFIG,
    rejected: Annotated[
        Path | None,
        typer.Option("--rejected", metavar="FILE", help="Write every rejected row there, as rejected.csv has them."),
    ] = None,
) -> None:
    """Check inputs and configuration, and say what is wrong and how to mend it; the ledger is not touched.

    Ends with 0 if a run would go ahead, with 3 if too many rows are rejected, and with 2 if an input or the
    configuration cannot be read.
    """
    settings = load_config(config)
    terminal = Terminal()
    with terminal.progress() as progress:
        checkup = check_up(settings, today(settings), progress)
    show_checkup(terminal, checkup, settings)
    if rejected:
        write_csv(checkup.loaded.rejected, rejected, settings.style.dialect)
        terminal.show_line(f"Rejected rows: {rejected}")
    if checkup.beyond:
        raise typer.Exit(RejectedShareError.exit_code)
