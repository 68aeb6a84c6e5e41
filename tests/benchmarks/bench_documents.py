"""How long e-invoices, a payment order and a workbook take: `python tests/benchmarks/bench_documents.py [NOTES]`."""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

sys.path.insert(0, str(Path(__file__).parents[1]))

from billadjust.documents.einvoices import einvoices
from billadjust.documents.sepa import payment_order
from billadjust.money import to_decimal
from billadjust.outputs.workbook import write_workbook
from notes_case import ISSUER, note

if TYPE_CHECKING:
    from collections.abc import Callable

NOTES = 100_000
AS_OF = date(2026, 7, 2)


def many(notes: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Make so many credit notes of two lines each."""
    one, lines = note((23_879, 21, 5_015), (990, 10, 99))
    numbers = pl.DataFrame({"n": range(notes)}).select(
        number="R-2026-" + (pl.col("n") + 1).cast(pl.String).str.zfill(6)
    )
    return tuple(
        frame.join(numbers, how="cross")
        .with_columns(pl.col("number").alias("credit_note"))
        .drop("number")
        .sort("credit_note", maintain_order=True)
        for frame in (one, lines.with_columns(entry_id=pl.lit("billing_error|F26/0101|1|final|1")))
    )  # type: ignore[return-value]  # a pair of frames


def timed(what: str, count: int, work: Callable[[], object]) -> None:
    """Do something and say how long it took."""
    start = time.perf_counter()
    work()
    seconds = time.perf_counter() - start
    print(f"{what:<40} {count:>9,} in {seconds:6.1f} s: {count / seconds:>9,.0f} a second")  # noqa: T201  # what it is for


def main() -> None:
    """Measure each kind of document alone."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else NOTES
    notes, lines = many(count)
    with tempfile.TemporaryDirectory() as directory:
        for name, archive in einvoices(notes, lines, ISSUER, "EUR", 2)[0].items():
            timed(name, archive.rows, partial(archive.write, Path(directory) / name))
        transfers = notes.with_columns(
            entry_id="credit_note", iban=pl.lit(ISSUER.iban), reference=pl.col("credit_note") + " F26/0101"
        )
        timed("bank_transfers.xml", count, lambda: payment_order(transfers, ISSUER, "20260702-0001", AS_OF))
        table = lines.with_columns(to_decimal(pl.col(name), 2) for name in ("net", "tax", "gross"))
        book = Path(directory) / "book.xlsx"
        timed("workbook, rows", table.height, lambda: write_workbook(book, {"lines": table}, ("net", "gross"), AS_OF))
    print(f"most memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.2f} GiB")  # noqa: T201  # what it is for


if __name__ == "__main__":
    main()
