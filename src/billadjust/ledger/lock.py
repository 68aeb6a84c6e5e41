"""One writer at a time, and what a crashed one left behind."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING

from deltalake.exceptions import DeltaError
from filelock import FileLock, Timeout

from billadjust.durable import make_directory
from billadjust.errors import LedgerBusyError, LedgerDamagedError, UsageError
from billadjust.ledger.records import RUNS
from billadjust.ledger.snapshot import DATA_FILE, open_table, read_runs

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def lock(path: Path) -> Iterator[None]:
    """Hold the ledger for writing; the operating system lets go of it even if the process is killed.

    The ledger must be read after the lock was taken. Files of runs that crashed before their commit are removed.

    Raises:
        LedgerBusyError: another run holds it.
        UsageError: the directory cannot be written.
    """
    holder = FileLock(path / ".lock", timeout=0)
    try:
        make_directory(path)
        holder.acquire()
    except Timeout as error:
        raise LedgerBusyError(
            f"Another run holds the ledger {path}. Nothing was posted. Wait until it has ended, then run again."
        ) from error
    except OSError as error:
        raise UsageError(
            f"The ledger {path} cannot be written: {error.strerror}. Check ledger.path and the rights of its directory."
        ) from error
    try:
        _remove_leftovers(path)
        yield
    finally:
        holder.release()


def _remove_leftovers(path: Path) -> None:
    """Remove the files of runs that never were: no commit names them. A damaged ledger is left as it is."""
    try:
        table = open_table(path)
        known = {run.stem for run in read_runs(table, path)} if table else set()
        active = {uri.rpartition("/")[2] for uri in table.file_uris()} if table else set()
    except (LedgerDamagedError, DeltaError):
        return
    for file in path.glob("*.parquet"):
        match = DATA_FILE.fullmatch(file.name)
        if match and match[1] not in known and file.name not in active:
            file.unlink()
    for file in path.glob("_delta_log/*.json#*"):
        file.unlink()
    for directory in path.glob(f"{RUNS}/*"):
        if directory.name not in known:
            shutil.rmtree(directory)
