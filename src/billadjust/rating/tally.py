"""Sums by line and allowance that grow batch by batch (§5.8)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pyarrow as pa  # type: ignore[import-untyped]  # it ships no types

from billadjust.rating.price import SERVICE_COUNT
from billadjust.rating.sums import (
    CHARGED,
    COLUMNS,
    COST,
    COUNT,
    KEY,
    MONTHS,
    PLACE,
    UNITS,
    Key,
    Table,
    TallyRoom,
    add,
    fill,
    make_unrated,
)
from billadjust.rating.texts import LENGTHS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from billadjust.rating.compiled import Int
    from billadjust.rating.price import Batch, Room


class Tally:
    """The sums that have been made so far; they grow as they need."""

    def __init__(self, reasons: int, pools: int) -> None:
        """Begin with no sums.

        Args:
            reasons: The numbers of reasons are below this.
            pools: The numbers of allowances are below this.
        """
        self.key = Key(reasons, pools)
        self.table = Table(
            _sums(1 << 12),
            np.empty(1 << 16, np.uint8),
            np.full(1 << 13, -1, np.int32),
            np.zeros(2, np.int64),
        )
        self.use_count: Int = 0

    def add(self, batch: Batch, room: Room, count: int, rates: NDArray[np.int64], more: TallyRoom) -> Int:
        """Add what CDRs cost, and lay out those that use allowances; return how many these are."""
        self._make_room(count, 2 * len(batch.invoice.data))  # one for each version choice at most
        using = add(self.table, self.key, batch, room, count, rates, more, self.use_count)
        self.use_count += using
        return using

    def make_unrated(self, uses: NDArray[np.int64], reason: Int) -> None:
        """Move uses from their sums to those of what has no price."""
        self._make_room(len(uses), len(uses) * LENGTHS)
        make_unrated(self.table, self.key, uses, reason)

    def frame(self) -> pl.DataFrame:
        """Return the sums.

        Columns: term, service_number, unrated, pool, month, invoice_id (null: none), cost, charged, units, count (of CDRs).
        """
        count, size = (int(used) for used in self.table.used)
        sums = self.table.sums[:count]
        offsets = np.append(sums[:, PLACE] // LENGTHS, size)
        ids = pa.LargeStringArray.from_buffers(count, pa.py_buffer(offsets), pa.py_buffer(self.table.text))
        numbers = {}
        rest = sums[:, KEY]
        places = {"month": MONTHS, "pool": self.key.pools, "unrated": self.key.reasons, "service_number": SERVICE_COUNT}
        for name, size in places.items():
            rest, numbers[name] = np.divmod(rest, size)
        summed = {"cost": COST, "charged": CHARGED, "units": UNITS, "count": COUNT}
        return pl.DataFrame(
            {
                "term": rest.astype(np.uint32),
                **numbers,
                "invoice_id": pl.Series(pl.from_arrow(ids)),
                **{name: np.ascontiguousarray(sums[:, column]) for name, column in summed.items()},
            }
        ).with_columns(invoice_id=pl.when(pl.col("invoice_id").str.len_bytes() > 0).then("invoice_id"))

    def _make_room(self, sums: int, text: int) -> None:
        """Grow so that some more sums, and bytes of ids, fit."""
        table = self.table
        count, size = (int(used) for used in table.used)
        if size + text > len(table.text):
            longer = np.empty(2 * (size + text), np.uint8)
            longer[:size] = table.text[:size]
            table = table._replace(text=longer)
        if count + sums > len(table.sums):
            more = _sums(2 * (count + sums))
            more[:count] = table.sums[:count]
            slots = np.full(1 << (len(more) + len(more) // 4).bit_length(), -1, np.int32)
            fill(more, count, slots)
            table = table._replace(sums=more, slots=slots)
        self.table = table


def _sums(count: Int) -> NDArray[np.int64]:
    """Make an array for sums, each in a line of the cache of its own."""
    room = np.empty(count * COLUMNS + COLUMNS, np.int64)
    start = -(room.ctypes.data // 8) % COLUMNS
    return room[start : start + count * COLUMNS].reshape(count, COLUMNS)
