"""What stops a run: one message that names the file and what to do."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING, Any

import polars as pl
import pyarrow as pa  # type: ignore[import-untyped]  # it ships no types
import pytest

from billadjust.errors import InputError
from billadjust.inputs import csvtext
from inputs_case import CLEAN, read, read_few

if TYPE_CHECKING:
    from pathlib import Path

ROWS = b"prefix,zone\n34,es\n33,fr\n" + b"".join(b"%d,z%d\n" % (n, n * n) for n in range(100, 5000))
PARQUET = pl.DataFrame({"prefix": [str(n) for n in range(50_000)], "zone": "es"})
ZSTD: bytes = pa.compress(ROWS, codec="zstd", asbytes=True)

CASES: list[tuple[str, bytes, dict[str, Any], str]] = [
    ("z.csv", b"", {}, "{file} is empty: its first line must be the header, also when there are no rows."),
    ("z.csv", b"\n \n", {}, "{file} is empty: its first line must be the header, also when there are no rows."),
    ("z.csv", b"34,es\n", {}, "{file} has no column prefix, zone, which zones needs: it has 34, es. Add it, or map it with `columns` in the configuration."),
    ("z.csv", b"prefix;zone\n34;es\n", {}, "{file} has no column prefix, zone, which zones needs: it has prefix;zone. Add it, or map it with `columns` in the configuration. Is `,` its separator?"),
    ("z.csv", b"prefix,name\n34,es\n", {}, "{file} has no column zone, which zones needs: it has prefix, name. Add it, or map it with `columns` in the configuration."),
    ("z.csv", b"prefix,zone,prefix\n", {}, "{file} has two columns named prefix: name each its own way, or remove one of them."),
    ("z.csv", b"prefix,zone,,\n", {}, "{file} has two columns without a name: name each its own way, or remove one of them."),
    ("z.csv", b'prefix,"zone\n34,es\n', {}, "{file}, line 1: the header has a stray quote. It must be one line of column names."),
    ("z.csv", b"prefix,zone\r34,es\r", {}, "{file}, line 1: the header has a carriage return or NUL inside. Write the file as text whose lines end in LF or CR LF."),
    ("z.csv", b"pr\xe9fix,zone\n", {}, "{file}, line 1: the bytes there are not utf-8: set `encoding` of zones in the configuration (such as windows-1252)."),
    ("z.csv", b"prefix,zone\n34,es\n33,Espa\xf1a\n", {}, "{file}, line 3: the bytes there are not utf-8: set `encoding` of zones in the configuration (such as windows-1252)."),
    ("z.ndjson", b'{"prefix":"34","zone":"es"}\n{"prefix":"33","zone":"Espa\xf1a"}\n', {}, "{file}, line 2: the bytes there are not utf-8: set `encoding` of zones in the configuration (such as windows-1252)."),
    ("z.csv", b"prefix,zone\n34,es\n33,\x81\n", {"encoding": "windows-1252"}, "{file}, line 3: the bytes there are not windows-1252: correct `encoding` of zones in the configuration."),
    ("z.csv", b"prefix,zone\n", {"encoding": "klingon"}, "The encoding klingon of zones is unknown: use utf-8, latin-1 or windows-1252."),
    ("z.csv", b"prefix,zone\n", {"columns": {"zone": "Zona"}}, "{file} has no column Zona, which the configuration maps: it has prefix, zone."),
    ("z.csv", b"prefix,zone\n", {"columns": {"zone": "prefix"}}, "{file}: the columns prefix and zone of zones are both read from prefix: correct `columns` in the configuration."),
    ("z.ndjson", b'{"prefix":"34"}\n', {}, "{file} has no column zone, which zones needs: it has prefix. Add it, or map it with `columns` in the configuration."),
    ("z.csv.gz", gzip.compress(ROWS)[:-100], {}, "{file} cannot be decompressed (Truncated compressed stream): it is damaged or cut off. Export or copy it again."),
    ("z.csv.gz", gzip.compress(ROWS)[:-1], {}, "{file} cannot be decompressed (Truncated compressed stream): it is damaged or cut off. Export or copy it again."),
    ("z.csv.gz", ROWS, {}, "{file} cannot be decompressed (zlib inflate failed: incorrect header check): it is damaged or cut off. Export or copy it again."),
    ("z.csv.gz", b"", {}, "{file} is empty: its first line must be the header, also when there are no rows."),
    ("z.csv.zst", ZSTD[:-1], {}, "{file} cannot be decompressed (Truncated compressed stream): it is damaged or cut off. Export or copy it again."),
    ("z.csv.zst", ROWS, {}, "{file} cannot be decompressed (ZSTD decompress failed: Unknown frame descriptor): it is damaged or cut off. Export or copy it again."),
    ("z.txt", ROWS, {}, "{file} holds nothing that the input zones can be read from: name the files .csv, .ndjson or .jsonl (also .gz and .zst of these) or .parquet."),
    ("z.parquet.gz", ROWS, {}, "{file} holds nothing that the input zones can be read from: name the files .csv, .ndjson or .jsonl (also .gz and .zst of these) or .parquet."),
]  # fmt: skip


@pytest.mark.parametrize(("name", "content", "style", "message"), CASES)
def test_a_file_that_cannot_be_read_stops_the_run(
    tmp_path: Path, name: str, content: bytes, style: dict[str, Any], message: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError) as caught:
        read_few(tmp_path, {"zones": {"path": str(tmp_path / name), **style}}, zones=None)
    assert str(caught.value) == message.format(file=tmp_path / name)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("damage", ["text", "end", "start", "middle", "empty"])
def test_a_parquet_file_that_is_none_stops_the_run(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "z.parquet"
    PARQUET.write_parquet(path, compression="snappy")
    whole = path.read_bytes()
    path.write_bytes(
        {
            "text": ROWS,
            "end": whole[: len(whole) // 2],
            "start": b"X" * 4 + whole[4:-4],
            "middle": whole[:1000] + b"\xff" * 2000 + whole[3000:],
            "empty": b"",
        }[damage]
    )
    with pytest.raises(InputError) as caught:
        read_few(tmp_path, {"zones": {"path": str(path)}}, zones=None)
    assert str(caught.value).startswith(f"{path} ")
    assert str(caught.value).endswith("export or copy it again.")


@pytest.mark.parametrize("path", ["nothing.csv", "nothing/*.csv", "empty", "n[o]thing.csv"])
def test_a_configured_path_that_matches_nothing_stops_the_run(tmp_path: Path, path: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError) as caught:
        read_few(tmp_path, {"zones": {"path": str(tmp_path / path)}}, zones=None)
    assert str(caught.value) == (
        f"{tmp_path}/{path} has no files for the input zones: put the export there, or correct its path in the configuration."
    )


def test_a_date_format_of_other_parts_stops_the_run(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        read(tmp_path, {"accounts": {"date_format": "%d %b %Y"}})
    assert str(caught.value) == "The date_format %d %b %Y has %b: use only %Y, %y, %m, %d and what stands between them."


def test_a_file_of_odd_lines_only_is_not_what_the_configuration_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csvtext, "MAX_ODD", 2)
    with pytest.raises(InputError) as caught:
        read(tmp_path, zones=CLEAN["zones"] + "1\n2\n3\n")
    assert str(caught.value) == (
        f"{tmp_path}/zones.csv: more than 2 lines (the first is line 4) are not rows of 2 columns. "
        "Correct `separator` of zones in the configuration, or export it as Parquet."
    )


def test_a_file_that_may_not_be_read_stops_the_run(tmp_path: Path) -> None:
    (tmp_path / "zones").mkdir()
    (tmp_path / "zones" / "z.csv").symlink_to(tmp_path / "gone.csv")
    with pytest.raises(InputError) as caught:
        read_few(tmp_path, {"zones": {"path": str(tmp_path / "zones")}}, zones=None)
    assert str(caught.value).startswith(f"{tmp_path}/zones holds nothing that the input zones can be read from")
