"""Tests of the accounts' cycles and of local time."""

from __future__ import annotations

from datetime import UTC, date, datetime

import polars as pl
import pytest

from billadjust.calendar import CYCLE, cycle_end, cycle_minutes, cycle_start, elapsed_cycles, local_date

DAY, CYCLE_DAY = pl.col("day"), pl.col("cycle_day")


def frame(day: str, cycle_day: int) -> pl.DataFrame:
    return pl.DataFrame({"day": [date.fromisoformat(day)], "cycle_day": [cycle_day]})


@pytest.mark.parametrize(
    ("day", "cycle_day", "start", "end"),
    [
        ("2026-06-01", 1, "2026-06-01", "2026-07-01"),
        ("2026-06-30", 1, "2026-06-01", "2026-07-01"),
        ("2026-06-15", 16, "2026-05-16", "2026-06-16"),
        ("2026-06-16", 16, "2026-06-16", "2026-07-16"),
        ("2026-01-27", 28, "2025-12-28", "2026-01-28"),
        ("2026-02-28", 28, "2026-02-28", "2026-03-28"),
        ("2026-03-27", 28, "2026-02-28", "2026-03-28"),
        ("2028-02-29", 28, "2028-02-28", "2028-03-28"),
        ("2028-02-29", 1, "2028-02-01", "2028-03-01"),
        ("2026-12-31", 15, "2026-12-15", "2027-01-15"),
    ],
)
def test_a_day_belongs_to_the_cycle_that_starts_on_the_newest_cycle_day_on_or_before_it(
    day: str, cycle_day: int, start: str, end: str
) -> None:
    bounds = frame(day, cycle_day).select(start=cycle_start(DAY, CYCLE_DAY), end=cycle_end(DAY, CYCLE_DAY))
    assert bounds.row(0) == (date.fromisoformat(start), date.fromisoformat(end))


@pytest.mark.parametrize(
    ("start", "end", "cycle_day", "parts"),
    [
        ("2026-06-01", "2026-07-01", 1, CYCLE),
        ("2026-02-01", "2026-03-01", 1, CYCLE),
        ("2026-06-10", "2026-06-11", 1, CYCLE // 30),
        ("2026-05-16", "2026-06-01", 16, 16 * CYCLE // 31),
        ("2026-06-15", "2026-06-17", 16, CYCLE // 31 + CYCLE // 30),
        ("2026-01-31", "2026-03-02", 1, CYCLE // 31 + CYCLE + CYCLE // 31),
        ("2026-06-10", "2026-06-10", 1, 0),
    ],
)
def test_a_day_is_one_by_the_days_of_its_cycle(start: str, end: str, cycle_day: int, parts: int) -> None:
    days = pl.DataFrame({"day": [date.fromisoformat(start), date.fromisoformat(end)], "cycle_day": [cycle_day] * 2})
    assert days.select(elapsed_cycles(DAY, CYCLE_DAY).diff()).item(1, 0) == parts


@pytest.mark.parametrize(
    ("start", "end", "zone", "minutes"),
    [
        ("2026-10-01", "2026-11-01", "Europe/Madrid", 44_700),
        ("2026-08-01", "2026-09-01", "Europe/Madrid", 44_640),
        ("2026-03-01", "2026-04-01", "Europe/Madrid", 44_580),
        ("2026-10-01", "2026-11-01", "UTC", 44_640),
        # Beirut's clocks skip midnight: 29 March 2026 begins at 01:00 and is an hour short.
        ("2026-03-28", "2026-03-29", "Asia/Beirut", 24 * 60),
        ("2026-03-29", "2026-03-30", "Asia/Beirut", 23 * 60),
    ],
)
def test_the_minutes_of_a_cycle_elapse_between_its_local_midnights(
    start: str, end: str, zone: str, minutes: int
) -> None:
    cycle = pl.DataFrame({"start": [date.fromisoformat(start)], "end": [date.fromisoformat(end)]})
    assert cycle.select(cycle_minutes(pl.col("start"), pl.col("end"), zone)).item() == minutes


@pytest.mark.parametrize(
    ("utc", "day"),
    [
        ((2026, 6, 30, 21, 59, 59), "2026-06-30"),
        ((2026, 6, 30, 22, 0, 0), "2026-07-01"),
        ((2026, 1, 31, 22, 59, 59), "2026-01-31"),
        ((2026, 1, 31, 23, 0, 0), "2026-02-01"),
    ],
)
def test_the_local_date_changes_at_local_midnight(utc: tuple[int, ...], day: str) -> None:
    instant = datetime(*utc, tzinfo=UTC)  # type: ignore[misc,arg-type]  # a tuple of six numbers
    timestamps = pl.DataFrame({"at": [instant]}, schema={"at": pl.Datetime("us", "UTC")})
    assert timestamps.select(local_date(pl.col("at"), "Europe/Madrid")).item() == date.fromisoformat(day)
