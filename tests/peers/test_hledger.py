"""hledger accepts the books, and its balances are ours (§9)."""

from __future__ import annotations

import csv
import io
import shutil
import subprocess
from decimal import Decimal
from typing import TYPE_CHECKING

from hypothesis import given, settings

from billadjust.chart import PGC
from billadjust.finance import journal
from billadjust.outputs.plaintext import FORMS, write_books
from finance_case import Row, customers, line, run
from ledger_case import DAY
from operator_case import runs
from test_export import balances, export, once
from test_layouts import NASTY

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

__all__ = ["once"]

HLEDGER = shutil.which("hledger") or "hledger"


def hledger(file: Path) -> dict[str, Decimal]:
    """Let hledger check the books, and return its balances by account code."""
    checked = subprocess.run([HLEDGER, "-f", file, "check", "--strict"], capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, "")
    asked = subprocess.run(
        [HLEDGER, "-f", file, "balance", "--flat", "--no-total", "--output-format", "csv"],
        capture_output=True,
        text=True,
        check=True,
    )
    rows = csv.DictReader(io.StringIO(asked.stdout))
    return {
        row["account"].partition(":")[2].replace("-", "."): Decimal(row["balance"].partition(" ")[0]) for row in rows
    }


def test_hledger_accepts_the_books_of_all_runs_and_its_balances_are_ours(once: Path) -> None:
    assert hledger(export(once, "hledger")) == balances([directory / "journal.csv" for directory in runs(once)])


@settings(max_examples=30, deadline=None)
@given(NASTY)
def test_hledger_accepts_whatever_a_customer_is_called(tmp_path_factory: pytest.TempPathFactory, name: str) -> None:
    directory = tmp_path_factory.mktemp("nasty")
    identifier = "".join(sign for sign in name if sign.isprintable() and sign != "|").strip()[:64] or "A"
    owner: Row = {"account_id": identifier}
    posted = line(990, 208, invoice=f"={identifier}"[:64], **owner)
    made = run(directory / "ledger", "2026-03-01", posted, inputs=customers([owner]))
    entries, dates, notes = (made[table].lazy() for table in ("entries", "invoice_dates", "credit_notes"))
    booked = journal(entries, dates, notes, PGC).collect()
    write_books([booked], list(PGC.values()), DAY, "EUR", 2, FORMS["hledger"], directory / "books.hledger")
    assert hledger(directory / "books.hledger") == {
        "708": Decimal("9.90"),
        "477": Decimal("2.08"),
        "430": Decimal("-11.98"),
    }
