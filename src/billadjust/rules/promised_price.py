"""What was promised is what is charged (§6.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from billadjust.money import MAX_MINOR, MICRO, divide_half_up, micro
from billadjust.rules.evidence import amount, evidence, number
from billadjust.rules.line_claims import chargeable, line_claims

if TYPE_CHECKING:
    from billadjust.night import Night

LATE_KINDS = ("device", "one_off")
"""Kinds of lines that are often billed long after the sale."""


def promised_price(night: Night) -> pl.LazyFrame:
    """What a line was charged above the price promised for its item goes back.

    A handset promised at 0.00 and billed at 149.00: 149.00 goes back.
    """
    policy = night.policy
    return line_claims(
        promised_lines(night).filter(pl.col("charged") > pl.col("promised")),
        "promised_price",
        source_ref=pl.col("promise_id"),
        final=pl.col("charged") - pl.col("promised"),
        to_price=pl.col("promised"),
        policy_ref=policy.reference("promised_price.grace_months", pl.col("issue_date")),
        evidence=evidence(
            charged=amount(pl.col("charged"), policy.digits),
            promised=amount(pl.col("promised"), policy.digits),
            price=micro(pl.col("price")),
            quantity=number(pl.col("quantity"), 6),
            item=pl.col("item"),
            promise=pl.col("promise_id"),
            proof=pl.col("evidence"),
        ),
    )


def promised_lines(night: Night) -> pl.LazyFrame:
    """Return the lines that a promise covers, with its lowest price: schemas.Lines plus `promised` in minor units.

    A promise covers a line if it is valid on the line's first day or, for devices and one-off lines, if it began
    before the line's period ends and did not end more than the months of grace before the line's period starts.
    """
    policy = night.policy
    grace = policy.expr("promised_price.grace_months", pl.col("issue_date")).cast(pl.String) + "mo"
    valid = (pl.col("valid_from") <= pl.col("period_start")) & (
        pl.col("valid_to").is_null() | (pl.col("period_start") < pl.col("valid_to"))
    )
    billed_late = (
        pl.col("kind").is_in(LATE_KINDS)
        & (pl.col("valid_from") < pl.col("period_end"))
        & (pl.col("valid_to").is_null() | (pl.col("period_start") <= pl.col("valid_to").dt.offset_by(grace)))
    )
    total = pl.col("price").cast(pl.Int128) * pl.col("quantity").clip(lower_bound=0).cast(pl.Int128)
    promised = divide_half_up(total * 10**policy.digits, pl.lit(MICRO * MICRO, pl.Int128))
    promises = night.inputs.promises.rename({"subscription_id": "only_subscription"})
    return (
        chargeable(night, "promised_price")
        .filter(pl.col("item").is_not_null())
        .join(promises, on=["account_id", "item"])
        .filter(valid | billed_late)
        .filter(
            pl.col("only_subscription").is_null()
            | (pl.col("only_subscription") == pl.col("subscription_id")).fill_null(value=False)
        )
        .sort("price", "promise_id")
        .group_by("invoice_id", "line_no", maintain_order=True)
        .first()
        # No charge is as high as the bound, so what is promised beyond it need not be known.
        .with_columns(promised=pl.min_horizontal(promised, pl.lit(MAX_MINOR, pl.Int128)).cast(pl.Int64))
    )
