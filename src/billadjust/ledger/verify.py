"""Whether the stored ledger is what the runs have posted."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import polars as pl
from deltalake.exceptions import DeltaError

from billadjust.errors import LedgerDamagedError
from billadjust.ledger.entries import AMOUNTS, contradictions, plan_hash
from billadjust.money import as_decimal

if TYPE_CHECKING:
    from billadjust.ledger.records import RunRecord
    from billadjust.ledger.snapshot import Snapshot


def verify(snapshot: Snapshot, *, deep: bool = False) -> None:
    """Raise LedgerDamagedError with a line for each damage that `damages` finds."""
    _raise(snapshot, damages(snapshot, deep=deep))


def _raise(snapshot: Snapshot, found: list[str]) -> None:
    if found:
        raise LedgerDamagedError(
            f"The ledger {snapshot.path} is damaged; nothing is posted on it. Restore it from a backup.\n"
            + "\n".join(found)
        )


def verify_files(snapshot: Snapshot) -> None:
    """Raise LedgerDamagedError if files of the ledger are missing or cut off; their figures are not looked at."""
    _raise(snapshot, _missing_files(snapshot))


def damages(snapshot: Snapshot, *, deep: bool = False) -> list[str]:
    """Say, a line each, what is wrong with the ledger; an empty list is good news.

    Every run checks this: the files are there, the entries do not contradict each other, and each run's entries are as
    many and sum up to what its commit says. `deep` also computes again the hash of every plan and every attachment.
    """
    found = _missing_files(snapshot) or _dates(snapshot)
    if found or snapshot.table is None:
        return found
    try:
        found = _totals(snapshot) + contradictions(snapshot.entries, snapshot.digits)
        if deep and not found:
            found = [line for record in snapshot.runs for line in _run_damages(snapshot, record)]
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, DeltaError, OSError) as error:
        found = [f"The entries cannot be read: {str(error).splitlines()[0]}"]
    return found


def _missing_files(snapshot: Snapshot) -> list[str]:
    lines = []
    for path, size in snapshot.files.items():
        if not path.is_file():
            lines.append(f"{path} is missing.")
        elif path.stat().st_size != size:
            lines.append(f"{path} has {path.stat().st_size:,} bytes; it was written with {size:,}.")
    return lines


def _dates(snapshot: Snapshot) -> list[str]:
    return [
        f"Run {later.run_id} is of {later.as_of}, before the {earlier.as_of} of run {earlier.run_id}."
        for earlier, later in pairwise(snapshot.runs)
        if later.as_of < earlier.as_of
    ]


def _totals(snapshot: Snapshot) -> list[str]:
    """Compare the entries of each run with its record."""
    sums = (
        snapshot.entries.group_by("run_id", "as_of", "currency")
        .agg(pl.len(), pl.col(AMOUNTS).sum())
        .sort("run_id", "as_of", "currency")
        .collect(engine="streaming")
    )
    posted = {(run_id, as_of, currency): tuple(rest) for run_id, as_of, currency, *rest in sums.rows()}
    recorded = {
        (run.run_id, run.as_of, snapshot.currency): (run.entries, run.net, run.tax, run.gross)
        for run in snapshot.runs
        if run.entries
    }
    return [
        *(
            f"Run {key[0]} posted {_summary(recorded[key], snapshot.digits)}, "
            f"but the ledger holds {_summary(posted.get(key, (0, 0, 0, 0)), snapshot.digits)} of it."
            for key in recorded
            if posted.get(key) != recorded[key]
        ),
        *(
            f"{_summary(posted[key], snapshot.digits)} of run {key[0]}, {key[1]}, in {key[2]}, belong to no recorded run."
            for key in posted
            if key not in recorded
        ),
    ]


def _summary(totals: tuple[int, ...], digits: int) -> str:
    count, net, tax, gross = totals
    amounts = [as_decimal(amount, digits) for amount in (net, tax, gross)]
    return f"{count:,} entries (net {amounts[0]}, tax {amounts[1]}, gross {amounts[2]})"


def _run_damages(snapshot: Snapshot, record: RunRecord) -> list[str]:
    """Compute again the hashes of one run."""
    entries = snapshot.entries.filter(pl.col("run_id") == record.run_id).collect()
    lines = []
    if plan_hash(entries) != record.plan_hash:
        lines.append(f"The entries of run {record.run_id} are not those that it posted: their plan hash is another.")
    for name in record.attachments:
        try:
            snapshot.attachment(record, name)
        except LedgerDamagedError as error:
            lines.append(str(error))
    return lines
