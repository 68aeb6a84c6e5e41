"""Tables as one Excel workbook (XLSX), with numbers and dates that a spreadsheet can compute with."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Final

import polars as pl
import xlsxwriter
from xlsxwriter.utility import xl_col_to_name

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from pathlib import Path

    from xlsxwriter.format import Format
    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

MOST_ROWS: Final = 1_048_576
"""Rows of a sheet, its header and its totals among them."""
LONGEST_TEXT: Final = 32_767
"""Characters of a cell, as Excel counts them: 2 for those beyond U+FFFF."""

_DAY_ZERO: Final = date(1899, 12, 30)
_WIDEST: Final = 60
_NARROWEST: Final = 8


def write_workbook(path: Path, tables: Mapping[str, pl.DataFrame], added: Collection[str], as_of: date) -> None:
    """Write each table to a sheet of its name: the same tables always give the same bytes.

    A table has columns of texts, numbers and dates; decimals are shown with the decimals that they have. The header stays in sight and has a filter; the last row
    adds up the columns that `added` names, with formulas that a spreadsheet computes again. A table with more rows than
    a sheet has goes on in the sheet `NAME (2)`, and its totals are on the last. A text is never a formula; one that is
    longer than a cell is cut, and ends in an ellipsis. `as_of` is written as the day on which the file was made.
    """
    options = {"constant_memory": True, "use_zip64": True}
    # Opened here: where it cannot be, nothing was written to temporary files yet.
    with path.open("wb") as file, xlsxwriter.Workbook(file, options) as workbook:
        workbook.set_properties({"created": datetime(as_of.year, as_of.month, as_of.day)})  # noqa: DTZ001  # no clock
        for name, table in tables.items():
            _write_table(workbook, name, table, [column for column in table.columns if column in added])


def _write_table(workbook: Workbook, name: str, table: pl.DataFrame, added: list[str]) -> None:
    header = workbook.add_format({"bold": True, "bottom": 1})
    formats = {column: workbook.add_format(_shown(dtype)) for column, dtype in table.schema.items()}
    cells = table.select(_cell(pl.col(column), dtype) for column, dtype in table.schema.items())
    ranges: dict[str, list[str]] = {column: [] for column in added}
    slices = list(cells.iter_slices(MOST_ROWS - 2)) or [cells]
    for number, part in enumerate(slices, start=1):
        title = name if number == 1 else f"{name} ({number})"
        sheet = workbook.add_worksheet(title)
        sheet.freeze_panes(1, 0)
        for place, (column, dtype) in enumerate(table.schema.items()):
            sheet.set_column(place, place, _width(part[column], column, dtype))
        sheet.write_row(0, 0, table.columns, header)
        _write_rows(sheet, part, formats)
        sheet.autofilter(0, 0, part.height, part.width - 1)
        for column in added:
            letter = xl_col_to_name(table.columns.index(column))
            ranges[column].append(f"'{title}'!{letter}2:{letter}{part.height + 1}")
    if table.height:
        _write_totals(workbook, sheet, part.height + 1, table, ranges)


def _write_rows(sheet: Worksheet, part: pl.DataFrame, formats: Mapping[str, Format]) -> None:
    """Write the cells one by one, the library's only way: a million of them take seconds."""
    writers: list[tuple[int, Callable[..., int], Format]] = [
        (place, sheet.write_string if dtype == pl.String else sheet.write_number, formats[column])
        for place, (column, dtype) in enumerate(part.schema.items())
    ]
    for row, values in enumerate(part.iter_rows(), start=1):
        for (place, write, form), value in zip(writers, values, strict=True):
            if value is not None:
                write(row, place, value, form)


def _write_totals(
    workbook: Workbook, sheet: Worksheet, row: int, table: pl.DataFrame, ranges: Mapping[str, list[str]]
) -> None:
    sheet.write_string(row, 0, "Total", workbook.add_format({"bold": True, "top": 1}))
    for column, cells in ranges.items():
        form = workbook.add_format({"bold": True, "top": 1, **_shown(table.schema[column])})
        total = float(table[column].sum())
        sheet.write_formula(row, table.columns.index(column), f"=SUM({','.join(cells)})", form, total)


def _cell(value: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """Turn a value into what a cell holds: a text, or a number (dates are days)."""
    if dtype == pl.Date:
        return (value - pl.lit(_DAY_ZERO)).dt.total_days()
    if dtype == pl.String:
        # Every character may count twice; few texts are so long that it matters.
        units = value.str.len_chars() + value.str.count_matches(r"[\x{10000}-\x{10FFFF}]")
        cut = value.str.head(LONGEST_TEXT // 2) + "…"
        return pl.when(units > LONGEST_TEXT).then(cut).otherwise(value).name.keep()
    return value.cast(pl.Float64) if dtype.is_decimal() else value


def _shown(dtype: pl.DataType) -> dict[str, str]:
    """Return how a spreadsheet shows the cells of a column."""
    if isinstance(dtype, pl.Decimal):
        return {"num_format": f"#,##0.{'0' * dtype.scale}" if dtype.scale else "#,##0"}
    return {"num_format": "yyyy-mm-dd"} if dtype == pl.Date else {}


def _width(cells: pl.Series, title: str, dtype: pl.DataType) -> int:
    """Return the width of a column in characters: that of its longest cell, within reason."""
    longest = cells.str.len_chars().max() if dtype == pl.String else 10
    return max(_NARROWEST, min(_WIDEST, max(int(str(longest or 0)), len(title) + 2) + 1))
