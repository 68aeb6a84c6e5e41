"""What the commit of a run says about it: read, planned, posted."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, Final

from billadjust.errors import LedgerDamagedError
from billadjust.ledger.entries import AMOUNTS, plan_hash

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    import polars as pl

RUNS: Final = "_runs"
"""Directory of the attachments; Delta Lake leaves names with an underscore alone."""

UNDOES: Final = "undoes"
"""Detail of the record of a run that undid another one: that one's identifier."""

ROWS: Final = "rows"
"""Detail of a record: how many rows each table has that the run kept."""

_RECORD: Final = "billadjust.run"
_DIGEST: Final = "billadjust.sha256"


@dataclass(frozen=True)
class RunRecord:
    """One run as its commit describes it.

    `inputs` names the inputs that were present. `entries` counts what was posted; `net`, `tax` and `gross` are its sums
    in minor units, `accounts` how many customers it was for (None: not counted, by earlier versions). `details` is whatever JSON the run wants to keep (its summary, the run that it undid). `stem` names
    the run's files, and `attachments` gives the SHA-256 of each file in `LEDGER/_runs/STEM/`; `append` fills both in.
    `posted_at` is the time of the commit, which is read with it and not a part of what it says.
    """

    run_id: str
    as_of: date
    inputs: tuple[str, ...]
    plan_hash: str
    entries: int
    net: int
    tax: int
    gross: int
    details: Mapping[str, Any] = field(default_factory=dict)
    stem: str = ""
    attachments: Mapping[str, str] = field(default_factory=dict)
    accounts: int | None = None
    posted_at: datetime | None = field(default=None, compare=False)

    @staticmethod
    def of(
        run_id: str, as_of: date, inputs: Iterable[str], entries: pl.DataFrame, details: Mapping[str, Any] | None = None
    ) -> RunRecord:
        """Describe a run that posts these entries (schemas.Entries)."""
        net, tax, gross = (int(entries[name].sum()) for name in AMOUNTS)
        return RunRecord(
            run_id,
            as_of,
            tuple(sorted(inputs)),
            plan_hash(entries),
            entries.height,
            net,
            tax,
            gross,
            details or {},
            accounts=entries["account_id"].n_unique(),
        )

    @property
    def number(self) -> int:
        """The number of the run, counting all runs of the ledger from 1."""
        return int(self.run_id.rpartition("-")[2])

    @property
    def undoes(self) -> str | None:
        """The run that this one undid, if that is what it did."""
        return self.details.get(UNDOES)

    def rows(self, table: str) -> int:
        """Return how many rows of a table the run kept; 0 if it kept no such table."""
        return int(self.details.get(ROWS, {}).get(table, 0))

    def directory(self, ledger: Path) -> Path:
        """Return where the attachments are."""
        return ledger / RUNS / self.stem

    def to_metadata(self) -> dict[str, str]:
        """Return the record as the commit's metadata: JSON, and the SHA-256 of this JSON."""
        said = asdict(self) | {"as_of": self.as_of.isoformat()}
        del said["posted_at"]
        text = json.dumps(said, ensure_ascii=False, sort_keys=True)
        return {_RECORD: text, _DIGEST: hashlib.sha256(text.encode()).hexdigest()}

    @staticmethod
    def from_metadata(commit: Mapping[str, Any]) -> RunRecord | None:
        """Read the record of a commit; None if the commit is none of a run.

        Raises:
            LedgerDamagedError: the record is not as it was written.
        """
        text = commit.get(_RECORD)
        if text is None:
            return None
        if hashlib.sha256(str(text).encode()).hexdigest() != commit.get(_DIGEST):
            raise LedgerDamagedError(
                f"The record of commit {commit.get('version')} was changed after it was written: its SHA-256 is another. "
                "Restore the ledger's _delta_log directory from a backup."
            )
        content = json.loads(text)
        typed = {
            "as_of": date.fromisoformat(content["as_of"]),
            "inputs": tuple(content["inputs"]),
            "posted_at": datetime.fromtimestamp(commit["timestamp"] / 1000, UTC),
        }
        return RunRecord(**content | typed)


def next_run_id(runs: int, as_of: date) -> str:
    """Return the identifier of the run after so many: `20260829-0007`. Identifiers sort as the runs were made."""
    return f"{as_of:%Y%m%d}-{runs + 1:04d}"
