"""The Excel workbook: real numbers and dates, totals that are formulas, texts that never are, the same bytes each time."""

from __future__ import annotations

import tempfile
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billadjust.outputs import workbook as module
from billadjust.outputs.workbook import LONGEST_TEXT, write_workbook

AS_OF = date(2026, 7, 2)
TABLE = pl.DataFrame(
    {
        "entry_id": ["a", "b", "c"],
        "date": [date(2026, 7, 2), None, date(2024, 2, 29)],
        "line_no": [1, 2, None],
        "net": [Decimal("9.90"), Decimal("-0.05"), Decimal("1234567.80")],
        "tax_rate": [Decimal("21.0000"), Decimal("5.2000"), Decimal("0.0000")],
    },
    schema_overrides={"net": pl.Decimal(18, 2), "tax_rate": pl.Decimal(7, 4)},
)


def opened(path: Path, *, computed: bool = True) -> Any:  # noqa: ANN401  # openpyxl has no types
    """Read a workbook: the values that formulas were stored with, or the formulas."""
    return openpyxl.load_workbook(path, data_only=computed)


def written(directory: Path, **tables: pl.DataFrame) -> Path:
    """Write a workbook and return its path."""
    path = directory / "book.xlsx"
    write_workbook(path, tables, {"net", "gross"}, AS_OF)
    return path


def test_numbers_dates_and_texts_are_what_they_are(tmp_path: Path) -> None:
    sheet = opened(written(tmp_path, adjustments=TABLE))["adjustments"]
    rows = [[cell.value for cell in row] for row in sheet.iter_rows(max_row=4)]
    assert rows == [
        ["entry_id", "date", "line_no", "net", "tax_rate"],
        ["a", datetime(2026, 7, 2), 1, 9.90, 21],  # noqa: DTZ001  # a date in a sheet has no zone
        ["b", None, 2, -0.05, 5.2],
        ["c", datetime(2024, 2, 29), None, 1_234_567.80, 0],  # noqa: DTZ001
    ]
    assert [sheet.cell(2, column).number_format for column in (2, 4, 5)] == ["yyyy-mm-dd", "#,##0.00", "#,##0.0000"]


def test_totals_are_formulas_with_the_value_that_they_have(tmp_path: Path) -> None:
    path = written(tmp_path, adjustments=TABLE)
    # 9.90 - 0.05 + 1,234,567.80; rates are not added up.
    assert [cell.value for cell in opened(path)["adjustments"][5]] == ["Total", None, None, 1_234_577.65, None]
    assert opened(path, computed=False)["adjustments"]["D5"].value == "=SUM('adjustments'!D2:D4)"


def test_the_header_stays_in_sight_and_has_a_filter(tmp_path: Path) -> None:
    sheet = opened(written(tmp_path, adjustments=TABLE))["adjustments"]
    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref == "A1:E4"


def test_columns_are_as_wide_as_what_is_in_them_within_reason(tmp_path: Path) -> None:
    table = pl.DataFrame({"a": ["x" * 30], "b": ["x" * 500], "c": ["x"]})
    sheet = opened(written(tmp_path, texts=table))["texts"]
    widths = [sheet.column_dimensions[letter].width for letter in "ABC"]
    assert 30 < widths[0] < 35
    assert 60 <= widths[1] < 62
    assert 8 <= widths[2] < 10


def test_a_table_without_rows_has_its_header_and_no_totals(tmp_path: Path) -> None:
    sheet = opened(written(tmp_path, adjustments=TABLE.clear()))["adjustments"]
    assert [[cell.value for cell in row] for row in sheet.iter_rows()] == [TABLE.columns]


def test_each_table_has_a_sheet_in_their_order(tmp_path: Path) -> None:
    assert opened(written(tmp_path, journal=TABLE, adjustments=TABLE)).sheetnames == ["journal", "adjustments"]


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "=cmd|'/c calc'!A1", "{=1}", "http://x.example"]
)
def test_a_text_is_never_a_formula_nor_a_link(tmp_path: Path, text: str) -> None:
    cell = opened(written(tmp_path, texts=pl.DataFrame({"text": [text]})), computed=False)["texts"]["A2"]
    assert (cell.value, cell.data_type, cell.hyperlink) == (text, "s", None)


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r"), min_size=1, max_size=100))
def test_any_text_can_be_read_again(text: str) -> None:
    with tempfile.TemporaryDirectory() as directory:
        cell = opened(written(Path(directory), texts=pl.DataFrame({"text": [text]})), computed=False)["texts"]["A2"]
    assert cell.data_type == "s"
    assert openpyxl.utils.escape.unescape(cell.value) == text


def test_a_text_that_is_longer_than_a_cell_is_cut(tmp_path: Path) -> None:
    table = pl.DataFrame({"text": ["x" * LONGEST_TEXT, "x" * (LONGEST_TEXT + 1), "\U0001f600" * LONGEST_TEXT]})
    sheet = opened(written(tmp_path, texts=table))["texts"]
    exact, longer, double = (sheet.cell(row, 1).value for row in (2, 3, 4))
    assert exact == "x" * LONGEST_TEXT
    assert longer == "x" * 16_383 + "…"
    assert double == "\U0001f600" * 16_383 + "…"


@pytest.mark.parametrize(("rows", "sheets"), [(3, 1), (4, 2), (6, 2), (7, 3)])
def test_a_table_goes_on_in_another_sheet_and_is_added_up_on_the_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: int, sheets: int
) -> None:
    monkeypatch.setattr(module, "MOST_ROWS", 5)
    table = pl.DataFrame({"id": [str(row) for row in range(rows)], "net": [Decimal("0.10")] * rows})
    path = written(tmp_path, t=table)
    book, formulas = opened(path), opened(path, computed=False)
    names = ["t", "t (2)", "t (3)"][:sheets]
    assert book.sheetnames == names
    assert [row[0].value for name in names for row in book[name].iter_rows(min_row=2)] == [*table["id"], "Total"]
    assert all(book[name]["A1"].value == "id" for name in names)
    last = book[names[-1]].max_row
    assert book[names[-1]].cell(last, 2).value == pytest.approx(rows * 0.10)
    parts = [min(3, rows - start) for start in range(0, rows, 3)]
    ranges = [f"'{name}'!B2:B{part + 1}" for name, part in zip(names, parts, strict=True)]
    assert formulas[names[-1]].cell(last, 2).value == f"=SUM({','.join(ranges)})"


def test_the_same_tables_give_the_same_bytes(tmp_path: Path) -> None:
    first = written(tmp_path, adjustments=TABLE).read_bytes()
    again = written(tmp_path, adjustments=TABLE).read_bytes()
    assert first == again
    assert opened(tmp_path / "book.xlsx").properties.created == datetime(2026, 7, 2)  # noqa: DTZ001
