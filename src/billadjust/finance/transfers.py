"""Bank transfers: what is paid to customers for whom no bill will come, each thing once (§9)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from billadjust.finance.earlier import newest_kept
from billadjust.identifiers import clean_iban
from billadjust.phrases import phrase
from billadjust.schemas import BankTransfers

if TYPE_CHECKING:
    from datetime import date

    from billadjust.inputs.model import Inputs
    from billadjust.ledger import Snapshot

_PAID: Final = ("entry_id", "account_id", "invoice_id", "gross", "reference", "pays")


def bank_transfers(
    entries: pl.DataFrame, inputs: Inputs, snapshot: Snapshot, as_of: date, notes: pl.DataFrame
) -> pl.DataFrame:
    """Return what a run that posts these entries has treasury pay: schemas.BankTransfers, sorted by entry_id.

    `pays` says for what: an `entry` whose settlement is bank_transfer (below zero: what undoes one); the `credit_notes`
    of a closed account on a paid invoice; a `bill_discount` of an earlier run for a bill that will not come, because its
    period begins on or after the day on which the account was closed. What was paid before follows from the tables that
    earlier runs kept. `notes`: the run's schemas.CreditNotes.
    """
    closed = inputs.accounts.filter(pl.col("closed_on") <= as_of).select("account_id", "closed_on")
    earlier = snapshot.kept("bank_transfers", BankTransfers)
    parts = (
        _entries(entries.lazy()),
        _credit_notes(entries.lazy(), inputs, snapshot.entries, closed, earlier, notes.lazy()),
        _bill_discounts(snapshot.entries, closed, earlier),
    )
    paid = pl.concat(part.select(_PAID) for part in parts).collect(engine="streaming")
    return BankTransfers.validate(
        paid.join(_payees(paid, inputs, snapshot), on="account_id", how="left")
        .select(BankTransfers.column_names())
        .sort("entry_id")
    )


def _entries(entries: pl.LazyFrame) -> pl.LazyFrame:
    return entries.filter(pl.col("settlement") == "bank_transfer").with_columns(
        reference=_readable(pl.col("claim")), pays=pl.lit("entry")
    )


def _credit_notes(  # noqa: PLR0913, PLR0917  # all that the payment follows from
    entries: pl.LazyFrame,
    inputs: Inputs,
    ledger: pl.LazyFrame,
    closed: pl.LazyFrame,
    earlier: pl.LazyFrame,
    notes: pl.LazyFrame,
) -> pl.LazyFrame:
    """Sum up what the run credits on each paid invoice of a closed account.

    By transfer an invoice is never paid back more than is credited on it: after 10.00 were paid and the credit was
    undone, another credit of 10.00 pays nothing.
    """
    invoice = "invoice_id"
    paid = inputs.invoices.filter(pl.col("paid_on").is_not_null()).select(invoice)
    credited = (
        entries.filter(pl.col("settlement") == "credit_note")
        .join(closed, on="account_id", how="semi")
        .join(paid, on=invoice, how="semi")
    )
    before = ledger.filter(pl.col("settlement") == "credit_note").join(credited, on=invoice, how="semi")
    transferred = earlier.filter(pl.col("pays") == "credit_notes")
    left = pl.col("gross") + pl.col("before").fill_null(0) - pl.col("transferred").fill_null(0)
    return (
        credited.group_by(invoice)
        .agg(
            pl.col("account_id").first(),
            pl.col("gross").sum(),
            entry_id=pl.col("entry_id").filter(pl.col("net") > 0).min(),
        )
        .join(before.group_by(invoice).agg(before=pl.col("gross").sum()), on=invoice, how="left")
        .join(transferred.group_by(invoice).agg(transferred=pl.col("gross").sum()), on=invoice, how="left")
        .with_columns(gross=pl.min_horizontal("gross", left))
        .filter(pl.col("gross") > 0)
        .join(notes.filter(pl.col("net") > 0).select(invoice, "credit_note"), on=invoice, how="left")
        .with_columns(reference=phrase("{} {}", "credit_note", invoice), pays=pl.lit("credit_notes"))
    )


def _bill_discounts(ledger: pl.LazyFrame, closed: pl.LazyFrame, earlier: pl.LazyFrame) -> pl.LazyFrame:
    """Return the discounts of earlier runs that no bill carries and no transfer has paid; not those that were undone."""
    transferred = earlier.filter(pl.col("pays") == "bill_discount")
    return (
        ledger.filter(pl.col("settlement") == "bill_discount")
        .join(closed, on="account_id")
        .filter(pl.col("bill_period") >= pl.col("closed_on"))
        .join(transferred, on="entry_id", how="anti")
        .filter(pl.col("gross").sum().over("claim") > 0)
        .with_columns(reference=_readable(pl.col("claim")), pays=pl.lit("bill_discount"))
    )


def _payees(paid: pl.DataFrame, inputs: Inputs, snapshot: Snapshot) -> pl.DataFrame:
    """Return (account_id, name, iban) of who is paid: the IBAN in its electronic form, null if it is none.

    Customers who are not in the inputs are as an earlier run kept them.
    """
    columns = ("account_id", "name", "iban")
    about = paid.lazy().select("account_id").unique()
    read = inputs.accounts.select(columns).join(about, on="account_id", how="semi")
    missing = about.join(read, on="account_id", how="anti")
    kept = newest_kept(snapshot, "bank_transfers", BankTransfers, missing).select(columns)
    payees = pl.concat([read, kept]).collect()
    # Customers to be paid by transfer are few, and each is looked at once.
    given = payees["iban"].drop_nulls().unique().to_list()
    valid = {written: clean_iban(written) for written in given}
    return payees.with_columns(pl.col("iban").replace_strict(valid, default=None, return_dtype=pl.String))


def _readable(claim: pl.Expr) -> pl.Expr:
    """Write a claim without the sign that banks do not take."""
    return claim.str.replace_all("|", " ", literal=True)
