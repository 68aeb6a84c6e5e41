"""The catalogue in memory: tariff versions with their rates and allowances (§5.3, §5.7).

A catalogue is small (tens to thousands of versions), so it is plain Python; what applies it to usage and lines is not.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final, cast

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Mapping

    from billadjust.inputs.model import Inputs
    from billadjust.policy import Policy

ANY: Final = "*"
"""The zone of rates and allowances for every zone that has none of its own."""


@dataclass(frozen=True)
class Tier:
    """The price from one unit of a CDR on: `price` pays for `per` units, counted in steps of `increment`."""

    from_unit: int
    price: int
    per: int
    increment: int


@dataclass(frozen=True)
class Rate:
    """The price of usage in one zone and band, tiers in the order of their units; all numbers in millionths."""

    connect_fee: int
    minimum_charge: int
    first_increment: int
    tiers: tuple[Tier, ...]

    def tier_at(self, unit: int) -> Tier:
        """Return the tier that covers a unit."""
        return next(tier for tier in reversed(self.tiers) if tier.from_unit <= unit)


@dataclass(frozen=True, eq=False)
class Version:
    """One version of a tariff. Fees, prices and quantities are in millionths.

    `counts_from` is the first day on which it counts for existing customers; `taken` says that a rejected row took it
    along. `rates` are by service, zone and band (None: any), `allowances` by service and set of zones.
    """

    tariff_id: str
    number: int
    effective_from: date
    counts_from: date
    monthly_fee: int
    internet_fee: int
    taken: bool
    rates: Mapping[tuple[str, str, str | None], Rate]
    allowances: Mapping[tuple[str, frozenset[str]], int]

    @property
    def bands(self) -> frozenset[str]:
        """The bands that its rates name."""
        return frozenset(band for _, _, band in self.rates if band is not None)

    def rate(self, service: str, zone: str, band: str | None) -> Rate | None:
        """Return the rate of a zone and a band, or of the nearest that stand for them (§5.3)."""
        places = ((zone, band), (zone, None), (ANY, band), (ANY, None))
        return next((self.rates[service, *place] for place in places if (service, *place) in self.rates), None)


Catalogue = dict[str, tuple[Version, ...]]
"""The versions of each tariff in the order of their effective_from."""


def read_catalogue(inputs: Inputs, policy: Policy) -> Catalogue:
    """Read the catalogue into memory.

    Raises:
        ConfigError: `tariff_improvement.existing_first_days` has no value when a version becomes effective.
    """
    tariffs, taken, rate_rows, allowance_rows = pl.collect_all(
        [
            inputs.tariffs.sort("tariff_id", "effective_from", "version"),
            inputs.taken.tariffs,
            inputs.rates.sort("from_unit"),
            inputs.allowances,
        ]
    )
    taken_along = set(taken.select("tariff_id", "version").rows())
    rates = _rates(rate_rows)
    allowances = _allowances(allowance_rows)
    catalogue: dict[str, list[Version]] = defaultdict(list)
    for row in tariffs.rows(named=True):
        key = (row["tariff_id"], row["version"])
        effective_from = row["effective_from"]
        first_days = cast("int", policy.at("tariff_improvement.existing_first_days", effective_from))
        catalogue[row["tariff_id"]].append(
            Version(
                tariff_id=row["tariff_id"],
                number=row["version"],
                effective_from=effective_from,
                counts_from=effective_from - timedelta(days=min(first_days, (effective_from - date.min).days)),
                monthly_fee=row["monthly_fee"],
                internet_fee=row["internet_fee"],
                taken=key in taken_along,
                rates=rates.get(key, {}),
                allowances=allowances.get(key, {}),
            )
        )
    return {tariff_id: tuple(versions) for tariff_id, versions in catalogue.items()}


def zone_set(zones: str) -> frozenset[str]:
    """Return the set of zones that an allowance names: `es|eu` is the same as `eu|es`."""
    return frozenset(zones.split("|"))


def _rates(rows: pl.DataFrame) -> dict[tuple[str, int], dict[tuple[str, str, str | None], Rate]]:
    """Put the tiers of each rate together; the rows are in the order of from_unit."""
    tiers = defaultdict(list)
    for row in rows.rows(named=True):
        tiers[row["tariff_id"], row["version"], row["service"], row["zone"], row["band"]].append(row)
    rates: dict[tuple[str, int], dict[tuple[str, str, str | None], Rate]] = defaultdict(dict)
    for (tariff_id, version, service, zone, band), steps in tiers.items():
        first = steps[0]
        rates[tariff_id, version][service, zone, band] = Rate(
            first["connect_fee"],
            first["minimum_charge"],
            first["first_increment"],
            tuple(Tier(step["from_unit"], step["price"], step["per"], step["increment"]) for step in steps),
        )
    return rates


def _allowances(rows: pl.DataFrame) -> dict[tuple[str, int], dict[tuple[str, frozenset[str]], int]]:
    """Put the allowances of each version together."""
    allowances: dict[tuple[str, int], dict[tuple[str, frozenset[str]], int]] = defaultdict(dict)
    for row in rows.rows(named=True):
        allowances[row["tariff_id"], row["version"]][row["service"], zone_set(row["zones"])] = row["quantity"]
    return allowances
