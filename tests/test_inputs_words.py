"""The words of other programs in columns with a fixed set of words: `[inputs.NAME.words.COLUMN]` (§2)."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from inputs_case import changed, ids, load_from, read, rejections, sources
from operator_case import JULY, operator_of, posted, rows_of, write_operator

if TYPE_CHECKING:
    from pathlib import Path

KINDS = {"kind": {"recurrente": "recurring", "Cuota fija": "recurring", "consumo": "usage", "7": "discount"}}
NOT_A_KIND = (
    "not one of recurring, usage, device, one_off, exit_fee, switch_fee, discount, "
    "nor mapped to one with `words` in the configuration"
)
LINES = changed("invoice_lines", ("F1,1,recurring", "F1,1,recurrente"), ("F2,1,recurring", "F2,1,Cuota fija"))
"""The clean lines: two kinds are the file's, `usage` is ours."""


def as_parquet(place: Path, text: str, **columns: pl.Expr) -> dict[str, Any]:
    """Write a table as Parquet with columns of other types, and say where it is."""
    frame = pl.read_csv(io.StringIO(text), infer_schema=False).with_columns(**columns)
    frame.write_parquet(place / "table.parquet")
    return {"path": str(place / "table.parquet"), "configured": True}


@pytest.mark.parametrize("packing", ["csv", "parquet"])
def test_mapped_words_mean_ours_and_our_own_stay(tmp_path: Path, packing: str) -> None:
    place = as_parquet(tmp_path, LINES) if packing == "parquet" else {}
    loaded = read(tmp_path, {"invoice_lines": {"words": KINDS, **place}}, invoice_lines=LINES)
    assert rejections(loaded) == []
    kinds = ids(loaded.inputs.invoice_lines, "invoice_id", "line_no", "kind")
    assert kinds == [("F1", 1, "recurring"), ("F1", 2, "usage"), ("F2", 1, "recurring")]


@pytest.mark.parametrize("packing", ["csv", "parquet"])
@pytest.mark.parametrize("word", ["Recurrente", "recurrente ", "otros"])
def test_any_other_word_is_rejected_as_it_stands(tmp_path: Path, packing: str, word: str) -> None:
    """Nothing is repaired: neither capitals nor blanks."""
    lines = LINES.replace("F1,2,usage", f"F1,2,{word}")
    place = as_parquet(tmp_path, lines) if packing == "parquet" else {}
    loaded = read(tmp_path, {"invoice_lines": {"words": KINDS, **place}}, invoice_lines=lines, disputes=None)
    [rejected] = loaded.rejected.filter(pl.col("column") == "kind").rows()
    file, line = ("table.parquet", 2) if packing == "parquet" else ("invoice_lines.csv", 3)
    assert rejected == ("invoice_lines", file, line, "kind", word, NOT_A_KIND)
    assert ids(loaded.inputs.invoice_lines, "invoice_id") == ["F2"]


def test_numbers_of_a_parquet_file_can_be_words(tmp_path: Path) -> None:
    numbers = pl.col("kind").replace_strict({"recurring": 1, "usage": 2}, return_dtype=pl.Int8)
    lines = changed("invoice_lines")
    words = {"kind": {"1": "recurring", "2": "usage"}}
    place = as_parquet(tmp_path, lines, kind=numbers)
    loaded = read(tmp_path, {"invoice_lines": {"words": words, **place}}, invoice_lines=None)
    assert ids(loaded.inputs.invoice_lines, "kind") == ["recurring", "recurring", "usage"]


@pytest.mark.parametrize(("cell", "value"), [("sí", True), ("no", False), ("TRUE", True), ("", True)])
def test_booleans_have_words_too(tmp_path: Path, cell: str, value: bool) -> None:
    """An empty cell means the default of the column, whatever the words."""
    tariffs = changed(
        "tariffs", ("internet_fee\n", "internet_fee,open_for_sale\n"), ("20.00,20.00", f"20.00,20.00,{cell}")
    )
    tariffs = tariffs.replace("6.90\n", "6.90,no\n")
    loaded = read(tmp_path, {"tariffs": {"words": {"open_for_sale": {"sí": "true", "no": "false"}}}}, tariffs=tariffs)
    assert rejections(loaded) == []
    assert dict(ids(loaded.inputs.tariffs, "tariff_id", "open_for_sale"))["flat"] is value


def test_a_boolean_that_is_not_mapped_is_rejected(tmp_path: Path) -> None:
    tariffs = changed("tariffs", ("internet_fee\n", "internet_fee,open_for_sale\n"), ("20.00,20.00", "20.00,20.00,si"))
    tariffs = tariffs.replace("6.90\n", "6.90,\n")
    loaded = read(tmp_path, {"tariffs": {"words": {"open_for_sale": {"sí": "true"}}}}, tariffs=tariffs)
    why = "not true or false, nor mapped to one with `words` in the configuration"
    assert rejections(loaded, "tariffs") == [("tariffs", 4, "open_for_sale", "si", why)]


def test_a_mapping_comes_before_our_own_word(tmp_path: Path) -> None:
    """Another program's `data` may be what is called `internet` here."""
    lines = changed("invoice_lines", ("S2,internet", "S2,data"))
    loaded = read(tmp_path, {"invoice_lines": {"words": {"service": {"data": "internet"}}}}, invoice_lines=lines)
    assert ids(loaded.inputs.invoice_lines.filter(pl.col("invoice_id") == "F2"), "service") == ["internet"]


def test_json_lines_have_words_too(tmp_path: Path) -> None:
    read(tmp_path)
    (tmp_path / "spool").rename(tmp_path / "used")
    (tmp_path / "o.ndjson").write_text(
        '{"outage_id": "O1", "service": "dat\\u006fs", "started_at": "2026-01-25T14:00"}\n'
    )
    settings = {"path": str(tmp_path / "o.ndjson"), "configured": True, "words": {"service": {"datos": "data"}}}
    loaded = load_from(tmp_path, sources(tmp_path, outages=settings))
    assert ids(loaded.inputs.outages, "service") == ["data"]


def test_a_run_on_foreign_words_posts_what_it_posts_on_ours(tmp_path: Path) -> None:
    ours = operator_of(3)
    plain = posted(write_operator(tmp_path / "plain", ours), JULY)
    words = {"recurring": "recurrente", "one_off": "pago único"}
    theirs = {
        **ours,
        "invoice_lines": [{**row, "kind": words[str(row["kind"])]} for row in ours["invoice_lines"]],
        "disputes": [{**row, "status": "abierta"} for row in ours["disputes"]],
    }
    config = """
        [inputs.invoice_lines.words.kind]
        recurrente = "recurring"
        "pago único" = "one_off"
        [inputs.disputes.words]
        status = { abierta = "open" }
        """
    foreign = posted(write_operator(tmp_path / "foreign", theirs, config), JULY)
    assert len(rows_of(foreign / "adjustments.csv")) == 9
    assert rows_of(foreign / "adjustments.csv") == rows_of(plain / "adjustments.csv")
