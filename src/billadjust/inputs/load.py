"""From sources to inputs: every table read and checked, then the tables against each other."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import polars as pl

from billadjust.errors import InputError
from billadjust.inputs.billed import check_billed, check_currency, check_lines, check_totals
from billadjust.inputs.catalogue import check_allowances, check_bands, check_periods, check_tariffs, check_tiers
from billadjust.inputs.check import check
from billadjust.inputs.keys import check_keys
from billadjust.inputs.model import Inputs
from billadjust.inputs.one_account import about_account
from billadjust.inputs.read import FILE_STEP, ROW
from billadjust.inputs.reading import Reading
from billadjust.inputs.references import check_references
from billadjust.inputs.rows import rows_of
from billadjust.inputs.source import find_files
from billadjust.inputs.style import Style
from billadjust.inputs.taken import taken_along
from billadjust.money import minor_digits
from billadjust.schemas import INPUTS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from billadjust.inputs.read import Rows
    from billadjust.inputs.source import DataFile, Source
    from billadjust.schemas import Table


SKIPPED: Final = {
    "tariffs": "nothing can be priced",
    "rates": "usage is not rated",
    "allowances": "no allowance is counted",
    "zones": "calls are rated only where the CDR gives the zone",
    "bands": "no rate depends on the time of the week",
    "invoices": "no invoice is examined",
    "invoice_lines": "no invoice is examined",
    "cdrs": "usage lines are not assessed",
    "outages": "no outage is credited",
    "disputes": "no dispute is settled",
    "promises": "no promised price is kept",
    "collections": "no collection order is written",
    "prior_credits": "no credit given elsewhere is counted",
}
"""What a run leaves out for lack of an input."""


CATALOGUE: Final = ("tariffs", "rates", "allowances", "zones", "bands")
"""The inputs that say what things cost. Without any row they count as missing: a catalogue does not become empty, exports do."""


@dataclass(frozen=True)
class Loaded:
    """What a run reads.

    `inputs` are lazy frames over Parquet files in the spool. `rejected` has a row for each broken rule, as
    `schemas.Rejected`, in a total order. `counts` has a row for each input that is present: input, files, rows, accepted, rejected
    (rows), repeats. `remarks` are sentences on what was left aside.
    """

    inputs: Inputs
    rejected: pl.DataFrame
    counts: pl.DataFrame
    remarks: list[str]


def load(  # noqa: PLR0913 - each is a setting of its own
    sources: Mapping[str, Source],
    *,
    currency: str,
    timezone: str,
    spool: Path,
    known_invoices: pl.LazyFrame | None = None,
    account_id: str | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> Loaded:
    """Read and check all inputs (§2, §2.1), or what they hold about one account.

    Args:
        sources: By name of the input, where it is and how it is written.
        currency: The policy's currency, the only one that invoices may have.
        timezone: What local times mean.
        spool: An empty directory for the checked rows, which must stay as long as the inputs are used.
        known_invoices: invoice_id and account_id of the invoices that the ledger knows.
        account_id: The account whose rows alone are read; of the catalogue and of outages all are. None: all accounts.
        progress: Is told what is being done.

    Raises:
        InputError: A required input is missing, or an input cannot be read as a whole: all of them in one message.
    """
    digits = minor_digits(currency)
    readings: dict[str, Reading] = {}
    remarks: list[str] = []
    unreadable: list[str] = []

    def keep(name: str, rows: Rows) -> Rows:
        return rows if account_id is None else about_account(name, rows, account_id, readings)

    for name, table in INPUTS.items():
        progress(f"reading {name}")
        try:
            reading, said = _input(table, sources.get(name), Style(digits, timezone), spool, keep)
        except InputError as error:
            unreadable.append(str(error))
            continue
        remarks += said
        if reading:
            readings[name] = reading
    if unreadable:
        raise InputError("\n".join(unreadable))
    known = (
        known_invoices
        if known_invoices is not None
        else pl.LazyFrame(schema={"invoice_id": pl.String, "account_id": pl.String})
    )
    progress("comparing the inputs with each other")
    _compare(readings, currency, known, spool)
    counts = _counts(readings)
    empty = set(counts.filter(pl.col("rows") == 0)["input"].to_list()).intersection(CATALOGUE)
    remarks += [f"{name}: the input has no rows; {SKIPPED[name]}." for name in CATALOGUE if name in empty]
    tables = {
        name: reading.rows.select(INPUTS[name].schema.names())
        for name, reading in readings.items()
        if name not in empty
    }
    return Loaded(Inputs.of(tables, taken_along(readings, known)), _rejected(readings), counts, remarks)


def load_catalogue(sources: Mapping[str, Source], *, currency: str, timezone: str, spool: Path) -> Loaded:
    """Read and check a catalogue by itself: those of tariffs, rates, allowances, zones and bands that there are.

    Raises:
        InputError: There are no tariffs, or an input cannot be read as a whole.
    """
    readings: dict[str, Reading] = {}
    remarks: list[str] = []
    for name in CATALOGUE:
        plain = Style(minor_digits(currency), timezone)
        reading, said = _input(INPUTS[name], sources.get(name), plain, spool, lambda _, rows: rows)
        remarks += said
        if reading:
            readings[name] = reading
    _compare_catalogue(readings)
    tables = {name: reading.rows.select(INPUTS[name].schema.names()) for name, reading in readings.items()}
    return Loaded(Inputs.of(tables), _rejected(readings), _counts(readings), remarks)


def _input(
    table: Table, source: Source | None, plain: Style, spool: Path, keep: Callable[[str, Rows], Rows]
) -> tuple[Reading | None, list[str]]:
    """Read and check one input; None where it is missing and may be. Also return remarks on what is left aside."""
    name = table.name
    files, aside = find_files(source) if source else ([], [])
    remarks = [f"{name}: {other} is not read, because its ending is not a known one." for other in aside]
    if source is None or not files:
        if table.required:
            raise InputError(
                f"The input {name} is missing: put {name}.csv beside the configuration, or give its path under [inputs]."
            )
        return None, [*remarks, f"{name}: there is no such input; {SKIPPED[name]}."]
    style = replace(plain, decimal_comma=source.decimal_comma, date_format=source.date_format, words=source.words)

    def rows_in(file: DataFile) -> Rows:
        return keep(name, rows_of(file, table, source, spool))

    reading, extra = _read(files, table, style, spool, rows_in)
    return reading, [
        *remarks,
        *(f"{name}: the column {column or 'without a name'} is not used." for column in extra),
    ]


def _read(
    files: list[DataFile], table: Table, style: Style, spool: Path, rows_in: Callable[[DataFile], Rows]
) -> tuple[Reading, list[str]]:
    """Read and check the files of one input; also return the columns that nothing asks for."""
    parts = []
    extra: set[str] = set()
    for file in files:
        try:
            rows = rows_in(file)
            parts.append(check(rows, table, style, spool, f"{table.name}.{file.number}"))
        except (pl.exceptions.PolarsError, OSError) as error:
            raise InputError(
                f"{file.path} cannot be read to its end ({error}). If it is damaged or cut off, export or copy it again."
            ) from None
        extra.update(rows.extra)
        for copy in ("txt", "rows"):
            (spool / f"{table.name}.{file.number}.{copy}").unlink(missing_ok=True)
    reading = Reading(
        table,
        [file.name for file in files],
        style,
        pl.scan_parquet([part.good for part in parts], glob=False),
        pl.concat([part.bad for part in parts]),
        pl.concat([part.reasons for part in parts]),
    )
    return reading, sorted(extra)


def _compare(readings: Mapping[str, Reading], currency: str, known: pl.LazyFrame, spool: Path) -> None:
    """Check the tables against themselves and each other, each after those it refers to."""
    for name, reading in readings.items():
        if name not in CATALOGUE:
            check_keys(reading)
    _compare_catalogue(readings)
    check_references(readings, "subscriptions")
    check_periods(readings["subscriptions"])
    if invoices := readings.get("invoices"):
        check_currency(invoices, currency)
    check_references(readings, "invoices")
    check_lines(readings, spool)
    check_totals(readings)
    for name in ("cdrs", "disputes", "promises", "collections"):
        check_references(readings, name)
    for name in ("disputes", "collections", "prior_credits"):
        check_billed(readings, name, known)


def _compare_catalogue(readings: Mapping[str, Reading]) -> None:
    """Check the catalogue's tables against themselves and each other."""
    for name in CATALOGUE:
        if name in readings:
            check_keys(readings[name])
    check_tariffs(readings["tariffs"])
    if rates := readings.get("rates"):
        check_tiers(rates)
    if allowances := readings.get("allowances"):
        check_allowances(allowances)
    check_bands(readings)
    for name in ("rates", "allowances"):
        check_references(readings, name)


