"""The journal in the layout of a bookkeeping program."""

from __future__ import annotations

from dataclasses import dataclass
from string import Formatter
from typing import TYPE_CHECKING, Final

import polars as pl

from billadjust.figures import plain
from billadjust.money import as_decimal, to_text
from billadjust.outputs.csvfile import cell

if TYPE_CHECKING:
    from pathlib import Path

    from billadjust.layouts import Column, Layout

AMOUNTS: Final = ("debit", "credit")
NUMBERS: Final = ("{debit}", "{credit}", "{number}", "{leg}")
"""Columns that are numbers, and so never quoted: a decimal comma stands only where the separator is another sign."""

_LINE_ENDS: Final = {"lf": "\n", "crlf": "\r\n"}
_ROWS: Final = 100_000


@dataclass(frozen=True)
class LayoutFile:
    """A journal (schemas.Journal) to be written in a layout; `rows` and `totals` are for the manifest."""

    journal: pl.DataFrame
    layout: Layout
    digits: int

    @property
    def rows(self) -> int:
        """How many legs there are."""
        return self.journal.height

    @property
    def totals(self) -> dict[str, str]:
        """What they debit and credit in all."""
        return {side: str(as_decimal(int(self.journal[side].sum()), self.digits)) for side in AMOUNTS}

    def write(self, path: Path) -> None:
        """Write the file."""
        write_layout(self.journal, self.layout, self.digits, path)


def write_layout(journal: pl.DataFrame, layout: Layout, digits: int, path: Path) -> None:
    """Write a journal (schemas.Journal) as a layout says.

    Texts stand in one line and in the direction of writing; between separators one that a spreadsheet would run as a
    formula gets a leading `'`, and what needs quotes has them. A text is cut at its column's width; a sign that the
    encoding does not have becomes `?`.
    """
    line_end = _LINE_ENDS[layout.line_end]
    written = [_written(_value(column, layout, digits), column, layout) for column in layout.columns]
    lines = journal.lazy().select(pl.concat_str(written, separator=layout.separator))
    names = [_placed(pl.lit(column.name), column, layout) for column in layout.columns]
    head = pl.select(pl.concat_str(names, separator=layout.separator))
    parts = [head] if layout.header else []
    with path.open("w", encoding=layout.encoding, errors="replace", newline="") as file:
        for part in (*parts, *lines.collect(engine="streaming").iter_slices(_ROWS)):
            file.write(part.to_series().str.join(line_end).item() + line_end)


def _written(value: pl.Expr, column: Column, layout: Layout) -> pl.Expr:
    """Return a column's value as it stands in a line."""
    if column.width is not None:
        value = value.str.slice(0, column.width)
    if column.first_leg_only:
        value = pl.when(pl.col("leg") == 1).then(value).otherwise(pl.lit(""))
    return value if layout.separator and column.value in NUMBERS else _placed(value, column, layout)


def _placed(text: pl.Expr, column: Column, layout: Layout) -> pl.Expr:
    """Quote a text where it needs it, or fill its width; an empty cell is empty."""
    if layout.separator:
        return pl.when(text == "").then(text).otherwise(cell(text, layout.separator))
    width = column.width or 0
    cut = text.str.slice(0, width)
    return cut.str.pad_start(width) if column.align == "right" else cut.str.pad_end(width)


def _value(column: Column, layout: Layout, digits: int) -> pl.Expr:
    """Fill a column's text with the fields of the journal."""
    parts: list[pl.Expr] = []
    for literal, name, _, _ in Formatter().parse(column.value):
        parts.append(pl.lit(literal))
        if name in AMOUNTS:
            parts.append(to_text(pl.col(name), digits).str.replace(".", layout.decimal, literal=True))
        elif name == "date":
            parts.append(pl.col(name).dt.to_string(layout.date_format))
        elif name is not None:
            parts.append(plain(pl.col(name).cast(pl.String)).fill_null(""))
    return pl.concat_str(parts)
