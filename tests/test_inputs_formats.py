"""NDJSON and Parquet, directories and globs: the same rows whatever they come in."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from billadjust.errors import InputError
from inputs_case import CLEAN, ids, read, read_few, rejections

if TYPE_CHECKING:
    from pathlib import Path


def loaded_from(place: Path, name: str, path: str, **style: Any) -> Any:  # noqa: ANN401 - any field of a source
    """The clean inputs with one of them from another path."""
    return read_few(place, {name: {"path": str(place / path), **style}}, **{name: None})


LINE_NOT_JSON = "the line is not a JSON object of plain values"
OUTAGES = [
    ('{"outage_id":"O1","service":"data","started_at":"2026-01-01T10:00Z","cause":"a \\"fire\\"\\n\\u00f1\\/"}', 'a "fire"\nñ/', None),
    ('{ "cause" : null , "outage_id": "O1", "service": "data", "started_at": "2026-01-01T10:00Z" } ', None, None),
    ('{"outage_id":"O1","service":"data","started_at":"2026-01-01T10:00Z","cause":"\\"service\\": \\"x\\""}', '"service": "x"', None),
    ('{"outage_id":"O1","service":"data","started_at":"2026-01-01T10:00Z","cause":"service"}', "service", None),
    ('{"outage_id":"O1","service":"data","started_at":"2026-01-01T10:00Z","cause":7.10}', "7.10", None),
    ('{"outage_id":"O1","service":"data","started_at":"2026-01-01T10:00Z","cause":true}', "true", None),
    ('{"outage_id":"O1","service":"data","started_at":"2026-01-01T10:00Z","cause":"\\ud83d\\ude00"}', "😀", None),
    ('{"outage_id":"O1","service":"data","started_at":"2026-01-01T10:00Z","cause":"\\ud83d"}', None, LINE_NOT_JSON),
    ('{"outage_id":"O1","service":"data","started_at":"2026-01-01T10:00Z","cause":["x"]}', None, LINE_NOT_JSON),
    ('{"outage_id":"O1","service":"data","started_at":"2026-01-01T10:00Z","cause":{"service":"x"}}', None, LINE_NOT_JSON),
    ('{"outage_id":"O1","service":"data","started_at":"2026-01-01T10:00Z"', None, LINE_NOT_JSON),
    ('{"outage_id":"O1","service":"data","started_at":"2026-01-01T10:00Z",}', None, LINE_NOT_JSON),
    ('{"outage_id":"O1","service":"sms","service":"data","started_at":"2026-01-01T10:00Z"}', None, "a name appears twice in the object"),
]  # fmt: skip


@pytest.mark.parametrize(("line", "cause", "reason"), OUTAGES)
def test_a_line_of_ndjson_is_one_flat_object(tmp_path: Path, line: str, cause: str | None, reason: str | None) -> None:
    other = '{"outage_id":"O2","service":"sms","started_at":"2026-01-01T10:00Z","cause":"-"}'
    (tmp_path / "outages.ndjson").write_text(f"\ufeff{other}\r\n\n{line}\r\n")
    loaded = loaded_from(tmp_path, "outages", "outages.ndjson")
    assert rejections(loaded) == ([] if reason is None else [("outages", 3, "", line, reason)])
    assert ids(loaded.inputs.outages, "outage_id", "cause") == ([] if reason else [("O1", cause)]) + [("O2", "-")]


NUMBERS = [
    ("1.50", 150, None),
    ("1.5", 150, None),
    ("-0.05", -5, None),
    ('"1.50"', 150, None),
    ("0.30000000000000004", None, "has more than 2 decimals"),
    ("1e2", None, "not a number such as 1234.56"),
    ("123456789012345678901234567890", None, "larger than billadjust computes exactly (at most 999999999.99)"),
    ("null", None, "a value is required"),
    ('""', None, "a value is required"),
    ("true", None, "not a number such as 1234.56"),
]


@pytest.mark.parametrize(("number", "expected", "reason"), NUMBERS)
def test_numbers_of_ndjson_are_read_as_they_are_written(
    tmp_path: Path, number: str, expected: int | None, reason: str | None
) -> None:
    (tmp_path / "k.jsonl").write_text(
        f'{{"credit_id":"K1","invoice_id":"F1","line_no":1,"net_amount":{number},"granted_on":"2026-02-10"}}\n'
    )
    loaded = loaded_from(tmp_path, "prior_credits", "k.jsonl")
    assert ids(loaded.inputs.prior_credits, "net_amount") == ([] if expected is None else [expected])
    assert [row[-1] for row in rejections(loaded)] == ([] if reason is None else [reason])


def test_numbers_of_ndjson_have_a_point_also_where_strings_have_a_comma(tmp_path: Path) -> None:
    row = '{{"credit_id":"K{0}","invoice_id":"F1","line_no":1,"net_amount":{1},"granted_on":"2026-02-10"}}\n'
    (tmp_path / "k.ndjson").write_text(row.format(1, "1.50") + row.format(2, '"1,50"') + row.format(3, '"1.500"'))
    loaded = loaded_from(tmp_path, "prior_credits", "k.ndjson", decimal_comma=True)
    assert ids(loaded.inputs.prior_credits, "credit_id", "net_amount") == [("K1", 150), ("K2", 150)]
    assert [(line, value) for _, line, _, value, _ in rejections(loaded)] == [(3, "1.500")]


def test_an_ndjson_file_may_be_empty(tmp_path: Path) -> None:
    (tmp_path / "outages.ndjson").write_text("")
    loaded = loaded_from(tmp_path, "outages", "outages.ndjson")
    assert "outages" in loaded.inputs.present
    assert loaded.inputs.outages.collect().is_empty()


def test_names_of_ndjson_may_be_written_with_escapes(tmp_path: Path) -> None:
    """As json.dumps does; a name inside a text is none, however it is written."""
    (tmp_path / "z.ndjson").write_text(
        '{"N\\u00FAmero":"34","zone":"es"}\n'
        '{"Número":"33","zone":"\\u0022Número\\u0022:7"}\n'
        '{"N\\u00famero":"39","zone":"\\"Número\\": 7"}\n'
    )
    loaded = loaded_from(tmp_path, "zones", "z.ndjson", columns={"prefix": "Número"})
    assert ids(loaded.inputs.zones, "prefix", "zone") == [("33", '"Número":7'), ("34", "es"), ("39", '"Número": 7')]


def test_names_of_ndjson_can_be_mapped_and_missing_ones_are_said(tmp_path: Path) -> None:
    (tmp_path / "z.ndjson").write_text('{"prefix":"34","Zona":"es"}\n{"prefix":"33"}\n')
    loaded = loaded_from(tmp_path, "zones", "z.ndjson", columns={"zone": "Zona"})
    assert ids(loaded.inputs.zones, "prefix") == ["34"]
    assert rejections(loaded) == [("zones", 2, "zone", None, "a value is required")]


CREDITS: dict[str, Any] = {
    "credit_id": "K1",
    "invoice_id": "F1",
    "line_no": 1,
    "net_amount": 1,
    "granted_on": date(2026, 2, 10),
}
NATIVE: list[tuple[str, pl.Series, Any]] = [
    ("net_amount", pl.Series([Decimal("1.50")]), 150),
    ("net_amount", pl.Series([Decimal("1.5000")]), 150),
    ("net_amount", pl.Series([Decimal("1.5001")]), "has more than 2 decimals"),
    ("net_amount", pl.Series([3], dtype=pl.UInt8), 300),
    ("net_amount", pl.Series([0.1]), 10),
    ("net_amount", pl.Series([0.1], dtype=pl.Float32), 10),
    ("net_amount", pl.Series([0.1 + 0.2]), "has more than 2 decimals"),
    ("net_amount", pl.Series([float("nan")]), "not a number such as 1234.56"),
    ("net_amount", pl.Series([1e300]), "not a number such as 1234.56"),
    ("net_amount", pl.Series(["1.50"]), 150),
    ("net_amount", pl.Series([" 1.50"]), "not a number such as 1234.56"),
    ("net_amount", pl.Series([None], dtype=pl.Int64), "a value is required"),
    ("net_amount", pl.Series([None], dtype=pl.Null), "a value is required"),
    ("line_no", pl.Series([1.0]), "not a whole number"),
    ("line_no", pl.Series(["1"], dtype=pl.Categorical), 1),
    ("granted_on", pl.Series([datetime(2026, 2, 10)]), date(2026, 2, 10)),  # noqa: DTZ001 - as pandas writes dates
    ("granted_on", pl.Series([datetime(2026, 2, 10, 1)]), "not a date such as 2026-08-25"),  # noqa: DTZ001 - the same
    ("granted_on", pl.Series(["2026-02-10"]), date(2026, 2, 10)),
]


@pytest.mark.parametrize(("column", "values", "expected"), NATIVE)
def test_native_types_are_accepted_where_they_convert_exactly(
    tmp_path: Path,
    column: str,
    values: pl.Series,
    expected: Any,  # noqa: ANN401 - of any type
) -> None:
    pl.DataFrame(CREDITS).with_columns(values.alias(column)).write_parquet(tmp_path / "k.parquet")
    loaded = loaded_from(tmp_path, "prior_credits", "k.parquet")
    if isinstance(expected, str):
        assert [(line, name, reason) for _, line, name, _, reason in rejections(loaded)] == [(1, column, expected)]
    else:
        assert rejections(loaded) == []
        assert ids(loaded.inputs.prior_credits, column) == [expected]


SUMMER = datetime(2026, 8, 25, 12, 0, 0, 1)  # noqa: DTZ001 - local
INSTANTS: list[tuple[pl.Series | pl.Expr, datetime | None]] = [
    (pl.Series([SUMMER]), datetime(2026, 8, 25, 10, 0, 0, 1, UTC)),
    (pl.Series([SUMMER]).dt.replace_time_zone("America/New_York"), datetime(2026, 8, 25, 16, 0, 0, 1, UTC)),
    (pl.Series([SUMMER]).dt.cast_time_unit("ns"), datetime(2026, 8, 25, 10, 0, 0, 1, UTC)),
    (pl.Series([SUMMER]).dt.cast_time_unit("ns") + pl.duration(nanoseconds=1), None),
    (pl.Series([datetime(2026, 10, 25, 2, 30)]), None),  # noqa: DTZ001 - shown twice
    (pl.Series([datetime(2026, 3, 29, 2, 30)]), None),  # noqa: DTZ001 - skipped
    (pl.Series(["2026-08-25 12:00"]), datetime(2026, 8, 25, 10, tzinfo=UTC)),
]


@pytest.mark.parametrize(("values", "expected"), INSTANTS)
def test_timestamps_without_a_zone_are_local(tmp_path: Path, values: Any, expected: datetime | None) -> None:  # noqa: ANN401 - a series or an expression
    pl.DataFrame({"outage_id": "O1", "service": "data"}).with_columns(started_at=values).write_parquet(
        tmp_path / "o.parquet"
    )
    loaded = loaded_from(tmp_path, "outages", "o.parquet")
    assert ids(loaded.inputs.outages, "started_at") == ([] if expected is None else [expected])


def test_an_instant_in_a_rejected_row_is_kept(tmp_path: Path) -> None:
    at = datetime(2026, 8, 25, 10, tzinfo=UTC)
    row = {
        "cdr_id": "C1",
        "subscription_id": "S1",
        "service": "voice",
        "started_at": [at],
        "quantity": -1,
        "charged": 0,
    }
    pl.DataFrame(row).write_parquet(tmp_path / "c.parquet")
    loaded = loaded_from(tmp_path, "cdrs", "c.parquet")
    assert rejections(loaded) == [("cdrs", 1, "quantity", "-1", "must not be negative")]
    assert ids(loaded.inputs.taken.cdrs, "started_at") == [at]


def test_an_instant_that_is_missing_is_missing(tmp_path: Path) -> None:
    at = datetime(2026, 8, 25, 10, tzinfo=UTC)
    row = {"outage_id": ["O1", "O2"], "service": "data", "started_at": [at, None], "ended_at": [None, at]}
    pl.DataFrame(row).write_parquet(tmp_path / "o.parquet")
    loaded = loaded_from(tmp_path, "outages", "o.parquet")
    assert rejections(loaded) == [("outages", 2, "started_at", None, "a value is required")]
    assert ids(loaded.inputs.outages, "outage_id", "ended_at") == [("O1", None)]


def test_native_booleans_and_times_are_accepted(tmp_path: Path) -> None:
    pl.DataFrame({"band": "late", "weekday": 1, "start_time": [time(22)], "end_time": "24:00"}).write_parquet(
        tmp_path / "b.parquet"
    )
    loaded = read(tmp_path, {"bands": {"path": str(tmp_path / "b.parquet")}}, bands=None, rates=None)
    assert ids(loaded.inputs.bands, "start_time", "end_time") == [(79_200, 86_400)]
    (tmp_path / "t").mkdir()
    tariffs = pl.read_csv(CLEAN["tariffs"].encode()).with_columns(open_for_sale=pl.col("version") == 1)
    tariffs.write_parquet(tmp_path / "t" / "tariffs.parquet")
    (tmp_path / "spool").rename(tmp_path / "first spool")
    loaded = loaded_from(tmp_path, "tariffs", "t/tariffs.parquet")
    assert ids(loaded.inputs.tariffs, "tariff_id", "version", "open_for_sale") == [
        ("card", 1, True),
        ("card", 2, False),
        ("flat", 1, True),
    ]


@pytest.mark.parametrize("values", [[["x"]], [b"x"], [{"a": 1}]])
def test_a_type_that_has_no_text_stops_the_run(tmp_path: Path, values: list[Any]) -> None:
    frame = pl.DataFrame({"prefix": ["34"], "zone": values})
    frame.write_parquet(tmp_path / "z.parquet")
    with pytest.raises(InputError) as caught:
        loaded_from(tmp_path, "zones", "z.parquet")
    assert str(caught.value) == (
        f"{tmp_path}/z.parquet: the column zone is of the type {frame['zone'].dtype}: write it as text or as a identifier."
    )


def test_native_dates_do_not_mind_the_date_format_of_the_text(tmp_path: Path) -> None:
    pl.DataFrame(CREDITS | {"net_amount": [Decimal("1.50")]}).write_parquet(tmp_path / "k.parquet")
    loaded = loaded_from(tmp_path, "prior_credits", "k.parquet", date_format="%d/%m/%Y", decimal_comma=True)
    assert ids(loaded.inputs.prior_credits, "granted_on", "net_amount") == [(date(2026, 2, 10), 150)]


def test_a_directory_may_hold_files_of_all_formats(tmp_path: Path) -> None:
    place = tmp_path / "zones"
    place.mkdir()
    (place / "b.csv").write_text("prefix,zone\n34,es\nx,es\n")
    (place / "a.ndjson").write_text('{"prefix":"33","zone":"fr"}\n{"prefix":"y","zone":"fr"}\n')
    pl.DataFrame({"prefix": [39, -1], "zone": ["it", "it"]}).write_parquet(place / "c.parquet")
    (place / "_SUCCESS").write_text("")
    (place / ".b.csv.crc").write_text("")
    (place / "notes.txt").write_text("")
    (place / "old").mkdir()
    loaded = loaded_from(tmp_path, "zones", "zones")
    assert ids(loaded.inputs.zones, "prefix") == ["33", "34", "39"]
    assert loaded.rejected.select("file", "line", "value").rows() == [
        ("a.ndjson", 2, "y"),
        ("b.csv", 3, "x"),
        ("c.parquet", 2, "-1"),
    ]
    assert loaded.counts.filter(input="zones").row(0) == ("zones", 3, 6, 3, 3, 0)
    assert [remark for remark in loaded.remarks if remark.startswith("zones")] == [
        "zones: notes.txt is not read, because its ending is not a known one.",
        "zones: old is not read, because its ending is not a known one.",
    ]


@pytest.mark.parametrize(
    ("pattern", "files"),
    [
        ("in/z*.csv", ["z1.csv", "z2.csv"]),
        ("in/**/*.csv", ["deep/z3.csv", "z1.csv", "z2.csv"]),
        ("*/z1.csv", ["in/z1.csv"]),
    ],
)
def test_a_glob_names_files_by_what_follows_its_fixed_part(tmp_path: Path, pattern: str, files: list[str]) -> None:
    (tmp_path / "in" / "deep").mkdir(parents=True)
    for name in ("z1.csv", "z2.csv", "deep/z3.csv"):
        (tmp_path / "in" / name).write_text("prefix,zone\nx,es\n")
    assert loaded_from(tmp_path, "zones", pattern).rejected["file"].to_list() == files


def test_a_path_with_brackets_that_exists_is_not_a_glob(tmp_path: Path) -> None:
    (tmp_path / "zones [1].csv").write_text("prefix,zone\n34,es\n")
    assert ids(loaded_from(tmp_path, "zones", "zones [1].csv").inputs.zones, "prefix") == ["34"]
