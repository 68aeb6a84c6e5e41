"""What the costs of credited bills are made up of, so that a person can add them up again (§6.7, §7.5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from billadjust.rating.fee_terms import by_cycle, fee_terms
from billadjust.rating.lines import BILL

if TYPE_CHECKING:
    from billadjust.policy import Policy


def offer_parts(bills: pl.DataFrame, spans: pl.LazyFrame, policy: Policy) -> pl.LazyFrame:
    """Split what bills cost, and would have cost under the cheapest version, into fee and usage.

    Args:
        bills: invoice_id, subscription_id, period_start, period_end, and what its usage costs (usage_cost, millionths);
            of the cheapest version best_fee (a month's, millionths) and best_usage_cost.
        spans: schemas.Spans.
        policy: Its decimals.

    Returns:
        invoice_id, subscription_id, fees, usage_cost, best_fees and best_usage_cost, as of schemas.Offers.
    """
    starts, ends = pl.col("period_start"), pl.col("period_end")
    pieces = by_cycle(
        bills.lazy()
        .select(*BILL, "period_start", "period_end", "best_fee")
        .join(spans, on="subscription_id")
        .filter(pl.col("day_from") < ends, pl.col("day_to") > starts)
        .select(
            *BILL,
            "best_fee",
            "bill_cycle_day",
            fee="improved_monthly_fee",
            part=pl.lit("all"),
            start=pl.max_horizontal("day_from", starts),
            end=pl.min_horizontal("day_to", ends),
        )
    )
    own, best = (fee_terms(pieces, BILL, name, policy.digits).select(*BILL, "terms") for name in ("fee", "best_fee"))
    return (
        bills.lazy()
        .join(own.rename({"terms": "fees"}), on=BILL, how="left")
        .join(best.rename({"terms": "best_fees"}), on=BILL, how="left")
        .select(
            *BILL,
            pl.col("fees").fill_null("0.00"),
            "usage_cost",
            pl.col("best_fees").fill_null("0.00"),
            "best_usage_cost",
        )
    )
