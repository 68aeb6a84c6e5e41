"""Usage that every tariff version rates alike, summed up once for all of them (§6.7).

What a CDR costs depends on its service, zone, band and units, and on what those before it left of an allowance. Usage is
summed up once by all that, and each version prices the sums: exactly where neither the rounding of single CDRs nor
their order matters, and between two bounds otherwise. Rounding moves a CDR by half a millionth at most, so the bounds
are nearly always so close that they are the same cent.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import polars as pl

from billadjust.calendar import cycle_start
from billadjust.rating.clock import WEEK_S, day_of, second_of_week, wall_clock
from billadjust.rating.prices import Prices, read_prices, service_number
from billadjust.rating.steps import Steps, pick
from billadjust.schemas import SERVICES

if TYPE_CHECKING:
    from billadjust.inputs.model import Inputs
    from billadjust.policy import Policy

BILL: Final = ["invoice_id", "subscription_id"]
"""The key of a bill: an invoice's part for one subscription."""

VERSION: Final = ["tariff_id", "version"]
"""The key of a tariff version."""

_POOL: Final = ["subscription_id", "cycle", "pool"]
"""What units are counted for that use an allowance."""

_LARGEST: Final = 1 << 62
"""What sums of units stay below."""

_SCALE: Final = 1 << 30
"""Prices of a unit are compared as parts of this."""

Steppings = tuple[tuple[int, int], ...]
"""Pairs of first increment and increment."""


@dataclass(frozen=True)
class Bundles:
    """The sums, and what prices them.

    `sums`: subscription_id, invoice_id, cycle, service_number, zone_number, part_of_week (the key), count (of CDRs),
    largest (the most units of one of them), and units_k, the units in the k-th of `steppings`. `weeks`: the seconds at
    which the parts of the week begin. CDRs that cost nothing anywhere are not in the sums.
    """

    sums: pl.DataFrame
    prices: Prices
    steppings: Steppings
    weeks: tuple[int, ...]


def bundle(inputs: Inputs, pairs: pl.DataFrame, policy: Policy) -> Bundles:
    """Sum up the usage of bills, with what else uses allowances in its cycles.

    Args:
        inputs: accounts, cdrs (of the bills' subscriptions), zones, bands and the catalogue are read.
        pairs: subscription_id, tariff_id, version, cycle_day.
        policy: Its time zone and `rating.free_zones`.
    """
    prices = read_prices(inputs, policy)
    codes = prices.codes.join(pairs, on=VERSION, how="semi")["code"].unique().sort().to_list()
    rates = _rates_of(prices, codes)
    steppings = tuple(sorted(set(rates.select("first_increment", "increment_0").rows())))
    weeks = _parts_of_week(prices, codes)
    parts = Steps(pl.Series(weeks, dtype=pl.Int64), pl.Series([None, *range(len(weeks))], dtype=pl.Int64))
    zone, day = pl.col("zone_number"), pl.col("day")
    units = {f"units_{k}": _rounded(*stepping) for k, stepping in enumerate(steppings)}
    days = pairs.lazy().select("subscription_id", "cycle_day").unique()
    sums = (
        inputs.cdrs.filter(pl.col("quantity") > 0)
        .join(days, on="subscription_id")
        .with_columns(wall=wall_clock(pl.col("started_at"), policy.timezone), zone_number=prices.zones.of_cdr())
        .with_columns(day=day_of(pl.col("wall")))
        .filter(~prices.zones.is_free(zone, policy, day))
        .select(
            *BILL,
            cycle=cycle_start(day, pl.col("cycle_day")),
            service_number=service_number(),
            zone_number=zone,
            part_of_week=parts.at(second_of_week(pl.col("wall"))),
            **units,
        )
        .with_columns(largest=pl.max_horizontal(*units) if units else pl.lit(0, pl.Int64))
        .group_by(*BILL, "cycle", "service_number", "zone_number", "part_of_week")
        .agg(pl.col(*units).sum() if units else [], pl.col("largest").max(), count=pl.len().cast(pl.Int64))
        .collect(engine="streaming")
    )
    return Bundles(sums, prices, steppings, weeks)


