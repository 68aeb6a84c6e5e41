"""Archives of e-invoices: the same bytes for the same notes, each note in each format that can hold it, and no other."""

from __future__ import annotations

import hashlib
import zipfile
from typing import TYPE_CHECKING

import pytest

from billadjust.documents import einvoices as module
from billadjust.documents.archive import Archive
from billadjust.documents.einvoices import einvoices
from notes_case import ISSUER, note, together
from official import broken_rules, schema_errors, texts

if TYPE_CHECKING:
    from pathlib import Path

    import polars as pl

RUN = together(
    [
        note((990, 21, 208), number="R/2026-000002"),
        note((1_000, 21, 210), (-250, 21, -53), number="R/2026-000001"),
        note((300, 21, 63), number="R/2026-000003", tax_id=None),
        note((500, 21, 105), number="R/2026-000004", name=None),
    ]
)


def written(directory: Path, run: tuple[pl.DataFrame, pl.DataFrame] = RUN) -> pl.DataFrame:
    """Write the archives of a run, and return what was left out."""
    archives, left_out = einvoices(*run, ISSUER, "EUR", 2)
    for name, archive in archives.items():
        archive.write(directory / name)
    return left_out


def contents(path: Path) -> dict[str, str]:
    """Return the documents of an archive by name, after its check sums were checked."""
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name).decode() for name in archive.namelist()}


def test_each_note_is_in_each_format_that_can_hold_it(tmp_path: Path) -> None:
    left_out = written(tmp_path)
    ubl = contents(tmp_path / "credit_notes_ubl_001.zip")
    facturae = contents(tmp_path / "credit_notes_facturae_001.zip")
    assert list(ubl) == ["R-2026-000001.xml", "R-2026-000002.xml", "R-2026-000003.xml"]
    assert list(facturae) == ["R-2026-000001.xml", "R-2026-000002.xml"]
    assert sorted(left_out.select("format", "reference").rows()) == [
        ("facturae", "R/2026-000003"),
        ("facturae", "R/2026-000004"),
        ("ubl", "R/2026-000004"),
    ]
    for xml in ubl.values():
        assert schema_errors("ubl", xml) == []
        assert broken_rules(xml) == set()
    for xml in facturae.values():
        assert schema_errors("facturae", xml) == []
    # 10.00 - 2.50 and 2.10 - 0.53.
    assert texts(ubl["R-2026-000001.xml"], "LegalMonetaryTotal/PayableAmount") == ["9.07"]
    assert texts(facturae["R-2026-000001.xml"], "InvoiceTotals/InvoiceTotal") == ["-9.07"]


def test_an_archive_says_how_many_documents_it_has_and_what_they_add_up_to() -> None:
    archives, _ = einvoices(*RUN, ISSUER, "EUR", 2)
    # 9.07 + 11.98 + 3.63, and without the customer who has no NIF.
    assert {name: (archive.rows, archive.totals) for name, archive in archives.items()} == {
        "credit_notes_ubl_001.zip": (3, {"gross": "24.68"}),
        "credit_notes_facturae_001.zip": (2, {"gross": "21.05"}),
    }


def test_the_same_notes_give_the_same_bytes_in_whatever_order_they_come(tmp_path: Path) -> None:
    digests = []
    for place, notes in enumerate((RUN[0], RUN[0].reverse())):
        directory = tmp_path / str(place)
        directory.mkdir()
        written(directory, (notes, RUN[1]))
        digests.append([hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(directory.iterdir())])
    assert digests[0] == digests[1]


def test_nothing_in_an_archive_depends_on_when_or_where_it_was_written(tmp_path: Path) -> None:
    written(tmp_path)
    with zipfile.ZipFile(tmp_path / "credit_notes_ubl_001.zip") as archive:
        for member in archive.infolist():
            assert member.date_time == (1980, 1, 1, 0, 0, 0)
            assert (member.create_system, member.external_attr, member.compress_type) == (3, 0o100644 << 16, 0)


def test_documents_beyond_what_an_archive_has_room_for_are_in_the_next_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(module, "IN_ARCHIVE", 2)
    monkeypatch.setattr(module, "BATCH", 1)
    written(tmp_path)
    assert list(contents(tmp_path / "credit_notes_ubl_001.zip")) == ["R-2026-000001.xml", "R-2026-000002.xml"]
    assert list(contents(tmp_path / "credit_notes_ubl_002.zip")) == ["R-2026-000003.xml"]


def test_a_run_without_credit_notes_has_no_archive(tmp_path: Path) -> None:
    archives, left_out = einvoices(RUN[0].clear(), RUN[1].clear(), ISSUER, "EUR", 2)
    assert archives == {}
    assert left_out.height == 0
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_there_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "there.zip").write_bytes(b"other")
    with pytest.raises(FileExistsError):
        Archive([], 0, {}).write(tmp_path / "there.zip")
