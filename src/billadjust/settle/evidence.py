"""The figures of an entry from which a person computes its amounts again (§7.5)."""

from __future__ import annotations

import polars as pl

from billadjust.phrases import phrase
from billadjust.rules import LINE_RULES
from billadjust.rules.disputes import LINE
from billadjust.rules.evidence import amount, percent
from billadjust.settle.tax import RULE_ORDER


def beside(scoped: pl.LazyFrame, legs: pl.LazyFrame, digits: int) -> pl.LazyFrame:
    """Return (claim, bucket, beside): what else is given on the line of a claim that is not owed all that its rule says.

    In the order of precedence: `prior credits 0.50, billing_error 10.00, dispute_refund R-7 5.00`; and what the best
    price gave back of the bill that the line is on.
    """
    on_lines = legs.join(scoped.filter(pl.col("rule").is_in(LINE_RULES)), on="claim").select(
        "claim",
        "bucket",
        *LINE,
        "subscription_id",
        "prior_credit",
        is_short=_set_off() > 0,
        given="owed",
        place=pl.col("rule").replace_strict(RULE_ORDER, range(1, len(RULE_ORDER) + 1), return_dtype=pl.Int64),
        name=pl.when(pl.col("rule") == "dispute_refund")
        .then(phrase("dispute_refund {}", "source_ref"))
        .otherwise("rule"),
    )
    short = on_lines.filter("is_short").select("claim", "bucket", *LINE, "subscription_id")
    columns = ["claim", "bucket", "given", "place", "name", "other", "other_bucket"]
    of_bill = (
        scoped.filter(pl.col("rule") == "best_price", pl.col("posted_final") > 0)
        .select(
            "invoice_id",
            "subscription_id",
            given="posted_final",
            place=pl.lit(len(RULE_ORDER) + 1, pl.Int64),
            name="rule",
            other="claim",
            other_bucket=pl.lit(""),
        )
        .join(short, on=["invoice_id", "subscription_id"])
        .select(columns)
    )
    others = on_lines.filter(pl.col("given") > 0).select(
        *LINE, "given", "place", "name", other="claim", other_bucket="bucket"
    )
    prior = (
        on_lines.filter(pl.col("prior_credit") > 0)
        .select(
            *LINE,
            given="prior_credit",
            place=pl.lit(0, pl.Int64),
            name=pl.lit("prior credits"),
            other=pl.lit(""),
            other_bucket=pl.lit(""),
        )
        .unique()
    )
    is_own = (pl.col("other") == pl.col("claim")) & (pl.col("other_bucket") == pl.col("bucket"))
    return (
        pl.concat([short.join(pl.concat([prior, others]), on=LINE).select(columns), of_bill])
        .filter(~is_own)
        .sort("place", "other", "other_bucket")
        .group_by("claim", "bucket", maintain_order=True)
        .agg(beside=phrase("{} {}", "name", amount(pl.col("given"), digits)).str.join(", "))
    )


def entry_evidence(digits: int) -> pl.Expr:
    """Put what makes the entry's amounts before the figures of its rule.

    net = owed − posted; tax = tax_rate of net_after − tax_before; owed = what the rule says − set_off + kept.
    """
    head = pl.struct(
        owed=amount(pl.col("owed"), digits),
        posted=amount(pl.col("posted"), digits),
        set_off=amount(_set_off(), digits),
        beside="beside",
        kept=amount(pl.col("kept"), digits),
        tax_rate=percent(pl.col("tax_rate")),
        net_after=amount(pl.col("net_after"), digits),
        tax_before=amount(pl.col("tax_before"), digits),
    ).struct.json_encode()
    figures = pl.col("figures").fill_null("{}").str.slice(1)
    comma = pl.when(figures == "}").then(pl.lit("")).otherwise(pl.lit(","))
    return head.str.head(-1) + comma + figures


def _stated() -> pl.Expr:
    """What the rule itself says is owed in a bucket."""
    return pl.when(pl.col("bucket") == "provisional").then("provisional").otherwise("final")


def _set_off() -> pl.Expr:
    """What others took of that: other claims of the line or of the incident's month, prior credits, the charge itself."""
    return (_stated() + pl.col("kept") - pl.col("owed")).clip(lower_bound=0)
