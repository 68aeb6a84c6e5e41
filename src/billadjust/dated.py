"""Values with dates: from when each one holds, and what it rests on (§3)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Final

from billadjust.parameters import Parameter, Value, no_such, parse_value, shown

if TYPE_CHECKING:
    from collections.abc import Sequence

OWN_REFERENCE: Final = "billadjust.toml"
"""The reference of a value that the operator configured without one."""

_ENTRY_KEYS: Final = ("from", "value", "reference")


@dataclass(frozen=True)
class Dated:
    """A value, the first day on which it holds (`date.min`: always), and what it rests on."""

    from_: date
    value: Value
    reference: str


def holding(values: Sequence[Dated], on: date) -> Dated | None:
    """Return the one of some values, oldest first, that holds on a day."""
    return next((dated for dated in reversed(values) if dated.from_ <= on), None)


def parse_dated(parameter: Parameter, raw: object, currency: str) -> tuple[tuple[Dated, ...], list[str]]:
    """Check a plain value or a dated list; return the values and what is wrong, each beginning behind the key path."""
    if isinstance(raw, dict):
        return (), [": needs a value or a list of dated values: [{ from = 2026-01-01, value = ... }]"]
    if not (isinstance(raw, list) and any(isinstance(entry, dict) for entry in raw)):
        try:
            return (Dated(date.min, parse_value(parameter, raw, currency), OWN_REFERENCE),), []
        except ValueError as error:
            return (), [f": {error}"]
    values: list[Dated] = []
    problems: list[str] = []
    for number, entry in enumerate(raw, start=1):
        dated, wrong = _parse_entry(parameter, entry, currency)
        if dated and values and dated.from_ <= values[-1].from_:
            wrong.append(
                f", from: {dated.from_} is not after {values[-1].from_}; put the values in the order of their dates"
            )
        if dated:
            values.append(dated)
        problems.extend(f", entry {number}{problem}" for problem in wrong)
    return tuple(values), problems


def _parse_entry(parameter: Parameter, entry: object, currency: str) -> tuple[Dated | None, list[str]]:
    """Check one entry of a dated list; return its value, if it is right, and what is wrong with it."""
    if not isinstance(entry, dict):
        return None, [f": needs {{ from = 2026-01-01, value = ... }}, not {shown(entry)}"]
    problems = [f", {key}: {no_such('key', key, _ENTRY_KEYS)}" for key in entry if key not in _ENTRY_KEYS]
    start: Any = entry.get("from")
    reference: Any = entry.get("reference", OWN_REFERENCE)
    if not isinstance(start, date) or isinstance(start, datetime):
        problems.append(f", from: needs a date, such as 2026-01-01 without quotes, not {shown(start)}")
    if not isinstance(reference, str) or not reference.strip():
        problems.append(f", reference: needs a text that says what the value rests on, not {shown(reference)}")
    try:
        value = parse_value(parameter, entry.get("value"), currency)
    except ValueError as error:
        return None, [*problems, f", value: {error}"]
    return (Dated(start, value, reference) if not problems else None), problems
