"""`billadjust undo`: what a run posted by mistake is taken back."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from billadjust.commands.options import CONFIG, ConfigOption, DateOption, RunArgument, run_day
from billadjust.config import load_config
from billadjust.errors import UsageError
from billadjust.nightly import checked_ledger, demand_date
from billadjust.screens.undo import show_plan, show_undone
from billadjust.terminal import Terminal
from billadjust.undo import plan_undo, post_undo


def undo(
    run_id: RunArgument,
    reason: Annotated[
        str,
        typer.Option(
            "--reason", metavar="TEXT", help="Why, in a sentence that customers understand: their letters say it."
        ),
    ],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask: post it. Scripts need it.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be posted; write nothing.")] = False,
    config: ConfigOption = CONFIG,
    as_of: DateOption = None,
) -> None:
    """Bring every claim that a run touched to zero, for good; later runs leave these claims alone."""
    if not reason.strip():
        raise UsageError("--reason is empty. Say in a sentence why the run is undone; the letters to customers say it.")
    if yes and dry_run:
        raise UsageError("--yes posts and --dry-run does not. Leave one of them out.")
    if not (yes or dry_run or sys.stdin.isatty()):
        raise UsageError(
            "There is no terminal to ask whether the run is to be undone. Nothing was posted. "
            "Look at it with --dry-run; then say --yes."
        )
    settings = load_config(config)
    day = run_day(as_of, settings)
    terminal = Terminal()
    with terminal.progress() as progress:
        snapshot = checked_ledger(settings, progress)
        demand_date(snapshot, day)
        progress("Working out what to take back")
        plan = plan_undo(snapshot, run_id, " ".join(reason.split()), settings, day)
    show_plan(terminal, plan, settings)
    if dry_run or not (yes or terminal.confirmed(f"Undo run {run_id}? What is undone stays undone.")):
        terminal.show_line("Nothing was posted.")
        return
    with terminal.progress() as progress:
        directory = post_undo(plan, snapshot, settings, progress)
    show_undone(terminal, plan, settings, directory)
