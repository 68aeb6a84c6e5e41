"""The zone of a CDR: its own, or that of the longest prefix of its destination (§5.1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import polars as pl

from billadjust.rating.steps import Steps, pick
from billadjust.rating.tariffs import ANY

if TYPE_CHECKING:
    from collections.abc import Iterable

    from billadjust.inputs.model import Inputs
    from billadjust.policy import Policy

REJECTED: Final = "|"
"""Stands for the zone of destinations that begin with a rejected prefix; no zone can be called that."""

DATA: Final = "data"
"""The zone of data without destination."""

REJECTED_NUMBER: Final = 1

DIGITS: Final = 16
"""Numbers are filled up with zeros to so many digits."""

LENGTHS: Final = 16
"""Numbers have fewer digits than this."""

STEM: Final = 10 ** (DIGITS - 5) * LENGTHS
"""What numbers that begin with other five digits differ by at least."""


@dataclass(frozen=True)
class Zones:
    """Zones by number: `names` in the order of their numbers, and the number of every destination.

    Number 0 is `*`, which stands for all zones that nothing but a CDR names; number 1 is `REJECTED`.
    """

    names: tuple[str, ...]
    prefixes: Steps

    def number(self, name: str) -> int:
        """Return the number of a zone that has one."""
        return self.names.index(name)

    def name(self, number: pl.Expr) -> pl.Expr:
        """Return the name of each CDR's zone: its own, or that of the number."""
        found = pick(pl.Series(self.names), number)
        return pl.coalesce("zone", pl.when(number != REJECTED_NUMBER).then(found))


def read_zones(inputs: Inputs, policy: Policy, named: Iterable[str]) -> Zones:
    """Number the zones of the prefixes, of the policy's free zones, and those that the catalogue names."""
    prefixes, rejected = pl.collect_all([inputs.zones, inputs.taken.prefixes])
    zones = dict(prefixes.select("prefix", "zone").rows())
    readable = rejected["prefix"].str.strip_chars(" +").drop_nulls()
    zones |= dict.fromkeys(readable.filter(readable.str.contains(r"^[0-9]{0,15}$")), REJECTED)
    free = {name for dated in policy.values["rating.free_zones"] for name in free_names(dated.value)}
    names = (ANY, REJECTED, *sorted({*zones.values(), *named, *free, DATA} - {ANY, REJECTED}))
    numbers = {name: number for number, name in enumerate(names)}
    steps = {start: None if zone is None else numbers[zone] for start, zone in _flatten(zones).items()}
    return Zones(names, Steps.of(steps))


def free_names(value: object) -> tuple[str, ...]:
    """Return the zones that a value of `rating.free_zones` names."""
    return value if isinstance(value, tuple) else ()


def _flatten(zones: dict[str, str]) -> dict[int, str | None]:
    """Turn nested prefixes into steps: 34 and 346 become [34, 346), [346, 347) and [347, 35).

    What begins with a rejected prefix stays rejected, whatever longer prefix it has.
    """
    steps: dict[int, str | None] = {}
    open_prefixes: list[tuple[int, str | None]] = [(10**DIGITS * LENGTHS, None)]
    for prefix in sorted(zones):
        padded = int(prefix.ljust(DIGITS, "0"))
        start = padded * LENGTHS + len(prefix)
        while open_prefixes[-1][0] <= start:
            end, _ = open_prefixes.pop()
            steps[end] = open_prefixes[-1][1]
        zone = REJECTED if open_prefixes[-1][1] == REJECTED else zones[prefix]
        open_prefixes.append(((padded + 10 ** (DIGITS - len(prefix))) * LENGTHS, zone))
        steps[start] = zone
    while len(open_prefixes) > 1:
        end, _ = open_prefixes.pop()
        steps[end] = open_prefixes[-1][1]
    return steps
