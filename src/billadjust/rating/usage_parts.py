"""Usage summed up: what the CDRs of each line cost, by tariff version and cycle (§5.8)."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import polars as pl

from billadjust.rating.reasons import in_words
from billadjust.rating.steps import pick
from billadjust.rating.terms import extent_of
from billadjust.schemas import SERVICES, UsageParts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from billadjust.inputs.model import Inputs
    from billadjust.policy import Policy
    from billadjust.rating.usage import Usage


@contextmanager
def usage_of(inputs: Inputs, spans: pl.LazyFrame, policy: Policy) -> Iterator[Usage | None]:
    """Read the CDRs, to be priced under both version choices until the `with` block ends; None if there are none.

    Args:
        inputs: subscriptions, cdrs, zones, bands and the catalogue are read.
        spans: schemas.Spans.
        policy: Its time zone, and `rating.free_zones` by the CDR's local date.

    Raises:
        InputError: The prices of a rate's tiers have no common denominator, or there are too many rates.
    """
    extent = extent_of(inputs.cdrs)
    if not extent.cdrs:
        yield None
        return
    # what compiles takes a second to load, which is not lost where nothing is rated
    from billadjust.rating.usage import lay_out_usage  # noqa: PLC0415

    with lay_out_usage(inputs, extent, spans, policy, ["contract", "improved"]) as usage:
        yield usage


def usage_parts(usage: Usage | None) -> pl.LazyFrame:
    """Sum CDRs up for each line's subscription and service, span and cycle, under both version choices.

    Returns:
        schemas.UsageParts.
    """
    if usage is None:
        return UsageParts.create_empty().lazy()
    columns = ("subscription_id", "choice", "shared", "tariff_id", "contract_version", "improved_version", "term_from")
    of_the_term = usage.terms.lazy().select("term", "cycle_day", *columns)
    return (
        usage.sums()
        .lazy()
        .join(of_the_term, on="term")
        .with_columns(
            service=pick(pl.Series(SERVICES), pl.col("service_number")),
            cycle_start=pl.date(pl.col("month") // 12, pl.col("month") % 12 + 1, "cycle_day"),
            unrated=in_words(pl.col("unrated"), pl.col("term"), usage.terms),
            unit_count=pl.col("count"),
        )
        .select(UsageParts.column_names())
    )
