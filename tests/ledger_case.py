"""Made-up entries and runs for the tests of the ledger."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import polars as pl

from billadjust.ledger import RunRecord, append, lock, open_ledger
from billadjust.schemas import Entries

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

DAY = date(2026, 3, 1)

SAMPLE: dict[str, Any] = {
    "run_id": "20260301-0001",
    "as_of": DAY,
    "rule": "billing_error",
    "claim": "billing_error|F/1|1",
    "bucket": "final",
    "kind": "credit",
    "settlement": "credit_note",
    "account_id": "A1",
    "subscription_id": "S1",
    "invoice_id": "F/1",
    "line_no": 1,
    "source_ref": None,
    "bill_period": None,
    "deadline": None,
    "currency": "EUR",
    "net": 990,
    "tax_rate": 210_000,
    "tax": 208,
    "policy_ref": "price list",
    "explanation": 'Cobramos "de más", lo devolvemos.',
    "evidence": '{"charged": "9.90"}',
}


def entry(seq: int = 1, **values: Any) -> dict[str, Any]:  # noqa: ANN401  # any column of an entry
    """Make an entry of 9.90 + 2.08; the values replace those of the sample."""
    row = SAMPLE | values
    return {
        "entry_id": f"{row['claim']}|{row['bucket']}|{seq}",
        "gross": row["net"] + row["tax"],
        **row,
    }


def frame(*rows: dict[str, Any]) -> pl.DataFrame:
    """Make schemas.Entries of rows."""
    return pl.DataFrame(list(rows), schema=Entries.create_empty().schema, orient="row")


def post(
    path: Path,
    *rows: dict[str, Any],
    as_of: date = DAY,
    currency: str = "EUR",
    attachments: Mapping[str, bytes | pl.DataFrame] | None = None,
) -> RunRecord:
    """Post the rows as one run, as the program does."""
    with lock(path):
        snapshot = open_ledger(path, currency)
        run_id = snapshot.next_run_id(as_of)
        entries = frame(*(row | {"run_id": run_id, "as_of": as_of, "currency": currency} for row in rows))
        return append(snapshot, entries, RunRecord.of(run_id, as_of, ["accounts"], entries), attachments or {})
