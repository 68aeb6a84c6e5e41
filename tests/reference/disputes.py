"""§6.6: what disputes are about, how much they dispute of which line, and in which bucket that is owed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from reference.model import LineKey, Policy, Row, World, rounded, tax_on

if TYPE_CHECKING:
    from datetime import date

PROVISIONAL: Final = "provisional"
FINAL: Final = "final"


@dataclass(frozen=True)
class DisputedLine:
    """What one dispute claims of one line, before other claims of the line reduce it."""

    dispute: Row
    key: LineKey
    bucket: str | None
    net: Fraction
    deadline: date
    undone_in_time: bool
    cdr_charge: Fraction | None = None

    @property
    def claim(self) -> str:
        """The claim's id."""
        return f"dispute_refund|{self.dispute['dispute_id']}|{self.key[0]}|{self.key[1]}"

    @property
    def order(self) -> tuple[bool, date, str]:
        """Final before provisional, each by (opened_on, dispute_id)."""
        return self.bucket != FINAL, self.dispute["opened_on"], self.dispute["dispute_id"]


class Disputes:
    """The disputes of a world that are known on a run's date."""

    def __init__(self, world: World, policy: Policy, as_of: date) -> None:
        """Index the invoices, lines, CDRs and disputes that the run sees."""
        self.policy = policy
        self.as_of = as_of
        self.invoices = {row["invoice_id"]: row for row in world["invoices"] if row["issue_date"] <= as_of}
        self.lines = {
            (row["invoice_id"], row["line_no"]): row
            for row in sorted(world["invoice_lines"], key=lambda row: row["line_no"])
            if row["invoice_id"] in self.invoices
        }
        self.cdrs = {row["cdr_id"]: row for row in world["cdrs"]}
        self.known = {row["dispute_id"]: row for row in world["disputes"] if row["opened_on"] <= as_of}

    def status(self, dispute: Row) -> str:
        """§2.1: a dispute whose resolution is in the future is still open."""
        if dispute["resolved_on"] is None or dispute["resolved_on"] > self.as_of:
            return "open"
        return str(dispute["status"])

    def deadline(self, dispute: Row) -> date:
        """The last day on which a resolution is in time."""
        deadline: date = dispute["opened_on"] + timedelta(days=self.policy.waiver_days)
        return deadline

    def resolved_in_time(self, dispute: Row, *statuses: str) -> bool:
        """Whether a dispute has one of these statuses, and had it by its deadline."""
        return self.status(dispute) in statuses and dispute["resolved_on"] <= self.deadline(dispute)

    # what is disputed

    def line_gross(self, key: LineKey) -> Fraction:
        """A line's amount with its tax."""
        net = Fraction(self.lines[key]["net_amount"])
        return net + tax_on(net, self.lines[key]["tax_rate"])

    def cdr_line(self, cdr: Row) -> LineKey | None:
        """The usage line of a CDR's invoice, subscription and service; of several the first with a charge."""
        found = [
            key
            for key, line in self.lines.items()
            if key[0] == cdr["invoice_id"]
            and line["kind"] == "usage"
            and (line["subscription_id"], line["service"]) == (cdr["subscription_id"], cdr["service"])
        ]
        charging = [key for key in found if self.lines[key]["net_amount"] > 0]
        return next(iter(charging or found), None)

    def full_gross(self, dispute: Row) -> Fraction:
        """What disputing all of it comes to."""
        if dispute["cdr_id"] is not None:
            cdr = self.cdrs[dispute["cdr_id"]]
            key = self.cdr_line(cdr)
            if key is None:
                return Fraction(0)
            net = rounded(Fraction(cdr["charged"]))
            return net + tax_on(net, self.lines[key]["tax_rate"])
        if dispute["line_no"] is not None:
            return self.line_gross((dispute["invoice_id"], dispute["line_no"]))
        return Fraction(self.invoices[dispute["invoice_id"]]["gross_total"])

    def gross(self, dispute: Row) -> Fraction:
        """The disputed gross."""
        full = self.full_gross(dispute)
        return full if dispute["gross_amount"] is None else min(full, Fraction(dispute["gross_amount"]))

    def lines_of(self, dispute: Row) -> list[LineKey]:
        """The lines with a charge above 0 that a dispute is about."""
        if dispute["cdr_id"] is not None:
            keys = [self.cdr_line(self.cdrs[dispute["cdr_id"]])]
        elif dispute["line_no"] is not None:
            keys = [(dispute["invoice_id"], dispute["line_no"])]
        else:
            keys = [key for key in self.lines if key[0] == dispute["invoice_id"]]
        return [key for key in keys if key is not None and self.lines[key]["net_amount"] > 0]

    def spread(self, dispute: Row, gross: Fraction) -> dict[LineKey, Fraction]:
        """The net amount of each line that so much of the dispute's gross stands for."""
        keys = self.lines_of(dispute)
        if gross <= 0 or not keys:
            return dict.fromkeys(keys, Fraction(0))
        in_full = gross >= self.full_gross(dispute)
        if dispute["cdr_id"] is not None and in_full:
            return {keys[0]: rounded(Fraction(self.cdrs[dispute["cdr_id"]]["charged"]))}
        negative = any(line["net_amount"] < 0 for key, line in self.lines.items() if key[0] == dispute["invoice_id"])
        if in_full and (dispute["line_no"] is not None or not negative):
            return {key: Fraction(self.lines[key]["net_amount"]) for key in keys}
        weights = [Fraction(1)] if dispute["cdr_id"] is not None else [self.line_gross(key) for key in keys]
        shares = largest_remainder(gross, weights)
        return {
            key: min(
                Fraction(self.lines[key]["net_amount"]),
                rounded(share / (1 + Fraction(self.lines[key]["tax_rate"]) / 100)),
            )
            for key, share in zip(keys, shares, strict=True)
        }

    # what is owed

    def repeats(self, dispute: Row, key: LineKey) -> bool:
        """Whether an earlier dispute about the same line or CDR had been explained in time when this one was opened."""
        return any(
            self.resolved_in_time(earlier, "explained")
            and earlier["resolved_on"] <= dispute["opened_on"]
            and (earlier["opened_on"], earlier["dispute_id"]) < (dispute["opened_on"], dispute["dispute_id"])
            and self.covers(earlier, dispute, key)
            for earlier in self.known.values()
        )

    def covers(self, earlier: Row, dispute: Row, key: LineKey) -> bool:
        """A line's explanation covers its CDRs, a CDR's only itself."""
        if earlier["cdr_id"] is not None:
            return bool(earlier["cdr_id"] == dispute["cdr_id"])
        return earlier["invoice_id"] == key[0] and earlier["line_no"] in (None, key[1])

    def outcome(self, dispute: Row, *, minor: bool) -> tuple[str | None, Fraction]:
        """The table: the bucket, and how much gross."""
        gross = self.gross(dispute)
        justified = dispute["justified_gross"]
        unjustified = Fraction(0) if justified is None else max(Fraction(0), gross - Fraction(justified))
        in_time = self.resolved_in_time(dispute, "explained", "accepted", "withdrawn")
        match self.status(dispute):
            case "open" if self.as_of <= self.deadline(dispute):
                return (PROVISIONAL, gross) if minor else (None, Fraction(0))
            case "open":
                return (FINAL, gross) if minor else (None, Fraction(0))
            case "accepted":
                return FINAL, gross
            case "explained":
                return FINAL, gross if minor and not in_time else unjustified
            case _:
                return (FINAL, gross) if minor and not in_time else (None, Fraction(0))

    def disputed_lines(self) -> list[DisputedLine]:
        """What every known dispute of a visible invoice claims of each of its lines."""
        result = []
        for dispute in self.known.values():
            if dispute["invoice_id"] not in self.invoices:
                continue
            minor = self.gross(dispute) <= Fraction(self.policy.minor_limit)
            for key in self.lines_of(dispute):
                bucket, gross = self.outcome(dispute, minor=minor and not self.repeats(dispute, key))
                result.append(
                    DisputedLine(
                        dispute,
                        key,
                        bucket,
                        self.spread(dispute, gross)[key],
                        self.deadline(dispute),
                        self.resolved_in_time(dispute, "explained", "withdrawn"),
                        self.cdr_charge(dispute),
                    )
                )
        return sorted(result, key=lambda line: line.order)

    def cdr_charge(self, dispute: Row) -> Fraction | None:
        """What the disputed CDR was charged, in cents; None if the dispute is not about a CDR."""
        if dispute["cdr_id"] is None:
            return None
        return max(Fraction(0), rounded(Fraction(self.cdrs[dispute["cdr_id"]]["charged"])))


