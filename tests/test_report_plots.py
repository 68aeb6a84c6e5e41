"""Plots: bars as high as what they stand for, on scales with round numbers; customers counted by what they got."""

from __future__ import annotations

from datetime import date
from itertools import pairwise

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from billadjust.report.plots import PLOT, Column, Plot, Segment, lay_out
from billadjust.report.totals import bins
from billadjust.report.words import LONGEST, Words

AMOUNTS = st.integers(-(10**11), 10**11)


def plot_of(*columns: tuple[int, ...]) -> Plot:
    """Lay out columns of these parts; ticks are written as they are."""
    made = [
        Column(str(place), tuple(Segment("now", value, str(value)) for value in parts))
        for place, parts in enumerate(columns)
    ]
    return lay_out(made, lambda values: ("", [str(value) for value in values]))


def test_bars_stand_upon_each_other_and_fall_below_the_axis() -> None:
    # The scale goes from −50 to 100: the axis is at two thirds, and each unit is the same height.
    plot = plot_of((60, 40), (-50,), (0,))
    first, second, fallen = plot.marks
    unit = (PLOT.height - PLOT.top - PLOT.bottom) / 150
    assert [label for _, label in plot.ticks] == ["-50", "0", "50", "100"]
    assert first.y + first.height == pytest.approx(plot.axis, abs=0.02)
    assert (first.height, second.height, fallen.height) == pytest.approx((60 * unit, 40 * unit, 50 * unit), abs=0.02)
    assert second.y == pytest.approx(PLOT.top, abs=0.02)
    assert fallen.y == plot.axis
    assert [mark.tip for mark in plot.marks] == ["60", "40", "-50"]


@pytest.mark.parametrize(
    ("high", "ticks"),
    [
        (0, ["0", "1"]),
        (1, ["0", "1"]),
        (5, ["0", "1", "2", "3", "4", "5"]),
        (6, ["0", "2", "4", "6"]),
        (11, ["0", "5", "10", "15"]),
    ],
)
def test_scales_have_round_numbers(high: int, ticks: list[str]) -> None:
    assert [label for _, label in plot_of((high,)).ticks] == ticks


def test_labels_stand_below_the_middle_of_their_column_or_where_it_begins() -> None:
    columns = [Column("a", (Segment("now", 1, ""),)), Column("b", (Segment("now", 1, ""),), starts=True)]
    plot = lay_out(columns, lambda values: ("EUR", ["" for _ in values]), end="c")
    width = (PLOT.width - PLOT.left - PLOT.right) / 2
    assert plot.labels == ((PLOT.left + width / 2, "a"), (PLOT.left + width, "b"), (PLOT.left + 2 * width, "c"))
    assert plot.unit == "EUR"


@given(st.lists(st.lists(AMOUNTS, max_size=3).map(tuple), min_size=1, max_size=40))
def test_every_bar_is_within_the_plot(columns: list[tuple[int, ...]]) -> None:
    plot = plot_of(*columns)
    assert 2 <= len(plot.ticks) <= 7
    assert sorted((y for y, _ in plot.ticks), reverse=True) == [y for y, _ in plot.ticks]
    assert "0" in {label for _, label in plot.ticks}
    for mark in plot.marks:
        assert PLOT.left <= mark.x <= mark.x + mark.width <= PLOT.width - PLOT.right + 0.1
        assert PLOT.top - 0.1 <= mark.y <= mark.y + mark.height <= PLOT.height - PLOT.bottom + 0.1


def counted(*gross: int) -> list[tuple[int | None, int, int]]:
    return bins(pl.DataFrame({"gross": gross}, schema={"gross": pl.Int64}))


def test_a_step_begins_with_its_first_amount_and_ends_before_the_next() -> None:
    assert counted() == []
    assert counted(-1, -500, 0) == [(None, 0, 2), (0, 0, 1)]
    assert counted(99, 100, 199, 200) == [(50, 100, 1), (100, 200, 2), (200, 500, 1)]
    assert counted(1) == [(1, 2, 1)]


def test_amounts_far_apart_share_the_first_step() -> None:
    # From 0.01 to 10,000.00 there are 19 steps of 1, 2, 5: the last eleven stay, and one takes in all below.
    steps = counted(1, 30, 1_000_000)
    assert len(steps) == 12
    assert steps[0] == (0, 500, 2)
    assert steps[-1] == (1_000_000, 2_000_000, 1)


@given(st.lists(AMOUNTS, max_size=30))
def test_every_customer_is_in_one_step(gross: list[int]) -> None:
    steps = counted(*gross)
    assert sum(count for _, _, count in steps) == len(gross)
    given_steps = [(low, high) for low, high, _ in steps if low is not None and high]
    assert len(given_steps) <= 12
    assert all(end == begin for (_, end), (begin, _) in pairwise(given_steps))
    for low, high, count in steps:
        within = [one for one in gross if (low is None or one >= low) and (one < high or low == high == one)]
        if low != 0 or high == 0:
            assert count == len(within)


@pytest.mark.parametrize(
    ("language", "amounts", "unit", "shown"),
    [
        ("en", [0, 50, 100], "EUR", ["0", "0.5", "1"]),
        ("en", [0, 999_999], "EUR", ["0", "9,999.99"]),
        ("en", [-500_000, 0, 1_000_000], "thousand EUR", ["−5", "0", "10"]),
        ("es", [0, 150_000_000], "miles de EUR", ["0", "1.500"]),
        ("es", [0, 1_000_000_000], "millones de EUR", ["0", "10"]),
    ],
)
def test_axes_count_large_amounts_in_thousands_or_millions(
    language: str, amounts: list[int], unit: str, shown: list[str]
) -> None:
    assert Words(language, "EUR", 2).money_axis(amounts) == (unit, shown)


SHOWN = {
    "en": "€1,234,567.89 / −€0.05 / 1,000 / 29 August 2026 / 29 Aug 2026 / 29 Aug / 25 Aug 2026, 14:00 / 1 entry",
    "es": "1.234.567,89 € / −0,05 € / 1.000 / 29 de agosto de 2026 / 29 ago 2026 / 29 ago / 25 ago 2026, 14:00 / 1 apunte",
}


@pytest.mark.parametrize("language", SHOWN)
def test_figures_are_written_as_people_of_the_language_do(language: str) -> None:
    words, day = Words(language, "EUR", 2), date(2026, 8, 29)
    figures = [
        words.money(123_456_789),
        words.money(-5),
        words.number(1000),
        words.long_day(day),
        words.day("2026-08-29"),
        words.day_of_month(day),
        words.moment("2026-08-25T14:00:00+02:00"),
        words.counted("entries", 1),
    ]
    assert " / ".join(figures) == SHOWN[language]


def test_texts_from_the_inputs_stay_in_their_line_and_short() -> None:
    words = Words("en", "JPY", 0)
    assert words.quote("a\x00b\nc\u202ed") == "a b cd"
    assert words.quote(None) == ""
    assert words.quote("x" * LONGEST) == "x" * LONGEST
    assert words.quote("x" * (LONGEST + 1)) == "x" * (LONGEST - 1) + "…"
    assert words.money(1000) == "JPY1,000"
