"""§6.5: incidents, and what each owes to each subscription."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import TYPE_CHECKING

from reference.model import Policy, Row, World, cycle, rounded
from reference.tariffs import IMPROVED

if TYPE_CHECKING:
    from datetime import date

    from reference.rating import Rating


@dataclass(frozen=True)
class Incident:
    """Outages that overlap or touch; instants in UTC."""

    start: datetime
    end: datetime
    outage_ids: tuple[str, ...]

    @property
    def minutes(self) -> Fraction:
        """Exact elapsed minutes."""
        return minutes_between(self.start, self.end)


@dataclass(frozen=True)
class IncidentClaim:
    """What one incident owes to one subscription, and the cap that it shares with the others of its cycle."""

    subscription_id: str
    incident: Incident
    cycle_start: date
    computed: Fraction
    cap: Fraction
    account_id: str

    @property
    def claim(self) -> str:
        """The claim carries the id of the incident's earliest outage."""
        return outage_claim(self.incident.outage_ids[0], self.subscription_id)


def outage_claim(outage_id: str, subscription_id: str) -> str:
    """The id of an outage claim."""
    return f"outage_credit|{outage_id}|{subscription_id}"


def minutes_between(start: datetime, end: datetime) -> Fraction:
    """Elapsed minutes between two instants in UTC."""
    return Fraction((end - start) // timedelta(microseconds=1), 60_000_000)


def merge(outages: list[Row]) -> list[Incident]:
    """Merge outages where they overlap or touch."""
    incidents: list[Incident] = []
    for outage in sorted(outages, key=lambda row: (row["started_at"], row["outage_id"])):
        start, end = (outage[name].astimezone(UTC) for name in ("started_at", "ended_at"))
        if incidents and start <= incidents[-1].end:
            last = incidents.pop()
            incidents.append(Incident(last.start, max(last.end, end), (*last.outage_ids, outage["outage_id"])))
        else:
            incidents.append(Incident(start, end, (outage["outage_id"],)))
    return incidents


class Outages:
    """The outages of a world that have ended by a run's date."""

    def __init__(self, world: World, policy: Policy, rating: Rating, as_of: date) -> None:
        """Keep the outages of Internet access that have ended."""
        self.policy = policy
        self.rating = rating
        self.outages = [
            row
            for row in world["outages"]
            if row["service"] in ("data", "all")
            and row["ended_at"] is not None
            and policy.local(row["ended_at"]).date() <= as_of
        ]
        self.by_id = {row["outage_id"]: row for row in self.outages}

    def incidents_in(self, region: str | None) -> list[Incident]:
        """An outage without region belongs to every region."""
        return merge([row for row in self.outages if row["region"] is None or row["region"] == region])

    def fee_day(self, row: Row, incident: Incident) -> date | None:
        """The first day of an incident on which a subscription's row pays for Internet access."""
        day = self.policy.local(incident.start).date()
        while self.policy.midnight(day) < incident.end:
            if self.rating.row_on(row["subscription_id"], day) is row:
                version = self.rating.version_on(row["subscription_id"], day, IMPROVED)
                if version is not None and self.rating.fee(version, "internet") > 0:
                    return day
            day += timedelta(days=1)
        return None

    def incidents_of(self, subscription_id: str) -> list[tuple[Incident, date]]:
        """The incidents that a subscription takes part in, those that share an outage made one, with their fee days."""
        groups: list[tuple[frozenset[str], date]] = []
        for row in self.rating.rows[subscription_id]:
            for incident in self.incidents_in(row["region"]):
                day = self.fee_day(row, incident)
                if day is None:
                    continue
                ids = frozenset(incident.outage_ids)
                for group in [group for group in groups if group[0] & ids]:
                    groups.remove(group)
                    ids, day = ids | group[0], min(day, group[1])
                groups.append((ids, day))
        merged = [(merge([self.by_id[outage_id] for outage_id in ids]), day) for ids, day in groups]
        assert all(len(incidents) == 1 for incidents, _ in merged)
        return sorted(
            ((incidents[0], day) for incidents, day in merged), key=lambda pair: (pair[0].start, pair[0].outage_ids)
        )

    def amount(self, incident: Incident, fee: Fraction, cycle_day: int) -> Fraction:
        """The greater of percent of the fee, and the fee times minutes ÷ minutes of the cycle, each rounded."""
        start, end = cycle(cycle_day, self.policy.local(incident.start).date())
        cycle_minutes = minutes_between(self.policy.midnight(start), self.policy.midnight(end))
        flat = rounded(fee * Fraction(self.policy.outage_percent) / 100)
        return max(flat, rounded(fee * incident.minutes / cycle_minutes))

    def claims(self) -> list[IncidentClaim]:
        """What each incident owes, those of one cycle together at most the largest fee among them."""
        result = []
        for subscription_id in sorted(self.rating.rows):
            by_cycle: dict[date, list[tuple[Incident, Fraction, Row]]] = defaultdict(list)
            for incident, day in self.incidents_of(subscription_id):
                # Without duration there is no moment at which anybody could meet it.
                if incident.minutes > 0 and incident.minutes >= self.policy.outage_min_minutes:
                    row = self.rating.row_on(subscription_id, day)
                    version = self.rating.version_on(subscription_id, day, IMPROVED)
                    assert row is not None
                    assert version is not None
                    start, _ = self.rating.cycle_of(row, self.policy.local(incident.start).date())
                    by_cycle[start].append((incident, self.rating.fee(version, "internet"), row))
            for cycle_start, found in by_cycle.items():
                cap = rounded(max(fee for _, fee, _ in found))
                left = cap
                for incident, fee, row in found:
                    account = self.rating.accounts[row["account_id"]]
                    owed = min(left, self.amount(incident, fee, account["bill_cycle_day"]))
                    left -= owed
                    result.append(
                        IncidentClaim(subscription_id, incident, cycle_start, owed, cap, account["account_id"])
                    )
        return result
