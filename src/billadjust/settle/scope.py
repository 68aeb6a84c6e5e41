"""Which claims are compared in this run, beside what was posted for each (§7.4)."""

from __future__ import annotations

import polars as pl

from billadjust.night import Night
from billadjust.rules import ASSESSED_RULES, LINE_RULES, PRICE_RULES
from billadjust.rules.disputes import IN_TIME, LINE, standings

STATED = (
    "rule",
    "claim",
    "account_id",
    "subscription_id",
    *LINE,
    "source_ref",
    "final",
    "provisional",
    "to_price",
    "pool",
    "pool_limit",
    "since",
    "covers",
    "deadline",
    "tax_rate",
    "taken_back",
)
"""What settlement needs of a claim; evidence and texts are joined to the entries afterwards."""


def posted_claims(entries: pl.LazyFrame) -> pl.LazyFrame:
    """Sum up the ledger: a row for each claim with what was posted in both buckets, net and tax, and how many entries."""
    sums = []
    for bucket in ("final", "provisional"):
        here = pl.col("bucket") == bucket
        sums += [
            pl.col("net").filter(here).sum().alias(f"posted_{bucket}"),
            pl.col("tax").filter(here).sum().alias(f"posted_{bucket}_tax"),
            here.sum().cast(pl.Int64).alias(f"{bucket}_entries"),
        ]
    identity = ["rule", "account_id", "subscription_id", *LINE]
    newest = pl.col("source_ref", "deadline", "tax_rate").sort_by("run_id").last()
    return entries.group_by("claim").agg(
        pl.col(identity).first(), newest, *sums, undone=(pl.col("kind") == "undo").any()
    )


def in_scope(night: Night, claims: pl.LazyFrame, posted: pl.LazyFrame) -> pl.LazyFrame:
    """Put every claim, stated or posted, beside its line and its dispute, and say whether it is compared.

    Columns: those of `STATED` and of `posted_claims`; `compared`; of the line `read`, `frozen`, `charged`,
    `prior_credit`; of the dispute `standing` (null: not read) and `justified_gross`; `gone`: a dispute that was read
    and whose line was not.
    """
    identity = ["rule", "account_id", "subscription_id", *LINE, "source_ref", "deadline", "tax_rate"]
    policy = night.policy
    lines = night.lines.select(
        *LINE,
        "charged",
        "prior_credit",
        "frozen",
        "assessed",
        *(policy.expr(f"{rule}.enabled", pl.col("issue_date")).alias(f"{rule}_on") for rule in PRICE_RULES),
        line_tax_rate="tax_rate",
        read=pl.lit(value=True),
    )
    disputes = standings(night).filter("enabled").select("standing", "justified_gross", source_ref="dispute_id", dispute_deadline="deadline")
    is_price_rule = pl.col("rule").is_in(PRICE_RULES)
    is_dispute = pl.col("rule") == "dispute_refund"
    enabled = pl.coalesce(pl.when(pl.col("rule") == rule).then(f"{rule}_on") for rule in PRICE_RULES)
    known = pl.col("assessed") | ~pl.col("rule").is_in(ASSESSED_RULES)
    both = claims.select(STATED).join(posted, on="claim", how="full", coalesce=True, suffix="_posted")
    amounts = ["final", "provisional", "posted_final", "posted_provisional", "posted_final_tax", "posted_provisional_tax"]
    return (
        both.with_columns(pl.coalesce(name, f"{name}_posted") for name in identity)
        .drop(f"{name}_posted" for name in identity)
        .join(lines, on=LINE, how="left")
        .join(disputes, on="source_ref", how="left")
        .with_columns(
            pl.col(*amounts, "final_entries", "provisional_entries", "prior_credit").fill_null(0),
            pl.col("undone", "read", "frozen", "taken_back").fill_null(value=False),
            deadline=pl.coalesce("dispute_deadline", "deadline"),
            # The tax of a line is that of the line, whichever claim asks.
            tax_rate=pl.when(pl.col("rule").is_in(LINE_RULES)).then(pl.coalesce("line_tax_rate", "tax_rate")).otherwise("tax_rate"),
        )
        .with_columns(gone=is_dispute & pl.col("standing").is_not_null() & ~pl.col("read"))
        .with_columns(
            taken_back=pl.col("taken_back") | (is_dispute & pl.col("standing").is_in(IN_TIME)).fill_null(value=False),
            compared=~pl.col("undone")
            & ~pl.col("frozen")
            & pl.when(is_price_rule)
            .then(pl.col("read") & enabled & known)
            .when(is_dispute)
            .then(pl.col("standing").is_not_null())
            .otherwise(pl.lit(value=True))
            .fill_null(value=False),
        )
        .drop(*(f"{rule}_on" for rule in PRICE_RULES), "assessed", "line_tax_rate", "dispute_deadline")
    )
