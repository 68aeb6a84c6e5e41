"""The finance tables of runs as an Excel workbook, beside the files that every run has."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Final

import polars as pl
from xlsxwriter.exceptions import FileCreateError

from billadjust.errors import UsageError
from billadjust.outputs.books import posted
from billadjust.outputs.tables import MONEY, run_tables
from billadjust.outputs.workbook import write_workbook

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from billadjust.ledger import RunRecord, Snapshot

WORKBOOK: Final = "xlsx"
"""The name of the format."""

SHEETS: Final = ("journal", "adjustments", "credit_notes", "credit_note_lines", "bill_discounts", "bank_transfers")
"""The tables of a workbook, in the order of its sheets."""


def export_workbook(snapshot: Snapshot, records: Sequence[RunRecord], path: Path) -> None:
    """Write what runs posted into a workbook, a sheet for each of SHEETS; it appears complete or not at all.

    Raises:
        UsageError: the file cannot be written.
        LedgerDamagedError: a table that a run kept is not as it was written.
    """
    runs = [run_tables(*posted(snapshot, record), snapshot.digits, "standard") for record in records]
    # A rate is a number in a sheet; it is not computed with here.
    sheets = {
        name: pl.concat(tables[name] for tables in runs).with_columns(pl.col("^tax_rate$").cast(pl.Float64))
        for name in SHEETS
    }
    temporary = path.with_name(f".{path.name}.tmp-{uuid.uuid4().hex[:8]}")
    try:
        write_workbook(temporary, sheets, MONEY, max(record.as_of for record in records))
        temporary.replace(path)
    except (OSError, FileCreateError) as error:
        cause = error.args[0] if isinstance(error, FileCreateError) else error
        raise UsageError(
            f"{path} cannot be written: {cause.strerror}. Check its directory, its rights and the space on its disk."
        ) from error
    finally:
        temporary.unlink(missing_ok=True)
