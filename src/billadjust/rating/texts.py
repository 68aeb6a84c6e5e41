"""Texts as bytes: columns as Arrow lays them out, and what is known beforehand of some names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar

import numpy as np

from billadjust.rating.compiled import Int, compiled, inlined

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

_Array = TypeVar("_Array", bound="NDArray[np.generic]")

WORD: Final = 8
"""Bytes of a word."""

TAIL: Final = 2 * WORD
"""Texts are compared by so many bytes at their end first, and those that are not longer by nothing else."""

LENGTHS: Final = 1 << 12
"""Texts have fewer bytes than this."""

LOW: Final = 0
HIGH: Final = 1
PLACE: Final = 2
VALUE: Final = 3
"""The columns of `Names.known`."""

NOT_YET: Final = -2
"""Stands for what a first look did not find."""


class Texts(NamedTuple):
    """Text i is the bytes of `data` from offsets[i] to offsets[i + 1]; a missing text has none.

    `words`: the eight bytes from each byte on. Before the first text there are two words that belong to none.
    """

    offsets: NDArray[np.int64]
    data: NDArray[np.uint8]
    words: NDArray[np.uint64]


class Names(NamedTuple):
    """Different texts, and a hash table of their places; -1 is a free slot.

    `known`: of each name the last two words, where it begins × LENGTHS + its bytes, and what is found for it: together,
    because they are far away.
    """

    data: NDArray[np.uint8]
    known: NDArray[np.int64]
    slots: NDArray[np.int32]


class Words(NamedTuple):
    """Room for the last two words of texts, and where to look for them."""

    low: NDArray[np.int64]
    high: NDArray[np.int64]
    slot: NDArray[np.int64]


def read_texts(column: pl.Series) -> Texts:
    """Lay out a column of texts without nulls."""
    array = column.to_arrow()
    _, offsets, data = array.buffers()
    begins = np.frombuffer(offsets, np.int64)[array.offset : array.offset + len(column) + 1]
    size = begins[-1] - begins[0]
    padded = np.empty(TAIL + size, np.uint8)
    padded[:TAIL] = 0
    if size:
        padded[TAIL:] = np.frombuffer(data, np.uint8)[begins[0] : begins[-1]]
    words = np.ndarray(len(padded) - WORD + 1, np.uint64, padded, strides=(1,))
    return Texts(begins + (TAIL - begins[0]), padded, words)


def read_names(names: pl.Series, values: NDArray[np.int64] | None = None) -> Names:
    """Make different texts known, each with a value from 0 on; without `values`, with its place."""
    texts = read_texts(names)
    # never empty: the first row is looked at where there is no name
    known = np.zeros((max(1, len(names)), 4), np.int64)
    known[: len(names), PLACE] = texts.offsets[:-1] * LENGTHS + np.diff(texts.offsets)
    known[: len(names), VALUE] = np.arange(len(names)) if values is None else values
    slots = np.full(1 << (4 * len(names) + 1).bit_length(), -1, np.int32)
    _fill(texts.offsets, texts.words, known, slots)
    return Names(texts.data, unchanging(known), unchanging(slots))


def unchanging(array: _Array) -> _Array:
    """Return an array that cannot be written to, as those are that share memory with a column."""
    array.flags.writeable = False
    return array


@compiled
def find(names: Names, texts: Texts, room: Words, found: NDArray[np.int64]) -> None:
    """Find the value of each text; -1 if it is not among the names."""
    # a field that is taken out of a tuple costs more than its number does: all are taken out before the loops
    known, slots = names.known, names.slots
    offsets, words = texts.offsets, texts.words
    lows, highs, places = room
    mask = len(slots) - 1
    # the table is far away: short loops that ask for many places at a time, and the few that are taken later
    for row in range(len(offsets) - 1):
        lows[row], highs[row] = tail(words, offsets[row], offsets[row + 1])
        places[row] = mix(lows[row], highs[row]) & mask
    for row in range(len(offsets) - 1):
        found[row] = slots[places[row]]
    for row in range(len(offsets) - 1):
        name = max(found[row], 0)
        is_it = (
            (found[row] >= 0)
            & (known[name, LOW] == lows[row])
            & (known[name, HIGH] == highs[row])
            & (offsets[row + 1] - offsets[row] <= TAIL)
        )
        found[row] = known[name, VALUE] if is_it else NOT_YET
    for row in range(len(offsets) - 1):
        if found[row] == NOT_YET:
            found[row] = find_one(names, texts, row)


@compiled
def find_one(names: Names, texts: Texts, row: Int) -> Int:
    """Find the value of one text; -1 if it is not among the names."""
    start, end = texts.offsets[row], texts.offsets[row + 1]
    low, high = tail(texts.words, start, end)
    mask = len(names.slots) - 1
    slot = mix(low, high) & mask
    name = names.slots[slot]
    while name >= 0 and not (
        names.known[name, LOW] == low
        and names.known[name, HIGH] == high
        and names.known[name, PLACE] % LENGTHS == end - start
        and same_bytes(names.data, names.known[name, PLACE] // LENGTHS, texts.data, start, end - start - TAIL)
    ):
        slot = (slot + 1) & mask
        name = names.slots[slot]
    return names.known[name, VALUE] if name >= 0 else np.int64(-1)


def part_of(texts: Texts, start: int, end: int) -> Texts:
    """Return some of the texts, from one on to before another."""
    return texts._replace(offsets=texts.offsets[start : end + 1])


@inlined
def tail(words: NDArray[np.uint64], start: Int, end: Int) -> tuple[Int, Int]:
    """Return the last two words of a text, the last one first. A text holds no byte 0, so a short one is like no other."""
    size = end - start
    low, high = words[end - WORD], words[end - TAIL]
    if size <= WORD:
        low, high = _last_bytes(low, size), np.uint64(0)
    elif size < TAIL:
        high = _last_bytes(high, size - WORD)
    return np.int64(low), np.int64(high)


@inlined
def _last_bytes(word: np.uint64, size: Int) -> np.uint64:
    """Keep so many bytes of a word that end where it ends."""
    return word >> np.uint64(8 * (WORD - size)) if size else np.uint64(0)


@inlined
def same_bytes(one: NDArray[np.uint8], start: Int, other: NDArray[np.uint8], other_start: Int, count: Int) -> bool:
    """Whether so many bytes are the same; none are."""
    for at in range(count):  # noqa: SIM110  # compiled code has no generators
        if one[start + at] != other[other_start + at]:
            return False
    return True


@inlined
def mix(one: Int, other: Int) -> Int:
    """Hash two numbers so that every bit of them counts in the low bits (the finalizer of MurmurHash3)."""
    mixed = np.uint64(one) ^ (np.uint64(other) * np.uint64(0x9E3779B97F4A7C15))
    mixed = (mixed ^ (mixed >> np.uint64(33))) * np.uint64(0xFF51AFD7ED558CCD)
    mixed = (mixed ^ (mixed >> np.uint64(33))) * np.uint64(0xC4CEB9FE1A85EC53)
    return np.int64(mixed ^ (mixed >> np.uint64(33)))


@compiled
def _fill(
    offsets: NDArray[np.int64], words: NDArray[np.uint64], known: NDArray[np.int64], slots: NDArray[np.int32]
) -> None:
    mask = len(slots) - 1
    for name in range(len(offsets) - 1):
        known[name, LOW], known[name, HIGH] = tail(words, offsets[name], offsets[name + 1])
        slot = mix(known[name, LOW], known[name, HIGH]) & mask
        while slots[slot] >= 0:
            slot = (slot + 1) & mask
        slots[slot] = name
