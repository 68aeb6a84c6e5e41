"""CSV files do not lie: true line numbers, no merged and no shifted rows, whatever the quotes and line ends."""

from __future__ import annotations

import csv
import gzip
import io
import tempfile
from pathlib import Path
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped]  # it ships no types
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billadjust.errors import InputError
from billadjust.inputs import Source
from billadjust.inputs.csvtext import read_csv
from billadjust.inputs.records import Grammar
from billadjust.inputs.source import find_files
from billadjust.schemas import INPUTS
from inputs_case import CLEAN, ids, read, read_few, rejections

HEADER = "zone,prefix\n"
STRAY = "the row has a stray quote: put fields with quotes in quotes and double the quotes inside"


ROWS = (
    "a quote opens in line 2 and closes in line 4, but the lines look like rows: "
    "remove stray quotes, or export the file as Parquet"
)


def zones(
    place: Path,
    text: str | bytes,
    **style: Any,  # noqa: ANN401 - fields of a source
) -> tuple[list[tuple[str, str]], list[tuple[int, str, str | None, str]]]:
    """The accepted (prefix, zone) and the rejected (line, column, value, reason) of this file as the input zones."""
    loaded = read_few(place, {"zones": style}, zones=text)
    return ids(loaded.inputs.zones, "prefix", "zone"), [row[1:] for row in rejections(loaded, "zones")]


BODIES: list[tuple[str, list[tuple[str, str]], list[tuple[int, str, str | None, str]]]] = [
    ("es,34", [("34", "es")], []),  # no line end at the end
    ("es,34\r\nfr,33\r\n", [("33", "fr"), ("34", "es")], []),
    ("\n\nes,34\n  \n\nfr,x\n\n", [("34", "es")], [(7, "prefix", "x", "not 1 to 15 digits (without +)")]),
    ('"es",34\n"a,b","33"\n', [("33", "a,b"), ("34", "es")], []),
    ('"say ""hi""",34\n', [("34", 'say "hi"')], []),
    (" es,34\n", [], [(2, "zone", " es", "not an identifier: 1 to 64 characters without `|`, control characters or surrounding blanks")]),
    ('"",34\n,33\n', [], [(2, "zone", "", "a value is required"), (3, "zone", None, "a value is required")]),
    (",\n", [], [(2, "prefix", None, "a value is required"), (2, "zone", None, "a value is required")]),
    ("es\nfr,33\n", [("33", "fr")], [(2, "", "es", "the row has 1 field, the header 2")]),
    ("es,34,\nfr,33\n", [("33", "fr")], [(2, "", "es,34,", "the row has 3 fields, the header 2")]),
    ('"a,b",3,4\n', [], [(2, "", '"a,b",3,4', "the row has 3 fields, the header 2")]),
    # a field with a line break: the row is on the line where it begins, and those behind it keep their lines
    ('"a\nb",34\nfr,x\n', [], [(2, "zone", "a\nb", "not an identifier: 1 to 64 characters without `|`, control characters or surrounding blanks"), (4, "prefix", "x", "not 1 to 15 digits (without +)")]),
    # two stray quotes must not merge the rows between them
    ('"es,34\nfr,33\nit,39"\nat,43\n', [("43", "at")], [(2, "", '"es,34', ROWS), (3, "", "fr,33", ROWS), (4, "", 'it,39"', ROWS)]),
    ('"es,34\nfr,33\nit,3"9\nat,43\n', [("33", "fr"), ("43", "at")], [(2, "", '"es,34', STRAY), (4, "", 'it,3"9', STRAY)]),
    ('es,"34\nfr,33\n""it"",39"\n', [], [(2, "", 'es,"34', ROWS), (3, "", "fr,33", ROWS), (4, "", '""it"",39"', ROWS)]),
    ('es,"34\n\nit"\nfr,33\n', [("33", "fr")], [(2, "prefix", "34\n\nit", "not 1 to 15 digits (without +)")]),
    ('es,34"\nfr,33\n"it,39\nat,43\n', [("33", "fr"), ("43", "at")], [(2, "", 'es,34"', STRAY), (4, "", '"it,39', STRAY)]),
    ('es,3"4\nfr,3"3\nit,39\n', [("39", "it")], [(2, "", 'es,3"4', STRAY), (3, "", 'fr,3"3', STRAY)]),
    ('"es"x,34\n', [], [(2, "", '"es"x,34', STRAY)]),
    ('es,"34\n', [], [(2, "", 'es,"34', STRAY)]),
    ("es\0,34\nfr,33\n", [("33", "fr")], [(2, "", "es\0,34", "the row has a NUL character: the file is damaged or not text")]),
    ("es\r,34\nfr,33\n", [("33", "fr")], [(2, "", "es\r,34", "the row has a carriage return inside: put such fields in quotes")]),
    ("# es,34\n", [("34", "# es")], []),
]  # fmt: skip


