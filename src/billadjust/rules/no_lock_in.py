"""Leaving or changing tariff costs nothing (§6.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from billadjust.rules.evidence import amount, evidence
from billadjust.rules.line_claims import chargeable, line_claims

if TYPE_CHECKING:
    from billadjust.night import Night


def no_lock_in(night: Night) -> pl.LazyFrame:
    """A fee for leaving or for changing tariff goes back whole.

    An exit fee of 75.00: 75.00 goes back.
    """
    policy = night.policy
    return line_claims(
        chargeable(night, "no_lock_in").filter(pl.col("kind").is_in(["exit_fee", "switch_fee"])),
        "no_lock_in",
        source_ref=pl.lit(None, pl.String),
        final=pl.col("charged"),
        to_price=pl.lit(0, pl.Int64),
        policy_ref=policy.reference("no_lock_in.enabled", pl.col("issue_date")),
        evidence=evidence(charged=amount(pl.col("charged"), policy.digits), kind=pl.col("kind")),
    )
