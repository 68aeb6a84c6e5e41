"""All that ledger and inputs know of a subject."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from billadjust.errors import BilladjustError
from billadjust.inputs import known_on, load
from billadjust.inputs.source import find_files
from billadjust.night import make_night
from billadjust.orders import collection_orders, holds
from billadjust.rating.lines import LINE
from billadjust.rules import RULES
from billadjust.rules.fees import with_fees
from billadjust.story.weights import cdrs_of_lines

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from billadjust.config import Config
    from billadjust.inputs import Source
    from billadjust.ledger import Snapshot
    from billadjust.night import Night
    from billadjust.story.subject import Subject


_RULES = {"best_price.mode", *(f"{rule.__name__}.enabled" for rule in RULES)}
"""The parameters that put the rules in force."""


@dataclass(frozen=True)
class Scene:
    """What is known of a subject.

    `entries`: schemas.Entries of the subject, oldest first. `account` and `invoices` (by invoice_id) are rows of the
    inputs. `lines`: schemas.Lines of the subject with their `description` and the terms of their fees (`rules.fees`).
    `cdrs`: as of `weights.cdrs_of_lines`. `rates` and `tariffs`: rows of the inputs, the latter by (tariff_id, version).
    `holds` and `orders`: as of `orders`, of this account. `clauses`: what each rule rests on. `unread` says in words what could not be read.
    """

    subject: Subject
    as_of: date
    currency: str
    digits: int
    entries: pl.DataFrame
    unread: tuple[str, ...]
    clauses: dict[str, str] = field(default_factory=dict)
    is_read: bool = False
    account: dict[str, Any] | None = None
    invoices: dict[str, dict[str, Any]] = field(default_factory=dict)
    lines: pl.DataFrame = field(default_factory=pl.DataFrame)
    cdrs: pl.DataFrame = field(default_factory=pl.DataFrame)
    rates: list[dict[str, Any]] = field(default_factory=list)
    tariffs: dict[tuple[str, int], dict[str, Any]] = field(default_factory=dict)
    holds: list[dict[str, Any]] = field(default_factory=list)
    orders: list[dict[str, Any]] = field(default_factory=list)


def read_scene(
    subject: Subject, snapshot: Snapshot, config: Config, today: date, progress: Callable[[str], None]
) -> Scene:
    """Read what ledger and inputs know of a subject on the date of the newest run (without one, today).

    Inputs that cannot be read are left out, and the scene says so.
    """
    progress("Reading the ledger")
    as_of = snapshot.newest.as_of if snapshot.newest else today
    of_account = snapshot.entries.filter(pl.col("account_id") == subject.account_id).collect(engine="streaming")
    entries = of_account.filter(subject.is_theirs).sort("run_id", "claim", "bucket", "entry_id")
    sources, unread = _readable(config.sources)
    clauses = {row.name.partition(".")[0]: row.reference for row in config.policy.in_force(as_of) if row.name in _RULES}
    scene = Scene(subject, as_of, config.currency, config.policy.digits, entries, tuple(unread), clauses)
    with tempfile.TemporaryDirectory(prefix="billadjust-") as spool:
        try:
            loaded = load(
                sources,
                currency=config.currency,
                timezone=config.timezone,
                spool=Path(spool),
                known_invoices=of_account.lazy().select("invoice_id", "account_id").drop_nulls().unique(),
                account_id=subject.account_id,
                progress=progress,
            )
            progress("Rating usage")
            inputs = known_on(loaded.inputs, as_of, config.timezone)
            night = make_night(inputs, config.policy, as_of, lambda _, frame: frame.collect().lazy())
            # An input that was never there is not missed; what it would say is said where a line needs it.
            before = snapshot.newest.inputs if snapshot.newest else ()
            gone = (remark for remark in loaded.remarks if remark.partition(":")[0] in {*before} - inputs.present)
            return replace(scene, unread=(*unread, *gone), is_read=True, **_known(night, subject, of_account))
        except (BilladjustError, OSError) as error:
            return replace(scene, unread=(*unread, *str(error).splitlines()))


def _readable(sources: Any) -> tuple[dict[str, Source], list[str]]:  # noqa: ANN401
    """Return the sources whose files are there, and what is wrong with the others."""
    there: dict[str, Source] = {}
    wrong = []
    for name, source in sources.items():
        try:
            find_files(source)
        except BilladjustError as error:
            wrong.append(str(error))
        else:
            there[name] = source
    return there, wrong


def _known(night: Night, subject: Subject, ledger: pl.DataFrame) -> dict[str, Any]:
    """Return what the inputs know of a subject: the fields of `Scene`."""
    inputs = night.inputs
    theirs = _lines_of(night, subject, ledger)
    described = inputs.invoice_lines.select(*LINE, "description")
    lines = with_fees(night, theirs, ["contract", "improved"]).join(described, on=LINE, how="left").collect()
    on_hold = holds(night, ledger.lazy())
    tariffs = inputs.tariffs.collect().to_dicts()
    accounts = inputs.accounts.collect().to_dicts()
    return {
        "account": accounts[0] if accounts else None,
        "invoices": {row["invoice_id"]: row for row in inputs.invoices.collect().to_dicts()},
        "lines": lines,
        "cdrs": cdrs_of_lines(night, lines),
        "rates": inputs.rates.collect().to_dicts(),
        "tariffs": {(row["tariff_id"], row["version"]): row for row in tariffs},
        "holds": on_hold.collect().to_dicts(),
        "orders": collection_orders(night, ledger.lazy(), on_hold).collect().to_dicts(),
    }


def _lines_of(night: Night, subject: Subject, ledger: pl.DataFrame) -> pl.LazyFrame:
    """Return the invoice lines that a subject is about; of an account those for which something was posted."""
    if subject.kind == "invoice":
        return night.lines.filter(pl.col("invoice_id") == subject.name)
    posted = ledger.filter(subject.is_theirs).lazy().select(LINE).drop_nulls().unique()
    return night.lines.join(posted, on=LINE, how="semi")
