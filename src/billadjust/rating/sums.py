"""What CDRs cost, summed up by line and cycle, compiled (§5.8)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from billadjust.rating.card import SERVICE_COUNT
from billadjust.rating.compiled import Int, compiled
from billadjust.rating.price import MONTHS
from billadjust.rating.reasons import OF_TERM
from billadjust.rating.records import CHARGED, NAMES, WHAT, invoice_at, invoice_length, service_of
from billadjust.rating.texts import ODD, mixed, words_in, write_texts

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from billadjust.rating.parts import Part
    from billadjust.rating.price import Priced

HASH: Final = 0
KEY: Final = 1
PLACE: Final = 2
SIZE: Final = 3
COST: Final = 4
CHARGE: Final = 5
COUNT: Final = 6
COLUMNS: Final = 8
"""The columns of the sums: the key and a hash, where the invoice's id is among the part's words and its bytes, and what is
summed up; with one that is not used they fill a line of the cache."""

REASONS: Final = OF_TERM + 1
"""The numbers of reasons are below this."""


def sum_up(part: Part, priced: Priced) -> pl.DataFrame:
    """Sum up what CDRs cost.

    Returns:
        term, service_number, unrated, month, invoice_id (null: none), cost, charged, count (of CDRs).
    """
    sums = _sums(part, priced)
    columns = [np.ascontiguousarray(column) for column in sums.T]
    rest, numbers = columns[KEY], {}
    for name, size in {"month": MONTHS, "unrated": REASONS, "service_number": SERVICE_COUNT}.items():
        rest, numbers[name] = np.divmod(rest, size)
    return pl.DataFrame(
        {
            "term": rest.astype(np.uint32),
            **numbers,
            "invoice_id": write_texts(part.words, columns[PLACE], columns[SIZE]),
            "cost": columns[COST],
            "charged": columns[CHARGE],
            "count": columns[COUNT],
        }
    )


def _sums(part: Part, priced: Priced) -> NDArray[np.int64]:
    """Sum up by term, service, reason, month and invoice, in a hash table that grows as it needs."""
    sums, slots = np.empty((256, COLUMNS), np.int64), np.full(512, -1, np.int64)
    entry, count = _add(part, priced, 0, sums, slots, 0)
    while entry < len(priced.cdr):
        more, slots = np.empty((2 * count, COLUMNS), np.int64), np.full(4 * count, -1, np.int64)
        more[:count] = sums
        sums = more
        _fill(sums, count, slots)
        entry, count = _add(part, priced, entry, sums, slots, count)
    return sums[:count]


@compiled
def _add(  # noqa: PLR0913, PLR0917  # what is read, and what is written
    part: Part, priced: Priced, entry: Int, sums: NDArray[np.int64], slots: NDArray[np.int64], count: Int
) -> tuple[Int, Int]:
    """Add entries, from one on, until there are more sums than there is room for.

    Returns:
        The first entry that is not added, and how many sums there are.
    """
    words, at = part.words, part.at
    cdrs, terms, _, months, _, unrated, _, _, costs = priced
    mask = len(slots) - 1
    while entry < len(cdrs):
        record = at[cdrs[entry]]
        names = words[record + NAMES]
        line = np.int64(terms[entry]) * SERVICE_COUNT + service_of(words[record + WHAT])
        key = (line * REASONS + unrated[entry]) * MONTHS + months[entry]
        place, size = invoice_at(record, names), invoice_length(names)
        hashed = key * ODD + size
        for number in range(words_in(size)):
            hashed = hashed * ODD + words[place + number]
        hashed = mixed(hashed)
        slot = hashed & mask
        found = slots[slot]
        while found >= 0:
            if sums[found, HASH] == hashed and sums[found, KEY] == key and sums[found, SIZE] == size:
                other, number = sums[found, PLACE], 0
                while number < words_in(size) and words[place + number] == words[other + number]:
                    number += 1
                if number == words_in(size):
                    break
            slot = (slot + 1) & mask
            found = slots[slot]
        if found < 0:
            if count == len(sums):
                break
            found = count
            slots[slot] = count
            sums[found, HASH], sums[found, KEY], sums[found, PLACE], sums[found, SIZE] = hashed, key, place, size
            sums[found, COST], sums[found, CHARGE], sums[found, COUNT] = 0, 0, 0
            count += 1
        sums[found, COST] += costs[entry]
        sums[found, CHARGE] += words[record + CHARGED]
        sums[found, COUNT] += 1
        entry += 1
    return entry, count


@compiled
def _fill(sums: NDArray[np.int64], count: Int, slots: NDArray[np.int64]) -> None:
    """Fill the slots of a larger table."""
    mask = len(slots) - 1
    for known in range(count):
        slot = sums[known, HASH] & mask
        while slots[slot] >= 0:
            slot = (slot + 1) & mask
        slots[slot] = known
