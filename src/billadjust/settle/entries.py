"""Differences as entries: their kind, settlement and number (§7.5)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from billadjust.calendar import cycle_end, cycle_start
from billadjust.phrases import phrase
from billadjust.rules import LINE_RULES
from billadjust.rules.disputes import LINE
from billadjust.settle.evidence import beside, entry_evidence
from billadjust.settle.tax import posted_by_line, taxed

if TYPE_CHECKING:
    from datetime import date

    from billadjust.night import Night
    from billadjust.policy import Policy

COLUMNS: Final = (
    "entry_id",
    "as_of",
    "rule",
    "claim",
    "bucket",
    "kind",
    "settlement",
    "account_id",
    "subscription_id",
    *LINE,
    "source_ref",
    "bill_period",
    "deadline",
    "currency",
    "net",
    "tax_rate",
    "tax",
    "gross",
    "policy_ref",
    "evidence",
    "variant",
    "language",
    "is_new",
)


def entries_of(night: Night, scoped: pl.LazyFrame, legs: pl.LazyFrame, claims: pl.LazyFrame) -> pl.LazyFrame:
    """Turn the legs whose owed net differs from the posted net into entries, in the order of their identifiers."""
    provisional = pl.col("bucket") == "provisional"
    texts = claims.select("claim", "event_on", "variant", figures="evidence")
    changed = (
        legs.join(scoped, on="claim")
        .with_columns(
            posted=pl.when(provisional).then("posted_provisional").otherwise("posted_final"),
            number=pl.when(provisional).then("provisional_entries").otherwise("final_entries") + 1,
        )
        .with_columns(net=pl.col("owed") - pl.col("posted"))
        .filter(pl.col("net") != 0)
        .join(texts, on="claim", how="left")
        .join(_accounts(night), on="account_id", how="left")
        .join(_last_days(night), on="subscription_id", how="left")
        .join(posted_by_line(scoped), on=LINE, how="left")
        .join(beside(scoped, legs, night.policy.digits), on=["claim", "bucket"], how="left")
        # A claim that shares no line may be taxed at another rate than before; what was posted at the old one stays.
        .with_columns(tax_before=pl.when(pl.col("rule").is_in(LINE_RULES)).then("line_tax"))
    )
    return (
        taxed(changed)
        .with_columns(kind=_kind(), settlement=_settlement(night))
        .with_columns(
            bill_period=bill_period(
                night.policy, night.as_of, pl.col("bill_cycle_day").fill_null(1), pl.col("event_on")
            )
        )
        .with_columns(
            entry_id=phrase("{}|{}|{}", "claim", "bucket", "number"),
            as_of=pl.lit(night.as_of),
            currency=pl.lit(night.policy.currency),
            gross=pl.col("net") + pl.col("tax"),
            evidence=entry_evidence(night.policy.digits),
            variant=pl.when("compared").then("variant").fill_null("posted"),
            language=pl.col("language").fill_null("es"),
            is_new=(pl.col("final_entries") + pl.col("provisional_entries")) == 0,
        )
        .select(COLUMNS)
        .sort("entry_id")
    )


def _accounts(night: Night) -> pl.LazyFrame:
    return night.inputs.accounts.select("account_id", "language", "bill_cycle_day", "closed_on")


def _last_days(night: Night) -> pl.LazyFrame:
    """Return (subscription_id, ends): the day after the last of the subscription's last row; null if it is open."""
    return night.inputs.subscriptions.group_by("subscription_id").agg(
        ends=pl.col("valid_to").sort_by("valid_from").last()
    )


def _kind() -> pl.Expr:
    """Name the cause of each entry.

    What a provisional refund loses is finalised as far as the claim became final. Of the rest, what was explained or
    withdrawn in time is reversed. What the dispute would still owe if it were alone on the line, other claims took.
    """
    is_final = pl.col("bucket") == "final"
    became_final = pl.when(is_final).then("net").otherwise(0).sum().over("claim")
    was_provisional = (~is_final).any().over("claim")
    fall = -pl.col("net")
    alone = pl.min_horizontal(pl.col("final") + pl.col("provisional"), "charged") - pl.col("prior_credit")
    return (
        pl.when(pl.col("net") > 0)
        .then(pl.when(is_final & was_provisional).then(pl.lit("finalisation")).otherwise(pl.lit("credit")))
        .when(is_final)
        .then(pl.lit("reclassification"))
        .when(became_final >= fall)
        .then(pl.lit("finalisation"))
        .when("taken_back")
        .then(pl.lit("reversal"))
        .when(became_final > 0)
        .then(pl.lit("finalisation"))
        .when(alone >= pl.col("posted"))
        .then(pl.lit("reclassification"))
        .otherwise(pl.lit("reversal"))
    )


def _settlement(night: Night) -> pl.Expr:
    """Say by which way the money reaches the customer."""
    over = (pl.col("closed_on") <= night.as_of).fill_null(value=False) | (pl.col("ends") <= night.as_of).fill_null(
        value=False
    )
    return (
        pl.when(pl.col("bucket") == "provisional")
        .then(pl.lit("provisional_credit"))
        .when(pl.col("rule").is_in(LINE_RULES))
        .then(pl.lit("credit_note"))
        .when(over)
        .then(pl.lit("bank_transfer"))
        .otherwise(pl.lit("bill_discount"))
    )


def bill_period(policy: Policy, as_of: date, cycle_day: pl.Expr, event_on: pl.Expr) -> pl.Expr:
    """First day of the cycle whose bill carries a `bill_discount`: that of the run's date, unless its bill is closed (§6.5).

    With 3 days: the bill of the cycle that ends on 1 September is closed from 29 August on. `event_on` is the day that the
    number of days goes by (null: the run's date).
    """
    today = pl.lit(as_of)
    cutoff = policy.expr("outage_credit.cutoff_days", pl.coalesce(event_on, today))
    end = cycle_end(today, cycle_day)
    return pl.when(pl.col("settlement") == "bill_discount").then(
        pl.when(today < end - pl.duration(days=cutoff)).then(cycle_start(today, cycle_day)).otherwise(end)
    )
