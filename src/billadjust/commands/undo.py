"""`billadjust undo`: what a run posted by mistake is taken back."""

from __future__ import annotations

import sys
from pathlib import Path  # noqa: TC003  # Typer reads the annotations
from typing import Annotated

import typer

from billadjust.commands.options import CONFIG, ConfigOption, DateOption, RunArgument, run_day
from billadjust.commands.watching import LogFormat, LogOption, MetricsOption, demand_posting, watching
from billadjust.config import load_config
from billadjust.errors import UsageError
from billadjust.nightly import checked_ledger, demand_date
from billadjust.screens.undo import show_plan, show_undone
from billadjust.undo import plan_undo, post_undo


def undo(
    run_id: RunArgument,
    reason: Annotated[
        str,
        typer.Option("--reason", metavar="TEXT", help="Why, in plain words: the letters to customers say it."),
    ],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask: post it. Scripts need it.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be posted; write nothing.")] = False,
    config: ConfigOption = CONFIG,
    as_of: DateOption = None,
    log_format: LogOption = LogFormat.TEXT,
    metrics: MetricsOption = None,
) -> None:
    """Bring every claim that a run touched to zero, for good; later runs leave these claims alone."""
    _demand_sense(reason, log_format, metrics, yes=yes, dry_run=dry_run)
    facts = {"command": "undo", "config": str(config.absolute()), "undoes": run_id, "dry_run": dry_run}
    with watching(log_format, metrics, facts) as watched:
        settings = load_config(config)
        if not dry_run:
            watched.metrics = metrics or settings.metrics
        day = run_day(as_of, settings)
        watch, terminal = watched.watch, watched.terminal
        snapshot = checked_ledger(settings, watch)
        demand_date(snapshot, day)
        watch("Working out what to take back")
        plan = plan_undo(snapshot, run_id, " ".join(reason.split()), settings, day)
        watched.pause()
        show_plan(terminal, plan, settings)
        if dry_run or not (yes or terminal.confirmed(f"Undo run {run_id}? What is undone stays undone.")):
            watched.metrics = None
            terminal.show_line("Nothing was posted.")
            return
        directory = post_undo(plan, snapshot, settings, watch)
    show_undone(terminal, plan, settings, directory)


def _demand_sense(reason: str, log_format: LogFormat, metrics: Path | None, *, yes: bool, dry_run: bool) -> None:
    """Refuse options that contradict each other, and what would have to ask where nobody can answer."""
    if not reason.strip():
        raise UsageError("--reason is empty. Say in a sentence why the run is undone; the letters to customers say it.")
    if yes and dry_run:
        raise UsageError("--yes posts and --dry-run does not. Leave one of them out.")
    demand_posting(metrics, dry_run=dry_run)
    if yes or dry_run:
        return
    if log_format is LogFormat.JSON:
        raise UsageError(
            "A log in JSON is no place to ask whether the run is to be undone. Nothing was posted. "
            "Look at it with --dry-run; then say --yes."
        )
    if not sys.stdin.isatty():
        raise UsageError(
            "There is no terminal to ask whether the run is to be undone. Nothing was posted. "
            "Look at it with --dry-run; then say --yes."
        )
