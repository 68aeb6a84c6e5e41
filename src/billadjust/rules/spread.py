"""Spreading an amount over shares so that every cent is given, once."""

from __future__ import annotations

import polars as pl


def spread(total: str, weight: str, *, over: str) -> pl.Expr:
    """Spread a group's total over its rows in proportion to a weight, by largest remainder, ties by line_no.

    24.20 over weights of 12.10 and 36.30 is 6.05 and 18.15.
    """
    weighted = pl.col(weight).cast(pl.Int128)
    weights = weighted.sum().over(over)
    product = weighted * pl.col(total)
    share = (product // weights).cast(pl.Int64)
    missing = pl.col(total) - share.sum().over(over)
    remainder = (product % weights).cast(pl.Int64)
    order = pl.struct(-remainder, "line_no").rank("ordinal").over(over)
    return share + (order <= missing).cast(pl.Int64)
