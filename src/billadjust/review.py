"""What operators must look at: one row for each line, dispute, claim or tariff version (§9)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from billadjust.phrases import phrase
from billadjust.rating.catalogue import mixed_changes
from billadjust.rating.unrated import unrated_usage
from billadjust.rules.dispute_refund import cdrs_without_line

if TYPE_CHECKING:
    from billadjust.night import Night
    from billadjust.settle import Settlement

REVIEW: Final = pl.Schema(
    {
        "topic": pl.String(),
        "account_id": pl.String(),
        "invoice_id": pl.String(),
        "line_no": pl.Int64(),
        "reference": pl.String(),
        "amount": pl.Int64(),
        "message": pl.String(),
    }
)
"""Columns of review.csv; amounts net, those of transfers gross, in minor units."""

TOPICS: Final = {
    "undercharged": "The line was charged less than its tariff asks; this is never billed. Look for the cause.",
    "not_assessed": "The line could not be settled tonight: {}.",
    "unrated_usage": "CDRs of this subscription have no price, and their lines are not assessed: {}.",
    "dispute_not_minor": "The complaint is above the limit for an automatic refund. Decide it.",
    "dispute_repeated": "The charge was explained in time before. Decide the new complaint.",
    "late_explanation": "The explanation came after the deadline, so the refund stands.",
    "kept_posted": "More was posted than is owed by now; what is final is not taken back.",
    "mixed_change": "The version is not better in everything than the one before: nobody is moved to it.",
    "undone_claim": "The claim was undone and is left alone; the amount is what it would owe.",
    "iban_unknown": "The customer is owed a transfer, and the bank account is missing or wrong. Ask for it.",
}
"""The topics, each with its message."""


FROZEN: Final = "a rejected prior credit, storno or dispute is about it, so nothing is posted on it; see rejected.csv"


def review(night: Night, claims: pl.LazyFrame, settlement: Settlement) -> pl.LazyFrame:
    """Return all review items in a fixed order; columns as in `REVIEW`. `claims`: schemas.Claims."""
    items = [
        _undercharged(night),
        _not_assessed(night),
        _item(
            unrated_usage(night.spans, night.usage, night.policy),
            "unrated_usage",
            reference=phrase("{} {}", "subscription_id", "service"),
            detail=pl.col("reason"),
        ),
        _claims_to_review(claims),
        _item(
            cdrs_without_line(night),
            "not_assessed",
            reference=pl.col("dispute_id"),
            detail=pl.lit("the disputed CDR is on no line of the invoice"),
        ),
        _item(settlement.kept.lazy(), "kept_posted", reference=pl.col("claim")),
        _item(settlement.undone.lazy(), "undone_claim", reference=pl.col("claim")),
        _item(
            mixed_changes(night.inputs, night.policy, night.as_of),
            "mixed_change",
            reference=phrase("{}/{}", "tariff_id", "version"),
        ),
    ]
    return _ordered(pl.concat(items, how="vertical"))


def with_unknown_accounts(items: pl.DataFrame, transfers: pl.DataFrame) -> pl.DataFrame:
    """Add to review items the customers whose bank account treasury must ask for. `transfers`: schemas.BankTransfers."""
    unknown = transfers.lazy().filter(pl.col("iban").is_null() & (pl.col("gross") > 0))
    asked = unknown.group_by("account_id").agg(amount=pl.col("gross").sum())
    return _ordered(pl.concat([items.lazy(), _item(asked, "iban_unknown", reference=pl.lit(None))])).collect()


def _ordered(items: pl.LazyFrame) -> pl.LazyFrame:
    return items.sort(pl.all(), nulls_last=True)


def _item(
    frame: pl.LazyFrame, topic: str | pl.Expr, *, reference: pl.Expr, detail: pl.Expr | None = None
) -> pl.LazyFrame:
    """Turn a frame into review items; account, invoice, line and amount are taken from it where it has them."""
    present = frame.collect_schema().names()
    of = {
        name: pl.col(name) if name in present else pl.lit(None, REVIEW[name])
        for name in ("account_id", "invoice_id", "line_no", "amount")
    }
    named = pl.lit(topic) if isinstance(topic, str) else topic
    message = named.replace_strict(TOPICS, return_dtype=pl.String)
    if detail is not None:
        message = message.str.replace("{}", detail, literal=True)
    return frame.select(topic=named, reference=reference, message=message, **of).select(
        pl.col(name).cast(dtype) for name, dtype in REVIEW.items()
    )


def _undercharged(night: Night) -> pl.LazyFrame:
    """Lines with a charge below what is due: a bill that uses the improved price already is right."""
    due = pl.min_horizontal("contract", "improved")
    enabled = night.policy.expr("billing_error.enabled", pl.col("issue_date"))
    lines = night.lines.filter(
        enabled & pl.col("assessed") & (pl.col("charged") > 0) & (pl.col("charged") < due)
    ).with_columns(amount=due - pl.col("charged"))
    return _item(lines, "undercharged", reference=pl.col("contract_versions"))


def _not_assessed(night: Night) -> pl.LazyFrame:
    """Lines whose should-be charge is not known, or on which a rejected row forbids to post anything."""
    reason = pl.when(pl.col("frozen") & (pl.col("charged") > 0)).then(pl.lit(FROZEN)).otherwise("not_assessed")
    lines = night.lines.with_columns(reason=reason, amount="charged").filter(pl.col("reason").is_not_null())
    return _item(lines, "not_assessed", reference=pl.col("subscription_id"), detail=pl.col("reason"))


def _claims_to_review(claims: pl.LazyFrame) -> pl.LazyFrame:
    """Disputes that are not refunded automatically, and explanations that came too late: one item for each dispute."""
    asked = (
        claims.filter(pl.col("review").is_not_null())
        .group_by("review", "account_id", "invoice_id", "source_ref")
        .agg(
            line_no=pl.when(pl.len() == 1).then(pl.col("line_no").first()),
            amount=pl.col("stated").sum(),
        )
    )
    return _item(asked, pl.col("review"), reference=pl.col("source_ref"))
