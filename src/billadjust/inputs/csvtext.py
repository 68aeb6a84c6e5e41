"""CSV files, so that they do not lie: true line numbers, no merged and no shifted rows.

A CSV parser believes every quote, so two stray ones merge all the rows between them without a word. So each line is
first compared with the shape of a complete row. The lines that have it go to the parser. The others are few: records
with line breaks in quoted fields, which are put together here, and rows that are broken.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import polars as pl

from billadjust.errors import InputError
from billadjust.inputs.read import Rows, check_utf8, choose_columns, row_id, utf8_text

if TYPE_CHECKING:
    from pathlib import Path

    from billadjust.inputs.source import DataFile, Source
    from billadjust.schemas import Table

MAX_ODD: Final = 2_000_000
"""More lines than this that are not a row by themselves mean that the file is not what the configuration says."""
MAX_RECORD_LINES: Final = 1000
HEADER_BYTES: Final = 1 << 20


@dataclass(frozen=True)
class _Layout:
    """A CSV file as plain UTF-8: where it is, the number of its header's line, and the header's names."""

    path: Path
    header_line: int
    names: list[str]
    separator: str

    @property
    def lines(self) -> pl.LazyFrame:
        """All lines: _line, text."""
        return pl.scan_lines(self.path, name="text", row_index_name="_line", row_index_offset=1, glob=False)


def read_csv(file: DataFile, table: Table, source: Source, spool: Path) -> Rows:
    """Read one CSV file.

    Raises:
        InputError: It cannot be read as a whole; see `utf8_text`, `choose_columns`.
    """
    path = utf8_text(file, source, spool)
    header_line, names = _header(path, file, source)
    hint = "" if len(names) > 1 else f" Is `{source.separator}` its separator?"
    chosen = choose_columns(file, names, table, source, hint)
    layout = _Layout(path, header_line, names, source.separator)
    odd = _odd_lines(layout, file, source)
    mended, broken = _mend(odd, len(names), source.separator)
    body = _body(layout, odd, spool / f"{source.name}.{file.number}.rows")
    if mended:
        cells = {name: [record[index] for _, record in mended] for index, name in enumerate(names)}
        records = pl.DataFrame({"_line": [line for line, _ in mended], **cells}, schema_overrides={"_line": pl.UInt32})
        body = pl.concat([body, records.lazy()])
    wanted = [pl.col(name).alias(ours) for name, ours in chosen.items()]
    return Rows(
        frame=body.select(row_id(file, pl.col("_line")), *wanted),
        broken=_broken_rows(broken, chosen, file, layout),
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
                    f"{file.path}, line {number}: the header has a carriage return or NUL inside. "
                    "Write the file as text whose lines end in LF or CR LF."
                )
            if line.strip():
                if names := _cells(line, source.separator):
                    return number, names
                raise InputError(
                    f"{file.path}, line {number}: the header has a stray quote. It must be one line of column names."
                )
    raise InputError(f"{file.path} is empty: its first line must be the header, also when there are no rows.")


def _patterns(separator: str) -> tuple[str, str, str]:
    """The separator, a field, and the beginning of a quoted field that its line does not end."""
    mark = f"\\x{ord(separator):02x}"
    quoted = r'"[^"\x00]*(?:""[^"\x00]*)*'
    # the quoted form first: Python's findall takes the first alternative that fits
    return mark, rf'(?:{quoted}"|[^"{mark}\r\x00]*)', f"{quoted}$"


def _odd_lines(layout: _Layout, file: DataFile, source: Source) -> pl.DataFrame:
    """The lines below the header that are not a complete row by themselves: _line, text."""
    width = len(layout.names)
    mark, field, _ = _patterns(layout.separator)
    row = rf"^{field}(?:{mark}{field}){{{width - 1}}}$"
    # a blank line is odd also where one empty field would be a complete row
    odd = ~pl.col("text").str.contains(row) | (pl.col("text") == "")
    lines = layout.lines.filter((pl.col("_line") > layout.header_line) & odd).head(MAX_ODD + 1)
    try:
        found = lines.collect(engine="streaming").sort("_line")
    except pl.exceptions.ComputeError:
        check_utf8(layout.path, file, source)
        raise
    if found.height > MAX_ODD:
        raise InputError(
            f"{file.path}: more than {MAX_ODD} lines (the first is line {found['_line'][0]}) are not rows of {width} "
            f"columns. Correct `separator` of {source.name} in the configuration, or export it as Parquet."
        )
    return found


def _body(layout: _Layout, odd: pl.DataFrame, copy: Path) -> pl.LazyFrame:
    """The lines that are complete rows: _line, then the file's columns."""
    path, left_out = layout.path, odd.lazy().select("_line", odd=True)
    if odd["text"].str.contains('"', literal=True).any():
        # the parser would believe the quotes of the odd lines: give it a copy in which these lines are blank
        lines = layout.lines.join(left_out, on="_line", how="left", maintain_order="left")
        blanked = lines.select(pl.when(pl.col("odd").is_null()).then("text").otherwise(pl.lit("")))
        blanked.sink_csv(copy, include_header=False, quote_style="never", maintain_order=True)
        path = copy
    rows = pl.scan_csv(
        path,
        has_header=False,
        skip_lines=layout.header_line,
        schema=dict.fromkeys(layout.names, pl.String()),
        separator=layout.separator,
        row_index_name="_line",
        row_index_offset=layout.header_line + 1,
        truncate_ragged_lines=True,
        missing_columns="insert",
        extra_columns="ignore",
        raise_if_empty=False,
        glob=False,
    )
    return rows.join(left_out, on="_line", how="anti") if odd.height else rows


