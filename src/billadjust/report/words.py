"""The texts of the page in a language, and figures as people of the language write them."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Final

import polars as pl

from billadjust.figures import amount_text, date_text, number_text, plain
from billadjust.money import as_decimal
from billadjust.phrasebook import MONTHS, MONTHS_OF_YEAR, flat, packaged

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date

    from billadjust.phrasebook import Texts

LONGEST: Final = 200
"""Characters of a text from the inputs that are shown."""

MINUS: Final = "\N{MINUS SIGN}"

_SCALES: Final = {6: "millions", 3: "thousands"}
"""How an axis shows values of this many digits before their first one, and more."""


@cache
def texts_of(language: str) -> Texts:
    """Return the texts of the page, with the package's formats of the language; months are short."""
    file = resources.files("billadjust.report").joinpath("texts", f"{language}.toml")
    own = dict(flat(tomllib.loads(file.read_text("utf-8"))))
    short = {f"{MONTHS}.{number}": own[f"months.{number}"] for number in range(1, MONTHS_OF_YEAR + 1)}
    return {**packaged()[language], **own, **short}


class Words:
    """Says things in a language; every figure has the format of its kind. `digits` are the currency's decimals."""

    def __init__(self, language: str, currency: str, digits: int) -> None:
        """Read the texts of the language."""
        self.language = language
        self.currency = currency
        self.digits = digits
        self._texts = texts_of(language)
        self._long = packaged()[language]
        self._written: dict[tuple[str, str], str] = {}

    def say(self, key: str, **figures: object) -> str:
        """Return a text with its figures filled in; KeyError if there is no such text."""
        return self._texts[key].format_map(figures)

    def count(self, key: str, n: int, **figures: object) -> str:
        """Return the text for one or for several."""
        return self.say(f"{key}.{'one' if n == 1 else 'other'}", n=self.number(n), **figures)

    def counted(self, noun: str, n: int) -> str:
        """Return a number with its noun: 3 customers."""
        return self.count(f"counted.{noun}", n)

    def money(self, amount: int) -> str:
        """Write an amount of minor units: -990 is −€9.90."""
        return self.amount(str(as_decimal(amount, self.digits)))

    def amount(self, text: str) -> str:
        """Write an amount given as a text: 1234.50 is €1,234.50."""
        return self._signed("amount", text)

    def money_axis(self, amounts: Sequence[int]) -> tuple[str, list[str]]:
        """Return the unit in which an axis shows amounts, and each of them."""
        return self._axis(amounts, self.digits, self.currency)

    def count_axis(self, noun: str) -> Callable[[Sequence[int]], tuple[str, list[str]]]:
        """Return what says in which unit an axis counts what the noun says, and writes its numbers."""
        return lambda numbers: self._axis(numbers, 0, self.say(f"columns.{noun}"))

    def short(self, amount: int) -> str:
        """Write an amount for an axis that names the currency itself, without needless decimals: 50 is 0.5."""
        return self.number(f"{as_decimal(amount, self.digits).normalize():f}")

    def number(self, number: int | str) -> str:
        """Write a number: 1234567 is 1,234,567."""
        return self._signed("number", str(number))

    def percent(self, text: str) -> str:
        """Write a percentage."""
        return self.say("format.percent", number=self.number(text))

    def long_day(self, day: date) -> str:
        """Write a day in full: 29 August 2026."""
        return self._write("long_day", day.isoformat())

    def day(self, day: date | str) -> str:
        """Write a day for a table, from a date or its ISO 8601: 29 Aug 2026."""
        return self._write("day", str(day))

    def day_of_month(self, day: date) -> str:
        """Write a day for an axis: 29 Aug."""
        return self._write("day_of_month", day.isoformat())

    def moment(self, moment: str) -> str:
        """Write a moment, given as ISO 8601: 25 Aug 2026, 14:00."""
        return self._write("moment", moment)

    def quote(self, text: object) -> str:
        """Show a text from the inputs: in one line, without what could disturb it, and not too long."""
        shown = self._write("plain", "" if text is None else str(text))
        return shown if len(shown) <= LONGEST else f"{shown[: LONGEST - 1]}…"

    def _axis(self, values: Sequence[int], digits: int, unit: str) -> tuple[str, list[str]]:
        """Show large values in thousands or millions, so that they stay short."""
        largest = max(map(abs, values))
        power = next((power for power in _SCALES if largest >= 10 ** (digits + power + 1)), 0)
        shown = (as_decimal(value, digits + power).normalize() for value in values)
        return self.say(f"axis.{_SCALES.get(power, 'ones')}", unit=unit), [self.number(f"{one:f}") for one in shown]

    def _signed(self, kind: str, text: str) -> str:
        return MINUS + self._write(kind, text[1:]) if text.startswith("-") else self._write(kind, text)

    def _write(self, kind: str, text: str) -> str:
        """Write one figure with the expressions that write columns of them; the same one is written once."""
        key = (kind, text)
        if key not in self._written:
            self._written[key] = pl.select(self._expression(kind, pl.lit(text))).item()
        return self._written[key]

    def _expression(self, kind: str, value: pl.Expr) -> pl.Expr:
        match kind:
            case "amount":
                return amount_text(value, pl.lit(self.currency), self._texts)
            case "number":
                return number_text(value, self._texts)
            case "plain":
                return plain(value)
            case "long_day":
                return date_text(value, self._long, "date")
            case _:
                return date_text(value, self._texts, kind)
