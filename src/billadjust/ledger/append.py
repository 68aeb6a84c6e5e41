"""Posting: one atomic, durable commit on the snapshot that was planned on (§8.1)."""

from __future__ import annotations

import json
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import polars as pl
from deltalake import CommitProperties, DeltaTable, PostCommitHookProperties, Transaction
from deltalake.exceptions import CommitFailedError, DeltaError
from deltalake.transaction import AddAction, RemoveAction

from billadjust.durable import make_directory, sha256_of, sync_directory, sync_file
from billadjust.errors import BilladjustError, LedgerBusyError
from billadjust.ledger.entries import COMPARED, contradictions, to_table
from billadjust.ledger.records import RunRecord
from billadjust.ledger.snapshot import APPLICATION, CURRENCY, Snapshot, open_table, table_schema
from billadjust.schemas import Entries

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_CONFIGURATION: Final = {
    "delta.appendOnly": "true",
    # The records of the runs live in the log: it is never shortened.
    "delta.enableExpiredLogCleanup": "false",
    "delta.logRetentionDuration": "interval 36500 days",
}
# A checkpoint is written without being confirmed by the disk, and one that is cut off makes the whole log unreadable.
_AFTER_COMMIT: Final = PostCommitHookProperties(create_checkpoint=False, cleanup_expired_logs=False)


def append(
    snapshot: Snapshot, entries: pl.DataFrame, record: RunRecord, attachments: Mapping[str, bytes | pl.DataFrame]
) -> RunRecord:
    """Post a run: all of its entries (schemas.Entries) or none. Call it with the ledger's lock held.

    A run without entries is committed too: its record says what was read. An attachment is a file name with bytes, or
    with a frame that becomes a Parquet file. When this returns, the disk holds the run. Returns the record as posted.

    Raises:
        LedgerBusyError: the ledger was changed since the snapshot was read.
        BilladjustError: the plan contradicts itself or the ledger, or the disk refused it; nothing was posted.
    """
    _check(snapshot, entries, record)
    path = snapshot.path
    record = replace(record, stem=f"{record.run_id}-{uuid.uuid4().hex[:8]}")
    try:
        table = _current_table(snapshot)
        record = replace(record, attachments=_write_attachments(record.directory(path), attachments))
        data = _write_entries(path, record, to_table(entries, snapshot.digits)) if entries.height else []
        table.create_write_transaction(
            data,
            mode="append",
            schema=table_schema(snapshot.digits),
            commit_properties=CommitProperties(
                custom_metadata=record.to_metadata(),
                max_commit_retries=1,
                app_transactions=[Transaction(APPLICATION, record.number)],
            ),
            post_commithook_properties=_AFTER_COMMIT,
        )
    except CommitFailedError as error:
        raise _busy(path) from error
    except (OSError, DeltaError, pl.exceptions.PolarsError) as error:
        cause = str(error).splitlines()[0]
        raise BilladjustError(f"The ledger {path} could not be written: {cause}. Nothing was posted.") from error
    _sync_log(path)
    return record


def _check(snapshot: Snapshot, entries: pl.DataFrame, record: RunRecord) -> None:
    """Refuse what would damage the ledger: whatever went wrong before, it stops here."""
    Entries.validate(entries)
    wrong = []
    if record.run_id != snapshot.next_run_id(record.as_of):
        wrong.append(f"The run is {record.run_id}, but the next one is {snapshot.next_run_id(record.as_of)}.")
    if snapshot.newest and record.as_of < snapshot.newest.as_of:
        wrong.append(f"The date {record.as_of} is before that of the newest run, {snapshot.newest.as_of}.")
    if record != RunRecord.of(record.run_id, record.as_of, record.inputs, entries, record.details):
        wrong.append("The record is not that of these entries.")
    alien = entries.filter(
        (pl.col("run_id") != record.run_id)
        | (pl.col("as_of") != record.as_of)
        | (pl.col("currency") != snapshot.currency)
    )
    if alien.height:
        wrong.append(f"{alien.height} entries are of another run, date or currency.")
    touched = snapshot.entries.join(entries.lazy().select("claim").unique(), on="claim", how="semi").select(COMPARED)
    together = pl.concat([touched, entries.lazy().select(COMPARED)]).collect(engine="streaming")
    wrong += contradictions(together.lazy(), snapshot.digits)
    if wrong:
        raise BilladjustError("This is a fault of the program; nothing was posted.\n" + "\n".join(wrong))


def _current_table(snapshot: Snapshot) -> DeltaTable:
    """Return the table that was planned on, made now if there was none; LedgerBusyError if it has changed since."""
    current = open_table(snapshot.path)
    if snapshot.table is None:
        if current is not None:
            raise _busy(snapshot.path)
        return _create(snapshot)
    if current is None or current.version() != snapshot.table.version():
        raise _busy(snapshot.path)
    return snapshot.table


def _create(snapshot: Snapshot) -> DeltaTable:
    table = DeltaTable.create(
        snapshot.path,
        table_schema(snapshot.digits),
        name="billadjust ledger",
        configuration=_CONFIGURATION | {CURRENCY: snapshot.currency},
        post_commithook_properties=_AFTER_COMMIT,
        raise_if_key_not_exists=False,
    )
    _sync_log(snapshot.path)
    return table


def _write_attachments(directory: Path, attachments: Mapping[str, bytes | pl.DataFrame]) -> dict[str, str]:
    if attachments:
        make_directory(directory)
    for name, content in attachments.items():
        if isinstance(content, bytes):
            (directory / name).write_bytes(content)
        else:
            content.write_parquet(directory / name)
        sync_file(directory / name)
    if attachments:
        sync_directory(directory)
    return {name: sha256_of(directory / name) for name in sorted(attachments)}


def _write_entries(path: Path, record: RunRecord, entries: pl.DataFrame) -> list[AddAction | RemoveAction]:
    """Write the data file, and describe it so that readers of another run skip it."""
    file = path / f"{record.stem}.parquet"
    entries.sort("entry_id").write_parquet(file)
    sync_file(file)
    sync_directory(path)
    bounds = {"run_id": record.run_id, "as_of": record.as_of.isoformat()}
    stats = {
        "numRecords": entries.height,
        "minValues": bounds,
        "maxValues": bounds,
        "nullCount": dict.fromkeys(bounds, 0),
    }
    status = file.stat()
    return [AddAction(file.name, status.st_size, {}, int(status.st_mtime * 1000), True, json.dumps(stats))]  # noqa: FBT003  # the library takes it by position


def _sync_log(path: Path) -> None:
    log = path / "_delta_log"
    sync_file(max(log.glob("*.json")))
    sync_directory(log)
    sync_directory(path)


def _busy(path: Path) -> LedgerBusyError:
    return LedgerBusyError(
        f"The ledger {path} was changed by another run since this one read it. Nothing was posted. Run again."
    )
