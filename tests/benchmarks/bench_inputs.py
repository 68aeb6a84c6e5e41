"""What checking costs: 5 million invoice lines, 1 % of them with a bad cell, against a plain typed scan.

Run it with `python tests/benchmarks/bench_inputs.py [ROWS]`; it prints seconds (the best of three) and their ratio.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from billadjust.inputs.check import check
from billadjust.inputs.csvtext import read_csv
from billadjust.inputs.source import Source, find_files
from billadjust.inputs.style import Style
from billadjust.schemas import INPUTS

if TYPE_CHECKING:
    from collections.abc import Callable

TABLE = INPUTS["invoice_lines"]
PLAIN = {
    "quantity": pl.Decimal(38, 6),
    "net_amount": pl.Decimal(38, 2),
    "tax_rate": pl.Decimal(38, 4),
}
"""Types of a plain scan where the checked table has integers."""


def write_lines(path: Path, rows: int) -> None:
    """Write invoice lines, half of them with a quoted comma, one in a hundred with an amount of three decimals."""
    number = pl.col("number")
    even = number % 2 == 0
    cents = pl.format("{}.{}", number % 97, (number % 100).cast(pl.String).str.zfill(2))
    pl.select(number=pl.int_range(rows, dtype=pl.Int64)).lazy().select(
        invoice_id=pl.format("F-2026/{}", number // 4),
        line_no=number % 4 + 1,
        kind=pl.when(even).then(pl.lit("recurring")).otherwise(pl.lit("usage")),
        subscription_id=pl.format("S{}", number // 8),
        service=pl.when(even).then(pl.lit("internet")).otherwise(pl.lit("voice")),
        item=pl.lit(""),
        description=pl.when(even).then(pl.lit("Monthly fee, August")).otherwise(pl.lit("Calls in August")),
        quantity=1,
        net_amount=pl.when(number % 100 == 7).then(pl.lit("9.999")).otherwise(cents),
        tax_rate=21,
        period_start=pl.lit("2026-08-01"),
        period_end=pl.lit("2026-09-01"),
    ).sink_csv(path)


def plain_scan(path: Path, place: Path) -> None:
    """Scan with types, believing everything, and write Parquet."""
    pl.scan_csv(path, schema={**TABLE.schema, **PLAIN}).sink_parquet(place / "plain.parquet")


def checked_scan(path: Path, place: Path) -> None:
    """Read, check and split."""
    source = Source("invoice_lines", str(path), configured=True)
    (file,), _ = find_files(source)
    rows = read_csv(file, TABLE, source, place)
    checked = check(rows, TABLE, Style(digits=2, timezone="Europe/Madrid"), place, "lines")
    if checked.reasons.height == 0:
        raise AssertionError("the bad cells were not found")


def seconds(work: Callable[[Path, Path], None], path: Path, place: Path) -> float:
    """The best of three."""
    spent = []
    for _ in range(3):
        begin = time.perf_counter()
        work(path, place)
        spent.append(time.perf_counter() - begin)
    return min(spent)


def main() -> None:
    """Measure and print."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 5_000_000
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        path = place / "lines.csv"
        write_lines(path, rows)
        plain, checked = (seconds(work, path, place) for work in (plain_scan, checked_scan))
        print(f"{rows:,} invoice lines, {path.stat().st_size / 1e6:.0f} MB, 1 % bad")  # noqa: T201 - what it is for
        print(f"plain typed scan   {plain:6.2f} s   1.0")  # noqa: T201 - the same
        print(f"read, check, split {checked:6.2f} s   {checked / plain:.1f}")  # noqa: T201 - the same


if __name__ == "__main__":
    main()
