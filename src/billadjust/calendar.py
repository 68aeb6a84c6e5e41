"""The accounts' cycles and the policy's local time, as expressions (§4)."""

from __future__ import annotations

from typing import Final

import polars as pl

CYCLE: Final = 377_580
"""The least common multiple of 28, 29, 30 and 31: a day is a whole number of these parts of its cycle."""


def cycle_start(day: pl.Expr, cycle_day: pl.Expr) -> pl.Expr:
    """Return the first day of the cycle that a day belongs to: the newest `cycle_day` (1 to 28) on or before it.

    With cycle day 16, 15 June belongs to the cycle that starts on 16 May, 16 June to its own (§4).
    """
    offset = _days_into_month(cycle_day)
    return (day - offset).dt.month_start() + offset


def cycle_end(day: pl.Expr, cycle_day: pl.Expr) -> pl.Expr:
    """Return the day after the last of the cycle that a day belongs to (§4)."""
    offset = _days_into_month(cycle_day)
    return (day - offset).dt.month_start().dt.offset_by("1mo") + offset


def elapsed_cycles(day: pl.Expr, cycle_day: pl.Expr) -> pl.Expr:
    """Return the time from a fixed origin to a day in parts of a cycle, `CYCLE` to each (Int64).

    The difference of two days is the exact sum, over the days between them, of 1 ÷ the days of each day's cycle:
    16 days of a cycle of 31 days are 16 × 12,180 parts (§4, §5.8).
    """
    offset = _days_into_month(cycle_day)
    shifted = day - offset
    month_start = shifted.dt.month_start()
    months = shifted.dt.year().cast(pl.Int64) * 12 + shifted.dt.month().cast(pl.Int64)
    length = ((month_start.dt.offset_by("1mo") + offset) - (month_start + offset)).dt.total_days()
    return months * CYCLE + (day - (month_start + offset)).dt.total_days() * (CYCLE // length)


def local_date(timestamp: pl.Expr, timezone: str) -> pl.Expr:
    """Return the date of a UTC timestamp in a time zone (§4)."""
    return timestamp.dt.convert_time_zone(timezone).dt.date()


def cycle_minutes(start: pl.Expr, end: pl.Expr, timezone: str) -> pl.Expr:
    """Return the minutes that elapse between the local midnights of two days (Int64).

    October 2026 has 44,700 in Madrid, an hour more than its 31 days (§4).
    """
    return (_midnight(end, timezone) - _midnight(start, timezone)).dt.total_minutes()


def _days_into_month(cycle_day: pl.Expr) -> pl.Expr:
    """Return how far cycles start behind the month: taken off, cycles become months, because no month has fewer days."""
    return pl.duration(days=cycle_day - 1)


def _midnight(day: pl.Expr, timezone: str) -> pl.Expr:
    """Return the first instant of a local day: where the clock change skips midnight, that is 01:00."""
    naive = day.cast(pl.Datetime("us"))
    return pl.coalesce(
        hour.dt.replace_time_zone(timezone, ambiguous="earliest", non_existent="null")
        for hour in (naive, naive + pl.duration(hours=1))
    )
