"""The files of a run: for whom each one is, and its columns in their order (§9)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Output:
    """One CSV file of a run: who reads it, what a row is, and what each column says."""

    audience: str
    doc: str
    columns: Mapping[str, str]


OUTPUTS: Final[Mapping[str, Output]] = {
    "adjustments": Output(
        "finance",
        "one entry of the ledger: what this run changed on a claim",
        {
            "entry_id": "`claim|bucket|number`, counting from 1; unique for ever",
            "run_id": "the run that posted it",
            "as_of": "the date of the run",
            "rule": "why it is owed",
            "claim": "what it is owed for: the rule and its key",
            "bucket": "`provisional` (may be taken back) or `final`",
            "kind": "`credit`, `finalisation`, `reversal`, `reclassification` or `undo`",
            "settlement": "`credit_note`, `provisional_credit`, `bill_discount` or `bank_transfer`",
            "account_id": "the customer",
            "subscription_id": "the line, if it is about one",
            "invoice_id": "the invoice, if it is about one",
            "line_no": "its line",
            "source_ref": "dispute, promise, outages or tariff versions that it rests on",
            "bill_period": "first day of the cycle whose bill carries a discount",
            "deadline": "last day on which a dispute can be explained in time",
            "currency": "ISO 4217",
            "net": "positive in the customer's favour",
            "tax_rate": "in percent",
            "tax": "so that the taxes of a line add up exactly",
            "gross": "net + tax",
            "policy_ref": "what the parameter that decided rests on",
            "explanation": "one sentence with the figures, in the customer's language",
            "evidence": "JSON: the figures from which the amount can be computed again",
        },
    ),
    "journal": Output(
        "finance",
        "a leg of an entry in double entry; the legs of an entry, and of a run, balance",
        {
            "entry_id": "the entry",
            "leg": "its leg, from 1",
            "date": "the date of the run",
            "account_code": "the account, as `[accounts]` numbers it",
            "account_name": "its name",
            "customer": "whom it is about",
            "debit": "never below zero; 0 if the leg is a credit",
            "credit": "never below zero; 0 if the leg is a debit",
            "currency": "ISO 4217",
            "text": "credit note, claim and kind",
        },
    ),
    "credit_notes": Output(
        "finance, tax",
        "a credit note: what the run's final credits change on one invoice, by the difference",
        {
            "credit_note": "its number, in a series of its own that has no gaps and starts anew each year",
            "date": "its date: that of the run",
            "invoice_id": "the invoice that it rectifies",
            "invoice_date": "the date of that invoice; empty: no run ever read it",
            "account_id": "the customer",
            "reason_code": "why, as Facturae counts: 16 the taxable base was wrong, 83 a discount was given",
            "currency": "ISO 4217",
            "net": "positive in the customer's favour; what is taken back is on a note of its own, below zero",
            "tax": "the tax on it",
            "gross": "net + tax",
        },
    ),
    "credit_note_lines": Output(
        "finance, tax",
        "an entry on a credit note",
        {
            "credit_note": "the credit note",
            "entry_id": "the entry",
            "line_no": "the line of the invoice",
            "description": "one sentence with the figures, in the customer's language",
            "net": "positive in the customer's favour",
            "tax_rate": "in percent",
            "tax": "so that the taxes of a line of the invoice add up exactly",
            "gross": "net + tax",
        },
    ),
    "bill_discounts": Output(
        "billing",
        "an entry to be shown as a discount on a bill that is not closed yet",
        {
            "entry_id": "the entry; import each one once",
            "account_id": "the customer",
            "subscription_id": "the line, if it is about one",
            "bill_period": "first day of the cycle whose bill carries it",
            "description": "what to print",
            "net": "to take off",
            "tax_rate": "in percent; 0 for compensations",
            "tax": "to take off",
            "gross": "net + tax",
        },
    ),
    "bank_transfers": Output(
        "treasury",
        "a payment to a customer for whom no bill will come; each is in one run only",
        {
            "entry_id": "the entry; of several credits on one invoice the first",
            "account_id": "the customer",
            "name": "whose account it is",
            "iban": "in its electronic form; empty: missing or wrong, so that the customer must be asked",
            "gross": "to pay; below zero: a payment that was undone, to be stopped or asked back",
            "reference": "what for: a credit note and its invoice, or the claim",
        },
    ),
    "tariff_changes": Output(
        "provisioning",
        "a line to be moved to a better version of its tariff",
        {
            "subscription_id": "the line",
            "account_id": "who pays",
            "tariff_id": "its tariff, which stays",
            "from_version": "the version in force",
            "to_version": "the version to put in force",
            "effective_from": "from when that version is",
            "old_monthly_fee": "per cycle",
            "new_monthly_fee": "per cycle",
        },
    ),
    "tariff_advice": Output(
        "care",
        "a line whose newest bill another tariff would have made cheaper",
        {
            "invoice_id": "the bill",
            "subscription_id": "the line",
            "account_id": "who pays",
            "from_tariff": "its tariff",
            "from_version": "the version whose prices it has on the last day billed",
            "to_tariff": "the tariff to recommend",
            "to_version": "the version that was on sale",
            "cost": "what fee and usage of the bill cost",
            "best_cost": "what they would have cost",
            "difference": "how much less that is",
        },
    ),
    "holds": Output(
        "collections",
        "a dispute whose amount must not be dunned, suspended for or listed",
        {
            "account_id": "the customer",
            "invoice_id": "the invoice",
            "dispute_id": "the dispute",
            "amount_gross": "what is in dispute",
            "since": "when it was opened",
            "until": "the deadline; empty: until somebody decides",
        },
    ),
    "collection_orders": Output(
        "collections",
        "a suspension or debtor listing to be undone",
        {
            "order": "`reconnect` or `delist`",
            "account_id": "the customer",
            "subscription_id": "the line, if one was cut",
            "invoice_id": "over which invoice it was done",
            "event_id": "the event to undo",
            "left_gross": "what may still be collected of the invoice",
            "reason": "why, in words",
        },
    ),
    "notices": Output(
        "customer care",
        "a letter to a customer for whom something was posted",
        {
            "account_id": "the customer",
            "email": "where it goes; empty: not known",
            "language": "of the letter",
            "subject": "one line",
            "body": "the letter: plain text of several paragraphs, with an empty line between them",
            "gross": "sum of what was posted for the customer",
        },
    ),
    "review": Output(
        "operators",
        "something that a person must look at",
        {
            "topic": "what it is about; each topic has one message",
            "account_id": "the customer, if it is about one",
            "invoice_id": "the invoice, if it is about one",
            "line_no": "its line",
            "reference": "tariff versions, subscription, dispute or claim",
            "amount": "how much it is about: net, of transfers gross",
            "message": "what to do",
        },
    ),
    "rejected": Output(
        "operators",
        "a rule that an input's row breaks, so that it is not used",
        {
            "input": "the input",
            "file": "the file, as seen from the input's directory",
            "line": "the line as an editor shows it; of Parquet the row",
            "column": "where to look",
            "value": "what stands there",
            "reason": "what is wrong with it",
        },
    ),
}
"""The CSV files of every run, by name."""
