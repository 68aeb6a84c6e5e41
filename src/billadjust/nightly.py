"""A run from files to ledger to files: what `billadjust run` does, without a terminal."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from billadjust.errors import ApprovalNeededError, BilladjustError, RejectedShareError, UsageError
from billadjust.inputs import known_on, load
from billadjust.ledger import lock, open_ledger, verify
from billadjust.limits import exceeded, measured, too_many_rejected
from billadjust.observed import control_totals
from billadjust.outputs.run_files import (
    complete,
    kept_details,
    preview_rejected,
    publish_preview,
    publish_rejected,
    publish_run,
)
from billadjust.plan import make_plan, post
from billadjust.report import REPORT, Page, report_page
from billadjust.report.steps import STAGES, by_step
from billadjust.staging import keep

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from datetime import date

    from billadjust.config import Config
    from billadjust.inputs import Loaded
    from billadjust.ledger import Snapshot
    from billadjust.plan import Plan
    from billadjust.watch import Watch


NOT_POSTED = "not_posted"
"""Directory under the outputs for what a person must look at when a run posts nothing: its plan, or its rejected rows."""


@dataclass(frozen=True)
class Request:
    """What somebody asked for: a run of a date, which may lack some inputs, or must be an approved plan."""

    config: Config
    as_of: date
    allow_missing: frozenset[str] = frozenset()
    approved: str | None = None


@dataclass(frozen=True)
class Result:
    """What came of a run. `directory` holds its files (None: nothing was asked to be written)."""

    loaded: Loaded
    plan: Plan
    over: tuple[str, ...]
    directory: Path | None
    completed: Path | None


def run(request: Request, watch: Watch) -> Result:
    """Post what is owed on the date and not posted yet, and publish the run's files.

    A run that crashed after its commit is published first, so that no files are missing. If the files of this one
    cannot be written, it is posted nevertheless, and its error says so.

    Raises:
        UsageError: the date is before the newest run, or an input that the newest run had is missing.
        RejectedShareError: too many rows were rejected; they are written beside the outputs.
        ApprovalNeededError: the plan is beyond a limit, or is not the one that was approved; it is written beside the
            outputs.
        LedgerBusyError: another run holds the ledger.
    """
    config = request.config
    with lock(config.ledger):
        snapshot = checked_ledger(config, watch)
        demand_date(snapshot, request.as_of)
        completed = complete(snapshot, config, watch)

        def reject(rejected: pl.DataFrame) -> str:
            return f"The reasons are in {publish_rejected(rejected, config, _not_posted(config))}"

        with _planned(request, snapshot, reject, watch) as (loaded, plan, over):
            if _needs_approval(plan, over, request.approved):
                raise _refusal(plan, snapshot, over, request, watch)
            watch("Writing the report")
            page = report_page(plan, snapshot, Page(config.report_language, by_step(watch.steps)))
            watch("Posting")
            post(plan, snapshot, kept_details(config), {REPORT: page.encode()})
            note_posted(plan, watch)
            watch("Writing files")
            result = Result(loaded, plan, over, publish_posted(plan, config), completed)
            _not_posted(config)
            return result


def preview(request: Request, directory: Path | None, watch: Watch) -> Result:
    """Work out what a run would post. Nothing is written but the preview directory, if one is given.

    Raises:
        UsageError: the preview directory is among the outputs or the ledger, or an input is missing as in `run`.
        RejectedShareError: too many rows were rejected; they are written to the preview directory.
    """
    config = request.config
    for own in (config.outputs, config.ledger):
        if directory and directory.resolve().is_relative_to(own.resolve()):
            raise UsageError(
                f"--preview {directory} is in {own}, where only posted runs belong. Give another directory."
            )
    snapshot = checked_ledger(config, watch)

    def reject(rejected: pl.DataFrame) -> str:
        if directory is None:
            return "Give --preview DIR to see them"
        return f"The reasons are in {preview_rejected(rejected, config, directory)}"

    with _planned(request, snapshot, reject, watch) as (loaded, plan, over):
        if directory:
            watch("Writing the preview")
            _preview(plan, snapshot, config, directory, watch)
        return Result(loaded, plan, over, directory, None)


def note_posted(plan: Plan, watch: Watch) -> None:
    """Tell what was posted."""
    said = ("run_id", "as_of", "plan_hash", "posted", "accounts", "rules")
    watch.note("posted", **{name: plan.summary[name] for name in said})


def publish_posted(plan: Plan, config: Config) -> Path:
    """Write the files of the run that was just posted; an error must not leave it open whether it was."""
    try:
        return publish_run(open_ledger(config.ledger, config.currency), plan.run_id, config)
    except BilladjustError as error:
        raise type(error)(
            f"Run {plan.run_id} is posted, but its files are not written: {error}\n"
            f"Mend the cause; the next run writes them, or `billadjust publish {plan.run_id}` does."
        ) from error


def checked_ledger(config: Config, progress: Callable[[str], None]) -> Snapshot:
    """Open the ledger; LedgerDamagedError if it contradicts itself."""
    progress("Checking the ledger")
    snapshot = open_ledger(config.ledger, config.currency)
    verify(snapshot)
    return snapshot


def demand_date(snapshot: Snapshot, as_of: date) -> None:
    """Refuse a date before that of the newest run (§8.2)."""
    if snapshot.newest and as_of < snapshot.newest.as_of:
        raise UsageError(
            f"The ledger's newest run is of {snapshot.newest.as_of}, so a run of {as_of} would come before "
            "it. Give a later --as-of, or preview with --dry-run."
        )


@contextmanager
def _planned(
    request: Request, snapshot: Snapshot, reject: Callable[[pl.DataFrame], str], watch: Watch
) -> Iterator[tuple[Loaded, Plan, tuple[str, ...]]]:
    """Read the inputs, make the plan, and say which limits it is beyond; temporary files last as long as the context.

    If too many rows are rejected, `reject` writes them and says where.
    """
    config = request.config
    with ExitStack() as stack:
        spool = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="billadjust-")))
        known = snapshot.entries.select("invoice_id", "account_id").drop_nulls().unique()
        loaded = load(
            config.sources,
            currency=config.currency,
            timezone=config.timezone,
            spool=spool,
            known_invoices=known,
            progress=watch,
        )
        _note_rows(watch, loaded.counts)
        _demand_inputs(snapshot, loaded, request.allow_missing)
        _demand_few_rejected(config, loaded, reject)
        totals = control_totals(loaded.inputs, config.policy.digits)
        loaded = replace(loaded, inputs=known_on(loaded.inputs, request.as_of, config.timezone))

        def stage(name: str, frame: pl.LazyFrame) -> pl.LazyFrame:
            watch(STAGES.get(name, "Settling"))
            made = keep(frame, spool / f"stage-{name}.parquet")
            watch.note("stage", stage=name, rows=made.select(pl.len()).collect().item())
            return made

        plan = make_plan(
            loaded,
            config.policy,
            snapshot,
            request.as_of,
            stage,
            phrasebook=config.phrasebook,
            credit_note_prefix=config.credit_note_prefix,
        )
        over = exceeded(plan.entries, loaded.inputs, config)
        watch.note("limits", beyond=list(over), plan_hash=plan.hash)
        summary = {
            **plan.summary,
            "control_totals": totals,
            "limits": measured(plan.entries, loaded.inputs, loaded.counts, config),
            "beyond_limits": list(over),
        }
        yield loaded, replace(plan, summary=summary), over


def _note_rows(watch: Watch, counts: pl.DataFrame) -> None:
    """Tell how many rows each input has, and of which some were rejected."""
    inputs = {row.pop("input"): row for row in counts.drop("files").to_dicts()}
    watch.note("read", inputs=inputs)
    rejected = {name: row["rejected"] for name, row in inputs.items() if row["rejected"]}
    if rejected:
        watch.note("rejected", rows=sum(rejected.values()), inputs=rejected)


def _demand_inputs(snapshot: Snapshot, loaded: Loaded, allow_missing: Collection[str]) -> None:
    """Stop if an input that the newest run had is missing: a forgotten export must not turn into money.

    A run that undid another one read nothing, and says nothing about what there should be.
    """
    before = next((set(run.inputs) for run in reversed(snapshot.runs) if not run.undoes), set())
    missing = sorted(before - loaded.inputs.present - set(allow_missing))
    if missing:
        options = " ".join(f"--allow-missing {name}" for name in missing)
        raise UsageError(
            f"The newest run read {', '.join(missing)}, and this one finds none. Nothing was posted. "
            f"Export it again; if it is gone on purpose, run with {options}."
        )


def _demand_few_rejected(config: Config, loaded: Loaded, reject: Callable[[pl.DataFrame], str]) -> None:
    """Stop if any input has too many rejected rows; what was rejected is written for whoever must mend it."""
    if beyond := too_many_rejected(loaded.counts, config.limits):
        where = reject(loaded.rejected)
        raise RejectedShareError(
            f"{beyond} Nothing was posted. {where}; mend the exports, or raise limits.rejected_share."
        )


def _not_posted(config: Config) -> Path:
    """Return where a run that posts nothing leaves what a person must look at, without what an earlier one left there."""
    directory = config.outputs / NOT_POSTED
    shutil.rmtree(directory, ignore_errors=True)
    return directory


def _needs_approval(plan: Plan, over: tuple[str, ...], approved: str | None) -> bool:
    """Whether a plan needs approval and has none, or is not the approved one."""
    return bool(over) if approved is None else approved != plan.hash


def _refusal(
    plan: Plan, snapshot: Snapshot, over: tuple[str, ...], request: Request, watch: Watch
) -> ApprovalNeededError:
    """Write a plan that needs approval for whoever must decide, and return what to tell them."""
    watch("Writing the preview")
    directory = _not_posted(request.config)
    _preview(plan, snapshot, request.config, directory, watch)
    cause = (
        " ".join(("The plan is beyond a limit.", *over))
        if request.approved is None
        else "This is not the approved plan."
    )
    return ApprovalNeededError(
        f"{cause} Nothing was posted. What would have been is in {directory}; "
        f"if it is right, run with --approve {plan.hash}."
    )


def _preview(plan: Plan, snapshot: Snapshot, config: Config, directory: Path, watch: Watch) -> None:
    """Write what a run would publish, with its report."""
    page = report_page(plan, snapshot, Page(config.report_language, by_step(watch.steps), preview=True))
    publish_preview(plan, page, config, directory)
