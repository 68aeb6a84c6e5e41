"""What was known on the date of a run."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from datetime import date

    from billadjust.inputs.model import Inputs


def known_on(inputs: Inputs, as_of: date, timezone: str) -> Inputs:
    """Leave out rows dated after the run's date: they are not used yet (§2.1).

    Invoices count by issue_date, and their lines with them; disputes by opened_on; outages by the local date of ended_at;
    collections by happened_on; prior credits by granted_on. A dispute whose resolution comes later is still open, and
    an invoice whose payment comes later is still unpaid.
    """
    paid_on = pl.when(pl.col("paid_on") <= as_of).then("paid_on").alias("paid_on")
    invoices = inputs.invoices.filter(pl.col("issue_date") <= as_of).with_columns(paid_on)
    lines = inputs.invoice_lines
    if "invoices" in inputs.present:
        lines = lines.join(invoices.select("invoice_id"), on="invoice_id", how="semi")
    unresolved = pl.col("resolved_on") > as_of
    disputes = inputs.disputes.filter(pl.col("opened_on") <= as_of).with_columns(
        pl.when(unresolved).then(pl.lit("open")).otherwise("status").alias("status"),
        *[
            pl.when(~unresolved.fill_null(value=False)).then(name).alias(name)
            for name in ("resolved_on", "justified_gross", "explanation")
        ],
    )
    ended_on = pl.col("ended_at").dt.convert_time_zone(timezone).dt.date()
    return replace(
        inputs,
        invoices=invoices,
        invoice_lines=lines,
        disputes=disputes,
        outages=inputs.outages.filter(ended_on.is_null() | (ended_on <= as_of)),
        collections=inputs.collections.filter(pl.col("happened_on") <= as_of),
        prior_credits=inputs.prior_credits.filter(pl.col("granted_on") <= as_of),
    )
