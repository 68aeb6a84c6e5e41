"""Texts made of parts, as expressions."""

from __future__ import annotations

import polars as pl


def phrase(template: str, *values: pl.Expr | str) -> pl.Expr:
    """Put values (expressions, or names of columns) into a template in place of each `{}`; null if one is null.

    This is `pl.format`, which in Polars 2.1 aborts the streaming engine on an empty batch.
    """
    literals = template.split("{}")
    if len(literals) != len(values) + 1:
        raise ValueError(f"{template!r} has {len(literals) - 1} places for {len(values)} values.")
    parts: list[pl.Expr] = [pl.lit(literals[0])]
    for value, literal in zip(values, literals[1:], strict=True):
        parts += [(pl.col(value) if isinstance(value, str) else value).cast(pl.String), pl.lit(literal)]
    return pl.concat_str(parts)
