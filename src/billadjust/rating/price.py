"""The price of single CDRs, compiled: which zone, band and rate it has, how many units it counts, what they cost (§5)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from billadjust.rating.clock import DAY_S, THURSDAY, WEEK_S
from billadjust.rating.compiled import Int, compiled, inlined
from billadjust.rating.costs import POOL, UNRATED, cost_of, rounded
from billadjust.rating.texts import Names, Texts, Words, find, find_one
from billadjust.rating.zones import DIGITS, LENGTHS, REJECTED_NUMBER
from billadjust.schemas import SERVICES

if TYPE_CHECKING:
    from numpy.typing import NDArray

FROM: Final = 0
TO: Final = 1
CODE: Final = 2
SHIFT: Final = 3
"""The columns of `RateCard.terms`."""

TERMS: Final = 1 << 24
"""A subscription has fewer terms than this."""

SERVICE_COUNT: Final = len(SERVICES)

STEM: Final = 10 ** (DIGITS - 5) * LENGTHS
"""The numbers that begin with the same five digits."""


class RateCard(NamedTuple):
    """All that prices usage, in arrays.

    `subscriptions`: the first row of `terms` × TERMS + how many there are. `terms`: from, to (days since 1970), code
    (-1: none), shift (days from a month's start to a cycle's; -1: none). `months`: the number of the month of each day from
    `months_from` on. `places`, `band_starts` and `rates` as in `Prices`; -1 where there is nothing. `band_first`: of each
    code, the first of its steps. `prefix_first`: of each stem of five digits, the first of its steps. `free_from`: the
    days from which each row of `is_free` (by zone) holds.
    """

    subscriptions: Names
    terms: NDArray[np.int32]
    services: Names
    data_service: int
    zones: Names
    zone_count: int
    data_zone: int
    prefix_starts: NDArray[np.int64]
    prefix_zones: NDArray[np.int32]
    prefix_first: NDArray[np.int64]
    free_from: NDArray[np.int32]
    is_free: NDArray[np.bool_]
    months: NDArray[np.int32]
    months_from: int
    band_starts: NDArray[np.int64]
    band_numbers: NDArray[np.int32]
    band_first: NDArray[np.int64]
    band_count: int
    places: NDArray[np.int32]
    rates: NDArray[np.int64]


class Batch(NamedTuple):
    """Some CDRs in arrays: `started` in microseconds since 1970, `wall` the second that the clocks showed then."""

    cdr_id: Texts
    subscription: Texts
    service: Texts
    destination: Texts
    zone: Texts
    invoice: Texts
    started: NDArray[np.int64]
    wall: NDArray[np.int64]
    quantity: NDArray[np.int64]
    charged: NDArray[np.int64]


class Priced(NamedTuple):
    """CDRs under a version choice: one entry for each CDR and term of its day.

    `row` of the batch, `term`, `service`, `zone` (-1: none), `band`, `month`, `rate` (-1: none), `unrated` (the number of
    the reason, 0: it is rated), `units` (rounded), `cost` (of them all if no allowance covers them, else 0).
    """

    row: NDArray[np.int32]
    term: NDArray[np.int32]
    service: NDArray[np.int32]
    zone: NDArray[np.int32]
    band: NDArray[np.int32]
    month: NDArray[np.int32]
    rate: NDArray[np.int32]
    unrated: NDArray[np.int32]
    units: NDArray[np.int64]
    cost: NDArray[np.int64]


class Room(NamedTuple):
    """Arrays that are filled with batch after batch: a new one costs more than what is written to it."""

    words: Words
    subscription: NDArray[np.int64]
    service: NDArray[np.int64]
    zone: NDArray[np.int64]
    is_free: NDArray[np.bool_]
    priced: Priced


class Reasons(NamedTuple):
    """The numbers of the reasons why a CDR is unrated."""

    too_dear: int
    rejected_prefix: int
    no_rate: int
    no_zone: int
    of_term: int


@compiled
def price(card: RateCard, reasons: Reasons, batch: Batch, room: Room) -> Int:
    """Price the CDRs of a batch; `room.priced` has them then. Returns how many entries there are.

    One thing after the other is worked out for the whole batch, because short loops let the processor look ahead.
    """
    count = place(card, batch, room)
    _find_rates(card, reasons, batch.wall, room, count)
    _find_costs(card.rates, reasons, batch.quantity, room.priced, count)
    return count


@compiled
def place(card: RateCard, batch: Batch, room: Room) -> Int:
    """Find service and zone of the CDRs of a batch, and the terms of their days; return how many entries there are."""
    find(card.services, batch.service, room.words, room.service)
    _find_zones(card, batch, room.service, room.zone)
    _find_free(card, batch, room.zone, room.is_free)
    find(card.subscriptions, batch.subscription, room.words, room.subscription)
    return _find_terms(card, batch.wall, room.subscription, room.priced.row, room.priced.term)


@compiled
def _find_zones(card: RateCard, batch: Batch, services: NDArray[np.int64], found: NDArray[np.int64]) -> None:
    """Find the number of each CDR's zone: its own, or that of the longest prefix; -1: none (§5.1)."""
    own = batch.zone.offsets
    offsets, digits, _ = batch.destination
    starts, zones, first = card.prefix_starts, card.prefix_zones, card.prefix_first
    data_service, data_zone = card.data_service, card.data_zone
    for row in range(len(batch.wall)):
        start, end = offsets[row], offsets[row + 1]
        if own[row] < own[row + 1]:
            found[row] = max(find_one(card.zones, batch.zone, row), 0)
        elif start == end:
            found[row] = data_zone if services[row] == data_service else -1
        else:
            number = np.int64(0)
            for place in range(start, end):
                number = number * 10 + (digits[place] - 48)
            for _ in range(DIGITS - (end - start)):
                number *= 10
            number = number * LENGTHS + (end - start)
            stem = number // STEM
            step = _last_step(starts, first[stem], first[stem + 1], number)
            found[row] = zones[step] if step >= 0 else -1


