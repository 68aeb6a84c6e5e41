"""Layouts of bookkeeping programs: the journal as their imports read it, from data (§9)."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billadjust.chart import PGC
from billadjust.finance import journal
from billadjust.layouts import read_layouts
from billadjust.outputs.csvfile import write_csv
from billadjust.outputs.layoutfile import write_layout
from billadjust.outputs.tables import run_tables
from finance_case import Row, customers, line, outage, run

if TYPE_CHECKING:
    from pathlib import Path

    import polars as pl

    from billadjust.layouts import Layout

CODES = [account.code for account in PGC.values()]


def packaged(name: str) -> Layout:
    problems: list[str] = []
    [layout] = read_layouts([name], None, CODES, problems)
    assert problems == []
    return layout


def booked(tmp_path: Path) -> pl.DataFrame:
    """Book a credit of 1.40 + 0.29 on an invoice and one of 0.69 + 0.14 for an outage."""
    made = run(tmp_path / "ledger", "2026-03-01", line(140, 29, "tariff_improvement"), outage(69, 14))
    entries, dates, notes = (made[name].lazy() for name in ("entries", "invoice_dates", "credit_notes"))
    return journal(entries, dates, notes, PGC).collect()


def written(tmp_path: Path, name: str) -> bytes:
    write_layout(booked(tmp_path), packaged(name), 2, tmp_path / "file")
    return (tmp_path / "file").read_bytes()


def test_odoo_gets_a_move_for_each_entry_with_its_items(tmp_path: Path) -> None:
    assert written(tmp_path, "odoo").decode().splitlines() == [
        (
            "id,move_type,journal_id,date,ref,"
            "line_ids/account_id,line_ids/partner_id,line_ids/name,line_ids/debit,line_ids/credit"
        ),
        (
            "billadjust_20260301-0001_1,entry,Miscellaneous Operations,2026-03-01,outage_credit|O1|S1|final|1,"
            "708,A1,outage_credit O1 S1,0.69,0.00"
        ),
        ",,,,,477,A1,outage_credit O1 S1,0.14,0.00",
        ",,,,,430,A1,outage_credit O1 S1,0.00,0.83",
        (
            "billadjust_20260301-0001_2,entry,Miscellaneous Operations,2026-03-01,tariff_improvement|F/1|1|final|1,"
            "708,A1,R-2026-000001 tariff_improvement F/1 1,1.40,0.00"
        ),
        ",,,,,477,A1,R-2026-000001 tariff_improvement F/1 1,0.29,0.00",
        ",,,,,430,A1,R-2026-000001 tariff_improvement F/1 1,0.00,1.69",
    ]


def test_a_spanish_diary_has_its_separators_and_its_encoding(tmp_path: Path) -> None:
    assert written(tmp_path, "a3").decode("cp1252").split("\r\n") == [
        "Asiento;Fecha;Subcuenta;Contrapartida;Concepto;Debe;Haber;Documento;Cliente",
        "1;01/03/2026;708;430;outage_credit O1 S1;0,69;0,00;;A1",
        "1;01/03/2026;477;430;outage_credit O1 S1;0,14;0,00;;A1",
        "1;01/03/2026;430;708;outage_credit O1 S1;0,00;0,83;;A1",
        "2;01/03/2026;708;430;R-2026-000001 tariff_improvement F/1 1;1,40;0,00;R-2026-000001;A1",
        "2;01/03/2026;477;430;R-2026-000001 tariff_improvement F/1 1;0,29;0,00;R-2026-000001;A1",
        "2;01/03/2026;430;708;R-2026-000001 tariff_improvement F/1 1;0,00;1,69;R-2026-000001;A1",
        "",
    ]


def test_a_diary_of_fixed_widths_has_every_column_in_its_place(tmp_path: Path) -> None:
    lines = written(tmp_path, "diario_fijo").decode("cp1252").split("\r\n")
    assert lines[0] == (
        "      120260301708         430                     0.69outage_credit O1 S1                     "
        "            0.00                    "
    )
    assert lines[3][0:7] == "      2"
    assert lines[3][55:95] == "R-2026-000001 tariff_improvement F/1 1  "
    assert {len(text) for text in lines} == {131, 0}


OWN = """
title = "Mine"
file = "mine.csv"
[[columns]]
name = "Cuenta"
value = "{account_code}"
"""


def test_a_layout_of_the_operator_comes_before_one_of_the_package(tmp_path: Path) -> None:
    (tmp_path / "odoo.toml").write_text(OWN)
    problems: list[str] = []
    [layout] = read_layouts(["odoo"], tmp_path, CODES, problems)
    assert (layout.title, problems) == ("Mine", [])
    (tmp_path / "out").mkdir()
    write_layout(booked(tmp_path), layout, 2, tmp_path / "mine.csv")
    assert (tmp_path / "mine.csv").read_text().split() == ["Cuenta", "708", "477", "430", "708", "477", "430"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (OWN.replace("account_code", "acount_code"), "there is no such field; did you mean `account_code`?"),
        (OWN + "widht = 3", "columns.0.widht: Extra inputs are not permitted"),
        (OWN + "width = 3", "column Cuenta is too narrow"),
        (OWN.replace("mine.csv", "../mine.csv"), "file: needs a name of small letters"),
        ('separator = ""' + OWN, "without a separator every column needs a width, and Cuenta has none"),
        ('decimal = ","' + OWN, 'separator and decimal cannot both be ","'),
        ('date_format = "%Y"' + OWN, 'date_format: needs day and month, such as "%d/%m/%Y"'),
        ("title = ", "cannot be read as TOML"),
    ],
)
def test_a_mistake_in_a_layout_is_told_with_its_file(tmp_path: Path, text: str, problem: str) -> None:
    (tmp_path / "mine.toml").write_text(text)
    problems: list[str] = []
    read_layouts(["mine"], tmp_path, CODES, problems)
    assert len(problems) == 1
    assert problems[0].startswith(f"layout {tmp_path / 'mine.toml'}: ")
    assert problem in problems[0]


def test_a_layout_that_is_not_there_is_told_with_the_nearest_name(tmp_path: Path) -> None:
    problems: list[str] = []
    read_layouts(["oddo", "a3", "a3"], tmp_path / "none", CODES, problems)
    assert problems == [
        f"outputs.own_layouts: there is no directory {tmp_path / 'none'}",
        'outputs.layouts: "oddo": there is no such layout; did you mean `odoo`?',
        "outputs.layouts: two layouts write diario.csv",
    ]


NASTY = st.text(
    st.sampled_from("=+-@;,|\"'\t\r\n\\ {}%()ñ€\u202e\u200f\u2028\x00\x1b0aA") | st.characters(codec="utf-8"),
    max_size=30,
) | st.builds("x".__mul__, st.integers(0, 5000))


def read(path: Path, encoding: str = "utf-8", separator: str = ",") -> list[list[str]]:
    """Read a file with Python's own reader."""
    with path.open(newline="", encoding=encoding) as file:
        return list(csv.reader(file, delimiter=separator))


