"""What an input is made of: tables, their columns, and the kinds of value that these hold."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import polars as pl


class Kind(StrEnum):
    """What a column of an input holds, and so how its text is checked and what it becomes."""

    IDENTIFIER = "identifier"  # String: 1 to 64 characters, no `|`, control characters or surrounding blanks
    TEXT = "text"  # String
    ENUM = "enumeration"  # String, one of `values`
    BOOLEAN = "true/false"  # Boolean
    INTEGER = "integer"  # Int64
    DATE = "date"  # Date
    TIME = "time"  # Int64: seconds since local midnight, `24:00` is 86,400
    TIMESTAMP = "timestamp"  # Datetime("us", "UTC")
    MONEY = "money"  # Int64 minor units; as many decimals as the currency has
    MICRO = "decimal"  # Int64 millionths; up to 6 decimals (fees, prices, quantities, charged)
    PERCENT = "percent"  # Int64 ten-thousandths of a percent; up to 4 decimals
    DIGITS = "digits"  # String of 1 to 15 digits; a leading `+` is dropped where `plus` allows it
    IDENTIFIERS = "identifiers"  # String: identifiers joined by `|`, or `*`


DTYPES: Final[dict[Kind, pl.DataType]] = {
    Kind.IDENTIFIER: pl.String(),
    Kind.TEXT: pl.String(),
    Kind.ENUM: pl.String(),
    Kind.BOOLEAN: pl.Boolean(),
    Kind.INTEGER: pl.Int64(),
    Kind.DATE: pl.Date(),
    Kind.TIME: pl.Int64(),
    Kind.TIMESTAMP: pl.Datetime("us", "UTC"),
    Kind.MONEY: pl.Int64(),
    Kind.MICRO: pl.Int64(),
    Kind.PERCENT: pl.Int64(),
    Kind.DIGITS: pl.String(),
    Kind.IDENTIFIERS: pl.String(),
}


@dataclass(frozen=True)
class Column:
    """One column of an input: its kind, whether it must be there, its default and its range.

    `minimum` and `maximum` are in the unit of the file (a percent, a fee in whole currency units), and inclusive.
    `above_zero` demands a value greater than 0.
    """

    name: str
    kind: Kind
    doc: str
    required: bool = False
    default: str | None = None
    values: tuple[str, ...] = ()
    minimum: int | None = None
    maximum: int | None = None
    above_zero: bool = False
    plus: bool = False

    @property
    def words(self) -> tuple[str, ...]:
        """The words that its cells are taken from; none where they are not a fixed set."""
        return ("true", "false") if self.kind is Kind.BOOLEAN else self.values

    @property
    def is_number(self) -> bool:
        """Whether it holds decimal or whole numbers."""
        return self.kind in {Kind.INTEGER, Kind.MONEY, Kind.MICRO, Kind.PERCENT}

    @property
    def dtype(self) -> pl.DataType:
        """The Polars type that the checked column has."""
        return DTYPES[self.kind]


@dataclass(frozen=True)
class Table:
    """One input: its columns, its key, and what it is."""

    name: str
    doc: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    required: bool = False

    @property
    def schema(self) -> pl.Schema:
        """The schema of the checked table (nothing but the columns of the specification)."""
        return pl.Schema({column.name: column.dtype for column in self.columns})

    def column(self, name: str) -> Column:
        """Return the column of this name; KeyError if there is none."""
        return next(column for column in self.columns if column.name == name)
