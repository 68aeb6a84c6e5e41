"""CSV files, so that they do not lie: true line numbers, no merged and no shifted rows.

A CSV parser believes every quote, so two stray ones merge all the rows between them without a word. So each line is
first compared with the shape of a complete row. The lines that have it go to the parser. The others are few: records
with line breaks in quoted fields, which `records` puts together, and broken rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import polars as pl

from billadjust.errors import InputError
from billadjust.inputs.read import LINE, Rows, check_utf8, choose_columns, row_id, utf8_text
from billadjust.inputs.records import Grammar, put_together

if TYPE_CHECKING:
    from pathlib import Path

    from billadjust.inputs.source import DataFile, Source
    from billadjust.schemas import Table

MAX_ODD: Final = 2_000_000
"""More lines than this that are not a row by themselves mean that the file is not what the configuration says."""
HEADER_BYTES: Final = 1 << 20


@dataclass(frozen=True)
class _Layout:
    """A CSV file as plain UTF-8: where it is, the number of its header's line, and the header's names."""

    path: Path
    header_line: int
    names: list[str]
    separator: str

    @property
    def grammar(self) -> Grammar:
        """What its lines must look like."""
        return Grammar(self.separator, len(self.names))

    @property
    def lines(self) -> pl.LazyFrame:
        """All lines: LINE, text."""
        return pl.scan_lines(self.path, name="text", row_index_name=LINE, row_index_offset=1, glob=False)


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
    records = put_together(path, odd.iter_rows(), layout.grammar, str(file.path))
    body = _body(layout, odd, records.lines, spool / f"{source.name}.{file.number}.rows")
    if records.whole:
        cells = {name: [record[index] for _, record in records.whole] for index, name in enumerate(names)}
        places = {LINE: [line for line, _ in records.whole]}
        body = pl.concat([body, pl.LazyFrame(places | cells, schema_overrides={LINE: pl.UInt32})])
    wanted = [pl.col(name).alias(ours) for name, ours in chosen.items()]
    return Rows(
        frame=body.select(row_id(file, pl.col(LINE)), *wanted),
        broken=_broken_rows(records.broken, chosen, file, layout),
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
                if names := Grammar(source.separator, 0).cells(line):
                    return number, names
                raise InputError(
                    f"{file.path}, line {number}: the header has a stray quote. It must be one line of column names."
                )
    raise InputError(f"{file.path} is empty: its first line must be the header, also when there are no rows.")


def _odd_lines(layout: _Layout, file: DataFile, source: Source) -> pl.DataFrame:
    """The lines below the header that are not a complete row by themselves: LINE, text."""
    # a blank line is odd also where one empty field would be a complete row
    odd = ~pl.col("text").str.contains(layout.grammar.row) | (pl.col("text") == "")
    lines = layout.lines.filter((pl.col(LINE) > layout.header_line) & odd).head(MAX_ODD + 1)
    try:
        found = lines.collect(engine="streaming").sort(LINE)
    except pl.exceptions.ComputeError:
        check_utf8(layout.path, file, source)
        raise
    if found.height > MAX_ODD:
        raise InputError(
            f"{file.path}: more than {MAX_ODD} lines (the first is line {found[LINE][0]}) are not rows of {len(layout.names)} "
            f"columns. Correct `separator` of {source.name} in the configuration, or export it as Parquet."
        )
    return found


def _body(layout: _Layout, odd: pl.DataFrame, parts: set[int], copy: Path) -> pl.LazyFrame:
    """The lines that are complete rows: LINE, then the file's columns."""
    path = layout.path
    inside = pl.DataFrame({LINE: sorted(parts)}, schema={LINE: pl.UInt32})
    left_out = pl.concat([odd.select(LINE), inside]).unique().lazy().with_columns(odd=True)
    if odd["text"].str.contains('"', literal=True).any():
        # the parser would believe the quotes of the odd lines: give it a copy in which these lines are blank
        lines = layout.lines.join(left_out, on=LINE, how="left", maintain_order="left")
        blanked = lines.select(pl.when(pl.col("odd").is_null()).then("text").otherwise(pl.lit("")))
        blanked.sink_csv(copy, include_header=False, quote_style="never", maintain_order=True)
        path = copy
    rows = pl.scan_csv(
        path,
        has_header=False,
        skip_lines=layout.header_line,
        schema=dict.fromkeys(layout.names, pl.String()),
        separator=layout.separator,
        row_index_name=LINE,
        row_index_offset=layout.header_line + 1,
        truncate_ragged_lines=True,
        missing_columns="insert",
        extra_columns="ignore",
        raise_if_empty=False,
        glob=False,
    )
    return rows.join(left_out, on=LINE, how="anti") if odd.height else rows


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
    places = {LINE: [line for line, _, _ in broken]}
    words = {"value": [text for _, text, _ in broken], "reason": [why for _, _, why in broken]}
    types = pl.Schema({LINE: pl.Int64(), **dict.fromkeys([*words, *columns], pl.String())})
    rows = pl.DataFrame(places | words | columns, schema=types)
    return rows.select(row_id(file, pl.col(LINE)), pl.exclude(LINE))
