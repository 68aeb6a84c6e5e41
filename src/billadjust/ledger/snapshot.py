"""Reading the ledger: what one run sees of it, unchanged by whatever another run does meanwhile."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import polars as pl
from deltalake import DeltaTable, Field, Schema
from deltalake.exceptions import DeltaError, TableNotFoundError
from deltalake.schema import PrimitiveType

from billadjust.durable import sha256_of
from billadjust.errors import ConfigError, LedgerDamagedError, UsageError
from billadjust.ledger.entries import AMOUNTS, RATE_DIGITS, from_table
from billadjust.ledger.records import RUNS, RunRecord, next_run_id
from billadjust.money import minor_digits
from billadjust.schemas import Entries

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import date
    from pathlib import Path

    import dataframely as dy

APPLICATION: Final = "billadjust"
"""Whose transactions the runs are: their version is the number of the run."""

CURRENCY: Final = "billadjust.currency"
"""Property of the table that holds the currency of its amounts."""

DATA_FILE: Final = re.compile(r"(\d{8}-\d{4,}-[0-9a-f]{8})\.parquet")
"""A run's entries: the stem of the run is the group."""

_TYPES: Final = {pl.String(): "string", pl.Int64(): "long", pl.Date(): "date"}


@dataclass(frozen=True)
class Snapshot:
    """The ledger as one run read it. `runs` are all runs, the newest last; `table` is None before the first."""

    path: Path
    currency: str
    table: DeltaTable | None
    runs: tuple[RunRecord, ...]

    @property
    def digits(self) -> int:
        """Decimals of an amount in the ledger's currency."""
        return minor_digits(self.currency)

    @property
    def entries(self) -> pl.LazyFrame:
        """All entries (schemas.Entries), in no particular order."""
        files = list(self.files)
        return from_table(pl.scan_parquet(files, glob=False), self.digits) if files else Entries.create_empty(lazy=True)

    @property
    def files(self) -> dict[Path, int]:
        """The files of the entries, each with the bytes that it was written with.

        They are named by their directory and the log, because Polars' own reader of such tables takes the path that
        delta-rs writes as a URI for one of the file system, and does not find `a%20b`.
        """
        if self.table is None:
            return {}
        listed = pl.DataFrame(self.table.get_add_actions(flatten=True)).sort("path")
        return {self.path / name: size for name, size in listed.select("path", "size_bytes").rows()}

    @property
    def newest(self) -> RunRecord | None:
        """The newest run, if there is one."""
        return self.runs[-1] if self.runs else None

    @property
    def undone(self) -> dict[str, str]:
        """The runs that were undone, each with the run that did it."""
        return {run.undoes: run.run_id for run in self.runs if run.undoes}

    def next_run_id(self, as_of: date) -> str:
        """Return the identifier that a run on this snapshot gets: `20260829-0007` is the seventh run of the ledger."""
        return next_run_id(len(self.runs), as_of)

    def run(self, run_id: str) -> RunRecord:
        """Return a run by its identifier; UsageError names the newest one if there is none of this name."""
        for record in self.runs:
            if record.run_id == run_id:
                return record
        known = f"The newest one is {self.newest.run_id}" if self.newest else "It has no runs yet"
        raise UsageError(
            f"There is no run {run_id} in the ledger {self.path}. {known}; the directory of a run's files has its name."
        )

    def kept(self, name: str, schema: type[dy.Schema], runs: Collection[str] | None = None) -> pl.LazyFrame:
        """Return the rows of a table that all runs, or these, kept beside their entries, in the order of the runs.

        Raises:
            LedgerDamagedError: a file is missing or another.
        """
        file = f"{name}.parquet"
        files = [
            self.attachment(record, file)
            for record in self.runs
            if record.rows(name) and (runs is None or record.run_id in runs)
        ]
        return pl.scan_parquet(files, glob=False) if files else schema.create_empty(lazy=True)

    def attachment(self, record: RunRecord, name: str) -> Path:
        """Return the path of a run's attachment, its content checked against the SHA-256 in the commit.

        Raises:
            KeyError: the run has no attachment of this name.
            LedgerDamagedError: the file is missing or another.
        """
        path = record.directory(self.path) / name
        try:
            found = sha256_of(path)
        except OSError as error:
            raise LedgerDamagedError(f"{path}: cannot be read ({error.strerror}). Restore it from a backup.") from error
        if found != record.attachments[name]:
            raise LedgerDamagedError(
                f"{path}: was changed after run {record.run_id} wrote it. Restore it from a backup."
            )
        return path


