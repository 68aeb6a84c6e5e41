"""A plan is what a run would post: a value that `--dry-run` shows and `run` posts (§8.3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from billadjust.announcements import announcements
from billadjust.finance import documents
from billadjust.ledger import ROWS, RunRecord, append, plan_hash
from billadjust.night import make_night
from billadjust.notices import notices
from billadjust.observed import improvements, outages, rejects
from billadjust.orders import collection_orders, holds, tariff_advice, tariff_changes
from billadjust.review import review, with_unknown_accounts
from billadjust.rules import RULES
from billadjust.schemas import Entries
from billadjust.settle import settle
from billadjust.summary import found, news, open_refunds, posted, read, to_json
from billadjust.wording import explain

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from billadjust.inputs import Loaded
    from billadjust.ledger import Snapshot
    from billadjust.night import Stage
    from billadjust.phrasebook import Phrasebook
    from billadjust.policy import Policy


@dataclass(frozen=True)
class Plan:
    """What a run on a snapshot of the ledger would post and publish.

    `entries`: schemas.Entries, sorted by entry_id. `tables`: what the run keeps beside them
    (holds, tariff_changes, tariff_advice, collection_orders, review, notices, rejected, and those of
    `finance.documents`), amounts as in the program. `hash` names the plan: two plans with the same hash
    post the same entries.
    """

    run_id: str
    as_of: date
    inputs: tuple[str, ...]
    entries: pl.DataFrame
    tables: Mapping[str, pl.DataFrame]
    summary: Mapping[str, Any]
    hash: str


def make_plan(  # noqa: PLR0913  # all that a plan follows from
    loaded: Loaded,
    policy: Policy,
    snapshot: Snapshot,
    as_of: date,
    stage: Stage,
    *,
    phrasebook: Phrasebook | None = None,
    credit_note_prefix: str = "R-",
) -> Plan:
    """Work out what is owed on `as_of`, and take off what the snapshot says was posted. Nothing is written.

    `phrasebook` are the texts for customers (None: the package's own); the numbers of credit notes begin with
    `credit_note_prefix`.

    Raises:
        ConfigError: a parameter has no value on a date that needs one.
    """
    night = make_night(loaded.inputs, policy, as_of, stage)
    claims = stage("claims", pl.concat(rule(night) for rule in RULES))
    settlement = settle(night, claims, snapshot.entries, stage, snapshot.undone)
    run_id = snapshot.next_run_id(as_of)
    entries = (
        explain(settlement.entries, policy.digits, phrasebook)
        .with_columns(run_id=pl.lit(run_id))
        .select(Entries.column_names())
        .sort("entry_id")
    )
    Entries.validate(entries)
    after = pl.concat([snapshot.entries, entries.lazy()])
    on_hold = stage("holds", holds(night, snapshot.entries))
    frames = {
        "holds": on_hold,
        "tariff_changes": tariff_changes(night),
        "tariff_advice": tariff_advice(night),
        "collection_orders": collection_orders(night, after, on_hold),
        "review": review(night, claims, settlement),
    }
    collected = pl.collect_all(list(frames.values()), engine="streaming")
    recipients = loaded.inputs.accounts.select("account_id", "name", "email", "language").collect(engine="streaming")
    tables = dict(zip(frames, collected, strict=True))
    announced = announcements(tables["collection_orders"], tables["tariff_changes"], policy.currency)
    tables |= {
        "notices": notices(entries, recipients, policy.digits, phrasebook, announced),
        "rejected": loaded.rejected,
        **documents(entries, loaded.inputs, snapshot, as_of, credit_note_prefix),
    }
    tables["review"] = with_unknown_accounts(tables["review"], tables["bank_transfers"])
    digest = plan_hash(entries)
    summary = {
        "run_id": run_id,
        "as_of": as_of.isoformat(),
        "currency": policy.currency,
        "plan_hash": digest,
        **posted(entries, policy.digits),
        **news(settlement.entries, policy.digits),
        **read(loaded),
        **found(tables),
        "rejected": rejects(loaded.rejected),
        "outages": outages(night, after, run_id),
        "improvements": improvements(night, tables["tariff_changes"]),
        "open_refunds": open_refunds(after, as_of, policy.digits),
    }
    return Plan(run_id, as_of, tuple(sorted(loaded.inputs.present)), entries, tables, summary, digest)


def post(
    plan: Plan,
    snapshot: Snapshot,
    details: Mapping[str, Any] | None = None,
    files: Mapping[str, bytes] | None = None,
) -> RunRecord:
    """Post a plan on the snapshot that it was made on, in one atomic commit.

    `details` is what its record keeps too, `files` what is kept beside its tables and its summary.

    Raises:
        LedgerBusyError: the ledger was changed since.
    """
    rows = {name: table.height for name, table in sorted(plan.tables.items())}
    record = RunRecord.of(plan.run_id, plan.as_of, plan.inputs, plan.entries, {**(details or {}), ROWS: rows})
    tables = {f"{name}.parquet": table for name, table in plan.tables.items()}
    return append(snapshot, plan.entries, record, {**tables, "summary.json": to_json(plan.summary), **(files or {})})
