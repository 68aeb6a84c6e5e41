"""Usage summed up: what the CDRs of each line cost, by tariff version and cycle (§5.8)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from billadjust.rating.steps import pick
from billadjust.rating.usage import OF_TERM, REASONS, Usage
from billadjust.schemas import SERVICES, UsageParts

if TYPE_CHECKING:
    from billadjust.inputs.model import Inputs
    from billadjust.policy import Policy


def usage_parts(inputs: Inputs, spans: pl.LazyFrame, policy: Policy) -> pl.LazyFrame:
    """Sum CDRs up for each line's subscription and service, span and cycle, under both version choices.

    Args:
        inputs: cdrs, zones, bands and the catalogue are read.
        spans: schemas.Spans.
        policy: Its time zone, and `rating.free_zones` by the CDR's local date.

    Returns:
        schemas.UsageParts.

    Raises:
        InputError: The prices of a rate's tiers have no common denominator.
    """
    usage = Usage.of(inputs, spans, policy, ["contract", "improved"])
    sums = usage.sums()
    # the second time, only the cost is new, and what costs too much
    counts_again = pl.when(pl.col("unrated") > 0).then(pl.col("charged", "count")).otherwise(0)
    beyond = [usage.summed(priced).with_columns(counts_again) for priced in usage.beyond(usage.exceeded(sums))]
    number = pl.col("unrated")
    of_term = pl.when(number == OF_TERM).then(pick(usage.terms["why_not"], pl.col("term")))
    word = of_term.otherwise(pick(pl.Series([None, *REASONS, None]), number))
    columns = ("subscription_id", "choice", "shared", "tariff_id", "contract_version", "improved_version", "term_from")
    of_the_term = usage.terms.lazy().select("term", "cycle_day", *columns)
    return (
        pl.concat([sums, *beyond])
        .lazy()
        .join(of_the_term, on="term")
        .with_columns(
            service=pick(pl.Series(SERVICES), pl.col("service_number")),
            cycle_start=pl.date(pl.col("month") // 12, pl.col("month") % 12 + 1, "cycle_day"),
            unrated=word,
            unit_count=pl.col("count"),
        )
        .select(UsageParts.column_names())
    )
