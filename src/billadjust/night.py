"""The night: everything that the rules may know, and nothing that they may not (ledger, clock)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from billadjust.calendar import local_date
from billadjust.money import tax_of
from billadjust.rating.catalogue import spans
from billadjust.rating.charges import charges, given_back
from billadjust.rating.offers import offers
from billadjust.rating.usage_parts import usage_of, usage_parts

if TYPE_CHECKING:
    from datetime import date

    from billadjust.inputs.model import Inputs
    from billadjust.policy import Policy

Stage = Callable[[str, pl.LazyFrame], pl.LazyFrame]
"""Computes a frame once, under a name, and returns a lazy frame over the result."""


@dataclass(frozen=True)
class Night:
    """What is known on the date of a run.

    `inputs` holds only rows dated on or before `as_of`. `spans`: schemas.Spans.
    `usage`: schemas.UsageParts. `lines`: schemas.Lines. `offers`: schemas.Offers.
    """

    as_of: date
    inputs: Inputs
    policy: Policy
    spans: pl.LazyFrame
    usage: pl.LazyFrame
    lines: pl.LazyFrame
    offers: pl.LazyFrame


def make_night(inputs: Inputs, policy: Policy, as_of: date, stage: Stage) -> Night:
    """Work out tariff versions and should-be charges from the inputs known on `as_of`.

    `stage` keeps what is used more than once, so that usage is rated once a run.

    Raises:
        ConfigError: A parameter has no value on a date that needs one.
    """
    require_policy(inputs, policy, as_of)
    tariff_spans = stage("spans", spans(inputs, policy))
    with usage_of(inputs, tariff_spans, policy) as usage:
        parts = stage("usage", usage_parts(usage))
        assessed = stage("charges", charges(inputs, tariff_spans, parts, policy))
        lines = stage("lines", _lines(inputs, assessed))
        compared = stage("offers", offers(inputs, tariff_spans, usage, parts, lines, policy, as_of))
    return Night(as_of, inputs, policy, tariff_spans, parts, lines, compared)


def _lines(inputs: Inputs, assessed: pl.LazyFrame) -> pl.LazyFrame:
    """Join to each line its invoice, what it should have cost, and what was given back on it: schemas.Lines."""
    key = ["invoice_id", "line_no"]
    invoices = inputs.invoices.select(
        "invoice_id", "account_id", "issue_date", invoice_start="period_start", invoice_end="period_end"
    )
    credits_given = (
        pl.concat([inputs.prior_credits.select(*key, "net_amount"), given_back(inputs).select(*key, "net_amount")])
        .group_by(key)
        .agg(prior_credit=pl.col("net_amount").sum().clip(lower_bound=0))
    )
    frozen = inputs.taken.lines.unique()
    whole = frozen.filter(pl.col("line_no").is_null())
    all_lines = whole.filter(~pl.col("usage_only")).select("invoice_id", all_frozen=True).unique()
    usage_lines = whole.filter("usage_only").select("invoice_id", usage_frozen=True).unique()
    one_line = frozen.filter(pl.col("line_no").is_not_null()).select(*key, line_frozen=True).unique()
    return (
        inputs.invoice_lines.join(invoices, on="invoice_id")
        .join(assessed, on=key, how="left")
        .join(credits_given, on=key, how="left")
        .join(all_lines, on="invoice_id", how="left")
        .join(usage_lines, on="invoice_id", how="left")
        .join(one_line, on=key, how="left")
        .select(
            *key,
            "account_id",
            "subscription_id",
            "kind",
            "service",
            "item",
            "quantity",
            charged="net_amount",
            tax_rate="tax_rate",
            gross=pl.col("net_amount") + tax_of(pl.col("net_amount"), pl.col("tax_rate")),
            issue_date="issue_date",
            period_start=pl.coalesce("period_start", "invoice_start"),
            period_end=pl.coalesce("period_end", "invoice_end"),
            prior_credit=pl.col("prior_credit").fill_null(0),
            contract="contract",
            improved="improved",
            contract_versions="contract_versions",
            improved_versions="improved_versions",
            unit_count="unit_count",
            not_assessed="not_assessed",
            assessed=pl.col("contract").is_not_null() & pl.col("not_assessed").is_null(),
            frozen=pl.any_horizontal(
                pl.col("all_frozen").fill_null(value=False),
                pl.col("line_frozen").fill_null(value=False),
                pl.col("usage_frozen").fill_null(value=False) & (pl.col("kind") == "usage"),
            ),
        )
    )


def require_policy(inputs: Inputs, policy: Policy, as_of: date) -> None:
    """Fail before any money is computed if a parameter has no value on a date that it is needed for."""
    timezone = policy.timezone
    earliest = {
        "invoice": inputs.invoices.select(pl.col("issue_date").min()),
        "dispute": inputs.disputes.select(pl.col("opened_on").min()),
        "collection": inputs.collections.select(pl.col("happened_on").min()),
        "outage": inputs.outages.select(local_date(pl.col("started_at").min(), timezone)),
        "cdr": inputs.cdrs.select(local_date(pl.col("started_at").min(), timezone)),
        "version": inputs.tariffs.select(pl.col("effective_from").min()),
    }
    frames = pl.collect_all(list(earliest.values()), engine="streaming")
    dates: dict[str, date | None] = {name: frame.item() for name, frame in zip(earliest, frames, strict=True)}
    dates["run"] = as_of
    for event, names in PARAMETERS_BY_EVENT.items():
        for name in names:
            policy.require(name, dates[event])
    policy.require_schemes(dates["outage"])


PARAMETERS_BY_EVENT = {
    "invoice": (
        "rating.tolerance",
        "billing_error.enabled",
        "promised_price.enabled",
        "promised_price.grace_months",
        "no_lock_in.enabled",
        "tariff_improvement.enabled",
        "best_price.mode",
        "error_indemnity.enabled",
        "error_indemnity.percent",
        "outage_credit.cutoff_days",
    ),
    "cdr": ("rating.free_zones",),
    "version": ("tariff_improvement.existing_first_days",),
    "dispute": ("dispute_refund.enabled", "dispute_refund.minor_limit", "dispute_refund.waiver_days", "tax_rate"),
    "collection": ("collections.min_gross",),
    "outage": (
        "outage_credit.enabled",
        "outage_credit.percent",
        "outage_credit.min_minutes",
        "outage_credit.cutoff_days",
        "tax_rate",
    ),
    "run": ("tariff_improvement.enabled", "tariff_improvement.notice_days", "outage_credit.cutoff_days"),
}
"""Which parameters are looked up on the date of which event."""
