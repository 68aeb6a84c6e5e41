"""What `billadjust run` shows: what was read, rejected, owed and posted."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Final

import polars as pl

from billadjust.money import as_decimal
from billadjust.outputs.structured import switched_off
from billadjust.rules import RULES
from billadjust.terminal import add_row, counted, make_table

if TYPE_CHECKING:
    from rich.table import Table

    from billadjust.config import Config
    from billadjust.nightly import Result
    from billadjust.plan import Plan
    from billadjust.terminal import Terminal


ACCOUNTS_SHOWN: Final = 10
"""How many accounts are named."""


def show_result(terminal: Terminal, result: Result, config: Config, *, posted: bool) -> None:
    """Print what was read, rejected, owed and posted, what the limits say, and where the files are."""
    plan, digits = result.plan, config.policy.digits
    if result.completed:
        terminal.show_line(f"The last run had ended before its files were written; they are now in {result.completed}.")
    terminal.show_table(inputs_table(result.loaded.counts))
    for remark in (*result.loaded.remarks, *switched_off(config)):
        terminal.show_line(f"Note: {remark}")
    terminal.show_table(entries_table(plan.entries, digits, config.currency, posted=posted))
    if not posted:
        show_accounts(terminal, plan.entries, digits, config.currency)
        new, known = (
            f"{counted(part['entries'], 'entry', 'entries')}, {Decimal(part['gross']):,} {config.currency} gross"
            for part in (plan.summary["new_claims"], plan.summary["known_claims"])
        )
        terminal.show_line(f"Since the last run: {new}, of claims that had none before; {known}, of known claims.")
    review = plan.tables["review"]
    if review.height:
        topics = ", ".join(f"{topic} {count:,}" for topic, count in review.group_by("topic").len().sort("topic").rows())
        terminal.show_line(f"For review: {topics}.")
    rejected = int(result.loaded.counts["rejected"].sum())
    if rejected:
        terminal.show_line(f"Rejected: {counted(rejected, 'row')}, left out of the computation; see rejected.csv.")
    for sentence in result.over:
        terminal.show_line(f"Limit: {sentence}")
    if not result.over:
        terminal.show_line("Limits: within all of them.")
    totals = posted_totals(plan, config)
    if posted:
        terminal.show_line(f"Run {plan.run_id} of {plan.as_of} posted {totals}.")
        terminal.show_line(f"Files: {result.directory}")
    else:
        terminal.show_line(f"A run of {plan.as_of} would post {totals}.")
        terminal.show_line(f"Plan: {plan.hash}")
        if result.directory:
            terminal.show_line(f"Preview: {result.directory}")
        terminal.show_line("Nothing was posted.")


def inputs_table(counts: pl.DataFrame) -> Table:
    """Lay out what was read of each input (`Loaded.counts`)."""
    table = make_table("Read", "input", ">rows", ">accepted", ">rejected", ">repeats")
    for row in counts.to_dicts():
        add_row(table, row["input"], *(f"{row[name]:,}" for name in ("rows", "accepted", "rejected", "repeats")))
    return table


def show_accounts(terminal: Terminal, entries: pl.DataFrame, digits: int, currency: str) -> None:
    """Print the accounts that entries (schemas.Entries) give most to, or take most from."""
    accounts = (
        entries.group_by("account_id")
        .agg(pl.len().alias("entries"), pl.col("gross").sum())
        .sort(pl.col("gross").abs(), pl.col("account_id"), descending=[True, False])
    )
    if accounts.is_empty():
        return
    table = make_table(f"Accounts, the largest first, in {currency}", "account", ">entries", ">gross")
    for account, count, gross in accounts.head(ACCOUNTS_SHOWN).rows():
        add_row(table, account, f"{count:,}", f"{as_decimal(gross, digits):,}")
    terminal.show_table(table)
    if accounts.height > ACCOUNTS_SHOWN:
        terminal.show_line(f"… and {counted(accounts.height - ACCOUNTS_SHOWN, 'other account')}.")


def posted_totals(plan: Plan, config: Config) -> str:
    """Sum a plan up: 3 entries, 104.42 EUR gross, for 3 accounts."""
    gross = f"{as_decimal(int(plan.entries['gross'].sum()), config.policy.digits):,} {config.currency}"
    entries = counted(plan.entries.height, "entry", "entries")
    return f"{entries}, {gross} gross, for {counted(plan.entries['account_id'].n_unique(), 'account')}"


def entries_table(entries: pl.DataFrame, digits: int, currency: str, *, posted: bool) -> Table:
    """Lay out the totals of entries (schemas.Entries) by rule, kind and settlement."""
    title = f"{'Posted' if posted else 'Would be posted'}, in {currency}"
    table = make_table(title, "rule", "kind", "settlement", ">entries", ">net", ">tax", ">gross")
    by = ["rule", "kind", "settlement"]
    amounts = ["net", "tax", "gross"]
    totals = entries.group_by(by).agg(pl.len(), pl.col(amounts).sum()).sort("kind", "settlement")
    for rule in RULES:
        for row in totals.filter(pl.col("rule") == rule.__name__).to_dicts():
            add_row(table, *(row[name] for name in by), f"{row['len']:,}", *_amounts(row, digits))
    sums = {name: int(entries[name].sum()) for name in amounts}
    table.add_section()
    add_row(table, "total", "", "", f"{entries.height:,}", *_amounts(sums, digits))
    return table


def _amounts(row: dict[str, int], digits: int) -> tuple[str, ...]:
    return tuple(f"{as_decimal(row[name], digits):,}" for name in ("net", "tax", "gross"))
