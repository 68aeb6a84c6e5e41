"""The inputs and the configuration alone: what is wrong with them, and what to do about it (§2.1)."""

from __future__ import annotations

import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import polars as pl

from billadjust.calendar import local_date
from billadjust.guess.words import meanings
from billadjust.inputs import load
from billadjust.limits import too_many_rejected
from billadjust.night import require_policy
from billadjust.parameters import shown
from billadjust.rating.prices import read_prices
from billadjust.schemas import INPUTS, Kind

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from billadjust.config import Config
    from billadjust.inputs import Inputs, Loaded

EXAMPLES: Final = 3
"""How many rows of each finding are shown."""

ADVICE: Final = (
    (r"^not a date such as", 'say how the file writes dates, such as `date_format = "%d/%m/%Y"` in [inputs.{}]'),
    (r"^not a date in the form", "correct these cells where they come from, or `date_format` in [inputs.{}]"),
    (r"^not a timestamp", "write date and time as 2026-08-25T14:00:00; `date_format` in [inputs.{}] may say otherwise for the date"),
    (r"^a local time that", "export the time with its offset, such as 2026-10-25T02:30:00+01:00"),
    (r"^not a number such as 1234\.", "if the file writes 1234,56, say `decimal_comma = true` in [inputs.{}]; thousands are not separated"),
    (r"^not a number such as 1234,", "if the file writes 1234.56, leave `decimal_comma` out of [inputs.{}]; thousands are not separated"),
    (r"^has more than", "export what was billed to the cent; nothing is rounded silently"),
    (r"^not one of|^not true or false", "say under [inputs.{}.words.COLUMN] what it means, such as `EXAMPLE`; or let the export write one of these words"),
    (r"^a value is required", "fill it in where it comes from; if another column holds it, map that one with `columns` in [inputs.{}]"),
    (r"^not an identifier", "identifiers have no blanks around them: let the export trim them"),
    (r"^the currency is not", "give invoices of another currency a configuration and a ledger of their own"),
    (r"^the invoice's lines add up", "export invoices and invoice_lines at the same moment, each invoice with all of its lines"),
    (r"^there is no such band: ", "export the bands, or leave the column `band` empty"),
    (r"^there is no such day", "correct the date where it comes from; day and month may be the wrong way round"),
    (r"^there is no such", "export both at the same moment, old rows too: what is referred to must be there"),
    (r"another account", "correct the account where the row comes from"),
    (r"^the key appears again", "export each row once; rows of the same key must not contradict each other"),
    (r"overlaps|covers the same", "end the one where the other begins"),
    (r"is before |is not after ", "correct the earlier or the later of the two; an end is not part of its interval"),
    (r"effective the same day", "number the newer version and let it begin on another day"),
)  # fmt: skip
"""What to do about a reason that matches: the first that does, with the input's name in place of `{}`, the column in
place of `COLUMN`, and for `EXAMPLE` the value with the word of ours that it seems to be."""

OTHERWISE: Final = "correct the row where it comes from, and export it again"

_FOLLOWS: Final = r" is rejected$"
"""Reasons of rows that are sound by themselves, but rest on one that is not."""

_OF_ONE_ROW: Final = ((r" \([^()]*(?:, line \d+|a rejected row)\)$", ""), (r"(add up) to .*$", "$1 to something else"))
"""What reasons say of a single row, and what stands for it where rows are put together."""


@dataclass(frozen=True)
class Checkup:
    """What was found.

    `findings`: input, file, column, reason, rows, examples (list of struct: line, value), in the order of the inputs.
    `consequences`: input, reason, rows: rows that rest on a rejected one. `days`: input, column, first, last.
    `doubts`: sentences on what is accepted but may not be meant. `beyond`: a sentence that says of which inputs too many
    rows are rejected for a run; None if a run goes ahead.
    """

    loaded: Loaded
    findings: pl.DataFrame
    consequences: pl.DataFrame
    days: pl.DataFrame
    doubts: tuple[str, ...]
    beyond: str | None


