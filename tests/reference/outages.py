"""§6.5: incidents, and what each owes to each subscription, by the greatest of the schemes that the policy names."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from typing import TYPE_CHECKING

from reference.model import Policy, Row, World, cycle, rounded
from reference.tariffs import IMPROVED

if TYPE_CHECKING:
    from collections.abc import Callable

    from reference.charges import Charges
    from reference.rating import Rating

Stretch = tuple[datetime, datetime]
INTERNET = ("data", "all")
TELEPHONE = ("voice", "all")


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
    """What one incident owes to one subscription, and the cap (None: there is none) that it shares with those of its cycle."""

    subscription_id: str
    incident: Incident
    cycle_start: date
    computed: Fraction
    cap: Fraction | None
    account_id: str

    @property
    def claim(self) -> str:
        """The claim carries the id of the incident's earliest outage."""
        return outage_claim(self.incident.outage_ids[0], self.subscription_id)


@dataclass(frozen=True)
class Loss:
    """What a scheme looks at: the stretches lost of its service, the fee, the cycle and the average bill."""

    policy: Policy
    stretches: list[Stretch]
    fee: Fraction
    cycle_start: date
    cycle_end: date
    bill: Fraction

    @property
    def minutes(self) -> Fraction:
        """The minutes lost."""
        return sum((minutes_between(*stretch) for stretch in self.stretches), Fraction(0))

    @property
    def share(self) -> Fraction:
        """The part of the cycle that was lost."""
        midnights = (self.policy.midnight(day) for day in (self.cycle_start, self.cycle_end))
        return self.minutes / minutes_between(*midnights)

    @property
    def begun(self) -> int:
        """24 hours begun."""
        return int(-(-self.minutes // 1440))

    @property
    def days(self) -> range:
        """The calendar days after that of the start on which something was lost, from 1 on."""
        first = self.policy.local(self.stretches[0][0]).date()
        last = self.policy.local(self.stretches[-1][1] - timedelta(microseconds=1)).date()
        return range(1, (last - first).days + 1)

    def minutes_of_the_day(self, opens: int, closes: int) -> Fraction:
        """The minutes lost between two hours of the clock on the wall."""
        total = Fraction(0)
        for start, end in self.stretches:
            day = self.policy.local(start).date()
            while day <= self.policy.local(end).date():
                hours = (
                    datetime.combine(day, time(hour), self.policy.zone).astimezone(UTC) for hour in (opens, closes)
                )
                opened, closed = hours
                total += max(Fraction(0), minutes_between(max(start, opened), min(end, closed)))
                day += timedelta(days=1)
        return total


def promise(loss: Loss) -> Fraction | None:
    """A part of the fee, or the fee for the time, from some minutes on."""
    if loss.minutes < loss.policy.outage_min_minutes:
        return None
    return max(rounded(loss.fee * Fraction(loss.policy.outage_percent) / 100), rounded(loss.fee * loss.share))


def es_art15(loss: Loss) -> Fraction:
    """Five fees, or the average bill, for the time."""
    return max(rounded(5 * loss.fee * loss.share), rounded(loss.bill * loss.share))


def es_art16(loss: Loss) -> Fraction:
    """The fee for the time."""
    return rounded(loss.fee * loss.share)


def es_art16_automatic(loss: Loss) -> Fraction | None:
    """The same, if more than six hours between 8 and 22 were lost."""
    return es_art16(loss) if loss.minutes_of_the_day(8, 22) > 360 else None


def de_tkg58(loss: Loss) -> Fraction | None:
    """From the third day 5.00 or 10 %, from the fifth 10.00 or 20 %."""
    owed = [
        max(Fraction(5), loss.fee / 10) if day < 5 else max(Fraction(10), loss.fee / 5) for day in loss.days if day >= 3
    ]
    return rounded(sum(owed, Fraction(0))) if owed else None


def us_wireless(loss: Loss) -> Fraction | None:
    """A day of the month for each 24 hours begun, from 60 minutes on."""
    return rounded(loss.begun * loss.fee / (loss.cycle_end - loss.cycle_start).days) if loss.minutes >= 60 else None


def us_fiber(loss: Loss) -> Fraction | None:
    """The same from 20 minutes on."""
    return rounded(loss.begun * loss.fee / (loss.cycle_end - loss.cycle_start).days) if loss.minutes >= 20 else None


def nl_tw71a(loss: Loss) -> Fraction | None:
    """Thirtieths for 24 hours begun, if it is longer than 12 hours; at least 1.00."""
    return max(Fraction(1), rounded(loss.begun * loss.fee / 30)) if loss.minutes > 720 else None


SCHEMES: dict[str, tuple[Callable[[Loss], Fraction | None], tuple[str, ...], str, bool]] = {
    "promise": (promise, INTERNET, "internet", True),
    "es-rd899-art15": (es_art15, TELEPHONE, "rest", False),
    "es-rd899-art16": (es_art16, INTERNET, "internet", False),
    "es-rd899-art16-automatic": (es_art16_automatic, INTERNET, "internet", False),
    "de-tkg58": (de_tkg58, INTERNET, "whole", False),
    "us-att-wireless": (us_wireless, INTERNET, "whole", True),
    "us-att-fiber": (us_fiber, INTERNET, "internet", True),
    "nl-tw71a": (nl_tw71a, INTERNET, "whole", False),
}
"""What a scheme owes, the outages that it is about, the fee that it computes with, and whether a cycle owes at most the fee."""


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

    def __init__(self, world: World, policy: Policy, charges: Charges, as_of: date) -> None:
        """Keep the ended outages of the services that the policy's schemes are about."""
        self.policy = policy
        self.charges = charges
        self.rating: Rating = charges.rating
        self.services = {service for name in policy.outage_schemes for service in SCHEMES[name][1]} | set(INTERNET)
        self.outages = [
            row
            for row in world["outages"]
            if row["service"] in self.services
            and row["ended_at"] is not None
            and policy.local(row["ended_at"]).date() <= as_of
        ]
        self.by_id = {row["outage_id"]: row for row in self.outages}

    def incidents_in(self, region: str | None) -> list[Incident]:
        """An outage without region belongs to every region."""
        return merge([row for row in self.outages if row["region"] is None or row["region"] == region])

    def days_with(self, row: Row, incident: Incident, fees: tuple[str, ...]) -> list[date]:
        """The days of an incident on which a subscription's row pays one of these fees."""
        found = []
        day = self.policy.local(incident.start).date()
        while self.policy.midnight(day) < incident.end:
            if self.rating.row_on(row["subscription_id"], day) is row:
                version = self.rating.version_on(row["subscription_id"], day, IMPROVED)
                if version is not None and any(self.rating.fee(version, fee) > 0 for fee in fees):
                    found.append(day)
            day += timedelta(days=1)
        return found

    def incidents_of(self, subscription_id: str) -> list[tuple[Incident, dict[str, list[date]]]]:
        """The incidents that a subscription takes part in, those that share an outage made one.

        With the days on which it has Internet access, and those on which it has the telephone.
        """
        parts = ("internet", "rest") if "voice" in self.services else ("internet",)
        groups: list[tuple[frozenset[str], dict[str, list[date]]]] = []
        for row in self.rating.rows[subscription_id]:
            for incident in self.incidents_in(row["region"]):
                days = {part: self.days_with(row, incident, (part,)) for part in parts}
                if not any(days.values()):
                    continue
                ids = frozenset(incident.outage_ids)
                for group in [group for group in groups if group[0] & ids]:
                    groups.remove(group)
                    ids |= group[0]
                    days = {part: days[part] + group[1][part] for part in parts}
                groups.append((ids, days))
        merged = [(merge([self.by_id[outage_id] for outage_id in ids]), days) for ids, days in groups]
        assert all(len(incidents) == 1 for incidents, _ in merged)
        return sorted(
            ((incidents[0], days) for incidents, days in merged), key=lambda pair: (pair[0].start, pair[0].outage_ids)
        )

    def loss(self, subscription_id: str, incident: Incident, days: dict[str, list[date]], scheme: str) -> Loss | None:
        """What a scheme looks at; None if nothing of its service was lost, or the subscription does not pay for it."""
        _, services, fee, _ = SCHEMES[scheme]
        outages = [self.by_id[outage_id] for outage_id in incident.outage_ids]
        lost = [
            outage for outage in merge([row for row in outages if row["service"] in services]) if outage.minutes > 0
        ]
        paid_for = days.get("rest" if fee == "rest" else "internet", [])
        if not lost or not paid_for:
            return None
        version = self.rating.version_on(subscription_id, min(paid_for), IMPROVED)
        assert version is not None
        amount = self.rating.fee(version, fee)
        account = self.rating.accounts[self.rating.rows[subscription_id][0]["account_id"]]
        started_on = self.policy.local(incident.start).date()
        bill = amount + self.average_usage(subscription_id, started_on)
        stretches = [(outage.start, outage.end) for outage in lost]
        return Loss(self.policy, stretches, amount, *cycle(account["bill_cycle_day"], started_on), bill)

    def average_usage(self, subscription_id: str, day: date) -> Fraction:
        """What calls and messages cost on average on the invoices of the three months before a day."""
        first = three_months_before(day)
        lines = [
            line
            for line in self.charges.lines
            if line["subscription_id"] == subscription_id and first <= self.charges.issued[line["invoice_id"]] < day
        ]
        usage = [line for line in lines if line["kind"] == "usage" and line["service"] in ("voice", "sms")]
        total = sum((Fraction(line["net_amount"]) for line in usage), Fraction(0))
        return total / max(1, len({line["invoice_id"] for line in lines}))

    def claims(self) -> list[IncidentClaim]:
        """What each incident owes, those of one cycle together at most their cap."""
        result = []
        for subscription_id in sorted(self.rating.rows):
            by_cycle: dict[date, list[tuple[Incident, dict[str, tuple[Fraction, Fraction]]]]] = defaultdict(list)
            for incident, days in self.incidents_of(subscription_id):
                owed: dict[str, tuple[Fraction, Fraction]] = {}
                for scheme in self.policy.outage_schemes:
                    loss = self.loss(subscription_id, incident, days, scheme)
                    amount = None if loss is None else SCHEMES[scheme][0](loss)
                    if loss is not None and amount is not None:
                        owed[scheme] = (amount, loss.fee)
                        cycle_start = loss.cycle_start
                if owed:
                    by_cycle[cycle_start].append((incident, owed))
            account_id = self.rating.rows[subscription_id][0]["account_id"]
            for cycle_start, found in by_cycle.items():
                cap = cap_of([owed for _, owed in found])
                left = cap
                for incident, owed in found:
                    amount = max(amount for amount, _ in owed.values())
                    if left is not None:
                        amount = min(left, amount)
                        left -= amount
                    result.append(IncidentClaim(subscription_id, incident, cycle_start, amount, cap, account_id))
        return result


def cap_of(owed: list[dict[str, tuple[Fraction, Fraction]]]) -> Fraction | None:
    """The largest fee of the schemes with a limit, or what those without one owe if that is more; None without any limit."""
    fees = [fee for incident in owed for scheme, (_, fee) in incident.items() if SCHEMES[scheme][3]]
    free = [
        max((amount for scheme, (amount, _) in incident.items() if not SCHEMES[scheme][3]), default=Fraction(0))
        for incident in owed
    ]
    return max(rounded(max(fees)), sum(free, Fraction(0))) if fees else None


def three_months_before(day: date) -> date:
    """The same day three months before; the first of the next month if there is no such day."""
    month = day.month - 3
    year = day.year if month > 0 else day.year - 1
    month = month if month > 0 else month + 12
    try:
        return date(year, month, day.day)
    except ValueError:
        return date(year, month + 1, 1)
