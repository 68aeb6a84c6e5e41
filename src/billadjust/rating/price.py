"""The price of single CDRs, compiled: which band and rate each has, what its allowance pays, what the rest costs (§5)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from billadjust.rating.card import CODE, FROM, OWNER, SERVICE_COUNT, SHIFT, TO
from billadjust.rating.clock import DAY_S, THURSDAY, WEEK_S
from billadjust.rating.compiled import Int, compiled, inlined
from billadjust.rating.costs import ALLOWANCE, POOL, UNRATED, cost_of, rounded
from billadjust.rating.reasons import NO_RATE, NO_ZONE, OF_TERM, REASONS, REJECTED_PREFIX, TOO_DEAR
from billadjust.rating.records import QUANTITY, WHAT, last_step, service_of, zone_of
from billadjust.rating.zones import REJECTED_NUMBER

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from billadjust.rating.card import RateCard
    from billadjust.rating.parts import Part

MONTHS: Final = 1 << 17
"""Months are numbered below this: those of ten thousand years."""

_IS_TOO_DEAR: Final = REASONS.index(TOO_DEAR) + 1
_HAS_REJECTED_PREFIX: Final = REASONS.index(REJECTED_PREFIX) + 1
_HAS_NO_RATE: Final = REASONS.index(NO_RATE) + 1
_HAS_NO_ZONE: Final = REASONS.index(NO_ZONE) + 1


class Priced(NamedTuple):
    """CDRs of a part with their prices: one entry for each CDR and term of its day, in the order of the part.

    `cdr` (its place in the order), `term`, `band`, `month` (of its cycle), `rate` (-1: none), `unrated` (the number of the
    reason, 0: it is rated), `units` (rounded), `covered` (those that an allowance pays), `cost` (of the others).
    """

    cdr: NDArray[np.int32]
    term: NDArray[np.int32]
    band: NDArray[np.int32]
    month: NDArray[np.int32]
    rate: NDArray[np.int32]
    unrated: NDArray[np.int32]
    units: NDArray[np.int64]
    covered: NDArray[np.int64]
    cost: NDArray[np.int64]


def price(card: RateCard, part: Part, choices: int) -> Priced:
    """Price the CDRs of a part under so many version choices."""
    most = len(part.at) * choices
    room = Priced._make(np.empty(most, dtype) for dtype in [np.int32] * 6 + [np.int64] * 3)
    count = _find_rates(card, part, room)
    priced = Priced._make(column[:count] for column in room)
    _find_costs(card, part, priced)
    return priced


@compiled
def _find_rates(card: RateCard, part: Part, priced: Priced) -> Int:
    """Find the terms of each CDR's day, and under each its rate, or why it has none (§5.1 to §5.3). Returns how many."""
    terms, months, months_from, places = card.terms, card.months, card.months_from, card.places
    band_starts, band_numbers, band_first = card.band_starts, card.band_numbers, card.band_first
    band_count, zone_count, first_term = card.band_count, card.zone_count, card.first_term
    free_from, free_zones = card.free_from, card.is_free
    words, first, at, wall = part.words, part.first, part.at, part.wall
    cdrs, term_of, bands, month_of, rate_of, unrated = priced[:6]
    count = 0
    for subscription in range(len(first) - 1):
        number = part.subscriptions[subscription]
        for cdr in range(first[subscription], first[subscription + 1]):
            day, what = wall[cdr] // DAY_S, words[at[cdr] + WHAT]
            zone = zone_of(what)
            is_free = words[at[cdr] + QUANTITY] == 0 or is_free_on(free_from, free_zones, zone, day)
            for term in range(first_term[number], first_term[number + 1]):
                if not terms[term, FROM] <= day < terms[term, TO]:
                    continue
                code, shift = np.int64(terms[term, CODE]), terms[term, SHIFT]
                rate: Int = -1
                reason: Int = 0
                band: Int = 0
                if code >= 0:
                    band = band_at(band_starts, band_numbers, band_first, code, wall[cdr])
                if not is_free:
                    reason = _reason(code, zone)
                    if not reason:
                        place = (code * SERVICE_COUNT + service_of(what)) * zone_count + zone
                        rate = places[place * band_count + band]
                        reason = _HAS_NO_RATE if rate < 0 else 0
                cdrs[count], term_of[count], bands[count] = cdr, term, band
                month_of[count] = months[day - shift - months_from] if shift >= 0 else 0
                rate_of[count], unrated[count] = rate, reason
                count += 1
    return count