def check_up(config: Config, today: date, progress: Callable[[str], None]) -> Checkup:
    """Read and check all inputs as a run does, without the ledger.

    An invoice that only the ledger knows is missing here, where a run accepts a reference to it.

    Raises:
        InputError: Inputs cannot be read as a whole; all of them in one message.
        ConfigError: A parameter of the policy has no value on a date that needs one.
    """
    with tempfile.TemporaryDirectory(prefix="billadjust-") as spool:
        loaded = load(
            config.sources, currency=config.currency, timezone=config.timezone, spool=Path(spool), progress=progress
        )
        progress("looking at prices and dates")
        require_policy(loaded.inputs, config.policy, today)
        read_prices(loaded.inputs, config.policy)
        days = _days(loaded.inputs, config.timezone)
    follows = pl.col("reason").str.contains(_FOLLOWS)
    return Checkup(
        loaded,
        _grouped(loaded.rejected.filter(~follows)),
        loaded.rejected.filter(follows)
        .group_by("input", "reason", maintain_order=True)
        .agg(rows=pl.struct("file", "line").n_unique()),
        days,
        _doubts(days, today),
        too_many_rejected(loaded.counts, config.limits),
    )


def advice(name: str, reason: str, column: str = "", value: str | None = None) -> str:
    """Say what to do about rows of an input that are rejected for a reason: a column of them, and the value of one."""
    text = next((text for pattern, text in ADVICE if re.search(pattern, reason)), OTHERWISE).replace("{}", name)
    if "EXAMPLE" not in text:
        return text
    meant = next(iter(meanings(value or "", INPUTS[name].column(column).words)), "…")
    return text.replace("COLUMN", column).replace("EXAMPLE", f"{shown(value)} = {shown(meant)}")


def _grouped(rejected: pl.DataFrame) -> pl.DataFrame:
    """Put the rows that break the same rule together."""
    reason = pl.col("reason")
    for pattern, instead in _OF_ONE_ROW:
        reason = reason.str.replace(pattern, instead)
    return (
        rejected.with_columns(reason)
        .group_by("input", "file", "column", "reason", maintain_order=True)
        .agg(rows=pl.len(), examples=pl.struct("line", "value").head(EXAMPLES))
    )


def _days(inputs: Inputs, timezone: str) -> pl.DataFrame:
    """Find the first and the last day of each column that holds dates or timestamps."""
    ranges = []
    for name, table in INPUTS.items():
        for column in table.columns:
            if name not in inputs.present or column.kind not in {Kind.DATE, Kind.TIMESTAMP}:
                continue
            cell = pl.col(column.name)
            day = local_date(cell, timezone) if column.kind is Kind.TIMESTAMP else cell
            frame: pl.LazyFrame = getattr(inputs, name)
            ranges.append(frame.select(input=pl.lit(name), column=pl.lit(column.name), first=day.min(), last=day.max()))
    return pl.concat(pl.collect_all(ranges, engine="streaming")).drop_nulls()


def _doubts(days: pl.DataFrame, today: date) -> tuple[str, ...]:
    """Say which dates are possible but seldom meant."""
    at = {(name, column): (first, last) for name, column, first, last in days.rows()}
    doubts = []
    past = (
        ("invoices", "issue_date"),
        ("cdrs", "started_at"),
        ("disputes", "opened_on"),
        ("collections", "happened_on"),
        ("prior_credits", "granted_on"),
    )
    for name, column in past:
        if (name, column) in at and at[name, column][1] > today:
            doubts.append(
                f"{name}: the newest {column} is {at[name, column][1]}, which has not come yet. "
                "Are day and month the right way round?"
            )
    billed = at.get(("invoices", "period_start"))
    late = (
        ("cdrs", "started_at", "a CDR that is missing uses no allowance, and its line is not assessed"),
        ("subscriptions", "valid_from", "on a day without a tariff no fee is due"),
    )
    for name, column, why in late:
        # a day or two without any call say nothing, a month does
        if billed and (name, column) in at and _month(at[name, column][0]) > _month(billed[0]):
            doubts.append(
                f"{name}: the oldest {column} is {at[name, column][0]}, in a later month than the oldest billed day "
                f"({billed[0]}): {why}. Export it further back."
            )
    return tuple(doubts)


def _month(day: date) -> tuple[int, int]:
    return day.year, day.month
