"""Files of documents whose bytes depend on nothing but what is in them: single ones, and ZIP archives of many."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    import polars as pl

_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
_READABLE: Final = 0o100644 << 16
_UNIX: Final = 3


@dataclass(frozen=True)
class Document:
    """A document to be written into a file of its own; `rows` and `totals` are for the manifest."""

    text: str
    rows: int
    totals: Mapping[str, str]

    def write(self, path: Path) -> None:
        """Write the file."""
        path.write_text(self.text, encoding="utf-8", newline="\n")


@dataclass(frozen=True)
class Archive:
    """Documents to be written into one ZIP file, made part by part while it is written.

    `parts`: frames (name, content); `rows` counts the documents and `totals` are their control totals, for the manifest.
    """

    parts: Iterable[pl.DataFrame]
    rows: int
    totals: Mapping[str, str]

    def write(self, path: Path) -> None:
        """Write the file. Nothing is compressed: another version of a compressor would give other bytes."""
        with zipfile.ZipFile(path, "x", zipfile.ZIP_STORED) as archive:
            for part in self.parts:
                # zipfile takes one document at a time: 25 microseconds for each.
                for name, content in zip(part["name"], part["content"], strict=True):
                    member = zipfile.ZipInfo(name, _EPOCH)
                    member.create_system = _UNIX
                    member.external_attr = _READABLE
                    archive.writestr(member, content)
