"""What the finance files of a million entries cost: documents planned, posted, and the whole directory written.

Run it with `python tests/benchmarks/bench_finance.py [ENTRIES]`; it prints seconds and the memory at the peak. The
entries are those of bench_notices.py: outage credits, refunds that become final, and errors with their indemnities.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import polars as pl
from bench_notices import entries_of, peak

from billadjust.finance import documents
from billadjust.inputs import Inputs
from billadjust.ledger import lock, open_ledger, plan_hash
from billadjust.outputs.books import export_of
from billadjust.outputs.publish import publish
from billadjust.plan import Plan, post
from billadjust.schemas import INPUTS
from billadjust.style import Style

ENTRIES_OF_THREE_ACCOUNTS = 5


def entries_in(count: int) -> pl.DataFrame:
    """Make the entries of a first run: nothing falls, and a tenth of what bills would carry is paid by transfer."""
    rise = pl.when(pl.col("bucket") == "provisional").then(-1).otherwise(1)
    by_bank = (pl.col("settlement") == "bill_discount") & pl.col("account_id").str.ends_with("0")
    return (
        entries_of(count * 3 // ENTRIES_OF_THREE_ACCOUNTS)
        .with_columns(
            pl.col("net", "tax", "gross") * rise,
            settlement=pl.when(by_bank).then(pl.lit("bank_transfer")).otherwise("settlement"),
        )
        .sort("entry_id")
    )


def ibans(count: int) -> list[str]:
    """Make account numbers of a bank that does not exist, with right check digits."""
    bban = (f"{number:020}" for number in range(count))
    return [f"ES{98 - int(f'{digits}142800') % 97:02}{digits}" for digits in bban]


def inputs_of(entries: pl.DataFrame) -> Inputs:
    """Make the customers and invoices that the entries are about."""
    accounts = entries.lazy().select("account_id").unique().with_columns(name=pl.col("account_id")).collect()
    accounts = accounts.with_columns(iban=pl.Series(ibans(accounts.height)))
    invoices = entries.lazy().select("invoice_id", "account_id", issue_date="as_of").unique("invoice_id")
    made = {"accounts": accounts.lazy(), "invoices": invoices}
    empty = {name: pl.LazyFrame(schema=INPUTS[name].schema) for name in made}
    return Inputs.of({name: pl.concat([empty[name], frame], how="diagonal") for name, frame in made.items()})


def main() -> None:
    """Measure and print."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    entries = entries_in(count)
    inputs, as_of = inputs_of(entries), entries["as_of"][0]
    before = peak()
    with tempfile.TemporaryDirectory() as made:
        ledger = Path(made) / "ledger"
        with lock(ledger):
            snapshot = open_ledger(ledger, "EUR")
            begin = time.perf_counter()
            tables = documents(entries, inputs, snapshot, as_of, "R-")
            planned = time.perf_counter() - begin
            plan = Plan("20260829-0001", as_of, ("accounts",), entries, tables, {}, plan_hash(entries))
            record = post(plan, snapshot, Style().to_details())
        del entries, plan, tables, inputs
        snapshot = open_ledger(ledger, "EUR")
        begin, busy = time.perf_counter(), time.process_time()
        directory = publish(Path(made) / "out" / record.run_id, export_of(snapshot, record))
        published, busy = time.perf_counter() - begin, time.process_time() - busy
        sizes = {path.name: path.stat().st_size / 1e6 for path in sorted(directory.glob("*.csv"))}
    lines = (
        f"{record.entries:,} entries",
        f"planned   {planned:6.1f} s, credit notes and transfers",
        f"published {published:6.1f} s, {busy:.1f} s of the processors: "
        + ", ".join(f"{name} {size:,.0f} MB" for name, size in sizes.items()),
        f"memory    {peak() / 1e3:6.1f} GB at the peak, {before / 1e3:.1f} GB before",
    )
    print("\n".join(lines))  # noqa: T201  # what it is for


if __name__ == "__main__":
    main()
