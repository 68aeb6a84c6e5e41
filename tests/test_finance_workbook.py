"""`billadjust export --format xlsx`: the finance tables of a run as a workbook, with the figures of the CSV files."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import openpyxl
import pytest

from billadjust.outputs.finance_workbook import SHEETS
from operator_case import JULY, operator_of, posted, program, rows_of, write_operator

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the directory of an operator whose night of July was run."""
    tables = operator_of(3)
    tables["accounts"][0]["name"] = "=HYPERLINK(1)"
    made = write_operator(tmp_path_factory.mktemp("export") / "operator", tables)
    posted(made, JULY)
    return made


def exported(directory: Path, path: Path, *options: str) -> Any:  # noqa: ANN401  # how a command of the program ended
    """Export all runs of an operator."""
    config = directory / "billadjust.toml"
    return program("export", "--config", config, "--format", "xlsx", "--output", path, *options)


def test_a_workbook_has_the_rows_and_totals_of_the_csv_files(directory: Path, tmp_path: Path) -> None:
    path = tmp_path / "july.xlsx"
    outcome = exported(directory, path, "--run", "20260702-0001")
    assert (outcome.code, outcome.out) == (0, f"The books of 1 run with 9 entries are in {path}.\n")
    book = openpyxl.load_workbook(path, data_only=True)
    assert book.sheetnames == list(SHEETS)
    for name in SHEETS:
        rows = rows_of(directory / "out" / "20260702-0001" / f"{name}.csv")
        header, *cells = list(book[name].iter_rows(values_only=True))
        if not rows:
            assert cells == []
            continue
        *cells, totals = cells
        for row, values in zip(rows, cells, strict=True):
            for column, value in zip(header, values, strict=True):
                text = row[column]
                if column in {"net", "tax", "gross", "tax_rate", "line_no", "leg", "debit", "credit"} and text:
                    assert Decimal(str(value)) == Decimal(text)
                elif hasattr(value, "isoformat"):
                    assert value.date().isoformat() == text
                else:
                    assert (value or "") == text
        for column in {"gross", "debit", "credit"} & set(header):
            total = sum(Decimal(row[column] or 0) for row in rows)
            assert round(Decimal(str(totals[header.index(column)])), 2) == total
    # Three customers, each 11.99 net + 2.51 tax.
    assert book["adjustments"].cell(book["adjustments"].max_row, GROSS).value == pytest.approx(43.50)


GROSS = 20
"""The column `gross` of adjustments.csv."""


def test_the_same_runs_give_the_same_bytes_also_over_an_older_file(directory: Path, tmp_path: Path) -> None:
    (tmp_path / "b.xlsx").write_text("older", "utf-8")
    for name in ("a.xlsx", "b.xlsx"):
        assert exported(directory, tmp_path / name).code == 0
    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()
    assert {path.name for path in tmp_path.iterdir()} == {"a.xlsx", "b.xlsx"}


def test_all_runs_are_one_after_the_other_in_each_sheet(tmp_path: Path) -> None:
    directory = write_operator(tmp_path / "operator", operator_of(1))
    for day in (JULY, "2026-08-20"):
        posted(directory, day)
    path = tmp_path / "all.xlsx"
    assert exported(directory, path).out == f"The books of 2 runs with 5 entries are in {path}.\n"
    sheet = openpyxl.load_workbook(path, data_only=True)["adjustments"]
    runs = [row[1] for row in sheet.iter_rows(min_row=2, max_row=sheet.max_row - 1, values_only=True)]
    # On 20 August the refund of 2 July is final: its provisional entry falls, a final one rises.
    assert runs == ["20260702-0001"] * 3 + ["20260820-0002"] * 2


@pytest.mark.parametrize("place", ["out/20260702-0001", "ledger"])
def test_nothing_is_written_among_the_files_of_runs(directory: Path, place: str) -> None:
    before = sorted((directory / place).iterdir())
    outcome = exported(directory, directory / place / "july.xlsx")
    assert outcome.code == 2
    assert "where only the files of runs belong. Give another file." in outcome.err
    assert sorted((directory / place).iterdir()) == before


def test_a_format_or_run_that_there_is_not_is_a_mistake_of_the_user(directory: Path, tmp_path: Path) -> None:
    outcome = exported(directory, tmp_path / "x", "--format", "xslx")
    assert (outcome.code, outcome.err) == (
        2,
        "billadjust: --format xslx: there is no such format; did you mean `xlsx`?\n",
    )
    outcome = exported(directory, tmp_path / "x", "--run", "20260702-0009")
    assert outcome.code == 2
    assert outcome.err.startswith("billadjust: There is no run 20260702-0009 in the ledger")
    outcome = exported(write_operator(tmp_path / "new", operator_of(1)), tmp_path / "x")
    assert outcome.code == 2
    assert "has no runs yet. Run `billadjust run` first." in outcome.err
    assert not (tmp_path / "x").exists()


def test_a_directory_that_is_not_there_is_named(directory: Path, tmp_path: Path) -> None:
    outcome = exported(directory, tmp_path / "nowhere" / "july.xlsx")
    assert outcome.code == 2
    assert "cannot be written: No such file or directory. Check its directory" in outcome.err
