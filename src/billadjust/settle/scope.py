"""Which claims are compared in this run, beside what was posted for each (§7.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from billadjust.calendar import local_date
from billadjust.phrases import phrase
from billadjust.rules import ASSESSED_RULES, LINE_RULES, PRICE_RULES
from billadjust.rules.best_price import credited_bills
from billadjust.rules.disputes import IN_TIME, LINE, standings

if TYPE_CHECKING:
    from collections.abc import Iterable

    from billadjust.night import Night

STATED: Final = (
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
    "policy_ref",
    "taken_back",
)
"""What settlement needs of a claim; evidence and texts are joined to the entries afterwards."""

IDENTITY: Final = ("rule", "account_id", "subscription_id", *LINE)
"""What never changes about a claim."""

NEWEST: Final = ("source_ref", "deadline", "tax_rate", "policy_ref")
"""What stands for a claim, as in its newest entry, until it is stated again."""

AMOUNTS: Final = (
    "final",
    "provisional",
    "posted_final",
    "posted_provisional",
    "posted_final_tax",
    "posted_provisional_tax",
    "final_entries",
    "provisional_entries",
    "prior_credit",
)

INVOICE_RULES: Final = (*PRICE_RULES, "error_indemnity")
"""The rules that are in force, or not, on an invoice's issue date."""


def posted_claims(entries: pl.LazyFrame, undone_runs: Iterable[str] = ()) -> pl.LazyFrame:
    """Sum up the ledger: a row for each claim with what was posted in both buckets, net and tax, and how many entries.

    `undone`: a run that was undone touched the claim, even if nothing was left of it to take back.
    """
    sums = []
    for bucket in ("final", "provisional"):
        here = pl.col("bucket") == bucket
        sums += [
            pl.when(here).then("net").otherwise(0).sum().alias(f"posted_{bucket}"),
            pl.when(here).then("tax").otherwise(0).sum().alias(f"posted_{bucket}_tax"),
            here.sum().cast(pl.Int64).alias(f"{bucket}_entries"),
        ]
    return entries.group_by("claim").agg(
        pl.col(IDENTITY).first(),
        pl.col(NEWEST).max_by("run_id"),
        *sums,
        undone=((pl.col("kind") == "undo") | pl.col("run_id").is_in(list(undone_runs))).any(),
    )


def in_scope(night: Night, claims: pl.LazyFrame, posted: pl.LazyFrame) -> pl.LazyFrame:
    """Put every claim, stated or posted, beside its line and its dispute, and say whether it is compared.

    Columns: those of `STATED` and of `posted_claims`; `compared`; of the line `charged` (0 if its invoice has no such
    line any more, null if the invoice is not there), `prior_credit` and `frozen`; of the dispute `standing` (null: not
    read) and `justified_gross`; `gone`: a dispute that was read and whose invoice was not.
    """
    both = claims.select(*STATED, stated=pl.lit(value=True)).join(
        posted, on="claim", how="full", coalesce=True, suffix="_posted"
    )
    is_dispute = pl.col("rule") == "dispute_refund"
    own_tax = pl.when(pl.col("rule").is_in(LINE_RULES)).then("line_tax_rate")
    return (
        both.with_columns(pl.coalesce(name, f"{name}_posted") for name in (*IDENTITY, *NEWEST))
        .drop(f"{name}_posted" for name in (*IDENTITY, *NEWEST))
        .with_columns(dispute_id=pl.when(is_dispute).then("source_ref"), outage_id=_outage_of("claim"))
        .join(_invoices(night), on="invoice_id", how="left")
        .join(_lines(night), on=LINE, how="left")
        .join(_disputes(night), on="dispute_id", how="left")
        .join(_subscriptions(night), on="subscription_id", how="left")
        .join(_outages(night), on="outage_id", how="left")
        .join(_best_priced(night), on="claim", how="left")
        .with_columns(
            pl.col(AMOUNTS).fill_null(0),
            pl.col("stated", "undone", "read", "frozen", "assessed", "taken_back", "usable", "best_priced").fill_null(
                value=False
            ),
            deadline=pl.coalesce("dispute_deadline", "deadline"),
            since=pl.coalesce("since", "dispute_since"),
            # The tax of a line is that of the line, whichever claim asks.
            tax_rate=pl.coalesce(own_tax, "tax_rate"),
        )
        .with_columns(
            charged=pl.when("read").then(pl.col("charged").fill_null(0)),
            gone=is_dispute & pl.col("standing").is_not_null() & ~pl.col("read"),
            taken_back=pl.col("taken_back") | pl.col("standing").is_in(IN_TIME).fill_null(value=False),
            compared=_rests_on_what_was_read(night) & ~pl.col("undone") & ~pl.col("frozen"),
        )
        .drop(
            *(f"{rule}_on" for rule in INVOICE_RULES),
            "assessed",
            "usable",
            "best_priced",
            "outage_id",
            "outage_credit_on",
            "line_tax_rate",
            "dispute_id",
            "dispute_deadline",
            "dispute_since",
        )
    )