@pytest.mark.parametrize(("body", "accepted", "rejected"), BODIES)
def test_rows_are_told_apart(
    tmp_path: Path, body: str, accepted: list[tuple[str, str]], rejected: list[tuple[int, str, str | None, str]]
) -> None:
    assert zones(tmp_path, HEADER + body) == (accepted, rejected)


TEXTS = [
    ('"A1","one\ntwo","en"\n', "one\ntwo"),
    ('A1,"Calle Mayor, 5\n28001 Madrid",en\n', "Calle Mayor, 5\n28001 Madrid"),
    ('A1,"one\n\n\nfour",en\n', "one\n\n\nfour"),
    ('A1,"one\r\ntwo",en\r\n', "one\ntwo"),
    ('A1,"say ""hi""\n""bye""",en\n', 'say "hi"\n"bye"'),
    ('A1,"\n",en\n', "\n"),
    ('A1,"",en\n', None),
    ('A1,"one\vtwo",en\n', "one\vtwo"),
]


@pytest.mark.parametrize(("row", "name"), TEXTS)
def test_a_quoted_field_may_have_line_breaks(tmp_path: Path, row: str, name: str | None) -> None:
    loaded = read_few(tmp_path, accounts="account_id,name,language\nA2,Bea,es\n" + row + "A3,,xx\n")
    assert ids(loaded.inputs.accounts, "account_id", "name") == [("A1", name), ("A2", "Bea")]
    assert [line for _, line, *_ in rejections(loaded)] == [4 + row.count("\n") - 1]


def test_a_record_of_several_lines_with_a_field_too_many_is_rejected_whole(tmp_path: Path) -> None:
    loaded = read_few(tmp_path, accounts='account_id,name,language\nA1,"one\ntwo",en,x\nA2,,es\n')
    assert rejections(loaded, "accounts") == [
        ("accounts", 2, "", 'A1,"one', "the row has 4 fields, the header 3"),
        ("accounts", 3, "", 'two",en,x', "part of the row of line 2, which is rejected"),
    ]


def test_a_record_of_several_lines_in_the_last_column_is_one_row(tmp_path: Path) -> None:
    loaded = read(
        tmp_path, outages='outage_id,service,started_at,cause\nO1,data,2026-01-01T10:00,"a fire\nand, then, water"\n'
    )
    assert ids(loaded.inputs.outages, "outage_id", "cause") == [("O1", "a fire\nand, then, water")]


def test_a_stray_quote_among_many_rows_loses_none_of_them(tmp_path: Path) -> None:
    """10,000 rows with a stray quote in lines 3 and 9,003: a parser that believes quotes merges 9,000 of them."""
    rows = [f"z{number},{number}\n" for number in range(1, 10_001)]
    rows[1], rows[9001] = '"z2,2\n', 'z9002,"9002\n'
    accepted, rejected = zones(tmp_path, HEADER + "".join(rows))
    assert len(accepted) == 9_998
    assert [line for line, *_ in rejected] == [3, 9003]


