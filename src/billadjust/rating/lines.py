"""Invoice lines in the form that rating needs (§5.8)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

if TYPE_CHECKING:
    from billadjust.inputs.model import Inputs

LINE: Final = ["invoice_id", "line_no"]
"""The key of a line."""

BILL: Final = ["invoice_id", "subscription_id"]
"""The key of a bill: an invoice's part for one subscription."""

VERSION: Final = ["tariff_id", "version"]
"""The key of a tariff version."""

INTERNET: Final = "internet"
"""The part of the fee that pays for Internet access."""

REST: Final = "rest"
"""The other part of the fee: what `voice` bills."""

FEE_SERVICES: Final = ("internet", "voice")
"""The services under which a recurring line bills a part of the tariff's fee; without a service it bills both."""

IS_FEE: Final = (
    (pl.col("kind") == "recurring")
    & pl.col("item").is_null()
    & (pl.col("service").is_null() | pl.col("service").is_in(FEE_SERVICES))
)
"""Whether a line bills the tariff's fee: a recurring line that is not an add-on."""

PARTS: Final = (
    pl.when(pl.col("service") == "internet")
    .then(pl.lit([INTERNET]))
    .when(pl.col("service") == "voice")
    .then(pl.lit([REST]))
    .otherwise(pl.lit([INTERNET, REST]))
)
"""The parts of the fee that a fee line bills."""


def lines_with_dates(inputs: Inputs) -> pl.LazyFrame:
    """Return the invoice lines with their invoice's issue_date, and the period as line_from and line_to."""
    invoices = inputs.invoices.select("invoice_id", "issue_date", first_day="period_start", end_day="period_end")
    return inputs.invoice_lines.join(invoices, on="invoice_id").with_columns(
        line_from=pl.coalesce("period_start", "first_day"), line_to=pl.coalesce("period_end", "end_day")
    )
