"""Lines of a CSV file that are not a row by themselves: parts of records with line breaks, or broken.

A quoted field may go on over lines. But a quote may also have strayed in, and another one lines below: then the lines
between are rows. Who takes them for a field loses rows, who takes a field for rows may pay what a customer wrote into a
text. So where lines inside a quoted field look like rows, all of them are rejected.
"""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, BinaryIO, Final

from billadjust.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

MAX_RECORD_LINES: Final = 1000
"""A field with more lines than this is taken for two stray quotes."""


class Grammar:
    """The shapes of fields, rows and parts of records, for a separator and a number of columns."""

    def __init__(self, separator: str, width: int) -> None:
        """Build the regular expressions, which mean the same to Python and to Polars."""
        mark = f"\\x{ord(separator):02x}"
        text = r'[^"\x00]*(?:""[^"\x00]*)*'
        # the quoted form first: findall takes the first alternative that fits
        field = rf'(?:"{text}"|[^"{mark}\r\x00]*)'
        self.separator, self.width = separator, width
        self.row: Final = rf"^{field}(?:{mark}{field}){{{width - 1}}}$"
        self._one_row = re.compile(self.row)
        self._whole = re.compile(f"{field}(?:{mark}{field})*")
        self._cell = re.compile(f"(?:^|{mark})({field})")
        self._opens = re.compile(f'(?:{field}{mark})*"{text}')
        self._goes_on = re.compile(f'{text}(?:"(?:{mark}{field})*{mark}"{text})?')
        self._closes = re.compile(f'{text}"(?:{mark}{field})*')

    def cells(self, record: str) -> list[str]:
        """The fields of a record; none if it is not well-formed."""
        if not self._whole.fullmatch(record):
            return []
        cells = self._cell.findall(record)
        return [cell[1:-1].replace('""', '"') if cell.startswith('"') else cell for cell in cells]

    def opens(self, line: str) -> bool:
        """Whether a line ends inside a quoted field."""
        return self._opens.fullmatch(line) is not None

    def goes_on(self, line: str) -> bool:
        """Whether a line that begins inside a quoted field also ends inside one."""
        return self._goes_on.fullmatch(line) is not None

    def closes(self, line: str) -> bool:
        """Whether a line that begins inside a quoted field ends its record."""
        return self._closes.fullmatch(line) is not None

    def looks_like_row(self, line: str) -> bool:
        """Whether a line could be a row, with or without a stray quote."""
        return line.count(self.separator) == self.width - 1 or self._one_row.fullmatch(line) is not None


@dataclass(frozen=True)
class Records:
    """What became of the odd lines: `whole` records (line, cells), `broken` lines (line, text, why)."""

    whole: list[tuple[int, list[str]]] = field(default_factory=list)
    broken: list[tuple[int, str, str]] = field(default_factory=list)
    lines: set[int] = field(default_factory=set)
    """Every line that is part of either, also one that is a row by itself."""


def put_together(path: Path, odd: Iterable[tuple[int, str]], grammar: Grammar, name: str) -> Records:
    """Put records that go on over lines together, and say of the other odd lines what is wrong with them.

    A loop over lines is right here: odd ones are few, and each decides what the next one is.

    Raises:
        InputError: A quote closes only after `MAX_RECORD_LINES` lines.
    """
    records = Records()
    standing = 1
    with path.open("rb") as file:
        for line, text in odd:
            if line in records.lines or not text.strip():
                continue
            span = None
            if grammar.opens(text):
                deque(islice(file, line + 1 - standing), maxlen=0)
                begin = file.tell()
                span = _span(file, line, text, grammar, name)
                standing = line + len(span or [text])
                if span is None:
                    file.seek(begin)
                    standing = line + 1
            if span is None:
                records.broken.append((line, text, _why(text, grammar)))
                records.lines.add(line)
            else:
                _judge(records, line, span, grammar)
    return records


def _span(file: BinaryIO, line: int, text: str, grammar: Grammar, name: str) -> list[str] | None:
    """The lines of a record that begins with this one; None if its quote never closes as it should."""
    span = [text]
    for number, raw in enumerate(file, start=line + 1):
        more = raw.decode().removesuffix("\n").removesuffix("\r")
        if grammar.goes_on(more):
            span = [*span, more] if len(span) < MAX_RECORD_LINES else span
        elif not grammar.closes(more):
            return None
        elif number - line >= MAX_RECORD_LINES:
            raise InputError(
                f"{name}, line {line}: a quote opens here and closes only in line {number}. "
                "If these are stray quotes, remove them; otherwise export the file as Parquet."
            )
        else:
            return [*span, more]
    return None


def _judge(records: Records, line: int, span: list[str], grammar: Grammar) -> None:
    """Accept a record that goes on over lines, or reject all of them."""
    cells = grammar.cells("\n".join(span))
    last = line + len(span) - 1
    records.lines.update(range(line, last + 1))
    first_row, *rows = map(grammar.looks_like_row, span)
    if any(rows[:-1]) or (first_row and rows[-1]):
        why = (
            f"a quote opens in line {line} and closes in line {last}, but the lines look like rows: "
            "remove stray quotes, or export the file as Parquet"
        )
        records.broken.extend((line + at, text, why) for at, text in enumerate(span))
    elif len(cells) == grammar.width:
        records.whole.append((line, cells))
    else:
        records.broken.append((line, span[0], _wrong_count(len(cells), grammar)))
        inside = f"part of the row of line {line}, which is rejected"
        records.broken.extend((line + at, text, inside) for at, text in enumerate(span[1:], start=1))


def _why(text: str, grammar: Grammar) -> str:
    if "\0" in text:
        return "the row has a NUL character: the file is damaged or not text"
    if count := len(grammar.cells(text)):
        return _wrong_count(count, grammar)
    if '"' in text:
        return "the row has a stray quote: put fields with quotes in quotes and double the quotes inside"
    return "the row has a carriage return inside: put such fields in quotes"


def _wrong_count(count: int, grammar: Grammar) -> str:
    return f"the row has {count} field{'' if count == 1 else 's'}, the header {grammar.width}"
