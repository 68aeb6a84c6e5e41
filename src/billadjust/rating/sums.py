"""A hash table of sums by line and allowance, compiled (§5.8)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from billadjust.rating.compiled import Int, compiled, inlined
from billadjust.rating.costs import POOL
from billadjust.rating.price import SERVICE_COUNT, TERMS
from billadjust.rating.prices import MAX_RATES
from billadjust.rating.spool import ID, STARTED
from billadjust.rating.texts import LENGTHS, NOT_YET, TAIL, mix, same_bytes, tail

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from billadjust.rating.price import Batch, Room

KEY: Final = 0
LOW: Final = 1
HIGH: Final = 2
PLACE: Final = 3
COST: Final = 4
CHARGED: Final = 5
UNITS: Final = 6
COUNT: Final = 7
COLUMNS: Final = 8
"""The columns of the sums: the key, the last two words and the place of the invoice's id, and what is summed up: one line of the cache."""

SUM: Final = 2
USED: Final = 3
CHARGE: Final = 4
NUMBER: Final = 5
USE_COLUMNS: Final = 6
"""The columns of a use after those of every row: the place of its sums and its rate, its units, what was charged, its number."""

MANY: Final = 1 << 62
"""Units are not counted beyond this; no allowance is so large."""

MONTHS: Final = 1 << 17
"""Months are numbered below this: those of ten thousand years."""

_SUMS: Final = 0
_BYTES: Final = 1


class Key(NamedTuple):
    """How many reasons and allowances there are: term, service, reason, allowance and month make one number."""

    reasons: int
    pools: int


class Table(NamedTuple):
    """Sums by key and invoice. `used`: how many sums and how many bytes of ids there are."""

    sums: NDArray[np.int64]
    text: NDArray[np.uint8]
    slots: NDArray[np.int32]
    used: NDArray[np.int64]


class TallyRoom(NamedTuple):
    """Arrays that are filled with batch after batch. `owner`: the first term of each use's subscription."""

    key: NDArray[np.int64]
    uses: NDArray[np.int64]
    owner: NDArray[np.int64]


def make_tally_room(entries: Int) -> TallyRoom:
    """Make room for so many entries."""
    return TallyRoom(
        np.empty(entries, np.int64), np.empty((entries, USE_COLUMNS), np.int64), np.empty(entries, np.int64)
    )


@compiled
def add(  # noqa: PLR0913, PLR0917  # what is read, and what is written
    table: Table,
    key: Key,
    batch: Batch,
    found: Room,
    count: Int,
    rates: NDArray[np.int64],
    room: TallyRoom,
    number: Int,
) -> Int:
    """Add what CDRs cost to their sums, and lay out those that use allowances in `room`; return how many these are.

    They are numbered from `number` on.
    """
    _find_sums(table, key, batch, found, count, rates, room.key)
    priced = found.priced
    sums, places = table.sums, found.words.slot
    rows, units, cost, charged = priced.row, priced.units, priced.cost, batch.charged
    for entry in range(count):
        row, place = rows[entry], places[entry]
        sums[place, COST] += cost[entry]
        sums[place, CHARGED] += charged[row]
        sums[place, UNITS] = min(sums[place, UNITS] + units[entry], MANY)
        sums[place, COUNT] += 1
    uses, owners, subscriptions = room.uses, room.owner, found.subscription
    ids, started, rate_of = batch.cdr_id.offsets, batch.started, priced.rate
    using = 0
    for entry in range(count):
        row, rate = rows[entry], rate_of[entry]
        if rate >= 0 and rates[rate, POOL] > 0:
            uses[using, SUM] = places[entry] * MAX_RATES + rate
            uses[using, USED] = units[entry]
            uses[using, CHARGE] = charged[row]
            uses[using, STARTED] = started[row]
            uses[using, ID] = ids[row] * LENGTHS + ids[row + 1] - ids[row]
            uses[using, NUMBER] = number + using
            owners[using] = subscriptions[row] // TERMS
            using += 1
    return using


