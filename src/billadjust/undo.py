"""Undoing a run: what `billadjust undo` plans and posts, from the ledger alone (§8.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from billadjust.errors import UsageError
from billadjust.finance import documents
from billadjust.inputs.model import Inputs
from billadjust.ledger import UNDOES, lock, plan_hash
from billadjust.nightly import note_posted, publish_posted
from billadjust.notices import notices
from billadjust.outputs.run_files import complete, kept_details
from billadjust.phrasebook import DEFAULT_LANGUAGE
from billadjust.plan import Plan, post
from billadjust.report import REPORT, Page, report_page
from billadjust.schemas import Entries
from billadjust.settle import undoing
from billadjust.summary import open_refunds, posted, rows_of_files
from billadjust.wording import explain

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    from billadjust.config import Config
    from billadjust.ledger import RunRecord, Snapshot
    from billadjust.watch import Watch

REASON = "reason"
"""Detail of the record of a run that undid another one, and what its letters say: why."""


def plan_undo(snapshot: Snapshot, run_id: str, reason: str, config: Config, as_of: date) -> Plan:
    """Work out what brings every claim that a run touched to zero. Nothing is written.

    No input is read, because wrong inputs are what is undone most often: the customers' language and address are those
    of the letters that the run sent, and the credit notes name them and their invoices as earlier ones did. So the plan has no desired state, which follows from inputs.

    Raises:
        UsageError: there is no such run, it posted nothing, or it was undone or undid another run itself.
    """
    policy = config.policy
    letters = pl.read_parquet(snapshot.attachment(_undoable(snapshot, run_id), "notices.parquet"))
    recipients = letters.select("account_id", "name", "email", "language")
    touched = snapshot.entries.filter(pl.col("run_id") == run_id).select("claim").unique()
    details = {UNDOES: run_id, REASON: reason}
    undone = undoing(snapshot.entries, touched, policy, as_of, details).collect(engine="streaming")
    new_id = snapshot.next_run_id(as_of)
    worded = undone.join(recipients.select("account_id", "language"), on="account_id", how="left").with_columns(
        pl.col("language").fill_null(DEFAULT_LANGUAGE), run_id=pl.lit(new_id)
    )
    explained = explain(worded, policy.digits, config.phrasebook)
    entries = Entries.validate(explained.select(Entries.column_names()).sort("entry_id"))
    tables = {
        "notices": notices(entries, recipients, policy.digits, config.phrasebook),
        **documents(entries, Inputs.of({}), snapshot, as_of, config.credit_note_prefix),
    }
    digest = plan_hash(entries)
    after = pl.concat([snapshot.entries, entries.lazy()])
    summary = {
        "run_id": new_id,
        "as_of": as_of.isoformat(),
        "currency": policy.currency,
        "plan_hash": digest,
        **details,
        **posted(entries, policy.digits),
        "tables": rows_of_files(tables),
        "open_refunds": open_refunds(after, as_of, policy.digits),
    }
    return Plan(new_id, as_of, (), entries, tables, summary, digest)


def post_undo(plan: Plan, snapshot: Snapshot, config: Config, watch: Watch) -> Path:
    """Post a plan of `plan_undo` on the snapshot that it was made on, and publish its files. Returns their directory.

    Raises:
        LedgerBusyError: another run holds the ledger, or changed it since the plan was made.
    """
    with lock(config.ledger):
        complete(snapshot, config, watch)
        watch("Posting")
        details = {name: plan.summary[name] for name in (UNDOES, REASON)}
        page = report_page(plan, snapshot, Page(config.report_language))
        post(plan, snapshot, {**kept_details(config), **details}, {REPORT: page.encode()})
        note_posted(plan, watch)
        watch("Writing files")
        return publish_posted(plan, config)


def _undoable(snapshot: Snapshot, run_id: str) -> RunRecord:
    """Return the record of a run that can be undone."""
    record = snapshot.run(run_id)
    by = snapshot.undone.get(run_id)
    if by:
        raise UsageError(f"Run {run_id} was undone by run {by} already. Nothing was posted; there is nothing to do.")
    if record.undoes:
        raise UsageError(
            f"Run {run_id} undid run {record.undoes}, and what was undone stays undone: its claims are left alone. "
            "Nothing was posted. What is owed nevertheless is given outside this program, and told to it as a prior credit."
        )
    if not record.entries:
        raise UsageError(f"Run {run_id} posted no entries. Nothing was posted; there is nothing to undo.")
    return record
