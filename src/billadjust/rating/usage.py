"""What each CDR should have cost (§5.1 to §5.6)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

import polars as pl

from billadjust.calendar import cycle_start
from billadjust.money import divide_half_up
from billadjust.rating.prices import DAY_S, NO_BAND, WEEK_S, Prices, read_prices
from billadjust.rating.tariffs import ANY
from billadjust.rating.zones import REJECTED, is_free, zone_of
from billadjust.schemas import RatedCdrs

if TYPE_CHECKING:
    from billadjust.inputs.model import Inputs
    from billadjust.policy import Policy

Choice = Literal["contract", "improved"]

_POOL: Final = ["subscription_id", "tariff_id", "cycle_start", "service", "pool"]
"""What the consumption of an allowance is counted for."""

MAX_COST: Final = 10**15
"""A CDR that would cost more (a thousand million currency units) is not rated: no sum of costs may leave 64 bits."""


def rate(inputs: Inputs, spans: pl.LazyFrame, policy: Policy, choice: Choice) -> pl.LazyFrame:
    """Work out what each CDR should have cost under a version choice.

    Of an allowance of 100 minutes a call of 99 min 10 s uses all, in steps of a minute; one of 3 minutes after it costs
    0.30 at 0.10 a minute.

    A CDR without a rate uses nothing of an allowance. All CDRs of a subscription have to be in `inputs`, also those that
    are not billed yet: they use the allowance.

    Args:
        inputs: cdrs, zones, bands and the catalogue are read.
        spans: schemas.Spans.
        policy: Its time zone and `rating.free_zones`, by the CDR's local date.
        choice: Which of the versions of a day prices it.

    Returns:
        schemas.RatedCdrs, a row for each CDR, in no order.

    Raises:
        InputError: The prices of a rate's tiers have no common denominator.
    """
    return rated_usage(inputs, spans, policy, choice).select(RatedCdrs.column_names())


def rated_usage(inputs: Inputs, spans: pl.LazyFrame, policy: Policy, choice: Choice) -> pl.LazyFrame:
    """Return schemas.RatedCdrs with two more columns.

    They are `cycle_start` (null on a day without a tariff) and `needs_rejected`: whether a rejected row leaves it unrated.
    """
    prices = read_prices(inputs, policy)
    placed = _place(inputs, spans, policy, prices, choice)
    counted = _count_units(_find_rates(placed, prices), prices)
    return _cost(_cover(counted, spans, prices), prices)


def unrated_cdrs(inputs: Inputs, spans: pl.LazyFrame, policy: Policy, choice: Choice) -> pl.LazyFrame:
    """Return the CDRs that have no price, without pricing the others.

    Columns of the inputs' cdrs, and `unrated`: why, in words.
    """
    prices = read_prices(inputs, policy)
    return _find_rates(_place(inputs, spans, policy, prices, choice), prices).filter(pl.col("unrated").is_not_null())


def _place(inputs: Inputs, spans: pl.LazyFrame, policy: Policy, prices: Prices, choice: Choice) -> pl.LazyFrame:
    """Find each CDR's local date, zone, tariff version, cycle and band."""
    local = pl.col("started_at").dt.convert_time_zone(policy.timezone)
    second = (
        (local.dt.weekday().cast(pl.Int64) - 1) * DAY_S
        + local.dt.hour().cast(pl.Int64) * 3600
        + local.dt.minute().cast(pl.Int64) * 60
        + local.dt.second()
    )
    day, zone = pl.col("local_date"), pl.col("zone")
    begun = pl.col("look_from").is_null() | (day >= pl.col("look_from"))
    not_over = pl.col("look_to").is_null() | (day < pl.col("look_to"))
    has_tariff = (day >= pl.col("day_from")) & (day < pl.col("day_to"))
    of_the_day = ("tariff_id", "version", "code", "bill_cycle_day", "usable")
    return (
        inputs.cdrs.with_columns(local_date=local.dt.date(), zone=zone_of(inputs))
        .join(_periods(spans, prices, choice), on="subscription_id", how="left")
        .filter(begun & not_over)
        .with_columns(pl.when(has_tariff).then(pl.col(column)).alias(column) for column in of_the_day)
        .with_columns(
            band=prices.bands.at(pl.col("code") * WEEK_S + second),
            cycle_start=cycle_start(day, pl.col("bill_cycle_day")),
            prefix_rejected=(zone == REJECTED).fill_null(value=False),
            zone=pl.when(zone != REJECTED).then(zone),
        )
        .with_columns(is_free=(pl.col("quantity") == 0) | is_free(policy, zone, day))
    )


