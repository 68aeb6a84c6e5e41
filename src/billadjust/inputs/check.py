"""Text rows become typed rows, or rejections that say which rule they break.

Each file is read once: rows that keep every rule of their columns and their table's own rules go to one Parquet file
in the spool, the others as text to another. Only the others, which are few, are then asked for their reasons.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import polars as pl

from billadjust.inputs.grammar import default, is_missing, native_value, reason, shown, value
from billadjust.inputs.read import ROW
from billadjust.staging import QUICK

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from billadjust.inputs.read import Rows
    from billadjust.inputs.style import Style
    from billadjust.schemas import Column, Table

CELL: Final = "cell "
"""Before the name of a column: its cell as it stands."""

REASONS: Final = pl.Schema({ROW: pl.Int64, "column": pl.String, "value": pl.String, "reason": pl.String})
"""The frame in which every step says what it rejects: one row for each broken rule."""


@dataclass(frozen=True)
class RowRule:
    """What the columns of one row must not say together; `column` is the one to look at."""

    column: str
    broken: pl.Expr
    reason: str


def _ends_before(end: str, start: str) -> RowRule:
    return RowRule(end, pl.col(end) < pl.col(start), f"{end} is before {start}")


ROW_RULES: Final[Mapping[str, tuple[RowRule, ...]]] = {
    "subscriptions": (_ends_before("valid_to", "valid_from"),),
    "tariffs": (
        RowRule(
            "internet_fee",
            pl.col("internet_fee") > pl.col("monthly_fee"),
            "internet_fee is more than monthly_fee, of which it is a part",
        ),
    ),
    "bands": (
        RowRule(
            "end_time",
            pl.col("end_time") <= pl.col("start_time"),
            "end_time is not after start_time: split a band that goes past midnight",
        ),
    ),
    "invoices": (_ends_before("period_end", "period_start"),),
    "invoice_lines": (_ends_before("period_end", "period_start"),),
    "outages": (_ends_before("ended_at", "started_at"),),
    "promises": (_ends_before("valid_to", "valid_from"),),
    "disputes": (
        _ends_before("resolved_on", "opened_on"),
        RowRule(
            "resolved_on",
            (pl.col("status") != "open") & pl.col("resolved_on").is_null(),
            "a value is required unless the dispute is open",
        ),
        RowRule(
            "explanation",
            (pl.col("status") == "explained") & pl.col("explanation").is_null(),
            "a value is required when the dispute is explained",
        ),
    ),
}
"""The rules between the columns of one row, by input."""


@dataclass(frozen=True)
class Checked:
    """What became of the rows of one file.

    `good` is a Parquet file of `_row` and the typed columns; `bad` has `_row` and the columns as text (null where the
    file has none), for rows of which `reasons` say what they break.
    """

    good: Path
    bad: pl.LazyFrame
    reasons: pl.DataFrame


def check(rows: Rows, table: Table, style: Style, spool: Path, stem: str) -> Checked:
    """Split the rows of one file into typed rows, defaults filled in, and rejected ones."""
    styles = {column.name: style.native if column.name in rows.exact else style for column in table.columns}
    cells = _cells(rows.frame, table)
    natives = _natives(cells, table, styles)
    text = cells.with_columns(_cell(column).cast(pl.String) for column in table.columns if column.name not in natives)
    typed = text.with_columns(_value(column, styles[column.name], natives.get(column.name)) for column in table.columns)
    keeps_rules = [~rule.broken.fill_null(value=False) for rule in ROW_RULES.get(table.name, ())]
    sound = pl.all_horizontal(*[_is_sound(column, natives) for column in table.columns], *keeps_rules)
    as_text = [
        _native_text(column, style.native) if column.name in natives else _cell(column) for column in table.columns
    ]
    judged = typed.with_columns(_sound=sound)
    good, bad = spool / f"{stem}.good.parquet", spool / f"{stem}.bad.parquet"
    pl.collect_all(
        [
            judged.filter("_sound").select(ROW, *table.schema).sink_parquet(good, compression=QUICK, lazy=True),
            judged.filter(~pl.col("_sound")).select(ROW, *as_text).sink_parquet(bad, compression=QUICK, lazy=True),
        ],
        engine="streaming",
    )
    rejected = pl.scan_parquet(bad, glob=False)
    broken = _cells(rows.broken.lazy(), table)
    lines = rows.broken.select(ROW, pl.lit("").alias("column"), "value", "reason")
    reasons = pl.concat([_reasons(rejected, table, styles), lines])
    return Checked(good, pl.concat([rejected, broken]).rename(lambda name: name.removeprefix(CELL)), reasons)


def _reasons(rejected: pl.LazyFrame, table: Table, styles: Mapping[str, Style]) -> pl.DataFrame:
    """Say of each rejected row which rules it breaks.

    Raises:
        AssertionError: A row was rejected for no reason, which would be dropping it silently.
    """
    count = rejected.select(pl.len()).collect().item()
    if not count:
        return pl.DataFrame(schema=REASONS)
    why = [_column_reasons(rejected, column, styles[column.name]) for column in table.columns]
    why += [_rule_reasons(rejected, table, rule, styles) for rule in ROW_RULES.get(table.name, ())]
    reasons = pl.concat(pl.collect_all(why, engine="streaming"))
    if reasons[ROW].n_unique() != count:
        raise AssertionError(f"rows of {table.name} were rejected without a reason")
    return reasons


def _is_sound(column: Column, natives: Mapping[str, pl.Expr]) -> pl.Expr:
    """Whether a cell has a value, or is empty and may be."""
    has_value = pl.col(column.name).is_not_null()
    if column.required:
        return has_value
    return has_value | (_cell(column).is_null() if column.name in natives else is_missing(_cell(column)))


def _cell(column: Column) -> pl.Expr:
    return pl.col(CELL + column.name)


def _native_text(column: Column, style: Style) -> pl.Expr:
    """What people would have written for a number or an instant."""
    return _cell(column).cast(pl.String) if column.is_number else shown(column, _cell(column), style)


def _cells(frame: pl.LazyFrame, table: Table) -> pl.LazyFrame:
    """The columns of the table under names of their own; null where the file has none."""
    present = frame.collect_schema().names()
    cells = [pl.col(name) if name in present else pl.lit(None, dtype=pl.String) for name in table.schema]
    return frame.select(ROW, *[cell.alias(CELL + name) for name, cell in zip(table.schema, cells, strict=True)])


def _natives(cells: pl.LazyFrame, table: Table, styles: Mapping[str, Style]) -> dict[str, pl.Expr]:
    """Return the values of those columns whose cells need not become text to be checked."""
    schema = cells.collect_schema()
    values = {
        column.name: native_value(column, _cell(column), schema[CELL + column.name], styles[column.name])
        for column in table.columns
    }
    return {name: found for name, found in values.items() if found is not None}


def _value(column: Column, style: Style, native: pl.Expr | None = None) -> pl.Expr:
    """The typed value of a cell, or the column's default where it is empty."""
    read = value(column, _cell(column), style) if native is None else native
    if column.default is not None:
        empty = is_missing(_cell(column)) if native is None else _cell(column).is_null()
        read = pl.when(empty).then(default(column, style)).otherwise(read)
    return read.alias(column.name)


def _column_reasons(rejected: pl.LazyFrame, column: Column, style: Style) -> pl.LazyFrame:
    why = rejected.select(
        ROW, column=pl.lit(column.name), value=_cell(column), reason=reason(column, _cell(column), style)
    )
    return why.filter(pl.col("reason").is_not_null())


def _rule_reasons(rejected: pl.LazyFrame, table: Table, rule: RowRule, styles: Mapping[str, Style]) -> pl.LazyFrame:
    named = [column for column in table.columns if column.name in rule.broken.meta.root_names()]
    broken = rejected.with_columns(_value(column, styles[column.name]) for column in named).filter(rule.broken)
    return broken.select(ROW, column=pl.lit(rule.column), value=pl.col(CELL + rule.column), reason=pl.lit(rule.reason))
