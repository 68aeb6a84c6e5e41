"""Look-ups by number: in which of many ranges it lies, or which of many rows it names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Steps:
    """A number that changes at some numbers: there is none before the first of these, and one value from each to the next."""

    starts: pl.Series
    values: pl.Series

    @staticmethod
    def of(steps: Mapping[int, int | None]) -> Steps:
        """Make a step function of what holds from each number on."""
        starts = sorted(steps)
        return Steps(pl.Series(starts, dtype=pl.Int64), pl.Series([steps[start] for start in starts], dtype=pl.Int64))


def pick(values: pl.Series, index: pl.Expr) -> pl.Expr:
    """Return the value at each row's index (from 0); null where the index is null."""
    return index.map_batches(values.gather, return_dtype=values.dtype, is_elementwise=True)
