"""The catalogue laid out for usage: bands, rates and allowances of every tariff version (§5.2, §5.3, §5.5).

Tariff versions, services, zones and bands are numbers here, so that finding a CDR's rate is arithmetic and one look-up.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import lcm
from typing import TYPE_CHECKING, Final

import polars as pl

from billadjust.errors import InputError
from billadjust.rating.clock import DAY_S, WEEK_S
from billadjust.rating.steps import Steps
from billadjust.rating.tariffs import ANY, read_catalogue
from billadjust.rating.zones import REJECTED, Zones, read_zones
from billadjust.schemas import SERVICES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from billadjust.inputs.model import Inputs
    from billadjust.policy import Policy
    from billadjust.rating.tariffs import Rate, Version

MAX_COST: Final = 10**12
"""A CDR that would cost more (a million currency units) is not rated: the sum of nine million such costs fits 64 bits."""

MAX_RATES: Final = 1 << 24
"""A catalogue has fewer rates than this: combinations of version, service, zone and band."""

_LARGEST: Final = 2**62
"""What numbers of a rate stay below."""


@dataclass(frozen=True)
class Prices:
    """What every tariff version asks for usage.

    `codes`: tariff_id, version, code: a small number, the same for versions of a tariff that ask the same for usage.
    `zones`: the numbers of zones. `bands`: the number of the band at code × WEEK_S + second of the week; its name is in
    `band_names`, number 0 is none. `places`: the row of `rates` for each code, service, zone and band, in this order;
    null where there is no rate.

    `rates`: rate (its row), connect_fee, minimum_charge, first_increment, denominator, limit (with more units a CDR is too
    dear) and, for each tier k, increment_k, numerator_k (a unit costs numerator ÷ denominator) and to_k, where the next
    one starts (null in the last); null in tiers that a rate has not. `wide` is 1 if the product of numerator and
    denominator may leave 64 bits, else 0. And `pool`, a number from 1 for the service and set of zones of the allowance that
    covers it, and `allowance`, its quantity; 0 where there is none. All in millionths.
    `allowances`: code, pool, allowance.
    """

    codes: pl.DataFrame
    zones: Zones
    bands: Steps
    band_names: tuple[str | None, ...]
    places: pl.Series
    rates: pl.DataFrame
    allowances: pl.DataFrame
    tier_count: int
    pool_count: int
    code_count: int


def read_prices(inputs: Inputs, policy: Policy) -> Prices:
    """Lay out the catalogue.

    Raises:
        ConfigError: `tariff_improvement.existing_first_days` has no value when a version becomes effective.
        InputError: The prices of a rate's tiers have no common denominator in 64 bits, or there are too many rates.
    """
    catalogue = read_catalogue(inputs, policy)
    priced: list[Version] = []
    codes = []
    for versions in catalogue.values():
        first = len(priced)
        for version in versions:
            like = next((code for code in range(first, len(priced)) if _ask_the_same(priced[code], version)), None)
            if like is None:
                like = len(priced)
                priced.append(version)
            codes.append((version.tariff_id, version.number, like))
    zones = read_zones(inputs, policy, {zone for version in priced for zone in _named(version)})
    band_names = (None, *sorted({band for version in priced for band in version.bands}))
    tier_count = max((len(rate.tiers) for version in priced for rate in version.rates.values()), default=1)
    layout = _Layout(zones, band_names)
    pools: dict[tuple[str, frozenset[str]], int] = {}
    rows = [row for code, version in enumerate(priced) for row in _rows(code, version, pools)]
    if len(rows) >= MAX_RATES:
        raise InputError(
            f"The catalogue has {len(rows):,} combinations of tariff version, service, zone and band; billadjust rates "
            f"with fewer than {MAX_RATES:,}. Leave versions out that no subscription had on any day that is billed."
        )
    rates = [columns for _, columns in rows]
    return Prices(
        codes=pl.DataFrame(codes, schema={"tariff_id": pl.String, "version": pl.Int64, "code": pl.Int64}, orient="row"),
        zones=zones,
        bands=_bands(inputs, priced, band_names),
        band_names=band_names,
        places=layout.places([place for place, _ in rows], len(priced)),
        rates=pl.DataFrame(rates, schema=_schema(tier_count), orient="row").with_row_index("rate"),
        allowances=pl.DataFrame(
            [(code, columns["pool"], columns["allowance"]) for (code, *_), columns in rows],
            schema=dict.fromkeys(("code", "pool", "allowance"), pl.Int64),
            orient="row",
        ).unique(),
        tier_count=tier_count,
        pool_count=len(pools),
        code_count=len(priced),
    )


@dataclass(frozen=True)
class _Layout:
    """How places are numbered: by code, service, zone and band."""

    zones: Zones
    band_names: tuple[str | None, ...]

    def places(self, named: list[tuple[int, str, str, str | None]], codes: int) -> pl.Series:
        """Return the row of `named` for each place: a zone without a row of its own has that of zone `*`."""
        zones = {name: number for number, name in enumerate(self.zones.names)}
        bands = {name: number for number, name in enumerate(self.band_names)}
        size = len(zones) * len(bands)
        numbers = [
            (code * len(SERVICES) + SERVICES.index(service)) * size + zones[zone] * len(bands) + bands[band]
            for code, service, zone, band in named
        ]
        places = pl.Series(dtype=pl.UInt32).extend_constant(None, codes * len(SERVICES) * size)
        own = places.scatter(numbers, range(len(named)))
        every = pl.int_range(len(own), dtype=pl.UInt32, eager=True)
        rated = own.zip_with(own.is_not_null(), own.gather(every // size * size + every % len(bands)))
        return rated.zip_with(every % size // len(bands) != zones[REJECTED], pl.Series([None], dtype=pl.UInt32))


def _ask_the_same(one: Version, other: Version) -> bool:
    """Whether two versions of a tariff price usage alike; their fees may differ."""
    return one.rates == other.rates and one.allowances == other.allowances


def _named(version: Version) -> set[str]:
    """The zones that a version names."""
    return {zone for _, zone, _ in version.rates} | {zone for _, zones in version.allowances for zone in zones}


def _bands(inputs: Inputs, versions: list[Version], names: tuple[str | None, ...]) -> Steps:
    """Lay the bands that each version's rates name out over its week."""
    steps: dict[int, int | None] = {}
    times = inputs.bands.sort("weekday", "start_time").collect().rows(named=True) if len(names) > 1 else []
    for code, version in enumerate(versions):
        if not version.bands:
            continue
        steps[code * WEEK_S] = None
        for row in times:
            if row["band"] in version.bands:
                midnight = code * WEEK_S + (row["weekday"] - 1) * DAY_S
                steps[midnight + row["start_time"]] = names.index(row["band"])
                steps.setdefault(midnight + row["end_time"], None)
        steps[(code + 1) * WEEK_S] = None
    return Steps.of(steps)