def test_a_text_with_a_row_in_it_is_no_row(tmp_path: Path) -> None:
    """What a customer wrote into a complaint must not become a dispute that was accepted."""
    text = "dispute_id,account_id,invoice_id,opened_on,status,resolved_on,explanation\n"
    text += 'D1,A1,F1,2026-02-03,explained,2026-02-04,"it\nD9,A1,F1,2026-02-03,accepted,2026-02-04,\nwas right"\n'
    loaded = read(tmp_path, disputes=text)
    assert [(line, column) for _, line, column, _, _ in rejections(loaded)] == [(2, ""), (3, ""), (4, "")]
    assert loaded.inputs.disputes.collect().is_empty()


def test_a_quote_that_closes_too_far_below_stops_the_run(tmp_path: Path) -> None:
    """A field may have 999 line breaks, but not 1,000."""
    text = CLEAN["accounts"] + 'A3,"{}",es\n'
    (tmp_path / "long").mkdir()
    assert rejections(read_few(tmp_path / "long", accounts=text.format("\n" * 999))) == []
    with pytest.raises(InputError) as caught:
        read_few(tmp_path, accounts=text.format("\n" * 1000))
    assert str(caught.value) == (
        f"{tmp_path}/accounts.csv, line 4: a quote opens here and closes only in line 1004. "
        "If these are stray quotes, remove them; otherwise export the file as Parquet."
    )


def test_the_header_may_come_after_blank_lines_and_in_any_order(tmp_path: Path) -> None:
    assert zones(tmp_path, '\n \n"prefix",extra,"zone"\n34,,es\n33,,\n') == (
        [("34", "es")],
        [(5, "zone", None, "a value is required")],
    )


STYLES: list[tuple[bytes, dict[str, Any]]] = [
    ("zone;prefix\nEspaña;34\n".encode(), {"separator": ";"}),
    ("zone\tprefix\nEspaña\t34\n".encode(), {"separator": "\t"}),
    ("zone|prefix\nEspaña|34\n".encode(), {"separator": "|"}),
    ("\ufeffzone,prefix\nEspaña,34\n".encode(), {}),
    ("\ufeffzone,prefix\nEspaña,34\n".encode(), {"encoding": "utf-8-sig"}),
    ("zone,prefix\nEspaña,34\n".encode("latin-1"), {"encoding": "latin-1"}),
    ("zone,prefix\nEspaña,34\n".encode("cp1252"), {"encoding": "windows-1252"}),
    ("Zona,Número\nEspaña,34\n".encode(), {"columns": {"zone": "Zona", "prefix": "Número"}}),
    ("zone,prefix,name\nx,34,España\n".encode(), {"columns": {"zone": "name"}}),
]


@pytest.mark.parametrize(("text", "style"), STYLES)
def test_files_are_read_as_the_configuration_says(tmp_path: Path, text: bytes, style: dict[str, Any]) -> None:
    assert zones(tmp_path, text, **style) == ([("34", "España")], [])


def test_a_euro_sign_of_windows_1252_is_kept(tmp_path: Path) -> None:
    loaded = read(
        tmp_path,
        {"accounts": {"encoding": "windows-1252"}},
        accounts=CLEAN["accounts"].replace("Ada", "€da").encode("cp1252"),
    )
    assert ids(loaded.inputs.accounts, "name") == ["Bea Example", "€da Example"]


