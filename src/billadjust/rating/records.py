"""CDRs as records of words, which hold all that their prices take (§5.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from billadjust.rating.compiled import Int, compiled, inlined
from billadjust.rating.texts import HALF, LENGTHS, LOW_HALF, Texts, find, hashes_of, words_in
from billadjust.rating.zones import LENGTHS as PREFIX_LENGTHS
from billadjust.rating.zones import STEM

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from billadjust.rating.card import RateCard
    from billadjust.rating.pieces import Piece

STARTED: Final = 0
NAMES: Final = 1
WHAT: Final = 2
QUANTITY: Final = 3
CHARGED: Final = 4
TEXTS: Final = 5
"""The words of a record: the start in microseconds since 1970; how many bytes each of the texts has; service and zone;
quantity; charge; and the texts, each in words of its own: subscription, the CDR's id, invoice, the CDR's own zone."""

ZONES: Final = 1 << HALF
"""Numbers of zones are below this."""


@compiled
def find_numbers(card: RateCard, piece: Piece) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Find the numbers of each CDR's service and zone (-1: none)."""
    services, zones = find(card.services, piece.service), np.empty_like(piece.started)
    _find_zones(card, piece, services, zones)
    _find_own_zones(card, piece, zones)
    return services, zones


@compiled
def _find_zones(card: RateCard, piece: Piece, services: NDArray[np.int64], found: NDArray[np.int64]) -> None:
    """Find the number of the zone of each CDR that does not name one: that of the longest prefix; -1: none (§5.1)."""
    lengths, places, words = piece.destination
    starts, zones, first = card.prefix_starts, card.prefix_zones, card.prefix_first
    data_service, data_zone = card.data_service, card.data_zone
    for row in range(len(lengths)):
        if lengths[row] == 0:
            found[row] = data_zone if services[row] == data_service else -1
        else:
            high, low = words[places[row]], words[places[row] + 1]
            number = (_digits(high) * 10**8 + _digits(low)) * PREFIX_LENGTHS + lengths[row]
            stem = number // STEM
            step = last_step(starts, first[stem], first[stem + 1], number)
            found[row] = zones[step] if step >= 0 else -1


@compiled
def _find_own_zones(card: RateCard, piece: Piece, found: NDArray[np.int64]) -> None:
    """Find the number of the zone of each CDR that names one; that of `*` if the catalogue does not (§5.1)."""
    lengths, starts, words = piece.zone
    rows = np.flatnonzero(lengths)
    numbers = find(card.zones, Texts(lengths[rows], starts[rows], words))
    for place, row in enumerate(rows):
        found[row] = max(numbers[place], 0)


@inlined
def _digits(word: Int) -> Int:
    """Return the number that eight digits are, the first one in the lowest byte; a byte 0 is a digit 0.

    Neighbours are added up, first single digits, then pairs and fours, all of them at the same time.
    """
    number = word & 0x0F0F0F0F0F0F0F0F
    number = number * 10 + (number >> 8) & 0x00FF00FF00FF00FF
    number = number * 100 + (number >> 16) & 0x0000FFFF0000FFFF
    return number * 10_000 + (number >> HALF) & LOW_HALF


@inlined
def last_step(starts: NDArray[np.int64], low: Int, high: Int, key: Int) -> Int:
    """Return the last of some steps that starts at or before a key: the one before `low` if none of these does."""
    while low < high:
        middle = (low + high) // 2
        if starts[middle] <= key:
            low = middle + 1
        else:
            high = middle
    return low - 1


@compiled
def make_records(
    piece: Piece, services: NDArray[np.int64], zones: NDArray[np.int64], parts: Int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Make records of a piece, those of the same part together.

    Args:
        piece: The CDRs.
        services: As `find_numbers` found them.
        zones: As `find_numbers` found them.
        parts: How many there are, a power of two; those of a subscription are in the same.

    Returns:
        The words of the records, and where those of each part begin (and at the end, how many there are).
    """
    owner_lengths, owner_starts, owner_words = piece.subscription
    id_lengths, id_starts, id_words = piece.cdr_id
    invoice_lengths, invoice_starts, invoice_words = piece.invoice
    zone_lengths, zone_starts, zone_words = piece.zone
    started, quantities, charged = piece.started, piece.quantity, piece.charged
    part_of, starts = hashes_of(piece.subscription), np.zeros(parts + 1, np.int64)
    for row in range(len(started)):
        part_of[row] &= parts - 1
        size = words_in(owner_lengths[row]) + words_in(id_lengths[row])
        size += words_in(invoice_lengths[row]) + words_in(zone_lengths[row])
        starts[part_of[row] + 1] += TEXTS + size
    starts = np.cumsum(starts)
    words, places = np.empty(starts[-1], np.int64), starts.copy()
    for row in range(len(started)):
        at = places[part_of[row]]
        names = (owner_lengths[row] * LENGTHS + id_lengths[row]) * LENGTHS + invoice_lengths[row]
        words[at + STARTED] = started[row]
        words[at + NAMES] = names * LENGTHS + zone_lengths[row]
        words[at + WHAT] = services[row] * ZONES + zones[row] + 1
        words[at + QUANTITY] = quantities[row]
        words[at + CHARGED] = charged[row]
        at += TEXTS
        for number in range(words_in(owner_lengths[row])):
            words[at] = owner_words[owner_starts[row] + number]
            at += 1
        for number in range(words_in(id_lengths[row])):
            words[at] = id_words[id_starts[row] + number]
            at += 1
        for number in range(words_in(invoice_lengths[row])):
            words[at] = invoice_words[invoice_starts[row] + number]
            at += 1
        for number in range(words_in(zone_lengths[row])):
            words[at] = zone_words[zone_starts[row] + number]
            at += 1
        places[part_of[row]] = at
    return words, starts


@inlined
def owner_length(names: Int) -> Int:
    """Return how many bytes the id of a record's subscription has."""
    return names // LENGTHS**3


@inlined
def id_length(names: Int) -> Int:
    """Return how many bytes the id of a record's CDR has."""
    return names // LENGTHS**2 % LENGTHS


@inlined
def invoice_length(names: Int) -> Int:
    """Return how many bytes the id of a record's invoice has; 0: it has none."""
    return names // LENGTHS % LENGTHS


@inlined
def zone_length(names: Int) -> Int:
    """Return how many bytes the name of a record's own zone has; 0: it has none."""
    return names % LENGTHS


@inlined
def id_at(at: Int, names: Int) -> Int:
    """Return where the id of the CDR of a record begins."""
    return at + TEXTS + words_in(owner_length(names))


@inlined
def invoice_at(at: Int, names: Int) -> Int:
    """Return where the id of the invoice of a record begins."""
    return id_at(at, names) + words_in(id_length(names))


@inlined
def zone_at(at: Int, names: Int) -> Int:
    """Return where the name of a record's own zone begins."""
    return invoice_at(at, names) + words_in(invoice_length(names))


@inlined
def end_of(at: Int, names: Int) -> Int:
    """Return where a record ends."""
    return zone_at(at, names) + words_in(zone_length(names))


@inlined
def service_of(what: Int) -> Int:
    """Return the number of a record's service."""
    return what // ZONES


@inlined
def zone_of(what: Int) -> Int:
    """Return the number of a record's zone; -1: it has none."""
    return what % ZONES - 1
