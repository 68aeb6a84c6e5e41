"""What `billadjust init` shows: what it took for what, how sure it is, and what to do next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from billadjust.inputs.load import SKIPPED
from billadjust.terminal import add_row, make_table

if TYPE_CHECKING:
    from pathlib import Path

    from billadjust.guess import Guess, Survey
    from billadjust.terminal import Terminal


def show_survey(terminal: Terminal, survey: Survey, target: Path) -> None:
    """Print what was guessed, what is doubtful, what was not found and what to do next."""
    table = make_table("Guessed", "input", "file", "written with", ">columns")
    for guess in survey.guesses:
        found = f"{len(guess.columns)} of {len(guess.candidate.sample.names)}"
        add_row(table, guess.table.name, guess.candidate.path, _style(guess), found)
    terminal.show_table(table)
    for guess in survey.guesses:
        for remark in _remarks(guess):
            terminal.show_line(f"{guess.table.name}: {remark}.")
    for path, reason in sorted(survey.aside.items()):
        terminal.show_line(f"{path} is not used: {reason}.")
    for absent in survey.absent:
        if not absent.required:
            terminal.show_line(f"No file for {absent.name}: {SKIPPED[absent.name]}.")
    required = [absent.name for absent in survey.absent if absent.required]
    incomplete = [guess.table.name for guess in survey.guesses if guess.missing]
    if required:
        terminal.show_line(f"A run also needs {' and '.join(required)}: put the files there and name them in {target}.")
    if incomplete:
        terminal.show_line(f"Complete the columns of {', '.join(incomplete)} in {target}; they are commented there.")
    terminal.show_line(f"Written: {target}. Read it, correct it, then run: billadjust check --config {target}")


def _remarks(guess: Guess) -> list[str]:
    """Say what a person must look at."""
    remarks = [f"not found and required: {', '.join(guess.missing)}"] if guess.missing else []
    if guess.unsure:
        likely = (f"{ours} = {theirs}" for ours, theirs in guess.columns.items() if ours in guess.unsure)
        remarks.append(f"only likely: {', '.join(likely)}")
    if guess.unused:
        remarks.append(f"not used: {', '.join(name or 'a column without a name' for name in guess.unused)}")
    for column, words in guess.words.items():
        if read := ", ".join(f"{theirs} = {ours[0]}" for theirs, ours in words.items() if ours):
            remarks.append(f"words of {guess.columns[column]}: {read}")
    return [*remarks, *guess.doubts]


def _style(guess: Guess) -> str:
    """Say in short how a file is written."""
    sample, file = guess.candidate.sample, guess.candidate.files[0]
    if file.format != "csv":
        return f"{file.format}{', ' + guess.date_format if guess.date_format else ''}"
    separator = {"\t": "tab"}.get(sample.separator, sample.separator)
    parts = [separator, guess.encoding, "decimal comma" if guess.decimal_comma else "", guess.date_format or ""]
    return "  ".join(part for part in parts if part)
