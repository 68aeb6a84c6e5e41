"""§5.1 to §5.6: what a CDR should have cost."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import TYPE_CHECKING

from reference.model import Policy, Row, World, rounded, rounded_up
from reference.tariffs import Tariffs, VersionKey, allowance_key

if TYPE_CHECKING:
    from datetime import date, datetime


@dataclass(frozen=True)
class CdrCost:
    """What a CDR should have cost; `cost` is None if it is unrated, `version` if its day has no tariff or version."""

    version: VersionKey | None
    cost: Fraction | None
    units: Fraction = Fraction(0)
    free_units: Fraction = Fraction(0)


class Rating(Tariffs):
    """The tariffs and usage of one world."""

    def __init__(self, world: World, policy: Policy) -> None:
        """Index a world; nothing is computed yet."""
        super().__init__(world, policy)
        self.prefixes = {row["prefix"]: row["zone"] for row in world["zones"]}
        self.costs = cache(self._costs)

    def zone_of(self, cdr: Row) -> str | None:
        """§5.1."""
        if cdr["zone"] is not None:
            return str(cdr["zone"])
        if cdr["destination"] is None:
            return "data" if cdr["service"] == "data" else None
        digits = cdr["destination"].lstrip("+")
        for length in range(len(digits), 0, -1):
            if digits[:length] in self.prefixes:
                return str(self.prefixes[digits[:length]])
        return None

    def band_of(self, version: VersionKey, moment: datetime) -> str | None:
        """§5.2."""
        wall = self.policy.local(moment)
        second = wall.hour * 3600 + wall.minute * 60 + wall.second + Fraction(wall.microsecond, 1_000_000)
        named = {row["band"] for row in self.rates[version]}
        for row in self.world["bands"]:
            in_time = row["weekday"] == wall.isoweekday() and row["start_time"] <= second < row["end_time"]
            if in_time and row["band"] in named:
                return str(row["band"])
        return None

    def find_allowance(self, version: VersionKey, service: str, zone: str) -> Row | None:
        """§5.5: the allowance of a version that covers a service and zone."""
        for row in self.allowances[version]:
            if row["service"] == service and (row["zones"] == "*" or zone in row["zones"].split("|")):
                return row
        return None

    def _costs(self, choice: str) -> dict[str, CdrCost]:
        """§5.5: the cost of every CDR, in the order in which they consume allowances."""
        used: dict[tuple[object, ...], Fraction] = defaultdict(Fraction)
        result = {}
        for cdr in sorted(self.world["cdrs"], key=lambda cdr: (cdr["started_at"], cdr["cdr_id"])):
            result[cdr["cdr_id"]] = self._cost(cdr, choice, used)
        return result

    def _cost(self, cdr: Row, choice: str, used: dict[tuple[object, ...], Fraction]) -> CdrCost:
        day = self.policy.local(cdr["started_at"]).date()
        version = self.version_on(cdr["subscription_id"], day, choice)
        zone = self.zone_of(cdr)
        if cdr["quantity"] == 0 or zone in self.policy.free_zones:
            return CdrCost(version, Fraction(0))
        if version is None or zone is None:
            return CdrCost(version, None)
        row = self.row_on(cdr["subscription_id"], day)
        assert row is not None
        return self.cost_under(cdr, version, zone, self.cycle_of(row, day), used)

    def cost_under(
        self,
        cdr: Row,
        version: VersionKey,
        zone: str,
        cycle_days: tuple[date, date],
        used: dict[tuple[object, ...], Fraction],
    ) -> CdrCost:
        """§5.3 to §5.6: what a CDR costs under a version, after what others used of the allowances (counted in `used`)."""
        tiers = self.find_rate(version, cdr["service"], zone, self.band_of(version, cdr["started_at"]))
        if not tiers:
            return CdrCost(version, None)
        units = rounded_units(Fraction(cdr["quantity"]), tiers)
        free = Fraction(0)
        allowance = self.find_allowance(version, cdr["service"], zone)
        if allowance is not None:
            counter = (cdr["subscription_id"], version[0], cycle_days, allowance_key(allowance))
            free = min(units, max(Fraction(0), Fraction(allowance["quantity"]) - used[counter]))
            used[counter] += free
        return CdrCost(version, charge(units - free, tiers), units, free)


def rounded_units(quantity: Fraction, tiers: list[Row]) -> Fraction:
    """§5.4: the quantity above 0, rounded up in the increments of each tier that it reaches."""
    first = Fraction(tiers[0]["first_increment"])
    ends = [Fraction(tier["from_unit"]) for tier in tiers[1:]] + [None]
    units = Fraction(0)
    for tier, end in zip(tiers, ends, strict=True):
        start = Fraction(tier["from_unit"])
        if quantity <= start and start > 0:
            break
        part = (quantity if end is None else min(quantity, end)) - start
        if start == 0:
            part = first + rounded_up(max(Fraction(0), part - first), Fraction(tier["increment"]))
        else:
            part = rounded_up(part, Fraction(tier["increment"]))
        units += part if end is None else min(part, end - start)
    return units


def charge(units: Fraction, tiers: list[Row]) -> Fraction:
    """§5.6: what rounded units cost, from the first tier on, to 6 decimals."""
    if units == 0:
        return Fraction(0)
    cost = Fraction(tiers[0]["connect_fee"])
    ends = [Fraction(tier["from_unit"]) for tier in tiers[1:]] + [units]
    for tier, end in zip(tiers, ends, strict=True):
        inside = max(Fraction(0), min(units, end) - Fraction(tier["from_unit"]))
        cost += inside * Fraction(tier["price"]) / Fraction(tier["per"])
    return rounded(max(cost, Fraction(tiers[0]["minimum_charge"])), 6)
