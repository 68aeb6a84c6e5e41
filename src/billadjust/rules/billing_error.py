"""Errors are corrected without being asked (§6.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from billadjust.rules.evidence import amount, evidence
from billadjust.rules.fees import with_fees
from billadjust.rules.line_claims import chargeable, error_of, line_claims

if TYPE_CHECKING:
    from billadjust.night import Night


def billing_error(night: Night) -> pl.LazyFrame:
    """What a line was charged above its contract goes back.

    Three lines of 250.00 whose usage costs 11.21 each under the contract: 238.79 goes back on each.
    """
    policy = night.policy
    wrong = chargeable(night, "billing_error").with_columns(error=error_of(policy)).filter(pl.col("error") > 0)
    return line_claims(
        with_fees(night, wrong, ["contract"]),
        "billing_error",
        source_ref=pl.col("contract_versions"),
        final=pl.col("error"),
        to_price=pl.col("contract"),
        policy_ref=policy.reference("rating.tolerance", pl.col("issue_date")),
        evidence=evidence(
            kind=pl.col("kind"),
            charged=amount(pl.col("charged"), policy.digits),
            contract=amount(pl.col("contract"), policy.digits),
            versions=pl.col("contract_versions"),
            units=pl.col("unit_count"),
            fees=pl.col("contract_fees"),
            billed_before=pl.col("billed_before"),
            open_before=amount(pl.col("contract_open_before"), policy.digits),
        ),
        variant=pl.when(pl.col("billed_before").is_not_null())
        .then(pl.lit("billed_before"))
        .when(pl.col("contract_fees").str.contains(" ", literal=True))
        .then(pl.lit("fee"))
        .when(pl.col("kind") == "usage")
        .then(pl.lit("usage"))
        .otherwise(pl.lit("credit")),
    )