def price(bundles: Bundles, bills: pl.DataFrame, code: int) -> pl.DataFrame:
    """Find out between which bounds the usage of bills costs under the version with a code (of `Prices`).

    Args:
        bundles: The sums.
        bills: invoice_id, subscription_id.
        code: Of the version.

    Returns:
        invoice_id, subscription_id, low and high (millionths, both inclusive; no `high`: sums cannot tell), and `unrated` if a
        CDR of the bill is. A bill whose usage costs nothing anywhere has no row.
    """
    mine = bills.select(*BILL, is_mine=pl.lit(value=True))
    placed = _placed(bundles, bills, code).join(mine, on=BILL, how="left")
    own = placed.filter("is_mine")
    unrated = own.filter(pl.col("pool").is_null()).select(*BILL, unrated=pl.lit(value=True))
    bounds = [_beside_allowances(own), _beyond_allowances(placed, own)]
    high = pl.when(pl.col("high").is_not_null().all()).then(pl.col("high").sum())
    return (
        pl.concat(frame.select(*BILL, "low", "high") for frame in bounds)
        .group_by(BILL)
        .agg(pl.col("low").sum().clip(0, _LARGEST).cast(pl.Int64), high.cast(pl.Int64, strict=False))
        .join(unrated.unique(), on=BILL, how="full", coalesce=True)
        .with_columns(pl.col("low").fill_null(0), pl.col("unrated").fill_null(value=False))
    )


