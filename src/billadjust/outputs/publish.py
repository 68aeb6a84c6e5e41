"""The directory of a run's files: complete or not there, and checked against its manifest (§9)."""

from __future__ import annotations

import json
import shutil
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

import polars as pl

from billadjust.durable import make_directory, sha256_of, sync_directory, sync_file
from billadjust.errors import UsageError
from billadjust.outputs.csvfile import Dialect, write_csv

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

MANIFEST: Final = "manifest.json"
SUCCESS: Final = "_SUCCESS"
"""Written last: the SHA-256 of the manifest, as `sha256sum --check` reads it. A copy without it is not complete."""


class Writable(Protocol):
    """What writes its own file; `rows` and `totals` are for the manifest."""

    @property
    def rows(self) -> int:
        """How many rows or documents there are in it."""

    @property
    def totals(self) -> Mapping[str, str]:
        """Their control totals."""

    def write(self, path: Path) -> None:
        """Write the file."""


Content = pl.DataFrame | str | Writable
"""What a file is made of: a frame becomes CSV, a text UTF-8; everything else writes its file itself."""

_NOT_ADDED: Final = frozenset({"tax_rate"})


@dataclass(frozen=True)
class Export:
    """The files of a run by name, what the manifest says of the run, and the dialect of its CSV files."""

    files: Mapping[str, Content]
    header: Mapping[str, Any]
    dialect: Dialect = "standard"


def publish(directory: Path, export: Export) -> Path:
    """Write a run's files into `directory`, which appears with all of them or not at all.

    `manifest.json` is the export's header and, for each file, its SHA-256, its
    bytes, its rows and the sums of its decimal columns: nothing in it depends on when or where it was written. A
    directory that is there already and holds the same is left alone. Returns the directory.

    Raises:
        UsageError: the directory holds something else (it is not overwritten), or cannot be written.
    """
    try:
        with _temporary_beside(directory) as made:
            entries = _write_all(made, export)
            text = json.dumps({**export.header, "files": entries}, ensure_ascii=False, indent=2, sort_keys=True) + "\n"
            (made / MANIFEST).write_text(text, encoding="utf-8", newline="\n")
            sync_file(made / MANIFEST)
            (made / SUCCESS).write_text(_success(made), encoding="utf-8", newline="\n")
            sync_file(made / SUCCESS)
            sync_directory(made)
            if directory.exists():
                _require_same(directory, text)
            else:
                made.rename(directory)
                sync_directory(directory.parent)
    except OSError as error:
        raise UsageError(
            f"{directory} cannot be written: {error.strerror}. Check outputs.path, its rights and the space on its disk."
        ) from error
    return directory


def verify_directory(directory: Path) -> list[str]:
    """Say, a line each, where a published directory is not as its manifest describes it; an empty list is good news."""
    try:
        described = json.loads((directory / MANIFEST).read_text(encoding="utf-8"))["files"]
        present = {path.name for path in directory.iterdir()} - {MANIFEST, SUCCESS}
        complete = (directory / SUCCESS).is_file()
        unchanged = complete and (directory / SUCCESS).read_text(encoding="utf-8") == _success(directory)
    except (OSError, ValueError, KeyError, TypeError):
        return [f"{directory / MANIFEST} is missing or cannot be read."]
    lines = [f"{directory / name} is not in the manifest." for name in sorted(present - described.keys())]
    if not complete:
        lines.append(f"{directory / SUCCESS} is missing: the directory was not copied completely.")
    elif not unchanged:
        lines.append(f"{directory / MANIFEST} was changed after it was published.")
    for name, entry in sorted(described.items()):
        path = directory / name
        if not path.is_file():
            lines.append(f"{path} is missing.")
        elif sha256_of(path) != entry["sha256"]:
            lines.append(f"{path} was changed after it was published.")
    return lines


@contextmanager
def _temporary_beside(directory: Path) -> Iterator[Path]:
    """Give a hidden directory beside this one, and remove it and those of crashed runs if they are still there."""
    make_directory(directory.parent)
    for leftover in directory.parent.glob(f".{directory.name}.tmp-*"):
        shutil.rmtree(leftover)
    made = directory.parent / f".{directory.name}.tmp-{uuid.uuid4().hex[:8]}"
    made.mkdir()
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _success(directory: Path) -> str:
    return f"{sha256_of(directory / MANIFEST)}  {MANIFEST}\n"


def _write_all(directory: Path, export: Export) -> dict[str, dict[str, Any]]:
    """Write the files and describe them for the manifest; while one is written, the disk confirms the one before."""
    with ThreadPoolExecutor(max_workers=1) as disk:
        written = {
            name: (
                _write(directory / name, export.files[name], export.dialect),
                disk.submit(_confirm, directory / name),
            )
            for name in sorted(export.files)
        }
        return {name: described | confirmed.result() for name, (described, confirmed) in written.items()}


def _confirm(path: Path) -> dict[str, Any]:
    """Wait until the disk holds a file, and return its size and hash."""
    sync_file(path)
    return {"bytes": path.stat().st_size, "sha256": sha256_of(path)}


def _write(path: Path, content: Content, dialect: Dialect) -> dict[str, Any]:
    """Write one file and return its rows and totals."""
    described: dict[str, Any] = {}
    if isinstance(content, str):
        path.write_text(content, encoding="utf-8", newline="\n")
    elif isinstance(content, pl.DataFrame):
        write_csv(content, path, dialect)
        amounts = [name for name, dtype in content.schema.items() if dtype.is_decimal() and name not in _NOT_ADDED]
        totals = {name: str(content[name].sum()) for name in amounts}
        described = {"rows": content.height, "totals": totals}
    else:
        content.write(path)
        described = {"rows": content.rows, "totals": dict(content.totals)}
    return described


def _require_same(directory: Path, manifest: str) -> None:
    """Accept a directory that was published before only if it is what would be published now."""
    wrong = verify_directory(directory)
    if not wrong and (directory / MANIFEST).read_text(encoding="utf-8") != manifest:
        wrong = [f"{directory / MANIFEST} describes other files."]
    if wrong:
        raise UsageError(
            f"{directory} is there already and is not what the ledger says:\n" + "\n".join(wrong) + "\n"
            "It was not overwritten. Move it away and publish again."
        )
