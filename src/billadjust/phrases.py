"""Texts made of parts, as expressions."""

from __future__ import annotations

from string import Formatter

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


def laid_out(layout: str, **fields: pl.Expr) -> pl.Expr:
    """Put fields into a layout such as `{number} {currency}`; what they hold is never looked at for braces again."""
    parts: list[pl.Expr] = []
    for literal, name, _, _ in Formatter().parse(layout):
        parts.append(pl.lit(literal))
        if name is not None:
            parts.append(fields[name])
    return pl.concat_str(parts)
