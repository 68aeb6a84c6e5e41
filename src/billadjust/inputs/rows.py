"""The rows of files of any format, as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from billadjust.inputs.csvtext import read_csv
from billadjust.inputs.jsontext import read_ndjson
from billadjust.inputs.parquetfile import read_parquet
from billadjust.inputs.source import find_files
from billadjust.schemas import INPUTS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from billadjust.inputs.read import Rows
    from billadjust.inputs.source import DataFile, Source
    from billadjust.schemas import Table


def rows_of(file: DataFile, table: Table, source: Source, spool: Path) -> Rows:
    """Return the rows of a file as text."""
    match file.format:
        case "csv":
            return read_csv(file, table, source, spool)
        case "ndjson":
            return read_ndjson(file, table, source, spool)
        case _:
            return read_parquet(file, table, source)


def identifiers(source: Source, name: str, columns: Sequence[str], spool: Path) -> pl.LazyFrame:
    """Return the identifiers of an input as they stand in its files, unchecked; none if it is not there.

    Raises:
        InputError: A file cannot be read.
    """
    files, _ = find_files(source)
    frames = [rows_of(file, INPUTS[name], source, spool).frame.select(columns) for file in files]
    return pl.concat([pl.LazyFrame(schema=dict.fromkeys(columns, pl.String())), *frames])
