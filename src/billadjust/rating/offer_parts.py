"""What the costs of credited bills are made up of, so that a person can add them up again (§6.7, §7.5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from billadjust.rating.bundles import BILL
from billadjust.rating.candidate_usage import usage_costs
from billadjust.rating.fee_terms import by_cycle, fee_terms

if TYPE_CHECKING:
    from billadjust.inputs.model import Inputs
    from billadjust.policy import Policy


def offer_parts(bills: pl.DataFrame, inputs: Inputs, spans: pl.LazyFrame, policy: Policy) -> pl.LazyFrame:
    """Split what bills cost, and would have cost under the cheapest version, into fee and usage.

    Args:
        bills: invoice_id, subscription_id, period_start, period_end, and what its usage costs (usage_cost, millionths);
            of the cheapest version to_tariff, to_version, best_fee (a month's, millionths) and best_usage_cost (null
            where only its bounds are known); cycle_day, first_day and end_day as of `usage_costs`.
        inputs: as of `usage_costs`.
        spans: schemas.Spans.
        policy: Its time zone, free zones and decimals.

    Returns:
        invoice_id, subscription_id, fees, usage_cost, best_fees and best_usage_cost, as of schemas.Offers.
    """
    bounded = bills.filter(pl.col("best_usage_cost").is_null())
    pairs = bounded.select(*BILL, "cycle_day", "first_day", "end_day", tariff_id="to_tariff", version="to_version")
    rated = usage_costs(inputs, pairs, policy).select(*BILL, rated_cost="usage_cost")
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
        .join(rated.lazy(), on=BILL, how="left")
        .join(own.rename({"terms": "fees"}), on=BILL, how="left")
        .join(best.rename({"terms": "best_fees"}), on=BILL, how="left")
        .select(
            *BILL,
            pl.col("fees").fill_null("0.00"),
            "usage_cost",
            pl.col("best_fees").fill_null("0.00"),
            best_usage_cost=pl.coalesce("best_usage_cost", "rated_cost"),
        )
    )
