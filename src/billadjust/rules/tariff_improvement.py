"""When a price improves, existing customers get it without asking (§6.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from billadjust.phrases import phrase
from billadjust.rules.evidence import amount, evidence
from billadjust.rules.fees import with_fees
from billadjust.rules.line_claims import chargeable, line_claims

if TYPE_CHECKING:
    from billadjust.night import Night


def tariff_improvement(night: Night) -> pl.LazyFrame:
    """What a line costs above the improved version of its tariff goes back.

    A fee lowered from 8.30 to 6.90 on 1 June and still billed at 8.30 for June: 1.40 goes back. What was charged
    above the contract is an error and not part of it, so it does not matter which price the bill used.
    """
    policy = night.policy
    cheaper = chargeable(night, "tariff_improvement").filter(
        pl.col("assessed") & (pl.col("improved") < pl.col("contract"))
    )
    return line_claims(
        with_fees(night, cheaper, ["contract", "improved"]),
        "tariff_improvement",
        source_ref=phrase("{} > {}", "contract_versions", "improved_versions"),
        final=pl.col("contract") - pl.col("improved"),
        to_price=pl.col("improved"),
        policy_ref=policy.reference("tariff_improvement.enabled", pl.col("issue_date")),
        evidence=evidence(
            charged=amount(pl.col("charged"), policy.digits),
            contract=amount(pl.col("contract"), policy.digits),
            improved=amount(pl.col("improved"), policy.digits),
            contract_versions=pl.col("contract_versions"),
            improved_versions=pl.col("improved_versions"),
            units=pl.col("unit_count"),
            contract_fees=pl.col("contract_fees"),
            improved_fees=pl.col("improved_fees"),
            billed_before=pl.col("billed_before"),
            contract_open_before=amount(pl.col("contract_open_before"), policy.digits),
            improved_open_before=amount(pl.col("improved_open_before"), policy.digits),
        ),
        variant=pl.when(pl.col("contract_fees").str.contains(" ", literal=True) & pl.col("billed_before").is_null())
        .then(pl.lit("fee"))
        .otherwise(pl.lit("credit")),
    )
