"""§6 put together line by line: what every claim of a line is owed, after what else was given (§7.1) and posted (§7.2)."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction

from reference.charges import Charges
from reference.disputes import FINAL, PROVISIONAL, DisputedLine, Disputes, share_line
from reference.model import LINE_RULES, Entry, LineKey, Policy, Row, World, months_later, rounded
from reference.rating import Rating

ZERO = Fraction(0)
Bucket = tuple[str, str]
"""claim and bucket."""


@dataclass
class Owed:
    """What a claim is owed in total; `computed` is the rule's figure, `provisional` and `final` are after settlement."""

    claim: str
    in_scope: bool = True
    computed: Fraction = ZERO
    provisional: Fraction = ZERO
    final: Fraction = ZERO
    dispute: DisputedLine | None = None
    alone: Fraction = ZERO
    deadline: date | None = None


@dataclass
class Posted:
    """The ledger, summed."""

    ledger: list[Entry]
    net: dict[Bucket, Fraction] = field(default_factory=lambda: defaultdict(Fraction))
    tax: dict[Bucket, Fraction] = field(default_factory=lambda: defaultdict(Fraction))
    count: dict[Bucket, int] = field(default_factory=lambda: defaultdict(int))
    undone: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Sum the entries."""
        for entry in self.ledger:
            key = (entry.claim, entry.bucket)
            self.net[key] += Fraction(entry.net)
            self.tax[key] += Fraction(entry.tax)
            self.count[key] += 1
            if entry.kind == "undo":
                self.undone.add(entry.claim)
        self.claims = sorted({entry.claim for entry in self.ledger})

    def both(self, claim: str) -> Fraction:
        """What is posted for a claim in both buckets."""
        return self.net[claim, FINAL] + self.net[claim, PROVISIONAL]

    def of_line(self, key: LineKey, rule: str) -> list[str]:
        """The claims of a rule on a line that the ledger knows."""
        return [claim for claim in self.claims if claim.startswith(rule + "|") and claim_line(claim) == key]


def claim_line(claim: str) -> LineKey:
    """The line of a line claim."""
    *_, invoice_id, line_no = claim.split("|")
    return invoice_id, int(line_no)


class LineClaims:
    """The line claims of one night."""

    def __init__(self, world: World, policy: Policy, as_of: date, ledger: list[Entry]) -> None:
        """Read a world as of a date, and the ledger."""
        self.world, self.policy, self.as_of = world, policy, as_of
        self.posted = Posted(ledger)
        self.disputes = Disputes(world, policy, as_of)
        self.lines = self.disputes.lines
        self.invoices = self.disputes.invoices
        self.rating = Rating(world, policy)
        self.charges = Charges(self.rating, list(self.invoices.values()), world["invoice_lines"])
        self.disputed: dict[LineKey, list[DisputedLine]] = defaultdict(list)
        for disputed in self.disputes.disputed_lines():
            self.disputed[disputed.key].append(disputed)

    # §6.1 to §6.4: the rules' figures

    def prior_credit(self, key: LineKey) -> Fraction:
        """§7.1: what was given on a line outside the program, and what negative lines gave back."""
        given = sum(
            (
                Fraction(row["net_amount"])
                for row in self.world["prior_credits"]
                if (row["invoice_id"], row["line_no"]) == key and row["granted_on"] <= self.as_of
            ),
            ZERO,
        )
        return given + self.charges.given_back.get(key, ZERO)

    def in_scope(self, rule: str, key: LineKey) -> bool:
        """§7.4: whether a line rule is compared on a line."""
        if rule not in self.policy.enabled or f"{rule}|{key[0]}|{key[1]}" in self.posted.undone:
            return False
        return self.charges.of[key].assessed or rule not in ("billing_error", "tariff_improvement")

    def figures(self, key: LineKey) -> dict[str, Fraction]:
        """What 6.1 to 6.4 owe on a line; of a claim out of scope, what is posted."""
        line = self.lines[key]
        charge = self.charges.of[key]
        left = Fraction(line["net_amount"])
        result: dict[str, Fraction] = {}
        for rule in LINE_RULES:
            if not self.in_scope(rule, key):
                amount = self.posted.net[f"{rule}|{key[0]}|{key[1]}", FINAL]
            elif rule == "billing_error":
                amount = self.billing_error(Fraction(line["net_amount"]), charge.contract)
            elif rule == "promised_price":
                amount = self.promised_price(line, left)
            elif rule == "no_lock_in":
                amount = left if line["kind"] in ("exit_fee", "switch_fee") else ZERO
            else:
                amount = self.tariff_improvement(left, charge.contract, charge.improved)
            result[rule] = amount
            left -= amount
        return result

    def billing_error(self, charged: Fraction, contract: Fraction | None) -> Fraction:
        """§6.1."""
        too_much = charged - contract if contract is not None else ZERO
        return too_much if too_much > Fraction(self.policy.tolerance) else ZERO

    def promised_price(self, line: Row, left: Fraction) -> Fraction:
        """§6.2: never more than what is left of the charge."""
        prices = [Fraction(row["price"]) for row in self.world["promises"] if self.promise_matches(row, line)]
        if not prices:
            return ZERO
        return max(ZERO, left - max(ZERO, rounded(min(prices) * Fraction(line["quantity"]))))

    def promise_matches(self, promise: Row, line: Row) -> bool:
        """§6.2: the same item, account and subscription, and a time for which the promise holds."""
        if line["item"] is None or promise["item"] != line["item"]:
            return False
        if promise["account_id"] != self.invoices[line["invoice_id"]]["account_id"]:
            return False
        if promise["subscription_id"] not in (None, line["subscription_id"]):
            return False
        start, end = promise["valid_from"], promise["valid_to"]
        if start <= line["period_start"] and (end is None or line["period_start"] < end):
            return True
        late = line["kind"] in ("device", "one_off") and start < line["period_end"]
        return late and (end is None or line["period_start"] <= months_later(end, self.policy.grace_months))

    def tariff_improvement(self, left: Fraction, contract: Fraction | None, improved: Fraction | None) -> Fraction:
        """§6.4."""
        if contract is None or improved is None:
            return ZERO
        return max(ZERO, min(left, contract) - improved)

    # §6.6, §7.1, §7.2: the claims of one line

    def line_claims(self, key: LineKey) -> list[Owed]:
        """What every claim of a line is owed after settlement, in order of precedence."""
        charged = Fraction(self.lines[key]["net_amount"])
        figures = self.figures(key)
        claims = []
        for rule, amount in figures.items():
            claim = f"{rule}|{key[0]}|{key[1]}"
            claims.append(Owed(claim, self.in_scope(rule, key), amount, final=amount))
        claims += self.dispute_claims(key, charged, sum(figures.values(), ZERO))
        self.set_off(claims, charged, self.prior_credit(key))
        claims.sort(key=self.precedence)
        self.keep_final(claims)
        self.cut_provisional(claims, charged - self.prior_credit(key))
        return claims

    def precedence(self, claim: Owed) -> tuple[int, date, str]:
        """The line rules in their order, then disputes by (opened_on, dispute_id)."""
        rule, identity, *_ = claim.claim.split("|")
        if rule in LINE_RULES:
            return LINE_RULES.index(rule), date.min, ""
        dispute = self.disputes.known.get(identity)
        if dispute is not None:
            return len(LINE_RULES), dispute["opened_on"], identity
        deadline = claim.deadline or date.max
        return len(LINE_RULES), deadline - timedelta(days=self.policy.waiver_days), identity

    def dispute_claims(self, key: LineKey, charged: Fraction, taken: Fraction) -> list[Owed]:
        """§6.6 for one line; claims that the ledger knows and no dispute makes any more owe nothing, or stand (§7.4)."""
        disputed = {line.claim: line for line in self.disputed[key]}
        enabled = "dispute_refund" in self.policy.enabled
        live = [line for line in self.disputed[key] if enabled and line.claim not in self.posted.undone]
        gone = [claim for claim in self.posted.of_line(key, "dispute_refund") if claim not in disputed]
        standing = {
            claim: self.posted.both(claim)
            for claim in [*gone, *disputed]
            if not enabled or claim in self.posted.undone or claim.split("|")[1] not in self.disputes.known
        }
        shares = share_line(live, charged, taken, standing)
        prior = self.prior_credit(key)
        result = []
        for line in live:
            owed = Owed(line.claim, computed=shares[line.claim], dispute=line, deadline=line.deadline)
            if line.bucket == FINAL:
                owed.final = shares[line.claim]
            elif line.bucket == PROVISIONAL:
                owed.provisional = shares[line.claim]
            limit = charged if line.cdr_charge is None else min(charged, line.cdr_charge)
            owed.alone = max(ZERO, min(line.net, limit) - prior)
            result.append(owed)
        dropped = [claim for claim in gone if claim not in standing]
        result += [Owed(claim, deadline=self.posted_deadline(claim)) for claim in dropped]
        return result + [self.standing_claim(claim) for claim in standing]

    def posted_deadline(self, claim: str) -> date | None:
        """The deadline in the ledger of a dispute's claim."""
        deadlines = [entry.deadline for entry in self.posted.ledger if entry.claim == claim and entry.deadline]
        return deadlines[-1] if deadlines else None

    def standing_claim(self, claim: str) -> Owed:
        """§7.4: a claim out of scope is left as it is, but what has passed its deadline becomes final."""
        deadline = self.posted_deadline(claim)
        owed = Owed(
            claim,
            in_scope=False,
            final=self.posted.net[claim, FINAL],
            provisional=self.posted.net[claim, PROVISIONAL],
            deadline=deadline,
        )
        if deadline is not None and self.as_of > deadline:
            owed.final, owed.provisional = owed.final + owed.provisional, ZERO
        return owed

    def set_off(self, claims: list[Owed], charged: Fraction, prior: Fraction) -> None:
        """§7.1: prior credits come off the claims in order of precedence; in all, credits never exceed the charge."""
        scope = [claim for claim in claims if claim.in_scope]
        standing = sum((claim.final + claim.provisional for claim in claims if not claim.in_scope), ZERO)
        room = max(ZERO, charged - standing - prior)
        for claim in scope:
            part = min(prior, claim.final + claim.provisional)
            reduce(claim, part)
            prior -= part
        excess = sum((claim.final + claim.provisional for claim in scope), ZERO) - room
        for claim in reversed(scope):
            part = min(max(ZERO, excess), claim.final + claim.provisional)
            reduce(claim, part)
            excess -= part

    def keep_final(self, claims: list[Owed]) -> None:
        """§7.2: a line's final total never falls."""
        posted = {claim.claim: self.posted.net[claim.claim, FINAL] for claim in claims}
        gap = sum(posted.values(), ZERO) - sum((claim.final for claim in claims), ZERO)
        for claim in claims:
            kept = min(max(ZERO, gap), max(ZERO, posted[claim.claim] - claim.final))
            claim.final += kept
            gap -= kept

    def cut_provisional(self, claims: list[Owed], charge_left: Fraction) -> None:
        """§7.2: provisional amounts are cut, in reverse order, to what is left."""
        left = charge_left - sum((claim.final for claim in claims), ZERO)
        left -= sum((claim.provisional for claim in claims if not claim.in_scope), ZERO)
        excess = sum((claim.provisional for claim in claims if claim.in_scope), ZERO) - max(ZERO, left)
        for claim in reversed([claim for claim in claims if claim.in_scope]):
            part = min(max(ZERO, excess), claim.provisional)
            claim.provisional -= part
            excess -= part


def reduce(claim: Owed, amount: Fraction) -> None:
    """Take an amount off a claim, whichever bucket it is in."""
    part = min(amount, claim.final)
    claim.final -= part
    claim.provisional -= amount - part
