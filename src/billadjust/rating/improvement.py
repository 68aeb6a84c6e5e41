"""Which tariff versions are better than which, and how customers move along them (§5.7)."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from billadjust.rating.tariffs import ANY, Rate, Version

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date


@dataclass(frozen=True)
class Chain:
    """Where the improvements lead from a version: the versions reached, the start first.

    `usable` is false if a rejected row took along a version that had to be compared.
    """

    reached: tuple[Version, ...]
    usable: bool

    @property
    def end(self) -> Version:
        """The best version reached."""
        return self.reached[-1]


def improvement_chain(versions: tuple[Version, ...], start: Version, day: date) -> Chain:
    """Go from a version through the later ones that count on a day, and move to each one that improves (§5.7).

    Args:
        versions: All versions of the tariff in the order of effective_from.
        start: The version to start from.
        day: The day by which a version must count.
    """
    reached = [start]
    usable = not start.taken
    for version in versions:
        if version.effective_from > start.effective_from and version.counts_from <= day:
            usable = usable and not version.taken
            if improves_on(version, reached[-1]):
                reached.append(version)
    return Chain(tuple(reached), usable)


Verdict = Literal["better", "mixed", "worse", "same"]


@lru_cache(maxsize=10_000)
def verdict(new: Version, old: Version) -> Verdict:
    """Compare two versions in everything that they ask and include (§5.7).

    A fee of 6.90 instead of 8.30 is better; with a call that costs more on the side it is mixed.
    """
    signs = set(_comparisons(new, old))
    if 1 in signs:
        return "mixed" if -1 in signs else "better"
    return "worse" if -1 in signs else "same"


def improves_on(new: Version, old: Version) -> bool:
    """Whether nothing of the new version is worse than the old one's, and something is better: only then is anyone moved."""
    return verdict(new, old) == "better"


def _comparisons(new: Version, old: Version) -> Iterator[int]:
    """Give, for everything that is compared, 1 where the new version is better, -1 where it is worse, 0 where equal."""
    yield _sign(old.monthly_fee - new.monthly_fee)
    yield _sign(old.internet_fee - new.internet_fee)
    yield _sign((old.monthly_fee - old.internet_fee) - (new.monthly_fee - new.internet_fee))
    for key, quantity in old.allowances.items():
        yield _sign(new.allowances[key] - quantity) if key in new.allowances else -1
    yield from (_sign(quantity) for key, quantity in new.allowances.items() if key not in old.allowances)
    named = [*new.rates, *old.rates]
    zones = {zone for _, zone, _ in named} | {ANY}
    bands = {band for _, _, band in named} | {None}
    for service in {service for service, _, _ in old.rates}:
        for zone in zones:
            for band in bands:
                yield from _compare_rates(new.rate(service, zone, band), old.rate(service, zone, band))


def _compare_rates(new: Rate | None, old: Rate | None) -> Iterator[int]:
    """Compare what two versions ask for the same usage; what only the new one prices counts for nothing."""
    if old is None:
        return
    if new is None:
        yield -1
        return
    yield _sign(old.connect_fee - new.connect_fee)
    yield _sign(old.minimum_charge - new.minimum_charge)
    for unit in {tier.from_unit for tier in (*new.tiers, *old.tiers)}:
        new_tier, old_tier = new.tier_at(unit), old.tier_at(unit)
        yield _sign(Fraction(old_tier.price, old_tier.per) - Fraction(new_tier.price, new_tier.per))
        new_first, old_first = (new.first_increment, old.first_increment) if unit == 0 else (0, 0)
        yield _compare_increments((new_first, new_tier.increment), (old_first, old_tier.increment))


def _compare_increments(new: tuple[int, int], old: tuple[int, int]) -> int:
    """Compare (first increment, increment): better only if every quantity rounds up to the same or less."""
    if new == old:
        return 0
    (new_first, new_step), (old_first, old_step) = new, old
    finer = old_step % new_step == 0 and (old_first - new_first) % new_step == 0
    return 1 if finer and new_first <= old_first else -1


def _sign(difference: int | Fraction) -> int:
    return (difference > 0) - (difference < 0)
