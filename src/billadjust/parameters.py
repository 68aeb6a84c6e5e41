"""The parameters of the policy: name, unit and meaning of each, and how a value of each is checked (§3)."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Final, Literal

from billadjust.money import MAX_MINOR, minor_digits

if TYPE_CHECKING:
    from collections.abc import Iterable

Unit = Literal["money", "percent", "days", "h", "minutes", "months", "times", "parts", "flag", "names", "choice"]

Value = int | bool | str | tuple[str, ...]
"""A checked value: money in minor units, a percentage in its ten-thousandths, the others as they are."""

PERCENT_DECIMALS: Final = 4
"""Decimals of a percentage: 21 % is 210,000."""

_MAXIMUM: Final[dict[Unit, int]] = {
    "percent": 1_000,
    "days": 36_500,
    "h": 23,
    "minutes": 1_000_000,
    "months": 1_200,
    "times": 100,
    "parts": 366,
}
"""The largest value of each unit, far above any sensible one, so that products and dates stay in range."""

_IDENTIFIER: Final = re.compile(r"(?!\s)[^|\x00-\x1f\x7f]{1,64}(?<!\s)")


@dataclass(frozen=True)
class Parameter:
    """A number, switch or choice that a rule depends on: what it is called, its unit and what it means."""

    name: str
    unit: Unit
    doc: str
    choices: tuple[str, ...] = ()


PARAMETERS: Final = (
    Parameter("tax_rate", "percent", "The tax on credits that have no invoice line of their own."),
    Parameter("rating.tolerance", "money", "A line charged at most this much too high is not an error."),
    Parameter("rating.free_zones", "names", "Zones that are never charged."),
    Parameter("billing_error.enabled", "flag", "Whether billing errors are corrected."),
    Parameter("promised_price.enabled", "flag", "Whether promised prices are kept."),
    Parameter(
        "promised_price.grace_months",
        "months",
        "How long after its end a promise still holds for a device or one-off line that is billed late.",
    ),
    Parameter("no_lock_in.enabled", "flag", "Whether fees for leaving or changing tariff are given back."),
    Parameter("tariff_improvement.enabled", "flag", "Whether existing customers get better prices."),
    Parameter(
        "tariff_improvement.existing_first_days",
        "days",
        "Existing customers get a better price this many days before new ones.",
    ),
    Parameter("tariff_improvement.notice_days", "days", "Tariff-change orders go out this long ahead."),
    Parameter(
        "best_price.mode",
        "choice",
        "Whether a cheaper tariff is ignored, recommended or credited.",
        choices=("off", "advise", "credit"),
    ),
    Parameter("outage_credit.enabled", "flag", "Whether outages are credited."),
    Parameter(
        "outage_credit.schemes",
        "names",
        "What outages owe by: the greatest of these schemes.",
        choices=(
            "promise",
            "es-rd899-art15",
            "es-rd899-art16",
            "es-rd899-art16-automatic",
            "de-tkg58",
            "us-att-wireless",
            "us-att-fiber",
            "nl-tw71a",
        ),
    ),
    Parameter("outage_credit.percent", "percent", "The part of the Internet-access fee credited for each incident."),
    Parameter("outage_credit.min_minutes", "minutes", "Incidents shorter than this are not credited."),
    Parameter("outage_credit.cutoff_days", "days", "A cycle's bill is closed this many days before the cycle ends."),
    Parameter("dispute_refund.enabled", "flag", "Whether disputed amounts are refunded."),
    Parameter(
        "dispute_refund.minor_limit", "money", "A dispute of more gross than this is not refunded automatically."
    ),
    Parameter("dispute_refund.waiver_days", "days", "A refund that is not explained within this time stands."),
    Parameter("error_indemnity.enabled", "flag", "Whether wrong charges are compensated."),
    Parameter("error_indemnity.percent", "percent", "The part of what was charged wrongly that is paid on top."),
    Parameter(
        "collections.min_gross",
        "money",
        "What must be left of an invoice for a suspension or debtor listing over it to stand.",
    ),
)
"""Every parameter of `[policy]`."""

BY_NAME: Final = {parameter.name: parameter for parameter in PARAMETERS}


def parse_value(parameter: Parameter, raw: object, currency: str) -> Value:
    """Check a value as TOML gave it (decimals as Decimal) and return it in the parameter's unit.

    Raises:
        ValueError: it is of another type, out of range or too precise; the text says so in words.
    """
    match parameter.unit:
        case "flag":
            if isinstance(raw, bool):
                return raw
            raise ValueError(f"needs true or false, not {shown(raw)}")
        case "choice":
            if isinstance(raw, str) and raw in parameter.choices:
                return raw
            raise ValueError(f"needs {one_of(parameter.choices)}, not {shown(raw)}")
        case "names" if parameter.choices:
            return _parse_choices(parameter, raw)
        case "names":
            if isinstance(raw, list) and all(isinstance(name, str) and _IDENTIFIER.fullmatch(name) for name in raw):
                return tuple(raw)
            raise ValueError(f'needs a list of names, such as ["care"], not {shown(raw)}')
        case _:
            return parse_number(parameter.unit, raw, currency)


def _parse_choices(parameter: Parameter, raw: object) -> tuple[str, ...]:
    """Check a list of some of the parameter's choices, each of them once."""
    if not isinstance(raw, list) or not raw or not all(isinstance(name, str) for name in raw):
        raise ValueError(f'needs a list of names, such as ["{parameter.choices[0]}"], not {shown(raw)}')
    for name in raw:
        if name not in parameter.choices:
            raise ValueError(f'"{name}" is not known; {no_such("name", name, parameter.choices).partition("; ")[2]}')
        if raw.count(name) > 1:
            raise ValueError(f'names "{name}" more than once')
    return tuple(raw)


