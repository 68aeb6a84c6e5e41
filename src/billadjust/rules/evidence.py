"""Figures as evidence: JSON text in which amounts and dates stand as people write them."""

from __future__ import annotations

import polars as pl

from billadjust.money import to_text


def evidence(**figures: pl.Expr) -> pl.Expr:
    """Encode the figures as one JSON object, in the order given; absent figures are null."""
    return pl.struct(figure.alias(name) for name, figure in figures.items()).struct.json_encode()


def amount(value: pl.Expr, digits: int) -> pl.Expr:
    """Money in minor units as text: 990 is "9.90"."""
    return to_text(value, digits)


def number(value: pl.Expr, digits: int) -> pl.Expr:
    """A count as text without needless zeros: 65,000,000 with 6 digits is "65"."""
    return to_text(value, digits).str.replace(r"\.?0+$", "")


def percent(value: pl.Expr) -> pl.Expr:
    """Ten-thousandths of a percent as text: 210,000 is "21", 52,000 is "5.2"."""
    return number(value, 4)


def day(value: pl.Expr) -> pl.Expr:
    """A date as ISO 8601 text."""
    return value.dt.to_string("%Y-%m-%d")
