"""What people see: tables on a terminal, plain lines everywhere else."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import polars as pl
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from billadjust.money import as_decimal
from billadjust.rules import RULES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import date

    from billadjust.config import Config
    from billadjust.nightly import Result
    from billadjust.policy import InForce

WIDTH = 100
"""Columns that output uses at most."""


class Terminal:
    """Standard output for what was asked for, standard error for the rest."""

    def __init__(self) -> None:
        """Find out where the output goes."""
        self._out, self._err = (Console(stderr=stderr, highlight=False) for stderr in (False, True))
        for console in (self._out, self._err):
            console.width = min(console.width, WIDTH)

    @contextmanager
    def progress(self) -> Iterator[Callable[[str], None]]:
        """Tell what is being done, on a terminal only."""
        if not self._err.is_terminal:
            yield lambda _: None
            return
        with self._err.status("Starting") as status:
            yield lambda message: status.update(_safe(f"{message} …"))

    def show_line(self, text: str) -> None:
        """Print one line; where no terminal is, it stays one."""
        self._out.print(_safe(text), soft_wrap=not self._out.is_terminal)

    def show_error(self, text: str) -> None:
        """Print a message about a failure to standard error."""
        message = Text.assemble(("billadjust: ", "bold red"), _safe(text))
        self._err.print(message, soft_wrap=not self._err.is_terminal)

    def show_policy(self, rows: Sequence[InForce], day: date) -> None:
        """Print the parameters in force on a day."""
        table = _table(f"Policy in force on {day}", "parameter", ">value", "unit", "since", "reference")
        for row in rows:
            _add_row(table, row.name, row.value, row.unit, str(row.since or "always"), row.reference)
        self._show(table)

    def show_result(self, result: Result, config: Config, *, posted: bool) -> None:
        """Print what was read, rejected, owed and posted, what the limits say, and where the files are."""
        plan, digits = result.plan, config.policy.digits
        if result.completed:
            self.show_line(f"The last run had ended before its files were written; they are now in {result.completed}.")
        self._show(_inputs_table(result.loaded.counts))
        for remark in result.loaded.remarks:
            self.show_line(f"Note: {remark}")
        self._show(_entries_table(plan.entries, digits, config.currency, posted=posted))
        review = plan.tables["review"]
        if review.height:
            topics = ", ".join(
                f"{topic} {count:,}" for topic, count in review.group_by("topic").len().sort("topic").rows()
            )
            self.show_line(f"For review: {topics}.")
        rejected = int(result.loaded.counts["rejected"].sum())
        if rejected:
            self.show_line(f"Rejected: {counted(rejected, 'row')}, left out of the computation; see rejected.csv.")
        for sentence in result.over:
            self.show_line(f"Limit: {sentence}")
        if not result.over:
            self.show_line("Limits: within all of them.")
        gross = f"{as_decimal(int(plan.entries['gross'].sum()), digits):,} {config.currency}"
        entries = counted(plan.entries.height, "entry", "entries")
        accounts = counted(plan.entries["account_id"].n_unique(), "account")
        if posted:
            self.show_line(f"Run {plan.run_id} of {plan.as_of} posted {entries}, {gross} gross, for {accounts}.")
            self.show_line(f"Files: {result.directory}")
        else:
            self.show_line(f"A run of {plan.as_of} would post {entries}, {gross} gross, for {accounts}.")
            self.show_line(f"Plan: {plan.hash}")
            if result.directory:
                self.show_line(f"Preview: {result.directory}")
            self.show_line("Nothing was posted.")

    def _show(self, table: Table) -> None:
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


def _add_row(table: Table, *cells: str) -> None:
    """Add a row whose cells are shown as they are: square brackets are no markup."""
    table.add_row(*map(_safe, cells))


def _table(title: str, *columns: str) -> Table:
    """Make a table; columns whose name begins with `>` are numbers, and the first one is a name that stays whole."""
    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    for number, column in enumerate(columns):
        if column.startswith(">"):
            table.add_column(column[1:], justify="right")
        else:
            table.add_column(column, overflow="fold", no_wrap=number == 0)
    return table


def _inputs_table(counts: pl.DataFrame) -> Table:
    table = _table("Read", "input", ">rows", ">accepted", ">rejected", ">repeats")
    for row in counts.to_dicts():
        _add_row(table, row["input"], *(f"{row[name]:,}" for name in ("rows", "accepted", "rejected", "repeats")))
    return table


def _entries_table(entries: pl.DataFrame, digits: int, currency: str, *, posted: bool) -> Table:
    title = f"{'Posted' if posted else 'Would be posted'}, in {currency}"
    table = _table(title, "rule", "kind", "settlement", ">entries", ">net", ">tax", ">gross")
    by = ["rule", "kind", "settlement"]
    amounts = ["net", "tax", "gross"]
    totals = entries.group_by(by).agg(pl.len(), pl.col(amounts).sum()).sort("kind", "settlement")
    for rule in RULES:
        for row in totals.filter(pl.col("rule") == rule.__name__).to_dicts():
            _add_row(table, *(row[name] for name in by), f"{row['len']:,}", *_amounts(row, digits))
    sums = {name: int(entries[name].sum()) for name in amounts}
    table.add_section()
    _add_row(table, "total", "", "", f"{entries.height:,}", *_amounts(sums, digits))
    return table


def _amounts(row: dict[str, int], digits: int) -> tuple[str, ...]:
    return tuple(f"{as_decimal(row[name], digits):,}" for name in ("net", "tax", "gross"))
