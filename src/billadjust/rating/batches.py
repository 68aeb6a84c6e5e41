"""CDRs as arrays, batch by batch."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Event, Lock
from typing import TYPE_CHECKING, Final, TypeVar

import numpy as np
import polars as pl

from billadjust.rating.clock import wall_seconds
from billadjust.rating.price import Batch, Priced, Room
from billadjust.rating.texts import Words, part_of, read_texts, unchanging

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from numpy.typing import NDArray

_Task = TypeVar("_Task")

READ: Final = 1 << 17
"""About so many CDRs are read at a time."""

BATCH: Final = 1 << 13
"""So many CDRs are priced at a time: what is worked out about them fits the processor's cache."""

_TEXTS: Final = ("cdr_id", "subscription_id", "service", "destination", "zone", "invoice_id")
"""The columns of texts, in the order of `Batch`."""

_COLUMNS: Final = (
    pl.col(_TEXTS).fill_null(""),
    pl.col("started_at").dt.timestamp("us"),
    "quantity",
    "charged",
)


def read_in_pieces(cdrs: pl.LazyFrame, *, in_order: bool = False) -> Iterator[pl.DataFrame]:
    """Read the columns that rating needs; texts have no nulls then, and started_at is in microseconds since 1970."""
    pieces: Iterator[pl.DataFrame] = cdrs.select(_COLUMNS).collect_batches(
        chunk_size=READ, maintain_order=in_order, engine="streaming"
    )
    return pieces


def go_through(cdrs: pl.LazyFrame, timezone: str, begin: Callable[[], Callable[[Batch], None]], threads: int) -> None:
    """Read CDRs and do something with each batch, several at a time; `begin` makes what one thread does that with.

    One thread takes the CDRs in their order.
    """

    def begin_pieces() -> Callable[[pl.DataFrame], None]:
        do = begin()

        def do_piece(piece: pl.DataFrame) -> None:
            for batch in batches_of(piece, timezone):
                do(batch)

        return do_piece

    in_threads(read_in_pieces(cdrs, in_order=threads == 1), begin_pieces, threads)


def in_threads(tasks: Iterable[_Task], begin: Callable[[], Callable[[_Task], None]], threads: int) -> None:
    """Do tasks, several at a time; `begin` makes what one thread does them with. The first error ends all."""
    taking, ended, left = Lock(), Event(), iter(tasks)

    def work() -> None:
        try:
            do = begin()
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


def batches_of(cdrs: pl.DataFrame, timezone: str) -> Iterator[Batch]:
    """Lay out CDRs, as `read_in_pieces` reads them, in arrays, and return them batch by batch."""
    started = _numbers(cdrs["started_at"])
    texts = [read_texts(cdrs[name]) for name in _TEXTS]
    numbers = [
        started,
        unchanging(wall_seconds(started, timezone)),
        _numbers(cdrs["quantity"]),
        _numbers(cdrs["charged"]),
    ]
    for start in range(0, cdrs.height, BATCH):
        end = min(start + BATCH, cdrs.height)
        yield Batch._make([*(part_of(each, start, end) for each in texts), *(each[start:end] for each in numbers)])


def make_room(choices: int) -> Room:
    """Make room for a batch under so many version choices."""
    entries = BATCH * choices
    return Room(
        words=Words._make(np.empty(entries, np.int64) for _ in Words._fields),
        subscription=np.empty(BATCH, np.int64),
        service=np.empty(BATCH, np.int64),
        zone=np.empty(BATCH, np.int64),
        is_free=np.empty(BATCH, np.bool_),
        priced=Priced._make(np.empty(entries, dtype) for dtype in [np.int32] * 8 + [np.int64] * 2),
    )


def _numbers(column: pl.Series) -> NDArray[np.int64]:
    return unchanging(column.to_numpy())
