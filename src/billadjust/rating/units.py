"""How many units a CDR counts, and what they cost, by the rate that is joined to it (§5.4, §5.6)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from billadjust.rating.prices import MAX_COST

if TYPE_CHECKING:
    from collections.abc import Iterable

    from billadjust.rating.prices import Prices


def rounded_units(prices: Prices) -> pl.Expr:
    """Round each quantity up in the increments of the tier that it ends in (§5.4)."""
    quantity, first = pl.col("quantity"), pl.col("first_increment")
    units = first + _round_up((quantity - first).clip(lower_bound=0), pl.col("increment_0"))
    if prices.tier_count > 1:
        units = pl.min_horizontal(units, "to_0")
    for k in range(1, prices.tier_count):
        start = pl.col(f"to_{k - 1}")
        in_tier = pl.min_horizontal(start + _round_up(quantity - start, pl.col(f"increment_{k}")), f"to_{k}")
        units = pl.when(quantity > start).then(in_tier).otherwise(units)
    return units


def add_cost(cdrs: pl.LazyFrame, charged: pl.Expr, prices: Prices) -> pl.LazyFrame:
    """Add the cost of the units that the allowance does not cover, from the first tier on (§5.6).

    Units are divided before they are multiplied: of 700 units at 1 ÷ 600 there is 1 whole price and 100 ÷ 600 of
    one, so the numbers stay small enough for 64 bits but in catalogues with odd prices.

    Returns:
        The CDRs with `cost`: null if it is above `MAX_COST`.
    """
    width = pl.Int128() if prices.wide else pl.Int64()
    tiers = range(prices.tier_count)
    in_tier = [charged]
    if prices.tier_count > 1:
        starts = [pl.lit(0), *(pl.col(f"to_{k - 1}") for k in tiers[1:])]
        in_tier = [(pl.min_horizontal(charged, f"to_{k}") - starts[k]).clip(lower_bound=0) for k in tiers]
    denominator, numerators = pl.col("denominator").cast(width), [pl.col(f"numerator_{k}").cast(width) for k in tiers]
    rest = [pl.col(f"_units_{k}").cast(width) - pl.col(f"_whole_{k}") * denominator for k in tiers]
    numerator = _sum(part * price for part, price in zip(rest, numerators, strict=True))
    whole = _sum(pl.col(f"_whole_{k}") * price for k, price in zip(tiers, numerators, strict=True))
    price = (whole + (numerator * 2 + denominator) // (denominator * 2)).cast(pl.Int64, strict=False)
    cost = pl.when(charged > 0).then(pl.max_horizontal(price + pl.col("connect_fee"), "minimum_charge")).otherwise(0)
    return (
        cdrs.with_columns(units.alias(f"_units_{k}") for k, units in enumerate(in_tier))
        .with_columns((pl.col(f"_units_{k}").cast(width) // denominator).alias(f"_whole_{k}") for k in tiers)
        .with_columns(cost=pl.when(charged <= pl.col("limit").fill_null(0)).then(cost))
        .with_columns(cost=pl.when(pl.col("cost") <= MAX_COST).then("cost"))
    )


def _sum(terms: Iterable[pl.Expr]) -> pl.Expr:
    """Add up what each tier gives; the tiers that a rate has not give nothing."""
    first, *others = terms
    for other in others:
        first += other.fill_null(0)
    return first


def _round_up(quantity: pl.Expr, increment: pl.Expr) -> pl.Expr:
    """Round up to a whole number of increments."""
    return (quantity + increment - 1) // increment * increment