def _rejected(readings: Mapping[str, Reading]) -> pl.DataFrame:
    """Everything that was rejected, by input, file, line, column and reason."""
    parts = [
        reading.reasons.sort(ROW, "column", "reason").select(
            pl.lit(name).alias("input"),
            (pl.col(ROW) // FILE_STEP)
            .replace_strict(dict(enumerate(reading.files)), return_dtype=pl.String)
            .alias("file"),
            (pl.col(ROW) % FILE_STEP).alias("line"),
            "column",
            "value",
            "reason",
        )
        for name, reading in readings.items()
    ]
    return pl.concat(parts)


def _counts(readings: Mapping[str, Reading]) -> pl.DataFrame:
    accepted = pl.collect_all([reading.rows.select(pl.len()) for reading in readings.values()], engine="streaming")
    parts = []
    for (name, reading), count in zip(readings.items(), accepted, strict=True):
        rejected = reading.reasons[ROW].n_unique()
        parts.append(
            (
                name,
                len(reading.files),
                count.item() + rejected + reading.repeats,
                count.item(),
                rejected,
                reading.repeats,
            )
        )
    numbers = ("files", "rows", "accepted", "rejected", "repeats")
    return pl.DataFrame(
        parts, schema=pl.Schema({"input": pl.String(), **dict.fromkeys(numbers, pl.Int64())}), orient="row"
    )
