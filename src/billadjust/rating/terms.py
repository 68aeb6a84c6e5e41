"""Which prices each subscription has on which days, laid out for usage (§5.5, §5.7)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Literal, NamedTuple

import polars as pl

from billadjust.rating.reasons import NEEDS_REJECTED, NO_TARIFF, NO_VERSION

if TYPE_CHECKING:
    from collections.abc import Sequence

    from billadjust.inputs.model import Inputs
    from billadjust.rating.prices import Prices

Choice = Literal["contract", "improved"]


class Extent(NamedTuple):
    """How many CDRs there are, and days between which all of them are, whatever the time zone."""

    cdrs: int
    days: tuple[date, date]


def extent_of(cdrs: pl.LazyFrame) -> Extent:
    """Look how many CDRs there are, and of which days."""
    started = pl.col("started_at")
    count, first, last = (
        cdrs.select(count=pl.len(), first=started.min(), last=started.max()).collect(engine="streaming").row(0)
    )
    if first is None:
        return Extent(0, (date.min, date.min))
    return Extent(count, (first.date() - timedelta(days=1), last.date() + timedelta(days=2)))


def read_terms(
    inputs: Inputs, spans: pl.LazyFrame, prices: Prices, choices: Sequence[Choice], days: tuple[date, date]
) -> pl.DataFrame:
    """Lay out the spans of each subscription under one or both version choices.

    Under both, a subscription whose versions ask the same for usage on all its days has its spans once, under
    "contract", and `shared` is true: what they cost is what they cost under the improved versions as well.

    Args:
        inputs: subscriptions are read.
        spans: schemas.Spans.
        prices: The catalogue.
        choices: One or both, "contract" first.
        days: The first day that is asked for, and the day after the last.

    Returns:
        A row for each stretch of days of a subscription and choice; the stretches cover all the days, so each day is in
        exactly one. Columns: term (the row), choice, shared, subscription_id, tariff_id, contract_version,
        improved_version, term_from, term_to, code (of `Prices`), why_not (why there is no code, in words), cycle_day, owner (a
        number for what uses allowances: the subscription, tariff and choice). Stretches without a tariff are null in what
        tariffs have.
    """
    covered = _with_gaps(inputs, spans, *days)
    for choice in ("contract", "improved"):
        codes = prices.codes.lazy().rename({"version": f"{choice}_version", "code": f"{choice}_code"})
        covered = covered.join(codes, on=["tariff_id", f"{choice}_version"], how="left")
    differ = pl.col("contract_code").ne_missing(pl.col("improved_code")).any().over("subscription_id")
    stretches = covered.with_columns(shared=~differ if len(choices) > 1 else pl.lit(value=False)).collect()
    terms = [
        stretches.filter(pl.lit(choice == choices[0]) | ~pl.col("shared")).with_columns(
            choice=pl.lit(choice), code=pl.col(f"{choice}_code")
        )
        for choice in choices
    ]
    why_not = (
        pl.when(pl.col("tariff_id").is_null())
        .then(pl.lit(NO_TARIFF))
        .when(~pl.col("usable"))
        .then(pl.lit(NEEDS_REJECTED))
        .when(pl.col("code").is_null())
        .then(pl.lit(NO_VERSION))
    )
    counted_for = ("subscription_id", "choice", "tariff_id")
    changes = pl.any_horizontal(pl.col(name).ne_missing(pl.col(name).shift()) for name in counted_for)
    return (
        pl.concat(terms)
        .with_columns(why_not=why_not)
        .sort(*counted_for, "term_from")
        .select(
            "choice",
            "shared",
            "subscription_id",
            "tariff_id",
            "contract_version",
            "improved_version",
            "term_from",
            "term_to",
            "why_not",
            code=pl.when(pl.col("why_not").is_null()).then("code"),
            cycle_day=pl.col("bill_cycle_day"),
            owner=changes.cast(pl.Int64).cum_sum(),
        )
        .with_row_index("term")
    )


def _with_gaps(inputs: Inputs, spans: pl.LazyFrame, first: date, end: date) -> pl.LazyFrame:
    """Add to the spans within some days the stretches between them."""
    one = pl.col("subscription_id")
    begin, stop = pl.lit(first), pl.lit(end)
    inside = (
        spans.filter(pl.col("day_from") < stop, pl.col("day_to") > begin)
        .select(
            "subscription_id",
            "tariff_id",
            "contract_version",
            "improved_version",
            "bill_cycle_day",
            "usable",
            term_from=pl.max_horizontal("day_from", begin),
            term_to=pl.min_horizontal("day_to", stop),
        )
        .sort("subscription_id", "term_from")
    )
    before = pl.when(one == one.shift()).then(pl.col("term_to").shift()).otherwise(begin)
    gaps = inside.select("subscription_id", term_from=before, term_to="term_from")
    last = inside.group_by("subscription_id").agg(term_from=pl.col("term_to").max())
    rests = (
        pl.concat([inputs.subscriptions.select("subscription_id"), spans.select("subscription_id")])
        .unique()
        .join(last, on="subscription_id", how="left")
        .select("subscription_id", pl.col("term_from").fill_null(begin), term_to=stop)
    )
    empty = pl.concat([gaps, rests]).filter(pl.col("term_from") < pl.col("term_to"))
    return pl.concat([inside, empty], how="diagonal")
