"""LibreOffice opens what finance gets, and finds the right numbers in it: the Spanish CSV files and the workbook."""

from __future__ import annotations

import csv
import subprocess
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import openpyxl
import pytest

from operator_case import JULY, operator_of, posted, program, write_operator

if TYPE_CHECKING:
    from pathlib import Path

SPANISH: Final = "CSV:59,34,76,1,,1034,false,true"
"""How a spreadsheet in Spain opens a CSV file: separator `;`, quote `"`, UTF-8, from row 1, Spanish, numbers and dates seen."""

TABLES: Final = ("journal", "adjustments", "credit_notes", "credit_note_lines", "bill_discounts")


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the directory of an operator whose night of July was run, files in the Spanish dialect."""
    tables = operator_of(3)
    tables["accounts"][0]["language"] = "es"
    made = write_operator(tmp_path_factory.mktemp("office") / "operator", tables, '[outputs]\ndialect = "spanish"\n')
    posted(made, JULY)
    return made


def converted(path: Path, made: Path, *options: str) -> Any:  # noqa: ANN401  # openpyxl has no types
    """Have LibreOffice open a file, compute it, and save it as a workbook of its own; return its first sheet's book."""
    profile = f"-env:UserInstallation=file://{made / 'profile'}"
    command = ["soffice", profile, "--headless", *options, "--convert-to", "xlsx", "--outdir", str(made), str(path)]
    subprocess.run(command, check=True, capture_output=True, timeout=120)  # the one on the path
    return openpyxl.load_workbook(made / f"{path.stem}.xlsx", data_only=True)


def expected(directory: Path, name: str) -> list[dict[str, object]]:
    """Return the rows of a Spanish CSV file: its numbers as decimals, its dates as days."""
    with (directory / "out" / "20260702-0001" / f"{name}.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file, delimiter=";"))
    return [{column: _value(column, text) for column, text in row.items()} for row in rows]


def _value(column: str, text: str) -> object:
    if column in {"net", "tax", "gross", "tax_rate", "line_no", "leg", "debit", "credit"} and text:
        return Decimal(text.replace(",", "."))
    if column in {"date", "as_of", "invoice_date", "bill_period", "deadline"} and text:
        return datetime.strptime(text, "%d/%m/%Y")  # noqa: DTZ007  # a day
    return text or None


def found(sheet: Any, rows: int) -> list[dict[str, object]]:  # noqa: ANN401  # openpyxl has no types
    """Return so many rows of a sheet by column; numbers as decimals of what they show."""
    header, *values = list(sheet.iter_rows(values_only=True, max_row=rows + 1))
    return [
        {
            column: Decimal(str(value)) if isinstance(value, int | float) else value
            for column, value in zip(header, row, strict=True)
        }
        for row in values
    ]


@pytest.mark.parametrize("name", TABLES)
def test_a_spanish_csv_file_is_opened_with_its_numbers_and_dates(directory: Path, tmp_path: Path, name: str) -> None:
    rows = expected(directory, name)
    assert rows
    for row in rows:
        for code in {"reason_code", "account_code"} & row.keys():
            # A spreadsheet takes every text of digits in a CSV file for a number.
            row[code] = Decimal(str(row[code]))
    path = directory / "out" / "20260702-0001" / f"{name}.csv"
    assert found(converted(path, tmp_path, f"--infilter={SPANISH}").active, len(rows)) == rows


def test_the_workbook_is_opened_and_its_totals_computed_again(directory: Path, tmp_path: Path) -> None:
    path = tmp_path / "july.xlsx"
    config = directory / "billadjust.toml"
    outcome = program("export", "--config", config, "--format", "xlsx", "--output", path)
    assert outcome.code == 0, outcome
    made = tmp_path / "made"
    made.mkdir()
    book = converted(path, made)
    for name in TABLES:
        rows = expected(directory, name)
        assert found(book[name], len(rows)) == rows
        header = [cell.value for cell in book[name][1]]
        totals = [cell.value for cell in book[name][len(rows) + 2]]
        for column in {"net", "tax", "gross", "debit", "credit"} & set(header):
            total = sum(Decimal(str(row[column] or 0)) for row in rows)
            assert round(Decimal(str(totals[header.index(column)])), 2) == total
