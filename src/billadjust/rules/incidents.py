"""Outages that overlap or touch are one incident; which subscriptions an incident met (§6.5)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from billadjust.calendar import local_date
from billadjust.night import Night

EVERYWHERE = ""
"""Key of the subscriptions of no region, or of one where no regional outage happened."""


@dataclass(frozen=True)
class Outage:
    """An ended interruption of Internet access."""

    started_at: datetime
    outage_id: str
    ended_at: datetime
    region: str | None


Incident = tuple[Outage, ...]


def incidents_of_subscriptions(night: Night) -> pl.LazyFrame:
    """Return a row for each subscription and incident that met it.

    Columns: subscription_id, account_id, bill_cycle_day, outage_id (of the earliest outage), outages (all of them, in
    order), started_at, ended_at (UTC), started_on (local date), duration_us, internet_fee (millionths, of the improved
    version on the first day of the incident on which the subscription has Internet access in its region).
    """
    outages = _internet_outages(night)
    by_region = {
        region: _merge([outage for outage in outages if outage.region in {None, region}])
        for region in {EVERYWHERE, *(outage.region for outage in outages if outage.region)}
    }
    numbered = [(region, incident) for region in sorted(by_region) for incident in by_region[region]]
    met = _met(night, numbered)
    combinations = met.group_by("subscription_id").agg(pl.col("number").unique().sort()).rename({"number": "numbers"})
    distinct = combinations.select("numbers").unique().collect(engine="streaming")["numbers"].to_list()
    united = _frame_of_united([incident for _, incident in numbered], distinct, night.policy.timezone)
    members = united.select("numbers", "united", number="members").explode("number", empty_as_null=False)
    first = (
        met.join(combinations, on="subscription_id")
        .join(members.lazy(), on=["numbers", "number"])
        .group_by("subscription_id", "numbers", "united")
        .agg(pl.col("account_id", "bill_cycle_day", "internet_fee").sort_by("first_day", "day_from").first())
    )
    return first.join(united.lazy().drop("members"), on=["numbers", "united"]).drop("numbers", "united")


def _internet_outages(night: Night) -> list[Outage]:
    """Return the ended outages of service data or all, in the order of their starts (outages are few)."""
    frame = (
        night.inputs.outages.filter(pl.col("service").is_in(["data", "all"]) & pl.col("ended_at").is_not_null())
        .select("started_at", "outage_id", "ended_at", "region")
        .sort("started_at", "outage_id")
        .collect()
    )
    return [Outage(*row) for row in frame.rows()]


def _merge(outages: Sequence[Outage]) -> list[Incident]:
    """Merge outages, given in the order of their starts, where they overlap or touch."""
    incidents: list[list[Outage]] = []
    for outage in outages:
        if incidents and outage.started_at <= max(member.ended_at for member in incidents[-1]):
            incidents[-1].append(outage)
        else:
            incidents.append([outage])
    return [tuple(incident) for incident in incidents]


def _met(night: Night, numbered: Sequence[tuple[str, Incident]]) -> pl.LazyFrame:
    """Return which stretch of which subscription met which incident, with the first day on which it did."""
    timezone = night.policy.timezone
    incidents = pl.LazyFrame(
        [
            (number, region, incident[0].started_at, max(outage.ended_at for outage in incident))
            for number, (region, incident) in enumerate(numbered)
        ],
        schema={
            "number": pl.Int64,
            "area": pl.String,
            "started_at": pl.Datetime("us", "UTC"),
            "ended_at": pl.Datetime("us", "UTC"),
        },
        orient="row",
    ).with_columns(
        started_on=local_date(pl.col("started_at"), timezone),
        # The end is not part of the incident: one that ends at midnight does not reach the next day.
        last_day=local_date(
            pl.max_horizontal("started_at", pl.col("ended_at") - pl.duration(microseconds=1)), timezone
        ),
    )
    regions = [region for region, _ in numbered if region != EVERYWHERE]
    area = pl.when(pl.col("region").is_in(regions)).then(pl.col("region")).otherwise(pl.lit(EVERYWHERE))
    return (
        night.spans.filter(pl.col("usable") & (pl.col("improved_internet_fee") > 0))
        .with_columns(area=area)
        .join(incidents, on="area")
        .filter((pl.col("day_from") <= pl.col("last_day")) & (pl.col("day_to") > pl.col("started_on")))
        .select(
            "subscription_id",
            "account_id",
            "bill_cycle_day",
            "number",
            "day_from",
            internet_fee="improved_internet_fee",
            first_day=pl.max_horizontal("started_on", "day_from"),
        )
    )


def _frame_of_united(incidents: Sequence[Incident], combinations: Sequence[list[int]], timezone: str) -> pl.DataFrame:
    """Unite, for each combination of incidents that a subscription met, those that share an outage."""
    rows = []
    for numbers in combinations:
        for united, members in enumerate(_share_outages(incidents, numbers)):
            outages = sorted(
                {outage for number in members for outage in incidents[number]},
                key=lambda outage: (outage.started_at, outage.outage_id),
            )
            rows.append(
                (
                    numbers,
                    united,
                    members,
                    outages[0].outage_id,
                    [outage.outage_id for outage in outages],
                    outages[0].started_at,
                    max(outage.ended_at for outage in outages),
                )
            )
    return pl.DataFrame(
        rows,
        schema={
            "numbers": pl.List(pl.Int64),
            "united": pl.Int64,
            "members": pl.List(pl.Int64),
            "outage_id": pl.String,
            "outages": pl.List(pl.String),
            "started_at": pl.Datetime("us", "UTC"),
            "ended_at": pl.Datetime("us", "UTC"),
        },
        orient="row",
    ).with_columns(
        started_on=local_date(pl.col("started_at"), timezone),
        duration_us=(pl.col("ended_at") - pl.col("started_at")).dt.total_microseconds(),
    )


def _share_outages(incidents: Sequence[Incident], numbers: Sequence[int]) -> list[list[int]]:
    """Group incidents so that any two with a common outage are in one group."""
    groups: list[list[int]] = []
    for number in numbers:
        outages = set(incidents[number])
        linked = [group for group in groups if any(outages & set(incidents[member]) for member in group)]
        groups = [group for group in groups if group not in linked]
        groups.append(sorted({number, *(member for group in linked for member in group)}))
    return groups
