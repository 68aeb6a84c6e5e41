"""What is left of the lines of a bill, which limits what its best price brings back (§6.7)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from billadjust.rating.lines import IS_FEE
from billadjust.rules.disputes import LINE

if TYPE_CHECKING:
    from billadjust.night import Night


def limit_to_bills(night: Night, scoped: pl.LazyFrame, on_lines: pl.LazyFrame) -> pl.LazyFrame:
    """Limit the best-price claims to what the claims of the line rules leave of the fee and usage lines of their bills.

    A fee of 15.00 that is in dispute and calls of 20.00: at most 20.00. `scoped`: as of `in_scope`; `on_lines`: as of
    `line_legs`.
    """
    is_best_price = pl.col("rule") == "best_price"
    bills = scoped.filter(is_best_price).select("claim", "invoice_id", "subscription_id")
    owed = on_lines.join(scoped.select("claim", *LINE), on="claim").group_by(LINE).agg(owed=pl.col("owed").sum())
    left = pl.col("charged") - pl.col("prior_credit") - pl.col("owed").fill_null(0)
    limits = (
        night.lines.filter(IS_FEE | (pl.col("kind") == "usage"), pl.col("charged") > 0)
        .join(bills, on=["invoice_id", "subscription_id"])
        .join(owed, on=LINE, how="left")
        .group_by("claim")
        .agg(left=left.clip(lower_bound=0).sum())
    )
    return (
        scoped.join(limits, on="claim", how="left")
        .with_columns(pool_limit=pl.when(is_best_price).then(pl.col("left").fill_null(0)).otherwise("pool_limit"))
        .drop("left")
    )
