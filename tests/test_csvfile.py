"""CSV files: every byte of both dialects."""

from __future__ import annotations

import csv
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from billadjust.outputs.csvfile import write_csv

if TYPE_CHECKING:
    from pathlib import Path

FRAME = pl.DataFrame(
    {
        "text": ["plain", "ñandú €", None],
        "amount": [Decimal("0.10"), Decimal("-1234.50"), None],
        "rate": [Decimal("21.0000"), Decimal("0.0000"), None],
        "day": [date(2026, 1, 2), date(2026, 12, 31), None],
        "count": [1, -2, None],
        "yes": [True, False, None],
    },
    schema={
        "text": pl.String,
        "amount": pl.Decimal(18, 2),
        "rate": pl.Decimal(7, 4),
        "day": pl.Date,
        "count": pl.Int64,
        "yes": pl.Boolean,
    },
)


def test_the_standard_dialect_is_rfc_4180_with_points_iso_dates_and_lf(tmp_path: Path) -> None:
    write_csv(FRAME, tmp_path / "x.csv")
    assert (tmp_path / "x.csv").read_bytes().decode() == (
        "text,amount,rate,day,count,yes\n"
        "plain,0.10,21.0000,2026-01-02,1,true\n"
        "ñandú €,-1234.50,0.0000,2026-12-31,-2,false\n"
        ",,,,,\n"
    )


def test_the_spanish_dialect_has_semicolons_commas_and_crlf_behind_a_byte_order_mark(tmp_path: Path) -> None:
    write_csv(FRAME, tmp_path / "x.csv", "spanish")
    assert (tmp_path / "x.csv").read_bytes() == (
        b"\xef\xbb\xbf"
        b"text;amount;rate;day;count;yes\r\n"
        b"plain;0,10;21,0000;02/01/2026;1;true\r\n"
        b"\xc3\xb1and\xc3\xba \xe2\x82\xac;-1234,50;0,0000;31/12/2026;-2;false\r\n"
        b";;;;;\r\n"
    )


CELLS = [
    ("=1+1", "'=1+1", "'=1+1"),
    ("+34600000001", "'+34600000001", "'+34600000001"),
    ("-5", "'-5", "'-5"),
    ("@cmd", "'@cmd", "'@cmd"),
    ("\tx", "'\tx", "'\tx"),
    ("\rx", '"\'\rx"', '"\'\rx"'),
    ("1=1", "1=1", "1=1"),
    (" =1", " =1", " =1"),
    ("'=1", "'=1", "'=1"),
    ("=A1,B1;C1", '"\'=A1,B1;C1"', '"\'=A1,B1;C1"'),
    ("a,b", '"a,b"', "a,b"),
    ("a;b", "a;b", '"a;b"'),
    ('a "b"', '"a ""b"""', '"a ""b"""'),
    ("a\nb", '"a\nb"', '"a\nb"'),
    ("a\rb", '"a\rb"', '"a\rb"'),
    ("", '""', '""'),
]


@pytest.mark.parametrize(("text", "standard", "spanish"), CELLS)
def test_a_text_is_quoted_where_it_must_be_and_never_run_as_a_formula(
    tmp_path: Path, text: str, standard: str, spanish: str
) -> None:
    frame = pl.DataFrame({"a": [text], "b": [1]})
    write_csv(frame, tmp_path / "x.csv")
    assert (tmp_path / "x.csv").read_bytes().decode() == f"a,b\n{standard},1\n"
    write_csv(frame, tmp_path / "x.csv", "spanish")
    assert (tmp_path / "x.csv").read_bytes().decode("utf-8-sig") == f"a;b\r\n{spanish};1\r\n"


@given(
    st.lists(st.tuples(st.text(st.characters(exclude_categories=["Cs"])), st.text(st.sampled_from("a,;\"'=\r\n\t"))))
)
def test_another_reader_finds_every_text_again(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]]
) -> None:
    path = tmp_path_factory.mktemp("csv") / "x.csv"
    write_csv(pl.DataFrame(rows, schema={"a": pl.String, "b": pl.String}, orient="row"), path)
    with path.open(encoding="utf-8", newline="") as file:
        read = list(csv.reader(file))
    kept = [[f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text for text in row] for row in rows]
    assert read == [["a", "b"], *kept]


def test_a_frame_without_rows_has_its_column_names(tmp_path: Path) -> None:
    write_csv(FRAME.clear(), tmp_path / "x.csv")
    assert (tmp_path / "x.csv").read_text() == "text,amount,rate,day,count,yes\n"


@pytest.mark.parametrize("dtype", [pl.Float64, pl.Datetime("us", "UTC"), pl.List(pl.String)])
def test_a_column_whose_text_would_not_be_exact_is_refused(tmp_path: Path, dtype: pl.DataType) -> None:
    with pytest.raises(
        TypeError, match=r"Column amount is .*: a CSV file holds texts, integers, decimals, dates and booleans"
    ):
        write_csv(pl.DataFrame(schema={"amount": dtype}), tmp_path / "x.csv")
    assert list(tmp_path.iterdir()) == []
