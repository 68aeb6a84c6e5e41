"""The reference schemes for outages: members of one family, as data with dates and sources (§6.5, outage_schemes.toml)."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Final, Literal

from billadjust.dated import parse_dated
from billadjust.parameters import Parameter

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from billadjust.dated import Dated

CURRENCY: Final = "EUR"
"""The currency of the amounts in the schemes."""

PROMISE: Final = "promise"
"""The operator's own scheme, and the parameters that it has from the policy."""

FROM_POLICY: Final = {"percent": "outage_credit.percent", "min_minutes": "outage_credit.min_minutes"}

FAMILY: Final = (
    Parameter("min_minutes", "minutes", "Shorter incidents owe nothing."),
    Parameter("over_minutes", "minutes", "Incidents that are not longer than this owe nothing."),
    Parameter("from_hour", "h", "Only what is lost after this hour of the day counts for that."),
    Parameter("to_hour", "h", "Only what is lost before this hour of the day counts for that."),
    Parameter("percent", "percent", "The part of the fee that each incident owes."),
    Parameter("times", "times", "How often the fee is owed for the time lost, as a part of the cycle."),
    Parameter("bill_months", "months", "The average bill of these months is owed for the time lost."),
    Parameter("first_day", "days", "From this day after that of the start on a calendar day owes something."),
    Parameter("first_amount", "money", "What such a day owes."),
    Parameter("first_percent", "percent", "The part of the fee that such a day owes, if that is more."),
    Parameter("later_day", "days", "From this day on it is more."),
    Parameter("later_amount", "money", "What such a later day owes."),
    Parameter("later_percent", "percent", "The part of the fee that such a later day owes, if that is more."),
    Parameter(
        "parts_of_fee",
        "parts",
        "Each 24 hours begun owe the fee divided by this; 0: by the days of the cycle.",
    ),
    Parameter("least", "money", "What an incident owes at least, if it owes anything."),
    Parameter("at_most_fee", "flag", "Whether the incidents of a cycle owe together at most the fee."),
)
"""The parameters of the family; a scheme does without those that it has no value for. The greatest counts of what its
`percent`, `times`, `bill_months`, days and 24 hours owe."""

Service = Literal["internet", "telephone"]
Fee = Literal["internet", "telephone", "monthly"]


@dataclass(frozen=True)
class Scheme:
    """A member of the family.

    `law`: how people call it. `service`: whose outages it is about. `fee`: what it computes with: the part of the monthly fee
    that pays for Internet access, the rest of it (`telephone`), or all of it. `values`: its parameters, oldest value first.
    """

    name: str
    law: str
    service: Service
    fee: Fee
    values: Mapping[str, tuple[Dated, ...]]

    @property
    def since(self) -> date:
        """The first day on which all of its parameters have a value."""
        return max(values[0].from_ for values in self.values.values())

    @property
    def has_amounts(self) -> bool:
        """Whether one of its parameters is an amount of money."""
        return any(parameter.unit == "money" and parameter.name in self.values for parameter in FAMILY)


@cache
def shipped_schemes() -> Mapping[str, Scheme]:
    """Return the schemes of the package by name; `promise` without what it has from the policy."""
    text = resources.files("billadjust").joinpath("outage_schemes.toml").read_text(encoding="utf-8")
    schemes = {}
    for name, table in tomllib.loads(text, parse_float=Decimal).items():
        values = {
            parameter.name: parse_dated(parameter, table[parameter.name], CURRENCY)[0]
            for parameter in FAMILY
            if parameter.name in table
        }
        schemes[name] = Scheme(name, table["law"], table["service"], table["fee"], values)
    return schemes
