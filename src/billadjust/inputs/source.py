"""Where an input is, how it is written, and which files it consists of."""

from __future__ import annotations

import glob
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from billadjust.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

FORMATS: Final = {".csv": "csv", ".ndjson": "ndjson", ".jsonl": "ndjson", ".parquet": "parquet"}
"""The format of a file by its ending."""

PACKINGS: Final = {".gz": "gzip", ".zst": "zstd"}
"""The compression of a text file by its last ending."""

ENDINGS: Final = ".csv, .ndjson or .jsonl (also .gz and .zst of these) or .parquet"


@dataclass(frozen=True)
class Source:
    """How one input is written.

    `path` is absolute: a file, a directory or a glob. `configured` is False where only the default place was tried,
    which may be missing. `date_format` is a strptime format (None: ISO 8601). `columns` maps our names to the file's,
    `words`, by our name of a column, the file's words to ours.
    """

    name: str
    path: str
    configured: bool
    separator: str = ","
    decimal_comma: bool = False
    encoding: str = "utf-8"
    date_format: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    words: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True)
class DataFile:
    """One file of an input: `name` is how reports call it, `number` its place among the input's files."""

    path: Path
    name: str
    number: int
    format: str
    packing: str | None


def find_files(source: Source) -> tuple[list[DataFile], list[str]]:
    """Return the files of a source in the order of their names, and the names of files that are left aside.

    Names are relative to the directory, or to what precedes the first wildcard, so they are the same on every machine.
    In a directory or glob, names that start with `.` or `_` are not data; other files of an unknown ending are left
    aside. No files are returned only where a default place does not exist.

    Raises:
        InputError: A configured path matches nothing, or nothing in it has a known ending.
    """
    path = Path(source.path)
    if path.is_file():
        names = {path.name: path}
    elif path.is_dir():
        names = {entry.name: entry for entry in path.iterdir()}
    elif glob.has_magic(source.path):
        root = _root(source.path)
        names = {str(hit.relative_to(root)): hit for hit in root.glob(str(path.relative_to(root)))}
    else:
        names = {}
    names = {name: entry for name, entry in names.items() if path.is_file() or entry.name[0] not in "._"}
    if not names:
        if source.configured or path.is_dir():
            raise InputError(
                f"{source.path} has no files for the input {source.name}: put the export there, or correct its path in the configuration."
            )
        return [], []
    kinds = {name: _format(entry) for name, entry in names.items() if entry.is_file()}
    files = [
        DataFile(names[name], name, number, *kind)
        for number, (name, kind) in enumerate(sorted((name, kind) for name, kind in kinds.items() if kind is not None))
    ]
    if not files:
        raise InputError(
            f"{source.path} holds nothing that the input {source.name} can be read from: name the files {ENDINGS}."
        )
    return files, sorted(
        name for name, entry in names.items() if kinds.get(name) is None and (path.is_dir() or entry.is_file())
    )


def _root(pattern: str) -> Path:
    """What precedes the first part of a glob that has a wildcard."""
    parts = Path(pattern).parts
    return Path(*parts[: next(index for index, part in enumerate(parts) if glob.has_magic(part))])


def _format(path: Path) -> tuple[str, str | None] | None:
    """Format and compression by the name's endings; None: not one that can be read."""
    *first, last = [suffix.lower() for suffix in path.suffixes] or [""]
    if last in PACKINGS and first and FORMATS.get(first[-1], "parquet") != "parquet":
        return FORMATS[first[-1]], PACKINGS[last]
    return (FORMATS[last], None) if last in FORMATS else None
