"""What `billadjust history` and `billadjust diff` show."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from billadjust.money import as_decimal
from billadjust.rules import RULES
from billadjust.terminal import add_row, counted, make_table

if TYPE_CHECKING:
    from billadjust.terminal import Terminal

SHOWN = 10
"""How many accounts are named."""

HASH_SHOWN = 12
"""How much of a hash is shown where there is room for nothing more; files have all of it."""


def show_history(terminal: Terminal, runs: pl.DataFrame, currency: str, digits: int) -> None:
    """Print runs (as of `overview.history`), the newest last, and what they sum up to."""
    table = make_table(f"Runs, in {currency}", "run", ">entries", ">accounts", ">net", ">gross", "plan", "note")
    for row in runs.to_dicts():
        amounts = (f"{as_decimal(row[name], digits):,}" for name in ("net", "gross"))
        add_row(
            table,
            row["run_id"],
            f"{row['entries']:,}",
            f"{row['accounts']:,}",
            *amounts,
            row["plan_hash"][:HASH_SHOWN],
            row["note"],
        )
    if runs.height:
        terminal.show_table(table)
    total = as_decimal(int(runs["gross"].sum()), digits)
    entries = counted(int(runs["entries"].sum()), "entry", "entries")
    terminal.show_line(f"{counted(runs.height, 'run')}: {entries}, {total:,} {currency} gross.")


def show_difference(
    terminal: Terminal, claims: pl.DataFrame, runs: tuple[str, str], currency: str, digits: int
) -> None:
    """Print how two runs differ (`claims` as of `overview.difference`): by rule, in claims, and for which accounts."""
    sums = ("gross_one", "gross_two", "difference")
    table = make_table(f"Gross by rule, in {currency}", "rule", f">{runs[0]}", f">{runs[1]}", ">difference")
    by_rule = claims.group_by("rule").agg(pl.col(sums).sum())
    for rule in RULES:
        for row in by_rule.filter(pl.col("rule") == rule.__name__).to_dicts():
            add_row(table, rule.__name__, *(f"{as_decimal(row[name], digits):,}" for name in sums))
    table.add_section()
    add_row(table, "total", *(f"{as_decimal(int(claims[name].sum()), digits):,}" for name in sums))
    terminal.show_table(table)
    for noun, key in (("claim", "claim"), ("account", "account_id")):
        here = claims.group_by(key).agg(pl.col("in_one", "in_two").any())
        both = here.filter(pl.col("in_one") & pl.col("in_two")).height
        first, second = (here.filter(pl.col(name)).height - both for name in ("in_one", "in_two"))
        terminal.show_line(f"{counted(both, noun)} in both, {first:,} only in {runs[0]}, {second:,} only in {runs[1]}.")
    accounts = (
        claims.group_by("account_id")
        .agg(pl.col(sums).sum())
        .filter(pl.col("difference") != 0)
        .sort(pl.col("difference").abs(), pl.col("account_id"), descending=[True, False])
    )
    if accounts.height:
        table = make_table(
            "Accounts with the greatest difference", "account", *(f">{run}" for run in runs), ">difference"
        )
        for row in accounts.head(SHOWN).to_dicts():
            add_row(table, row["account_id"], *(f"{as_decimal(row[name], digits):,}" for name in sums))
        terminal.show_table(table)
    if accounts.height > SHOWN:
        terminal.show_line(f"… and {counted(accounts.height - SHOWN, 'other account')}.")
