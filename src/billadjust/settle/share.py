"""One arithmetic for all set-offs: a limited amount is taken in order, as far as it goes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Sequence


def taken(
    wanted: pl.Expr, limit: pl.Expr, over: Sequence[str], order_by: Sequence[str], *, after: pl.Expr | int = 0
) -> pl.Expr:
    """What each row gets of the limit that the rows of a group share, first come first served.

    Wanted 3, 5 and 4 of a limit of 6: 3, 3 and 0. With `after` 4, the first 4 of what is wanted get nothing:
    0, 4 and 2. Amounts that are wanted must not be negative; a limit below 0 is 0.
    """
    so_far = wanted.cum_sum().over(over, order_by=order_by)
    room = limit.clip(lower_bound=0)
    return pl.min_horizontal((so_far - after).clip(lower_bound=0), room) - pl.min_horizontal(
        (so_far - wanted - after).clip(lower_bound=0), room
    )