def _periods(spans: pl.LazyFrame, prices: Prices, choice: Choice) -> pl.LazyFrame:
    """Give each span the days on which it is looked at: until the next one begins, and the first one from ever on.

    So every day finds exactly one of its subscription's spans, also a day without a tariff.
    """
    of_the_day = ("tariff_id", "bill_cycle_day", "usable")
    one = pl.col("subscription_id")
    return (
        spans.select("subscription_id", "day_from", "day_to", *of_the_day, version=f"{choice}_version")
        .sort("subscription_id", "day_from")
        .with_columns(
            look_from=pl.when(one == one.shift()).then("day_from"),
            look_to=pl.when(one == one.shift(-1)).then(pl.col("day_from").shift(-1)),
        )
        .join(prices.codes, on=["tariff_id", "version"], how="left")
    )


def _find_rates(cdrs: pl.LazyFrame, prices: Prices) -> pl.LazyFrame:
    """Add each CDR's rate and allowance, and why it is unrated."""
    named = prices.rates.select("code", "service", "zone", named=pl.lit(value=True)).unique()
    needs_rejected = pl.col("prefix_rejected") | ~pl.col("usable")
    why = {
        "no tariff on its day": pl.col("tariff_id").is_null(),
        "it needs a rejected row of the subscription or of its tariff": ~pl.col("usable"),
        "no tariff version on its day": pl.col("version").is_null(),
        "its destination begins with a rejected prefix": pl.col("prefix_rejected"),
        "no zone": pl.col("zone").is_null(),
        "no rate": pl.col("denominator").is_null(),
    }
    unrated = pl.lit(None, dtype=pl.String)
    for reason, applies in reversed(why.items()):
        unrated = pl.when(applies).then(pl.lit(reason)).otherwise(unrated)
    return (
        cdrs.join(named, on=["code", "service", "zone"], how="left")
        .with_columns(
            priced_zone=pl.when("named").then("zone").otherwise(pl.lit(ANY)),
            priced_band=pl.col("band").fill_null(NO_BAND),
        )
        .join(
            prices.rates.rename({"zone": "priced_zone", "band": "priced_band"}),
            on=["code", "service", "priced_zone", "priced_band"],
            how="left",
        )
        .with_columns(unrated=pl.when(~pl.col("is_free")).then(unrated))
        .with_columns(needs_rejected=pl.col("unrated").is_not_null() & needs_rejected.fill_null(value=False))
    )


def _count_units(cdrs: pl.LazyFrame, prices: Prices) -> pl.LazyFrame:
    """Round each quantity up in the increments of the tier that it ends in (§5.4)."""
    quantity = pl.col("quantity")
    first = pl.col("first_increment")
    units = pl.min_horizontal(first + _round_up((quantity - first).clip(lower_bound=0), pl.col("increment_0")), "to_0")
    for k in range(1, prices.tier_count):
        start = pl.col(f"from_{k}")
        in_tier = pl.min_horizontal(start + _round_up(quantity - start, pl.col(f"increment_{k}")), f"to_{k}")
        units = pl.when(quantity > start).then(in_tier).otherwise(units)
    return cdrs.with_columns(units=pl.when("is_free").then(0).when(pl.col("unrated").is_null()).then(units))


