"""What `billadjust undo` shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from billadjust.screens.result import entries_table, posted_totals, show_accounts

if TYPE_CHECKING:
    from pathlib import Path

    from billadjust.config import Config
    from billadjust.plan import Plan
    from billadjust.terminal import Terminal


def show_plan(terminal: Terminal, plan: Plan, config: Config) -> None:
    """Print what undoing a run would post, and for whom."""
    digits = config.policy.digits
    terminal.show_table(entries_table(plan.entries, digits, config.currency, posted=False))
    show_accounts(terminal, plan.entries, digits, config.currency)
    terminal.show_line(f"To undo run {plan.summary['undoes']} would post {posted_totals(plan, config)}.")
    terminal.show_line(f"Reason, as the letters give it: {plan.summary['reason']}")
    terminal.show_line(f"Plan: {plan.hash}")


def show_undone(terminal: Terminal, plan: Plan, config: Config, directory: Path) -> None:
    """Print what was posted, and where the files are."""
    terminal.show_line(
        f"Run {plan.run_id} of {plan.as_of} undid run {plan.summary['undoes']}: it posted {posted_totals(plan, config)}."
    )
    terminal.show_line(f"Files: {directory}")
