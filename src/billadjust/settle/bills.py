"""The claims of a bill: its best price and its line claims together never give back more than its lines charged (§6.7)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from billadjust.rating.offers import IS_BILLED
from billadjust.rules.disputes import LINE
from billadjust.settle.lines import PRECEDENCE, ranked
from billadjust.settle.share import taken

if TYPE_CHECKING:
    from billadjust.night import Night

_BILL: Final = ["invoice_id", "subscription_id", "tax_rate"]
"""The lines of a bill are those of its invoice and subscription that are taxed like its fee."""


def limit_lines(night: Night, scoped: pl.LazyFrame, legs: pl.LazyFrame) -> pl.LazyFrame:
    """Limit the line claims of bills to what the best price that was posted for them leaves of their lines.

    A fee of 15.00, of which 13.00 went back because another tariff was cheaper: of a dispute of all of it 2.00. What was
    posted finally on a line stays; then final amounts rise, line by line; the rest is for the provisional ones.

    Args:
        night: Its lines are read.
        scoped: as of `in_scope`.
        legs: as of `line_legs`.

    Returns:
        Columns as of `line_legs`.
    """
    bills = scoped.filter(pl.col("rule") == "best_price", pl.col("posted_final") > 0)
    chargeable = (pl.col("charged") - pl.col("prior_credit")).clip(lower_bound=0)
    lines = _lines_of(night, bills.select(*_BILL, "posted_final", bill="claim")).select(
        *LINE, "bill", room=chargeable.sum().over("bill") - pl.col("posted_final")
    )
    claims = ranked(scoped).select(
        "claim", *LINE, "rule_rank", "since", "source_ref", "compared", posted="posted_final"
    )
    contested = (
        legs.join(claims, on="claim")
        .join(lines, on=LINE)
        .filter(pl.col("owed").sum().over("bill") > pl.col("room"))
        .with_columns(is_provisional=pl.col("bucket") == "provisional")
    )
    return pl.concat([legs.join(contested, on=["claim", "bucket"], how="anti"), _cut(contested)], how="vertical")


def limit_to_bills(night: Night, scoped: pl.LazyFrame, on_lines: pl.LazyFrame) -> pl.LazyFrame:
    """Limit the best-price claims to what the claims of the line rules leave of the fee and usage lines of their bills.

    A fee of 15.00 that is in dispute and calls of 20.00: at most 20.00. `scoped`: as of `in_scope`; `on_lines`: as of
    `line_legs`.
    """
    is_best_price = pl.col("rule") == "best_price"
    bills = scoped.filter(is_best_price).select("claim", *_BILL)
    owed = on_lines.join(scoped.select("claim", *LINE), on="claim").group_by(LINE).agg(owed=pl.col("owed").sum())
    left = pl.col("charged") - pl.col("prior_credit") - pl.col("owed").fill_null(0)
    limits = (
        _lines_of(night, bills)
        .join(owed, on=LINE, how="left")
        .group_by("claim")
        .agg(left=left.clip(lower_bound=0).sum())
    )
    return (
        scoped.join(limits, on="claim", how="left")
        .with_columns(pool_limit=pl.when(is_best_price).then(pl.col("left").fill_null(0)).otherwise("pool_limit"))
        .drop("left")
    )


def _lines_of(night: Night, bills: pl.LazyFrame) -> pl.LazyFrame:
    """Join to the lines with a charge above 0 the bill that they are of."""
    return night.lines.filter(IS_BILLED, pl.col("charged") > 0).join(bills, on=_BILL)


def _cut(contested: pl.LazyFrame) -> pl.LazyFrame:
    """Cut the legs of bills to their room: provisional ones first, then what final ones would rise by."""
    fixed = pl.when("compared").then(0).otherwise("owed")
    free = pl.when("compared").then("owed").otherwise(0)
    final = ~pl.col("is_provisional")
    in_final = pl.when(final).then("owed").otherwise(0)
    lines = (
        contested.group_by("bill", *LINE)
        .agg(
            pl.col("room").first(),
            posted=pl.col("posted").filter(final).sum(),
            owed=in_final.sum(),
            fixed=fixed.filter("is_provisional").sum(),
        )
        .with_columns(rise=pl.col("owed") - pl.col("posted"))
        .with_columns(room=pl.col("room") - (pl.col("posted") + pl.col("fixed")).sum().over("bill"))
        .with_columns(allowed=pl.col("posted") + taken(pl.col("rise"), pl.col("room"), ["bill"], LINE))
        .select(*LINE, "allowed")
    )
    limit = pl.col("allowed") - pl.when(final).then(fixed).otherwise(0).sum().over(LINE)
    of_line = taken(pl.when(final).then(free).otherwise(0), limit, LINE, PRECEDENCE)
    left = pl.col("room") - pl.when(final).then("owed").otherwise(fixed).sum().over("bill")
    of_bill = taken(pl.when(final).then(0).otherwise(free), left, ["bill"], ["since", "source_ref", *LINE])
    return (
        contested.join(lines, on=LINE)
        .with_columns(owed=pl.when("compared", final).then(of_line).otherwise("owed"))
        .with_columns(owed=pl.when("compared", ~final).then(of_bill).otherwise("owed"))
        .select("claim", "bucket", "owed", "kept")
    )
