"""After an outage every Internet customer is credited, affected or not (§6.5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from billadjust.calendar import cycle_end, cycle_minutes, cycle_start
from billadjust.money import MICRO, PERCENT, divide_half_up
from billadjust.phrases import phrase
from billadjust.rules.evidence import amount, evidence, micro, number, percent
from billadjust.rules.incidents import incidents_of_subscriptions
from billadjust.schemas import Claims

if TYPE_CHECKING:
    from billadjust.night import Night

MINUTE_US = 60_000_000

BETWEEN_OUTAGES = ", "
"""What stands between the outages of an incident in `source_ref`."""


def outage_credit(night: Night) -> pl.LazyFrame:
    """An outage of the Internet access credits a share of its fee, or the time without service if that is more.

    65 of August's 44,640 minutes on a fee of 6.90 are 0.01; 10 % is 0.69: 0.69 is owed. 80 hours are
    6.90 × 4,800 ÷ 44,640 = 0.74: 0.74 is owed. Incidents that start in one cycle owe together at most one fee.
    """
    policy = night.policy
    started = pl.col("started_on")
    enabled = policy.expr("outage_credit.enabled", started)
    long_enough = pl.col("duration_us") >= policy.expr("outage_credit.min_minutes", started) * MINUTE_US
    start = cycle_start(started, pl.col("bill_cycle_day"))
    fee = pl.col("internet_fee").cast(pl.Int128)
    to_minor = MICRO // 10**policy.digits
    share = divide_half_up(fee * pl.col("percent"), pl.lit(PERCENT * to_minor, pl.Int128)).cast(pl.Int64)
    time = divide_half_up(
        fee * pl.col("duration_us"), (pl.col("cycle_min") * MINUTE_US).cast(pl.Int128) * to_minor
    ).cast(pl.Int64)
    pool = phrase("{}|{}", "subscription_id", "cycle")
    met = (
        incidents_of_subscriptions(night)
        .filter(enabled & long_enough)
        .with_columns(percent=policy.expr("outage_credit.percent", started), cycle=start)
        .with_columns(cycle_min=cycle_minutes(start, cycle_end(started, pl.col("bill_cycle_day")), policy.timezone))
        .with_columns(by_share=share, by_time=time, fee=divide_half_up(pl.col("internet_fee"), to_minor))
        .with_columns(owed=pl.max_horizontal("by_share", "by_time"), pool=pool)
        .with_columns(pool_limit=pl.col("fee").max().over("pool"))
        .join(_tax_rates(night), on="subscription_id", how="left")
    )
    return met.select(
        rule=pl.lit("outage_credit"),
        claim=phrase("outage_credit|{}|{}", "outage_id", "subscription_id"),
        account_id="account_id",
        subscription_id="subscription_id",
        invoice_id=pl.lit(None, pl.String),
        line_no=pl.lit(None, pl.Int64),
        source_ref=pl.col("outages").list.join(BETWEEN_OUTAGES),
        final="owed",
        provisional=pl.lit(0, pl.Int64),
        to_price=pl.lit(None, pl.Int64),
        pool="pool",
        pool_limit="pool_limit",
        since="started_at",
        covers="outages",
        event_on="started_on",
        deadline=pl.lit(None, pl.Date),
        tax_rate=pl.coalesce("line_tax_rate", policy.expr("tax_rate", started)),
        taken_back=pl.lit(value=False),
        policy_ref=policy.reference("outage_credit.percent", started),
        variant=pl.when(pl.col("by_time") > pl.col("by_share")).then(pl.lit("by_time")).otherwise(pl.lit("by_share")),
        evidence=evidence(
            outages=pl.col("outages").list.join(BETWEEN_OUTAGES),
            started_at=local_text(pl.col("started_at"), policy.timezone),
            ended_at=local_text(pl.col("ended_at"), policy.timezone),
            minutes=number(pl.col("duration_us") // 60, 6),
            cycle_minutes=pl.col("cycle_min"),
            fee=micro(pl.col("internet_fee")),
            percent=percent(pl.col("percent")),
            by_share=amount(pl.col("by_share"), policy.digits),
            by_time=amount(pl.col("by_time"), policy.digits),
            at_most=amount(pl.col("pool_limit"), policy.digits),
        ),
        stated="owed",
        review=pl.lit(None, pl.String),
    ).select(Claims.column_names())


def local_text(moment: pl.Expr, timezone: str) -> pl.Expr:
    """A moment as local time with its offset: 2026-08-25T14:00:00+02:00."""
    return moment.dt.convert_time_zone(timezone).dt.to_string("%Y-%m-%dT%H:%M:%S%:z")


def _tax_rates(night: Night) -> pl.LazyFrame:
    """Return (subscription_id, line_tax_rate): of the newest recurring line without item, by the order of lines."""
    order = ["issue_date", "invoice_id", "line_no"]
    return (
        night.lines.filter((pl.col("kind") == "recurring") & pl.col("item").is_null())
        .group_by("subscription_id")
        .agg(line_tax_rate=pl.col("tax_rate").sort_by(order).last())
    )
