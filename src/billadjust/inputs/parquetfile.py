"""Parquet files: most native types become the text that a CSV file would have, so that one grammar checks both.

A float is accepted where its shortest decimal text is one that the column may have: 9.9 is, 0.1 + 0.2 is not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from billadjust.errors import InputError
from billadjust.inputs.read import LINE, Rows, choose_columns, no_rows, row_id
from billadjust.schemas import Kind

if TYPE_CHECKING:
    from billadjust.inputs.source import DataFile, Source
    from billadjust.schemas import Column, Table


def read_parquet(file: DataFile, table: Table, source: Source) -> Rows:
    """Read one Parquet file.

    Raises:
        InputError: It is not one, is damaged, or has a column whose type has no text.
    """
    try:
        scan = pl.scan_parquet(file.path, glob=False, row_index_name=LINE, row_index_offset=1, hive_partitioning=False)
        schema = scan.collect_schema()
    except (pl.exceptions.PolarsError, OSError) as error:
        raise InputError(
            f"{file.path} is not a Parquet file, or is damaged or cut off ({error}): export or copy it again."
        ) from None
    names = [name for name in schema if name != LINE]
    chosen = choose_columns(file, names, table, source)
    cells = [_cell(file, name, schema[name], table.column(ours)).alias(ours) for name, ours in chosen.items()]
    return Rows(
        frame=scan.select(row_id(file, pl.col(LINE)), *cells),
        broken=no_rows(list(chosen.values())),
        extra=tuple(name for name in names if name not in chosen),
        exact=frozenset(
            ours for name, ours in chosen.items() if schema[name] not in (pl.String, pl.Categorical, pl.Enum)
        ),
    )


def _cell(file: DataFile, name: str, dtype: pl.DataType, column: Column) -> pl.Expr:
    """Return a column as it is where that can be checked, else as text."""
    if _is_instant(dtype, column):
        return pl.col(name).dt.convert_time_zone("UTC")
    if column.is_number and (dtype.is_integer() or isinstance(dtype, pl.Decimal)):
        return pl.col(name)
    return _text(file, name, dtype, column)


def _is_instant(dtype: pl.DataType, column: Column) -> bool:
    """Whether a column has the type that it should have; there is nothing to check then, and text would take its time."""
    return (
        column.kind is Kind.TIMESTAMP
        and isinstance(dtype, pl.Datetime)
        and dtype.time_zone is not None
        and dtype.time_unit == "us"
    )


def _text(file: DataFile, name: str, dtype: pl.DataType, column: Column) -> pl.Expr:
    """The text of a column of any type that has one; a timestamp without zone is local time."""
    cell = pl.col(name)
    if isinstance(dtype, pl.Datetime):
        if dtype.time_zone is not None:
            return cell.dt.convert_time_zone("UTC").dt.to_string("%Y-%m-%dT%H:%M:%S%.fZ")
        text = cell.dt.to_string("%Y-%m-%dT%H:%M:%S%.f")
        return text.str.strip_suffix("T00:00:00") if column.kind is Kind.DATE else text
    if isinstance(dtype, pl.Time):
        return cell.dt.to_string("%H:%M:%S%.f")
    if dtype.is_nested() or dtype in (pl.Binary, pl.Object, pl.Duration):
        raise InputError(
            f"{file.path}: the column {name} is of the type {dtype}: write it as text or as a {column.kind}."
        )
    return cell.cast(pl.String)
