"""The sample's story, worked out by hand in its README, is what the program posts."""

from __future__ import annotations

import csv
import re
import shutil
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from conftest import NIGHTS, SAMPLE, root, run_night

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

STORY = (SAMPLE / "README.md").read_text("utf-8")
TABLES = ["holds", "tariff_changes", "tariff_advice", "collection_orders", "credit_notes", "bank_transfers"]


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def told(night: str, heading: str) -> list[dict[str, str]]:
    """Read a table of the story: the rows below a heading of a night's section."""
    section = STORY.partition(f"## Night {night}")[2].partition("\n## ")[0]
    body = section.partition(f"### {heading}\n")[2].partition("\n### ")[0]
    lines = [line for line in body.splitlines() if line.startswith("|")]
    cells = [
        [cell.strip().strip("`").replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines
    ]
    return [dict(zip(cells[0], row, strict=True)) for row in cells[2:]] if cells else []


@pytest.mark.parametrize("night", NIGHTS)
def test_each_night_posts_what_the_story_says(sample: dict[str, Path], night: str) -> None:
    posted = {
        (row["claim"], row["bucket"]): (
            row["kind"],
            row["net"],
            row["tax"],
            f"{row['settlement']} {row['bill_period']}".strip(),
        )
        for row in rows_of(sample[night] / "adjustments.csv")
    }
    expected = {
        (row["claim"], row["bucket"]): (row["kind"], row["net"], row["tax"], row["settlement"])
        for row in told(night, "Posted")
    }
    assert posted == expected


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("night", NIGHTS)
def test_each_night_orders_what_the_story_says(sample: dict[str, Path], night: str, table: str) -> None:
    expected = told(night, f"{table}.csv")
    columns = list(expected[0]) if expected else []
    written = [{name: row[name] for name in columns} for row in rows_of(sample[night] / f"{table}.csv")]
    assert sorted(map(str, written)) == sorted(map(str, expected))


@pytest.mark.parametrize("night", NIGHTS)
def test_everybody_for_whom_something_was_posted_gets_one_letter(sample: dict[str, Path], night: str) -> None:
    sums: dict[str, int] = {}
    for row in rows_of(sample[night] / "adjustments.csv"):
        sums[row["account_id"]] = sums.get(row["account_id"], 0) + int(row["gross"].replace(".", ""))
    letters = rows_of(sample[night] / "notices.csv")
    assert {row["account_id"]: int(row["gross"].replace(".", "")) for row in letters} == sums
    assert len(letters) == len(sums)
    assert all(row["email"] and row["body"] for row in letters)


def test_a_second_run_of_the_last_night_posts_nothing(sample: dict[str, Path], tmp_path: Path) -> None:
    shutil.copytree(root(sample), tmp_path / "copy")
    again = run_night(tmp_path / "copy", NIGHTS[-1])
    assert again.name not in {path.name for path in sample.values()}
    assert rows_of(again / "adjustments.csv") == []


def test_one_run_at_the_end_leaves_the_same_balances_as_all_nights(sample: dict[str, Path], tmp_path: Path) -> None:
    shutil.copytree(SAMPLE / "nights", tmp_path / "nights")
    once = balances([run_night(tmp_path, NIGHTS[-1])])
    assert once == balances(sample.values())


def test_the_books_of_all_nights_end_in_the_balances_of_the_story(sample: dict[str, Path]) -> None:
    rows = [row for directory in sample.values() for row in rows_of(directory / "journal.csv")]
    sums = {row["account_code"]: Decimal(0) for row in rows}
    for row in rows:
        sums[row["account_code"]] += Decimal(row["debit"]) - Decimal(row["credit"])
    section = STORY.partition("## What the books say in the end")[2]
    assert {code: str(total) for code, total in sums.items()} == dict(
        re.findall(r"^\| (\d+) \| (-?[\d.]+) \|", section, re.MULTILINE)
    )


def test_a_line_that_a_rejected_complaint_names_is_left_alone_and_the_run_says_so(sample: dict[str, Path]) -> None:
    review = rows_of(sample["2026-03-10"] / "review.csv")
    named = [(row["invoice_id"], row["line_no"]) for row in review if row["topic"] == "not_assessed"]
    assert named == [("F26/0005", "2")]


def balances(directories: Iterable[Path]) -> dict[str, int]:
    """Sum up the gross of every account in cents."""
    sums: dict[str, int] = {}
    for directory in directories:
        for row in rows_of(directory / "adjustments.csv"):
            cents = int(row["gross"].replace(".", ""))
            sums[row["account_id"]] = sums.get(row["account_id"], 0) + cents
    return {account: cents for account, cents in sums.items() if cents}
