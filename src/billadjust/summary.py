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
    from billadjust.policy import Policy

AMOUNTS = ("net", "tax", "gross")


def summarise(
    run_id: str,
    digest: str,
    policy: Policy,
    as_of: date,
    entries: pl.DataFrame,
    ledger: pl.LazyFrame,
    tables: Mapping[str, pl.DataFrame],
    loaded: Loaded,
) -> dict[str, Any]:
    """Sum a run up: plain JSON values, amounts as text with the currency's decimals.

    `entries` are those of the run, `ledger` all with them (schemas.Entries). Nothing in it depends on when, where or
    how fast the run was made, nor on how the inputs were split into files.
    """
    digits = policy.digits
    totals = entries.select(pl.len().alias("entries"), *(pl.col(name).sum() for name in AMOUNTS))
    return {
        "run_id": run_id,
        "as_of": as_of.isoformat(),
        "currency": policy.currency,
        "plan_hash": digest,
        "posted": _rows(totals, digits)[0],
        "accounts": entries["account_id"].n_unique(),
        "rules": {
            rule.__name__: _rows(_totals(entries.filter(pl.col("rule") == rule.__name__), ["kind", "settlement"]), digits)
            for rule in RULES
        },
        "inputs": {
            row["input"]: {name: row[name] for name in ("rows", "accepted", "rejected", "repeats")}
            for row in loaded.counts.to_dicts()
        },
        "remarks": list(loaded.remarks),
        "tables": {name: table.height for name, table in sorted(tables.items())},
        "review": dict(tables["review"].group_by("topic").len().sort("topic").rows()),
        "open_refunds": _open_refunds(ledger, as_of, digits),
    }


def to_json(value: Mapping[str, Any]) -> bytes:
    """Write JSON that people can read too."""
    return (json.dumps(value, ensure_ascii=False, indent=2) + "\n").encode()


def _totals(entries: pl.DataFrame, by: list[str]) -> pl.DataFrame:
    return entries.group_by(by).agg(pl.len().alias("entries"), *(pl.col(name).sum() for name in AMOUNTS)).sort(by)


def _rows(totals: pl.DataFrame, digits: int) -> list[dict[str, Any]]:
    """Amounts of a table of totals as text."""
    return [
        row | {name: str(as_decimal(row[name] or 0, digits)) for name in AMOUNTS} for row in totals.to_dicts()
    ]


def _open_refunds(ledger: pl.LazyFrame, as_of: date, digits: int) -> list[dict[str, Any]]:
    """Age the provisional refunds: how many, and how much gross, by the days left until they are final."""
    claims = (
        ledger.filter(pl.col("bucket") == "provisional")
        .group_by("claim")
        .agg(pl.col("gross").sum(), pl.col("deadline").sort_by("run_id").last())
        .filter(pl.col("gross") != 0)
    )
    days_left = (pl.col("deadline") - as_of).dt.total_days()
    ages = (
        claims.group_by(days_left=days_left)
        .agg(pl.len().alias("refunds"), pl.col("gross").sum())
        .sort("days_left")
        .collect(engine="streaming")
    )
    return [row | {"gross": str(as_decimal(row["gross"], digits))} for row in ages.to_dicts()]