def _rests_on_what_was_read(night: Night) -> pl.Expr:
    """Whether what a claim rests on was read in this run and its rule is in force."""
    rule = pl.col("rule")
    in_force = pl.coalesce(pl.when(rule == name).then(f"{name}_on") for name in INVOICE_RULES).fill_null(value=False)
    outages_now = night.policy.expr("outage_credit.enabled", pl.lit(night.as_of))
    outages_in_force = pl.coalesce("outage_credit_on", outages_now) & pl.lit("outages" in night.inputs.present)
    return (
        pl.when(rule.is_in(PRICE_RULES))
        .then(in_force & (pl.col("assessed") | ~rule.is_in(ASSESSED_RULES)))
        .when(rule == "dispute_refund")
        .then(pl.col("standing").is_not_null())
        .when(rule == "error_indemnity")
        .then(in_force & (pl.col("assessed") | pl.col("stated")))
        .when(rule == "outage_credit")
        .then(pl.col("stated") | (pl.col("usable") & outages_in_force))
        .when(rule == "best_price")
        .then("best_priced")
        .otherwise("stated")
    )


def _invoices(night: Night) -> pl.LazyFrame:
    """Return the invoices that were read, and which rules are in force on their issue dates."""
    issued = pl.col("issue_date")
    return night.inputs.invoices.select(
        "invoice_id",
        *(night.policy.expr(f"{rule}.enabled", issued).alias(f"{rule}_on") for rule in INVOICE_RULES),
        read=pl.lit(value=True),
    )


def _lines(night: Night) -> pl.LazyFrame:
    return night.lines.select(*LINE, "charged", "prior_credit", "frozen", "assessed", line_tax_rate="tax_rate")


def _disputes(night: Night) -> pl.LazyFrame:
    """Return the disputes for whose dates the refund is in force."""
    return (
        standings(night)
        .filter("enabled")
        .select(
            "dispute_id",
            "standing",
            "justified_gross",
            dispute_deadline="deadline",
            dispute_since="since",
        )
    )


def _best_priced(night: Night) -> pl.LazyFrame:
    """Return the best-price claims whose bills were compared with other tariffs, whether or not one is cheaper."""
    claim = phrase("best_price|{}|{}", "invoice_id", "subscription_id")
    return credited_bills(night).select(claim=claim, best_priced=pl.lit(value=True))


def _subscriptions(night: Night) -> pl.LazyFrame:
    """Return the subscriptions that were read; `usable` if no rejected row takes any of their days along."""
    return night.spans.group_by("subscription_id").agg(pl.col("usable").all())


def _outages(night: Night) -> pl.LazyFrame:
    """Return (outage_id, outage_credit_on): whether outages are credited on the local date of its start."""
    started = local_date(pl.col("started_at"), night.policy.timezone)
    return night.inputs.outages.select(
        "outage_id", outage_credit_on=night.policy.expr("outage_credit.enabled", started)
    )


def _outage_of(claim: str) -> pl.Expr:
    """Return the outage that an outage claim is named after."""
    return pl.when(pl.col("rule") == "outage_credit").then(pl.col(claim).str.split("|").list.get(1))
