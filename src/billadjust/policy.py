"""The policy: dated parameters, each value with its reference, joined to rows by the rows' own date (§3)."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, replace
from datetime import date
from decimal import ROUND_FLOOR, Decimal
from functools import cache
from importlib import resources
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, Final, cast

import polars as pl

from billadjust.dated import Dated, holding, parse_dated
from billadjust.errors import ConfigError
from billadjust.money import as_decimal, minor_digits
from billadjust.outage_schemes import CURRENCY, FAMILY, FROM_POLICY, PROMISE, Scheme, shipped_schemes
from billadjust.parameters import BY_NAME, PARAMETERS, PERCENT_DECIMALS, Parameter, Value, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["PARAMETERS", "Dated", "InForce", "Parameter", "Policy", "read_policy"]

SCHEMES: Final = "outage_credit.schemes"
"""The parameter that chooses the schemes for outages."""

_DTYPES: Final[dict[str, pl.DataType]] = {
    "flag": pl.Boolean(),
    "choice": pl.String(),
    "names": pl.List(pl.String()),
}
"""The type of a unit's values in an expression; numbers are Int64."""


@dataclass(frozen=True)
class InForce:
    """A parameter as people read it: its value on a day, since when (None: always), and what it rests on."""

    name: str
    value: str
    unit: str
    since: date | None
    reference: str


@dataclass(frozen=True)
class Policy:
    """The values of all parameters, and the currency and time zone that they are in.

    `values` maps each name to its values, oldest first. Money is in minor units of the currency, a percentage in
    ten-thousandths of a percent (21 % is 210,000), days, minutes and months as they are.
    """

    currency: str
    timezone: str
    values: Mapping[str, tuple[Dated, ...]]

    @staticmethod
    def of(
        table: Mapping[str, object] | None = None, *, currency: str = "EUR", timezone: str = "Europe/Madrid"
    ) -> Policy:
        """Return the default policy with the given values in place of its own: `{"tax_rate": 10}`.

        Raises:
            ConfigError: an unknown name or a wrong value; all of them in one message.
        """
        policy, problems = read_policy(table or {}, currency=currency, timezone=timezone)
        if problems:
            raise ConfigError("The policy is wrong:\n" + "\n".join(f"  {problem}" for problem in problems))
        return policy

    @property
    def digits(self) -> int:
        """The decimals of an amount of the policy's currency."""
        return minor_digits(self.currency)

    def expr(self, name: str, on: pl.Expr) -> pl.Expr:
        """Return the value in force on each row's own date, as an expression named like the parameter.

        Int64 for numbers, Boolean for flags, String for choices, List(String) for names. Null where the date is null
        or before the first value: `require` makes sure beforehand that this cannot happen.
        """
        dtype = _DTYPES.get(BY_NAME[name].unit, pl.Int64())
        chain = pl.lit(None, dtype=dtype)
        for dated in self.values[name]:
            value = list(dated.value) if isinstance(dated.value, tuple) else dated.value
            chain = pl.when(on >= pl.lit(dated.from_)).then(pl.lit(value, dtype=dtype)).otherwise(chain)
        return chain.alias(name)

    def reference(self, name: str, on: pl.Expr) -> pl.Expr:
        """Return what the value in force on each row's own date rests on (String)."""
        chain = pl.lit(None, dtype=pl.String)
        for dated in self.values[name]:
            chain = pl.when(on >= pl.lit(dated.from_)).then(pl.lit(dated.reference)).otherwise(chain)
        return chain.alias(name)

    def at(self, name: str, on: date) -> Value:
        """Return the value in force on a day.

        Raises:
            ConfigError: the parameter has no value on that day.
        """
        return self._dated(name, on).value

    def require(self, name: str, earliest: date | None) -> None:
        """Make sure that a parameter has a value on the earliest date it is asked for (None: it is not asked for).

        Without this, `expr` would be null there, and a null would silently drop a credit.

        Raises:
            ConfigError: it has none.
        """
        if earliest is not None:
            self._dated(name, earliest)

    def require_schemes(self, earliest: date | None) -> None:
        """Make sure that the schemes for outages have values on the earliest date they are asked for, as `require` does.

        Raises:
            ConfigError: one of them does not hold yet.
        """
        if earliest is None:
            return
        self._dated(SCHEMES, earliest)
        for dated, following in zip_longest(self.values[SCHEMES], self.values[SCHEMES][1:]):
            if following is not None and following.from_ <= earliest:
                continue
            start = max(dated.from_, earliest)
            for scheme in self._schemes(dated):
                if scheme.since > start:
                    raise ConfigError(
                        f"The scheme {scheme.name} of {SCHEMES} holds from {scheme.since}, but the policy asks for it on "
                        f'{start}. Name it from that date on: {SCHEMES} = [{{ from = …, value = ["{PROMISE}"] }}, '
                        f'{{ from = {scheme.since}, value = ["{scheme.name}"] }}]; if no export should have the date {start}, '
                        "correct it there."
                    )

    def schemes(self, on: date) -> list[Scheme]:
        """Return the schemes for outages that are asked for on a day, in the order of the policy; the greatest counts.

        Raises:
            ConfigError: the policy names none on that day.
        """
        return self._schemes(self._dated(SCHEMES, on))

    @property
    def credits_telephone(self) -> bool:
        """Whether a scheme for outages of the telephone is asked for on any day."""
        every = (scheme for dated in self.values[SCHEMES] for scheme in self._schemes(dated))
        return any(scheme.service == "telephone" for scheme in every)

    @property
    def compares_schemes(self) -> bool:
        """Whether several schemes are asked for on any day."""
        return any(len(self._schemes(dated)) > 1 for dated in self.values[SCHEMES])

    @property
    def scheme_parameters(self) -> frozenset[str]:
        """The parameters of all schemes for outages that are asked for on any day."""
        return frozenset(
            name for dated in self.values[SCHEMES] for scheme in self._schemes(dated) for name in scheme.values
        )

    @property
    def credits_by_law(self) -> bool:
        """Whether another scheme than the promise is asked for on any day."""
        return any(_names(dated) != (PROMISE,) for dated in self.values[SCHEMES])

    def _schemes(self, dated: Dated) -> list[Scheme]:
        own = {name: self.values[source] for name, source in FROM_POLICY.items()}
        named = [shipped_schemes()[name] for name in _names(dated)]
        return [
            replace(scheme, values={**scheme.values, **own}) if scheme.name == PROMISE else scheme for scheme in named
        ]

    def in_force(self, on: date) -> list[InForce]:
        """Return every parameter as people read it on a day; a value that is not there yet reads "none"."""
        rows = []
        for parameter in PARAMETERS:
            dated = holding(self.values[parameter.name], on)
            if dated is None:
                rows.append(InForce(parameter.name, "none", "", None, ""))
                continue
            since = None if dated.from_ == date.min else dated.from_
            rows.append(InForce(parameter.name, *self._read(parameter, dated.value), since, dated.reference))
            if parameter.name == SCHEMES:
                rows += self._schemes_in_force(dated, on)
        return rows

    def _schemes_in_force(self, chosen: Dated, on: date) -> list[InForce]:
        """Return the parameters of the chosen schemes, but for those that the policy has itself."""
        return [
            InForce(
                f"{scheme.name}.{parameter.name}", *self._read(parameter, dated.value), dated.from_, dated.reference
            )
            for scheme in self._schemes(chosen)
            if scheme.name != PROMISE
            for parameter in FAMILY
            if parameter.name in scheme.values and (dated := holding(scheme.values[parameter.name], on))
        ]

    def _dated(self, name: str, on: date) -> Dated:
        dated = holding(self.values[name], on)
        if dated is None:
            first = self.values[name][0].from_
            raise ConfigError(
                f"The policy parameter {name} has no value on {on}: its first value holds from {first}. "
                "Give it an earlier value under [policy] in billadjust.toml; if no export should have that date, correct it "
                "there."
            )
        return dated

    def _read(self, parameter: Parameter, value: Value) -> tuple[str, str]:
        """Return a value and its unit as people read them: 5 is ("0.05", "EUR")."""
        match value:
            case bool():
                return str(value).lower(), ""
            case str():
                return value, ""
            case tuple():
                return ", ".join(value) or "none", ""
        if parameter.unit == "money":
            return f"{as_decimal(value, self.digits):f}", self.currency
        if parameter.unit == "percent":
            percent = f"{as_decimal(value, PERCENT_DECIMALS):f}"
            return percent.rstrip("0").rstrip("."), "%"
        return str(value), parameter.unit


