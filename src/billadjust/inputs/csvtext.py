"""CSV files, so that they do not lie: true line numbers, no merged and no shifted rows.

A CSV parser believes every quote, so two stray ones merge all the rows between them without a word. So each line is
first compared with the shape of a complete row. The lines that have it go to the parser. The others are few: records
with line breaks in quoted fields, which are put together here, and rows that are broken.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import polars as pl

from billadjust.errors import InputError
from billadjust.inputs.read import Rows, check_utf8, choose_columns, no_rows, row_id, utf8_text

if TYPE_CHECKING:
    from pathlib import Path

    from billadjust.inputs.source import DataFile, Source
    from billadjust.schemas import Table

MAX_ODD: Final = 2_000_000
"""More lines than this that are not a row by themselves mean that the file is not what the configuration says."""
MAX_RECORD_LINES: Final = 1000
HEADER_BYTES: Final = 1 << 20


def read_csv(file: DataFile, table: Table, source: Source, spool: Path) -> Rows:
    """Read one CSV file.

    Raises:
        InputError: It cannot be read as a whole; see `utf8_text`, `choose_columns`.
    """
    path = utf8_text(file, source, spool)
    header_line, names = _header(path, file, source)
    hint = "" if len(names) > 1 else f" Is `{source.separator}` its separator?"
    chosen = choose_columns(file, names, table, source, hint)
    odd = _odd_lines(path, file, source, header_line, len(names))
    mended, broken = _mend(odd, len(names), source.separator)
    body = _body(path, odd, spool / f"{source.name}.{file.number}.rows", header_line, names, source.separator)
    if mended:
        cells = {name: [record[index] or None for _, record in mended] for index, name in enumerate(names)}
        lines = pl.DataFrame(
            {"_line": [line for line, _ in mended]} | cells,
            schema={"_line": pl.UInt32} | dict.fromkeys(names, pl.String()),
        )
        body = pl.concat([body, lines.lazy()])
    wanted = [pl.col(name).alias(ours) for name, ours in chosen.items()]
    return Rows(
        frame=body.select(row_id(file, pl.col("_line")), *wanted),
        broken=_broken_rows(broken, names, chosen, file, source.separator),
        extra=tuple(name for name in names if name not in chosen),
    )


def _header(path: Path, file: DataFile, source: Source) -> tuple[int, list[str]]:
    """The first line that is not blank: its number and its names."""
    with path.open("rb") as text:
        for number, raw in enumerate(iter(lambda: text.readline(HEADER_BYTES), b""), start=1):
            line = raw.decode("utf-8-sig" if number == 1 else "utf-8", errors="replace").rstrip("\r\n")
            if "\ufffd" in line:
                check_utf8(path, file, source)
            if "\r" in line or "\0" in line:
                raise InputError(
                    f"{file.path}, line {number}: the header has a carriage return or NUL inside: write the file as text whose lines end in LF or CR LF."
                )
            if line.strip():
                if names := _cells(line, source.separator):
                    return number, names
                raise InputError(
                    f"{file.path}, line {number}: the header has a stray quote. It must be one line of column names."
                )
    raise InputError(f"{file.path} is empty: its first line must be the header, also when there are no rows.")


def _patterns(separator: str) -> tuple[str, str]:
    """A field, and the beginning of a quoted field that its line does not end."""
    mark = f"\\x{ord(separator):02x}" if ord(separator) < 128 else separator
    quoted = r'"[^"\x00]*(?:""[^"\x00]*)*'
    # the quoted form first: Python's findall takes the first alternative that fits
    return rf'(?:{quoted}"|[^"{mark}\r\x00]*)', f"{quoted}$"


def _odd_lines(path: Path, file: DataFile, source: Source, header_line: int, width: int) -> pl.DataFrame:
    """The lines below the header that are not a complete row by themselves: _line, text."""
    field, _ = _patterns(source.separator)
    mark = re.escape(source.separator)
    row = rf"^{field}(?:{mark}{field}){{{width - 1}}}$"
    lines = pl.scan_lines(path, name="text", row_index_name="_line", row_index_offset=1, glob=False)
    # a blank line is odd also where an empty field would be a complete row
    odd = lines.filter((pl.col("_line") > header_line) & (~pl.col("text").str.contains(row) | (pl.col("text") == "")))
    try:
        found = odd.head(MAX_ODD + 1).collect(engine="streaming").sort("_line")
    except pl.exceptions.ComputeError:
        check_utf8(path, file, source)
        raise
    if found.height > MAX_ODD:
        raise InputError(
            f"{file.path}: more than {MAX_ODD} lines (the first is line {found['_line'][0]}) are not rows of {width} columns: correct `separator` of {source.name} in the configuration, or export it as Parquet."
        )
    return found


def _body(
    path: Path, odd: pl.DataFrame, copy: Path, header_line: int, names: list[str], separator: str
) -> pl.LazyFrame:
    """The lines that are complete rows: _line, then the file's columns."""
    left_out = odd.lazy().select("_line", odd=True)
    if odd["text"].str.contains('"', literal=True).any():
        # the parser would believe the quotes of the odd lines: give it a copy in which these lines are blank
        lines = pl.scan_lines(path, name="text", row_index_name="_line", row_index_offset=1, glob=False)
        lines = lines.join(left_out, on="_line", how="left", maintain_order="left")
        blanked = lines.select(pl.when(pl.col("odd").is_null()).then("text").otherwise(pl.lit("")))
        blanked.sink_csv(copy, include_header=False, quote_style="never", maintain_order=True)
        path = copy
    rows = pl.scan_csv(
        path,
        has_header=False,
        skip_lines=header_line,
        schema=dict.fromkeys(names, pl.String()),
        separator=separator,
        row_index_name="_line",
        row_index_offset=header_line + 1,
        truncate_ragged_lines=True,
        missing_columns="insert",
        raise_if_empty=False,
        glob=False,
    )
    return rows.join(left_out, on="_line", how="anti") if odd.height else rows


