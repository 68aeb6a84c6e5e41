"""CDRs as arrays, piece by piece."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from threading import Event, Lock
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar

import polars as pl

from billadjust.rating.texts import Texts, read_texts, unchanging

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import numpy as np
    from numpy.typing import NDArray

_Task = TypeVar("_Task")

READ: Final = 1 << 16
"""A piece has so many CDRs at most: what is worked out about them stays in the processor's cache."""

_TEXTS: Final = ("cdr_id", "subscription_id", "service", "destination", "zone", "invoice_id")
"""The columns of texts, in the order of `Piece`."""

_NUMBERS: Final = ("started_at", "quantity", "charged")
"""The other columns, in the order of `Piece`."""

_COLUMNS: Final = (
    pl.col(_TEXTS).fill_null(""),
    pl.col("started_at").dt.timestamp("us"),
    "quantity",
    "charged",
)


class Piece(NamedTuple):
    """Some CDRs in arrays: `started` in microseconds since 1970; a text that is missing is empty."""

    cdr_id: Texts
    subscription: Texts
    service: Texts
    destination: Texts
    zone: Texts
    invoice: Texts
    started: NDArray[np.int64]
    quantity: NDArray[np.int64]
    charged: NDArray[np.int64]


def go_through(cdrs: pl.LazyFrame, do: Callable[[Piece], None], threads: int) -> None:
    """Read CDRs and do something with each piece, several at a time."""

    def do_frame(frame: pl.DataFrame) -> None:
        texts = [read_texts(frame[name]) for name in _TEXTS]
        do(Piece._make([*texts, *(unchanging(frame[name].to_numpy()) for name in _NUMBERS)]))

    frames = cdrs.select(_COLUMNS).collect_batches(maintain_order=False, engine="streaming")
    in_threads(chain.from_iterable(frame.iter_slices(READ) for frame in frames), do_frame, threads)


def in_threads(tasks: Iterable[_Task], do: Callable[[_Task], None], threads: int) -> None:
    """Do tasks, several at a time. The first error ends all."""
    taking, ended, left = Lock(), Event(), iter(tasks)

    def work() -> None:
        try:
            while True:
                with taking:
                    task = None if ended.is_set() else next(left, None)
                if task is None:
                    return
                do(task)
        except BaseException:
            ended.set()
            raise

    with ThreadPoolExecutor(threads) as pool:
        try:
            for done in [pool.submit(work) for _ in range(threads)]:
                done.result()
        except BaseException:
            ended.set()  # a person who presses Ctrl+C need not wait for the rest
            raise
