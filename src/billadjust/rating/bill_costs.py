"""What the usage of bills costs under tariff versions that their subscriptions never had, compiled (§6.7)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from billadjust.rating.card import SERVICE_COUNT
from billadjust.rating.clock import DAY_S
from billadjust.rating.compiled import Int, compiled
from billadjust.rating.costs import ALLOWANCE, POOL, UNRATED, cost_of, rounded
from billadjust.rating.price import band_at, is_free_on
from billadjust.rating.records import NAMES, QUANTITY, WHAT, invoice_at, invoice_length, service_of, zone_of
from billadjust.rating.texts import Texts, words_in

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from billadjust.rating.card import RateCard
    from billadjust.rating.parts import Part


class Pairs(NamedTuple):
    """Bills beside versions, by subscription and invoice.

    `first`: of each subscription the first pair, and behind the last one how many there are. Of each pair: `invoice` (its
    id), `bill` (a number that changes where the bill does), `code` (of `Prices`), `shift` (days from a month's start to a
    cycle's).
    """

    first: NDArray[np.int64]
    invoice: Texts
    bill: NDArray[np.int64]
    code: NDArray[np.int64]
    shift: NDArray[np.int64]


@compiled
def add_up(card: RateCard, part: Part, pairs: Pairs, costs: NDArray[np.int64]) -> None:
    """Add up what all uses of some subscriptions cost under each version: `costs` of each pair; `UNRATED` if one is not rated."""
    first = part.first
    is_own, is_free = np.empty(len(part.at), np.bool_), np.empty(len(part.at), np.bool_)
    for subscription in range(len(first) - 1):
        begin, end = first[subscription], first[subscription + 1]
        if begin == end:
            continue
        number, bill = part.subscriptions[subscription], np.int64(-1)
        for pair in range(pairs.first[number], pairs.first[number + 1]):
            if bill < 0:
                _find_free(card, part, begin, end, is_free)
            if pairs.bill[pair] != bill:
                bill = pairs.bill[pair]
                _find_own(part, begin, end, pairs.invoice, pair, is_own)
            code, shift = pairs.code[pair], pairs.shift[pair]
            costs[pair] = _cost(card, part, begin, end, is_own, is_free, code, shift)


@compiled
def _find_free(card: RateCard, part: Part, begin: Int, end: Int, found: NDArray[np.bool_]) -> None:
    """Find the CDRs that cost nothing under any version (§5.1)."""
    words, at, wall = part.words, part.at, part.wall
    for cdr in range(begin, end):
        is_free = is_free_on(card.free_from, card.is_free, zone_of(words[at[cdr] + WHAT]), wall[cdr] // DAY_S)
        found[cdr] = is_free or words[at[cdr] + QUANTITY] == 0


@compiled
def _find_own(  # noqa: PLR0913, PLR0917  # a subscription's CDRs, and a bill
    part: Part, begin: Int, end: Int, invoices: Texts, pair: Int, found: NDArray[np.bool_]
) -> None:
    """Find the CDRs that a bill has."""
    words, at, own = part.words, part.at, invoices.words
    length, start = invoices.lengths[pair], invoices.starts[pair]
    for cdr in range(begin, end):
        names = words[at[cdr] + NAMES]
        is_own, place = invoice_length(names) == length, invoice_at(at[cdr], names)
        for number in range(words_in(length) if is_own else 0):
            is_own &= words[place + number] == own[start + number]
        found[cdr] = is_own


@compiled
def _cost(  # noqa: PLR0913, PLR0917  # a subscription's CDRs, and a version
    card: RateCard,
    part: Part,
    begin: Int,
    end: Int,
    is_own: NDArray[np.bool_],
    is_free: NDArray[np.bool_],
    code: Int,
    shift: Int,
) -> Int:
    """Add up what the CDRs of a bill cost in their order; others of the subscription use allowances in its cycles, too."""
    months, shifted, rates, places = card.months, shift + card.months_from, card.rates, card.places
    band_starts, band_numbers, band_first = card.band_starts, card.band_numbers, card.band_first
    zone_count, band_count = card.zone_count, card.band_count
    words, at, wall = part.words, part.at, part.wall
    first, last = _months(card, part, begin, end, is_own, shift)
    used = np.zeros((last - first + 1, card.pool_count + 1), np.int64)
    total = np.int64(0)
    for cdr in range(begin, end):
        month = months[wall[cdr] // DAY_S - shifted]
        if is_free[cdr] or not first <= month <= last:
            continue
        service, zone = service_of(words[at[cdr] + WHAT]), zone_of(words[at[cdr] + WHAT])
        rate = np.int64(-1)
        if zone >= 0:
            band = band_at(band_starts, band_numbers, band_first, code, wall[cdr])
            rate = places[((code * SERVICE_COUNT + service) * zone_count + zone) * band_count + band]
        if rate < 0:
            if is_own[cdr]:
                return np.int64(UNRATED)
            continue
        units, pool = rounded(rates, rate, words[at[cdr] + QUANTITY]), rates[rate, POOL]
        if pool:
            covered = min(units, max(rates[rate, ALLOWANCE] - used[month - first, pool], 0))
            used[month - first, pool] += covered
            units -= covered
        if is_own[cdr]:
            cost = cost_of(rates, rate, units)
            if cost == UNRATED:
                return np.int64(UNRATED)
            total += cost
    return total


@compiled
def _months(  # noqa: PLR0913, PLR0917  # as above
    card: RateCard, part: Part, begin: Int, end: Int, is_own: NDArray[np.bool_], shift: Int
) -> tuple[Int, Int]:
    """Return the first and the last month of the cycles in which a bill has CDRs; one before the first if it has none."""
    months, shifted, wall = card.months, shift + card.months_from, part.wall
    first, last = np.int64(0), np.int64(-1)
    for cdr in range(begin, end):
        if is_own[cdr]:
            month = np.int64(months[wall[cdr] // DAY_S - shifted])
            first, last = min(first, month) if last >= 0 else month, max(last, month)
    return first, last
