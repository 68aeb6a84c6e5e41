"""Outages that overlap or touch are one incident; which subscriptions an incident met (§6.5)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import polars as pl

from billadjust.calendar import local_date

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from billadjust.night import Night

EVERYWHERE: Final = ""
"""The area of the subscriptions of no region, or of one where no regional outage happened."""


@dataclass(frozen=True)
class Outage:
    """An ended interruption of Internet access."""

    started_at: datetime
    outage_id: str
    ended_at: datetime
    region: str | None


Incident = tuple[Outage, ...]
"""Outages in the order of their starts, without a gap between them."""


def incidents_of_subscriptions(night: Night) -> pl.LazyFrame:
    """Return a row for each subscription and incident that met it.

    Columns: subscription_id, account_id, bill_cycle_day, outage_id (of the earliest outage), outages (all of them, in
    order), started_at, ended_at (UTC), started_on (local date), duration_us, internet_fee (millionths, of the improved
    version on the first day of the incident on which the subscription has Internet access in its region).
    """
    outages = _internet_outages(night)
    areas = sorted({EVERYWHERE, *(outage.region for outage in outages if outage.region)})
    incidents = [
        (area, incident)
        for area in areas
        for incident in _merge(outage for outage in outages if outage.region in {None, area})
    ]
    met = _met(night, incidents)
    united, members = _unite([incident for _, incident in incidents], _moves(met))
    first = pl.col("account_id", "bill_cycle_day", "internet_fee").sort_by("first_day", "day_from").first()
    return (
        met.join(members.lazy(), on=["subscription_id", "number"], how="left")
        .group_by("subscription_id", incident=pl.coalesce("united", "number"))
        .agg(first, pl.col("usable").all())
        .filter("usable")
        .join(_frame_of(united, night.policy.timezone), on="incident")
        .drop("incident", "usable")
    )


def _internet_outages(night: Night) -> list[Outage]:
    """Return the ended outages of service data or all, in the order of their starts (outages are few)."""
    frame = (
        night.inputs.outages.filter(pl.col("service").is_in(["data", "all"]) & pl.col("ended_at").is_not_null())
        .select("started_at", "outage_id", "ended_at", "region")
        .sort("started_at", "outage_id")
        .collect()
    )
    return [Outage(*row) for row in frame.rows()]


def _merge(outages: Iterable[Outage]) -> list[Incident]:
    """Merge outages, given in the order of their starts, where they overlap or touch."""
    incidents: list[list[Outage]] = []
    end: datetime | None = None
    for outage in outages:
        if end is not None and outage.started_at <= end:
            incidents[-1].append(outage)
            end = max(end, outage.ended_at)
        else:
            incidents.append([outage])
            end = outage.ended_at
    return [tuple(incident) for incident in incidents]


def _met(night: Night, incidents: Sequence[tuple[str, Incident]]) -> pl.LazyFrame:
    """Return which stretch of which subscription met which incident, with the first day on which it did.

    Stretches that a rejected row takes along are there, not `usable`, because their fee is not known.
    """
    timezone = night.policy.timezone
    numbered = pl.LazyFrame(
        [
            (number, area, incident[0].started_at, max(outage.ended_at for outage in incident))
            for number, (area, incident) in enumerate(incidents)
        ],
        schema={
            "number": pl.Int64,
            "area": pl.String,
            "started_at": pl.Datetime("us", "UTC"),
            "ended_at": pl.Datetime("us", "UTC"),
        },
        orient="row",
    )
    # The end is not part of an incident: one that ends at midnight does not reach the next day, and one without
    # duration has no moment at which anybody could meet it.
    timed = numbered.filter(pl.col("started_at") < pl.col("ended_at")).select(
        "number",
        "area",
        started_on=local_date(pl.col("started_at"), timezone),
        last_day=local_date(pl.col("ended_at") - pl.duration(microseconds=1), timezone),
    )
    regions = sorted({area for area, _ in incidents} - {EVERYWHERE})
    area = pl.when(pl.col("region").is_in(regions)).then("region").otherwise(pl.lit(EVERYWHERE))
    return (
        night.spans.filter(~pl.col("usable") | (pl.col("improved_internet_fee") > 0))
        .select(
            "subscription_id",
            "account_id",
            "bill_cycle_day",
            "day_from",
            "day_to",
            "usable",
            area=area,
            internet_fee="improved_internet_fee",
        )
        .join(timed, on="area")
        .filter((pl.col("day_from") <= pl.col("last_day")) & (pl.col("day_to") > pl.col("started_on")))
        .with_columns(first_day=pl.max_horizontal("started_on", "day_from"))
    )


def _moves(met: pl.LazyFrame) -> pl.DataFrame:
    """Return (subscription_id, numbers) of the subscriptions that met incidents of several areas: they moved (few)."""
    return (
        met.group_by("subscription_id")
        .agg(pl.col("area").n_unique(), numbers=pl.col("number").unique().sort())
        .filter(pl.col("area") > 1)
        .select("subscription_id", "numbers")
        .collect(engine="streaming")
    )


def _unite(incidents: Sequence[Incident], moves: pl.DataFrame) -> tuple[list[Incident], pl.DataFrame]:
    """Unite, for each subscription that moved, the incidents that share an outage.

    Returns:
        The incidents, followed by the united ones; and (subscription_id, number, united): which incident a
        subscription met in place of the one with that number.
    """
    every = list(incidents)
    rows = []
    for numbers in moves.get_column("numbers").unique().sort().to_list():
        for group in _share_outages(incidents, numbers):
            rows += [(numbers, number, len(every)) for number in group]
            outages = {outage for number in group for outage in incidents[number]}
            every.append(tuple(sorted(outages, key=lambda outage: (outage.started_at, outage.outage_id))))
    schema = pl.Schema({"numbers": pl.List(pl.Int64()), "number": pl.Int64(), "united": pl.Int64()})
    united = pl.DataFrame(rows, schema=schema, orient="row")
    return every, moves.join(united, on="numbers").select("subscription_id", "number", "united")


def _share_outages(incidents: Sequence[Incident], numbers: Sequence[int]) -> list[list[int]]:
    """Group incidents so that any two with a common outage are in one group."""
    groups: list[list[int]] = []
    for number in numbers:
        outages = set(incidents[number])
        linked = [group for group in groups if any(outages & set(incidents[member]) for member in group)]
        groups = [group for group in groups if group not in linked]
        groups.append(sorted({number, *(member for group in linked for member in group)}))
    return groups


def _frame_of(incidents: Sequence[Incident], timezone: str) -> pl.LazyFrame:
    """Return what is to be known of each incident, by its place (`incident`)."""
    rows = [
        (
            number,
            outages[0].outage_id,
            [outage.outage_id for outage in outages],
            outages[0].started_at,
            max(outage.ended_at for outage in outages),
        )
        for number, outages in enumerate(incidents)
    ]
    schema = pl.Schema(
        {
            "incident": pl.Int64(),
            "outage_id": pl.String(),
            "outages": pl.List(pl.String()),
            "started_at": pl.Datetime("us", "UTC"),
            "ended_at": pl.Datetime("us", "UTC"),
        }
    )
    return pl.LazyFrame(rows, schema=schema, orient="row").with_columns(
        started_on=local_date(pl.col("started_at"), timezone),
        duration_us=(pl.col("ended_at") - pl.col("started_at")).dt.total_microseconds(),
    )