def _rows(
    code: int, version: Version, pools: dict[tuple[str, frozenset[str]], int]
) -> Iterator[tuple[tuple[int, str, str, str | None], dict[str, int]]]:
    """Resolve the rate and the allowance of every service, zone and band that a version names (§5.3)."""
    covering = {
        (service, zone): (zones, quantity)
        for (service, zones), quantity in version.allowances.items()
        for zone in zones
    }
    for service in sorted({service for service, _, _ in version.rates}):
        for zone in sorted(_named(version) | {ANY}):
            zones, quantity = covering.get((service, zone)) or covering.get((service, ANY)) or (None, 0)
            pool = pools.setdefault((service, zones), len(pools) + 1) if zones else 0
            for band in (None, *sorted(version.bands)):
                rate = version.rate(service, zone, band)
                if rate:
                    yield (code, service, zone, band), {"pool": pool, "allowance": quantity} | _columns(version, rate)


def _columns(version: Version, rate: Rate) -> dict[str, int]:
    """Lay a rate out in columns, with a denominator that all its tiers share."""
    prices = [Fraction(tier.price, tier.per) for tier in rate.tiers]
    denominator = lcm(*(price.denominator for price in prices))
    columns = {
        "connect_fee": rate.connect_fee,
        "minimum_charge": rate.minimum_charge,
        "first_increment": rate.first_increment,
        "denominator": denominator,
        "limit": _LARGEST - 1,
    }
    for k, (tier, price) in enumerate(zip(rate.tiers, prices, strict=True)):
        numerator = price.numerator * (denominator // price.denominator)
        columns |= {f"increment_{k}": tier.increment, f"numerator_{k}": numerator}
        if k:
            columns[f"to_{k - 1}"] = tier.from_unit
        limit = tier.from_unit + (MAX_COST + 1) * denominator // numerator if numerator else _LARGEST
        if tier is rate.tiers[-1] or limit < rate.tiers[k + 1].from_unit:
            columns["limit"] = min(columns["limit"], limit)
    if max(columns.values()) >= _LARGEST:
        raise InputError(
            f"The tiers of a rate of tariff {version.tariff_id}, version {version.number}, have prices per units that "
            f"cannot be added exactly: give them the same `per`."
        )
    largest = max(columns[f"numerator_{k}"] for k in range(len(prices)))
    return columns | {"wide": int(denominator * (largest + 1) >= _LARGEST)}


def _schema(tier_count: int) -> dict[str, pl.DataType]:
    """Return the columns of `Prices.rates` but the first."""
    tiers = [f"{name}_{k}" for k in range(tier_count) for name in ("to", "increment", "numerator")]
    numbers = (
        "connect_fee",
        "minimum_charge",
        "first_increment",
        "denominator",
        "limit",
        "wide",
        *tiers,
        "pool",
        "allowance",
    )
    return dict.fromkeys(numbers, pl.Int64())
