"""What the schemes in force ask of each incident: its time, its days and the figures of the family (§6.5).

Incidents are few, so this is plain Python; what they come to for each subscription is one expression.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

import polars as pl

from billadjust.dated import holding

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from billadjust.outage_schemes import Scheme, Service
    from billadjust.policy import Policy
    from billadjust.rules.incidents import Incident

Stretch = tuple[datetime, datetime]
"""A time without service, without its end."""

SERVICES: Final[dict[Service, tuple[str, ...]]] = {"internet": ("data", "all"), "telephone": ("voice", "all")}
"""The outages that a service is lost in."""

A_DAY: Final = timedelta(days=1)
A_MOMENT: Final = timedelta(microseconds=1)

_SOURCES: Final = {
    "by_share_ref": "percent",
    "by_time_ref": "times",
    "by_bills_ref": "bill_months",
    "by_days_ref": "first_amount",
    "by_periods_ref": "parts_of_fee",
    "by_least_ref": "least",
}
"""The parameter that stands for each member of the family, with its source."""

SCHEMA: Final = {
    "incident": pl.Int64,
    "place": pl.Int64,
    "scheme": pl.String,
    "law": pl.String,
    "fee_of": pl.String,
    "lost_us": pl.Int64,
    "percent": pl.Int64,
    "times": pl.Int64,
    "bills_from": pl.Date,
    "first_days": pl.Int64,
    "first_amount": pl.Int64,
    "first_percent": pl.Int64,
    "later_days": pl.Int64,
    "later_amount": pl.Int64,
    "later_percent": pl.Int64,
    "periods": pl.Int64,
    "parts_of_fee": pl.Int64,
    "least": pl.Int64,
    "at_most_fee": pl.Boolean,
    **dict.fromkeys(_SOURCES, pl.String),
}
"""The columns of `terms`; amounts in minor units, percentages in ten-thousandths of a percent."""

_OF_PROMISE: Final = ("incident", "place", "fee_of", "lost_us", "percent", "times", "at_most_fee")
"""Those that the promise needs."""


def terms(incidents: Sequence[Incident], policy: Policy) -> pl.LazyFrame:
    """Return a row for each incident, by its place (`incident`), and scheme that it is long enough for.

    `place` is that of the scheme in the policy; null is what a scheme does without. `lost_us`: the time lost of the scheme's
    service; `bills_from`: the first day of the issue dates whose bills count; `first_days`, `later_days`: calendar days;
    `periods`: 24 hours begun; `by_…_ref`: the source of each member of the family. Of a policy that asks for nothing but the
    promise, only the columns that it needs.
    """
    rows = [
        {"incident": number, "place": place} | row
        for number, incident in enumerate(incidents)
        for place, scheme in enumerate(policy.schemes(_local(incident[0].started_at, policy).date()))
        if (row := _row(incident, scheme, policy)) is not None
    ]
    every = pl.LazyFrame(rows, schema=SCHEMA, orient="row")
    # Each of these rows becomes as many as there are subscriptions: the promise does without what laws need.
    return every if policy.credits_by_law else every.select(_OF_PROMISE)


def _row(incident: Incident, scheme: Scheme, policy: Policy) -> dict[str, Any] | None:
    """Return what a scheme asks of an incident; None if it owes nothing for it."""
    started_on = _local(incident[0].started_at, policy).date()
    dated = {name: held for name, values in scheme.values.items() if (held := holding(values, started_on))}
    value: dict[str, Any] = {name: held.value for name, held in dated.items()}
    lost = _stretches(outage for outage in incident if outage.service in SERVICES[scheme.service])
    if not _is_long_enough(lost, value, policy):
        return None
    row = {name: value[name] for name in SCHEMA if name in value} | {
        "scheme": scheme.name,
        "law": scheme.law,
        "fee_of": scheme.fee,
        "lost_us": _length(lost) // A_MOMENT,
        "at_most_fee": value.get("at_most_fee", False),
    }
    if "bill_months" in value:
        row["bills_from"] = _months_before(started_on, value["bill_months"])
    if "first_day" in value:
        days = (_local(lost[-1][1] - A_MOMENT, policy).date() - _local(lost[0][0], policy).date()).days
        if days < value["first_day"]:
            return None
        row["first_days"] = min(days, value["later_day"] - 1) - value["first_day"] + 1
        row["later_days"] = max(0, days - value["later_day"] + 1)
    if "parts_of_fee" in value:
        row["periods"] = -(-_length(lost) // A_DAY)
    return row | {ref: dated[name].reference for ref, name in _SOURCES.items() if name in dated}


def _is_long_enough(lost: Sequence[Stretch], value: Mapping[str, Any], policy: Policy) -> bool:
    """Whether the time lost, or that in the hours that count, reaches what the scheme demands."""
    counted = _between(lost, value["from_hour"], value["to_hour"], policy) if "from_hour" in value else lost
    length = _length(counted)
    long_enough = length >= timedelta(minutes=value.get("min_minutes", 0))
    return bool(length) and long_enough and length > timedelta(minutes=value.get("over_minutes", 0))


def _stretches(outages: Iterable[Any]) -> list[Stretch]:
    """Merge the times of outages, given in the order of their starts, where they overlap or touch."""
    merged: list[Stretch] = []
    for outage in outages:
        if merged and outage.started_at <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], outage.ended_at))
        elif outage.started_at < outage.ended_at:
            merged.append((outage.started_at, outage.ended_at))
    return merged


def _between(stretches: Sequence[Stretch], from_hour: int, to_hour: int, policy: Policy) -> list[Stretch]:
    """Cut stretches to some hours of each local day."""
    zone = ZoneInfo(policy.timezone)
    cut = []
    for start, end in stretches:
        day = start.astimezone(zone).date()
        while (opens := datetime.combine(day, time(from_hour), zone).astimezone(UTC)) < end:
            closes = datetime.combine(day, time(to_hour), zone).astimezone(UTC)
            if max(start, opens) < min(end, closes):
                cut.append((max(start, opens), min(end, closes)))
            day += A_DAY
    return cut


def _length(stretches: Iterable[Stretch]) -> timedelta:
    return sum((end - start for start, end in stretches), timedelta())


def _local(moment: datetime, policy: Policy) -> datetime:
    return moment.astimezone(ZoneInfo(policy.timezone))


def _months_before(day: date, months: int) -> date:
    """Return the same day some months before, or the first of the month that begins next if that month has no such day."""
    years, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    try:
        return date(years, month + 1, day.day)
    except ValueError:
        return date(years + (month + 1) // 12, (month + 1) % 12 + 1, 1)
