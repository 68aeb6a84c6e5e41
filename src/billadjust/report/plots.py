"""Where the marks of a plot stand: bars, one above the other, on a scale with round numbers.

A plot is laid out in the units of its viewBox; the template draws it. Heights are proportional to the amounts, which
stay whole numbers until then.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

Write = Callable[[Sequence[int]], tuple[str, Sequence[str]]]
"""Returns the unit in which values are shown on an axis, and each of them."""

MOST_TICKS: Final = 5

_PART_OF_STEP: Final = 0.78
"""How much of its place a column fills."""


@dataclass(frozen=True)
class Segment:
    """A part of a column: `series` says how it is coloured, `tip` what it is in words."""

    series: str
    value: int
    tip: str


@dataclass(frozen=True)
class Column:
    """A column: its label on the axis, and its parts, above the axis if positive and below it if negative.

    The label stands below the middle of the column, or, with `starts`, where the column begins.
    """

    label: str
    segments: tuple[Segment, ...]
    starts: bool = False


@dataclass(frozen=True)
class Frame:
    """The size of a plot and its margins."""

    width: int = 480
    height: int = 230
    left: int = 58
    right: int = 20
    top: int = 28
    bottom: int = 44


PLOT: Final = Frame()
SPARK: Final = Frame(width=200, height=46, left=0, right=0, top=2, bottom=2)
"""A plot without axes, for a line of a table."""


@dataclass(frozen=True)
class Mark:
    """A rectangle."""

    x: float
    y: float
    width: float
    height: float
    series: str
    tip: str


@dataclass(frozen=True)
class Plot:
    """A plot laid out. `ticks` are (y, label), counted in `unit`, and `labels` (x, label); `axis` is the y of 0."""

    frame: Frame
    unit: str
    marks: tuple[Mark, ...]
    ticks: tuple[tuple[float, str], ...]
    labels: tuple[tuple[float, str], ...]
    axis: float


def lay_out(columns: Sequence[Column], write: Write, frame: Frame = PLOT, *, end: str = "") -> Plot:
    """Lay out columns, at least one; `write` says in which unit values are shown, and how. `end` is the label at the end."""
    high = max(0, *(sum(max(part.value, 0) for part in column.segments) for column in columns))
    low = min(0, *(sum(min(part.value, 0) for part in column.segments) for column in columns))
    ticks = _ticks(low, high)
    bottom, top = min(ticks[0], low), max(ticks[-1], high)
    room = frame.height - frame.top - frame.bottom

    def y_of(value: int) -> float:
        return round(frame.top + room * (top - value) / (top - bottom), 2)

    step = (frame.width - frame.left - frame.right) / len(columns)
    marks: list[Mark] = []
    labels = []
    for place, column in enumerate(columns):
        x = frame.left + place * step
        marks += _marks(column, x + step * (1 - _PART_OF_STEP) / 2, step * _PART_OF_STEP, y_of)
        if column.label:
            labels.append((round(x if column.starts else x + step / 2, 2), column.label))
    if end:
        labels.append((frame.width - frame.right, end))
    unit, shown = write(ticks)
    placed = tuple((y_of(tick), label) for tick, label in zip(ticks, shown, strict=True))
    return Plot(frame, unit, tuple(marks), placed, tuple(labels), y_of(0))


def _marks(column: Column, x: float, width: float, y_of: Callable[[int], float]) -> list[Mark]:
    """Put the parts of a column upon each other, away from the axis."""
    marks = []
    above = below = 0
    for part in column.segments:
        if part.value > 0:
            start, above = above, above + part.value
            upper, lower = y_of(above), y_of(start)
        elif part.value < 0:
            start, below = below, below + part.value
            upper, lower = y_of(start), y_of(below)
        else:
            continue
        marks.append(Mark(round(x, 2), upper, round(width, 2), round(lower - upper, 2), part.series, part.tip))
    return marks


def _ticks(low: int, high: int) -> list[int]:
    """Return the multiples of a round number, from below the lowest value to the highest or above it, 0 among them."""
    step = next(
        step
        for power in range(30)
        for digit in (1, 2, 5)
        if (step := digit * 10**power) and -(-high // step) - low // step <= MOST_TICKS
    )
    first, last = low // step, max(-(-high // step), low // step + 1)
    return [step * number for number in range(first, last + 1)]
