"""What CDRs should have cost (§5.1 to §5.6).

CDRs are read once, in no order, and kept by subscription; those of some subscriptions at a time are then put in the order
in which they use allowances, and priced.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import polars as pl

from billadjust.rating.card import RateCard, lay_out
from billadjust.rating.parts import Owners, Part, read_owners, read_part
from billadjust.rating.pieces import go_through, in_threads
from billadjust.rating.price import Priced, price
from billadjust.rating.prices import Prices, read_prices
from billadjust.rating.records import find_numbers, make_records
from billadjust.rating.spool import Spool
from billadjust.rating.sums import sum_up
from billadjust.rating.terms import Choice, Extent, read_terms

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from billadjust.inputs.model import Inputs
    from billadjust.policy import Policy

_Result = TypeVar("_Result")


@dataclass(frozen=True)
class Usage:
    """CDRs by subscription, and all that prices them. `subscriptions`: their ids in the order of their numbers."""

    spool: Spool
    subscriptions: pl.Series
    owners: Owners
    terms: pl.DataFrame
    prices: Prices
    card: RateCard
    timezone: str
    choice_count: int

    def priced(self) -> Iterator[tuple[Part, Priced]]:
        """Price the CDRs, a part of them at a time."""
        for number in range(self.spool.parts):
            part = self.read(number)
            yield part, price(self.card, part, self.choice_count)

    def sums(self) -> pl.DataFrame:
        """Sum up what the CDRs cost; columns as of `sum_up`."""

        def sums(part: Part) -> pl.DataFrame:
            return sum_up(part, price(self.card, part, self.choice_count))

        return pl.concat(self.of_parts(sums))

    def of_parts(self, work: Callable[[Part], _Result]) -> list[_Result]:
        """Work something out for each part, several at a time; return what was found, in the order of the parts."""
        found: dict[int, _Result] = {}

        def do(number: int) -> None:
            found[number] = work(self.read(number))

        in_threads(range(self.spool.parts), do, pl.thread_pool_size())
        return [result for _, result in sorted(found.items())]

    def read(self, number: int) -> Part:
        """Read a part of the CDRs."""
        return read_part(self.spool, number, self.owners, self.timezone)


@contextmanager
def lay_out_usage(
    inputs: Inputs, extent: Extent, spans: pl.LazyFrame, policy: Policy, choices: Sequence[Choice]
) -> Iterator[Usage]:
    """Read the CDRs of the inputs, whose extent is known, and keep them until the `with` block ends.

    Raises:
        InputError: The prices of a rate's tiers have no common denominator, or there are too many rates.
    """
    prices = read_prices(inputs, policy)
    terms = read_terms(inputs, spans, prices, choices, extent.days)
    card = lay_out(prices, terms, policy, extent.days)
    with Spool(extent.cdrs) as spool:
        go_through(
            inputs.cdrs,
            lambda piece: spool.write(*make_records(piece, *find_numbers(card, piece), spool.parts)),
            pl.thread_pool_size(),
        )
        subscriptions = terms["subscription_id"].unique(maintain_order=True)
        owners = read_owners(subscriptions, spool.parts)
        yield Usage(spool, subscriptions, owners, terms, prices, card, policy.timezone, len(choices))
