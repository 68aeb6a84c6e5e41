"""Credit notes: which entries are on which, and their numbers, in a series of their own without gaps (§9)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from billadjust.finance.earlier import newest_kept
from billadjust.rules import LINE_RULES
from billadjust.schemas import CUSTOMER, CreditNoteLines, CreditNotes, InvoiceDates

if TYPE_CHECKING:
    from billadjust.inputs.model import Inputs
    from billadjust.ledger import Snapshot

NUMBER_DIGITS: Final = 6
"""A number has at least this many digits, so that numbers sort as they were given."""

REASONS: Final = {
    "billing_error": "16",
    "promised_price": "16",
    "no_lock_in": "16",
    "tariff_improvement": "83",
    "dispute_refund": "83",
}
"""Why an invoice is rectified, by rule, in the codes of Facturae: 16 its taxable base was wrong, 83 a discount was given.

A note that several rules are on has the reason of the first of them in the order of precedence.
"""

NOTE: Final = ("invoice_id", "takes_back")
"""What a run makes one credit note for: an invoice, and whether money is given or taken back on it."""


def invoice_dates(entries: pl.DataFrame, inputs: Inputs, snapshot: Snapshot) -> pl.DataFrame:
    """Return the issue date of every invoice whose lines the entries are about: schemas.InvoiceDates, by invoice_id.

    An invoice that is not in the inputs (any more) has the date that an earlier run kept; without one it is left out.
    """
    about = entries.lazy().filter(pl.col("rule").is_in(LINE_RULES)).select("invoice_id").unique()
    read = inputs.invoices.select("invoice_id", invoice_date="issue_date").join(about, on="invoice_id", how="semi")
    missing = about.join(read, on="invoice_id", how="anti")
    kept = newest_kept(snapshot, "invoice_dates", InvoiceDates, missing)
    return InvoiceDates.validate(pl.concat([read, kept]).sort("invoice_id").collect())


def credit_notes(
    entries: pl.DataFrame, inputs: Inputs, snapshot: Snapshot, dates: pl.DataFrame, prefix: str
) -> pl.DataFrame:
    """Return the credit notes of a run that posts these entries: schemas.CreditNotes, in the order of their numbers.

    One for each invoice with final credits of line rules, and one of its own for what is taken back on it. They are
    numbered by invoice, credits first, from 1 in each year. How many there were before follows from the entries of the
    ledger, and the run is one commit on the snapshot that they were counted on: no number is given twice or left out.
    """
    posted = _on_notes(entries.lazy())
    rank = pl.col("rule").replace_strict(LINE_RULES, range(len(LINE_RULES)), return_dtype=pl.Int64)
    notes = posted.group_by(NOTE).agg(
        pl.col("as_of", "currency", "account_id").first(),
        pl.col("net", "tax", "gross").sum(),
        rule=pl.col("rule").min_by(rank),
    )
    number = (_notes_before(entries, snapshot) + 1 + pl.int_range(pl.len())).cast(pl.String).str.zfill(NUMBER_DIGITS)
    return CreditNotes.validate(
        notes.join(dates.lazy(), on="invoice_id", how="left")
        .join(_customers(posted, inputs, snapshot), on="account_id", how="left")
        .sort(NOTE)
        .with_columns(
            credit_note=pl.lit(prefix) + pl.col("as_of").dt.year().cast(pl.String) + pl.lit("-") + number,
            date="as_of",
            reason_code=pl.col("rule").replace_strict(REASONS, return_dtype=pl.String),
        )
        .select(CreditNotes.column_names())
        .collect()
    )


def credit_note_lines(entries: pl.LazyFrame, notes: pl.LazyFrame) -> pl.LazyFrame:
    """Return the lines of a run's credit notes, an entry each: schemas.CreditNoteLines.

    They are in the order of the notes, and in each note of line_no and entry_id. `entries`: the run's schemas.Entries;
    `notes`: its schemas.CreditNotes.
    """
    ordered = notes.with_row_index("order").select("order", "credit_note", "invoice_id", takes_back=pl.col("net") < 0)
    return (
        _on_notes(entries)
        .join(ordered, on=NOTE)
        .sort("order", "line_no", "entry_id")
        .with_columns(description="explanation")
        .select(CreditNoteLines.column_names())
    )


def _on_notes(entries: pl.LazyFrame) -> pl.LazyFrame:
    """Return the entries that are on credit notes, with whether they take money back."""
    return entries.filter(pl.col("settlement") == "credit_note").with_columns(takes_back=pl.col("net") < 0)


def _notes_before(entries: pl.DataFrame, snapshot: Snapshot) -> int:
    """Count the credit notes of the ledger in the year of the run."""
    if not entries.height:
        return 0
    counted = (
        _on_notes(snapshot.entries)
        .filter(pl.col("as_of").dt.year() == entries["as_of"][0].year)
        .select("run_id", *NOTE)
        .unique()
        .select(pl.len())
        .collect(engine="streaming")
    )
    return int(counted.item())


def _customers(posted: pl.LazyFrame, inputs: Inputs, snapshot: Snapshot) -> pl.LazyFrame:
    """Return (account_id, CUSTOMER) of the customers, those who are not in the inputs as an earlier run kept them."""
    columns = ("account_id", *CUSTOMER)
    about = posted.select("account_id").unique()
    read = inputs.accounts.select(columns).join(about, on="account_id", how="semi")
    missing = about.join(read, on="account_id", how="anti")
    return pl.concat([read, newest_kept(snapshot, "credit_notes", CreditNotes, missing).select(columns)])