@compiled
def _find_sums(  # noqa: PLR0913, PLR0917  # what is read, and what is written
    table: Table,
    key: Key,
    batch: Batch,
    found: Room,
    count: Int,
    rates: NDArray[np.int64],
    keys: NDArray[np.int64],
) -> None:
    """Find the place of each entry's sums, or make one."""
    # a field that is taken out of a tuple costs more than its number does: all are taken out before the loops
    priced = found.priced
    rows, terms, services, months = priced.row, priced.term, priced.service, priced.month
    rate_of, unrated = priced.rate, priced.unrated
    offsets, ids, id_words = batch.invoice
    sums, text, slots, used = table
    lows, highs, places = found.words
    reasons, pools = key
    mask = len(slots) - 1
    # the table is far away: short loops that ask for many places at a time, and the few that are taken later
    for entry in range(count):
        row, rate = rows[entry], rate_of[entry]
        pool = rates[rate, POOL] if rate >= 0 else 0
        line = np.int64(terms[entry]) * SERVICE_COUNT + services[entry]
        keys[entry] = ((line * reasons + unrated[entry]) * pools + pool) * MONTHS + months[entry]
        lows[entry], highs[entry] = tail(id_words, offsets[row], offsets[row + 1])
        places[entry] = mix(keys[entry], mix(lows[entry], highs[entry])) & mask
    for entry in range(count):
        places[entry] = slots[places[entry]]
    for entry in range(count):
        row, place = rows[entry], max(places[entry], 0)
        is_it = (
            (places[entry] >= 0)
            & (sums[place, KEY] == keys[entry])
            & (sums[place, LOW] == lows[entry])
            & (sums[place, HIGH] == highs[entry])
            & (offsets[row + 1] - offsets[row] <= TAIL)
        )
        places[entry] = place if is_it else NOT_YET
    for entry in range(count):
        if places[entry] == NOT_YET:
            start, end = offsets[rows[entry]], offsets[rows[entry] + 1]
            places[entry] = _find_or_add(
                sums, text, slots, used, keys[entry], lows[entry], highs[entry], ids, start, end
            )


@compiled
def make_unrated(table: Table, key: Key, uses: NDArray[np.int64], reason: Int) -> None:
    """Move uses from their sums to those of what has no price, for a reason."""
    sums, text, slots, used = table
    for row in range(len(uses)):
        place = uses[row, SUM] // MAX_RATES
        number = sums[place, KEY] + reason * key.pools * MONTHS
        start = sums[place, PLACE] // LENGTHS
        end = start + sums[place, PLACE] % LENGTHS
        other = _find_or_add(sums, text, slots, used, number, sums[place, LOW], sums[place, HIGH], text, start, end)
        sums[other, CHARGED] += uses[row, CHARGE]
        sums[other, COUNT] += 1
        sums[place, CHARGED] -= uses[row, CHARGE]
        sums[place, COUNT] -= 1


@inlined
def _find_or_add(  # noqa: PLR0913, PLR0917  # the table's arrays, and a text in three
    sums: NDArray[np.int64],
    text: NDArray[np.uint8],
    slots: NDArray[np.int32],
    used: NDArray[np.int64],
    key: Int,
    low: Int,
    high: Int,
    data: NDArray[np.uint8],
    start: Int,
    end: Int,
) -> Int:
    """Return the place of the sums of a key and an invoice; there has to be room for new ones."""
    mask = len(slots) - 1
    slot = mix(key, mix(low, high)) & mask
    while slots[slot] >= 0:
        place = slots[slot]
        if (
            sums[place, KEY] == key
            and sums[place, LOW] == low
            and sums[place, HIGH] == high
            and _same_id(text, sums[place, PLACE], data, start, end)
        ):
            return place
        slot = (slot + 1) & mask
    place, begin = used[_SUMS], used[_BYTES]
    slots[slot] = place
    used[_SUMS] += 1
    used[_BYTES] += end - start
    for at in range(end - start):
        text[begin + at] = data[start + at]
    sums[place, KEY] = key
    sums[place, LOW] = low
    sums[place, HIGH] = high
    sums[place, PLACE] = begin * LENGTHS + (end - start)
    for column in range(COST, COLUMNS):
        sums[place, column] = 0
    return place


@inlined
def _same_id(text: NDArray[np.uint8], place: Int, data: NDArray[np.uint8], start: Int, end: Int) -> bool:
    """Whether an id at a place and one with the same last words are the same."""
    return place % LENGTHS == end - start and same_bytes(text, place // LENGTHS, data, start, end - start - TAIL)


@compiled
def fill(sums: NDArray[np.int64], count: Int, slots: NDArray[np.int32]) -> None:
    """Fill the slots of a larger table."""
    mask = len(slots) - 1
    for place in range(count):
        slot = mix(sums[place, KEY], mix(sums[place, LOW], sums[place, HIGH])) & mask
        while slots[slot] >= 0:
            slot = (slot + 1) & mask
        slots[slot] = place
