"""What the ledger holds of a posted run: its files, the head of its manifest, and its books."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from billadjust.finance import journal, trial_balance
from billadjust.money import as_decimal
from billadjust.outputs.layoutfile import LayoutFile
from billadjust.outputs.plaintext import FORMS, write_books
from billadjust.outputs.publish import Content, Export
from billadjust.outputs.structured import documents
from billadjust.outputs.tables import KEPT, run_tables
from billadjust.report import REPORT
from billadjust.schemas import CreditNotes, InvoiceDates
from billadjust.style import Style

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from billadjust.ledger import RunRecord, Snapshot


AMOUNTS = ("net", "tax", "gross")


def export_of(snapshot: Snapshot, record: RunRecord) -> Export:
    """Return the files of a run, and what its manifest says of it, as they were when it was first published.

    Raises:
        LedgerDamagedError: a table that the run kept is not as it was written.
    """
    style = Style.of(record.details)
    entries, kept, booked = posted(snapshot, record)
    tables = run_tables(entries, kept, booked, snapshot.digits, style.dialect)
    files: dict[str, Content] = {f"{name}.csv": table for name, table in tables.items()}
    files |= documents(record, entries, kept, snapshot.currency, snapshot.digits)
    files |= {name: snapshot.attachment(record, name).read_text("utf-8") for name in ("summary.json", REPORT)}
    files |= {layout.file: LayoutFile(booked, layout, snapshot.digits) for layout in style.layouts}
    header = {
        "run_id": record.run_id,
        "sequence": record.number,
        "as_of": record.as_of.isoformat(),
        "currency": snapshot.currency,
        "dialect": style.dialect,
        "plan_hash": record.plan_hash,
        "controls": _controls(record, entries, booked, snapshot.digits),
    }
    return Export(files, header, style.dialect)


def posted(snapshot: Snapshot, record: RunRecord) -> tuple[pl.DataFrame, dict[str, pl.DataFrame], pl.DataFrame]:
    """Return the entries of a run (schemas.Entries), the tables of `KEPT` that it has, and its journal (schemas.Journal).

    Raises:
        LedgerDamagedError: a table that the run kept is not as it was written.
    """
    entries = snapshot.entries.filter(pl.col("run_id") == record.run_id).collect(engine="streaming")
    kept = {
        name: pl.read_parquet(snapshot.attachment(record, file))
        for name in KEPT
        if (file := f"{name}.parquet") in record.attachments
    }
    return entries, kept, journal_of(snapshot, record)


def _controls(record: RunRecord, entries: pl.DataFrame, booked: pl.DataFrame, digits: int) -> dict[str, Any]:
    """Return the totals by which a run is checked: entries, what becomes of them, and the books."""

    def text(amount: int) -> str:
        return str(as_decimal(amount, digits))

    settled = entries.group_by("settlement").agg(pl.len(), pl.col(AMOUNTS).sum()).sort("settlement")
    balance = trial_balance(booked.lazy()).collect()
    return {
        "entries": {
            "rows": record.entries,
            "net": text(record.net),
            "tax": text(record.tax),
            "gross": text(record.gross),
        },
        "settlements": {
            row["settlement"]: {"rows": row["len"], **{name: text(row[name]) for name in AMOUNTS}}
            for row in settled.to_dicts()
        },
        "trial_balance": [row | {side: text(row[side]) for side in ("debit", "credit")} for row in balance.to_dicts()],
    }


def journal_of(snapshot: Snapshot, record: RunRecord) -> pl.DataFrame:
    """Return the journal of a run: schemas.Journal."""
    return journal(
        snapshot.entries.filter(pl.col("run_id") == record.run_id),
        snapshot.kept("invoice_dates", InvoiceDates, {record.run_id}),
        snapshot.kept("credit_notes", CreditNotes, {record.run_id}),
        Style.of(record.details).chart,
    ).collect(engine="streaming")


def export_books(snapshot: Snapshot, records: Sequence[RunRecord], form: str, path: Path) -> None:
    """Write the books of runs for one of the programs of `FORMS`."""
    charts = [Style.of(record.details).chart for record in records]
    accounts = {account.code: account for chart in charts for account in chart.values()}
    opened = min(record.as_of for record in records)
    journals = (journal_of(snapshot, record) for record in records)
    write_books(journals, list(accounts.values()), opened, snapshot.currency, snapshot.digits, FORMS[form], path)
