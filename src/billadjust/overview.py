"""What operators ask the ledger: its runs, what stands open, and how two runs differ."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import polars as pl

from billadjust.ledger import verify_files
from billadjust.nightly import NOT_POSTED
from billadjust.outputs.run_files import is_published
from billadjust.summary import provisional

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date
    from pathlib import Path

    from billadjust.ledger import RunRecord, Snapshot

_SUMS: Final = ("entries", "accounts", "net", "tax", "gross")


@dataclass(frozen=True)
class Status:
    """How things stand.

    `newest`: the newest run; `last_night`: the newest one that read inputs; `refunds`: as of `provisional`, with
    `days_left`, those that end first first; `holds`: of the last night; `not_posted`: where the files of a later run are
    that posted nothing (None: there are none); `is_published`: whether the files of the newest run were written.
    """

    runs: int
    entries: int
    newest: RunRecord | None
    last_night: RunRecord | None
    refunds: pl.DataFrame
    holds: pl.DataFrame | None
    not_posted: Path | None
    is_published: bool


def status(snapshot: Snapshot, outputs: Path, today: date) -> Status:
    """Say how things stand on a day; LedgerDamagedError if files of the ledger are missing. No figure is checked."""
    verify_files(snapshot)
    night = next((run for run in reversed(snapshot.runs) if not run.undoes), None)
    refunds = (
        provisional(snapshot.entries)
        .with_columns(days_left=(pl.col("deadline") - pl.lit(today)).dt.total_days())
        .sort("deadline", "claim")
        .collect(engine="streaming")
    )
    not_posted = outputs / NOT_POSTED
    return Status(
        runs=len(snapshot.runs),
        entries=sum(run.entries for run in snapshot.runs),
        newest=snapshot.newest,
        last_night=night,
        refunds=refunds,
        holds=pl.read_parquet(snapshot.attachment(night, "holds.parquet")) if night else None,
        not_posted=not_posted if not_posted.is_dir() else None,
        is_published=snapshot.newest is None or is_published(snapshot, snapshot.newest),
    )


def history(
    snapshot: Snapshot,
    *,
    since: date | None = None,
    until: date | None = None,
    rule: str | None = None,
    account: str | None = None,
) -> pl.DataFrame:
    """Return the runs of some dates, the newest last, with what they posted (of a rule, or for an account).

    Columns: run_id, as_of, entries, accounts, net, tax, gross (minor units), plan_hash, note (undone by, undoes). With a
    rule or an account only runs that posted something of it.
    """
    only = rule is not None or account is not None
    runs = [
        run for run in snapshot.runs if (since is None or run.as_of >= since) and (until is None or run.as_of <= until)
    ]
    undone = snapshot.undone
    named = pl.DataFrame(
        [(run.run_id, run.as_of, run.plan_hash, _note(run, undone.get(run.run_id))) for run in runs],
        schema={"run_id": pl.String, "as_of": pl.Date, "plan_hash": pl.String, "note": pl.String},
        orient="row",
    )
    recorded = not only and all(run.accounts is not None for run in runs)
    sums = _recorded(runs) if recorded else _summed(snapshot, since, until, rule, account)
    return (
        named.join(sums, on="run_id", how="inner" if only else "left")
        .with_columns(pl.col(_SUMS).fill_null(0))
        .select("run_id", "as_of", *_SUMS, "plan_hash", "note")
        .sort("run_id")
    )


def _recorded(runs: Iterable[RunRecord]) -> pl.DataFrame:
    """Return what the records say that the runs posted: the entries, of which there are millions, are not read."""
    rows = [(run.run_id, *(getattr(run, name) for name in _SUMS)) for run in runs]
    return pl.DataFrame(rows, schema={"run_id": pl.String(), **dict.fromkeys(_SUMS, pl.Int64())}, orient="row")


def _summed(
    snapshot: Snapshot, since: date | None, until: date | None, rule: str | None, account: str | None
) -> pl.DataFrame:
    """Sum up entries by run: those of some dates, of a rule, for an account."""
    entries = snapshot.entries
    if since:
        entries = entries.filter(pl.col("as_of") >= since)
    if until:
        entries = entries.filter(pl.col("as_of") <= until)
    if rule is not None:
        entries = entries.filter(pl.col("rule") == rule)
    if account is not None:
        entries = entries.filter(pl.col("account_id") == account)
    sums = entries.group_by("run_id").agg(
        pl.len().cast(pl.Int64).alias("entries"),
        pl.col("account_id").n_unique().cast(pl.Int64).alias("accounts"),
        pl.col("net", "tax", "gross").sum(),
    )
    return sums.collect(engine="streaming")


def difference(snapshot: Snapshot, one: str, two: str) -> pl.DataFrame:
    """Return what two runs posted, claim by claim.

    Columns: claim, rule, account_id, in_one, in_two (whether the run has entries of it), gross_one, gross_two,
    difference (what the second posted more; minor units). In the order of the claims.
    """
    sides = {"one": pl.col("run_id") == one, "two": pl.col("run_id") == two}
    return (
        snapshot.entries.filter(pl.col("run_id").is_in([one, two]))
        .group_by("claim", "rule", "account_id")
        .agg(
            *(here.any().alias(f"in_{side}") for side, here in sides.items()),
            *(pl.when(here).then("gross").otherwise(0).sum().alias(f"gross_{side}") for side, here in sides.items()),
        )
        .with_columns(difference=pl.col("gross_two") - pl.col("gross_one"))
        .sort("claim")
        .collect(engine="streaming")
    )


def _note(run: RunRecord, undone_by: str | None) -> str:
    if undone_by:
        return f"undone by {undone_by}"
    return f"undoes {run.undoes}" if run.undoes else ""
