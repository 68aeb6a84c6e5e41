"""CDRs with what each should have cost (§5.1 to §5.6)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from billadjust.rating.steps import pick
from billadjust.rating.usage import OF_TERM, REASONS, Usage
from billadjust.schemas import RatedCdrs

if TYPE_CHECKING:
    from billadjust.inputs.model import Inputs
    from billadjust.policy import Policy
    from billadjust.rating.terms import Choice


def rate(inputs: Inputs, spans: pl.LazyFrame, policy: Policy, choice: Choice) -> pl.LazyFrame:
    """Work out what each CDR should have cost under a version choice.

    Of an allowance of 100 minutes a call of 99 min 10 s uses all, in steps of a minute; one of 3 minutes after it costs
    0.30 at 0.10 a minute.

    A CDR without a rate uses nothing of an allowance. All CDRs of a subscription have to be in `inputs`, also those that
    are not billed yet: they use the allowance.

    Args:
        inputs: subscriptions, cdrs, zones, bands and the catalogue are read; the CDRs at once, to find the allowances
            that are exceeded, and again when the result is collected.
        spans: schemas.Spans.
        policy: Its time zone and `rating.free_zones`, by the CDR's local date.
        choice: Which of the versions of a day prices it.

    Returns:
        schemas.RatedCdrs, a row for each CDR, in no order.

    Raises:
        InputError: The prices of a rate's tiers have no common denominator.
    """
    usage = Usage.of(inputs, spans, policy, [choice])
    exceeded = usage.exceeded(usage.sums())
    priced = pl.concat([usage.within(exceeded), *usage.beyond(exceeded)], how="diagonal")
    prices, terms = usage.prices, usage.terms
    of_term = pl.when(pl.col("unrated") == OF_TERM).then(pick(terms["why_not"], pl.col("term")))
    band_names = pl.Series(prices.band_names, dtype=pl.String)
    return priced.with_columns(
        zone=prices.zones.name(pl.col("zone_number")),
        band=pl.when(pl.col("code").is_not_null()).then(pick(band_names, pl.col("band_number"))),
        tariff_id=pick(terms["tariff_id"], pl.col("term")),
        version=pick(terms[f"{choice}_version"], pl.col("term")),
        unrated=of_term.otherwise(pick(pl.Series([None, *REASONS, None]), pl.col("unrated").cast(pl.Int32))),
    ).select(RatedCdrs.column_names())
