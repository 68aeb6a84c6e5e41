"""Outages that overlap or touch are one incident; which subscriptions an incident met (§6.5)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import polars as pl

from billadjust.calendar import local_date
from billadjust.rules.outage_terms import SERVICES, terms

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from billadjust.night import Night

EVERYWHERE: Final = ""
"""The area of the subscriptions of no region, or of one where no regional outage happened."""


_FEES: Final = ("internet_fee", "monthly_fee", "telephone_fee")


@dataclass(frozen=True)
class Outage:
    """An ended interruption of a service that is credited."""

    started_at: datetime
    outage_id: str
    ended_at: datetime
    region: str | None
    service: str


Incident = tuple[Outage, ...]
"""Outages in the order of their starts, without a gap between them."""


def incidents_of_subscriptions(night: Night) -> pl.LazyFrame:
    """Return a row for each subscription and incident that met it.

    There is one for each scheme that the incident is long enough for. Columns: subscription_id, account_id, bill_cycle_day,
    incident (a number), outage_id (of the earliest outage), outages (all of them, in order), started_at, ended_at (UTC),
    started_on (local date), internet_fee and monthly_fee (millionths, of the improved version on the first day of the incident
    on which the subscription has Internet access in its region), telephone_fee (the rest of the monthly fee, on the first day on
    which there is one), and those of `terms`.
    """
    outages = _outages(night)
    areas = sorted({EVERYWHERE, *(outage.region for outage in outages if outage.region)})
    incidents = [
        (area, incident)
        for area in areas
        for incident in _merge(outage for outage in outages if outage.region in {None, area})
    ]
    met = _met(night, incidents)
    united, members = _unite([incident for _, incident in incidents], _moves(met))
    in_time = pl.col("account_id", "bill_cycle_day", *_FEES).sort_by("first_day", "day_from")
    # Only where there are two services one of them may begin later; dropping nulls is dear.
    first = in_time.drop_nulls().first() if night.policy.credits_telephone else in_time.first()
    return (
        met.join(members.lazy(), on=["subscription_id", "number"], how="left")
        .group_by("subscription_id", incident=pl.coalesce("united", "number"))
        .agg(first, pl.col("usable").all())
        .filter("usable")
        .join(_frame_of(united, night.policy.timezone), on="incident")
        .join(terms(united, night.policy), on="incident")
        .drop("usable")
    )


def _outages(night: Night) -> list[Outage]:
    """Return the ended outages of service data or all, in the order of their starts (outages are few).

    Those of service voice are there only if the policy has a scheme for the telephone.
    """
    services = {*SERVICES["internet"], *(SERVICES["telephone"] if night.policy.credits_telephone else ())}
    frame = (
        night.inputs.outages.filter(pl.col("service").is_in(sorted(services)) & pl.col("ended_at").is_not_null())
        .select("started_at", "outage_id", "ended_at", "region", "service")
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
    internet, monthly = pl.col("improved_internet_fee"), pl.col("improved_monthly_fee")
    has_internet = internet > 0
    has_telephone = (monthly > internet) & night.policy.credits_telephone
    return (
        night.spans.filter(~pl.col("usable") | has_internet | has_telephone)
        .select(
            "subscription_id",
            "account_id",
            "bill_cycle_day",
            "day_from",
            "day_to",
            "usable",
            area=area,
            internet_fee=pl.when(has_internet).then(internet),
            monthly_fee=pl.when(has_internet).then(monthly),
            telephone_fee=pl.when(has_telephone).then(monthly - internet),
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
        started_on=local_date(pl.col("started_at"), timezone)
    )
