"""The zone of a CDR: its own, or that of the longest prefix of its destination (§5.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from billadjust.rating.steps import Steps

if TYPE_CHECKING:
    from billadjust.inputs.model import Inputs
    from billadjust.policy import Policy

REJECTED: Final = "|"
"""Stands for the zone of destinations that begin with a rejected prefix; no zone can be called that."""

_DIGITS: Final = 15
_LENGTHS: Final = 16


def zone_of(inputs: Inputs) -> pl.Expr:
    """Return the zone of each CDR: null if there is none, `REJECTED` if it would have to come from a rejected prefix.

    Data without destination is in zone `data`.
    """
    prefixes, rejected = pl.collect_all([inputs.zones, inputs.taken.prefixes])
    zones = dict(prefixes.select("prefix", "zone").rows())
    readable = rejected["prefix"].str.strip_chars(" +").drop_nulls()
    zones |= dict.fromkeys(readable.filter(readable.str.contains(r"^[0-9]{0,15}$")), REJECTED)
    number = pl.when(pl.col("zone").is_null()).then(_number(pl.col("destination")))
    default = pl.when((pl.col("service") == "data") & pl.col("destination").is_null()).then(pl.lit("data"))
    return pl.coalesce("zone", Steps.of(_flatten(zones)).at(number), default)


def is_free(policy: Policy, zone: pl.Expr, day: pl.Expr) -> pl.Expr:
    """Whether a zone is never charged, by `rating.free_zones` on the CDR's local date; false without a zone."""
    free = pl.lit(value=False)
    for dated in policy.values["rating.free_zones"]:
        names = dated.value if isinstance(dated.value, tuple) else ()
        free = pl.when(day >= dated.from_).then(zone.is_in(names)).otherwise(free)
    return free.fill_null(value=False)


def _number(digits: pl.Expr) -> pl.Expr:
    """Turn digits into a number that sorts like the text: by the digits from the left, a shorter one before a longer."""
    return digits.str.pad_end(_DIGITS, "0").cast(pl.Int64) * _LENGTHS + digits.str.len_bytes().cast(pl.Int64)


def _flatten(zones: dict[str, str]) -> dict[int, str | None]:
    """Turn nested prefixes into steps: 34 and 346 become [34, 346), [346, 347) and [347, 35).

    What begins with a rejected prefix stays rejected, whatever longer prefix it has.
    """
    steps: dict[int, str | None] = {}
    open_prefixes: list[tuple[int, str | None]] = [(10**_DIGITS * _LENGTHS, None)]
    for prefix in sorted(zones):
        padded = int(prefix.ljust(_DIGITS, "0"))
        start = padded * _LENGTHS + len(prefix)
        while open_prefixes[-1][0] <= start:
            end, _ = open_prefixes.pop()
            steps[end] = open_prefixes[-1][1]
        zone = REJECTED if open_prefixes[-1][1] == REJECTED else zones[prefix]
        open_prefixes.append(((padded + 10 ** (_DIGITS - len(prefix))) * _LENGTHS, zone))
        steps[start] = zone
    while len(open_prefixes) > 1:
        end, _ = open_prefixes.pop()
        steps[end] = open_prefixes[-1][1]
    return steps
