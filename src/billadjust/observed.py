"""What operators ask of a night beside what it posts: control totals of the inputs, outages, better prices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

import polars as pl

from billadjust.calendar import local_date
from billadjust.money import MICRO, divide_half_up, micro, to_text
from billadjust.rules.evidence import amount, number
from billadjust.rules.incidents import Outage
from billadjust.rules.outage_credit import BETWEEN_OUTAGES, local_text
from billadjust.rules.outage_terms import SERVICES, terms

if TYPE_CHECKING:
    from billadjust.inputs import Inputs
    from billadjust.night import Night
    from billadjust.policy import Policy

RECENT_DAYS: Final = 31
"""An outage is told for so long after it ended, and again whenever something is credited for it."""

YEAR_DAYS: Final = 365
"""An improvement is told for so long after it took effect."""

MONTHS: Final = 12

ADDED_UP: Final = {
    "invoices": ("gross_total", False),
    "invoice_lines": ("net_amount", False),
    "cdrs": ("charged", True),
    "prior_credits": ("net_amount", False),
}
"""The column of an input whose sum is a control total, and whether it counts in millionths."""


def control_totals(inputs: Inputs, digits: int) -> dict[str, dict[str, str]]:
    """Add up the accepted amounts of each input that has some: the exporting system must have the same sums."""
    sums: dict[str, pl.LazyFrame] = {}
    for name in inputs.present & ADDED_UP.keys():
        column, in_millionths = ADDED_UP[name]
        total = pl.col(column).sum()
        sums[name] = getattr(inputs, name).select(micro(total) if in_millionths else to_text(total, digits))
    found = dict(zip(sums, pl.collect_all(list(sums.values()), engine="streaming"), strict=True))
    return {name: {ADDED_UP[name][0]: found[name].item()} for name in ADDED_UP if name in found}


def outages(night: Night, ledger: pl.LazyFrame, run_id: str) -> list[dict[str, Any]]:
    """List recent outages and those that this run credits, the newest first, with their minutes and what they cost.

    `ledger`: schemas.Entries, those of the run included. An outage carries what was posted for the incident that began
    with it; another outage of the incident names that one in `part_of`. `lines`, `net` and `gross` are what this run
    posts, `total_gross` is what all runs did. `why_not` says why nothing is owed: `not_credited` (its service), `too_short`.
    """
    timezone = night.policy.timezone
    duration_us = (pl.col("ended_at") - pl.col("started_at")).dt.total_microseconds()
    ended_on = local_date(pl.col("ended_at"), timezone)
    is_recent = ended_on.is_null() | (ended_on > pl.lit(night.as_of) - pl.duration(days=RECENT_DAYS))
    credited, members = _credited(ledger, run_id)
    money = ("net", "gross", "total_gross")
    told = (
        night.inputs.outages.join(credited, on="outage_id", how="left")
        .join(members, on="outage_id", how="left")
        .filter(is_recent | (pl.col("lines") > 0))
        .sort("started_at", "outage_id", descending=[True, False])
        .collect(engine="streaming")
    )
    is_asked = pl.col("part_of").is_null() & pl.col("total_gross").is_null()
    return (
        told.with_columns(why_not=_why_not(told, night.policy))
        .select(
            "outage_id",
            "service",
            "region",
            "cause",
            "part_of",
            started_at=local_text(pl.col("started_at"), timezone),
            ended_at=local_text(pl.col("ended_at"), timezone),
            minutes=number(duration_us // 60, 6),
            lines=pl.col("lines").fill_null(0),
            why_not=pl.when(is_asked).then("why_not"),
            **{name: amount(pl.col(name).fill_null(0), night.policy.digits) for name in money},
        )
        .to_dicts()
    )


def _why_not(told: pl.DataFrame, policy: Policy) -> pl.Series:
    """Say of each outage by itself (outages are few) why the schemes of its day owe nothing for it, if that is so."""
    columns = ("started_at", "outage_id", "ended_at", "region", "service")
    ended = [Outage(*row) for row in told.drop_nulls("ended_at").select(columns).rows()]
    places = terms([(outage,) for outage in ended], policy).select(pl.col("incident").unique()).collect().to_series()
    owing = {ended[place].outage_id for place in places}

    def reason(outage: Outage) -> str:
        schemes = policy.schemes(outage.started_at.astimezone(ZoneInfo(policy.timezone)).date())
        covered = {service for scheme in schemes for service in SERVICES[scheme.service]}
        return "too_short" if outage.service in covered else "not_credited"

    reasons = {outage.outage_id: reason(outage) for outage in ended if outage.outage_id not in owing}
    return pl.Series([reasons.get(outage_id) for outage_id in told["outage_id"]], dtype=pl.String)


def _credited(ledger: pl.LazyFrame, run_id: str) -> tuple[pl.LazyFrame, pl.LazyFrame]:
    """Return what was posted by the earliest outage of each incident, and of the other outages that earliest one."""
    posted = ledger.filter(pl.col("rule") == "outage_credit").with_columns(
        outage_id=pl.col("claim").str.split("|").list.get(1)
    )
    mine = pl.col("run_id") == run_id
    credited = posted.group_by("outage_id").agg(
        lines=pl.col("subscription_id").filter(mine).n_unique(),
        net=pl.col("net").filter(mine).sum(),
        gross=pl.col("gross").filter(mine).sum(),
        total_gross=pl.col("gross").sum(),
    )
    members = (
        posted.select(outage_id=pl.col("source_ref").str.split(BETWEEN_OUTAGES), part_of="outage_id")
        .unique()
        .explode("outage_id")
        .filter(pl.col("outage_id") != pl.col("part_of"))
        .group_by("outage_id")
        .agg(pl.col("part_of").min())
    )
    return credited, members


def improvements(night: Night, changes: pl.DataFrame) -> list[dict[str, Any]]:
    """List the better prices of the last year and those to come, with who has them and what they cost in a year.

    A row is a tariff, the version that customers contracted and the better one that they have once the notice has
    passed. `customers` and `lines` count those who are there today, `to_move` the lines in `changes` (the table
    tariff_changes) that provisioning has still to move. `yearly_cost` is twelve times the fee that is saved, net, for
    all lines; what cheaper usage saves depends on the usage to come.
    """
    policy, today = night.policy, pl.lit(night.as_of)
    notice = pl.duration(days=policy.expr("tariff_improvement.notice_days", today))
    row = ["subscription_id", "row_from"]
    target_day = pl.min_horizontal(today + notice, pl.col("row_to") - pl.duration(days=1))
    current = (
        night.spans.filter((pl.col("day_from") <= today) & (pl.col("day_to") > today) & pl.col("usable"))
        .filter(policy.expr("tariff_improvement.enabled", today))
        .join(night.inputs.accounts.select("account_id", "closed_on"), on="account_id")
        .filter(pl.col("closed_on").is_null() | (pl.col("closed_on") > today))
        .select(*row, target_day=target_day)
    )
    key = ["tariff_id", "from_version", "to_version"]
    to_move = changes.lazy().select("subscription_id", to_move=True)
    saved = pl.col("old_monthly_fee") - pl.col("new_monthly_fee")
    cost = divide_half_up(saved.cast(pl.Int128) * pl.col("lines") * MONTHS, MICRO // 10**policy.digits)
    return (
        current.join(night.spans, on=row)
        .filter((pl.col("day_from") <= pl.col("target_day")) & (pl.col("day_to") > pl.col("target_day")))
        .filter(pl.col("usable") & (pl.col("contract_version") != pl.col("improved_version")))
        .join(to_move, on="subscription_id", how="left")
        .group_by("tariff_id", from_version="contract_version", to_version="improved_version")
        .agg(
            customers=pl.col("account_id").n_unique(),
            lines=pl.len(),
            to_move=pl.col("to_move").sum(),
            old_monthly_fee=pl.col("contract_monthly_fee").first(),
            new_monthly_fee=pl.col("improved_monthly_fee").first(),
        )
        .join(
            night.inputs.tariffs.select("tariff_id", "effective_from", to_version="version"),
            on=["tariff_id", "to_version"],
        )
        .filter(pl.col("effective_from") > today - pl.duration(days=YEAR_DAYS))
        .sort(pl.col("effective_from"), *key, descending=[True, False, False, False])
        .select(
            *key,
            "customers",
            "lines",
            "to_move",
            effective_from=pl.col("effective_from").dt.to_string("%Y-%m-%d"),
            old_monthly_fee=micro(pl.col("old_monthly_fee")),
            new_monthly_fee=micro(pl.col("new_monthly_fee")),
            yearly_cost=to_text(cost.cast(pl.Int64), policy.digits),
        )
        .collect(engine="streaming")
        .to_dicts()
    )


def rejects(rejected: pl.DataFrame) -> list[dict[str, Any]]:
    """Count rejected rows by input and reason, the most frequent first; `rejected`: schemas.Rejected.

    A reason that names what it found, such as a sum, is one reason whatever it found: then that stands as `…`. `file`
    and `line` are the first example.
    """
    kind = pl.col("reason").str.replace(r"\(.*\)$", "(…)").str.replace(r" add up to .*$", " add up to …")
    return (
        rejected.lazy()
        .with_columns(kind=kind)
        .group_by("input", "kind")
        .agg(
            rows=pl.struct("file", "line").n_unique(),
            reason=pl.when(pl.col("reason").n_unique() == 1)
            .then(pl.col("reason").first())
            .otherwise(pl.col("kind").first()),
            example=pl.struct("file", "line").sort_by("file", "line").first(),
        )
        .select("input", "reason", "rows", pl.col("example").struct.unnest())
        .sort(pl.col("rows"), "input", "reason", descending=[True, False, False])
        .collect()
        .to_dicts()
    )