@inlined
def _reason(code: Int, zone: Int) -> Int:
    """Return the number of the reason why a CDR has no price, before its rate is looked up; 0: none."""
    if code < 0:
        return OF_TERM
    if zone < 0:
        return _HAS_NO_ZONE
    return _HAS_REJECTED_PREFIX if zone == REJECTED_NUMBER else 0


@compiled
def _find_costs(card: RateCard, part: Part, priced: Priced) -> None:
    """Find the units of each entry, what an allowance pays of them, and what the others cost (§5.4 to §5.6).

    Where the versions of a tariff have allowances of different sizes, what was used counts, and what was charged used
    nothing: of 100 minutes, 150 use all 100 and 50 are charged; of the next version's 200 in that cycle 100 are left.
    """
    terms, rates, first_term, pools = card.terms, card.rates, card.first_term, np.int64(card.pool_count + 1)
    words, at, first = part.words, part.at, part.first
    cdrs, term_of, _, month_of, rate_of, unrated, units_of, covered_of, costs = priced
    # the allowances that a subscription has used something of, and how much; the last one is asked for most
    keys, used = np.empty(len(cdrs), np.int64), np.empty(len(cdrs), np.int64)
    entry = 0
    for subscription in range(len(first) - 1):
        known, first_owner = 0, np.int64(-1)
        while entry < len(cdrs) and cdrs[entry] < first[subscription + 1]:
            rate: Int = np.int64(rate_of[entry])
            units: Int = 0
            covered: Int = 0
            cost: Int = 0
            if rate >= 0:
                units = rounded(rates, rate, words[at[cdrs[entry]] + QUANTITY])
                pool = rates[rate, POOL]
                if pool:
                    if first_owner < 0:
                        first_owner = np.int64(terms[first_term[part.subscriptions[subscription]], OWNER])
                    key = ((terms[term_of[entry], OWNER] - first_owner) * pools + pool) * MONTHS + month_of[entry]
                    place = known - 1
                    while place >= 0 and keys[place] != key:
                        place -= 1
                    if place < 0:
                        place = known
                        keys[place], used[place] = key, 0
                        known += 1
                    covered = min(units, max(rates[rate, ALLOWANCE] - used[place], 0))
                    used[place] += covered
                cost = cost_of(rates, rate, units - covered)
                if cost == UNRATED:
                    cost, unrated[entry] = 0, _IS_TOO_DEAR
            units_of[entry], covered_of[entry], costs[entry] = units, covered, cost
            entry += 1


@inlined
def is_free_on(free_from: NDArray[np.int32], free_zones: NDArray[np.bool_], zone: Int, day: Int) -> bool:
    """Whether a zone (-1: none) costs nothing on a day (§5.1)."""
    is_free = False
    for dated in range(len(free_from)):
        if zone >= 0 and day >= free_from[dated]:
            is_free = free_zones[dated, zone]
    return is_free


@inlined
def band_at(starts: NDArray[np.int64], bands: NDArray[np.int32], first: NDArray[np.int64], code: Int, wall: Int) -> Int:
    """Return the number of the band of a version at a time on the wall (§5.2)."""
    second = code * WEEK_S + (wall + THURSDAY * DAY_S) % WEEK_S
    step = last_step(starts, first[code], first[code + 1], second)
    return bands[step] if step >= first[code] else 0
