"""NDJSON files: one flat JSON object a line, its values taken as text, so that no number passes through a binary float."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

import polars as pl

from billadjust.inputs.read import LINE, Rows, check_utf8, choose_columns, no_rows, row_id, utf8_text

if TYPE_CHECKING:
    from pathlib import Path

    from billadjust.inputs.source import DataFile, Source
    from billadjust.schemas import Table

UNICODE: Final = r"u(?:[0-9a-cA-CefEF][0-9a-fA-F]{3}|[dD][0-7][0-9a-fA-F]{2}|[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})"
"""Four hexadecimal digits that are a character, or two times four that are a pair of surrogates."""
STRING: Final = rf'"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|{UNICODE}))*"'
NUMBER: Final = r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?"
VALUE: Final = rf"(?:{STRING}|{NUMBER}|true|false|null)"
MEMBER: Final = rf"\s*{STRING}\s*:\s*{VALUE}\s*"
OBJECT: Final = rf"^\s*\{{(?:{MEMBER}(?:,{MEMBER})*|\s*)\}}\s*$"


def read_ndjson(file: DataFile, table: Table, source: Source, spool: Path) -> Rows:
    """Read one NDJSON file; a member that is missing or null is an empty cell.

    Raises:
        InputError: It cannot be read as a whole; see `utf8_text`, `choose_columns`.
    """
    path = utf8_text(file, source, spool)
    lines = pl.scan_lines(path, name="text", row_index_name=LINE, row_index_offset=1, glob=False)
    lines = lines.with_columns(pl.col("text").str.strip_prefix("\ufeff")).filter(pl.col("text").str.contains(r"\S"))
    flat = pl.col("text").str.contains(OBJECT)
    try:
        names = _names(lines.filter(flat))
    except pl.exceptions.ComputeError:
        check_utf8(path, file, source)
        raise
    chosen = choose_columns(file, names, table, source) if names else {}
    cells = [_cell(name, source).alias(ours) for name, ours in chosen.items()]
    doubled = pl.any_horizontal(pl.lit(False), *[pl.col("text").str.count_matches(_key(name)) > 1 for name in chosen])  # noqa: FBT003 - a literal of Polars
    broken = lines.filter(~flat | doubled).select(
        row_id(file, pl.col(LINE)),
        pl.col("text").alias("value"),
        pl.when(flat)
        .then(pl.lit("a name appears twice in the object"))
        .otherwise(pl.lit("the line is not a JSON object of plain values"))
        .alias("reason"),
        *cells,
    )
    return Rows(
        frame=lines.filter(flat & ~doubled).select(row_id(file, pl.col(LINE)), *cells),
        broken=pl.concat([no_rows(list(chosen.values())), broken.collect(engine="streaming")]),
        extra=tuple(name for name in names if name not in chosen),
    )


def _names(lines: pl.LazyFrame) -> list[str]:
    """The names of all members, in a fixed order."""
    members = lines.select(pl.col("text").str.extract_all(rf"{STRING}\s*:").alias("name")).explode(
        "name", empty_as_null=False, keep_nulls=False
    )
    found = members.unique().collect(engine="streaming")["name"].to_list()
    return sorted({json.loads(name.rstrip(" \t:")) for name in found})


def _key(name: str) -> str:
    """The regular expression of a member's name and colon; inside a string it would have a backslash before its quote."""
    # only letters beyond ASCII may be written as escapes: an escaped quote is never the one that ends a name
    return "".join(_letter(letter) for letter in json.dumps(name, ensure_ascii=False)) + r"\s*:"


def _letter(letter: str) -> str:
    plain = rf"\x{{{ord(letter):x}}}"
    if letter.isascii():
        return plain
    code = letter.encode("utf-16-be").hex()
    escapes = "".join(rf"\\u(?i:{code[at : at + 4]})" for at in range(0, len(code), 4))
    return f"(?:{plain}|{escapes})"


def _cell(name: str, source: Source) -> pl.Expr:
    """The text of a member's value: a string without its quotes and escapes, anything else as it stands."""
    raw = pl.col("text").str.extract(rf"{_key(name)}\s*({VALUE})")
    escaped = pl.when(raw.str.contains("\\", literal=True)).then(raw).str.json_decode(pl.String())
    number = raw.str.replace(".", ",", literal=True) if source.decimal_comma else raw
    return (
        pl.when(raw.str.starts_with('"'))
        .then(pl.coalesce(escaped, raw.str.slice(1).str.head(-1)))
        .when(raw != "null")
        .then(number)
    )