def test_spanish_amounts_and_dates_are_read(tmp_path: Path) -> None:
    loaded = read(
        tmp_path,
        {"prior_credits": {"separator": ";", "decimal_comma": True, "date_format": "%d/%m/%Y"}},
        prior_credits="credit_id;invoice_id;line_no;net_amount;granted_on\nK1;F1;1;1,50;10/02/2026\nK2;F1;1;1.50;2026-02-10\n",
    )
    assert ids(loaded.inputs.prior_credits.select("credit_id", "net_amount"), "credit_id", "net_amount") == [
        ("K1", 150)
    ]
    assert rejections(loaded) == [
        ("prior_credits", 3, "granted_on", "2026-02-10", "not a date in the form %d/%m/%Y"),
        ("prior_credits", 3, "net_amount", "1.50", "not a number such as 1234,56"),
    ]


def text_rows(text: str) -> tuple[list[tuple[int, str | None, str | None]], list[int]]:
    """The rows (line, prefix, zone) and the lines of broken rows of a text, before their cells are checked."""
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        (place / "zones.csv").write_bytes(text.encode())
        source = Source("zones", str(place / "zones.csv"), configured=True)
        rows = read_csv(find_files(source)[0][0], INPUTS["zones"], source, place)
        found = rows.frame.select("_row", "prefix", "zone").collect()
        return sorted(found.rows()), rows.broken["_row"].to_list()


PIECES = st.sampled_from(["a", "1", ",", ",", '"', '""', "\n", "\n", "\r\n", " ", "\r", "x,y\n"])


@settings(max_examples=300, deadline=None)
@given(body=st.lists(PIECES, max_size=40).map("".join))
def test_every_line_is_in_a_row_or_reported(body: str) -> None:
    rows, broken = text_rows(f"prefix,zone\n{body}")
    covered = [
        line + extra for line, *cells in rows for extra in range(1 + sum((cell or "").count("\n") for cell in cells))
    ]
    lines = enumerate(f"prefix,zone\n{body}".split("\n"), start=1)
    assert sorted(covered + broken) == sorted({*covered, *broken})
    assert {line for line, text in lines if text.strip()} - {1} <= {*covered, *broken}


FIELDS = st.text(alphabet='a1",\n ', max_size=6)


@settings(max_examples=300, deadline=None)
@given(records=st.lists(st.tuples(FIELDS, FIELDS).filter(any), max_size=8), end=st.sampled_from(["\n", "\r\n"]))
def test_what_is_well_formed_is_read_as_it_was_written_or_reported(records: list[tuple[str, str]], end: str) -> None:
    """Only a record whose lines look like rows may be reported instead of read."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator=end, quoting=csv.QUOTE_ALL)
    writer.writerows([("prefix", "zone"), *records])
    rows, broken = text_rows(file.getvalue())
    line, expected = 2, {}
    doubtful: set[int] = set()
    for record in records:
        pieces = ",".join(record).split("\n")
        expected[line] = record
        if any(
            Grammar(",", 2).looks_like_row(piece)
            for piece in ",".join(f'"{cell.replace(chr(34), chr(34) * 2)}"' for cell in record).split("\n")[1:]
        ):
            doubtful.update(range(line, line + len(pieces)))
        line += len(pieces)
    assert set(broken) <= doubtful
    for at, prefix, zone in rows:
        assert at in doubtful or (prefix or "", zone or "") == expected[at]
    assert {at for at, *_ in rows} | doubtful >= set(expected)


@pytest.mark.parametrize("ending", ["csv.gz", "csv.zst", "CSV.GZ"])
def test_compressed_files_are_read(tmp_path: Path, ending: str) -> None:
    text = (HEADER + "es,34\nfr,x\n").encode("latin-1")
    packed = (
        gzip.compress(text[:20]) + gzip.compress(text[20:])
        if "gz" in ending.lower()
        else pa.compress(text, codec="zstd", asbytes=True)
    )
    (tmp_path / f"packed.{ending}").write_bytes(packed)
    loaded = read(tmp_path, {"zones": {"path": str(tmp_path / f"packed.{ending}"), "encoding": "latin-1"}})
    assert ids(loaded.inputs.zones, "prefix") == ["34"]
    assert loaded.rejected.select("file", "line").rows() == [(f"packed.{ending}", 3)]
