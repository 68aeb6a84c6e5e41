"""Tables as CSV files that spreadsheets and importers read alike (§9)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Final, Literal

import polars as pl

if TYPE_CHECKING:
    from pathlib import Path

Dialect = Literal["standard", "spanish"]

_FORMULA: Final = r"^[=+\-@\t\r]"


@dataclass(frozen=True)
class _Form:
    separator: str
    line_end: str
    decimal_comma: bool
    date_format: str
    byte_order_mark: bool


_FORMS: Final[dict[Dialect, _Form]] = {
    "standard": _Form(",", "\n", decimal_comma=False, date_format="%Y-%m-%d", byte_order_mark=False),
    "spanish": _Form(";", "\r\n", decimal_comma=True, date_format="%d/%m/%Y", byte_order_mark=True),
}


def write_csv(frame: pl.DataFrame, path: Path | IO[bytes], dialect: Dialect = "standard") -> None:
    """Write a frame of texts, integers, decimals, dates and booleans: the same frame always gives the same bytes.

    RFC 4180 in UTF-8, with the column names first. Decimals keep their scale (0.10), booleans are true and false, a null
    is an empty cell, an empty text is `""`. "standard" has `,`, `.` decimals, ISO dates and lines that end in LF;
    "spanish" has `;`, decimal comma, dd/mm/yyyy, a byte-order mark and CRLF, as a spreadsheet in Spain expects. A text
    that a spreadsheet would run as a formula (it begins with `=`, `+`, `-`, `@`, tab or CR) gets a leading `'`; a number
    does not.

    Raises:
        TypeError: a column is of another type, such as a binary float, whose text would not be exact.
    """
    for name, dtype in frame.schema.items():
        if not (dtype in (pl.String, pl.Boolean, pl.Date, pl.Null) or dtype.is_integer() or dtype.is_decimal()):
            raise TypeError(
                f"Column {name} is {dtype}: a CSV file holds texts, integers, decimals, dates and booleans."
            )
    form = _FORMS[dialect]
    frame.with_columns(cell(pl.col(pl.String), form.separator).name.keep()).write_csv(
        path,
        separator=form.separator,
        line_terminator=form.line_end,
        decimal_comma=form.decimal_comma,
        date_format=form.date_format,
        include_bom=form.byte_order_mark,
        quote_style="never",
    )


def cell(text: pl.Expr, separator: str) -> pl.Expr:
    """Return a text as it stands in a CSV file: no formula for a spreadsheet, and in quotes where it needs them.

    The quotes are written here, because Polars leaves a lone CR unquoted where lines end in LF.
    """
    plain = pl.when(text.str.contains(_FORMULA)).then(pl.lit("'") + text).otherwise(text)
    quoted = pl.lit('"') + plain.str.replace_all('"', '""', literal=True) + pl.lit('"')
    return pl.when(plain.str.contains(rf'^$|["\r\n{separator}]')).then(quoted).otherwise(plain)
