"""§6.7: what the bills of invoices would have cost under the tariffs on sale."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from reference.charges import is_fee_line, line_key
from reference.model import Row, days, rounded
from reference.tariffs import CONTRACT, IMPROVED, VersionKey

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date
    from decimal import Decimal

    from reference.charges import Charges


@dataclass(frozen=True)
class Bill:
    """What an invoice asks for one subscription, what that should cost, and what the cheapest tariff on sale would."""

    invoice: Row
    subscription_id: str
    tax_rate: Decimal
    cost: Fraction
    best_cost: Fraction | None
    best_version: VersionKey | None

    @property
    def difference(self) -> Fraction:
        """What another tariff would have saved."""
        return Fraction(0) if self.best_cost is None else max(Fraction(0), self.cost - self.best_cost)


def best_price_claim(invoice_id: str, subscription_id: str) -> str:
    """The id of the claim of a bill."""
    return f"best_price|{invoice_id}|{subscription_id}"


def is_billed(line: Row, invoice_id: str, subscription_id: str, tax_rate: Decimal) -> bool:
    """Whether a line with a charge above 0 is one of a bill: its fee or usage, taxed like the fee."""
    return (
        (line["invoice_id"], line["subscription_id"], line["tax_rate"]) == (invoice_id, subscription_id, tax_rate)
        and line["net_amount"] > 0
        and (line["kind"] == "usage" or is_fee_line(line))
    )


class BestPrices:
    """The bills of the invoices that are visible in a run."""

    def __init__(self, charges: Charges, invoices: list[Row]) -> None:
        """Take what lines should have cost."""
        self.charges, self.rating = charges, charges.rating
        self.invoices = invoices

    def bills(self) -> Iterator[Bill]:
        """Each bill that can be compared."""
        for invoice in self.invoices:
            for subscription_id in sorted(self.rating.rows):
                bill = self.bill(invoice, subscription_id)
                if bill is not None:
                    yield bill

    def bill(self, invoice: Row, subscription_id: str) -> Bill | None:
        """The bill of an invoice and subscription, if its fee and what it should cost are known."""
        fees = self.fee_lines(invoice, subscription_id)
        services = {line["service"] for line in fees}
        due = sum((self.charges.of[line_key(line)].contract or Fraction(0) for line in fees), Fraction(0))
        if not (None in services or services >= {"internet", "voice"}) or due <= 0:
            return None
        period = list(days(invoice["period_start"], invoice["period_end"]))
        contracts = {self.rating.version_on(subscription_id, day, CONTRACT) for day in period}
        if len(contracts) != 1 or None in contracts:
            return None
        cost = self.own_cost(invoice, subscription_id)
        if cost is None:
            return None
        offers = [
            (offer, version)
            for version in self.on_sale(invoice)
            if (offer := self.cost_under(invoice, subscription_id, version)) is not None
        ]
        best_cost, best_version = min(offers, default=(None, None))
        return Bill(invoice, subscription_id, fees[0]["tax_rate"], cost, best_cost, best_version)

    def fee_lines(self, invoice: Row, subscription_id: str) -> list[Row]:
        """The assessed lines of the invoice that bill the subscription's fee for its whole period, in their order."""
        lines = [
            line
            for line in self.charges.lines
            if (line["invoice_id"], line["subscription_id"]) == (invoice["invoice_id"], subscription_id)
            and is_fee_line(line)
            and line["net_amount"] > 0
            and line["period_start"] <= invoice["period_start"]
            and line["period_end"] >= invoice["period_end"]
            and self.charges.of[line_key(line)].assessed
        ]
        return sorted(lines, key=lambda line: line["line_no"])

    def cdrs(self, invoice: Row, subscription_id: str) -> list[Row]:
        """The usage that the invoice bills, whatever its lines ask."""
        key = (invoice["invoice_id"], subscription_id)
        return [cdr for cdr in self.rating.world["cdrs"] if (cdr["invoice_id"], cdr["subscription_id"]) == key]

    def own_cost(self, invoice: Row, subscription_id: str) -> Fraction | None:
        """What the bill costs under the improved versions; None if a CDR is unrated."""
        total = Fraction(0)
        for day in days(invoice["period_start"], invoice["period_end"]):
            fee = self.rating.day_fee(subscription_id, day, "whole", IMPROVED)
            assert fee is not None
            total += fee
        for cdr in self.cdrs(invoice, subscription_id):
            cost = self.rating.costs(IMPROVED)[cdr["cdr_id"]].cost
            if cost is None:
                return None
            total += cost
        return rounded(total)

    def on_sale(self, invoice: Row) -> list[VersionKey]:
        """The newest version of each tariff on the first day of the invoice's period, if it is open for sale."""
        newest: dict[str, Row] = {}
        for row in sorted(self.rating.world["tariffs"], key=lambda row: row["effective_from"]):
            if row["effective_from"] <= invoice["period_start"]:
                newest[row["tariff_id"]] = row
        return [(row["tariff_id"], row["version"]) for row in newest.values() if row["open_for_sale"]]

    def cost_under(self, invoice: Row, subscription_id: str, version: VersionKey) -> Fraction | None:
        """What the bill would have cost if the subscription had had a version all along; None if a CDR is unrated."""
        total = Fraction(0)
        for day in days(invoice["period_start"], invoice["period_end"]):
            start, end = self.cycle_of(subscription_id, day)
            total += self.rating.fee(version, "whole") / (end - start).days
        costs = self.costs_under(subscription_id, version)
        for cdr in self.cdrs(invoice, subscription_id):
            cost = costs[cdr["cdr_id"]]
            if cost is None:
                return None
            total += cost
        return rounded(total)

    def costs_under(self, subscription_id: str, version: VersionKey) -> dict[str, Fraction | None]:
        """What each CDR of a subscription would have cost under a version, in the order in which they use allowances."""
        used: dict[tuple[object, ...], Fraction] = defaultdict(Fraction)
        costs: dict[str, Fraction | None] = {}
        for cdr in sorted(self.rating.world["cdrs"], key=lambda cdr: (cdr["started_at"], cdr["cdr_id"])):
            if cdr["subscription_id"] != subscription_id:
                continue
            zone = self.rating.zone_of(cdr)
            if cdr["quantity"] == 0 or zone in self.rating.policy.free_zones:
                costs[cdr["cdr_id"]] = Fraction(0)
            elif zone is None:
                costs[cdr["cdr_id"]] = None
            else:
                day = self.rating.policy.local(cdr["started_at"]).date()
                cycle_days = self.cycle_of(subscription_id, day)
                costs[cdr["cdr_id"]] = self.rating.cost_under(cdr, version, zone, cycle_days, used).cost
        return costs

    def cycle_of(self, subscription_id: str, day: date) -> tuple[date, date]:
        """§4: the cycle of the subscription's account that a day belongs to."""
        return self.rating.cycle_of(self.rating.rows[subscription_id][0], day)