@settings(max_examples=60, deadline=None)
@given(NASTY, NASTY)
def test_whatever_names_and_explanations_hold_every_file_is_read_back_row_by_row(
    tmp_path_factory: pytest.TempPathFactory, name: str, text: str
) -> None:
    """Python's own CSV reader finds the same rows, and no cell that a spreadsheet would run."""
    directory = tmp_path_factory.mktemp("nasty")
    identifier = "".join(sign for sign in name if sign.isprintable() and sign != "|").strip()[:64] or "A"
    owner: Row = {"account_id": identifier}
    made = run(
        directory / "ledger",
        "2026-03-01",
        line(140, 29, "tariff_improvement", explanation=text, **owner),
        outage(69, 14, "bank_transfer", explanation=text, **owner),
        inputs=customers([owner | {"name": name}]),
    )
    entries, dates, notes = (made[table].lazy() for table in ("entries", "invoice_dates", "credit_notes"))
    legs = journal(entries, dates, notes, PGC).collect()
    kept = {table: made[table] for table in ("credit_notes", "bank_transfers")}
    tables = run_tables(made["entries"], kept, legs, 2, "standard")
    for table, frame in tables.items():
        write_csv(frame, directory / f"{table}.csv")
        rows = read(directory / f"{table}.csv")
        assert [len(row) for row in rows] == [frame.width] * (frame.height + 1)
        assert [cell for row in rows for cell in row if cell[:1] in set("=+-@\t\r")] == []
    heads, told = read(directory / "credit_note_lines.csv")
    assert told[heads.index("description")].removeprefix("'") == text.removeprefix("'")
    for layout in (packaged("odoo"), packaged("a3")):
        write_layout(legs, layout, 2, directory / layout.file)
        rows = read(directory / layout.file, layout.encoding, layout.separator)
        assert [len(row) for row in rows] == [len(layout.columns)] * 7
        assert [cell for row in rows for cell in row if cell[:1] in set("=+-@\t\r")] == []
    write_layout(legs, packaged("diario_fijo"), 2, directory / "fijo.txt")
    assert {len(text) for text in (directory / "fijo.txt").read_bytes().split(b"\r\n")} == {131, 0}
