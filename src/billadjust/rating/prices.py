"""The catalogue laid out for joins with usage: bands, rates and allowances of every tariff version (§5.2, §5.3, §5.5)."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from fractions import Fraction
from math import lcm
from typing import TYPE_CHECKING, Final

import polars as pl

from billadjust.errors import InputError
from billadjust.rating.steps import Steps
from billadjust.rating.tariffs import ANY, read_catalogue

if TYPE_CHECKING:
    from collections.abc import Iterator

    from billadjust.inputs.model import Inputs
    from billadjust.policy import Policy
    from billadjust.rating.tariffs import Rate, Version

NO_BAND: Final = ""
"""Stands for "no band" where bands are joined; no band can be called that."""

WEEK_S: Final = 7 * 86_400
DAY_S: Final = 86_400

_LARGEST: Final = 2**62
"""What numerators stay below, so that they stay in 128 bits times the units of a CDR."""

Allowance = tuple[str, str, frozenset[str]]
"""Tariff, service and set of zones: what consumption is counted for."""


@dataclass(frozen=True)
class Prices:
    """What every tariff version asks for usage.

    `codes`: code, tariff_id, version: a small number for each version. `bands`: the band at code × WEEK_S + second of
    the week. `rates`: for each key (code, service, zone or `*`, band or `NO_BAND`) connect_fee, minimum_charge,
    first_increment, denominator and, for each tier k, from_k, to_k (null in the last), increment_k and numerator_k:
    a unit costs numerator ÷ denominator. And `pool`, the zones of the allowance that covers it, and `allowance`, its
    quantity, both null where there is none, and `varies`: whether another version of the tariff has another quantity.
    All in millionths. `tier_count`: the most tiers that a rate has. `varies`: whether it does for any allowance.
    """

    codes: pl.LazyFrame
    bands: Steps
    rates: pl.LazyFrame
    tier_count: int
    varies: bool


def read_prices(inputs: Inputs, policy: Policy) -> Prices:
    """Lay out the catalogue.

    Raises:
        ConfigError: `tariff_improvement.existing_first_days` has no value when a version becomes effective.
        InputError: The prices of a rate's tiers have no common denominator in 64 bits.
    """
    versions = [version for tariff in read_catalogue(inputs, policy).values() for version in tariff]
    tier_count = max((len(rate.tiers) for version in versions for rate in version.rates.values()), default=1)
    varying = _varying(versions)
    rows = [row for code, version in enumerate(versions) for row in _rows(code, version, varying)]
    codes = [(code, version.tariff_id, version.number) for code, version in enumerate(versions)]
    return Prices(
        pl.LazyFrame(codes, schema={"code": pl.Int64, "tariff_id": pl.String, "version": pl.Int64}, orient="row"),
        _bands(inputs, versions),
        pl.LazyFrame(rows, schema=_schema(tier_count), orient="row"),
        tier_count,
        bool(varying),
    )


def _bands(inputs: Inputs, versions: list[Version]) -> Steps:
    """Lay the bands that each version's rates name out over its week."""
    steps: dict[int, str | None] = {}
    times = (
        inputs.bands.sort("weekday", "start_time").collect().rows(named=True) if any(v.bands for v in versions) else []
    )
    for code, version in enumerate(versions):
        if not version.bands:
            continue
        steps[code * WEEK_S] = None
        for row in times:
            if row["band"] in version.bands:
                midnight = code * WEEK_S + (row["weekday"] - 1) * DAY_S
                steps[midnight + row["start_time"]] = row["band"]
                steps.setdefault(midnight + row["end_time"], None)
        steps[(code + 1) * WEEK_S] = None
    return Steps.of(steps)


def _varying(versions: list[Version]) -> set[Allowance]:
    """Find the allowances whose quantity is not the same in all versions of their tariff that have them."""
    quantities = defaultdict(set)
    for version in versions:
        for (service, zones), quantity in version.allowances.items():
            quantities[version.tariff_id, service, zones].add(quantity)
    return {allowance for allowance, found in quantities.items() if len(found) > 1}


def _rows(code: int, version: Version, varying: set[Allowance]) -> Iterator[dict[str, object]]:
    """Resolve the rate and the allowance of every service, zone and band that a version names (§5.3)."""
    named = {zone for _, zone, _ in version.rates} | {zone for _, zones in version.allowances for zone in zones}
    covering = {
        (service, zone): (zones, quantity)
        for (service, zones), quantity in version.allowances.items()
        for zone in zones
    }
    for service in sorted({service for service, _, _ in version.rates}):
        for zone in sorted(named | {ANY}):
            zones, quantity = covering.get((service, zone)) or covering.get((service, ANY)) or (None, None)
            pool: dict[str, object] = {}
            if zones:
                varies = (version.tariff_id, service, zones) in varying
                pool = {"pool": "|".join(sorted(zones)), "allowance": quantity, "varies": varies}
            for band in (None, *sorted(version.bands)):
                rate = version.rate(service, zone, band)
                if rate:
                    key = {"code": code, "service": service, "zone": zone, "band": band or NO_BAND}
                    yield key | pool | _columns(version, rate)


def _columns(version: Version, rate: Rate) -> dict[str, int]:
    """Lay a rate out in columns, with a denominator that all its tiers share."""
    prices = [Fraction(tier.price, tier.per) for tier in rate.tiers]
    denominator = lcm(*(price.denominator for price in prices))
    columns = {
        "connect_fee": rate.connect_fee,
        "minimum_charge": rate.minimum_charge,
        "first_increment": rate.first_increment,
        "denominator": denominator,
    }
    for k, (tier, price) in enumerate(zip(rate.tiers, prices, strict=True)):
        columns |= {f"from_{k}": tier.from_unit, f"increment_{k}": tier.increment}
        columns[f"numerator_{k}"] = price.numerator * (denominator // price.denominator)
        if k:
            columns[f"to_{k - 1}"] = tier.from_unit
    if max(columns.values()) >= _LARGEST:
        raise InputError(
            f"The tiers of a rate of tariff {version.tariff_id}, version {version.number}, have prices per units that "
            f"cannot be added exactly: give them the same `per`."
        )
    return columns


def _schema(tier_count: int) -> dict[str, pl.DataType]:
    """Return the columns of `Prices.rates`."""
    tiers = [f"{name}_{k}" for k in range(tier_count) for name in ("from", "to", "increment", "numerator")]
    numbers = ("connect_fee", "minimum_charge", "first_increment", "denominator", *tiers, "allowance")
    texts = ("service", "zone", "band", "pool")
    return {
        "code": pl.Int64(),
        **dict.fromkeys(texts, pl.String()),
        **dict.fromkeys(numbers, pl.Int64()),
        "varies": pl.Boolean(),
    }
