"""One input while it is being checked: what is left of it, and why the rest is not."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import polars as pl

from billadjust.inputs.grammar import is_missing, shown, value
from billadjust.inputs.read import FILE_STEP, ROW
from billadjust.phrases import phrase

if TYPE_CHECKING:
    from billadjust.inputs.style import Style
    from billadjust.schemas import Table


@dataclass
class Reading:
    """One input while it is being checked.

    `first` are the typed rows that keep the rules of their own columns, `typed` the same after later passes, `bad` the others as
    text. `reasons` (frame `REASONS`) says what was rejected so far; `fallen` are the typed rows among it, and `aside` those
    and the repeats: typed rows that are not used.
    """

    table: Table
    files: list[str]
    style: Style
    first: pl.LazyFrame
    bad: pl.LazyFrame
    reasons: pl.DataFrame
    typed: pl.LazyFrame = field(init=False)
    fallen: pl.DataFrame = field(init=False)
    aside: pl.DataFrame = field(init=False)
    repeats: int = 0

    def __post_init__(self) -> None:
        """Begin with all typed rows in use."""
        self.typed = self.first
        self.fallen = self.aside = pl.DataFrame(schema={ROW: pl.Int64})

    @property
    def rows(self) -> pl.LazyFrame:
        """The typed rows that nothing has rejected so far, with `_row`."""
        return self.typed.join(self.aside.lazy(), on=ROW, how="anti") if self.aside.height else self.typed

    def reject(self, rows: pl.LazyFrame, columns: tuple[str, ...], reason: str | pl.Expr) -> None:
        """Leave typed rows out; `columns` are to blame, `reason` says why."""
        cells = [shown(self.table.column(name), pl.col(name), self.style) for name in columns]
        why = pl.lit(reason) if isinstance(reason, str) else reason
        found = rows.select(
            ROW,
            pl.lit(", ".join(columns)).alias("column"),
            pl.concat_str(cells, separator=", ", ignore_nulls=True).alias("value"),
            why.alias("reason"),
        ).collect(engine="streaming")
        self.reasons = pl.concat([self.reasons, found])
        self.fallen = pl.concat([self.fallen, found.select(ROW)]).unique()
        self.leave_out(found)

    def leave_out(self, rows: pl.DataFrame) -> None:
        """Use these typed rows no more."""
        self.aside = pl.concat([self.aside, rows.select(ROW)]).unique()

    def rejected(self, *names: str) -> pl.LazyFrame:
        """What can be read of these columns in the rejected rows: blanks around a cell are taken off, null is unreadable or empty.

        `named X` says of a column X whether its cell had anything in it. Rows without anything in any cell, as spreadsheets
        leave them below a table, say nothing and are left out.
        """
        columns = [self.table.column(name) for name in names]
        says_something = [~is_missing(pl.col(name).str.strip_chars()) for name in self.table.schema]
        read = self.bad.filter(pl.any_horizontal(says_something)).select(
            *[
                value(column, pl.col(column.name).str.strip_chars(), self.style).alias(column.name)
                for column in columns
            ],
            *[(~is_missing(pl.col(name).str.strip_chars())).alias(f"named {name}") for name in names],
        )
        if not self.fallen.height:
            return read
        fallen = self.first.join(self.fallen.lazy(), on=ROW, how="semi")
        return pl.concat(
            [read, fallen.select(*names, *[pl.col(name).is_not_null().alias(f"named {name}") for name in names])]
        )

    def place(self, row: pl.Expr) -> pl.Expr:
        """Where a row stands, in words: `accounts.csv, line 7`."""
        names = (row // FILE_STEP).replace_strict(dict(enumerate(self.files)), return_dtype=pl.String)
        return phrase("{}, line {}", names, row % FILE_STEP)
