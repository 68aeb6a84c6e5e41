"""What the usage of bills would have cost under other tariff versions (§6.7)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from billadjust.rating.bill_costs import Pairs, add_up
from billadjust.rating.costs import UNRATED
from billadjust.rating.lines import BILL, VERSION
from billadjust.rating.texts import read_texts

if TYPE_CHECKING:
    from billadjust.rating.parts import Part
    from billadjust.rating.usage import Usage


def usage_costs(usage: Usage, pairs: pl.DataFrame) -> pl.DataFrame:
    """Rate the usage of bills as if their subscriptions had had other versions all along.

    What else a subscription uses of an allowance in the cycles of a bill counts, too.

    Args:
        usage: The CDRs.
        pairs: invoice_id, subscription_id, tariff_id, version, cycle_day: each bill has usage.

    Returns:
        invoice_id, subscription_id, tariff_id, version, usage_cost (millionths), without the pairs in which a CDR of the
        bill is unrated.
    """
    numbers = pl.DataFrame({"subscription_id": usage.subscriptions}).with_row_index("number")
    coded = pairs.join(usage.prices.codes, on=VERSION).join(numbers, on="subscription_id").sort("number", "invoice_id")
    counts = np.bincount(coded["number"].to_numpy(), minlength=len(numbers))
    beside = Pairs(
        first=np.append(0, np.cumsum(counts)),
        invoice=read_texts(coded["invoice_id"]),
        bill=coded.select(pl.struct("number", "invoice_id").rle_id().cast(pl.Int64)).to_series().to_numpy(),
        code=coded["code"].to_numpy(),
        shift=coded["cycle_day"].cast(pl.Int64).to_numpy() - 1,
    )
    costs = np.zeros(coded.height, np.int64)

    def price(part: Part) -> None:
        # parts have no subscription in common, and so no pairs
        add_up(usage.card, part, beside, costs)

    usage.of_parts(price)
    return coded.select(*BILL, *VERSION, usage_cost=costs).filter(pl.col("usage_cost") != UNRATED)
