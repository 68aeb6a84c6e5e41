"""`billadjust run`: the night."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003  # Typer reads the annotations
from typing import Annotated

import typer

from billadjust import nightly
from billadjust.commands.options import CONFIG, ConfigOption, DateOption, run_day, today
from billadjust.config import load_config
from billadjust.errors import UsageError
from billadjust.schemas import INPUTS
from billadjust.screens.result import show_result
from billadjust.terminal import Terminal


def run(
    config: ConfigOption = CONFIG,
    as_of: DateOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be posted; write nothing.")] = False,
    preview: Annotated[
        Path | None, typer.Option("--preview", metavar="DIR", help="With --dry-run: write the files to look at there.")
    ] = None,
    approve: Annotated[
        str | None,
        typer.Option("--approve", metavar="HASH", help="Post only the plan with this hash, beyond any limit."),
    ] = None,
    allow_missing: Annotated[
        list[str] | None,
        typer.Option(
            "--allow-missing", metavar="NAME", help="An input that may be missing though the last run had it."
        ),
    ] = None,
) -> None:
    """Work out what is owed, post the difference, write the files. Run it every night."""
    if preview and not dry_run:
        raise UsageError("--preview goes with --dry-run. Add --dry-run, or leave --preview out.")
    if approve and dry_run:
        raise UsageError("--approve posts a plan and --dry-run does not. Leave one of them out.")
    for name in allow_missing or ():
        if name not in INPUTS:
            raise UsageError(f"--allow-missing {name}: there is no such input. The inputs are {', '.join(INPUTS)}.")
    settings = load_config(config)
    day = (as_of or today(settings)) if dry_run else run_day(as_of, settings)
    request = nightly.Request(settings, day, frozenset(allow_missing or ()), approve)
    terminal = Terminal()
    with terminal.progress() as progress:
        result = nightly.preview(request, preview, progress) if dry_run else nightly.run(request, progress)
    show_result(terminal, result, settings, posted=not dry_run)
