"""The files of a run as frames: each is made from the run's entries or from a table that the run kept beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from billadjust.money import to_decimal
from billadjust.rules.evidence import micro, percent
from billadjust.schemas import Entries

if TYPE_CHECKING:
    from collections.abc import Mapping

    from billadjust.outputs.csvfile import Dialect

MONEY: Final = ("net", "tax", "gross", "amount", "amount_gross", "left_gross")
FEES: Final = ("old_monthly_fee", "new_monthly_fee")
RATES: Final = ("tax_rate",)

KEPT: Final = ("tariff_changes", "holds", "collection_orders", "review", "rejected")
"""Tables that a run keeps beside its entries, because they follow from its inputs."""

BILL_DISCOUNT: Final = (
    "entry_id",
    "account_id",
    "subscription_id",
    "bill_period",
    "description",
    "net",
    "tax_rate",
    "tax",
    "gross",
)


def run_tables(
    entries: pl.DataFrame, kept: Mapping[str, pl.DataFrame], digits: int, dialect: Dialect
) -> dict[str, pl.DataFrame]:
    """Return the content of a run's CSV files by name, amounts as decimals (§9).

    `entries`: the run's schemas.Entries; `kept`: the tables of `KEPT`. The order of rows is fixed.
    """
    posted = _as_people_read(entries.select(Entries.column_names()).sort("entry_id"), digits, dialect)
    discounts = posted.filter(pl.col("settlement") == "bill_discount").rename({"explanation": "description"})
    tables = {"adjustments": posted, "bill_discounts": discounts.select(BILL_DISCOUNT)}
    return tables | {name: _as_people_read(kept[name], digits, dialect) for name in KEPT}


def _as_people_read(table: pl.DataFrame, digits: int, dialect: Dialect) -> pl.DataFrame:
    """Turn integers into what people read: money with the currency's decimals, fees and rates with those they need."""
    comma = "," if dialect == "spanish" else "."
    shown = (
        *((name, to_decimal(pl.col(name), digits)) for name in MONEY),
        *((name, micro(pl.col(name)).str.replace(".", comma, literal=True)) for name in FEES),
        *((name, percent(pl.col(name)).str.replace(".", comma, literal=True)) for name in RATES),
    )
    return table.with_columns(value.alias(name) for name, value in shown if name in table.columns)
