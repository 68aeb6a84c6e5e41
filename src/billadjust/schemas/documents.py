"""The frames of finance: credit notes and bank transfers, which a run keeps, and the journal, which follows from it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import dataframely as dy

if TYPE_CHECKING:
    import polars as pl


class InvoiceDates(dy.Schema):
    """When the invoices were issued whose lines the entries of a run are about."""

    invoice_id = dy.String(primary_key=True)
    invoice_date = dy.Date()


CUSTOMER: Final = ("name", "tax_id", "address", "post_code", "town", "province", "country")
"""What a fiscal document says of a customer."""


class CreditNotes(dy.Schema):
    """The credit notes of a run, each a fiscal document that rectifies one invoice by the difference (§9).

    `net`, `tax` and `gross` in minor units: positive in the customer's favour, all lines of a note of one sign.
    `invoice_date` is null where no run ever read the invoice. Who the customer is stands on the note as in CUSTOMER.
    """

    credit_note = dy.String(primary_key=True)
    date = dy.Date()
    invoice_id = dy.String()
    invoice_date = dy.Date(nullable=True)
    account_id = dy.String()
    name = dy.String(nullable=True)
    tax_id = dy.String(nullable=True)
    address = dy.String(nullable=True)
    post_code = dy.String(nullable=True)
    town = dy.String(nullable=True)
    province = dy.String(nullable=True)
    country = dy.String(nullable=True)
    reason_code = dy.String()
    currency = dy.String()
    net = dy.Int64()
    tax = dy.Int64()
    gross = dy.Int64()


class CreditNoteLines(dy.Schema):
    """The lines of credit notes, an entry each. Amounts in minor units, `tax_rate` in ten-thousandths of a percent."""

    credit_note = dy.String()
    entry_id = dy.String(primary_key=True)
    line_no = dy.Int64()
    description = dy.String()
    net = dy.Int64()
    tax_rate = dy.Int64()
    tax = dy.Int64()
    gross = dy.Int64()


TRANSFERRED: Final = ("entry", "credit_notes", "bill_discount")


class BankTransfers(dy.Schema):
    """What a run has treasury pay (§9): `gross` in minor units, below zero where a payment was undone.

    `pays` says for what: an entry; the credit notes of an invoice, named after the first entry on them; or the discount
    of an earlier run for a bill that will not come. `iban` is in its electronic form, null if it is missing or wrong.
    """

    entry_id = dy.String(primary_key=True)
    account_id = dy.String()
    name = dy.String(nullable=True)
    iban = dy.String(nullable=True)
    gross = dy.Int64()
    reference = dy.String()
    invoice_id = dy.String(nullable=True)
    pays = dy.String()

    @dy.rule()
    def known_words(cls) -> pl.Expr:  # noqa: N805  # dataframely passes the schema
        """What is paid is of the known kinds."""
        return cls.pays.col.is_in(TRANSFERRED)


class Journal(dy.Schema):
    """The journal of a run: the legs of its entries, `debit` and `credit` in minor units, one of them 0 and none below.

    `number` counts the entries of the run from 1, `leg` the legs of an entry. `counter_code` is the account on the other
    side. `credit_note` and `invoice_id` are null where the entry has none.
    """

    number = dy.Int64(primary_key=True)
    leg = dy.Int64(primary_key=True)
    entry_id = dy.String()
    run_id = dy.String()
    date = dy.Date()
    account_code = dy.String()
    account_name = dy.String()
    counter_code = dy.String()
    customer = dy.String()
    debit = dy.Int64()
    credit = dy.Int64()
    currency = dy.String()
    text = dy.String()
    invoice_id = dy.String(nullable=True)
    credit_note = dy.String(nullable=True)
