"""The files of a run as frames: each is made from the run's entries or from a table that the run kept beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from billadjust.finance import credit_note_lines
from billadjust.money import micro, to_decimal
from billadjust.outputs.columns import OUTPUTS
from billadjust.rules.evidence import percent

if TYPE_CHECKING:
    from collections.abc import Mapping

    from billadjust.outputs.csvfile import Dialect

MONEY: Final = (
    "debit",
    "credit",
    "net",
    "tax",
    "gross",
    "amount",
    "amount_gross",
    "left_gross",
    "cost",
    "best_cost",
    "difference",
)
FEES: Final = ("old_monthly_fee", "new_monthly_fee")
RATES: Final = ("tax_rate",)

KEPT: Final = (
    "credit_notes",
    "bank_transfers",
    "tariff_changes",
    "tariff_advice",
    "holds",
    "collection_orders",
    "notices",
    "review",
    "rejected",
)
"""Tables that a run keeps beside its entries, because they follow from its inputs too; letters are kept as they were written."""


def run_tables(
    entries: pl.DataFrame, kept: Mapping[str, pl.DataFrame], booked: pl.DataFrame, digits: int, dialect: Dialect
) -> dict[str, pl.DataFrame]:
    """Return the content of a run's CSV files by name, amounts as decimals (§9).

    `entries`: the run's schemas.Entries; `booked`: its schemas.Journal; `kept`: the tables of `KEPT` that the run has; those that it has not are no
    files, because an empty one would say that nothing is on hold or to be changed. The order of rows is fixed.
    """
    posted = entries.sort("entry_id")
    discounts = posted.filter(pl.col("settlement") == "bill_discount").rename({"explanation": "description"})
    lines = credit_note_lines(posted.lazy(), kept["credit_notes"].lazy()).collect()
    tables = {"adjustments": posted, "journal": booked, "credit_note_lines": lines, "bill_discounts": discounts, **kept}
    return {
        name: _as_people_read(tables[name].select(*output.columns), digits, dialect)
        for name, output in OUTPUTS.items()
        if name in tables
    }


def _as_people_read(table: pl.DataFrame, digits: int, dialect: Dialect) -> pl.DataFrame:
    """Turn integers into what people read: money with the currency's decimals, fees and rates with those they need."""
    comma = "," if dialect == "spanish" else "."
    shown = (
        *((name, to_decimal(pl.col(name), digits)) for name in MONEY),
        *((name, micro(pl.col(name)).str.replace(".", comma, literal=True)) for name in FEES),
        *((name, percent(pl.col(name)).str.replace(".", comma, literal=True)) for name in RATES),
    )
    return table.with_columns(value.alias(name) for name, value in shown if name in table.columns)
