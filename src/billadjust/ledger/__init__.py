"""The ledger: every entry that was ever posted, in one append-only Delta Lake table.

A run reads a `Snapshot`, plans on it, and appends its entries to that very snapshot in one atomic commit. The commit
carries the run's record (what was read, how much was posted), so that a run without entries leaves its trace too. What
cannot be derived from the entries (the desired-state orders, review and rejected rows) is written beside the table
before the commit, and the commit names it with its SHA-256: it becomes true in the same instant.

    LEDGER/_delta_log/              the commits, one a run after the first, which makes the table
    LEDGER/RUN_ID-RANDOM.parquet    the entries of a run
    LEDGER/_runs/RUN_ID-RANDOM/     its attachments
    LEDGER/.lock                    held by the run that may write
"""

from __future__ import annotations

from billadjust.ledger.append import append
from billadjust.ledger.entries import contradictions, plan_hash
from billadjust.ledger.lock import lock
from billadjust.ledger.records import ROWS, UNDOES, RunRecord
from billadjust.ledger.snapshot import Snapshot, open_ledger
from billadjust.ledger.verify import damages, verify, verify_files

__all__ = [
    "ROWS",
    "UNDOES",
    "RunRecord",
    "Snapshot",
    "append",
    "contradictions",
    "damages",
    "lock",
    "open_ledger",
    "plan_hash",
    "verify",
    "verify_files",
]