@compiled
def _find_free(card: RateCard, batch: Batch, zones: NDArray[np.int64], found: NDArray[np.bool_]) -> None:
    """Find the CDRs that cost nothing: of quantity 0, or in a zone that is free on their day (§5.1)."""
    free_from, is_free = card.free_from, card.is_free
    walls, quantities = batch.wall, batch.quantity
    for row in range(len(walls)):
        found[row] = quantities[row] == 0
        zone = zones[row]
        if zone >= 0:
            free = False
            for dated in range(len(free_from)):
                if walls[row] // DAY_S >= free_from[dated]:
                    free = is_free[dated, zone]
            found[row] |= free


@compiled
def _find_terms(
    card: RateCard,
    walls: NDArray[np.int64],
    subscriptions: NDArray[np.int64],
    rows: NDArray[np.int32],
    found: NDArray[np.int32],
) -> Int:
    """Find the terms of each CDR's day, one for each version choice; return how many."""
    terms = card.terms
    count = 0
    for row in range(len(walls)):
        subscription, day = subscriptions[row], walls[row] // DAY_S
        if subscription < 0:
            continue  # nobody's: the inputs hold no such CDRs, but a part of them may
        first = subscription // TERMS
        for term in range(first, first + subscription % TERMS):
            if terms[term, FROM] <= day < terms[term, TO]:
                rows[count] = row
                found[count] = term
                count += 1
    return count


@compiled
def _find_rates(card: RateCard, reasons: Reasons, walls: NDArray[np.int64], room: Room, count: Int) -> None:
    """Find each entry's band, month and rate, and why it has none (§5.2, §5.3)."""
    terms, months, months_from, places = card.terms, card.months, card.months_from, card.places
    band_starts, band_numbers, band_first = card.band_starts, card.band_numbers, card.band_first
    band_count, zone_count = card.band_count, card.zone_count
    services, zones, is_free, priced = room.service, room.zone, room.is_free, room.priced
    rows, term_of, bands, month_of = priced.row, priced.term, priced.band, priced.month
    rate_of, unrated, service_of, zone_of = priced.rate, priced.unrated, priced.service, priced.zone
    for entry in range(count):
        row, term = rows[entry], term_of[entry]
        code, shift = np.int64(terms[term, CODE]), terms[term, SHIFT]
        service, zone = services[row], zones[row]
        band: Int = 0
        rate, reason = -1, 0
        if code >= 0:
            band = band_at(band_starts, band_numbers, band_first, code, walls[row])
        if not is_free[row]:
            if code < 0:
                reason = reasons.of_term
            elif zone < 0:
                reason = reasons.no_zone
            elif zone == REJECTED_NUMBER:
                reason = reasons.rejected_prefix
            else:
                rate = places[((code * SERVICE_COUNT + service) * zone_count + zone) * band_count + band]
                if rate < 0:
                    reason = reasons.no_rate
        service_of[entry], zone_of[entry], bands[entry] = service, zone, band
        month_of[entry] = months[walls[row] // DAY_S - shift - months_from] if shift >= 0 else 0
        rate_of[entry], unrated[entry] = rate, reason


@compiled
def _find_costs(
    rates: NDArray[np.int64], reasons: Reasons, quantities: NDArray[np.int64], priced: Priced, count: Int
) -> None:
    """Find how many units each entry counts, and what they cost if no allowance covers them."""
    rows, rate_of, unit_of, cost_of_, unrated = priced.row, priced.rate, priced.units, priced.cost, priced.unrated
    for entry in range(count):
        rate = rate_of[entry]
        unit_of[entry] = rounded(rates, rate, quantities[rows[entry]]) if rate >= 0 else 0
    for entry in range(count):
        rate = rate_of[entry]
        cost = cost_of(rates, rate, unit_of[entry]) if rate >= 0 and rates[rate, POOL] == 0 else 0
        if cost == UNRATED:
            cost, unrated[entry] = 0, reasons.too_dear
        cost_of_[entry] = cost


@inlined
def band_at(starts: NDArray[np.int64], bands: NDArray[np.int32], first: NDArray[np.int64], code: Int, wall: Int) -> Int:
    """Return the number of the band of a version at a time on the wall (§5.2)."""
    second = code * WEEK_S + (wall + THURSDAY * DAY_S) % WEEK_S
    step = _last_step(starts, first[code], first[code + 1], second)
    return bands[step] if step >= first[code] else 0


@inlined
def _last_step(starts: NDArray[np.int64], low: Int, high: Int, key: Int) -> Int:
    """Return the last of some steps that starts at or before a key: the one before `low` if none of these does."""
    while low < high:
        middle = (low + high) // 2
        if starts[middle] <= key:
            low = middle + 1
        else:
            high = middle
    return low - 1
