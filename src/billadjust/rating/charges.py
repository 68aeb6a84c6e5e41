"""What invoice lines should have cost (§5.8)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from billadjust.rating.coverage import given_back
from billadjust.rating.lines import LINE
from billadjust.rating.recurring import recurring_charges
from billadjust.rating.usage_lines import usage_charges

if TYPE_CHECKING:
    from billadjust.inputs.model import Inputs
    from billadjust.policy import Policy

__all__ = ["charges", "given_back"]


def charges(inputs: Inputs, spans: pl.LazyFrame, parts: pl.LazyFrame, policy: Policy) -> pl.LazyFrame:
    """Work out what each recurring or usage line with a charge above 0 should have cost, under both version choices.

    Args:
        inputs: invoices, invoice_lines and what rejected rows take along are read.
        spans: schemas.Spans.
        parts: schemas.UsageParts.
        policy: Its time zone and currency, and `rating.tolerance` by the invoice's issue_date.

    Returns:
        schemas.Charges, a row for each such line, ordered by (invoice_id, line_no).
    """
    return pl.concat([recurring_charges(inputs, spans, policy), usage_charges(inputs, spans, parts, policy)]).sort(LINE)
