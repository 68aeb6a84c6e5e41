"""Fees as the terms that a person adds up: "8.30 × 16/31 + 6.90 × 15/31" (§5.8)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from billadjust.calendar import CYCLE, cycle_end, cycle_start
from billadjust.money import MICRO, divide_half_up, micro
from billadjust.phrases import phrase

if TYPE_CHECKING:
    from collections.abc import Sequence


def by_cycle(stretches: pl.LazyFrame) -> pl.LazyFrame:
    """Cut stretches of days by the cycles that they are in.

    `stretches`: start, end, bill_cycle_day and others, which stay. Adds cycle (its first day), days, and length (of the
    cycle in days); start is that of the piece. end and bill_cycle_day go.
    """
    cycle_day, next_cycle = pl.col("bill_cycle_day"), pl.col("next_cycle")
    begins, stops = pl.max_horizontal("start", "cycle"), pl.min_horizontal("end", "next_cycle")
    return (
        stretches.with_columns(
            cycle=pl.date_ranges(cycle_start(pl.col("start"), cycle_day), "end", "1mo", closed="left")
        )
        .explode("cycle")
        .with_columns(next_cycle=cycle_end(pl.col("cycle"), cycle_day))
        .with_columns(
            start=begins,
            days=(stops - begins).dt.total_days(),
            length=(next_cycle - pl.col("cycle")).dt.total_days(),
        )
        .drop("end", "next_cycle", "bill_cycle_day")
    )


def fee_terms(pieces: pl.LazyFrame, key: Sequence[str], fee: str, digits: int) -> pl.LazyFrame:
    """Write what fees cost as terms, fee × days ÷ days of the cycle, and add them up.

    Args:
        pieces: The key, part (of the fee), cycle, start, days, length and the fee (millionths).
        key: What the fees are of.
        fee: Its column.
        digits: Decimals of the currency.

    Returns:
        The key, `terms` ("8.30 × 16/31 + 6.90 × 15/31"), and `minor`: their sum, rounded once to minor units. What costs
        nothing has no row.
    """
    value, days, length = pl.col(fee), pl.col("days"), pl.col("length")
    parts = value.cast(pl.Int128) * days * (CYCLE // length)
    term = pl.when(days == length).then(micro(value)).otherwise(phrase("{} × {}/{}", micro(value), days, length))  # noqa: RUF001
    return (
        # Stretches of one fee in one cycle are one term; a part that costs nothing is none.
        pieces.filter(value > 0)
        .group_by(*key, "part", "cycle", "length", fee)
        .agg(days.sum(), pl.col("start").min())
        .group_by(key)
        .agg(
            terms=term.sort_by("start", "part").str.join(" + "),
            minor=divide_half_up(parts.sum(), CYCLE * MICRO // 10**digits).cast(pl.Int64),
        )
    )
