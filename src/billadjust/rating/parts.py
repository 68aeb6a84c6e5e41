"""Some subscriptions' CDRs in the order in which they use allowances (§5.5), compiled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from billadjust.rating.clock import wall_seconds
from billadjust.rating.compiled import Int, compiled
from billadjust.rating.records import (
    CHARGED,
    NAMES,
    STARTED,
    TEXTS,
    WHAT,
    ZONES,
    end_of,
    id_at,
    id_length,
    invoice_at,
    invoice_length,
    owner_length,
    zone_at,
    zone_length,
)
from billadjust.rating.texts import LENGTHS, WORD, Texts, find, hashes_of, make_names, read_texts, write_texts

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

    from billadjust.rating.spool import Spool


SIZES: Final = 4 * LENGTHS
"""No record has so many words."""

RUN: Final = 16
"""So many records are sorted by insertion."""

_NAMES: Final = ("cdr_id", "invoice_id", "zone")


class Owners(NamedTuple):
    """Subscriptions by part: their ids in the order of their numbers, these numbers part by part, and the first of each part."""

    names: Texts
    numbers: NDArray[np.int64]
    first: NDArray[np.int64]


class Part(NamedTuple):
    """Records by subscription, and those of each by (started_at, cdr_id).

    `subscriptions`: their numbers. `first`: the first CDR of each of them, and at the end how many there are. Of each CDR:
    `at`, where its record begins among the words, and `wall`, the second that the clocks showed when it started.
    """

    subscriptions: NDArray[np.int64]
    first: NDArray[np.int64]
    words: NDArray[np.int64]
    at: NDArray[np.int64]
    wall: NDArray[np.int64]


def read_owners(subscriptions: pl.Series, parts: int) -> Owners:
    """Find the part of each subscription, as `make_records` does."""
    names = read_texts(subscriptions)
    part_of = hashes_of(names) & (parts - 1)
    counts = np.bincount(part_of, minlength=parts)
    return Owners(names, np.argsort(part_of, kind="stable"), np.append(0, np.cumsum(counts)))


def read_part(spool: Spool, number: int, owners: Owners, timezone: str) -> Part:
    """Read a part of the CDRs."""
    words = spool.read(number)
    subscriptions = owners.numbers[owners.first[number] : owners.first[number + 1]]
    lengths, starts, name_words = owners.names
    known = make_names(Texts(lengths[subscriptions], starts[subscriptions], name_words))
    at, ends, ids = _find_records(words)
    first, places, started = _find_order(words, find(known, ids), at, ends, len(subscriptions))
    words, at = _in_order(words, places)
    return Part(subscriptions, first, words, at, wall_seconds(started, timezone))


@compiled
def _find_records(words: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64], Texts]:
    """Find where records begin and end, and the ids of their subscriptions."""
    most = len(words) // TEXTS
    at, ends, lengths = np.empty(most, np.int64), np.empty(most, np.int64), np.empty(most, np.int64)
    count, begin = 0, np.int64(0)
    while begin < len(words):
        names = words[begin + NAMES]
        at[count], ends[count], lengths[count] = begin, end_of(begin, names), owner_length(names)
        begin = ends[count]
        count += 1
    return at[:count], ends[:count], Texts(lengths[:count], at[:count] + TEXTS, words)


@compiled
def _in_order(words: NDArray[np.int64], places: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Copy records one behind the other; return them, and where they begin then."""
    # numbers without a sign need no look whether they count from the end: a third of the time
    copied, at, place = np.empty_like(words), np.empty_like(places), np.uint64(0)
    for cdr in range(len(places)):
        begin, size = np.uint64(places[cdr] // SIZES), np.uint64(places[cdr] % SIZES)
        for word in range(size):
            copied[place + word] = words[begin + word]
        at[cdr] = place
        place += size
    return copied, at


@compiled
def _find_order(
    words: NDArray[np.int64],
    whose: NDArray[np.int64],
    at: NDArray[np.int64],
    ends: NDArray[np.int64],
    subscriptions: Int,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return `first` of a part, and of each CDR in its order where the record begins × SIZES + its words, and its start."""
    first = np.zeros(subscriptions + 1, np.int64)
    for subscription in whose:
        if subscription >= 0:  # nobody's: the inputs hold no such CDRs, but a part of them may
            first[subscription + 1] += 1
    first = np.cumsum(first)
    places, started, place = np.empty(first[-1], np.int64), np.empty(first[-1], np.int64), first.copy()
    for record, subscription in enumerate(whose):
        if subscription >= 0:
            begin, to = at[record], place[subscription]
            places[to], started[to] = begin * SIZES + ends[record] - begin, words[begin + STARTED]
            place[subscription] = to + 1
    most = np.int64(0)
    for subscription in range(subscriptions):
        most = max(most, first[subscription + 1] - first[subscription])
    spare_places, spare_started, bytes_ = np.empty(most, np.int64), np.empty(most, np.int64), words.view(np.uint8)
    for subscription in range(subscriptions):
        begin, end = first[subscription], first[subscription + 1]
        _sort(places[begin:end], started[begin:end], spare_places, spare_started)
        _sort_ties(words, bytes_, places[begin:end], started[begin:end], spare_places)
    return first, places, started


@compiled
def _sort(
    places: NDArray[np.int64],
    started: NDArray[np.int64],
    spare_places: NDArray[np.int64],
    spare_started: NDArray[np.int64],
) -> None:
    """Sort records by the time of their start: short runs by insertion, then ever longer ones by merging."""
    # numbers without a sign: see `_in_order`
    one, run, count = np.uint64(1), np.uint64(RUN), np.uint64(len(places))
    begin = np.uint64(0)
    while begin < count:
        end, record = min(begin + run, count), begin + one
        while record < end:
            record_started, record_place, place = started[record], places[record], record
            while place > begin and started[place - one] > record_started:
                started[place], places[place] = started[place - one], places[place - one]
                place -= one
            started[place], places[place] = record_started, record_place
            record += one
        begin = end
    while run < count:
        begin = np.uint64(0)
        while begin + run < count:
            middle, end = begin + run, min(begin + run + run, count)
            for at in range(run):
                spare_places[at], spare_started[at] = places[begin + at], started[begin + at]
            left, right, place = np.uint64(0), middle, begin
            while left < run and right < end:
                # as arithmetic: a branch would be guessed wrong half of the time
                is_right = started[right] < spare_started[left]
                places[place] = places[right] if is_right else spare_places[left]
                started[place] = started[right] if is_right else spare_started[left]
                right += np.uint64(is_right)
                left += np.uint64(not is_right)
                place += one
            while left < run:
                places[place], started[place] = spare_places[left], spare_started[left]
                left += one
                place += one
            begin = end
        run += run


@compiled
def _sort_ties(
    words: NDArray[np.int64],
    bytes_: NDArray[np.uint8],
    places: NDArray[np.int64],
    started: NDArray[np.int64],
    spare: NDArray[np.int64],
) -> None:
    """Sort records that start at the same time by the bytes of their ids, by merging ever longer runs."""
    first = 0
    for last in range(1, len(places) + 1):
        if last < len(places) and started[last] == started[first]:
            continue
        run = 1
        while run < last - first:
            for begin in range(first, last - run, 2 * run):
                middle, end = begin + run, min(begin + 2 * run, last)
                spare[begin:middle] = places[begin:middle]
                left, right, place = begin, middle, begin
                while left < middle:
                    if right < end and _has_lower_id(words, bytes_, places[right], spare[left]):
                        places[place] = places[right]
                        right += 1
                    else:
                        places[place] = spare[left]
                        left += 1
                    place += 1
            run *= 2
        first = last


@compiled
def _has_lower_id(words: NDArray[np.int64], bytes_: NDArray[np.uint8], place: Int, other: Int) -> bool:
    """Whether the id of a record comes before that of another."""
    at, other_at = place // SIZES, other // SIZES
    names, other_names = words[at + NAMES], words[other_at + NAMES]
    length, other_length = id_length(names), id_length(other_names)
    begin, other_begin = WORD * id_at(at, names), WORD * id_at(other_at, other_names)
    for byte in range(min(length, other_length)):
        one, other_one = bytes_[begin + byte], bytes_[other_begin + byte]
        if one != other_one:
            return bool(one < other_one)
    return bool(length < other_length)


def details(part: Part) -> dict[str, pl.Series | NDArray[np.int64]]:
    """Return what records say of the CDRs, in the order of the part.

    Columns: cdr_id, invoice_id and zone (null: none), service_number, zone_number (-1: none), charged.
    """
    words, (places, sizes) = part.words, _find_names(part.words, part.at)
    columns = {name: write_texts(words, places[row], sizes[row]) for row, name in enumerate(_NAMES)}
    service, zone = np.divmod(words[part.at + WHAT], ZONES)
    return columns | {"service_number": service, "zone_number": zone - 1, "charged": words[part.at + CHARGED]}


@compiled
def _find_names(words: NDArray[np.int64], at: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Find where the names of each record are, and how many bytes they have."""
    places, sizes = np.empty((3, len(at)), np.int64), np.empty((3, len(at)), np.int64)
    for cdr, begin in enumerate(at):
        names = words[begin + NAMES]
        places[0, cdr], sizes[0, cdr] = id_at(begin, names), id_length(names)
        places[1, cdr], sizes[1, cdr] = invoice_at(begin, names), invoice_length(names)
        places[2, cdr], sizes[2, cdr] = zone_at(begin, names), zone_length(names)
    return places, sizes