def open_ledger(path: Path, currency: str) -> Snapshot:
    """Read the ledger at `path`. Nothing is written: before its first run a ledger is an empty snapshot.

    Raises:
        ConfigError: the table holds another currency, or is no ledger.
        LedgerDamagedError: the table cannot be read, or commits are missing.
    """
    table = open_table(path)
    if table is None:
        return Snapshot(path, currency, None, ())
    held = table.metadata().configuration.get(CURRENCY)
    if held is None:
        raise ConfigError(
            f"{path} is a Delta Lake table, but no ledger of this program. Give another path as ledger.path."
        )
    if held != currency:
        raise ConfigError(
            f"The ledger {path} holds {held}, but the configuration says {currency}. "
            "A ledger has one currency: correct `currency`, or give another path as ledger.path."
        )
    return Snapshot(path, currency, table, read_runs(table, path))


def open_table(path: Path) -> DeltaTable | None:
    """Open the table, None if there is none; LedgerDamagedError if there is one that cannot be opened."""
    try:
        return DeltaTable(path)
    except TableNotFoundError as error:
        if (path / RUNS).exists() or (path.is_dir() and any(DATA_FILE.fullmatch(file.name) for file in path.iterdir())):
            raise LedgerDamagedError(
                f"The ledger {path} has files of runs, but its log _delta_log is missing. Restore it from a backup."
            ) from error
        return None
    except (DeltaError, OSError) as error:
        raise _unreadable(path, error) from error


def read_runs(table: DeltaTable, path: Path) -> tuple[RunRecord, ...]:
    """Return the records of all runs, the newest last, and check that no commit is missing.

    The commits are read from their files: delta-rs finds no history where the path holds `#` or `?`.
    """
    commits = [path / "_delta_log" / f"{number:020d}.json" for number in range(table.version() + 1)]
    for number, file in enumerate(commits):
        if not file.is_file() or not file.stat().st_size:
            raise LedgerDamagedError(
                f"The ledger {path} lacks commit {number}: {file} is missing or empty. If it is empty and the last one, "
                "power failed before its run was acknowledged: remove it and run again. Otherwise restore it from a backup."
            )
    try:
        said = [_commit_info(number, file) for number, file in enumerate(commits)]
        newest = table.transaction_version(APPLICATION) or 0
    except (DeltaError, OSError, ValueError) as error:
        raise _unreadable(path, error) from error
    runs = tuple(record for record in map(RunRecord.from_metadata, said) if record is not None)
    if [run.number for run in runs] != list(range(1, newest + 1)):
        raise LedgerDamagedError(
            f"The ledger {path} should have runs 1 to {newest}, but its log describes "
            f"{', '.join(run.run_id for run in runs) or 'none'}. Restore its _delta_log directory from a backup."
        )
    return runs


def _commit_info(number: int, file: Path) -> dict[str, Any]:
    """Return what a commit says about itself; of its lines, each an action, one has it."""
    actions = map(json.loads, file.read_bytes().splitlines())
    about: dict[str, Any] = next((action["commitInfo"] for action in actions if "commitInfo" in action), {})
    return about | {"version": number}


def table_schema(digits: int) -> Schema:
    """Return the columns of the table: those of schemas.Entries, with amounts as decimals of the currency."""
    decimals = dict.fromkeys(AMOUNTS, f"decimal(18,{digits})") | {"tax_rate": f"decimal(7,{RATE_DIGITS})"}
    return Schema(
        [
            Field(name, PrimitiveType(decimals.get(name, _TYPES[column.dtype])), nullable=column.nullable)
            for name, column in Entries.columns().items()
        ]
    )


def _unreadable(path: Path, error: Exception) -> LedgerDamagedError:
    cause = str(error).splitlines()[0]
    return LedgerDamagedError(
        f"The ledger {path} cannot be read: {cause}. Restore its _delta_log directory from a backup."
    )
