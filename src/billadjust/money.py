"""The scale of every amount, and its one rounding.

Inside the program an amount is an `Int64`, never binary floating point:

* money (what is charged, owed, posted) in *minor units* of the currency: 9.90 EUR is 990;
* fees, prices, `charged` of a CDR and quantities in *millionths*: 0.0035 is 3,500;
* percentages in ten-thousandths of a percent: 21 % is 210,000, so `net × rate` stays below 2^63.

Decimals exist at the edges only: in files, in the ledger, on the screen.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import polars as pl

MICRO: Final = 1_000_000
"""Millionths in one unit, of money as of quantities."""

PERCENT: Final = 1_000_000
"""Ten-thousandths of a percent in 100 %."""

MAX_MINOR: Final = 10**11
"""Amounts of money stay below this many minor units, so that no product or sum of them leaves 64 bits."""

MINOR_DIGITS: Final = {
    **dict.fromkeys(
        (
            "BIF",
            "CLP",
            "DJF",
            "GNF",
            "ISK",
            "JPY",
            "KMF",
            "KRW",
            "PYG",
            "RWF",
            "UGX",
            "VND",
            "VUV",
            "XAF",
            "XOF",
            "XPF",
        ),
        0,
    ),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
}
"""ISO 4217 minor digits where they are not 2."""


def minor_digits(currency: str) -> int:
    """Return how many decimals an amount of this currency has (ISO 4217)."""
    return MINOR_DIGITS.get(currency, 2)


def divide_half_up(numerator: pl.Expr, denominator: pl.Expr | int) -> pl.Expr:
    """Integer division rounded half away from zero; the denominator is positive.

    `divide_half_up(5, 10)` is 1, of -5 it is -1, of 4 it is 0.
    """
    return numerator.sign() * ((numerator.abs() * 2 + denominator) // (2 * denominator))


def tax_of(net: pl.Expr, tax_rate: pl.Expr) -> pl.Expr:
    """Tax in minor units on a net amount: 21 % of 9.90 is 2.079, so 2.08."""
    return divide_half_up(net * tax_rate, PERCENT)


def net_of(gross: pl.Expr, tax_rate: pl.Expr) -> pl.Expr:
    """Net in minor units of a gross amount: 6.05 with 21 % is 5.00."""
    return divide_half_up(gross * PERCENT, tax_rate + PERCENT)


def as_decimal(amount: int, digits: int) -> Decimal:
    """Return an integer amount as the decimal that people read: 990 with 2 digits is 9.90."""
    return Decimal(amount).scaleb(-digits)


def to_decimal(amount: pl.Expr, digits: int) -> pl.Expr:
    """Turn an integer amount into the Decimal that files and the ledger hold."""
    return (
        amount.cast(pl.Decimal(38, digits))
        .truediv(pl.lit(10**digits, dtype=pl.Decimal(38, digits)))
        .cast(pl.Decimal(18, digits))
    )


def to_text(amount: pl.Expr, digits: int) -> pl.Expr:
    """Turn an integer amount into the text that people read: -5 with 2 digits is "-0.05"."""
    if digits == 0:
        return amount.cast(pl.String)
    sign = pl.when(amount < 0).then(pl.lit("-")).otherwise(pl.lit(""))
    whole = (amount.abs() // 10**digits).cast(pl.String)
    part = (amount.abs() % 10**digits).cast(pl.String).str.zfill(digits)
    return pl.concat_str(sign, whole, pl.lit("."), part)


def micro(value: pl.Expr) -> pl.Expr:
    """Millionths as text without needless zeros: 6,900,000 is "6.90", 3,500 is "0.0035", 2,000,000 is "2.00"."""
    return to_text(value, 6).str.replace(r"0{1,4}$", "")
