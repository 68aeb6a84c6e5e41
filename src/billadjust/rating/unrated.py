"""CDRs without a price: what operators must add to the catalogue (§5.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from billadjust.money import MICRO, divide_half_up
from billadjust.phrases import phrase

if TYPE_CHECKING:
    from billadjust.policy import Policy


def unrated_usage(spans: pl.LazyFrame, parts: pl.LazyFrame, policy: Policy) -> pl.LazyFrame:
    """Sum up the CDRs without a price under the contract version, billed or not.

    Args:
        spans: schemas.Spans.
        parts: schemas.UsageParts.
        policy: Its currency's decimals.

    Returns:
        account_id, invoice_id, subscription_id, service, amount (what they were charged, minor units), reason.
    """
    accounts = spans.group_by("subscription_id").agg(pl.col("account_id").sort_by("day_from").last())
    return (
        parts.filter(pl.col("choice") == "contract", pl.col("unrated").is_not_null())
        .group_by("invoice_id", "subscription_id", "service")
        .agg(pl.col("charged", "unit_count").sum(), first=pl.col("unrated").min())
        .join(accounts, on="subscription_id", how="left")
        .select(
            "account_id",
            "invoice_id",
            "subscription_id",
            "service",
            amount=divide_half_up(pl.col("charged"), MICRO // 10**policy.digits),
            reason=phrase("{} CDRs, {}", "unit_count", "first"),
        )
    )
