"""The CDRs that use allowances, kept on disk until it is known which of these are exceeded (§5.5).

Only those of exceeded allowances are put in order, some at a time, so memory does not grow with the number of CDRs.
"""

from __future__ import annotations

import tempfile
from typing import TYPE_CHECKING, Final, NamedTuple, Self

import numpy as np

from billadjust.rating.compiled import Int, compiled, inlined
from billadjust.rating.costs import ALLOWANCE, UNRATED, cost_of
from billadjust.rating.sums import COST, ID, RATES, STARTED, SUM, USE_COLUMNS, USED
from billadjust.rating.texts import LENGTHS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

SHARE: Final = 8_000_000
"""About so many uses are put in order at a time: half a gigabyte."""


class Share(NamedTuple):
    """Uses of some exceeded allowances: `number` of each among all, its `pool`, and the bytes of the CDRs' ids.

    The ids in `uses` are places in `ids`.
    """

    number: NDArray[np.int64]
    pool: NDArray[np.int64]
    uses: NDArray[np.int64]
    ids: NDArray[np.uint8]


class Uses:
    """A file of uses, written and read in pieces; it is gone at the end of its `with` block."""

    def __init__(self) -> None:
        """Begin an empty file."""
        self._file = tempfile.TemporaryFile(prefix="billadjust-")  # noqa: SIM115  # it is closed by the block
        self._pieces: list[tuple[int, int]] = []

    def __enter__(self) -> Self:
        """Begin to write."""
        return self

    def __exit__(self, *_: object) -> None:
        """Remove the file."""
        self._file.close()

    def append(self, uses: NDArray[np.int64], ids: NDArray[np.uint8]) -> None:
        """Write a piece: uses, and the bytes in which their ids are."""
        self._file.write(uses.data)
        self._file.write(ids.data)
        self._pieces.append((len(uses), len(ids)))

    def shares(self, pool_of_sum: NDArray[np.int64], count: Int) -> Iterator[Share]:
        """Read the uses of exceeded allowances again, a share of the allowances at a time.

        Args:
            pool_of_sum: A number for the exceeded allowance of each of the sums; -1 for the others.
            count: How many uses there will be.
        """
        shares = count // SHARE + 1 if count else 0
        for share in range(shares):
            parts = [part for part in self._chosen(pool_of_sum, share, shares) if len(part.number)]
            if parts:
                yield _joined(parts)

    def _chosen(self, pool_of_sum: NDArray[np.int64], share: Int, shares: Int) -> Iterator[Share]:
        self._file.seek(0)
        first = 0
        for count, size in self._pieces:
            uses = np.frombuffer(self._file.read(count * USE_COLUMNS * 8), np.int64).reshape(count, USE_COLUMNS)
            ids = np.frombuffer(self._file.read(size), np.uint8)
            yield _choose(uses, ids, first, pool_of_sum, share, shares)
            first += count


def _joined(parts: list[Share]) -> Share:
    """Put the parts of a share together."""
    start = 0
    for part in parts:
        part.uses[:, ID] += start * LENGTHS
        start += len(part.ids)
    return Share(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))


