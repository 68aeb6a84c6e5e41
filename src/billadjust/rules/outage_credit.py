"""After an outage every Internet customer is credited, affected or not (§6.5)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from billadjust.money import MICRO, divide_half_up, micro
from billadjust.outage_schemes import PROMISE
from billadjust.phrases import phrase
from billadjust.rules.evidence import amount, evidence, number, percent
from billadjust.rules.incidents import incidents_of_subscriptions
from billadjust.rules.outage_amounts import MEMBERS, with_amounts
from billadjust.schemas import Claims

if TYPE_CHECKING:
    from billadjust.night import Night
    from billadjust.policy import Policy

BETWEEN_OUTAGES: Final = ", "
"""What stands between the outages of an incident in `source_ref`."""

_LAW_VARIANT: Final = pl.col("member").str.replace("by_", "law_", literal=True)
"""Which text explains what a scheme other than the promise owes."""

_INCIDENT: Final = ["subscription_id", "incident"]


def outage_credit(night: Night) -> pl.LazyFrame:
    """An outage of the Internet access credits a share of its fee, or the time without service if that is more.

    65 of August's 44,640 minutes on a fee of 6.90 are 0.01; 10 % is 0.69: 0.69 is owed. 80 hours are
    6.90 × 4,800 ÷ 44,640 = 0.74: 0.74 is owed. Incidents that start in one cycle owe together at most one fee. The
    policy may name other schemes; then the greatest of them is owed.
    """
    policy = night.policy
    started = pl.col("started_on")
    by_scheme = with_amounts(
        incidents_of_subscriptions(night).filter(policy.expr("outage_credit.enabled", started)), night
    )
    by_scheme = by_scheme.with_columns(shown=amount(pl.col("owed"), policy.digits))
    met = (
        _greatest(by_scheme, several=policy.compares_schemes)
        .with_columns(pool=phrase("{}|{}", "subscription_id", "cycle"))
        .with_columns(pool_limit=_limit(policy.digits))
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
        policy_ref=_by_scheme(policy, policy.reference("outage_credit.percent", started), _law_reference()),
        variant=_by_scheme(policy, pl.col("member"), _LAW_VARIANT),
        evidence=_evidence(night),
        stated="owed",
        review=pl.lit(None, pl.String),
    ).select(Claims.column_names())


def _greatest(by_scheme: pl.LazyFrame, *, several: bool) -> pl.LazyFrame:
    """Keep for each subscription and incident the scheme that owes most, of equal ones the first in the policy.

    Adds `compared`, what every scheme owes, as text (null if there is only one), and `unlimited`, the most that a scheme owes
    that does not limit a cycle's incidents to the fee; `fee_limit` is the greatest fee of the others (null without one).
    """
    limited = by_scheme.with_columns(
        fee_limit=pl.when("at_most_fee").then("fee"), unlimited=pl.when(~pl.col("at_most_fee")).then("owed")
    )
    if not several:
        return limited.with_columns(compared=pl.lit(None, pl.String))
    firsts = pl.all().exclude(*_INCIDENT, "fee_limit", "unlimited", "compared")
    return (
        limited.with_columns(compared=phrase("{} {}", "scheme", "shown"))
        .group_by(_INCIDENT)
        .agg(
            firsts.sort_by([-pl.col("owed"), pl.col("place")]).first(),
            pl.col("fee_limit", "unlimited").max(),
            pl.col("compared").sort_by("place").str.join(BETWEEN_OUTAGES),
        )
    )


def _limit(digits: int) -> pl.Expr:
    """What the incidents of a cycle owe together at most: the greatest fee, or what schemes without a limit owe.

    Null if no scheme limits them.
    """
    fee = divide_half_up(pl.col("fee_limit").max().over("pool"), MICRO // 10**digits)
    return pl.when(fee.is_not_null()).then(pl.max_horizontal(fee, pl.col("unlimited").fill_null(0).sum().over("pool")))


def _evidence(night: Night) -> pl.Expr:
    """Return the figures of the scheme that decides; those of the promise stand alone, as long as nothing else is asked for."""
    policy = night.policy
    common = {
        "outages": pl.col("outages").list.join(BETWEEN_OUTAGES),
        "started_at": local_text(pl.col("started_at"), policy.timezone),
        "ended_at": local_text(pl.col("ended_at"), policy.timezone),
        "minutes": number(pl.col("lost_us") // 60, 6),
        "cycle_minutes": pl.col("cycle_min"),
        "fee": micro(pl.col("fee")),
    }
    shares = {
        "percent": percent(pl.col("percent")),
        "by_share": amount(pl.col("by_share"), policy.digits),
        "by_time": amount(pl.col("by_time"), policy.digits),
    }
    at_most = {"at_most": amount(pl.col("pool_limit"), policy.digits)}
    compared = {"compared": pl.col("compared")} if policy.compares_schemes else {}
    promise = evidence(**common, **shares, **at_most, **compared)
    knows_days, none = "first_day" in policy.scheme_parameters, pl.lit(None, pl.String)
    law = {
        "basis": _LAW_VARIANT,
        "scheme": pl.col("scheme"),
        "law": pl.col("law"),
        "times": pl.col("times"),
        "by_time": amount(pl.col("by_time"), policy.digits),
        "bills": pl.col("bill_count"),
        "usage": micro(pl.col("usage")),
        "by_bills": amount(pl.col("by_bills"), policy.digits),
        "first_days": pl.col("first_days"),
        "a_first_day": micro(pl.col("a_first_day")) if knows_days else none,
        "later_days": pl.col("later_days"),
        "a_later_day": micro(pl.col("a_later_day")) if knows_days else none,
        "by_days": amount(pl.col("by_days"), policy.digits),
        "periods": pl.col("periods"),
        "parts": pl.when(pl.col("parts_of_fee") == 0).then("cycle_days").otherwise("parts_of_fee"),
        "least": amount(pl.col("least"), policy.digits),
        "by_periods": amount(pl.col("by_periods"), policy.digits),
    }
    return _by_scheme(policy, promise, evidence(**common, **law, **at_most, **compared))


def _by_scheme(policy: Policy, promise: pl.Expr, law: pl.Expr) -> pl.Expr:
    """Choose by the scheme that decides; where there is no other than the promise, nothing is asked row by row."""
    return pl.when(pl.col("scheme") == PROMISE).then(promise).otherwise(law) if policy.credits_by_law else promise


def _law_reference() -> pl.Expr:
    """Return the name of the scheme and the source of what it owes by."""
    source = pl.coalesce(pl.when(pl.col("member") == name).then(f"{name}_ref") for name in (*MEMBERS, "by_least"))
    return phrase("{}: {}", "scheme", source)


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
