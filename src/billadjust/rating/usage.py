"""What CDRs should have cost (§5.1 to §5.6).

Usage is gone through once, batch by batch, and summed up by line and allowance as if no allowance was exceeded. The order
of CDRs matters only where one is; those CDRs are then put in order, and what they cost beyond it is added.
"""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

import numpy as np
import polars as pl

from billadjust.rating.batches import BATCH, batches_of, go_through, in_threads, make_room, read_in_pieces
from billadjust.rating.card import lay_out
from billadjust.rating.costs import POOL, UNRATED
from billadjust.rating.price import Priced, RateCard, Reasons, price
from billadjust.rating.prices import Prices, read_prices
from billadjust.rating.reasons import NO_RATE, NO_ZONE, OF_TERM, REASONS, REJECTED_PREFIX, TOO_DEAR
from billadjust.rating.spool import Spool
from billadjust.rating.sums import NUMBER, USE_COLUMNS, make_tally_room
from billadjust.rating.tally import Tally
from billadjust.rating.terms import Choice, Extent, read_terms
from billadjust.rating.uses import cover

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from billadjust.inputs.model import Inputs
    from billadjust.policy import Policy
    from billadjust.rating.price import Batch

_Numbers: TypeAlias = "NDArray[np.int64]"

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
    extent: Extent
    terms: pl.DataFrame
    prices: Prices
    card: RateCard
    timezone: str
    choice_count: int

    @staticmethod
    def of(inputs: Inputs, extent: Extent, spans: pl.LazyFrame, policy: Policy, choices: Sequence[Choice]) -> Usage:
        """Lay out the catalogue and the spans for the CDRs of the inputs, whose extent is known.

        Raises:
            InputError: The prices of a rate's tiers have no common denominator, or there are too many rates.
        """
        prices = read_prices(inputs, policy)
        terms = read_terms(inputs, spans, prices, choices, extent.days)
        card = lay_out(prices, terms, policy, extent.days)
        return Usage(inputs.cdrs, extent, terms, prices, card, policy.timezone, len(choices))

    def sums(self) -> pl.DataFrame:
        """Sum up what the CDRs cost; columns as in `Tally.frame`."""
        with Spool(USE_COLUMNS, self.extent.cdrs) as uses:
            tally = self._tallied(uses, threads=pl.thread_pool_size())
            self._beyond(tally, uses, lambda *_: None)
        return tally.frame()

    def rated(self) -> Iterator[tuple[pl.DataFrame, Rated]]:
        """Price the CDRs one by one, which takes a second look at all of them. For one version choice.

        Yields:
            Some of the CDRs, as `read_in_pieces` reads them, and their prices.
        """
        beyond = [_NOTHING]
        with Spool(USE_COLUMNS, self.extent.cdrs) as uses:
            self._beyond(self._tallied(uses, threads=1), uses, lambda *found: beyond.append(found))
        number, covered, costs = (np.concatenate(arrays) for arrays in zip(*beyond, strict=True))
        order = np.argsort(number)
        number, covered, costs = number[order], covered[order], costs[order]
        room, first = make_room(choices=1), 0
        for cdrs in read_in_pieces(self.cdrs, in_order=True):
            for part, batch in zip(cdrs.iter_slices(BATCH), batches_of(cdrs, self.timezone), strict=True):
                count = price(self.card, _NUMBERS, batch, room)
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

    def _tallied(self, uses: Spool, *, threads: int) -> Tally:
        """Go through all CDRs, several batches at a time; by one thread, in their order."""
        tally = Tally(OF_TERM + 1, self.prices.pool_count + 1)
        adding, writing = Lock(), Lock()

        def begin() -> Callable[[Batch], None]:
            room, more = make_room(self.choice_count), make_tally_room(BATCH * self.choice_count)

            def rate(batch: Batch) -> None:
                count = int(price(self.card, _NUMBERS, batch, room))
                with adding:
                    used = tally.add(batch, room, count, self.card.rates, more)
                with writing:
                    uses.append(more.uses[:used], more.owner[:used], batch.cdr_id.data)

            return rate

        go_through(self.cdrs, self.timezone, begin, threads)
        return tally

    def _beyond(self, tally: Tally, uses: Spool, note: Callable[[_Numbers, _Numbers, _Numbers], None]) -> None:
        """Add what CDRs cost beyond exceeded allowances (§5.5), a part of them at a time.

        `note` is told the numbers of uses, their units from the allowance, and the costs of the others.
        """
        pool_of_sum = self._exceeded(tally.frame())
        too_dear, noting = [np.empty((0, USE_COLUMNS), np.int64)], Lock()

        def go_beyond(part: int) -> None:
            rows, ids = uses.read(part)
            # parts have no subscription in common, and so no sums
            order, covered, cost = cover(rows, ids, pool_of_sum, self.card.rates, tally.table.sums)
            with noting:
                too_dear.append(rows[order[cost == UNRATED]])
                note(rows[order, NUMBER], covered, cost)

        if (pool_of_sum >= 0).any():
            in_threads(range(uses.parts), lambda: go_beyond, pl.thread_pool_size())
        tally.make_unrated(np.concatenate(too_dear), _NUMBERS.too_dear)

    def _exceeded(self, sums: pl.DataFrame) -> _Numbers:
        """Find the allowances that are exceeded.

        The least of the allowances that the versions of a cycle give is compared: so an allowance too many is looked at
        closely, never one too few.

        Returns:
            A number for the exceeded allowance of each of the sums; -1: none.
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
        found = used.join(numbered, on=pool).select("place", pl.col("number").cast(pl.Int64)).collect()
        pool_of_sum = np.full(sums.height, -1, np.int64)
        pool_of_sum[found["place"].to_numpy()] = found["number"].to_numpy()
        return pool_of_sum