@compiled
def _choose(  # noqa: PLR0913, PLR0917  # a piece, and what is wanted of it
    uses: NDArray[np.int64],
    ids: NDArray[np.uint8],
    first: Int,
    pool_of_sum: NDArray[np.int64],
    share: Int,
    shares: Int,
) -> Share:
    """Choose the uses of a piece that belong to a share, with their ids behind each other."""
    count, size = 0, 0
    rows = np.empty(len(uses), np.int64)
    for row in range(len(uses)):
        pool = pool_of_sum[uses[row, SUM] // RATES]
        if pool >= 0 and pool % shares == share:
            rows[count] = row
            count += 1
            size += uses[row, ID] % LENGTHS
    number, pools = np.empty(count, np.int64), np.empty(count, np.int64)
    chosen, kept = np.empty((count, USE_COLUMNS), np.int64), np.empty(size, np.uint8)
    size = 0
    for place in range(count):
        row = rows[place]
        number[place] = first + row
        pools[place] = pool_of_sum[uses[row, SUM] // RATES]
        chosen[place] = uses[row]
        start, length = uses[row, ID] // LENGTHS, uses[row, ID] % LENGTHS
        chosen[place, ID] = size * LENGTHS + length
        for at in range(start, start + length):
            kept[size] = ids[at]
            size += 1
    return Share(number, pools, chosen, kept)


@compiled
def cover(
    share: Share, rates: NDArray[np.int64], sums: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Take off each CDR's units what those before it left of its allowance, and add what the rest costs to its sums.

    Where the versions of a tariff have allowances of different sizes, what was used counts, and what was charged used
    nothing: of 100 minutes, 150 use all 100 and 50 are charged; of the next version's 200 in that cycle 100 are left.

    Returns:
        Of each use, the units from the allowance and the cost of the others; `UNRATED` (and nothing added) if too dear.
    """
    pools, uses = share.pool, share.uses
    covered, cost = np.empty(len(pools), np.int64), np.empty(len(pools), np.int64)
    pool, used = np.int64(-1), np.int64(0)
    for row in _in_order(pools, uses, share.ids):
        if pools[row] != pool:
            pool, used = pools[row], np.int64(0)
        place, rate, units = uses[row, SUM] // RATES, uses[row, SUM] % RATES, uses[row, USED]
        covered[row] = min(units, max(rates[rate, ALLOWANCE] - used, 0))
        used += covered[row]
        cost[row] = cost_of(rates, rate, units - covered[row])
        if cost[row] != UNRATED:
            sums[place, COST] += cost[row]
    return covered, cost


@compiled
def _in_order(pools: NDArray[np.int64], uses: NDArray[np.int64], ids: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Return the rows by pool, and those of each pool by (started_at, cdr_id)."""
    starts = np.zeros(np.max(pools) + 2, np.int64)
    for pool in pools:
        starts[pool + 1] += 1
    starts = np.cumsum(starts)
    order, place = np.empty(len(pools), np.int64), starts.copy()
    for row, pool in enumerate(pools):
        order[place[pool]] = row
        place[pool] += 1
    spare = np.empty(len(pools), np.int64)
    for pool in range(len(starts) - 1):
        _sort(uses, ids, order[starts[pool] : starts[pool + 1]], spare)
    return order


@compiled
def _sort(uses: NDArray[np.int64], ids: NDArray[np.uint8], rows: NDArray[np.int64], spare: NDArray[np.int64]) -> None:
    """Sort rows by merging ever longer runs."""
    count, run = len(rows), 1
    while run < count:
        for begin in range(0, count - run, 2 * run):
            middle, end = begin + run, min(begin + 2 * run, count)
            spare[begin:middle] = rows[begin:middle]
            left, right, place = begin, middle, begin
            while left < middle:
                if right < end and _is_before(uses, ids, rows[right], spare[left]):
                    rows[place] = rows[right]
                    right += 1
                else:
                    rows[place] = spare[left]
                    left += 1
                place += 1
        run *= 2


@inlined
def _is_before(uses: NDArray[np.int64], ids: NDArray[np.uint8], one: Int, other: Int) -> bool:
    """Whether a CDR comes before another: by the time of its start, then by the bytes of its id."""
    if uses[one, STARTED] != uses[other, STARTED]:
        return uses[one, STARTED] < uses[other, STARTED]
    at, length = uses[one, ID] // LENGTHS, uses[one, ID] % LENGTHS
    other_at, other_length = uses[other, ID] // LENGTHS, uses[other, ID] % LENGTHS
    for place in range(min(length, other_length)):
        if ids[at + place] != ids[other_at + place]:
            return ids[at + place] < ids[other_at + place]
    return length < other_length
