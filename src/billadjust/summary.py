"""What monitoring reads of a run: totals, counts and open refunds, in one JSON object."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import polars as pl

from billadjust.money import as_decimal
from billadjust.rules import RULES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from billadjust.inputs import Loaded

AMOUNTS = ("net", "tax", "gross")

_NO_FILES = frozenset({"invoice_dates"})
"""Tables that a run keeps in the ledger alone."""


def posted(entries: pl.DataFrame, digits: int) -> dict[str, Any]:
    """Sum up the entries of a run (schemas.Entries): in all, and by rule, kind and settlement."""
    totals = entries.select(pl.len().alias("entries"), pl.col(AMOUNTS).sum())
    by_rule = {rule.__name__: entries.filter(pl.col("rule") == rule.__name__) for rule in RULES}
    return {
        "posted": _rows(totals, digits)[0],
        "accounts": entries["account_id"].n_unique(),
        "rules": {
            rule: _rows(_totals(part, ["kind", "settlement"]), digits) for rule, part in by_rule.items() if part.height
        },
    }


def news(entries: pl.DataFrame, digits: int) -> dict[str, Any]:
    """Sum up the entries of a run (with `is_new`) of claims that had none before, and those of claims that had."""
    parts = {"new_claims": pl.col("is_new"), "known_claims": ~pl.col("is_new")}
    return {
        name: _rows(entries.filter(part).select(pl.len().alias("entries"), pl.col(AMOUNTS).sum()), digits)[0]
        for name, part in parts.items()
    }


def read(loaded: Loaded) -> dict[str, Any]:
    """Count the rows of each input; nothing here depends on how they were split into files."""
    counts = ("rows", "accepted", "rejected", "repeats")
    return {
        "inputs": {row["input"]: {name: row[name] for name in counts} for row in loaded.counts.to_dicts()},
        "remarks": list(loaded.remarks),
    }


def found(tables: Mapping[str, pl.DataFrame]) -> dict[str, Any]:
    """Count the rows of the tables beside the entries, and the review items by topic."""
    return {
        "tables": rows_of_files(tables),
        "review": dict(tables["review"].group_by("topic").len().sort("topic").rows()),
    }


def rows_of_files(tables: Mapping[str, pl.DataFrame]) -> dict[str, int]:
    """Count the rows of those tables beside the entries that are files of the run."""
    return {name: table.height for name, table in sorted(tables.items()) if name not in _NO_FILES}


def provisional(ledger: pl.LazyFrame) -> pl.LazyFrame:
    """Return what may still be taken back (schemas.Entries), a row for each claim with anything left of it.

    Columns: claim, account_id, invoice_id, line_no, source_ref (the dispute), deadline, net and gross (minor units).
    """
    return (
        ledger.filter(pl.col("bucket") == "provisional")
        .group_by("claim")
        .agg(
            pl.col("account_id", "invoice_id", "line_no", "source_ref").first(),
            pl.col("deadline").max_by("run_id"),
            pl.col("net", "gross").sum(),
        )
        # A cent of tax may stay with either of two refunds of one line that was taxed as a whole.
        .filter(pl.col("net") != 0)
    )


def open_refunds(ledger: pl.LazyFrame, as_of: date, digits: int) -> list[dict[str, Any]]:
    """Age the provisional refunds of a ledger: how many, and how much gross, by the days left until they are final."""
    days_left = (pl.col("deadline") - as_of).dt.total_days()
    ages = (
        provisional(ledger)
        .group_by(days_left=days_left)
        .agg(pl.len().alias("refunds"), pl.col("gross").sum())
        .sort("days_left")
        .collect(engine="streaming")
    )
    return [row | {"gross": str(as_decimal(row["gross"], digits))} for row in ages.to_dicts()]


def to_json(value: Mapping[str, Any]) -> bytes:
    """Write JSON that people can read too."""
    return (json.dumps(value, ensure_ascii=False, indent=2) + "\n").encode()


def _totals(entries: pl.DataFrame, by: list[str]) -> pl.DataFrame:
    return entries.group_by(by).agg(pl.len().alias("entries"), *(pl.col(name).sum() for name in AMOUNTS)).sort(by)


def _rows(totals: pl.DataFrame, digits: int) -> list[dict[str, Any]]:
    """Amounts of a table of totals as text."""
    return [row | {name: str(as_decimal(row[name] or 0, digits)) for name in AMOUNTS} for row in totals.to_dicts()]