def _mend(
    odd: pl.DataFrame, width: int, separator: str
) -> tuple[list[tuple[int, list[str]]], list[tuple[int, str, str]]]:
    """Put records that span lines together, and say what is wrong with the other odd lines.

    A record is put together only from lines none of which, after the first, could be a row by itself: otherwise two
    stray quotes would merge rows. A loop is right here: odd lines are few, and each decides what the next one is.
    """
    field, opening = _patterns(separator)
    opens = re.compile(f"(?:{field}{re.escape(separator)})*{opening}")
    lines: list[tuple[int, str]] = list(odd.select("_line", "text").iter_rows())
    mended: list[tuple[int, list[str]]] = []
    broken: list[tuple[int, str, str]] = []
    at = 0
    while at < len(lines):
        line, record = lines[at]
        last = at
        while opens.fullmatch(record) and last + 1 < len(lines) and last - at < MAX_RECORD_LINES:
            following, more = lines[last + 1]
            if following != lines[last][0] + 1 or more.count(separator) == width - 1:
                break
            record, last = f"{record}\n{more}", last + 1
        cells = _cells(record, separator)
        if len(cells) == width and record.strip():
            mended.append((line, cells))
            at = last + 1
            continue
        text = lines[at][1]
        if text.strip():
            broken.append((line, text, _why(text, width, separator)))
        at += 1
    return mended, broken


def _cells(record: str, separator: str) -> list[str]:
    """The fields of a record; none if it is not well-formed."""
    field, mark = _patterns(separator)[0], re.escape(separator)
    if not re.fullmatch(f"{field}(?:{mark}{field})*", record):
        return []
    cells = re.findall(f"(?:^|{mark})({field})", record)
    return [cell[1:-1].replace('""', '"') if cell.startswith('"') else cell for cell in cells]


def _why(text: str, width: int, separator: str) -> str:
    if "\0" in text:
        return "the row has a NUL character: the file is damaged or not text"
    if count := len(_cells(text, separator)):
        return f"the row has {count} field{'' if count == 1 else 's'}, the header {width}"
    if '"' in text:
        return "the row has a stray quote: put fields with quotes in quotes and double the quotes inside"
    return "the row has a carriage return inside: put such fields in quotes"


def _broken_rows(
    broken: list[tuple[int, str, str]], names: list[str], chosen: dict[str, str], file: DataFile, separator: str
) -> pl.DataFrame:
    """Broken rows, with their cells as far as they can be made out: by position, without the quotes."""
    cells = [text.replace('"', "").split(separator) for _, text, _ in broken]
    columns = {
        ours: [row[index] if index < len(row) else None for row in cells]
        for index, name in enumerate(names)
        if (ours := chosen.get(name))
    }
    rows = pl.DataFrame(
        {
            "_line": [line for line, _, _ in broken],
            "value": [text for _, text, _ in broken],
            "reason": [why for _, _, why in broken],
        }
        | columns,
        schema={"_line": pl.Int64, "value": pl.String, "reason": pl.String} | dict.fromkeys(columns, pl.String()),
    )
    return rows.select(row_id(file, pl.col("_line")), pl.exclude("_line")) if broken else no_rows(list(columns))
