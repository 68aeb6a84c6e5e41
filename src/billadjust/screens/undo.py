"""What `billadjust undo` shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from billadjust.money import as_decimal
from billadjust.screens.result import entries_table, posted_totals
from billadjust.terminal import add_row, counted, make_table

if TYPE_CHECKING:
    from pathlib import Path

    from billadjust.config import Config
    from billadjust.plan import Plan
    from billadjust.terminal import Terminal

SHOWN = 10
"""How many accounts are named."""


def show_plan(terminal: Terminal, plan: Plan, config: Config) -> None:
    """Print what undoing a run would post, and for whom."""
    digits = config.policy.digits
    terminal.show_table(entries_table(plan.entries, digits, config.currency, posted=False))
    accounts = (
        plan.entries.group_by("account_id")
        .agg(pl.len().alias("entries"), pl.col("gross").sum())
        .sort("gross", "account_id")
    )
    title = f"Accounts, the largest first, in {config.currency}"
    table = make_table(title, "account", ">entries", ">gross")
    for account, entries, gross in accounts.head(SHOWN).rows():
        add_row(table, account, f"{entries:,}", f"{as_decimal(gross, digits):,}")
    if accounts.height:
        terminal.show_table(table)
    if accounts.height > SHOWN:
        terminal.show_line(f"… and {counted(accounts.height - SHOWN, 'other account')}.")
    terminal.show_line(f"To undo run {plan.summary['undoes']} would post {posted_totals(plan, config)}.")
    terminal.show_line(f"Reason, as the letters give it: {plan.summary['reason']}")
    terminal.show_line(f"Plan: {plan.hash}")


def show_undone(terminal: Terminal, plan: Plan, config: Config, directory: Path) -> None:
    """Print what was posted, and where the files are."""
    terminal.show_line(
        f"Run {plan.run_id} of {plan.as_of} undid run {plan.summary['undoes']}: it posted {posted_totals(plan, config)}."
    )
    terminal.show_line(f"Files: {directory}")
