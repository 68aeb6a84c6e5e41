"""§5.8: what invoice lines should have cost, which lines are not assessed, and what negative lines give back."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import TYPE_CHECKING

from reference.model import LineKey, Row, days, rounded
from reference.tariffs import CONTRACT, IMPROVED

if TYPE_CHECKING:
    from reference.rating import Rating

DayPart = tuple["date", str]
PARTS = {None: ("internet", "rest"), "internet": ("internet",), "voice": ("rest",)}


@dataclass(frozen=True)
class Charge:
    """The should-be charges of a line; both None: not assessed."""

    contract: Fraction | None
    improved: Fraction | None

    @property
    def assessed(self) -> bool:
        """Whether the line could be priced."""
        return self.contract is not None


@dataclass
class FeeLine:
    """A fee line with a charge above 0, and what has become of it so far."""

    key: LineKey
    charged: Fraction
    should_be: Fraction | None
    own: dict[DayPart, Fraction]
    given_back: Fraction = Fraction(0)
    cluster: list[FeeLine] = field(default_factory=list)

    @property
    def kept(self) -> Fraction:
        """What of its charge was due and is still charged."""
        left = max(Fraction(0), self.charged - self.given_back)
        return left if self.should_be is None else min(left, self.should_be)

    @property
    def still_due(self) -> Fraction:
        """What the days and parts that it paid for first, and that were not given back, cost."""
        return rounded(sum(self.own.values(), Fraction(0)))


class Charges:
    """The should-be charges of the lines that are visible in a run, and the storno credits among them."""

    def __init__(self, rating: Rating, invoices: list[Row], lines: list[Row]) -> None:
        """Compute everything for these invoices and their lines."""
        self.rating = rating
        self.issued = {row["invoice_id"]: row["issue_date"] for row in invoices}
        self.lines = sorted((row for row in lines if row["invoice_id"] in self.issued), key=self.order)
        self.given_back: dict[LineKey, Fraction] = {}
        fees = {choice: self._fee_charges(choice) for choice in (CONTRACT, IMPROVED)}
        self.of = {line_key(line): self._charge(line, fees) for line in self.lines if line["net_amount"] > 0}

    def order(self, line: Row) -> tuple[date, str, int]:
        """The order in which lines count as earlier."""
        return self.issued[line["invoice_id"]], line["invoice_id"], line["line_no"]

    def _charge(self, line: Row, fees: dict[str, dict[LineKey, Fraction | None]]) -> Charge:
        if line["kind"] == "recurring":
            amounts = [fees[choice].get(line_key(line)) for choice in (CONTRACT, IMPROVED)]
        elif line["kind"] == "usage":
            amounts = [self._usage(line, choice) for choice in (CONTRACT, IMPROVED)]
        else:
            amounts = [None, None]
        return Charge(None, None) if None in amounts else Charge(*amounts)

    def _usage(self, line: Row, choice: str) -> Fraction | None:
        """The sum of the costs of the line's CDRs, or None if it is not assessed."""
        same = ("invoice_id", "subscription_id", "service")
        twins = [
            other
            for other in self.lines
            if other["kind"] == "usage" and all(other[name] == line[name] for name in same)
        ]
        cdrs = [cdr for cdr in self.rating.world["cdrs"] if all(cdr[name] == line[name] for name in same)]
        if not cdrs or len(twins) > 1 or line["service"] not in ("voice", "sms", "data"):
            return None
        billed = sum((Fraction(cdr["charged"]) for cdr in cdrs), Fraction(0))
        if abs(billed - Fraction(line["net_amount"])) > Fraction(self.rating.policy.tolerance):
            return None
        costs = [self.rating.costs(choice)[cdr["cdr_id"]] for cdr in cdrs]
        total = Fraction(0)
        for cost in costs:
            if cost.version is None or cost.cost is None:
                return None
            total += cost.cost
        return rounded(total)

    def _fee_charges(self, choice: str) -> dict[LineKey, Fraction | None]:
        """Price the fee lines of each subscription, from the earliest on."""
        by_subscription: dict[str, list[Row]] = defaultdict(list)
        for line in self.lines:
            if is_fee_line(line):
                by_subscription[line["subscription_id"]].append(line)
        result: dict[LineKey, Fraction | None] = {}
        for lines in by_subscription.values():
            stacks: dict[DayPart, list[FeeLine]] = defaultdict(list)
            first = self.rating.rows[lines[0]["subscription_id"]][0]["valid_from"]
            older = any(line["net_amount"] > 0 and line["period_end"] <= first for line in lines)
            for line in lines:
                if line["net_amount"] > 0:
                    fee_line = self._bill(line, choice, stacks, known_from=first if older else date.min)
                    result[fee_line.key] = fee_line.should_be
                elif line["net_amount"] < 0:
                    self._give_back(line, stacks)
        return result

    def _bill(self, line: Row, choice: str, stacks: dict[DayPart, list[FeeLine]], known_from: date) -> FeeLine:
        """Price one line: the days and parts that no earlier line covers, and what those lines were charged too little.

        Before `known_from` the subscription had periods that are not in the world: a line with such days has no price.
        """
        subscription_id = line["subscription_id"]
        fees = {
            (day, part): self.rating.day_fee(subscription_id, day, part, choice)
            for day, part in day_parts(line)
            if self.rating.row_on(subscription_id, day) is not None
        }
        own = {day_part: fee for day_part, fee in fees.items() if not stacks[day_part] and fee is not None}
        billed = FeeLine(line_key(line), Fraction(line["net_amount"]), None, own)
        before: list[FeeLine] = []
        for day_part in fees:
            for earlier in stacks[day_part]:
                before += [member for member in earlier.cluster if member not in before]
        if None not in fees.values() and line["period_start"] >= known_from:
            known = [earlier for earlier in before if earlier.should_be is not None]
            too_little = sum((earlier.still_due - earlier.kept for earlier in known), Fraction(0))
            billed.should_be = rounded(sum(own.values(), Fraction(0)) + max(Fraction(0), too_little))
        cluster = [*before, billed]
        for member in cluster:
            member.cluster = cluster
        for day_part in day_parts(line):
            stacks[day_part].append(billed)
        return billed

    def _give_back(self, line: Row, stacks: dict[DayPart, list[FeeLine]]) -> None:
        """A negative line takes its days and parts from the newest lines that cover them, and its money goes to those."""
        popped: list[FeeLine] = []
        for day_part in day_parts(line):
            if stacks[day_part]:
                newest = stacks[day_part].pop()
                newest.own.pop(day_part, None)
                if newest not in popped:
                    popped.append(newest)
        positions = {line_key(row): position for position, row in enumerate(self.lines)}
        amount = -Fraction(line["net_amount"])
        for earlier in sorted(popped, key=lambda fee_line: positions[fee_line.key], reverse=True):
            part = min(amount, earlier.charged - earlier.given_back)
            earlier.given_back += part
            amount -= part
            self.given_back[earlier.key] = earlier.given_back


def day_parts(line: Row) -> list[DayPart]:
    """The days of a fee line's period, also those without a tariff, times the parts of the fee that it bills."""
    return [(day, part) for day in days(line["period_start"], line["period_end"]) for part in PARTS[line["service"]]]


def line_key(line: Row) -> LineKey:
    """The key of a line."""
    return line["invoice_id"], line["line_no"]


def is_fee_line(line: Row) -> bool:
    """Whether a line bills the tariff's fee: recurring, of a subscription, no add-on, no usage service."""
    return (
        line["kind"] == "recurring"
        and line["subscription_id"] is not None
        and line["item"] is None
        and line["service"] in PARTS
    )
