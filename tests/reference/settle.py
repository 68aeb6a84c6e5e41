"""§6 put together line by line, and §7: what a run posts."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from reference.charges import Charges
from reference.disputes import FINAL, PROVISIONAL, DisputedLine, Disputes, largest_remainder, share_line
from reference.model import (
    LINE_RULES,
    Entry,
    LineKey,
    Policy,
    Row,
    World,
    cycle,
    decimal,
    months_later,
    rounded,
    tax_on,
)
from reference.outages import Incident, IncidentClaim, Outages, minutes_between, outage_claim
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


class Run:
    """One night."""

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
        self.keep_final(claims)
        self.cut_provisional(claims, charged - self.prior_credit(key))
        return claims

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
        return result + [self.standing_claim(claim) if claim in standing else Owed(claim) for claim in [*gone, *standing]]

    def standing_claim(self, claim: str) -> Owed:
        """§7.4: a claim out of scope is left as it is, but what has passed its deadline becomes final."""
        deadlines = [entry.deadline for entry in self.posted.ledger if entry.claim == claim and entry.deadline]
        deadline = max(deadlines) if deadlines else None
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
        for claim in scope:
            part = min(prior, claim.final + claim.provisional)
            reduce(claim, part)
            prior -= part
        room = charged - standing - max(ZERO, self.used_prior(claims, charged))
        excess = sum((claim.final + claim.provisional for claim in scope), ZERO) - max(ZERO, room)
        for claim in reversed(scope):
            part = min(max(ZERO, excess), claim.final + claim.provisional)
            reduce(claim, part)
            excess -= part

    def used_prior(self, claims: list[Owed], charged: Fraction) -> Fraction:
        """The prior credits of the line that the claims belong to, at most its charge."""
        return min(charged, self.prior_credit(claim_line(claims[0].claim)))

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

    # §7.3, §7.5: the entries of one line

    def line_entries(self, key: LineKey, claims: list[Owed], tax_rate: Decimal, account_id: str) -> list[Entry]:
        """The entries of a line, taxed in their order."""
        changes = []
        for position, bucket in enumerate((FINAL, PROVISIONAL)):
            for precedence, claim in enumerate(claims):
                owed = claim.final if bucket == FINAL else claim.provisional
                net = owed - self.posted.net[claim.claim, bucket]
                if net != 0:
                    changes.append((net > 0, position, precedence, net, claim, bucket))
        changes.sort(key=lambda change: change[:3])
        on_line = [
            claim for rule in (*LINE_RULES, "dispute_refund") for claim in self.posted.of_line(key, rule)
        ]
        line_net = sum((self.posted.both(claim) for claim in on_line), ZERO)
        line_tax = sum((self.posted.tax[claim, bucket] for claim in on_line for bucket in (FINAL, PROVISIONAL)), ZERO)
        entries = []
        for _, _, _, net, claim, bucket in changes:
            line_net += net
            tax = tax_on(line_net, tax_rate) - line_tax
            line_tax += tax
            settlement = "credit_note" if bucket == FINAL else "provisional_credit"
            kind = self.kind(claim, bucket, net)
            entries.append(
                self.entry(claim.claim, bucket, kind, settlement, net, tax, tax_rate, account_id, deadline=claim.deadline)
            )
        return entries

    def kind(self, claim: Owed, bucket: str, net: Fraction) -> str:
        """§7.5: why an entry of a line is posted."""
        fall = self.posted.net[claim.claim, PROVISIONAL] - claim.provisional
        became_final = min(fall, claim.final - self.posted.net[claim.claim, FINAL])
        if net > 0:
            return "finalisation" if bucket == FINAL and fall > 0 else "credit"
        if bucket == FINAL:
            return "reclassification"
        if became_final == fall:
            return "finalisation"
        if claim.dispute is not None and claim.dispute.undone_in_time:
            return "reversal"
        if became_final > 0:
            return "finalisation"
        return "reclassification" if claim.alone >= self.posted.net[claim.claim, PROVISIONAL] else "reversal"

    def entry(
        self,
        claim: str,
        bucket: str,
        kind: str,
        settlement: str,
        net: Fraction,
        tax: Fraction,
        tax_rate: Decimal,
        account_id: str,
        *,
        bill_period: date | None = None,
        deadline: date | None = None,
    ) -> Entry:
        """One row for the ledger."""
        seq = self.posted.count[claim, bucket] + 1
        return Entry(
            claim, bucket, kind, settlement, decimal(net), decimal(tax), tax_rate, bill_period, deadline, seq, self.as_of, account_id
        )  # fmt: skip

    # §6.5, §6.8: what goes on the next bill

    def bill_period(self, account_id: str) -> date:
        """§6.5: the cycle of the run's date while its bill is open, else the next one."""
        start, end = cycle(self.rating.accounts[account_id]["bill_cycle_day"], self.as_of)
        return start if self.as_of < end - timedelta(days=self.policy.outage_cutoff_days) else end

    def bill_entry(
        self, claim: str, net: Fraction, tax_rate: Decimal, account_id: str, subscription_id: str | None
    ) -> Entry:
        """A credit on the next bill, or by transfer where no bill will come."""
        before = self.posted.net[claim, FINAL]
        tax = tax_on(before + net, tax_rate) - tax_on(before, tax_rate)
        closed_on = self.rating.accounts[account_id]["closed_on"]
        rows = self.rating.rows[subscription_id] if subscription_id is not None else []
        ended = bool(rows) and rows[-1]["valid_to"] is not None and rows[-1]["valid_to"] <= self.as_of
        transfer = ended or (closed_on is not None and closed_on <= self.as_of)
        return self.entry(
            claim,
            FINAL,
            "credit",
            "bank_transfer" if transfer else "bill_discount",
            net,
            tax,
            tax_rate,
            account_id,
            bill_period=None if transfer else self.bill_period(account_id),
        )

    def indemnity(self, key: LineKey) -> Fraction:
        """§6.8."""
        figures = self.figures(key)
        wrong = figures["billing_error"] + figures["promised_price"]
        return rounded(wrong * Fraction(self.policy.indemnity_percent) / 100)

    def indemnity_entries(self, key: LineKey) -> list[Entry]:
        """§6.8: no tax."""
        claim = f"error_indemnity|{key[0]}|{key[1]}"
        if "error_indemnity" not in self.policy.enabled or claim in self.posted.undone:
            return []
        rise = self.indemnity(key) - self.posted.net[claim, FINAL]
        if rise <= 0:
            return []
        account_id = self.invoices[key[0]]["account_id"]
        return [self.bill_entry(claim, rise, Decimal(0), account_id, self.lines[key]["subscription_id"])]

    def outage_tax_rate(self, subscription_id: str) -> Decimal:
        """§6.5: that of the subscription's newest recurring line without item."""
        rates = [
            line["tax_rate"]
            for line in self.charges.lines
            if line["kind"] == "recurring" and line["item"] is None and line["subscription_id"] == subscription_id
        ]
        rate: Decimal = rates[-1] if rates else self.policy.tax_rate
        return rate

    def outage_entries(self) -> list[Entry]:
        """§6.5: claims rise only as far as what is posted for the incidents of their cycle stays within the cap."""
        if "outage_credit" not in self.policy.enabled:
            return []
        by_cycle: dict[tuple[str, date], list[IncidentClaim]] = defaultdict(list)
        for claim in Outages(self.world, self.policy, self.rating, self.as_of).claims():
            by_cycle[claim.subscription_id, claim.cycle_start].append(claim)
        entries = []
        for (subscription_id, _), claims in by_cycle.items():
            paid = {claim.claim: self.paid_for(claim) for claim in claims}
            left = claims[0].cap - sum(paid.values(), ZERO)
            for claim in claims:
                rise = min(claim.computed - paid[claim.claim], left)
                if rise > 0 and claim.claim not in self.posted.undone:
                    left -= rise
                    tax_rate = self.outage_tax_rate(subscription_id)
                    entries.append(self.bill_entry(claim.claim, rise, tax_rate, claim.account_id, subscription_id))
        return entries

    def paid_for(self, claim: IncidentClaim) -> Fraction:
        """§6.5: what is posted for any outage of the incident."""
        outages = claim.incident.outage_ids
        return sum((self.posted.both(outage_claim(outage, claim.subscription_id)) for outage in outages), ZERO)

    # §7.4: invoices that the ledger knows and this run does not

    def missing_invoice_entries(self) -> list[Entry]:
        """Disputes are settled on what is posted for them; everything else is left as it is."""
        claims = [
            claim
            for claim in self.posted.claims
            if claim.startswith("dispute_refund|") and claim_line(claim) not in self.charges.of
        ]
        entries = []
        for key in sorted({claim_line(claim) for claim in claims}):
            here = [claim for claim in claims if claim_line(claim) == key]
            owed = [self.settled_on_posted(claim, claims) for claim in here]
            first = next(entry for entry in self.posted.ledger if entry.claim == here[0])
            entries += self.line_entries(key, owed, first.tax_rate, first.account_id)
        return entries

    def settled_on_posted(self, claim: str, claims: list[str]) -> Owed:
        """§7.4: the table of §6.6 on what is posted."""
        owed = self.standing_claim(claim)
        dispute = self.disputes.known.get(claim.split("|")[1])
        if dispute is None or "dispute_refund" not in self.policy.enabled or claim in self.posted.undone:
            return owed
        siblings = [other for other in claims if other.split("|")[1] == dispute["dispute_id"]]
        gross = {other: self.posted_gross(other) for other in siblings}
        status = self.disputes.status(dispute)
        in_time = self.disputes.resolved_in_time(dispute, "explained", "withdrawn")
        posted_final = self.posted.net[claim, FINAL]
        if not in_time:
            if status != "open" or self.as_of > self.disputes.deadline(dispute):
                owed.final, owed.provisional = self.posted.both(claim), ZERO
            return owed
        owed.dispute = DisputedLine(dispute, claim_line(claim), None, ZERO, self.disputes.deadline(dispute), undone_in_time=True)
        owed.final, owed.provisional = posted_final, ZERO
        total = sum(gross.values(), ZERO)
        justified = dispute["justified_gross"]
        if status == "explained" and justified is not None and total > justified:
            shares = largest_remainder(total - Fraction(justified), [gross[other] for other in siblings])
            share = dict(zip(siblings, shares, strict=True))[claim]
            rate = next(entry.tax_rate for entry in self.posted.ledger if entry.claim == claim)
            owed.final = max(posted_final, rounded(share / (1 + Fraction(rate) / 100)))
        return owed

    def posted_gross(self, claim: str) -> Fraction:
        """What is posted for a claim, with its tax."""
        return self.posted.both(claim) + self.posted.tax[claim, FINAL] + self.posted.tax[claim, PROVISIONAL]

    def entries(self) -> list[Entry]:
        """All entries of the run, by claim and bucket."""
        result = self.outage_entries() + self.missing_invoice_entries()
        for key in self.charges.of:
            line, invoice = self.lines[key], self.invoices[key[0]]
            result += self.line_entries(key, self.line_claims(key), line["tax_rate"], invoice["account_id"])
            result += self.indemnity_entries(key)
        return sorted(result, key=lambda entry: (entry.claim, entry.bucket))


