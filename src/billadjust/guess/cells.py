"""How the cells of a file are written, by looking at them: dates, decimals, and words that are not known."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from billadjust.guess.words import meanings
from billadjust.inputs.style import Style
from billadjust.schemas import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from billadjust.guess.sample import Sample
    from billadjust.schemas import Column, Table

ISO: Final = "%Y-%m-%d"

DATE_FORMATS: Final = (
    ISO,
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%d-%m-%Y",
    "%m-%d-%Y",
    "%d.%m.%Y",
    "%Y/%m/%d",
    "%Y%m%d",
    "%d/%m/%y",
    "%m/%d/%y",
    "%d-%m-%y",
    "%d.%m.%y",
)
"""The date formats that are tried; where several fit all cells, the first one is taken, and it is said so."""

AMOUNTS: Final = frozenset({Kind.MONEY, Kind.MICRO, Kind.PERCENT})
DATES: Final = frozenset({Kind.DATE, Kind.TIMESTAMP})

_NUMBER: Final = re.compile(r"[-+]?\d{1,3}(?:[ .,']?\d{3})*(?:[.,]\d+)?|[-+]?\d+(?:[.,]\d+)?")
_SHAPES: Final = {
    **dict.fromkeys(AMOUNTS, _NUMBER),
    **dict.fromkeys(DATES, re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}.*|\d{8}")),
    Kind.INTEGER: re.compile(r"-?\d+"),
    Kind.DIGITS: re.compile(r"\+?\d+"),
    Kind.TIME: re.compile(r"\d{1,2}:\d\d(?::\d\d)?"),
}
"""What a cell of a kind looks like, however a country writes it."""

_NAMED: Final = 3
"""How many words that are not known are named."""

_MOST: Final = 0.8
"""The share of cells that must look like a column's kind."""


@dataclass(frozen=True)
class Dates:
    """How dates are written (None: no format fits all), and whether day and month may be the other way round."""

    format: str | None
    ambiguous: bool = False


def fits(column: Column, cells: list[str]) -> bool:
    """Whether cells may be of a column's kind; empty columns fit all."""
    shape = _SHAPES.get(column.kind)
    return shape is None or sum(bool(shape.fullmatch(cell)) for cell in cells) >= _MOST * len(cells)


def decimal_comma(cells: Iterable[str]) -> bool:
    """Whether amounts are written with a decimal comma."""
    found = [cell for cell in cells if re.search(r"[.,]\d+$", cell)]
    return sum("," in cell and cell.rfind(",") > cell.rfind(".") for cell in found) * 2 > len(found)


def has_thousands(cells: Iterable[str]) -> str | None:
    """Return the first amount whose thousands are separated, which cannot be read."""
    return next((cell for cell in cells if re.fullmatch(r"[-+]?\d{1,3}(?:([.,' ])\d{3})+(?!\1)[.,]\d+", cell)), None)


def date_format(cells: list[str], usual: str | None = None) -> Dates:
    """Find the format that all dates (or the days of timestamps) are in; of several the usual one, which is then sure."""
    days = {re.split(r"[T ]", cell, maxsplit=1)[0] for cell in cells}
    fitting = [form for form in DATE_FORMATS if days and all(_is_date(day, form) for day in days)]
    if usual in fitting:
        return Dates(usual)
    return Dates(fitting[0], ambiguous=len(fitting) > 1) if fitting else Dates(None)


def foreign_words(table: Table, sample: Sample, columns: Mapping[str, str]) -> dict[str, dict[str, list[str]]]:
    """Find the words that are not ours in columns with a fixed set of words, and which of ours each may mean.

    `columns` maps our names to the file's, as the result does not: it has our name of a column, and the file's words.
    """
    found = {}
    for column in table.columns:
        if column.words and column.name in columns:
            words = set(sample.cells(columns[column.name]))
            known = {
                word
                for word in words
                if word in column.words or (column.kind is Kind.BOOLEAN and word.lower() in column.words)
            }
            if foreign := sorted(words - known):
                found[column.name] = {word: meanings(word, column.words) for word in foreign}
    return found


def doubtful_words(words: Mapping[str, Mapping[str, list[str]]], columns: Mapping[str, str]) -> list[str]:
    """Name the words that mean nothing known, or one of several things."""
    doubts = []
    for column, meant in words.items():
        unknown = [word for word, ours in meant.items() if not ours]
        several = [f"{word} ({' or '.join(ours)})" for word, ours in meant.items() if len(ours) > 1]
        if unknown:
            named = ", ".join(unknown[:_NAMED]) + (", …" if len(unknown) > _NAMED else "")
            doubts.append(f"{columns[column]} has {named}: say in `words.{column}` what that means")
        if several:
            doubts.append(
                f"{columns[column]} has {', '.join(several)}: see whether `words.{column}` says what is meant"
            )
    return doubts


def _is_date(text: str, form: str) -> bool:
    shape = Style(2, "UTC", date_format=form).date_shape
    if not re.fullmatch(shape, text):
        return False
    try:
        datetime.strptime(text, form)  # noqa: DTZ007  # only whether there is such a day
    except ValueError:
        return False
    return True
