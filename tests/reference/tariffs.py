"""§5.3 and §5.7: which version of a tariff a subscription has on a day, and which version improves on which."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from fractions import Fraction
from functools import cache
from typing import TYPE_CHECKING, Final

from reference.model import Policy, Row, World, cycle

if TYPE_CHECKING:
    from datetime import date

CONTRACT: Final = "contract"
IMPROVED: Final = "improved"
SERVICES: Final = ("voice", "sms", "data")
VersionKey = tuple[str, int]


class Tariffs:
    """The tariffs and subscriptions of one world, indexed."""

    def __init__(self, world: World, policy: Policy) -> None:
        """Index a world; nothing is computed yet."""
        self.world = world
        self.policy = policy
        self.accounts = {row["account_id"]: row for row in world["accounts"]}
        self.rows: dict[str, list[Row]] = defaultdict(list)
        for row in sorted(world["subscriptions"], key=lambda row: row["valid_from"]):
            self.rows[row["subscription_id"]].append(row)
        self.versions = {(row["tariff_id"], row["version"]): row for row in world["tariffs"]}
        self.rates: dict[VersionKey, list[Row]] = defaultdict(list)
        for row in world["rates"]:
            self.rates[row["tariff_id"], row["version"]].append(row)
        self.allowances: dict[VersionKey, list[Row]] = defaultdict(list)
        for row in world["allowances"]:
            self.allowances[row["tariff_id"], row["version"]].append(row)
        self.improves = cache(self._improves)
        self.version_on = cache(self._version_on)
        self.day_fee = cache(self._day_fee)

    # §5.7 versions

    def row_on(self, subscription_id: str, day: date) -> Row | None:
        """The row of a subscription that holds on a day."""
        for row in self.rows[subscription_id]:
            if row["valid_from"] <= day and (row["valid_to"] is None or day < row["valid_to"]):
                return row
        return None

    def cycle_of(self, row: Row, day: date) -> tuple[date, date]:
        """§4: the cycle of the row's account that a day belongs to."""
        return cycle(self.accounts[row["account_id"]]["bill_cycle_day"], day)

    def later_versions(self, start: VersionKey) -> list[VersionKey]:
        """The versions of the same tariff with a later effective_from, in that order."""
        after = self.versions[start]["effective_from"]
        found = [key for key, row in self.versions.items() if key[0] == start[0] and row["effective_from"] > after]
        return sorted(found, key=lambda key: self.versions[key]["effective_from"])

    def counts_on(self, version: VersionKey, day: date) -> bool:
        """§5.7: existing customers get a version some days before it takes effect."""
        early = timedelta(days=self.policy.existing_first_days)
        return bool(self.versions[version]["effective_from"] - early <= day)

    def chain(self, start: VersionKey, day: date) -> list[VersionKey]:
        """§5.7: the improvement chain from a version up to a day, itself included."""
        reached = [start]
        for version in self.later_versions(start):
            if self.counts_on(version, day) and self.improves(version, reached[-1]):
                reached.append(version)
        return reached

    def contract_began(self, row: Row) -> date:
        """§5.7: the row's first day, or that of the first of the rows of the same tariff that it follows without a gap."""
        began: date = row["valid_from"]
        for earlier in reversed(self.rows[row["subscription_id"]]):
            if earlier["valid_to"] == began and earlier["tariff_id"] == row["tariff_id"]:
                began = earlier["valid_from"]
        return began

    def provisioned_on(self, row: Row, day: date) -> VersionKey | None:
        """The row's tariff_version, if it has one and it is effective on a day."""
        if row["tariff_version"] is None:
            return None
        key = (row["tariff_id"], row["tariff_version"])
        return key if self.versions[key]["effective_from"] <= day else None

    def base_version(self, row: Row, day: date) -> VersionKey | None:
        """§5.7: what the customer signed for."""
        began = self.contract_began(row)
        signed = [
            key
            for key, version in self.versions.items()
            if key[0] == row["tariff_id"] and version["effective_from"] <= began
        ]
        if signed:
            return max(signed, key=lambda key: self.versions[key]["effective_from"])
        return self.provisioned_on(row, day)

    def contract_version(self, row: Row, day: date) -> VersionKey | None:
        """§5.7: what the contract says on a day."""
        base = self.base_version(row, day)
        provisioned = self.provisioned_on(row, day)
        if base is not None and provisioned is not None and provisioned not in self.chain(base, day):
            return provisioned
        return base

    def improved_version(self, row: Row, day: date) -> VersionKey | None:
        """§5.7: the best that the contract version has become by a day."""
        contract = self.contract_version(row, day)
        return None if contract is None else self.chain(contract, day)[-1]

    def _version_on(self, subscription_id: str, day: date, choice: str) -> VersionKey | None:
        row = self.row_on(subscription_id, day)
        if row is None:
            return None
        return self.contract_version(row, day) if choice == CONTRACT else self.improved_version(row, day)

    # §5.7 improvement

    def _improves(self, new: VersionKey, old: VersionKey) -> bool:
        """§5.7: nothing is worse and something is better."""
        signs = [
            *self._compare_fees(new, old),
            *self._compare_rates(new, old),
            *self._compare_allowances(new, old),
        ]
        return min(signs) >= 0 and max(signs) > 0

    def _compare_fees(self, new: VersionKey, old: VersionKey) -> list[int]:
        new_fees = [self.fee(new, part) for part in ("whole", "internet", "rest")]
        old_fees = [self.fee(old, part) for part in ("whole", "internet", "rest")]
        return [lower_is_better(ours, theirs) for ours, theirs in zip(new_fees, old_fees, strict=True)]

    def _compare_rates(self, new: VersionKey, old: VersionKey) -> list[int]:
        both = self.rates[new] + self.rates[old]
        signs = [0]
        for service in SERVICES:
            for zone in {row["zone"] for row in both} | {"*"}:
                for band in {row["band"] for row in both} | {None}:
                    theirs = self.find_rate(old, service, zone, band)
                    ours = self.find_rate(new, service, zone, band)
                    if theirs and not ours:
                        signs.append(-1)
                    if theirs and ours:
                        signs += compare_tiers(ours, theirs)
        return signs

    def _compare_allowances(self, new: VersionKey, old: VersionKey) -> list[int]:
        ours = {allowance_key(row): row["quantity"] for row in self.allowances[new]}
        theirs = {allowance_key(row): row["quantity"] for row in self.allowances[old]}
        signs = [-1 for key in theirs if key not in ours]
        signs += [1 for key, quantity in ours.items() if key not in theirs and quantity > 0]
        return signs + [-lower_is_better(ours[key], theirs[key]) for key in theirs if key in ours]

    def find_rate(self, version: VersionKey, service: str, zone: str, band: str | None) -> list[Row]:
        """§5.3: the tiers of the rate, in order; none if there is no rate."""
        for wanted in ((zone, band), (zone, None), ("*", band), ("*", None)):
            tiers = [
                row for row in self.rates[version] if row["service"] == service and (row["zone"], row["band"]) == wanted
            ]
            if tiers:
                return sorted(tiers, key=lambda row: row["from_unit"])
        return []

    def fee(self, version: VersionKey, part: str) -> Fraction:
        """The monthly fee of a version, or one of its two parts: `internet` and `rest`."""
        row = self.versions[version]
        whole, internet = Fraction(row["monthly_fee"]), Fraction(row["internet_fee"])
        return {"whole": whole, "internet": internet, "rest": whole - internet}[part]

    def _day_fee(self, subscription_id: str, day: date, part: str, choice: str) -> Fraction | None:
        """§5.8: a day's share of a fee, or of a part of it; None if the day has no tariff or no version."""
        row = self.row_on(subscription_id, day)
        version = self.version_on(subscription_id, day, choice)
        if row is None or version is None:
            return None
        start, end = self.cycle_of(row, day)
        return self.fee(version, part) / (end - start).days


