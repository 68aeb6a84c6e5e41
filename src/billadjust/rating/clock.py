"""The clock on the wall: local seconds of many timestamps, by the few instants at which a zone's offset changes (§4)."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from numpy.typing import NDArray

DAY_S: Final = 86_400
WEEK_S: Final = 7 * DAY_S
MICROSECONDS: Final = 1_000_000

KNOWN_FROM: Final = 0
KNOWN_TO: Final = 130 * 365 * DAY_S
"""Offsets are looked up for instants from 1970 to 2099, in seconds since 1970, and converted one by one beyond."""

THURSDAY: Final = 3
"""The first day of 1970, counted from Monday."""


def wall_seconds(instants: NDArray[np.int64], timezone: str) -> NDArray[np.int64]:
    """Return the whole seconds from 1970-01-01T00:00 to what the clocks show at instants, in microseconds since 1970 UTC.

    Converting each timestamp takes several times as long as looking up its offset.
    """
    seconds: NDArray[np.int64] = instants // MICROSECONDS
    if not len(seconds):
        return seconds
    first, last = seconds.min(), seconds.max()
    if first < KNOWN_FROM or last > KNOWN_TO:
        seconds += _offset(pl.Series(instants).cast(pl.Datetime("us", "UTC")), timezone).to_numpy()
        return seconds
    changes, offsets = _offsets(timezone)
    at_first, at_last = np.searchsorted(changes, (first, last), side="right") - 1
    at = at_first if at_first == at_last else np.searchsorted(changes, seconds, side="right") - 1
    seconds += offsets[at]
    return seconds


@lru_cache(maxsize=16)
def _offsets(timezone: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Find the instants at which the offset changes, and what it is from each on: the day of it, then the second, by bisection."""
    days = pl.int_range(KNOWN_FROM, KNOWN_TO + DAY_S, DAY_S, eager=True)
    offsets = _offset_at(days, timezone)
    changed = offsets != offsets.shift(-1)
    before, after = days.filter(changed), days.shift(-1).filter(changed)
    earlier = offsets.filter(changed)
    while ((after - before) > 1).any():
        middle = (before + after) // 2
        same = _offset_at(middle, timezone) == earlier
        before, after = middle.zip_with(same, before), after.zip_with(same, middle)
    found = pl.concat([days.head(1), after])
    return found.to_numpy(), _offset_at(found, timezone).to_numpy()


def _offset_at(seconds: pl.Series, timezone: str) -> pl.Series:
    return _offset((seconds * MICROSECONDS).cast(pl.Datetime("us", "UTC")), timezone)


def _offset(instants: pl.Series, timezone: str) -> pl.Series:
    """Return how many seconds the clocks are ahead of UTC."""
    local = instants.dt.convert_time_zone(timezone)
    return (local.dt.base_utc_offset() + local.dt.dst_offset()).dt.total_seconds()
