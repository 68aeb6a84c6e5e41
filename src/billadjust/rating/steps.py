"""Look-ups by number: in which of many ranges it lies, found by one binary search for each row, or which of many rows it names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Steps:
    """A number that changes at some numbers: null before the first of them, and constant from each to the next."""

    starts: pl.Series
    values: pl.Series

    @staticmethod
    def of(steps: Mapping[int, int | None]) -> Steps:
        """Make a step function of what holds from each number on."""
        starts = sorted(steps)
        return Steps(
            pl.Series(starts, dtype=pl.Int64), pl.Series([None, *(steps[start] for start in starts)], dtype=pl.Int64)
        )

    def at(self, key: pl.Expr) -> pl.Expr:
        """Return what holds at each row's number (Int64); null where the number is null."""
        if self.starts.is_empty():
            return pl.lit(None, dtype=pl.Int64)
        return key.map_batches(self.find, return_dtype=pl.Int64, is_elementwise=True)

    def find(self, keys: pl.Series) -> pl.Series:
        """Return what holds at each number."""
        return self.values.gather(self.starts.search_sorted(keys, side="right"))


def pick(values: pl.Series, index: pl.Expr) -> pl.Expr:
    """Return the value at each row's index (from 0); null where the index is null."""
    return index.map_batches(values.gather, return_dtype=values.dtype, is_elementwise=True)
