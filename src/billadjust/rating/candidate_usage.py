"""What the usage of bills would have cost under other tariff versions (§6.7).

The CDRs of each subscription are put in order once, and every version goes through them: what is at hand is priced several
times more quickly than it is read.
"""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from billadjust.rating.batches import BATCH, go_through, in_threads, make_room
from billadjust.rating.bill_costs import COLUMNS, INVOICES, Pairs, add_up, lay_out_uses
from billadjust.rating.card import lay_out
from billadjust.rating.costs import UNRATED
from billadjust.rating.lines import BILL, VERSION
from billadjust.rating.price import place
from billadjust.rating.prices import read_prices
from billadjust.rating.spool import Spool
from billadjust.rating.terms import extent_of
from billadjust.rating.texts import find, read_names

if TYPE_CHECKING:
    from collections.abc import Callable

    from billadjust.inputs.model import Inputs
    from billadjust.policy import Policy
    from billadjust.rating.price import Batch


def usage_costs(inputs: Inputs, pairs: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """Rate the usage of bills as if their subscriptions had had other versions all along.

    What else a subscription uses of an allowance in the cycles of a bill counts, too.

    Args:
        inputs: cdrs, zones, bands and the catalogue are read.
        pairs: invoice_id, subscription_id, tariff_id, version, cycle_day, first_day and end_day: the usage of the bill is
            in cycles of these days.
        policy: Its time zone and `rating.free_zones`.

    Returns:
        invoice_id, subscription_id, tariff_id, version, usage_cost (millionths), without the pairs in which a CDR of the
        bill is unrated.

    Raises:
        InputError: The prices of a rate's tiers have no common denominator, or there are too many rates.
    """
    prices = read_prices(inputs, policy)
    coded = pairs.join(prices.codes, on=VERSION).sort("subscription_id", "invoice_id")
    subscriptions = coded.group_by("subscription_id", maintain_order=True).agg(
        pl.len(), term_from=pl.col("first_day").min(), term_to=pl.col("end_day").max()
    )
    nothing = pl.lit(None, pl.Int64)
    first_day, end_day = subscriptions.select(pl.col("term_from").min(), pl.col("term_to").max()).row(0)
    terms = subscriptions.with_columns(code=nothing, cycle_day=nothing)
    card = lay_out(prices, terms, policy, (first_day, end_day))
    invoices = coded["invoice_id"].unique(maintain_order=True)
    # number 0 is that of no bill
    numbers = pl.DataFrame({"invoice_id": invoices}).with_row_index("invoice", offset=1)
    owner = pl.col("subscription_id").rank("dense").cast(pl.Int64) - 1
    numbered = coded.join(numbers, on="invoice_id", maintain_order="left").select(
        "code", bill=owner * INVOICES + pl.col("invoice"), shift=pl.col("cycle_day").cast(pl.Int64) - 1
    )
    beside = Pairs(
        first=np.concatenate([[0], np.cumsum(subscriptions["len"].to_numpy())]).astype(np.int64),
        **{name: numbered[name].to_numpy() for name in ("bill", "code", "shift")},
    )
    costs, names = np.zeros(coded.height, np.int64), read_names(invoices, np.arange(1, len(invoices) + 1))
    threads, writing = pl.thread_pool_size(), Lock()
    with Spool(COLUMNS, extent_of(inputs.cdrs).cdrs) as spool:

        def begin() -> Callable[[Batch], None]:
            room, found = make_room(choices=1), np.empty(BATCH, np.int64)
            uses, owners = np.empty((BATCH, COLUMNS), np.int64), np.empty(BATCH, np.int64)

            def keep(batch: Batch) -> None:
                count = place(card, batch, room)
                find(names, batch.invoice, room.words, found)
                using = lay_out_uses(card, batch, room, count, found, uses, owners)
                with writing:
                    spool.append(uses[:using], owners[:using], batch.cdr_id.data)

            return keep

        def price(part: int) -> None:
            # parts have no subscription in common, and so no pairs
            add_up(card, prices.pool_count, *spool.read(part), beside, costs)

        go_through(inputs.cdrs, policy.timezone, begin, threads)
        in_threads(range(spool.parts), lambda: price, threads)
    return coded.select(*BILL, *VERSION, usage_cost=costs).filter(pl.col("usage_cost") != UNRATED)