def _cover(cdrs: pl.LazyFrame, spans: pl.LazyFrame, prices: Prices) -> pl.LazyFrame:
    """Take off each CDR's units what is left of its allowance (§5.5).

    Where the versions of a tariff have allowances of different sizes, what is used is counted for each span of days
    with one version, on top of what was used before it; units that were charged did not use anything.
    """
    pool = list(_POOL)
    used_before: pl.Expr = pl.lit(0)
    if prices.varies:
        pool.append("span")
        cdrs = cdrs.with_columns(span=pl.when("varies").then("day_from"))
        cdrs = cdrs.join(_used_before(cdrs, spans), on=pool, how="left")
        used_before = pl.col("used_before").fill_null(0)
    units = pl.col("units").fill_null(0).cast(pl.Int128)
    used = used_before + (units.cum_sum() - units).over(pool, order_by=["started_at", "cdr_id"])
    left = (pl.col("allowance") - used).clip(lower_bound=0)
    covered = pl.when(pl.col("pool").is_not_null() & ~pl.col("is_free")).then(pl.min_horizontal(left, "units"))
    return cdrs.with_columns(
        allowance_units=pl.when(pl.col("units").is_not_null()).then(covered.fill_null(0).cast(pl.Int64))
    )


def _used_before(cdrs: pl.LazyFrame, spans: pl.LazyFrame) -> pl.LazyFrame:
    """Work out what was used of each allowance whose size varies before each span of days with one version.

    Of 100 minutes, 150 use all 100 and 50 are charged; of the next version's 200 minutes in that cycle 100 are left.
    """
    pools = (
        cdrs.filter("varies")
        .group_by(*_POOL, "span")
        .agg(pl.col("units").fill_null(0).cast(pl.Int128).sum(), pl.col("allowance").first())
        .sort("span")
        .group_by(_POOL, maintain_order=True)
        .agg("span", "units", "allowance")
        .with_columns(used_before=pl.lit(0, dtype=pl.Int128))
    )
    most_spans = spans.group_by("subscription_id").len().select(pl.col("len").max()).collect().item() or 0
    found = []
    for k in range(most_spans):
        span, units, allowance = (pl.col(name).list.get(k, null_on_oob=True) for name in ("span", "units", "allowance"))
        found.append(pools.filter(pl.col("span").list.len() > k).select(*_POOL, "used_before", span=span))
        used = pl.min_horizontal(units, (allowance - pl.col("used_before")).clip(lower_bound=0))
        pools = pools.with_columns(used_before=pl.col("used_before") + used)
    return pl.concat(found)


def _cost(cdrs: pl.LazyFrame, prices: Prices) -> pl.LazyFrame:
    """Price what the allowance does not cover, from the first tier on (§5.6)."""
    charged = pl.col("units") - pl.col("allowance_units")
    numerator = pl.lit(0, dtype=pl.Int128)
    for k in range(prices.tier_count):
        in_tier = (pl.min_horizontal(charged, f"to_{k}") - pl.col(f"from_{k}")).clip(lower_bound=0)
        numerator += (in_tier.cast(pl.Int128) * pl.col(f"numerator_{k}")).fill_null(0)
    price = pl.col("connect_fee") + divide_half_up(numerator, pl.col("denominator").cast(pl.Int128))
    cost = pl.when(charged > 0).then(pl.max_horizontal(price, "minimum_charge")).otherwise(0)
    too_high = (cost > MAX_COST).fill_null(value=False)
    return cdrs.with_columns(
        cost=pl.when(pl.col("units").is_not_null() & ~too_high).then(cost).cast(pl.Int64),
        unrated=pl.when(too_high).then(pl.lit("it costs more than billadjust can add up")).otherwise("unrated"),
    )


def _round_up(quantity: pl.Expr, increment: pl.Expr) -> pl.Expr:
    """Round up to a whole number of increments."""
    return (quantity + increment - 1) // increment * increment
