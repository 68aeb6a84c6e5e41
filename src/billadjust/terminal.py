"""What people see: tables on a terminal, plain lines everywhere else."""

from __future__ import annotations

from contextlib import contextmanager
from enum import StrEnum
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.status import Status

WIDTH = 100
"""Columns that output uses at most."""


class Format(StrEnum):
    """How rows are shown: to people, or to other programs."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


class Terminal:
    """Standard output for what was asked for, standard error for the rest."""

    def __init__(self) -> None:
        """Find out where the output goes."""
        self._out, self._err = (Console(stderr=stderr, highlight=False) for stderr in (False, True))
        for console in (self._out, self._err):
            console.width = min(console.width, WIDTH)
        self._status: Status | None = None

    def show_text(self, text: str) -> None:
        """Print a text as it is, for another program to read."""
        self._out.out(text, end="", highlight=False)

    @contextmanager
    def progress(self, *, shown: bool = True) -> Iterator[Callable[[str], None]]:
        """Tell what is being done, on a terminal only, and if it is to be shown."""
        if not (shown and self._err.is_terminal):
            yield lambda _: None
            return

        def tell(message: str) -> None:
            status.update(_safe(f"{message} …"))
            status.start()

        with self._err.status("Starting") as status:
            self._status = status
            yield tell

    def pause(self) -> None:
        """Take the progress away, so that something can be shown or asked; what is told next brings it back."""
        if self._status:
            self._status.stop()

    def show_line(self, text: str) -> None:
        """Print one line; where no terminal is, it stays one. On a terminal its blanks at the start indent all of it."""
        if not self._out.is_terminal:
            self._out.print(_safe(text), soft_wrap=True)
            return
        rest = text.lstrip(" ")
        self._out.print(Padding(_safe(rest), (0, 0, 0, len(text) - len(rest)), expand=False))

    def show_heading(self, text: str, *, is_title: bool = False) -> None:
        """Print a heading with an empty line before it; a title is the first of all and has none."""
        if not is_title:
            self._out.print()
        self._out.print(Text(_safe(text).plain, style="bold" if is_title else "bold cyan"), soft_wrap=True)

    def show_error(self, text: str) -> None:
        """Print a message about a failure to standard error."""
        message = Text.assemble(("billadjust: ", "bold red"), _safe(text))
        self._err.print(message, soft_wrap=not self._err.is_terminal)

    def confirmed(self, question: str) -> bool:
        """Ask a question on standard error that only `y` or `yes` confirms; the end of the input does not."""
        self._err.print(_safe(f"{question} [y/N]"), end=" ")
        try:
            return input().strip().lower() in {"y", "yes"}
        except EOFError:
            return False

    def show_table(self, table: Table) -> None:
        """Print a table, or its rows as plain lines where no terminal is."""
        if self._out.is_terminal:
            self._out.print(table)
            return
        names = [str(column.header) for column in table.columns]
        cells = [list(column.cells) for column in table.columns]
        self.show_line(f"{table.title}:")
        for row in zip(*cells, strict=True):
            named = (f"{name} {cell}" for name, cell in zip(names[1:], row[1:], strict=True) if cell)
            self.show_line(f"  {row[0]}: {', '.join(named)}")


def counted(number: int, one: str, many: str | None = None) -> str:
    """Return a number with its noun: 1 entry, 1,000 entries."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def _safe(text: str) -> Text:
    """Return a text whose control characters, if a file's name or header has any, do nothing to a terminal."""
    return Text("".join(char if char.isprintable() or char == "\n" else "\N{REPLACEMENT CHARACTER}" for char in text))


def add_row(table: Table, *cells: str) -> None:
    """Add a row whose cells are shown as they are: square brackets are no markup."""
    table.add_row(*map(_safe, cells))


def make_table(title: str, *columns: str) -> Table:
    """Make a table; columns whose name begins with `>` are numbers, and the first one is a name that stays whole."""
    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    for number, column in enumerate(columns):
        if column.startswith(">"):
            table.add_column(column[1:], justify="right")
        else:
            table.add_column(column, overflow="fold", no_wrap=number == 0)
    return table
