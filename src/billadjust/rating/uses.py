"""The CDRs of exceeded allowances: what each of them gets of it, in their order (§5.5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from billadjust.rating.compiled import compiled
from billadjust.rating.costs import ALLOWANCE, UNRATED, cost_of
from billadjust.rating.prices import MAX_RATES
from billadjust.rating.spool import in_order
from billadjust.rating.sums import COST, SUM, USED

if TYPE_CHECKING:
    from numpy.typing import NDArray


@compiled
def cover(
    uses: NDArray[np.int64],
    ids: NDArray[np.uint8],
    pool_of_sum: NDArray[np.int64],
    rates: NDArray[np.int64],
    sums: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Take off each CDR's units what those before it left of its allowance, and add what the rest costs to its sums.

    Where the versions of a tariff have allowances of different sizes, what was used counts, and what was charged used
    nothing: of 100 minutes, 150 use all 100 and 50 are charged; of the next version's 200 in that cycle 100 are left.

    Args:
        uses: All uses of some subscriptions.
        ids: The bytes in which their ids are.
        pool_of_sum: A number for the exceeded allowance of each of the sums; -1 for the others, whose uses are left out.
        rates: As of `RateCard`.
        sums: As of `sums.Table`.

    Returns:
        The rows of the uses of exceeded allowances, the units of each from the allowance, and the cost of the others;
        `UNRATED` (and nothing added) if too dear.
    """
    pools = np.empty(len(uses), np.int64)
    for row in range(len(uses)):
        pools[row] = pool_of_sum[uses[row, SUM] // MAX_RATES]
    order, _ = in_order(uses, pools, ids)
    covered, cost = np.empty(len(order), np.int64), np.empty(len(order), np.int64)
    pool, used = np.int64(-1), np.int64(0)
    for place, row in enumerate(order):
        if pools[row] != pool:
            pool, used = pools[row], np.int64(0)
        sum_, rate, units = uses[row, SUM] // MAX_RATES, uses[row, SUM] % MAX_RATES, uses[row, USED]
        covered[place] = min(units, max(rates[rate, ALLOWANCE] - used, 0))
        used += covered[place]
        cost[place] = cost_of(rates, rate, units - covered[place])
        if cost[place] != UNRATED:
            sums[sum_, COST] += cost[place]
    return order, covered, cost
