"""The orders to other departments that letters tell of: who is due a letter anyway hears of what is done for them (§9)."""

from __future__ import annotations

from typing import Final

import polars as pl

from billadjust.money import micro
from billadjust.rules.evidence import evidence

SORRY_CASES: Final = ("reconnect", "reconnect_all", "delist")
"""What calls for an apology: collections did it, and it is undone."""


def announcements(collection_orders: pl.DataFrame, tariff_changes: pl.DataFrame, currency: str) -> pl.DataFrame:
    """Return what letters tell of orders, a row for each.

    Columns: account_id, `case` (reconnect, reconnect_all where the whole account was cut off, delist, tariff_change, or
    tariff_prices where the fee stays), subscription_id, invoice_id, currency, evidence (JSON, as of entries).
    `collection_orders` and `tariff_changes`: as of `orders`.
    """
    whole = (pl.col("order") == "reconnect") & pl.col("subscription_id").is_null()
    undone = collection_orders.select(
        "account_id",
        "subscription_id",
        "invoice_id",
        case=pl.when(whole).then(pl.lit("reconnect_all")).otherwise("order"),
        evidence=pl.lit("{}"),
    )
    same_fee = pl.col("old_monthly_fee") == pl.col("new_monthly_fee")
    moved = tariff_changes.select(
        "account_id",
        "subscription_id",
        invoice_id=pl.lit(None, pl.String),
        case=pl.when(same_fee).then(pl.lit("tariff_prices")).otherwise(pl.lit("tariff_change")),
        evidence=evidence(
            tariff=pl.col("tariff_id"),
            effective_from=pl.col("effective_from").dt.to_string("%Y-%m-%d"),
            old_fee=micro(pl.col("old_monthly_fee")),
            new_fee=micro(pl.col("new_monthly_fee")),
        ),
    )
    return pl.concat([undone, moved]).with_columns(currency=pl.lit(currency))
