"""Step functions: which of many ranges a number lies in, found by one binary search for each row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Steps:
    """Text that changes at some numbers: null before the first of them, and constant from each to the next."""

    starts: pl.Series
    values: pl.Series

    @staticmethod
    def of(steps: Mapping[int, str | None]) -> Steps:
        """Make a step function of what holds from each number on."""
        starts = sorted(steps)
        return Steps(
            pl.Series(starts, dtype=pl.Int64), pl.Series([None, *(steps[start] for start in starts)], dtype=pl.String)
        )

    def at(self, key: pl.Expr) -> pl.Expr:
        """Return what holds at each row's number (Int64); null where the number is null."""
        if self.starts.is_empty():
            return pl.lit(None, dtype=pl.String)
        return key.map_batches(self._look_up, return_dtype=pl.String, is_elementwise=True)

    def _look_up(self, keys: pl.Series) -> pl.Series:
        return self.values.gather(self.starts.search_sorted(keys, side="right"))
