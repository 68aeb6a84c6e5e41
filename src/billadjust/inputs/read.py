"""Files become frames: the columns of the specification as text, each row with the place where it stands.

The place is one number, `_row`: the number of the file times 2^40 plus the line as an editor shows it (the header of
a CSV file is line 1; of a Parquet file it is the number of the row).
"""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import polars as pl
import pyarrow as pa  # type: ignore[import-untyped]  # it ships no types

from billadjust.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

    from billadjust.inputs.source import DataFile, Source
    from billadjust.schemas import Table

ROW: Final = "_row"
LINE: Final = "line of the file"
"""A name that no column of a file has."""
FILE_STEP: Final = 1 << 40
"""Rows of one file are numbered within this range."""
CHUNK: Final = 1 << 24


@dataclass(frozen=True)
class Rows:
    """The rows of one file.

    `frame` has `_row` and those columns of the table that the file has: text as it stands (null where there is none), or
    numbers and instants as they are, which are read more quickly than their text. `exact` names the columns whose text was made
    from native values, and so is in the plain style whatever the source says. `broken` are rows that cannot be told apart
    into columns: `_row`, `value` (the line), `reason`, and what can be made out of their cells. `extra` are the file's
    columns that nothing asks for.
    """

    frame: pl.LazyFrame
    broken: pl.DataFrame
    extra: tuple[str, ...]
    exact: frozenset[str] = frozenset()


def row_id(file: DataFile, line: pl.Expr) -> pl.Expr:
    """The number under which the program knows this line of this file."""
    return (line.cast(pl.Int64) + file.number * FILE_STEP).alias(ROW)


def no_rows(columns: list[str]) -> pl.DataFrame:
    """No broken rows, with the columns that broken rows have."""
    return pl.DataFrame(
        schema={ROW: pl.Int64, "value": pl.String, "reason": pl.String} | dict.fromkeys(columns, pl.String())
    )


def choose_columns(file: DataFile, names: list[str], table: Table, source: Source, hint: str = "") -> dict[str, str]:
    """Return which column of the file is which of ours (file's name -> ours).

    Raises:
        InputError: A name appears twice, two of our columns are mapped to one, or a mapped or required column is missing.
    """
    if doubled := sorted({name for name in names if names.count(name) > 1}):
        called = f"named {doubled[0]}" if doubled[0] else "without a name"
        raise InputError(f"{file.path} has two columns {called}: name each its own way, or remove one of them.")
    chosen: dict[str, str] = {}
    for column in table.columns:
        name = source.columns.get(column.name, column.name)
        if name in chosen and name in names:
            raise InputError(
                f"{file.path}: the columns {chosen[name]} and {column.name} of {table.name} are both read from {name}: correct `columns` in the configuration."
            )
        chosen[name] = column.name
    mapped = [name for name in source.columns.values() if name not in names]
    missing = [
        column.name
        for column in table.columns
        if column.required and source.columns.get(column.name, column.name) not in names
    ]
    if mapped:
        raise InputError(
            f"{file.path} has no column {', '.join(mapped)}, which the configuration maps: it has {', '.join(names)}.{hint}"
        )
    if missing:
        raise InputError(
            f"{file.path} has no column {', '.join(missing)}, which {table.name} needs: it has {', '.join(names)}. Add it, or map it with `columns` in the configuration.{hint}"
        )
    return {name: ours for name, ours in chosen.items() if name in names}


def utf8_text(file: DataFile, source: Source, spool: Path) -> Path:
    """Return the file as plain UTF-8, which is itself if it is so already.

    Raises:
        InputError: The compression is cut off or broken, the encoding is unknown, or the bytes are not of it.
    """
    try:
        encoding = codecs.lookup(source.encoding).name
    except LookupError:
        raise InputError(
            f"The encoding {source.encoding} of {source.name} is unknown: use utf-8, latin-1 or windows-1252."
        ) from None
    plain = encoding in {"utf-8", "utf-8-sig", "ascii"}
    if plain and file.packing is None:
        return file.path
    target = spool / f"{source.name}.{file.number}.txt"
    decoder = codecs.getincrementaldecoder("utf-8" if plain else encoding)()
    lines = 1
    try:
        with pa.input_stream(str(file.path), compression=file.packing) as packed, target.open("wb") as text:
            while chunk := packed.read(CHUNK):
                text.write(chunk if plain else decoder.decode(chunk).encode())
                lines += chunk.count(b"\n")
            decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        line = lines + error.object[: error.start].count(b"\n")
        raise InputError(
            f"{file.path}, line {line}: the bytes there are not {source.encoding}: correct `encoding` of {source.name} in the configuration."
        ) from None
    except OSError as error:
        raise InputError(
            f"{file.path} cannot be decompressed ({error}): it is damaged or cut off. Export or copy it again."
        ) from None
    return target


def check_utf8(path: Path, file: DataFile, source: Source) -> None:
    """Name the first line that is not UTF-8.

    Raises:
        InputError: There is one.
    """
    with path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                line.decode()
            except UnicodeDecodeError:
                raise InputError(
                    f"{file.path}, line {number}: the bytes there are not utf-8: set `encoding` of {source.name} in the configuration (such as windows-1252)."
                ) from None