def largest_remainder(amount: Fraction, weights: list[Fraction]) -> list[Fraction]:
    """Spread an amount over weights in whole cents: down first, then the largest remainders up, the first of equals."""
    exact = [amount * 100 * weight / sum(weights) for weight in weights]
    cents = [share // 1 for share in exact]
    missing = int(amount * 100) - sum(cents)
    by_remainder = sorted(range(len(exact)), key=lambda position: (cents[position] - exact[position], position))
    for position in by_remainder[:missing]:
        cents[position] += 1
    return [Fraction(share, 100) for share in cents]


def share_line(
    disputed: list[DisputedLine], charged: Fraction, taken: Fraction, standing: dict[str, Fraction]
) -> dict[str, Fraction]:
    """§6.6: what each dispute of one line owes.

    Args:
        disputed: the line's disputes in their order.
        charged: the line's net amount.
        taken: what the rules 6.1 to 6.4 owe on the line.
        standing: what is posted for disputes that are out of scope, which stands.

    Returns:
        The net amount of each claim that is in scope.
    """
    reduction = taken
    rest = charged - taken - sum(standing.values())
    cdr_rest = {line.dispute["cdr_id"]: line.cdr_charge for line in disputed if line.cdr_charge is not None}
    result = {}
    for line in disputed:
        amount = line.net
        cdr_id = line.dispute["cdr_id"]
        if cdr_id is not None:
            amount = min(amount, cdr_rest[cdr_id])
        else:
            cut = min(amount, reduction)
            reduction -= cut
            amount -= cut
        amount = max(Fraction(0), min(amount, rest))
        rest -= amount
        if cdr_id is not None:
            cdr_rest[cdr_id] -= amount
        result[line.claim] = amount
    return result
