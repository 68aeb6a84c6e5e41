"""How many units a CDR counts, and what they cost, compiled (§5.4, §5.6)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from billadjust.rating.compiled import Int, inlined
from billadjust.rating.prices import MAX_COST

if TYPE_CHECKING:
    from numpy.typing import NDArray

CONNECT_FEE: Final = 0
MINIMUM_CHARGE: Final = 1
FIRST_INCREMENT: Final = 2
DENOMINATOR: Final = 3
LIMIT: Final = 4
POOL: Final = 5
ALLOWANCE: Final = 6
WIDE: Final = 7
TIERS: Final = 8
TIER: Final = 9
"""The columns of `RateCard.rates`; from the last one on three for each tier: where the next begins, increment, numerator."""

UNRATED: Final = -1
"""Stands for the cost of a CDR that is too dear."""


@inlined
def rounded(rates: NDArray[np.int64], rate: Int, quantity: Int) -> Int:
    """Round a quantity up in the increments of the tier that it ends in (§5.4)."""
    first = rates[rate, FIRST_INCREMENT]
    units = first
    if quantity > first:
        units += _round_up(quantity - first, rates[rate, TIER + 1])
    tiers = rates[rate, TIERS]
    if tiers == 1:
        return units
    units = min(units, rates[rate, TIER])
    for tier in range(1, tiers):
        start, column = rates[rate, TIER + 3 * (tier - 1)], TIER + 3 * tier
        if quantity > start:
            units = min(start + _round_up(quantity - start, rates[rate, column + 1]), rates[rate, column])
    return units


@inlined
def _round_up(quantity: Int, increment: Int) -> Int:
    return (quantity + increment - 1) // increment * increment


@inlined
def cost_of(rates: NDArray[np.int64], rate: Int, units: Int) -> Int:
    """Return what units cost from the first tier on (§5.6); `UNRATED` above `MAX_COST`.

    Units are divided before they are multiplied: of 700 units at 1 ÷ 600 there is 1 whole price and 100 ÷ 600 of
    one, so the numbers stay small enough for 64 bits but for rates with odd prices.
    """
    if units <= 0:
        return 0
    if units > rates[rate, LIMIT]:
        return UNRATED
    denominator = rates[rate, DENOMINATOR]
    whole, rest, start = np.int64(0), np.int64(0), np.int64(0)
    for tier in range(rates[rate, TIERS]):
        end, numerator = rates[rate, TIER + 3 * tier], rates[rate, TIER + 3 * tier + 2]
        in_tier = min(units, end) - start
        if in_tier <= 0:
            break
        prices = in_tier // denominator
        part = in_tier - prices * denominator
        whole += prices * numerator
        if rates[rate, WIDE]:
            quotient, part = _divided_product(numerator, part, denominator)
            whole += quotient
            rest += part
        else:
            rest += part * numerator
        whole += rest // denominator
        rest %= denominator
        start = end
    if 2 * rest >= denominator:
        whole += 1
    cost = max(whole + rates[rate, CONNECT_FEE], rates[rate, MINIMUM_CHARGE])
    return cost if cost <= MAX_COST else UNRATED


@inlined
def _divided_product(factor: Int, part: Int, denominator: Int) -> tuple[Int, Int]:
    """Return quotient and remainder of factor × part ÷ denominator, where part < denominator < 2^62, bit by bit.

    The product may need 124 bits; nothing here exceeds 63.
    """
    quotient, remainder = np.int64(0), np.int64(0)
    for bit in range(61, -1, -1):
        quotient *= 2
        remainder *= 2
        if remainder >= denominator:
            remainder -= denominator
            quotient += 1
        if factor >> bit & 1:
            remainder += part
            if remainder >= denominator:
                remainder -= denominator
                quotient += 1
    return quotient, remainder
