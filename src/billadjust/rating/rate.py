"""CDRs with what each should have cost (§5.1 to §5.6)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
from polars.io.plugins import register_io_source

from billadjust.calendar import local_date
from billadjust.rating.reasons import REASONS, TOO_DEAR, in_words
from billadjust.rating.steps import pick
from billadjust.rating.terms import extent_of
from billadjust.schemas import RatedCdrs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from billadjust.inputs.model import Inputs
    from billadjust.policy import Policy
    from billadjust.rating.terms import Choice
    from billadjust.rating.usage import Rated, Usage


def rate(inputs: Inputs, spans: pl.LazyFrame, policy: Policy, choice: Choice) -> pl.LazyFrame:
    """Work out what each CDR should have cost under a version choice.

    Of an allowance of 100 minutes a call of 99 min 10 s uses all, in steps of a minute; one of 3 minutes after it costs
    0.30 at 0.10 a minute.

    A CDR without a rate uses nothing of an allowance. All CDRs of a subscription have to be in `inputs`, also those that
    are not billed yet: they use the allowance.

    Args:
        inputs: subscriptions, cdrs, zones, bands and the catalogue are read; the CDRs twice, when the result is
            collected: once to find the allowances that are exceeded.
        spans: schemas.Spans.
        policy: Its time zone and `rating.free_zones`, by the CDR's local date.
        choice: Which of the versions of a day prices it.

    Returns:
        schemas.RatedCdrs, a row for each CDR, in no order.

    Raises:
        InputError: The prices of a rate's tiers have no common denominator, or there are too many rates.
    """
    # what compiles takes a second to load, which is not lost where nothing is rated
    from billadjust.rating.usage import Usage  # noqa: PLC0415

    usage = Usage.of(inputs, extent_of(inputs.cdrs), spans, policy, [choice])

    def read(
        columns: list[str] | None, predicate: pl.Expr | None, rows: int | None, _: int | None
    ) -> Iterator[pl.DataFrame]:
        left = rows
        for cdrs, rated in usage.rated():
            frame = _named(cdrs, rated, usage, choice)
            frame = frame if predicate is None else frame.filter(predicate)
            frame = frame if left is None else frame.head(left)
            left = left if left is None else left - frame.height
            yield frame if columns is None else frame.select(columns)
            if left == 0:
                return

    return register_io_source(read, schema=RatedCdrs.create_empty().schema)


def _named(cdrs: pl.DataFrame, rated: Rated, usage: Usage, choice: Choice) -> pl.DataFrame:
    """Put the prices of CDRs beside them: schemas.RatedCdrs."""
    priced, prices, terms = rated.priced, usage.prices, usage.terms
    number = pl.col("unrated")
    is_priced = (number == 0) | (number == REASONS.index(TOO_DEAR) + 1)
    zone = pl.col("zone_number")
    return (
        cdrs.with_columns(
            **{name: pl.Series(getattr(priced, name)) for name in ("term", "band", "unrated", "units", "cost")},
            zone_number=pl.Series(priced.zone),
            allowance_units=pl.Series(rated.allowance_units),
            zone=pl.when(pl.col("zone").str.len_bytes() > 0).then("zone"),
            invoice_id=pl.when(pl.col("invoice_id").str.len_bytes() > 0).then("invoice_id"),
            local_date=local_date(pl.from_epoch("started_at", "us").dt.replace_time_zone("UTC"), usage.timezone),
        )
        .with_columns(
            zone=prices.zones.name(pl.when(zone >= 0).then(zone)),
            band=pick(pl.Series(prices.band_names, dtype=pl.String), pl.col("band")),
            tariff_id=pick(terms["tariff_id"], pl.col("term")),
            version=pick(terms[f"{choice}_version"], pl.col("term")),
            units=pl.when(is_priced).then("units"),
            allowance_units=pl.when(is_priced).then("allowance_units"),
            cost=pl.when(number == 0).then("cost"),
            unrated=in_words(number, pl.col("term"), terms),
        )
        .select(RatedCdrs.column_names())
    )
