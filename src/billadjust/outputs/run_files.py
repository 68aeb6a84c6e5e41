"""Which files a run has, and where they go: real ones from the ledger, previews from a plan."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from billadjust.durable import make_directory, sync_directory
from billadjust.errors import UsageError
from billadjust.finance import journal
from billadjust.outputs.books import export_of
from billadjust.outputs.columns import OUTPUTS
from billadjust.outputs.csvfile import write_csv
from billadjust.outputs.publish import publish
from billadjust.outputs.structured import ISSUER, kept_issuer
from billadjust.outputs.tables import run_tables
from billadjust.report import REPORT
from billadjust.summary import to_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from billadjust.config import Config
    from billadjust.ledger import RunRecord, Snapshot
    from billadjust.plan import Plan

PREVIEW: Final = "PREVIEW_"
"""What the names of a preview's files and columns begin with, so that no program takes it for an export."""

NOT_POSTED: Final = "not posted"
"""What every row of a preview begins with."""


def kept_details(config: Config) -> dict[str, Any]:
    """Return what the record of a run keeps of the configuration, so that its files stay what they were."""
    return {**config.style.to_details(), ISSUER: kept_issuer(config)}


def publish_run(snapshot: Snapshot, run_id: str, config: Config) -> Path:
    """Write the files of a posted run from the ledger; byte for byte the same each time. Returns their directory.

    Raises:
        UsageError: there is no such run, or its directory holds something else.
        LedgerDamagedError: a table that the run kept is not as it was written.
    """
    record = snapshot.run(run_id)
    directory = publish(config.outputs / run_id, export_of(snapshot, record))
    _mark_published(snapshot, record)
    return directory


def complete(snapshot: Snapshot, config: Config, progress: Callable[[str], None]) -> Path | None:
    """Publish the newest run if it ended between its commit and its files; None if nothing was missing.

    A mark in the ledger, not the directory, tells that files were written: importers may have moved them away.
    """
    record = snapshot.newest
    if record is None or is_published(snapshot, record):
        return None
    progress("Writing the files of the last run")
    return publish_run(snapshot, record.run_id, config)


def is_published(snapshot: Snapshot, record: RunRecord) -> bool:
    """Whether the files of a run were written; their importers may have moved them away."""
    return _marker(snapshot, record).exists()


def publish_preview(plan: Plan, page: str, config: Config, directory: Path) -> None:
    """Write what a run would publish so that nobody and no import takes it for an export; `page` is its report.

    Names of files and columns are others, every row begins with `not posted`, and the run has no identifier yet.

    Raises:
        UsageError: the directory cannot be written.
    """
    entries = plan.entries.with_columns(run_id=pl.lit("PREVIEW"))
    marked: Mapping[str, Any] = {**plan.summary, "preview": NOT_POSTED, "run_id": "PREVIEW"}
    with _writable(directory):
        _clear(directory)
        # The numbers of credit notes are given when the run is posted.
        notes = plan.tables["credit_notes"].with_columns(credit_note=pl.lit(PREVIEW) + pl.col("credit_note"))
        tables = {**plan.tables, "credit_notes": notes}
        booked = journal(
            entries.lazy(), plan.tables["invoice_dates"].lazy(), notes.lazy(), config.style.chart
        ).collect()
        for name, table in run_tables(entries, tables, booked, config.policy.digits, config.style.dialect).items():
            _preview_csv(table, name, config, directory)
        (directory / f"{PREVIEW}summary.json").write_bytes(to_json(marked))
        (directory / f"{PREVIEW}{REPORT}").write_text(page, "utf-8")


def publish_rejected(rejected: pl.DataFrame, config: Config, directory: Path) -> Path:
    """Write the rejected rows of a run that was stopped because of them.

    Raises:
        UsageError: the directory cannot be written.
    """
    with _writable(directory):
        path = directory / "rejected.csv"
        write_csv(rejected, path, config.style.dialect)
    return path


def preview_rejected(rejected: pl.DataFrame, config: Config, directory: Path) -> Path:
    """Write the rejected rows of a dry run that was stopped because of them.

    Raises:
        UsageError: the directory cannot be written.
    """
    with _writable(directory):
        _clear(directory)
        return _preview_csv(rejected, "rejected", config, directory)


def _clear(directory: Path) -> None:
    """Remove an earlier preview: files of two dry runs side by side would contradict each other."""
    for name in (*(f"{output}.csv" for output in OUTPUTS), "summary.json", REPORT):
        (directory / f"{PREVIEW}{name}").unlink(missing_ok=True)


def _preview_csv(table: pl.DataFrame, name: str, config: Config, directory: Path) -> Path:
    path = directory / f"{PREVIEW}{name}.csv"
    marked = table.select(pl.lit(NOT_POSTED).alias("PREVIEW"), pl.all().name.prefix(PREVIEW))
    write_csv(marked, path, config.style.dialect)
    return path


@contextmanager
def _writable(directory: Path) -> Iterator[None]:
    """Make a directory; what cannot be written there is the user's to mend."""
    try:
        make_directory(directory)
        yield
    except OSError as error:
        raise UsageError(
            f"{directory} cannot be written: {error.strerror}. Check its rights and the space on its disk."
        ) from error


def _marker(snapshot: Snapshot, record: RunRecord) -> Path:
    """Return the file that says that the files of a run were written."""
    return record.directory(snapshot.path) / "published"


def _mark_published(snapshot: Snapshot, record: RunRecord) -> None:
    marker = _marker(snapshot, record)
    try:
        marker.touch()
        sync_directory(marker.parent)
    except OSError as error:
        raise UsageError(f"{marker} cannot be written: {error.strerror}. Check the rights of the ledger.") from error