def read_policy(table: Mapping[str, object], *, currency: str, timezone: str) -> tuple[Policy, list[str]]:
    """Read the table `[policy]`, nested or with dotted names, and put its values in place of the defaults.

    A plain value holds from the beginning of time. A list of `{ from, value, reference }` replaces all the defaults of
    its parameter.

    Returns:
        The policy, and what is wrong with the table: a line for each mistake, with its key path.
    """
    problems: list[str] = []
    values = dict(_defaults(currency))
    for name, raw in _parameters(table):
        parameter = BY_NAME.get(name)
        if parameter is None:
            hint = did_you_mean(name, BY_NAME, "`billadjust policy` lists all of them")
            problems.append(f"policy.{name}: there is no such parameter; {hint}")
            continue
        values[name], wrong = parse_dated(parameter, raw, currency)
        problems.extend(f"policy.{name}{problem}" for problem in wrong)
    if currency != CURRENCY and not any(problem.startswith(f"policy.{SCHEMES}") for problem in problems):
        foreign = {name for dated in values[SCHEMES] for name in _names(dated) if shipped_schemes()[name].has_amounts}
        problems += [
            f"policy.{SCHEMES}: {name} has amounts in {CURRENCY}, and the currency is {currency}; leave it out"
            for name in sorted(foreign)
        ]
    return Policy(currency, timezone, values), problems


def _parameters(table: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Go through a nested table and give each parameter's full name and what stands there."""
    for key, raw in table.items():
        name = prefix + key
        if isinstance(raw, dict) and name not in BY_NAME:
            yield from _parameters(raw, f"{name}.")
        else:
            yield name, raw


def _names(chosen: Dated) -> tuple[str, ...]:
    """Return the names that a value of `SCHEMES` holds."""
    return cast("tuple[str, ...]", chosen.value)


@cache
def _defaults(currency: str) -> dict[str, tuple[Dated, ...]]:
    """Return the package's values, the amounts rounded down to what the currency carries.

    Every amount is a threshold that is compared with whole minor units, so rounding it down decides nothing: at most
    0.05 yen too much is at most 0.
    """
    text = resources.files("billadjust").joinpath("policy.toml").read_text(encoding="utf-8")
    step = Decimal(1).scaleb(-minor_digits(currency))
    defaults: dict[str, tuple[Dated, ...]] = {}
    for name, raw in _parameters(tomllib.loads(text, parse_float=Decimal)):
        parameter = BY_NAME[name]
        money = parameter.unit == "money"
        entries = [entry | {"value": entry["value"].quantize(step, ROUND_FLOOR)} for entry in raw] if money else raw
        defaults[name], _ = parse_dated(parameter, entries, currency)
    return defaults
