"""§7: what a run posts."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from reference.best_price import BestPrices, Bill, best_price_claim, is_billed
from reference.claims import ZERO, LineClaims, Owed, claim_line
from reference.disputes import FINAL, PROVISIONAL, DisputedLine, largest_remainder
from reference.model import LINE_RULES, Entry, LineKey, Policy, World, cycle, decimal, rounded, tax_on
from reference.outages import IncidentClaim, Outages, outage_claim


class Run(LineClaims):
    """One night."""

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
        on_line = [claim for rule in (*LINE_RULES, "dispute_refund") for claim in self.posted.of_line(key, rule)]
        line_net = sum((self.posted.both(claim) for claim in on_line), ZERO)
        line_tax = sum((self.posted.tax[claim, bucket] for claim in on_line for bucket in (FINAL, PROVISIONAL)), ZERO)
        entries = []
        for _, _, _, net, claim, bucket in changes:
            line_net += net
            tax = tax_on(line_net, tax_rate) - line_tax
            line_tax += tax
            entries.append(
                Entry(
                    claim=claim.claim,
                    bucket=bucket,
                    kind=self.kind(claim, bucket, net),
                    settlement="credit_note" if bucket == FINAL else "provisional_credit",
                    net=decimal(net),
                    tax=decimal(tax),
                    tax_rate=tax_rate,
                    bill_period=None,
                    deadline=claim.deadline,
                    seq=self.posted.count[claim.claim, bucket] + 1,
                    as_of=self.as_of,
                    account_id=account_id,
                )
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
        return Entry(
            claim=claim,
            bucket=FINAL,
            kind="credit",
            settlement="bank_transfer" if transfer else "bill_discount",
            net=decimal(net),
            tax=decimal(tax),
            tax_rate=tax_rate,
            bill_period=None if transfer else self.bill_period(account_id),
            deadline=None,
            seq=self.posted.count[claim, FINAL] + 1,
            as_of=self.as_of,
            account_id=account_id,
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
        for claim in Outages(self.world, self.policy, self.charges, self.as_of).claims():
            by_cycle[claim.subscription_id, claim.cycle_start].append(claim)
        entries = []
        for (subscription_id, _), claims in by_cycle.items():
            paid = {claim.claim: self.paid_for(claim) for claim in claims}
            cap = claims[0].cap
            left = None if cap is None else cap - sum(paid.values(), ZERO)
            for claim in claims:
                rise = claim.computed - paid[claim.claim]
                rise = rise if left is None else min(rise, left)
                if rise > 0 and claim.claim not in self.posted.undone:
                    left = None if left is None else left - rise
                    tax_rate = self.outage_tax_rate(subscription_id)
                    entries.append(self.bill_entry(claim.claim, rise, tax_rate, claim.account_id, subscription_id))
        return entries

    def paid_for(self, claim: IncidentClaim) -> Fraction:
        """§6.5: what is posted for any outage of the incident."""
        outages = claim.incident.outage_ids
        return sum((self.posted.both(outage_claim(outage, claim.subscription_id)) for outage in outages), ZERO)

    # §6.7: bills

    def bills(self) -> list[Bill]:
        """The bills whose difference to the best price is credited."""
        if self.policy.best_price_mode != "credit":
            return []
        return list(BestPrices(self.charges, list(self.invoices.values())).bills())

    def left_of(self, key: LineKey, claims: list[Owed]) -> Fraction:
        """What prior credits and the claims of a line leave of its charge."""
        given = sum((claim.final + claim.provisional for claim in claims), self.prior_credit(key))
        return max(ZERO, Fraction(self.lines[key]["net_amount"]) - given)

    def limit_bills(self, claims: dict[LineKey, list[Owed]], bills: list[Bill]) -> None:
        """§6.7: what the best price has given on a bill, line claims cannot give again."""
        rates = {best_price_claim(bill.invoice["invoice_id"], bill.subscription_id): bill.tax_rate for bill in bills}
        for claim in self.posted.claims:
            rule, *identity = claim.split("|")
            if rule == "best_price" and identity[0] in self.invoices:
                newest = [entry for entry in self.posted.ledger if entry.claim == claim][-1]
                tax_rate = rates.get(claim, newest.tax_rate)
                keys = [key for key in claims if is_billed(self.lines[key], identity[0], identity[1], tax_rate)]
                self.limit_bill({key: claims[key] for key in sorted(keys)}, self.posted.net[claim, FINAL])

    def limit_bill(self, claims: dict[LineKey, list[Owed]], credited: Fraction) -> None:
        """Cut the claims of one bill, provisional ones first, then what the final ones of a line rise by."""
        if credited == 0:
            return
        room = sum((self.left_of(key, []) for key in claims), -credited)
        every = [claim for here in claims.values() for claim in here]
        excess = sum((claim.final + claim.provisional for claim in every), -room)
        provisional = [
            (claim.dispute.order, key, claim)
            for key, here in claims.items()
            for claim in here
            if claim.in_scope and claim.dispute
        ]
        for _, _, claim in sorted(provisional, key=lambda entry: entry[:2], reverse=True):
            part = min(max(ZERO, excess), claim.provisional)
            claim.provisional -= part
            excess -= part
        for here in reversed(claims.values()):
            rise = sum((claim.final - self.posted.net[claim.claim, FINAL] for claim in here), ZERO)
            for claim in reversed([claim for claim in here if claim.in_scope]):
                part = max(ZERO, min(excess, rise, claim.final))
                claim.final -= part
                excess -= part
                rise -= part

    def best_price_entries(self, claims: dict[LineKey, list[Owed]], bills: list[Bill]) -> list[Entry]:
        """§6.7: the difference of each bill, at most what the line claims leave of its lines."""
        entries = []
        for bill in bills:
            invoice_id, subscription_id = bill.invoice["invoice_id"], bill.subscription_id
            claim = best_price_claim(invoice_id, subscription_id)
            here = [key for key in claims if is_billed(self.lines[key], invoice_id, subscription_id, bill.tax_rate)]
            left = sum((self.left_of(key, claims[key]) for key in here), ZERO)
            rise = min(bill.difference, left) - self.posted.net[claim, FINAL]
            if rise > 0 and claim not in self.posted.undone:
                account_id = bill.invoice["account_id"]
                entries.append(self.bill_entry(claim, rise, bill.tax_rate, account_id, subscription_id))
        return entries

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
        owed.dispute = DisputedLine(
            dispute, claim_line(claim), None, ZERO, self.disputes.deadline(dispute), undone_in_time=True
        )
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
        claims = {key: self.line_claims(key) for key in self.charges.of}
        bills = self.bills()
        self.limit_bills(claims, bills)
        for key in self.charges.of:
            line, invoice = self.lines[key], self.invoices[key[0]]
            result += self.line_entries(key, claims[key], line["tax_rate"], invoice["account_id"])
            result += self.indemnity_entries(key)
        result += self.best_price_entries(claims, bills)
        return sorted(result, key=lambda entry: (entry.claim, entry.bucket))


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
        for outage in Outages(world, policy, night.charges, as_of).claims():
            result[outage.claim] = outage.computed
    return {claim: amount for claim, amount in result.items() if amount != 0}


def run(world: World, policy: Policy, as_of: date, ledger: list[Entry]) -> list[Entry]:
    """§7: the entries that a run posts, sorted by claim and bucket."""
    return Run(world, policy, as_of, ledger).entries()
