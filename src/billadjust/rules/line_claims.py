"""What the rules about the price of a line have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from billadjust.phrases import phrase
from billadjust.schemas import Claims

if TYPE_CHECKING:
    from billadjust.night import Night
    from billadjust.policy import Policy


def chargeable(night: Night, rule: str) -> pl.LazyFrame:
    """Return the lines (schemas.Lines) with a charge above 0 for which the rule is in force on their issue date."""
    return night.lines.filter((pl.col("charged") > 0) & night.policy.expr(f"{rule}.enabled", pl.col("issue_date")))


def line_claims(lines: pl.LazyFrame, rule: str, **stated: pl.Expr) -> pl.LazyFrame:
    """Turn lines into claims of a rule: schemas.Claims.

    `stated` gives at least `final`, `to_price`, `source_ref`, `policy_ref` and `evidence`; `tax_rate` is that of the line
    and `variant` "credit" unless it says otherwise.
    """
    return lines.select(
        rule=pl.lit(rule),
        claim=phrase(f"{rule}|{{}}|{{}}", "invoice_id", "line_no"),
        account_id="account_id",
        subscription_id="subscription_id",
        invoice_id="invoice_id",
        line_no="line_no",
        source_ref=stated["source_ref"],
        final=stated["final"],
        provisional=pl.lit(0, pl.Int64),
        to_price=stated["to_price"],
        pool=pl.lit(None, pl.String),
        pool_limit=pl.lit(None, pl.Int64),
        since=pl.lit(None, pl.Datetime("us", "UTC")),
        covers=pl.lit(None, pl.List(pl.String)),
        event_on="issue_date",
        deadline=pl.lit(None, pl.Date),
        tax_rate=stated.get("tax_rate", pl.col("tax_rate")),
        taken_back=pl.lit(value=False),
        policy_ref=stated["policy_ref"],
        variant=stated.get("variant", pl.lit("credit")),
        evidence=stated["evidence"],
        stated=stated["final"],
        review=pl.lit(None, pl.String),
    ).select(Claims.column_names())


def error_of(policy: Policy) -> pl.Expr:
    """What a line was charged too much: charged − contract, if more than the tolerance, else 0; null if not assessed.

    A line of 10.05 that should cost 10.00 is within a tolerance of 0.05; one of 10.06 is 0.06 too high.
    """
    excess = pl.col("charged") - pl.col("contract")
    on_subscription = pl.col("assessed") & pl.col("subscription_id").is_not_null()
    tolerated = excess <= policy.expr("rating.tolerance", pl.col("issue_date"))
    return pl.when(on_subscription).then(pl.when(tolerated).then(0).otherwise(excess))
