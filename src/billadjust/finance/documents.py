"""All that a run keeps for finance (§9)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from billadjust.finance.credit_notes import credit_notes, invoice_dates
from billadjust.finance.transfers import bank_transfers

if TYPE_CHECKING:
    from datetime import date

    import polars as pl

    from billadjust.inputs.model import Inputs
    from billadjust.ledger import Snapshot


def documents(
    entries: pl.DataFrame, inputs: Inputs, snapshot: Snapshot, as_of: date, prefix: str
) -> dict[str, pl.DataFrame]:
    """Return what a run that posts these entries (schemas.Entries) on a snapshot keeps for finance, by name.

    `invoice_dates`: schemas.InvoiceDates; `credit_notes`: schemas.CreditNotes, with numbers that begin with `prefix`;
    `bank_transfers`: schemas.BankTransfers. The inputs may be empty (`Inputs.of({})`): names, dates and accounts that
    they do not give are those that earlier runs kept.
    """
    dates = invoice_dates(entries, inputs, snapshot)
    notes = credit_notes(entries, inputs, snapshot, dates, prefix)
    return {
        "invoice_dates": dates,
        "credit_notes": notes,
        "bank_transfers": bank_transfers(entries, inputs, snapshot, as_of, notes),
    }
