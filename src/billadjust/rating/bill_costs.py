"""What the usage of bills costs under tariff versions that their subscriptions never had, compiled (§6.7)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from billadjust.rating.clock import DAY_S
from billadjust.rating.compiled import Int, compiled, inlined
from billadjust.rating.costs import ALLOWANCE, POOL, UNRATED, cost_of, rounded
from billadjust.rating.price import SERVICE_COUNT, band_at
from billadjust.rating.spool import ID, STARTED, in_order
from billadjust.rating.texts import LENGTHS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from billadjust.rating.price import Batch, RateCard, Room

BILL: Final = 2
WALL: Final = 3
QUANTITY: Final = 4
PLACE: Final = 5
COLUMNS: Final = 6
"""The columns of a use after those of every row: whose it is (subscription times `INVOICES`, and the number of the invoice, 0:
of no bill), the time on the wall, the quantity, and its place among the rates of a version (-1: no zone is known)."""

INVOICES: Final = 1 << 32
"""There are fewer invoices than this."""


class Pairs(NamedTuple):
    """Bills beside versions: `first`: of each subscription the first pair, and behind the last one how many there are.

    Of each pair: `bill` (as in a use), `code` (of `Prices`), `shift` (days from a month's start to a cycle's).
    """

    first: NDArray[np.int64]
    bill: NDArray[np.int64]
    code: NDArray[np.int64]
    shift: NDArray[np.int64]


@compiled
def lay_out_uses(  # noqa: PLR0913, PLR0917  # what is read, and what is written
    card: RateCard,
    batch: Batch,
    room: Room,
    count: Int,
    invoices: NDArray[np.int64],
    uses: NDArray[np.int64],
    subscriptions: NDArray[np.int64],
) -> Int:
    """Lay out what may cost something of the first `count` entries; each term is a subscription. Returns how many these are."""
    rows, terms, is_free, services, zones = room.priced.row, room.priced.term, room.is_free, room.service, room.zone
    ids, started, walls, quantities = batch.cdr_id.offsets, batch.started, batch.wall, batch.quantity
    zone_count = card.zone_count
    using = 0
    for entry in range(count):
        row = rows[entry]
        if not is_free[row]:
            zone, subscription = zones[row], np.int64(terms[entry])
            uses[using, STARTED] = started[row]
            uses[using, ID] = ids[row] * LENGTHS + ids[row + 1] - ids[row]
            uses[using, BILL] = subscription * INVOICES + max(invoices[row], 0)
            uses[using, WALL] = walls[row]
            uses[using, QUANTITY] = quantities[row]
            uses[using, PLACE] = services[row] * zone_count + zone if zone >= 0 else -1
            subscriptions[using] = subscription
            using += 1
    return using


@compiled
def add_up(  # noqa: PLR0913, PLR0917  # what is read, and what is written
    card: RateCard,
    pool_count: Int,
    uses: NDArray[np.int64],
    ids: NDArray[np.uint8],
    pairs: Pairs,
    costs: NDArray[np.int64],
) -> None:
    """Add up what all uses of some subscriptions cost under each version: `costs` of each pair; `UNRATED` if one is not rated."""
    order, starts = in_order(uses, uses[:, BILL] // INVOICES, ids)
    first, bills, codes, shifts = pairs
    for subscription in range(len(starts) - 1):
        its = order[starts[subscription] : starts[subscription + 1]]
        if len(its):
            for pair in range(first[subscription], first[subscription + 1]):
                cycles = _cycles(card, uses, its, bills[pair], shifts[pair])
                used = np.zeros((cycles[1] - cycles[0], pool_count + 1), np.int64)
                costs[pair] = _cost(card, uses, its, bills[pair], codes[pair], shifts[pair], cycles[0], used)


@compiled
def _cycles(
    card: RateCard, uses: NDArray[np.int64], order: NDArray[np.int64], bill: Int, shift: Int
) -> tuple[Int, Int]:
    """Return the month of the first cycle in which a bill has uses, and the one after the last; twice the same if none."""
    months, months_from = card.months, card.months_from
    first: Int = 0
    end: Int = 0
    for row in order:
        if uses[row, BILL] == bill:
            month = months[uses[row, WALL] // DAY_S - shift - months_from]
            first, end = min(first, month) if end else month, max(end, month + 1)
    return first, end


@compiled
def _cost(  # noqa: PLR0913, PLR0917  # a pair in three, and its cycles
    card: RateCard,
    uses: NDArray[np.int64],
    order: NDArray[np.int64],
    bill: Int,
    code: Int,
    shift: Int,
    first: Int,
    used: NDArray[np.int64],
) -> Int:
    """Add up what the uses of a bill cost in their order; others of the subscription use allowances, too.

    `used`: of each cycle from the month `first` on, what is used of each allowance; nothing yet.
    """
    months, months_from, rates = card.months, card.months_from, card.rates
    total = np.int64(0)
    for row in order:
        is_own = uses[row, BILL] == bill
        cycle = months[uses[row, WALL] // DAY_S - shift - months_from] - first
        if not 0 <= cycle < len(used):
            continue
        rate = _rate(card, code, uses[row, PLACE], uses[row, WALL])
        if rate < 0:
            if is_own:
                return UNRATED
            continue
        units, pool = rounded(rates, rate, uses[row, QUANTITY]), rates[rate, POOL]
        if pool:
            covered = min(units, max(rates[rate, ALLOWANCE] - used[cycle, pool], 0))
            used[cycle, pool] += covered
            units -= covered
        if is_own:
            cost = cost_of(rates, rate, units)
            if cost == UNRATED:
                return UNRATED
            total += cost
    return total


@inlined
def _rate(card: RateCard, code: Int, place: Int, wall: Int) -> Int:
    """Return the rate of a version for a use; -1 if it has none."""
    if place < 0:
        return -1
    band = band_at(card.band_starts, card.band_numbers, card.band_first, code, wall)
    return np.int64(card.places[(code * SERVICE_COUNT * card.zone_count + place) * card.band_count + band])
