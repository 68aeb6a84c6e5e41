"""Which files a run has, and where they go: real ones from the ledger, previews from a plan."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import polars as pl

from billadjust.durable import make_directory
from billadjust.outputs.csvfile import write_csv
from billadjust.outputs.publish import publish
from billadjust.outputs.tables import KEPT, run_tables
from billadjust.summary import to_json

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from billadjust.config import Config
    from billadjust.ledger import RunRecord, Snapshot
    from billadjust.plan import Plan

PREVIEW: Final = "PREVIEW_"
"""What the names of a preview's files and columns begin with, so that no program takes it for an export."""


def publish_run(snapshot: Snapshot, run_id: str, config: Config) -> Path:
    """Write the files of a posted run from the ledger; byte for byte the same each time. Returns their directory.

    Raises:
        UsageError: there is no such run, or its directory holds something else.
        LedgerDamagedError: a table that the run kept is not as it was written.
    """
    record = snapshot.run(run_id)
    entries = snapshot.entries.filter(pl.col("run_id") == run_id).collect(engine="streaming")
    kept = {name: pl.read_parquet(snapshot.attachment(record, f"{name}.parquet")) for name in KEPT}
    tables = run_tables(entries, kept, config.policy.digits, config.dialect)
    files: dict[str, pl.DataFrame | str] = {f"{name}.csv": table for name, table in tables.items()}
    files["summary.json"] = snapshot.attachment(record, "summary.json").read_text("utf-8")
    directory = publish(config.outputs / run_id, files, _header(record, config), config.dialect)
    _marker(snapshot, record).touch()
    return directory


def complete(snapshot: Snapshot, config: Config, progress: Callable[[str], None]) -> Path | None:
    """Publish the newest run if it ended between its commit and its files; None if nothing was missing.

    A mark in the ledger, not the directory, tells that files were written: importers may have moved them away.
    """
    record = snapshot.newest
    if record is None or _marker(snapshot, record).exists():
        return None
    progress("Writing the files of the last run")
    return publish_run(snapshot, record.run_id, config)


def publish_preview(plan: Plan, config: Config, directory: Path) -> None:
    """Write what a run would publish, under names and column names that no import takes for an export."""
    make_directory(directory)
    for name, table in run_tables(plan.entries, plan.tables, config.policy.digits, config.dialect).items():
        renamed = table.rename(lambda column: PREVIEW + column)
        write_csv(renamed, directory / f"{PREVIEW}{name}.csv", config.dialect)
    marked: Mapping[str, Any] = {"preview": "nothing of this was posted", **plan.summary}
    (directory / f"{PREVIEW}summary.json").write_bytes(to_json(marked))


def publish_rejected(rejected: pl.DataFrame, config: Config, directory: Path) -> Path:
    """Write the rejected rows of a run that was stopped because of them."""
    make_directory(directory)
    path = directory / "rejected.csv"
    write_csv(rejected, path, config.dialect)
    return path


def _marker(snapshot: Snapshot, record: RunRecord) -> Path:
    """Return the file that says that the files of a run were written."""
    return record.directory(snapshot.path) / "published"


def _header(record: RunRecord, config: Config) -> dict[str, Any]:
    return {
        "run_id": record.run_id,
        "sequence": record.number,
        "as_of": record.as_of.isoformat(),
        "currency": config.currency,
        "dialect": config.dialect,
        "plan_hash": record.plan_hash,
    }
