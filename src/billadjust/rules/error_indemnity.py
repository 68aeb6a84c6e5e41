"""Whoever was charged wrongly is compensated (§6.8)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from billadjust.money import PERCENT, divide_half_up
from billadjust.rules.evidence import amount, evidence, percent
from billadjust.rules.line_claims import chargeable, error_of, line_claims
from billadjust.rules.promised_price import promised_lines

if TYPE_CHECKING:
    from billadjust.night import Night


def error_indemnity(night: Night) -> pl.LazyFrame:
    """A share of what was charged wrongly is paid on top of its refund, without tax.

    10 % of an error of 238.79 is 23.879, so 23.88. An error and a broken promise on one line count once: together
    they are what the line was charged above the lower of the two prices.
    """
    policy = night.policy
    issued = pl.col("issue_date")
    promised = promised_lines(night).select("invoice_id", "line_no", "promised")
    error = pl.when(policy.expr("billing_error.enabled", issued)).then(error_of(policy)).otherwise(0).fill_null(0)
    broken_promise = (pl.col("charged") - pl.col("promised")).fill_null(0)
    lines = (
        chargeable(night, "error_indemnity")
        .join(promised, on=["invoice_id", "line_no"], how="left")
        .with_columns(wrong=pl.max_horizontal(error, broken_promise))
        .with_columns(share=policy.expr("error_indemnity.percent", issued))
        .with_columns(indemnity=divide_half_up(pl.col("wrong") * pl.col("share"), PERCENT))
        .filter(pl.col("indemnity") > 0)
    )
    return line_claims(
        lines,
        "error_indemnity",
        source_ref=pl.lit(None, pl.String),
        final=pl.col("indemnity"),
        to_price=pl.lit(None, pl.Int64),
        tax_rate=pl.lit(0, pl.Int64),
        policy_ref=policy.reference("error_indemnity.percent", issued),
        evidence=evidence(
            charged=amount(pl.col("charged"), policy.digits),
            due=amount(pl.col("charged") - pl.col("wrong"), policy.digits),
            wrong=amount(pl.col("wrong"), policy.digits),
            percent=percent(pl.col("share")),
        ),
    )