def allowance_key(row: Row) -> tuple[str, frozenset[str]]:
    """The service and the set of zones of an allowance."""
    return row["service"], frozenset(row["zones"].split("|"))


def lower_is_better(new: Fraction, old: Fraction) -> int:
    """1 if the new figure is lower, -1 if it is higher."""
    return (new < old) - (new > old)


def tier_at(tiers: list[Row], unit: Fraction) -> Row:
    """The tier that a unit falls into."""
    return [tier for tier in tiers if tier["from_unit"] <= unit][-1]


def compare_tiers(new: list[Row], old: list[Row]) -> list[int]:
    """§5.7: one sign for each thing that two rates have in common."""
    signs = [lower_is_better(new[0][name], old[0][name]) for name in ("connect_fee", "minimum_charge")]
    for unit in {tier["from_unit"] for tier in new + old}:
        ours, theirs = tier_at(new, unit), tier_at(old, unit)
        unit_prices = [Fraction(tier["price"]) / Fraction(tier["per"]) for tier in (ours, theirs)]
        signs.append(lower_is_better(*unit_prices))
        steps = [Fraction(tier["increment"]) for tier in (ours, theirs)]
        firsts = [Fraction(tiers[0]["first_increment"]) for tiers in (new, old)] if unit == 0 else [Fraction(0)] * 2
        signs.append(compare_increments(firsts[0], steps[0], firsts[1], steps[1]))
    return signs


def compare_increments(new_first: Fraction, new_step: Fraction, old_first: Fraction, old_step: Fraction) -> int:
    """§5.7: equal; or better, if everything rounds at most as far as before; else worse."""
    if (new_first, new_step) == (old_first, old_step):
        return 0
    fits = new_first <= old_first and old_step % new_step == 0 and (old_first - new_first) % new_step == 0
    return 1 if fits else -1
