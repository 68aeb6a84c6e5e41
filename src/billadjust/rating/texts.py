"""Texts as words: columns as Arrow lays them out, and what is known beforehand of some names.

A word is the next eight bytes of a text, the last one filled up with zeros; no text holds a byte 0, so texts of the same
words are the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar

import numpy as np
import polars as pl
import pyarrow as pa  # type: ignore[import-untyped]  # it ships no types

from billadjust.rating.compiled import Int, compiled, inlined

if TYPE_CHECKING:
    from numpy.typing import NDArray

_Array = TypeVar("_Array", bound="NDArray[np.generic]")

WORD: Final = 8
"""Bytes of a word."""

LENGTHS: Final = 1 << 12
"""Texts have fewer bytes than this."""

SHORT: Final = 12
"""Arrow keeps so many bytes of a text beside its length, and those of longer ones elsewhere."""

HALF: Final = 32
"""Slots are found by the upper bits of a hash, parts (see `spool`) by the lower ones."""

LOW_HALF: Final = (1 << HALF) - 1

ODD: Final = 0x2545F4914F6CDD1D
"""A number with bits all over, by which words are told apart."""


class Texts(NamedTuple):
    """Texts among words: the bytes of each, and where it begins."""

    lengths: NDArray[np.int64]
    starts: NDArray[np.int64]
    words: NDArray[np.int64]


class Names(NamedTuple):
    """Different texts, and the rows of them in a hash table; -1 is a free slot."""

    texts: Texts
    slots: NDArray[np.int64]


def read_texts(column: pl.Series) -> Texts:
    """Lay out a column of texts without nulls in words, each in two at least."""
    if not len(column):
        return Texts(*np.empty((3, 0), np.int64))
    array = column.to_arrow(compat_level=pl.CompatLevel.newest())
    _, views, *buffers = array.buffers()
    views = np.frombuffer(views, np.int64).reshape(-1, 2)[array.offset : array.offset + len(array)]
    first, end = _buffers(views)
    buffers = buffers[first:end]
    # a byte more than the last word needs: numba would compile once more for an array of one word, which is another type
    data = np.concatenate([*(np.frombuffer(buffer, np.uint8) for buffer in buffers), np.zeros(WORD + 1, np.uint8)])
    begins = np.cumsum([0, *(buffer.size for buffer in buffers)])
    # the eight bytes from each byte on
    return _texts(views, begins, first, np.ndarray(len(data) - WORD + 1, np.int64, data, strides=(1,)))


@compiled
def _buffers(views: NDArray[np.int64]) -> tuple[Int, Int]:
    """Find the buffers that texts are in, from one on to before another: a part of a column has those of the whole."""
    first, end = LOW_HALF, np.int64(0)
    for row in range(len(views)):
        if views[row, 0] & LOW_HALF > SHORT:
            first, end = min(first, views[row, 1] & LOW_HALF), max(end, (views[row, 1] & LOW_HALF) + 1)
    return first, end


@compiled
def _texts(views: NDArray[np.int64], begins: NDArray[np.int64], first: Int, data: NDArray[np.int64]) -> Texts:
    """Lay out texts as Arrow has them: the length and the bytes, or four of them, a buffer and a place in it."""
    lengths, starts, size = np.empty(len(views), np.int64), np.empty(len(views), np.int64), np.int64(0)
    for row in range(len(views)):
        lengths[row], starts[row] = views[row, 0] & LOW_HALF, size
        size += max(words_in(lengths[row]), 2)
    words = np.empty(size, np.int64)
    for row in range(len(views)):
        place, length, low, high = starts[row], lengths[row], views[row, 0], views[row, 1]
        if length <= SHORT:
            words[place], words[place + 1] = (low >> HALF & LOW_HALF) | high << HALF, high >> HALF & LOW_HALF
        else:
            at = begins[(high & LOW_HALF) - first] + (high >> HALF & LOW_HALF)
            for number in range(words_in(length)):
                word, left = data[at + WORD * number], length - WORD * number
                words[place + number] = word if left >= WORD else word & ((1 << (8 * left)) - 1)
    return Texts(lengths, starts, words)


def write_texts(words: NDArray[np.int64], places: NDArray[np.int64], sizes: NDArray[np.int64]) -> pl.Series:
    """Make a column of texts that are at some places among words; null for those without bytes."""
    offsets = np.append(0, np.cumsum(sizes))
    data = np.empty(offsets[-1], np.uint8)
    _copy(words.view(np.uint8), places, offsets, data)
    array = pa.LargeStringArray.from_buffers(len(sizes), pa.py_buffer(offsets), pa.py_buffer(data))
    found = pl.Series(pl.from_arrow(array))
    return found.zip_with(pl.Series(sizes > 0), pl.Series([None], dtype=pl.String))


def read_names(names: pl.Series) -> Names:
    """Make different texts known."""
    return make_names(read_texts(names))


@compiled
def make_names(texts: Texts) -> Names:
    """Make different texts known."""
    size = 2
    while size < 2 * len(texts.lengths):
        size *= 2
    slots = np.full(size, -1, np.int64)
    for row, hashed in enumerate(hashes_of(texts)):
        slot = hashed >> HALF & (size - 1)
        while slots[slot] >= 0:
            slot = (slot + 1) & (size - 1)
        slots[slot] = row
    return Names(texts, slots)


def unchanging(array: _Array) -> _Array:
    """Return an array that cannot be written to, as those are that share memory with a column."""
    array.flags.writeable = False
    return array


@inlined
def words_in(length: Int) -> Int:
    """Return how many words so many bytes take."""
    return (length + WORD - 1) // WORD


@compiled
def hashes_of(texts: Texts) -> NDArray[np.int64]:
    """Hash texts."""
    lengths, starts, words = texts
    hashes = np.empty(len(lengths), np.int64)
    for row in range(len(lengths)):
        hashed = lengths[row]
        for number in range(words_in(lengths[row])):
            hashed = hashed * ODD + words[starts[row] + number]
        hashes[row] = mixed(hashed)
    return hashes


@compiled
def find(names: Names, texts: Texts) -> NDArray[np.int64]:
    """Find the row of each text among the names; -1: it is none of them."""
    # a field that is taken out of a tuple costs more than its number does: all are taken out before the loops
    slots, (lengths, starts, words), (name_lengths, name_starts, name_words) = names.slots, texts, names.texts
    mask, found = len(slots) - 1, hashes_of(texts)
    for row in range(len(found)):
        slot = found[row] >> HALF & mask
        name = slots[slot]
        while name >= 0:
            number = 0
            if name_lengths[name] == lengths[row]:
                while number < words_in(lengths[row]) and (
                    name_words[name_starts[name] + number] == words[starts[row] + number]
                ):
                    number += 1
                if number == words_in(lengths[row]):
                    break
            slot = (slot + 1) & mask
            name = slots[slot]
        found[row] = name
    return found


@inlined
def mixed(number: Int) -> Int:
    """Mix a number up so that every bit of it counts in all bits (the finalizer of MurmurHash3)."""
    bits = np.uint64(number)
    bits = (bits ^ (bits >> np.uint64(33))) * np.uint64(0xFF51AFD7ED558CCD)
    bits = (bits ^ (bits >> np.uint64(33))) * np.uint64(0xC4CEB9FE1A85EC53)
    return np.int64(bits ^ (bits >> np.uint64(33)))


@compiled
def _copy(
    source: NDArray[np.uint8], places: NDArray[np.int64], offsets: NDArray[np.int64], data: NDArray[np.uint8]
) -> None:
    for row in range(len(places)):
        start, begin = places[row] * WORD, offsets[row]
        for at in range(offsets[row + 1] - begin):
            data[begin + at] = source[start + at]