def _beside_allowances(own: pl.DataFrame) -> pl.DataFrame:
    """Bound the cost of each bundle that uses no allowance; adds low and high."""
    value, denominator = pl.col("units") * pl.col("numerator_0"), pl.col("denominator")
    connected, least = pl.col("count") * pl.col("connect_fee"), pl.col("count") * pl.col("minimum_charge")
    rounding = pl.when("even").then(0).otherwise((pl.col("count") + 1) // 2)
    return own.filter(pl.col("pool") == 0).with_columns(
        low=pl.when("is_known").then((value // denominator + connected - rounding).clip(lower_bound=0)).otherwise(0),
        high=pl.when("is_known").then(
            _ceil(value, denominator) + connected + rounding + pl.when("even").then(0).otherwise(least)
        ),
    )


def _beyond_allowances(placed: pl.DataFrame, own: pl.DataFrame) -> pl.DataFrame:
    """Bound the cost of what allowances do not cover, for each bill and allowance; adds low and high.

    Of 160 minutes, 100 are included: if 90 are on this bill, at least none and at most 60 of them are charged.
    """
    pools = (
        placed.filter(pl.col("pool") > 0)
        .group_by(_POOL)
        .agg(pl.col("allowance").first(), used=pl.col("units").sum(), is_known=pl.col("is_known").all())
    )
    price_each = pl.struct("numerator_0", "denominator").n_unique() == 1
    shares = (
        own.filter(pl.col("pool") > 0)
        .group_by(*BILL, "cycle", "pool")
        .agg(
            pl.col("units", "count").sum(),
            pl.col("numerator_0", "denominator").first(),
            pl.col("connect_fee", "minimum_charge", "scaled_up").max(),
            pl.col("scaled_down").min(),
            pl.col("smooth").all(),
            one_price=price_each,
        )
        .join(pools, on=_POOL)
        .with_columns(excess=(pl.col("used") - pl.col("allowance")).clip(lower_bound=0))
        .with_columns(
            fewest=(pl.col("excess") - (pl.col("used") - pl.col("units"))).clip(lower_bound=0),
            most=pl.min_horizontal("excess", "units"),
        )
    )
    one, numerator, denominator = pl.col("one_price"), pl.col("numerator_0"), pl.col("denominator")
    exact = one & pl.col("smooth") & (pl.col("used") == pl.col("units"))
    rounding = pl.when(exact).then(0).otherwise((pl.col("count") + 1) // 2)
    begun = pl.col("count") * (pl.col("connect_fee") + pl.col("minimum_charge"))
    fewest, most = pl.col("fewest"), pl.col("most")
    low = pl.when(one).then(fewest * numerator // denominator).otherwise(fewest * pl.col("scaled_down") // _SCALE)
    high = pl.when(one).then(_ceil(most * numerator, denominator)).otherwise(_ceil(most * pl.col("scaled_up"), _SCALE))
    exceeded = pl.col("excess") > 0
    return shares.with_columns(
        low=pl.when("is_known").then((low - rounding).clip(lower_bound=0)).otherwise(0),
        high=pl.when("is_known").then(pl.when(exceeded).then(high + rounding + begun).otherwise(0)),
    )


def _ceil(value: pl.Expr, by: pl.Expr | int) -> pl.Expr:
    """Divide and round up."""
    return (value + by - 1) // by


def _placed(bundles: Bundles, bills: pl.DataFrame, code: int) -> pl.DataFrame:
    """Put the bundles of the bills' subscriptions beside their rates; null where there is none."""
    prices = bundles.prices
    starts = pl.Series(bundles.weeks, dtype=pl.Int64)
    bands = pl.Series([0] * len(starts), dtype=pl.Int64)
    if len(prices.band_names) > 1:
        bands = prices.bands.find(starts + code * WEEK_S).fill_null(0)
    rates = _rates_of(prices, [code])
    stepping = pl.lit(None, pl.Int128)
    for k, (first, increment) in enumerate(bundles.steppings):
        here = (pl.col("first_increment") == first) & (pl.col("increment_0") == increment)
        stepping = pl.when(here).then(pl.col(f"units_{k}").cast(pl.Int128)).otherwise(stepping)
    return (
        bundles.sums.join(bills.select("subscription_id").unique(), on="subscription_id", how="semi")
        .with_columns(code=pl.lit(code, pl.Int64))
        .with_columns(rate=prices.rate(pl.col("zone_number"), pick(bands, pl.col("part_of_week"))))
        .join(rates, on="rate", how="left")
        .with_columns(
            units=stepping,
            is_known=pl.col("one_tier")
            & (pl.col("largest").cast(pl.Int128) * pl.col("count") < _LARGEST)
            & (pl.col("largest") < pl.col("limit")),
        )
    )


def _rates_of(prices: Prices, codes: list[int]) -> pl.DataFrame:
    """Return the rates of versions, and how well sums of units tell what they ask.

    Adds: one_tier; `even`, if the cost of CDRs is that of the sum of their units; `smooth`, if also an allowance's units
    can be taken off; scaled_down and scaled_up, whole numbers around the price of a unit times `_SCALE`.
    """
    size = len(SERVICES) * len(prices.zones.names) * len(prices.band_names)
    places = pl.concat([prices.places.slice(code * size, size) for code in codes] or [prices.places.clear()])
    rates = prices.rates.join(places.drop_nulls().unique().alias("rate").to_frame(), on="rate", how="semi")
    wide = {
        name: pl.col(name).cast(pl.Int128) for name in ("numerator_0", "denominator", "first_increment", "increment_0")
    }
    exact = pl.all_horizontal(
        wide[step] * wide["numerator_0"] % wide["denominator"] == 0 for step in ("first_increment", "increment_0")
    )
    one_tier = pl.col("to_0").is_null()
    least = wide["first_increment"] * wide["numerator_0"] // wide["denominator"] + pl.col("connect_fee")
    even = one_tier & exact & (pl.col("minimum_charge") <= least)
    whole = pl.col("allowance").cast(pl.Int128) * wide["numerator_0"] % wide["denominator"] == 0
    free_start = (pl.col("connect_fee") == 0) & (pl.col("minimum_charge") == 0)
    scaled = wide["numerator_0"] * _SCALE
    return rates.with_columns(
        one_tier=one_tier,
        even=even,
        smooth=even & whole & free_start,
        scaled_down=scaled // wide["denominator"],
        scaled_up=_ceil(scaled, wide["denominator"]),
    )


def _parts_of_week(prices: Prices, codes: list[int]) -> tuple[int, ...]:
    """List the seconds of the week at which the band of any of the versions may change, from 0 on."""
    starts = prices.bands.starts
    seconds = [(starts.filter((starts // WEEK_S) == code) % WEEK_S).to_list() for code in codes]
    return tuple(sorted({0, *(second for some in seconds for second in some)}))


def _rounded(first: int, increment: int) -> pl.Expr:
    """Round each quantity up to the first increment, then beyond it in steps."""
    beyond = (pl.col("quantity") - first).clip(lower_bound=0)
    return first + (beyond + increment - 1) // increment * increment
