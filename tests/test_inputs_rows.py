"""Rules between the columns of one row."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from inputs_case import CLEAN, read, rejections

if TYPE_CHECKING:
    from pathlib import Path

DISPUTES = "dispute_id,account_id,invoice_id,opened_on,status,resolved_on,explanation\n"
UNLESS_OPEN = "a value is required unless the dispute is open"
WHEN_EXPLAINED = "a value is required when the dispute is explained"
PART = "internet_fee is more than monthly_fee, of which it is a part"
PAST_MIDNIGHT = "end_time is not after start_time: split a band that goes past midnight"

CASES: list[tuple[str, str, list[tuple[str, str | None, str]]]] = [
    ("subscriptions", "S9,2026-01-02,A1,card,2026-01-02,", []),
    ("subscriptions", "S9,2026-01-02,A1,card,2026-01-01,", [("valid_to", "2026-01-01", "valid_to is before valid_from")]),
    ("tariffs", "x,1,2026-01-01,6.90,6.90", []),
    ("tariffs", "x,1,2026-01-01,6.90,6.900001", [("internet_fee", "6.900001", PART)]),
    ("bands", "x,1,08:00,08:00:01", []),
    ("bands", "x,1,08:00,08:00", [("end_time", "08:00", PAST_MIDNIGHT)]),
    ("bands", "x,1,22:00,06:00", [("end_time", "06:00", PAST_MIDNIGHT)]),
    ("invoices", "F9,A1,2026-02-01,2026-01-01,2026-01-01,EUR,0,0,0", []),
    ("invoices", "F9,A1,2026-02-01,2026-01-02,2026-01-01,EUR,0,0,0", [("period_end", "2026-01-01", "period_end is before period_start")]),
    ("outages", "O9,data,2026-01-01T10:00Z,2026-01-01T11:00+01:00", []),
    ("outages", "O9,data,2026-01-01T10:00Z,2026-01-01T10:59:59+01:00", [("ended_at", "2026-01-01T10:59:59+01:00", "ended_at is before started_at")]),
    ("outages", "O9,data,2026-01-01T10:00Z,", []),
]  # fmt: skip


@pytest.mark.parametrize(("name", "row", "expected"), CASES)
def test_what_ends_before_it_starts_is_rejected(
    tmp_path: Path, name: str, row: str, expected: list[tuple[str, str | None, str]]
) -> None:
    loaded = read(tmp_path, **{name: f"{CLEAN[name]}{row}\n"})
    assert [rejected[2:] for rejected in rejections(loaded, name)] == expected


PROMISES = "promise_id,account_id,item,price,valid_from,valid_to,evidence\n"


@pytest.mark.parametrize(("valid_to", "count"), [("2026-01-01", 0), ("2025-12-31", 1), ("", 0)])
def test_a_promise_may_not_end_before_it_starts(tmp_path: Path, valid_to: str, count: int) -> None:
    loaded = read(tmp_path, promises=f"{PROMISES}P1,A1,handset,0,2026-01-01,{valid_to},x\n")
    assert [row[2:] for row in rejections(loaded)] == [("valid_to", valid_to, "valid_to is before valid_from")] * count


RESOLUTIONS: list[tuple[str, list[tuple[str, str | None, str]]]] = [
    ("open,,", []),
    ("accepted,2026-02-03,", []),
    ("accepted,2026-02-02,", [("resolved_on", "2026-02-02", "resolved_on is before opened_on")]),
    ("accepted,,", [("resolved_on", None, UNLESS_OPEN)]),
    ("withdrawn,,", [("resolved_on", None, UNLESS_OPEN)]),
    ("withdrawn,2026-02-04,", []),
    ("explained,2026-02-04,it was right", []),
    ("explained,2026-02-04,", [("explanation", None, WHEN_EXPLAINED)]),
    ("explained,,", [("explanation", None, WHEN_EXPLAINED), ("resolved_on", None, UNLESS_OPEN)]),
]


@pytest.mark.parametrize(("resolution", "expected"), RESOLUTIONS)
def test_a_dispute_says_when_and_why_it_was_resolved(
    tmp_path: Path, resolution: str, expected: list[tuple[str, str | None, str]]
) -> None:
    loaded = read(tmp_path, disputes=f"{DISPUTES}D1,A1,F1,2026-02-03,{resolution}\n")
    assert [row[2:] for row in rejections(loaded)] == expected


def test_a_cell_that_cannot_be_read_is_not_compared(tmp_path: Path) -> None:
    loaded = read(tmp_path, outages=CLEAN["outages"] + "O9,data,2026-13-01T10:00Z,2026-01-01T10:00Z\n")
    assert [row[2:] for row in rejections(loaded)] == [
        ("started_at", "2026-13-01T10:00Z", "there is no such day in the calendar")
    ]


def test_a_row_is_reported_once_for_each_rule_it_breaks(tmp_path: Path) -> None:
    loaded = read(tmp_path, tariffs=CLEAN["tariffs"] + "x y ,1,2026-01-01,6.90,7\n")
    assert [row[2:] for row in rejections(loaded)] == [
        ("internet_fee", "7", PART),
        (
            "tariff_id",
            "x y ",
            "not an identifier: 1 to 64 characters without `|`, control characters or surrounding blanks",
        ),
    ]
