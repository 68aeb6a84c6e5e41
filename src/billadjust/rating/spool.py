"""CDRs kept on disk by subscription until all are known (§5.5).

So the memory that their order needs does not grow with the number of CDRs.
"""

from __future__ import annotations

import os
import tempfile
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING, Final, Self

import numpy as np

from billadjust.rating.texts import WORD

if TYPE_CHECKING:
    from numpy.typing import NDArray

PART: Final = 1 << 16
"""At most about so many CDRs make a part, while there are not more parts than there may be: they fit the processor's cache."""

MOST_PARTS: Final = 1 << 10
"""There are not more parts, and always a power of two."""


class Spool:
    """A file of records, in which each piece of CDRs has a place for each part of the subscriptions.

    It is gone at the end of its `with` block.
    """

    def __init__(self, cdrs: int) -> None:
        """Begin with no records, of which there will be about so many."""
        self.parts = min(1 << (cdrs // PART).bit_length(), MOST_PARTS)
        self._file = tempfile.TemporaryFile(prefix="billadjust-", buffering=0)  # noqa: SIM115  # the `with` block closes it
        self._begins: list[NDArray[np.int64]] = []
        self._end = 0
        self._writing = Lock()

    def __enter__(self) -> Self:
        """Begin to write."""
        return self

    def __exit__(self, *_: object) -> None:
        """Remove the file."""
        self._file.close()

    def write(self, words: NDArray[np.int64], begins: NDArray[np.int64]) -> None:
        """Write records; those of each part begin at a word, and `begins` ends with how many words there are."""
        with self._writing:
            self._begins.append(self._end + begins * WORD)
            self._end += words.nbytes
            left = words.view(np.uint8).data
            while left:
                left = left[self._file.write(left) :]

    def read(self, part: int) -> NDArray[np.int64]:
        """Read the records of a part.

        Raises:
            OSError: The file cannot be read.
        """
        starts, ends = self._places[:, part], self._places[:, part + 1]
        sizes = ends - starts
        words, begin = np.empty(sizes.sum() // WORD, np.int64), 0
        room, file = words.view(np.uint8).data, self._file.fileno()
        for start, size in zip(starts.tolist(), sizes.tolist(), strict=True):
            chunk = os.pread(file, size, start)
            if len(chunk) != size:
                raise OSError(
                    f"A temporary file of billadjust in {tempfile.gettempdir()} ends too early: run it again."
                )
            room[begin : begin + size] = chunk
            begin += size
        return words

    @cached_property
    def _places(self) -> NDArray[np.int64]:
        """Where the records of each piece and part begin in the file, once all are written."""
        return np.array(self._begins, np.int64).reshape(-1, self.parts + 1)
