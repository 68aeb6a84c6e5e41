"""A minor complaint is right by default: refunded at once, explained afterwards (§6.6)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from billadjust.phrases import phrase
from billadjust.rules.disputes import IN_TIME, LINE, disputed_cdrs, disputed_lines, repeats, standings
from billadjust.rules.evidence import amount, day, evidence
from billadjust.schemas import Claims

if TYPE_CHECKING:
    from billadjust.night import Night


def dispute_refund(night: Night) -> pl.LazyFrame:
    """A minor complaint is refunded at once; explained within 45 days it is taken back, later it stands.

    A line of 9.90 disputed on 1 March: 9.90 provisionally. Explained on 15 April, day 45: nothing. On 16 April, day
    46: 9.90 for good. A complaint above the limit is not refunded before it is accepted, and goes to review.
    """
    policy = night.policy
    disputed = disputed_lines(night)
    repeated = repeats(disputed).with_columns(repeated=pl.lit(value=True))
    standing = pl.col("standing")
    minor = (pl.col("disputed_gross") <= pl.col("minor_limit")) & ~pl.col("repeated")
    final = (
        pl.when(standing == "accepted")
        .then(pl.col("net"))
        .when(standing == "explained")
        .then(pl.col("unjustified_net"))
        .when(minor & standing.is_in(["waived", "explained_late", "withdrawn_late"]))
        .then(pl.col("net"))
        .when(standing == "explained_late")
        .then(pl.col("unjustified_net"))
        .otherwise(0)
    )
    topic = (
        pl.when(standing.is_in(["open", "waived"]) & pl.col("repeated"))
        .then(pl.lit("dispute_repeated"))
        .when(standing.is_in(["open", "waived"]) & ~minor)
        .then(pl.lit("dispute_not_minor"))
        .when((standing == "explained_late") & minor)
        .then(pl.lit("late_explanation"))
    )
    figures = evidence(
        dispute=pl.col("dispute_id"),
        standing=standing,
        minor=minor,
        opened_on=day(pl.col("opened_on")),
        deadline=day(pl.col("deadline")),
        resolved_on=day(pl.col("resolved_on")),
        charged=amount(pl.col("charged"), policy.digits),
        dispute_gross=amount(pl.col("disputed_gross"), policy.digits),
        line_gross=amount(pl.col("line_gross"), policy.digits),
        shared_by_gross=amount(pl.col("shared_by_gross"), policy.digits),
        disputed_net=amount(pl.col("net"), policy.digits),
        disputed_gross=amount(pl.col("gross"), policy.digits),
        unjustified_dispute_gross=amount(pl.col("unjustified_gross"), policy.digits),
        unjustified_gross=amount(pl.col("unjustified"), policy.digits),
        unjustified_net=amount(pl.col("unjustified_net"), policy.digits),
        cdr=pl.col("cdr_id"),
        explanation=pl.col("explanation"),
    )
    return (
        disputed.filter("enabled")
        .join(repeated, on=["dispute_id", *LINE], how="left")
        .with_columns(pl.col("repeated").fill_null(value=False))
        .select(
            rule=pl.lit("dispute_refund"),
            claim=phrase("dispute_refund|{}|{}|{}", "dispute_id", "invoice_id", "line_no"),
            account_id="account_id",
            subscription_id="subscription_id",
            invoice_id="invoice_id",
            line_no="line_no",
            source_ref="dispute_id",
            final=final,
            provisional=pl.when(minor & (standing == "open")).then(pl.col("net")).otherwise(0),
            to_price=pl.lit(0, pl.Int64),
            pool="cdr_id",
            pool_limit="cdr_charge",
            since="since",
            covers=pl.lit(None, pl.List(pl.String)),
            event_on="opened_on",
            deadline="deadline",
            tax_rate="tax_rate",
            taken_back=standing.is_in(IN_TIME),
            policy_ref=policy.reference("dispute_refund.waiver_days", pl.col("opened_on")),
            variant=standing,
            evidence=figures,
            stated="net",
            review=topic,
        )
        .select(Claims.column_names())
    )


def cdrs_without_line(night: Night) -> pl.LazyFrame:
    """Return the open disputes of a CDR whose invoice line is not found: (account_id, invoice_id, dispute_id)."""
    usage = night.lines.filter(pl.col("kind") == "usage").select("invoice_id", "subscription_id", "service")
    known = night.inputs.invoices.select("invoice_id")
    return (
        disputed_cdrs(night, standings(night))
        .filter(pl.col("enabled") & pl.col("standing").is_in(["open", "waived"]))
        .join(known, on="invoice_id", how="semi")
        .join(usage, on=["invoice_id", "subscription_id", "service"], how="anti")
        .select("account_id", "invoice_id", "dispute_id")
    )
