"""`billadjust run`: the night."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003  # Typer reads the annotations
from typing import Annotated

import typer

from billadjust import nightly
from billadjust.commands.completion import input_names
from billadjust.commands.options import CONFIG, ConfigOption, DateOption, run_day, today
from billadjust.commands.watching import LogFormat, LogOption, MetricsOption, demand_posting, watching
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
            "--allow-missing",
            metavar="NAME",
            help="An input that may be missing though the last run had it.",
            autocompletion=input_names,
        ),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but problems, as cron likes it.")] = False,
    log_format: LogOption = LogFormat.TEXT,
    metrics: MetricsOption = None,
) -> None:
    """Work out what is owed, post the difference, write the files. Run it every night."""
    _demand_sense(preview, approve, metrics, allow_missing or [], dry_run=dry_run)
    facts = {"command": "run", "config": str(config.absolute()), "dry_run": dry_run}
    with watching(log_format, metrics, facts) as watched:
        settings = load_config(config)
        if not dry_run:
            watched.metrics = metrics or settings.metrics
        day = (as_of or today(settings)) if dry_run else run_day(as_of, settings)
        request = nightly.Request(settings, day, frozenset(allow_missing or ()), approve)
        watch = watched.watch
        result = nightly.preview(request, preview, watch) if dry_run else nightly.run(request, watch)
    if not quiet:
        show_result(Terminal(), result, settings, posted=not dry_run)


def _demand_sense(
    preview: Path | None, approve: str | None, metrics: Path | None, allow_missing: list[str], *, dry_run: bool
) -> None:
    """Refuse options that contradict each other."""
    if preview and not dry_run:
        raise UsageError("--preview goes with --dry-run. Add --dry-run, or leave --preview out.")
    if approve and dry_run:
        raise UsageError("--approve posts a plan and --dry-run does not. Leave one of them out.")
    demand_posting(metrics, dry_run=dry_run)
    for name in allow_missing:
        if name not in INPUTS:
            raise UsageError(f"--allow-missing {name}: there is no such input. The inputs are {', '.join(INPUTS)}.")
