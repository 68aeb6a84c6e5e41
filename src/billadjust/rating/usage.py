"""What CDRs should have cost (§5.1 to §5.6).

Usage is gone through once, batch by batch, and summed up by line and allowance as if no allowance was exceeded. The order
of CDRs matters only where one is; those CDRs are then put in order, and what they cost beyond it is added.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, timedelta
from threading import Event, Lock
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import polars as pl

from billadjust.rating.batches import BATCH, lay_out_batch, make_room, read_in_pieces
from billadjust.rating.card import lay_out
from billadjust.rating.costs import POOL, UNRATED
from billadjust.rating.price import Priced, RateCard, Reasons, price
from billadjust.rating.prices import Prices, read_prices
from billadjust.rating.reasons import NO_RATE, NO_ZONE, OF_TERM, REASONS, REJECTED_PREFIX, TOO_DEAR
from billadjust.rating.sums import make_tally_room
from billadjust.rating.tally import Tally
from billadjust.rating.terms import Choice, read_terms
from billadjust.rating.uses import Uses, cover

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from billadjust.inputs.model import Inputs
    from billadjust.policy import Policy

_NUMBERS: Final = Reasons(
    too_dear=REASONS.index(TOO_DEAR) + 1,
    rejected_prefix=REASONS.index(REJECTED_PREFIX) + 1,
    no_rate=REASONS.index(NO_RATE) + 1,
    no_zone=REASONS.index(NO_ZONE) + 1,
    of_term=OF_TERM,
)


_NOTHING: Final = tuple(np.empty(0, np.int64) for _ in range(3))


class Rated(NamedTuple):
    """Prices of CDRs, and the units that an allowance paid."""

    priced: Priced
    allowance_units: NDArray[np.int64]


@dataclass(frozen=True)
class Usage:
    """CDRs and all that prices them."""

    cdrs: pl.LazyFrame
    terms: pl.DataFrame
    prices: Prices
    card: RateCard
    timezone: str
    choice_count: int

    @staticmethod
    def of(inputs: Inputs, spans: pl.LazyFrame, policy: Policy, choices: Sequence[Choice]) -> Usage:
        """Lay out the catalogue and the spans for the CDRs of the inputs.

        Raises:
            InputError: The prices of a rate's tiers have no common denominator.
        """
        prices = read_prices(inputs, policy)
        days = days_of(inputs.cdrs)
        terms = read_terms(inputs, spans, prices, choices, days)
        return Usage(inputs.cdrs, terms, prices, lay_out(prices, terms, policy, days), policy.timezone, len(choices))

    def sums(self) -> pl.DataFrame:
        """Sum up what the CDRs cost; columns as in `Tally.frame`."""
        with Uses() as uses:
            tally = self._tallied(uses, threads=pl.thread_pool_size())
            for _ in self._beyond(tally, uses):
                pass
        return tally.frame()

    def rated(self) -> Iterator[tuple[pl.DataFrame, Rated]]:
        """Price the CDRs one by one, which takes a second look at all of them. For one version choice.

        Yields:
            Some of the CDRs, as `read_in_pieces` reads them, and their prices.
        """
        with Uses() as uses:
            beyond = list(self._beyond(self._tallied(uses, threads=1), uses))
        number, covered, costs = (np.concatenate(arrays) for arrays in zip(_NOTHING, *beyond, strict=True))
        order = np.argsort(number)
        number, covered, costs = number[order], covered[order], costs[order]
        room, first = make_room(choices=1), 0
        for cdrs in read_in_pieces(self.cdrs, in_order=True):
            for part in cdrs.iter_slices(BATCH):
                count = price(self.card, _NUMBERS, lay_out_batch(part, self.timezone), room)
                # the next batch goes where this one is, but a frame may hold on to what it was made of
                priced = Priced._make(column[:count].copy() for column in room.priced)
                has_rate = np.flatnonzero(priced.rate >= 0)
                places = has_rate[self.card.rates[priced.rate[has_rate], POOL] > 0]
                allowance_units = np.zeros(count, np.int64)
                allowance_units[places] = priced.units[places]
                start, end = np.searchsorted(number, (first, first + len(places)))
                exceeding = places[number[start:end] - first]
                allowance_units[exceeding], priced.cost[exceeding] = covered[start:end], costs[start:end]
                priced.unrated[priced.cost == UNRATED] = _NUMBERS.too_dear
                first += len(places)
                yield part[priced.row], Rated(priced, allowance_units)

    def _tallied(self, uses: Uses, *, threads: int) -> Tally:
        """Go through all CDRs, several batches at a time; by one thread, in their order."""
        tally = Tally(OF_TERM + 1, self.prices.pool_count + 1)
        reading, adding, pieces = Lock(), Lock(), read_in_pieces(self.cdrs, in_order=threads == 1)
        interrupted = Event()

        def work() -> None:
            room, more = make_room(self.choice_count), make_tally_room(BATCH * self.choice_count)
            while True:
                with reading:
                    cdrs = None if interrupted.is_set() else next(pieces, None)
                if cdrs is None:
                    return
                for part in cdrs.iter_slices(BATCH):
                    batch = lay_out_batch(part, self.timezone)
                    count = int(price(self.card, _NUMBERS, batch, room))
                    with adding:
                        used = tally.add(batch, room, count, self.card.rates, more)
                        uses.append(more.uses[:used], batch.cdr_id.data)

        with ThreadPoolExecutor(threads) as pool:
            try:
                for done in [pool.submit(work) for _ in range(threads)]:
                    done.result()
            except BaseException:
                interrupted.set()  # a person who presses Ctrl+C need not wait for the rest
                raise
        return tally

    def _beyond(self, tally: Tally, uses: Uses) -> Iterator[tuple[NDArray[np.int64], ...]]:
        """Add what CDRs cost beyond exceeded allowances (§5.5), a share of them at a time.

        Yields:
            The numbers of the uses of a share, the units from the allowance, and the costs of the others.
        """
        for share in uses.shares(*self._exceeded(tally.frame())):
            units, cost = cover(share, self.card.rates, tally.table.sums)
            tally.make_unrated(np.flatnonzero(cost == UNRATED), share.uses, _NUMBERS.too_dear)
            yield share.number, units, cost

    def _exceeded(self, sums: pl.DataFrame) -> tuple[NDArray[np.int64], int]:
        """Find the allowances that are exceeded.

        The least of the allowances that the versions of a cycle give is compared: so an allowance too many is looked at
        closely, never one too few.

        Returns:
            A number for the exceeded allowance of each of the sums (-1: none), and how many CDRs use these.
        """
        pool = ["owner", "pool", "month"]
        used = (
            sums.lazy()
            .with_row_index("place")
            .filter(pl.col("pool") > 0)
            .join(self.terms.lazy().select("term", "owner", "code"), on="term")
            .join(self.prices.allowances.lazy(), on=["code", "pool"])
        )
        units = pl.col("units").cast(pl.Int128).sum()
        exceeded = (
            used.group_by(pool).agg(units, pl.col("allowance").min()).filter(pl.col("units") > pl.col("allowance"))
        )
        numbered = exceeded.select(pool).with_row_index("number")
        found = used.join(numbered, on=pool).select("place", "count", pl.col("number").cast(pl.Int64)).collect()
        pool_of_sum = np.full(sums.height, -1, np.int64)
        pool_of_sum[found["place"].to_numpy()] = found["number"].to_numpy()
        return pool_of_sum, int(found["count"].sum())


def days_of(cdrs: pl.LazyFrame) -> tuple[date, date]:
    """Return days between which all CDRs are, whatever the time zone."""
    started = pl.col("started_at")
    first, last = cdrs.select(first=started.min(), last=started.max()).collect(engine="streaming").row(0)
    if first is None:
        return date.min, date.min
    return first.date() - timedelta(days=1), last.date() + timedelta(days=2)
