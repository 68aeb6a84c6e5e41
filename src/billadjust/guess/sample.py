"""The beginning of a file: its encoding, separator, names of columns and first rows."""

from __future__ import annotations

import codecs
import csv
import io
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import polars as pl
import pyarrow as pa  # type: ignore[import-untyped]  # it ships no types

if TYPE_CHECKING:
    from billadjust.inputs.source import DataFile

ROWS: Final = 1_000
"""Rows that are looked at."""

_BYTES: Final = 16 << 20
"""Bytes that are looked at, to see the encoding."""

SEPARATORS: Final = (";", ",", "\t", "|")

_VALUE: Final = re.compile(r"[-+]?\d[\d.,:/ T-]*")
"""A number, date or time: what no column is called."""


@dataclass(frozen=True)
class Sample:
    """How a file seems to be written. `rows` are its first rows as text. `problem`: why it cannot be read.

    `encoding` is "ascii" where nothing tells UTF-8 from the others.
    """

    encoding: str = "ascii"
    separator: str = ","
    names: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    problem: str | None = None

    def cells(self, name: str) -> list[str]:
        """Return what a column holds in the first rows, empty cells left out."""
        place = self.names.index(name)
        return [row[place].strip() for row in self.rows if place < len(row) and row[place].strip()]


def look_at(file: DataFile) -> Sample:
    """Look at the beginning of a file."""
    try:
        if file.format == "parquet":
            frame = pl.scan_parquet(file.path, glob=False).head(ROWS).collect()
            rows = ["" if cell is None else str(cell) for row in frame.rows() for cell in row]
            width = frame.width or 1
            return Sample(
                names=tuple(frame.columns),
                rows=tuple(tuple(rows[at : at + width]) for at in range(0, len(rows), width)),
            )
        with pa.input_stream(str(file.path), compression=file.packing) as packed:
            raw: bytes = packed.read(_BYTES)
    except (OSError, pl.exceptions.PolarsError):
        return Sample(problem="it is damaged or cut off: export or copy it again")
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return Sample(problem="its encoding is UTF-16: save it as UTF-8")
    encoding = _encoding(raw)
    text = codecs.getincrementaldecoder(encoding)(errors="replace").decode(raw)
    return _of_json(text) if file.format == "ndjson" else _of_csv(text, encoding)


def _encoding(raw: bytes) -> str:
    """Guess an encoding: bytes that are UTF-8 are hardly ever anything else."""
    if raw.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    for encoding in ("ascii", "utf-8", "windows-1252"):
        try:
            codecs.getincrementaldecoder(encoding)().decode(raw)
        except UnicodeDecodeError:
            continue
        return encoding
    return "latin-1"


def _of_json(text: str) -> Sample:
    names: dict[str, None] = {}
    objects = []
    for line in text.splitlines()[:ROWS]:
        try:
            row = json.loads(line)
        except json.JSONDecodeError:
            continue
        if isinstance(row, dict):
            objects.append(row)
            names |= dict.fromkeys(row)
    if not objects:
        return Sample(problem="no line of it is a JSON object")
    rows = (tuple("" if row.get(name) is None else str(row[name]) for name in names) for row in objects)
    return Sample(names=tuple(names), rows=tuple(rows))


def _of_csv(text: str, encoding: str) -> Sample:
    if not text.strip():
        return Sample(encoding, problem="it is empty: its first line must name the columns")
    separator, (header, *rows) = max(
        ((one, _records(text, one)) for one in SEPARATORS), key=lambda read: _regularity(read[1])
    )
    if any(_VALUE.fullmatch(cell.strip()) for cell in header):
        return Sample(
            encoding,
            separator,
            problem=f"its first line has values where names of columns belong ({len(header)} columns): "
            "put a line with their names on top",
        )
    if doubled := sorted({name for name in header if header.count(name) > 1}):
        called = f"named {doubled[0]}" if doubled[0] else "without a name"
        return Sample(encoding, separator, problem=f"it has two columns {called}: name each its own way")
    return Sample(encoding, separator, tuple(header), tuple(map(tuple, rows)))


def _records(text: str, separator: str) -> list[list[str]]:
    """Read the first rows; the last one that was read may be cut off, and is left out if there are others."""
    found: list[list[str]] = []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    try:
        for row in reader:
            if row:
                found.append(row)
            if len(found) > ROWS:
                break
    except csv.Error:
        pass
    return found or [[]]


def _regularity(records: list[list[str]]) -> tuple[float, int]:
    """Rank a separator: by how many rows are as wide as the first one, then by that width; one column is no table."""
    width = len(records[0])
    same = sum(len(row) == width for row in records) / len(records)
    return (same if width > 1 else 0.0, width)