def parse_number(unit: Unit, raw: object, currency: str) -> int:
    """Check a number and return it in its unit's smallest part: 0.05 EUR is 5, 21 % is 210,000, 45 days are 45.

    Raises:
        ValueError: it is not a number, out of range or too precise; the text says so in words.
    """
    what = {"money": "an amount", "percent": "a percentage"}.get(unit, f"a whole number of {unit}")
    if isinstance(raw, bool) or not isinstance(raw, int | Decimal) or not Decimal(raw).is_finite():
        quotes = " without quotes" if isinstance(raw, str) else ""
        raise ValueError(f"needs {what}{quotes}, not {shown(raw)}")
    number = Decimal(raw)
    decimals = {"money": minor_digits(currency), "percent": PERCENT_DECIMALS}.get(unit, 0)
    maximum = MAX_MINOR // 10**decimals if unit == "money" else _MAXIMUM[unit]
    if number < 0:
        raise ValueError(f"must not be below 0, but is {number}")
    if number > maximum:
        raise ValueError(f"must not be above {maximum:,}, but is {number}")
    carried = number.quantize(Decimal(1).scaleb(-decimals))
    if carried != number:
        carrier = {"money": f"{currency} carries {decimals}", "percent": f"percentages carry {decimals}"}.get(unit)
        raise ValueError(f"has too many decimals: {number}; {carrier}" if carrier else f"needs {what}, not {number}")
    return int(carried.scaleb(decimals))


def shown(raw: object) -> str:
    """Return a value as its author wrote it, as far as a message needs it."""
    match raw:
        case bool():
            return str(raw).lower()
        case str():
            return f'"{raw}"'
        case dict():
            return "a table"
        case list():
            return "[" + ", ".join(shown(item) for item in raw) + "]"
        case None:
            return "nothing"
        case _:
            return str(raw)


def one_of(texts: Iterable[str]) -> str:
    """Return the choices as a sentence has them: `"off", "advise" or "credit"`."""
    *first, last = (f'"{text}"' for text in texts)
    return f"{', '.join(first)} or {last}"


def did_you_mean(text: str, known: Iterable[str], otherwise: str) -> str:
    """Return the hint at the nearest known text, or the other hint where nothing is near."""
    near = difflib.get_close_matches(text, known, n=1)
    return f"did you mean `{near[0]}`?" if near else otherwise


def no_such(what: str, text: str, known: Iterable[str]) -> str:
    """Return that there is no key (or input, or column) of this name, with the nearest known one or else all of them."""
    names = list(known)
    return f"there is no such {what}; {did_you_mean(text, names, 'known are ' + ', '.join(names))}"
