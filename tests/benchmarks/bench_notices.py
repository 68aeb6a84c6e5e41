"""What a million letters cost: entries of one night in, letters as CSV out.

Run it with `python tests/benchmarks/bench_notices.py [ACCOUNTS]`; it prints seconds and the memory at the peak. Every
account has an entry; a third of them have a refund that became final (two entries), a third an error with its
indemnity (two entries), the others an outage credit. Each letter also tells of a better tariff.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

import polars as pl

from billadjust.announcements import announcements
from billadjust.notices import notices
from billadjust.outputs.csvfile import write_csv
from billadjust.schemas import Entries

DISPUTE = (
    '{"owed":"9.90","posted":"0.00","dispute":"D","standing":"waived","opened_on":"2026-03-01","deadline":"2026-04-15",'
    '"resolved_on":null,"charged":"9.90","explanation":null}'
)
OUTAGE = (
    '{"owed":"0.69","posted":"0.00","outages":"O","started_at":"2026-08-25T14:00:00+02:00","minutes":"65",'
    '"cycle_minutes":44640,"fee":"6.90","percent":"10","by_share":"0.69","by_time":"0.01","at_most":"6.90"}'
)
ERROR = '{"owed":"238.79","posted":"0.00","charged":"250.00","contract":"11.21","versions":"card/1","units":17}'
INDEMNITY = '{"owed":"23.88","posted":"0.00","wrong":"238.79","percent":"10"}'

KINDS = (
    (0, "outage_credit", "final", "credit", "bill_discount", 69, 14, OUTAGE),
    (1, "dispute_refund", "final", "finalisation", "credit_note", 990, 208, DISPUTE),
    (1, "dispute_refund", "provisional", "finalisation", "provisional_credit", -990, -208, DISPUTE),
    (2, "billing_error", "final", "credit", "credit_note", 23879, 5015, ERROR),
    (2, "error_indemnity", "final", "credit", "bill_discount", 2388, 0, INDEMNITY),
)


def entries_of(accounts: int) -> pl.DataFrame:
    """Make the entries of a night (schemas.Entries)."""
    number = pl.int_range(accounts, dtype=pl.Int64).alias("number")
    every = pl.select(number).with_columns(account_id=pl.format("A{}", "number"), claim=pl.format("F{}", "number"))
    parts = [
        every.filter(pl.col("number") % 3 == third).select(
            entry_id=pl.format(f"{rule}|{{}}|1|{bucket}|1", "claim"),
            run_id=pl.lit("20260829-0001"),
            as_of=pl.lit(date(2026, 8, 29)),
            rule=pl.lit(rule),
            claim=pl.format(f"{rule}|{{}}|1", "claim"),
            bucket=pl.lit(bucket),
            kind=pl.lit(kind),
            settlement=pl.lit(settlement),
            account_id="account_id",
            subscription_id=pl.format("S{}", "number"),
            invoice_id="claim",
            line_no=pl.lit(1, pl.Int64),
            source_ref=pl.lit(None, pl.String),
            bill_period=pl.lit(date(2026, 9, 1)),
            deadline=pl.lit(date(2026, 4, 15)),
            currency=pl.lit("EUR"),
            net=pl.lit(net, pl.Int64),
            tax_rate=pl.lit(210_000, pl.Int64),
            tax=pl.lit(tax, pl.Int64),
            gross=pl.lit(net + tax, pl.Int64),
            policy_ref=pl.lit("reference"),
            explanation=pl.lit("explanation"),
            evidence=pl.lit(figures),
        )
        for third, rule, bucket, kind, settlement, net, tax, figures in KINDS
    ]
    return pl.concat(parts).select(Entries.column_names())


def announced(accounts: int) -> pl.DataFrame:
    """Announce to every account that a line of theirs moves to a better version (as of `announcements`)."""
    changes = pl.select(pl.int_range(accounts, dtype=pl.Int64).alias("number")).select(
        account_id=pl.format("A{}", "number"),
        subscription_id=pl.format("S{}", "number"),
        tariff_id=pl.lit("net"),
        effective_from=pl.lit(date(2026, 9, 15)),
        old_monthly_fee=pl.lit(8_300_000, pl.Int64),
        new_monthly_fee=pl.lit(6_900_000, pl.Int64),
    )
    names = ("order", "account_id", "subscription_id", "invoice_id")
    return announcements(pl.DataFrame(schema=dict.fromkeys(names, pl.String)), changes, "EUR")


def main() -> None:
    """Measure and print."""
    accounts = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    entries = entries_of(accounts)
    number = pl.int_range(accounts, dtype=pl.Int64).alias("number")
    recipients = pl.select(number).select(
        account_id=pl.format("A{}", "number"),
        name=pl.format("Customer {}", "number"),
        email=pl.format("customer.{}@example.com", "number"),
        language=pl.when(pl.col("number") % 2 == 0).then(pl.lit("es")).otherwise(pl.lit("en")),
    )
    told = announced(accounts)
    before = peak()
    begin, busy = time.perf_counter(), time.process_time()
    letters = notices(entries, recipients, 2, announced=told)
    written, busy = time.perf_counter() - begin, time.process_time() - busy
    with tempfile.TemporaryDirectory() as name:
        begin = time.perf_counter()
        letters.write_parquet(Path(name) / "notices.parquet")
        kept = time.perf_counter() - begin
        begin = time.perf_counter()
        write_csv(letters.drop("name"), Path(name) / "notices.csv")
        published = time.perf_counter() - begin
        sizes = [path.stat().st_size / 1e6 for path in sorted(Path(name).iterdir())]
    lines = (
        f"{letters.height:,} letters of {entries.height:,} entries and {told.height:,} announcements",
        f"written   {written:6.1f} s, {busy:.1f} s of the processors",
        f"kept      {kept:6.1f} s, {sizes[1]:,.0f} MB of Parquet",
        f"published {published:6.1f} s, {sizes[0]:,.0f} MB of CSV",
        f"memory    {peak() / 1e3:6.1f} GB at the peak, of which {before / 1e3:.1f} GB are entries and announcements",
    )
    print("\n".join(lines))  # noqa: T201  # what it is for


def peak() -> float:
    """Most memory that this process ever had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


if __name__ == "__main__":
    main()
