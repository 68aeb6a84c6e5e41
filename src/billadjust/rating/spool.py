"""Rows about CDRs, kept on disk in parts until all are known, and put in order a part at a time (§5.5).

So the memory that order needs does not grow with the number of CDRs.
"""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from typing import IO, TYPE_CHECKING, Final, Self

import numpy as np

from billadjust.rating.compiled import Int, compiled, inlined
from billadjust.rating.texts import LENGTHS

if TYPE_CHECKING:
    from numpy.typing import NDArray

STARTED: Final = 0
ID: Final = 1
"""The first columns of every row: when the CDR started; where its id begins, times LENGTHS, and its bytes."""

PART: Final = 2_000_000
"""About so many CDRs make a part: a quarter of a gigabyte."""

MOST_PARTS: Final = 128
"""Each part has two open files."""

BUFFER: Final = 1 << 18
"""Bytes that a file waits for before it is written to."""


class Spool:
    """Files of rows and of the CDRs' ids, two for each part; they are gone at the end of its `with` block."""

    def __init__(self, columns: int, cdrs: int) -> None:
        """Begin with no rows.

        Args:
            columns: How many a row has.
            cdrs: About how many rows there will be.
        """
        self.parts = min(cdrs // PART + 1, MOST_PARTS)
        self._columns = columns
        self._open = ExitStack()
        self._rows, self._ids = ([self._file() for _ in range(self.parts)] for _ in range(2))
        self._written = np.zeros(self.parts, np.int64)
        self._room = np.empty((0, columns), np.int64), np.empty(0, np.uint8)

    def __enter__(self) -> Self:
        """Begin to write."""
        return self

    def __exit__(self, *_: object) -> None:
        """Remove the files."""
        self._open.close()

    def append(self, rows: NDArray[np.int64], groups: NDArray[np.int64], ids: NDArray[np.uint8]) -> None:
        """Write rows, those of a group to the same part. Their ids are places in `ids`."""
        if len(rows) > len(self._room[0]) or len(ids) > len(self._room[1]):
            self._room = np.empty((2 * len(rows), self._columns), np.int64), np.empty(2 * len(ids), np.uint8)
        split, kept = self._room
        row_ends, id_ends = _split(rows, groups, ids, self._written, split, kept)
        start, id_start = 0, 0
        for part, (end, id_end) in enumerate(zip(row_ends.tolist(), id_ends.tolist(), strict=True)):
            self._rows[part].write(split[start:end].data)
            self._ids[part].write(kept[id_start:id_end].data)
            start, id_start = end, id_end

    def read(self, part: int) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
        """Read the rows of a part, and the bytes in which their ids are."""
        for file in (self._rows[part], self._ids[part]):
            file.seek(0)  # what is buffered is written first
        rows = np.fromfile(self._rows[part], np.int64).reshape(-1, self._columns)
        return rows, np.fromfile(self._ids[part], np.uint8)

    def _file(self) -> IO[bytes]:
        file: IO[bytes] = tempfile.TemporaryFile(prefix="billadjust-", buffering=BUFFER)  # noqa: SIM115  # the stack closes it
        return self._open.enter_context(file)


@compiled
def _split(  # noqa: PLR0913, PLR0917  # what is read, and what is written
    rows: NDArray[np.int64],
    groups: NDArray[np.int64],
    ids: NDArray[np.uint8],
    written: NDArray[np.int64],
    split: NDArray[np.int64],
    kept: NDArray[np.uint8],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Lay rows and ids out part by part; `written` counts the bytes of each part's ids. Returns where each part ends."""
    parts = len(written)
    row_ends, id_ends = np.zeros(parts, np.int64), np.zeros(parts, np.int64)
    for row in range(len(rows)):
        part = groups[row] % parts
        row_ends[part] += 1
        id_ends[part] += rows[row, ID] % LENGTHS
    places, id_places = np.cumsum(row_ends) - row_ends, np.cumsum(id_ends) - id_ends
    shift = written - id_places
    for part in range(parts):
        written[part] += id_ends[part]
    for row in range(len(rows)):
        part = groups[row] % parts
        start, length = rows[row, ID] // LENGTHS, rows[row, ID] % LENGTHS
        place, id_place = places[part], id_places[part]
        for column in range(rows.shape[1]):
            split[place, column] = rows[row, column]
        split[place, ID] = (shift[part] + id_place) * LENGTHS + length
        for at in range(length):
            kept[id_place + at] = ids[start + at]
        places[part] += 1
        id_places[part] += length
    return places, id_places


@compiled
def in_order(
    rows: NDArray[np.int64], groups: NDArray[np.int64], ids: NDArray[np.uint8]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Put the numbers of rows in order: by group, and those of each group by (started_at, cdr_id); those of group -1 nowhere.

    Returns:
        The numbers, and where those of each group begin (and at the end, where the last one's end).
    """
    last = np.int64(-1)
    for group in groups:
        last = max(last, group)
    starts = np.zeros(last + 2, np.int64)
    for group in groups:
        if group >= 0:
            starts[group + 1] += 1
    starts = np.cumsum(starts)
    order, place = np.empty(starts[-1], np.int64), starts.copy()
    for row, group in enumerate(groups):
        if group >= 0:
            order[place[group]] = row
            place[group] += 1
    spare = np.empty(len(order), np.int64)
    for group in range(len(starts) - 1):
        _sort(rows, ids, order[starts[group] : starts[group + 1]], spare)
    return order, starts


@compiled
def _sort(rows: NDArray[np.int64], ids: NDArray[np.uint8], order: NDArray[np.int64], spare: NDArray[np.int64]) -> None:
    """Sort the numbers of rows by merging ever longer runs."""
    count, run = len(order), 1
    while run < count:
        for begin in range(0, count - run, 2 * run):
            middle, end = begin + run, min(begin + 2 * run, count)
            spare[begin:middle] = order[begin:middle]
            left, right, place = begin, middle, begin
            while left < middle:
                if right < end and _is_before(rows, ids, order[right], spare[left]):
                    order[place] = order[right]
                    right += 1
                else:
                    order[place] = spare[left]
                    left += 1
                place += 1
        run *= 2


@inlined
def _is_before(rows: NDArray[np.int64], ids: NDArray[np.uint8], one: Int, other: Int) -> bool:
    """Whether a CDR comes before another: by the time of its start, then by the bytes of its id."""
    if rows[one, STARTED] != rows[other, STARTED]:
        return rows[one, STARTED] < rows[other, STARTED]
    at, length = rows[one, ID] // LENGTHS, rows[one, ID] % LENGTHS
    other_at, other_length = rows[other, ID] // LENGTHS, rows[other, ID] % LENGTHS
    for place in range(min(length, other_length)):
        if ids[at + place] != ids[other_at + place]:
            return ids[at + place] < ids[other_at + place]
    return length < other_length
