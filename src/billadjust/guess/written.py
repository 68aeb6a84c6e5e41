"""What was guessed, as a commented `billadjust.toml`."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Final

from billadjust.inputs.load import SKIPPED
from billadjust.schemas import Kind

if TYPE_CHECKING:
    from pathlib import Path

    from billadjust.guess.survey import Guess, Survey
    from billadjust.schemas import Column, Table

_HEAD: Final = """\
# Written by `billadjust init`, which looked at the names of the files, their columns and their first rows. Correct what
# it guessed wrongly, then run `billadjust check`. docs/configuration.md describes every key.

{currency}
timezone = "Europe/Madrid"          # what times without an offset mean, and where days begin
"""

_TAIL: Final = """
[ledger]
path = "ledger"                     # relative to this file; made by the first run

[outputs]
path = "out"
dialect = "{dialect}"
# report_language = "{language}"           # of report.html, "en" or "es"; by itself that of the dialect

[policy]                            # `billadjust policy` shows every parameter and its value

[limits]
rejected_share = 1                  # percent: with more rejected rows of any input, nothing is posted
# run_gross = 1000.00               # a run that gives more needs somebody's approval
# account_gross = 100.00            # the same for one account
"""

_MOST_WORDS: Final = 12
"""How many words that are not known are listed: of more, the column is probably another one."""


def as_toml(survey: Survey, target: Path) -> str:
    """Write the configuration that the survey suggests; paths are relative to the directory of `target`."""
    spanish = any(guess.decimal_comma and guess.candidate.sample.separator == ";" for guess in survey.guesses)
    below = os.path.relpath(survey.directory, target.absolute().parent)
    prefix = "" if below == "." else f"{below}/"
    known = survey.currency
    parts = [
        _HEAD.format(
            currency=_pad(
                f"currency = {_quoted(known or 'EUR')}", "as in the invoices" if known else "not found: assumed"
            )
        ),
        *(_section(guess, prefix) for guess in survey.guesses),
        *(_absent(table) for table in survey.absent),
        _TAIL.format(dialect="spanish" if spanish else "standard", language="es" if spanish else "en"),
    ]
    return "\n".join(part.strip("\n") + "\n" for part in parts)


def _section(guess: Guess, prefix: str) -> str:
    """Write how one input is written, with what is doubtful above it."""
    table, sample = guess.table, guess.candidate.sample
    name = f"inputs.{table.name}"
    lines = [f"# {table.name}: {table.doc}", *(f"# Look at this: {doubt}." for doubt in guess.doubts)]
    lines += [f"[{name}]", f"path = {_quoted(prefix + guess.candidate.path)}"]
    if sample.separator != ",":
        lines.append(f"separator = {_quoted(sample.separator)}")
    if guess.decimal_comma:
        lines.append("decimal_comma = true")
    if guess.encoding != "utf-8":
        lines.append(f"encoding = {_quoted(guess.encoding)}")
    if guess.date_format:
        lines.append(f"date_format = {_quoted(guess.date_format)}")
    lines.append(f"[{name}.columns]" + " " * max(1, 35 - len(name) - 10) + "# our name = the file's name")
    for column in table.columns:
        if theirs := guess.columns.get(column.name):
            told = "only likely: is it " + column.doc + "?" if column.name in guess.unsure else ""
            lines.append(_pad(f"{column.name} = {_quoted(theirs)}", told))
        elif column.required:
            lines.append(_pad(f'# {column.name} = "…"', f"NOT FOUND, and required: {column.doc}"))
        else:
            lines.append(_pad(f'# {column.name} = "…"', f"not found: {column.doc}"))
    lines += [
        line
        for ours, meant in guess.words.items()
        for line in _words(f"{name}.words.{ours}", table.column(ours), meant)
    ]
    if guess.unused:
        lines.append(f"# Columns that are not used: {', '.join(map(_bare, guess.unused))}")
    if guess.missing and not table.required:
        # a section that cannot be read would stop every run
        lines = [line if line.startswith("#") else f"# {line}" for line in lines]
        lines.insert(
            1, f"# Left out, because {', '.join(guess.missing)} was not found: complete it, and take the `#` away."
        )
    return "\n".join(lines)


def _words(name: str, column: Column, meant: dict[str, list[str]]) -> list[str]:
    """Write what the words of a column mean; those that are not known as comments, and not endlessly many."""
    lines = [_pad(f"[{name}]", "the file's word = ours")]
    for theirs, ours in meant.items():
        if ours:
            told = f"or {', '.join(map(_quoted, ours[1:]))}: which one?" if ours[1:] else ""
            lines.append(_pad(f"{_quoted(theirs)} = {_word(column, ours[0])}", told))
    unknown = [theirs for theirs, ours in meant.items() if not ours]
    if unknown:
        lines.append(f"# NOT KNOWN: say which of {', '.join(column.words)} these are, and take the `#` away.")
    lines += [f'# {_quoted(theirs)} = "…"' for theirs in unknown[:_MOST_WORDS]]
    if len(unknown) > _MOST_WORDS:
        lines.append(f"# … and {len(unknown) - _MOST_WORDS} more: does this column really hold {column.doc}?")
    return lines


def _word(column: Column, word: str) -> str:
    return word if column.kind is Kind.BOOLEAN else _quoted(word)


def _absent(table: Table) -> str:
    """Say that nothing was found for an input."""
    why = "required: a run needs it" if table.required else SKIPPED[table.name]
    return f'# {table.name}: {table.doc}\n# No file was found; {why}.\n# [inputs.{table.name}]\n# path = "{table.name}.csv"'


def _pad(text: str, comment: str) -> str:
    return f"{text:<35} # {comment}" if comment else text


def _quoted(text: str) -> str:
    """Write a TOML basic string; what JSON escapes, TOML reads alike."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _bare(text: str) -> str:
    """Return a text that stays within a comment's line."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text) or "one without a name"