def reduce(claim: Owed, amount: Fraction) -> None:
    """Take an amount off a claim, whichever bucket it is in."""
    part = min(amount, claim.final)
    claim.final -= part
    claim.provisional -= amount - part


def owed(world: World, policy: Policy, as_of: date, ledger: list[Entry] | None = None) -> dict[str, Fraction]:
    """§6: each claim's computed amount, before §7 subtracts anything; only amounts other than 0.

    Args:
        world: the tables.
        policy: the parameters.
        as_of: the run's date.
        ledger: what is posted, for the claims that are out of scope.
    """
    night = Run(world, policy, as_of, ledger or [])
    result: dict[str, Fraction] = {}
    for key in night.charges.of:
        figures = night.figures(key)
        charged = Fraction(night.lines[key]["net_amount"])
        for rule, amount in figures.items():
            result[f"{rule}|{key[0]}|{key[1]}"] = amount
        for claim in night.dispute_claims(key, charged, sum(figures.values(), ZERO)):
            result[claim.claim] = claim.computed
        if "error_indemnity" in policy.enabled:
            result[f"error_indemnity|{key[0]}|{key[1]}"] = night.indemnity(key)
    if "outage_credit" in policy.enabled:
        for outage in Outages(world, policy, night.rating, as_of).claims():
            result[outage.claim] = outage.computed
    return {claim: amount for claim, amount in result.items() if amount != 0}


def run(world: World, policy: Policy, as_of: date, ledger: list[Entry]) -> list[Entry]:
    """§7: the entries that a run posts, sorted by claim and bucket."""
    return Run(world, policy, as_of, ledger).entries()
