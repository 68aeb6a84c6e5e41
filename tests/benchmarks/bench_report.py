"""What the report of a run with a million entries takes: seconds to write it, its size, the memory at the peak.

    python tests/benchmarks/bench_report.py [ENTRIES] [--keep FILE]

The ledger has thirty earlier runs with a fiftieth of the entries each; the run has review items, rejected rows and open
refunds in proportion. `--keep` writes the page into a file, to be looked at.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from billadjust.ledger import RunRecord, Snapshot, append, open_ledger, plan_hash
from billadjust.observed import rejects
from billadjust.plan import Plan
from billadjust.report import Page, report_page
from billadjust.review import REVIEW, TOPICS
from billadjust.rules import RULES
from billadjust.schemas import Entries, Rejected
from billadjust.summary import found, open_refunds, posted

AS_OF: Final = date(2026, 8, 29)
EARLIER: Final = 30
WAIVER_DAYS: Final = 45
SECONDS: Final = {
    "ledger": 1.2,
    "reading": 210.4,
    "spans": 6.1,
    "usage": 95.0,
    "lines": 31.7,
    "claims": 12.9,
    "settling": 44.3,
}
MOST_S: Final = 10
MOST_BYTES: Final = 3_000_000

RULE_NAMES: Final = tuple(rule.__name__ for rule in RULES)
WEIGHTS: Final = (0.12, 0.05, 0.03, 0.30, 0.20, 0.10, 0.05, 0.15)


def entries_of(rng: np.random.Generator, count: int, run_id: str, as_of: date) -> pl.DataFrame:
    """Make the entries of a run (schemas.Entries): amounts from cents to hundreds, disputes of the last 45 days."""
    rule = rng.choice(len(RULES), count, p=WEIGHTS)
    net = np.maximum(1, np.round(100 * rng.lognormal(1.2, 1.1, count))).astype(np.int64)
    drawn = pl.DataFrame({"rule": rule, "net": net, "days": rng.integers(0, WAIVER_DAYS + 1, count)})
    is_dispute = pl.col("rule") == "dispute_refund"
    bucket = pl.when(is_dispute).then(pl.lit("provisional")).otherwise(pl.lit("final"))
    settlement = (
        pl.when(is_dispute)
        .then(pl.lit("provisional_credit"))
        .when(pl.col("rule").is_in(["outage_credit", "best_price", "error_indemnity"]))
        .then(pl.lit("bill_discount"))
        .otherwise(pl.lit("credit_note"))
    )
    number = pl.int_range(pl.len()).cast(pl.String)
    return (
        drawn.with_columns(rule=pl.col("rule").replace_strict(dict(enumerate(RULE_NAMES)), return_dtype=pl.String))
        .with_columns(bucket=bucket, settlement=settlement, key=pl.lit(f"{run_id}/") + number)
        .with_columns(claim=pl.concat_str("rule", "key", separator="|"), tax=(pl.col("net") * 21 + 50) // 100)
        .select(
            entry_id=pl.concat_str("claim", "bucket", pl.lit("1"), separator="|"),
            run_id=pl.lit(run_id),
            as_of=pl.lit(as_of),
            rule="rule",
            claim="claim",
            bucket="bucket",
            kind=pl.lit("credit"),
            settlement="settlement",
            account_id=pl.lit("A") + (pl.int_range(pl.len()) * 7919 % (count * 2 // 3 + 1)).cast(pl.String),
            subscription_id=pl.lit("S") + number,
            invoice_id=pl.lit("F") + number,
            line_no=pl.lit(1, pl.Int64),
            source_ref=pl.lit("D") + number,
            bill_period=pl.lit(date(2026, 9, 1)),
            deadline=pl.when(is_dispute).then(pl.lit(AS_OF) + pl.duration(days="days")),
            currency=pl.lit("EUR"),
            net="net",
            tax_rate=pl.lit(210_000, pl.Int64),
            tax="tax",
            gross=pl.col("net") + pl.col("tax"),
            policy_ref=pl.lit("reference"),
            explanation=pl.lit("explanation"),
            evidence=pl.lit("{}"),
        )
        .select(Entries.column_names())
    )


def ledger_of(directory: Path, rng: np.random.Generator, count: int) -> Snapshot:
    """Post the earlier runs."""
    for back in range(EARLIER, 0, -1):
        snapshot = open_ledger(directory, "EUR")
        as_of = AS_OF - timedelta(days=back)
        run_id = snapshot.next_run_id(as_of)
        entries = entries_of(rng, int(count * rng.uniform(0.5, 1.5)), run_id, as_of)
        append(snapshot, entries, RunRecord.of(run_id, as_of, ["accounts"], entries), {})
    return open_ledger(directory, "EUR")


def plan_of(snapshot: Snapshot, rng: np.random.Generator, count: int) -> Plan:
    """Make the plan of a run, with a summary as a night has it."""
    run_id = snapshot.next_run_id(AS_OF)
    entries = entries_of(rng, count, run_id, AS_OF)
    number = pl.int_range(count // 5, dtype=pl.Int64, eager=True)
    review = pl.DataFrame(
        {
            "topic": pl.Series(list(TOPICS)).gather(number % len(TOPICS)),
            "account_id": "A" + number.cast(pl.String),
            "invoice_id": "F" + number.cast(pl.String),
            "line_no": number % 9 + 1,
            "reference": "S" + number.cast(pl.String),
            "amount": number % 10_000,
            "message": pl.repeat("message", number.len(), eager=True),
        },
        schema=REVIEW,
    )
    rejected = pl.DataFrame(
        {
            "input": pl.Series(["cdrs", "invoice_lines", "disputes"]).gather(number % 3),
            "file": "part-" + (number % 40).cast(pl.String) + ".csv",
            "line": number,
            "column": pl.repeat("quantity", number.len(), eager=True),
            "value": number.cast(pl.String),
            "reason": "there are more than " + (number % 70).cast(pl.String) + " of them",
        }
    )
    Rejected.validate(rejected)
    tables = {"review": review, "rejected": rejected}
    counts = {"rows": count, "accepted": count - number.len(), "rejected": number.len(), "repeats": 0}
    change = {"tariff_id": "net", "from_version": 1, "customers": 9_000, "lines": 9_500, "to_move": 40}
    fees = {
        "effective_from": "2026-06-01",
        "old_monthly_fee": "8.30",
        "new_monthly_fee": "6.90",
        "yearly_cost": "159600.00",
    }
    outage = {
        "service": "data",
        "region": None,
        "cause": "cut fibre",
        "part_of": None,
        "why_not": None,
        "minutes": "65",
    }
    when = {"started_at": "2026-08-25T14:00:00+02:00", "ended_at": "2026-08-25T15:05:00+02:00"}
    money = {"lines": 1_000, "net": "690.00", "gross": "834.90", "total_gross": "834.90"}
    summary = {
        **posted(entries, snapshot.digits),
        "inputs": {"cdrs": counts},
        "remarks": [],
        **found(tables),
        "rejected": rejects(rejected),
        "outages": [{"outage_id": f"OUT-{n}", **outage, **when, **money} for n in range(200)],
        "improvements": [{**change, **fees, "to_version": n} for n in range(2, 102)],
        "open_refunds": open_refunds(pl.concat([snapshot.entries, entries.lazy()]), AS_OF, snapshot.digits),
        "control_totals": {"cdrs": {"charged": "1234567.89"}},
        "limits": [{"limit": "run_gross", "allowed": None, "found": "1.00", "beyond": False, "of": None}],
        "beyond_limits": [],
    }
    return Plan(run_id, AS_OF, ("accounts",), entries, tables, summary, plan_hash(entries))


def main() -> None:
    """Measure, print, and fail if it is too slow or too large."""
    parser = argparse.ArgumentParser(description="Measure the report.")
    parser.add_argument("entries", type=int, nargs="?", default=1_000_000)
    parser.add_argument("--keep", type=Path)
    asked = parser.parse_args()
    rng = np.random.default_rng(1)
    with tempfile.TemporaryDirectory() as name:
        snapshot = ledger_of(Path(name) / "ledger", rng, asked.entries // 50)
        plan = plan_of(snapshot, rng, asked.entries)
        before = _peak_gb()
        begin = time.perf_counter()
        page = report_page(plan, snapshot, Page("es", SECONDS))
        seconds = time.perf_counter() - begin
    size = len(page.encode())
    if asked.keep:
        asked.keep.write_text(page, "utf-8")
    lines = (
        f"the report of {plan.entries.height:,} entries, {plan.tables['review'].height:,} items for review",
        f"written {seconds:8.2f} s (at most {MOST_S})",
        f"size    {size / 1e6:8.2f} MB (at most {MOST_BYTES / 1e6:.0f})",
        f"memory  {_peak_gb():8.2f} GB at the peak, {before:.2f} before",
    )
    print("\n".join(lines))  # noqa: T201  # what it is for
    if seconds > MOST_S or size > MOST_BYTES:
        sys.exit("The report is beyond its bounds.")


def _peak_gb() -> float:
    """Most memory that this process ever had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


if __name__ == "__main__":
    main()
