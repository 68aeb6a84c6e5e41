"""The catalogue and the subscriptions' terms as arrays, for the compiled part of rating."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar

import numpy as np
import polars as pl

from billadjust.rating.clock import WEEK_S
from billadjust.rating.texts import Names, read_names, unchanging
from billadjust.rating.zones import DATA, DIGITS, LENGTHS, STEM, free_names
from billadjust.schemas import SERVICES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from billadjust.policy import Policy
    from billadjust.rating.prices import Prices

_Number = TypeVar("_Number", bound=np.generic)

SERVICE_COUNT: Final = len(SERVICES)

FROM: Final = 0
TO: Final = 1
CODE: Final = 2
SHIFT: Final = 3
OWNER: Final = 4
"""The columns of `RateCard.terms`."""

NONE: Final = -1
"""Stands for nothing in arrays of numbers."""

EPOCH: Final = date(1970, 1, 1).toordinal()
YEAR_0: Final = 1970 * 12
LONGEST_MONTH: Final = 31

ENDLESS: Final = 1 << 62
"""Where the last tier of a rate ends."""


class RateCard(NamedTuple):
    """All that prices usage, in arrays.

    `first_term`: the first row of `terms` of each subscription, and at the end how many there are. `terms`: from, to (days
    since 1970), code (-1: none), shift (days from a month's start to a cycle's; -1: none), owner. `months`: the number of
    the month of each day from `months_from` on. `places`, `band_starts` and `rates` as in `Prices`; -1 where there is
    nothing. `band_first`: of each code, the first of its steps. `prefix_first`: of each stem of five digits, the first of
    its steps. `free_from`: the days from which each row of `is_free` (by zone) holds.
    """

    first_term: NDArray[np.int64]
    terms: NDArray[np.int32]
    services: Names
    data_service: int
    zones: Names
    zone_count: int
    data_zone: int
    prefix_starts: NDArray[np.int64]
    prefix_zones: NDArray[np.int32]
    prefix_first: NDArray[np.int64]
    free_from: NDArray[np.int32]
    is_free: NDArray[np.bool_]
    months: NDArray[np.int32]
    months_from: int
    band_starts: NDArray[np.int64]
    band_numbers: NDArray[np.int32]
    band_first: NDArray[np.int64]
    band_count: int
    places: NDArray[np.int32]
    rates: NDArray[np.int64]
    pool_count: int


def lay_out(prices: Prices, terms: pl.DataFrame, policy: Policy, days: tuple[date, date]) -> RateCard:
    """Lay out all that prices usage.

    Args:
        prices: The catalogue.
        terms: As of `read_terms`, in the order of their subscriptions.
        policy: Its `rating.free_zones`.
        days: The first day that is asked for, and the day after the last.
    """
    subscriptions = terms["subscription_id"]
    changes = subscriptions.ne_missing(subscriptions.shift())
    first_term = np.append(np.flatnonzero(changes.to_numpy()), len(subscriptions))
    shift = (pl.col("cycle_day") - 1).fill_null(NONE)
    term_rows = terms.select(
        pl.col("term_from", "term_to").to_physical(),
        pl.col("code").fill_null(NONE).cast(pl.Int32),
        shift.cast(pl.Int32),
        pl.col("owner").cast(pl.Int32),
    )
    steps, zones = prices.zones.prefixes, prices.zones
    free = policy.values["rating.free_zones"]
    first_day, end_day = (day.toordinal() - EPOCH for day in days)
    months_from = first_day - LONGEST_MONTH
    months = np.arange(months_from, end_day).astype("datetime64[D]").astype("datetime64[M]").astype(np.int32)
    stems, codes = np.arange(10**DIGITS * LENGTHS // STEM + 1), np.arange(prices.code_count + 1)
    return RateCard(
        first_term=_fixed(first_term, np.int64),
        terms=_fixed(term_rows.to_numpy(), np.int32),
        services=read_names(pl.Series(SERVICES)),
        data_service=SERVICES.index("data"),
        zones=read_names(pl.Series(zones.names)),
        zone_count=len(zones.names),
        data_zone=zones.number(DATA),
        prefix_starts=_fixed(steps.starts, np.int64),
        prefix_zones=_fixed(steps.values.fill_null(NONE), np.int32),
        prefix_first=_fixed(steps.starts.search_sorted(pl.Series(stems * STEM)), np.int64),
        free_from=_fixed([dated.from_.toordinal() - EPOCH for dated in free], np.int32),
        is_free=_fixed([[name in free_names(dated.value) for name in zones.names] for dated in free], np.bool_),
        months=_fixed(months + YEAR_0, np.int32),
        months_from=months_from,
        band_starts=_fixed(prices.bands.starts, np.int64),
        band_numbers=_fixed(prices.bands.values.fill_null(0), np.int32),
        band_first=_fixed(prices.bands.starts.search_sorted(pl.Series(codes * WEEK_S)), np.int64),
        band_count=len(prices.band_names),
        places=_fixed(prices.places.cast(pl.Int64).fill_null(NONE), np.int32),
        rates=_rates(prices),
        pool_count=prices.pool_count,
    )


def _rates(prices: Prices) -> NDArray[np.int64]:
    """Lay the rates out; see `costs.TIER` for the columns."""
    tiers = range(prices.tier_count)
    ends = [pl.col(f"to_{k}").fill_null(ENDLESS) for k in tiers]
    columns = [
        "connect_fee",
        "minimum_charge",
        "first_increment",
        "denominator",
        "limit",
        "pool",
        "allowance",
        pl.col("wide").cast(pl.Int64),
        pl.sum_horizontal(pl.col(f"numerator_{k}").is_not_null() for k in tiers).cast(pl.Int64).alias("tiers"),
        *(column for k in tiers for column in (ends[k], pl.col(f"increment_{k}", f"numerator_{k}").fill_null(0))),
    ]
    return _fixed(prices.rates.select(columns).to_numpy(), np.int64)


def _fixed(values: object, dtype: type[_Number]) -> NDArray[_Number]:
    """Make an array of numbers, row by row, that cannot be written to."""
    return unchanging(np.array(values, dtype, order="C"))