def _mend(
    odd: pl.DataFrame, width: int, separator: str
) -> tuple[list[tuple[int, list[str]]], list[tuple[int, str, str]]]:
    """Put records that span lines together (line, cells), and say of the other odd lines what is wrong (line, text, why).

    A quote may have strayed in, and another one lines below: then the lines between are rows, and must not become a
    field. So a record is not put together from lines that look like rows: neither one inside it, nor its first and last.
    A loop is right here: odd lines are few, and each decides what the next one is.
    """
    mark, field, opening = _patterns(separator)
    opens = re.compile(f"(?:{field}{mark})*{opening}")
    lines: list[tuple[int, str]] = list(odd.select("_line", "text").iter_rows())
    mended: list[tuple[int, list[str]]] = []
    broken: list[tuple[int, str, str]] = []
    at = 0
    while at < len(lines):
        line, text = lines[at]
        record, last = text, at
        while opens.fullmatch(record) and last + 1 < len(lines) and last - at < MAX_RECORD_LINES:
            following, more = lines[last + 1]
            joined = f"{record}\n{more}"
            looks_like_row = more.count(separator) == width - 1
            if following != lines[last][0] + 1 or (
                looks_like_row and (text.count(separator) == width - 1 or opens.fullmatch(joined))
            ):
                break
            record, last = joined, last + 1
        cells = _cells(record, separator)
        if len(cells) == width and record.strip():
            mended.append((line, cells))
            at = last + 1
            continue
        if text.strip():
            broken.append((line, text, _why(text, width, separator)))
        at += 1
    return mended, broken


def _cells(record: str, separator: str) -> list[str]:
    """The fields of a record; none if it is not well-formed."""
    mark, field, _ = _patterns(separator)
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
    broken: list[tuple[int, str, str]], chosen: dict[str, str], file: DataFile, layout: _Layout
) -> pl.DataFrame:
    """Broken rows, with their cells as far as they can be made out: by position, without the quotes."""
    cells = [text.replace('"', "").split(layout.separator) for _, text, _ in broken]
    columns = {
        ours: [row[index] if index < len(row) else None for row in cells]
        for index, name in enumerate(layout.names)
        if (ours := chosen.get(name))
    }
    places = {"_line": [line for line, _, _ in broken]}
    words = {"value": [text for _, text, _ in broken], "reason": [why for _, _, why in broken]}
    types = pl.Schema({"_line": pl.Int64(), **dict.fromkeys([*words, *columns], pl.String())})
    rows = pl.DataFrame(places | words | columns, schema=types)
    return rows.select(row_id(file, pl.col("_line")), pl.exclude("_line"))
