"""CDRs with what each should have cost (§5.1 to §5.6)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
from polars.io.plugins import register_io_source

from billadjust.rating.clock import DAY_S
from billadjust.rating.reasons import REASONS, TOO_DEAR, in_words
from billadjust.rating.steps import pick
from billadjust.rating.terms import extent_of
from billadjust.schemas import SERVICES, RatedCdrs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from billadjust.inputs.model import Inputs
    from billadjust.policy import Policy
    from billadjust.rating.parts import Part
    from billadjust.rating.price import Priced
    from billadjust.rating.terms import Choice
    from billadjust.rating.usage import Usage


def rate(inputs: Inputs, spans: pl.LazyFrame, policy: Policy, choice: Choice) -> pl.LazyFrame:
    """Work out what each CDR should have cost under a version choice.

    Of an allowance of 100 minutes a call of 99 min 10 s uses all, in steps of a minute; one of 3 minutes after it costs
    0.30 at 0.10 a minute.

    A CDR without a rate uses nothing of an allowance. All CDRs of a subscription have to be in `inputs`, also those that
    are not billed yet: they use the allowance.

    Args:
        inputs: subscriptions, cdrs, zones, bands and the catalogue are read, when the result is collected.
        spans: schemas.Spans.
        policy: Its time zone and `rating.free_zones`, by the CDR's local date.
        choice: Which of the versions of a day prices it.

    Returns:
        schemas.RatedCdrs, a row for each CDR, in no order.

    Raises:
        InputError: The prices of a rate's tiers have no common denominator, or there are too many rates.
    """
    # what compiles takes a second to load, which is not lost where nothing is rated
    from billadjust.rating.usage import lay_out_usage  # noqa: PLC0415

    def read(
        columns: list[str] | None, predicate: pl.Expr | None, rows: int | None, _: int | None
    ) -> Iterator[pl.DataFrame]:
        left = rows
        with lay_out_usage(inputs, extent_of(inputs.cdrs), spans, policy, [choice]) as usage:
            for part, priced in usage.priced():
                frame = _named(part, priced, usage, choice)
                frame = frame if predicate is None else frame.filter(predicate)
                frame = frame if left is None else frame.head(left)
                left = left if left is None else left - frame.height
                yield frame if columns is None else frame.select(columns)
                if left == 0:
                    return

    return register_io_source(read, schema=RatedCdrs.create_empty().schema)


def _named(part: Part, priced: Priced, usage: Usage, choice: Choice) -> pl.DataFrame:
    """Put the prices of the CDRs of a part beside them: schemas.RatedCdrs."""
    from billadjust.rating.parts import details  # noqa: PLC0415  # as above

    prices, terms = usage.prices, usage.terms
    number = pl.col("unrated")
    is_priced = (number == 0) | (number == REASONS.index(TOO_DEAR) + 1)
    zone = pl.col("zone_number")
    columns = ("term", "band", "unrated", "units", "covered", "cost")
    return (
        pl.DataFrame(
            # on each day there is one term under a version choice, and so one price of each CDR
            {name: getattr(priced, name) for name in columns} | {"wall": part.wall} | details(part)
        )
        .with_columns(
            subscription_id=pick(terms["subscription_id"], pl.col("term")),
            service=pick(pl.Series(SERVICES), pl.col("service_number")),
            local_date=(pl.col("wall") // DAY_S).cast(pl.Int32).cast(pl.Date),
            zone=prices.zones.name(pl.when(zone >= 0).then(zone)),
            band=pick(pl.Series(prices.band_names, dtype=pl.String), pl.col("band")),
            tariff_id=pick(terms["tariff_id"], pl.col("term")),
            version=pick(terms[f"{choice}_version"], pl.col("term")),
            units=pl.when(is_priced).then("units"),
            allowance_units=pl.when(is_priced).then("covered"),
            cost=pl.when(number == 0).then("cost"),
            unrated=in_words(number, pl.col("term"), terms),
        )
        .select(RatedCdrs.column_names())
    )
