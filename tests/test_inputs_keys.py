"""Keys that appear again: with the same content one stays, with other content none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from billadjust.inputs import keys
from inputs_case import CLEAN, changed, ids, read, rejections

if TYPE_CHECKING:
    from pathlib import Path

AGAIN = "the key appears again with other content"


def test_a_repeated_row_stays_once_and_is_counted_not_rejected(tmp_path: Path) -> None:
    loaded = read(tmp_path, cdrs=CLEAN["cdrs"] + CLEAN["cdrs"].split("\n", 1)[1])
    assert rejections(loaded) == []
    assert ids(loaded.inputs.cdrs, "cdr_id") == ["C1", "C2"]
    assert loaded.counts.filter(input="cdrs").row(0) == ("cdrs", 1, 4, 2, 0, 2)


def test_the_same_content_may_be_written_differently(tmp_path: Path) -> None:
    """3 and 3.00 are the same amount, and 10:00+01:00 is 09:00Z; an empty language is the default."""
    loaded = read(
        tmp_path,
        cdrs=CLEAN["cdrs"] + "C1,S1,voice,2026-01-07T09:00Z,34000000001,1800.0,3.00,F1\n",
        accounts=CLEAN["accounts"] + "A2,Bea Example,\n",
    )
    assert rejections(loaded) == []
    assert dict(loaded.counts.select("input", "repeats").rows())["cdrs"] == 1
    assert dict(loaded.counts.select("input", "repeats").rows())["accounts"] == 1


def test_a_key_with_other_content_rejects_all_its_rows(tmp_path: Path) -> None:
    rows = "C3,S2,data,2026-01-09T10:00Z,,1,0,\n"
    loaded = read(tmp_path, cdrs=CLEAN["cdrs"] + rows * 2 + rows.replace(",1,0,", ",2,0,"))
    assert rejections(loaded) == [
        ("cdrs", 4, "cdr_id", "C3", f"{AGAIN} (cdrs.csv, line 5)"),
        ("cdrs", 5, "cdr_id", "C3", f"{AGAIN} (cdrs.csv, line 4)"),
        ("cdrs", 6, "cdr_id", "C3", f"{AGAIN} (cdrs.csv, line 4)"),
    ]
    assert loaded.counts.filter(input="cdrs").row(0) == ("cdrs", 1, 5, 2, 3, 0)


def test_a_key_in_two_files_names_the_other_file(tmp_path: Path) -> None:
    place = tmp_path / "outages"
    place.mkdir()
    for day in (1, 2):
        (place / f"{day}.csv").write_text(f"outage_id,service,started_at\nO1,data,2026-01-0{day}T10:00Z\n")
    loaded = read(tmp_path, {"outages": {"path": str(place)}}, outages=None)
    assert [(row[0], row[-1]) for row in loaded.rejected.select("file", "reason").rows()] == [
        ("1.csv", f"{AGAIN} (2.csv, line 2)"),
        ("2.csv", f"{AGAIN} (1.csv, line 2)"),
    ]


def test_a_key_of_several_columns_is_compared_with_its_empty_parts(tmp_path: Path) -> None:
    """The rates of card 1 differ in band and from_unit; an empty from_unit is 0, and an empty band is a value."""
    again = "card,1,voice,es,,,0.20,60,60,1\n"
    loaded = read(tmp_path, rates=CLEAN["rates"] + again)
    assert rejections(loaded) == [
        ("rates", 3, "tariff_id, version, service, zone, band, from_unit", "card, 1, voice, es, 0", f"{AGAIN} (rates.csv, line 7)"),
        ("rates", 4, "from_unit", "600", "the rate has no tier that starts at 0"),
        ("rates", 7, "tariff_id, version, service, zone, band, from_unit", "card, 1, voice, es, 0", f"{AGAIN} (rates.csv, line 3)"),
    ]  # fmt: skip


def test_a_rejected_row_with_the_same_key_has_other_content(tmp_path: Path) -> None:
    loaded = read(tmp_path, accounts=CLEAN["accounts"] + " A2 ,Bea,fr\n")
    assert rejections(loaded, "accounts") == [
        ("accounts", 3, "account_id", "A2", f"{AGAIN} (a rejected row)"),
        ("accounts", 4, "account_id", " A2 ", "not an identifier: 1 to 64 characters without `|`, control characters or surrounding blanks"),
        ("accounts", 4, "language", "fr", "not one of es, en, nor mapped to one with `words` in the configuration"),
    ]  # fmt: skip


def test_a_rejected_row_whose_key_is_not_complete_rejects_nothing_else(tmp_path: Path) -> None:
    loaded = read(tmp_path, rates=CLEAN["rates"] + "card,2,voice,*,day|night,0,0.10,60,60,1\n")
    assert [row[1] for row in rejections(loaded)] == [7]


def test_a_time_in_a_key_is_shown_as_a_time(tmp_path: Path) -> None:
    loaded = read(tmp_path, bands=CLEAN["bands"] + "day,1,08:00,21:30\n")
    assert rejections(loaded, "bands")[0][3] == "day, 1, 08:00"


@pytest.mark.parametrize("share", [1, 2, 1000])
def test_many_keys_are_compared_a_share_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, share: int) -> None:
    monkeypatch.setattr(keys, "SHARE", share)
    rows = [f"Z{number},S1,voice,2026-01-09T10:00Z,,60,0.10,\n" for number in range(20)]
    loaded = read(tmp_path, cdrs=CLEAN["cdrs"] + "".join(rows) + "".join(rows[::2]) + rows[1].replace(",60,", ",61,"))
    assert loaded.counts.filter(input="cdrs").row(0) == ("cdrs", 1, 33, 21, 2, 10)
    assert {row[3] for row in rejections(loaded)} == {"Z1"}


def test_lines_of_an_invoice_may_have_any_numbers_but_not_the_same(tmp_path: Path) -> None:
    loaded = read(tmp_path, invoice_lines=changed("invoice_lines", ("F1,2,usage", "F1,1,usage")))
    assert [(row[1], row[4]) for row in rejections(loaded, "invoice_lines")] == [
        (2, f"{AGAIN} (invoice_lines.csv, line 3)"),
        (3, f"{AGAIN} (invoice_lines.csv, line 2)"),
    ]
