"""Which file of a directory is which input, and which of its columns are which of ours."""

from __future__ import annotations

import glob
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from billadjust.errors import InputError, UsageError
from billadjust.guess import cells
from billadjust.guess.sample import Sample, look_at
from billadjust.guess.words import likeness, plain_words, tables
from billadjust.inputs.source import Source, find_files
from billadjust.schemas import INPUTS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from billadjust.inputs.source import DataFile
    from billadjust.schemas import Kind, Table

SURE: Final = 0.99
LIKELY: Final = 0.6
"""How like ours the name of a column must be."""

_IMPLAUSIBLE: Final = 0.5
"""What is left of the likeness of a column whose cells are of another kind."""


@dataclass(frozen=True)
class Candidate:
    """Files that belong together: `path` as the configuration writes it, and the beginning of the first one."""

    path: str
    files: tuple[DataFile, ...]
    sample: Sample


@dataclass(frozen=True)
class Guess:
    """What an input is read from, and how that is written.

    `columns` maps our names to the file's, `unsure` names those of ours that are only likely. `missing` are required
    columns that were not found, `unused` columns of the file that are nothing of ours. `date_format` is None for ISO
    dates. `words` are the words of the file, by our column, that are not ours, each with those of ours that it may mean.
    `doubts` are sentences on what a person must look at.
    """

    table: Table
    candidate: Candidate
    columns: dict[str, str]
    unsure: frozenset[str]
    missing: tuple[str, ...]
    unused: tuple[str, ...]
    encoding: str
    decimal_comma: bool
    date_format: str | None
    words: dict[str, dict[str, list[str]]]
    doubts: tuple[str, ...]


@dataclass(frozen=True)
class _Usual:
    """How those files are written that leave no doubt, where they agree: exports of one program are written alike."""

    date_format: str | None
    encoding: str | None


@dataclass(frozen=True)
class Survey:
    """What was found in a directory.

    `guesses` are in the order of the inputs; `currency` is what invoices say, if they all say the same. `aside` are the files
    that are not used, each with the reason.
    """

    directory: Path
    guesses: tuple[Guess, ...]
    currency: str | None
    aside: dict[str, str]

    @property
    def absent(self) -> list[Table]:
        """The inputs for which no file was found."""
        found = {guess.table.name for guess in self.guesses}
        return [table for name, table in INPUTS.items() if name not in found]


def survey(directory: Path) -> Survey:
    """Look at the files of a directory, by their names, their columns and their first rows.

    Raises:
        UsageError: There is no such directory, or no file in it seems to be an input.
    """
    if not directory.is_dir():
        raise UsageError(f"{directory} is not a directory. Name the one in which the exports are.")
    candidates, aside = _candidates(directory)
    chosen = _assign(candidates)
    aside |= {
        candidate.path: candidate.sample.problem or f"its columns are not those of an input: {_named(candidate)}"
        for candidate in candidates
        if candidate not in chosen.values()
    }
    if not chosen:
        found = "".join(f"\n  {path}: {reason}" for path, reason in sorted(aside.items()))
        raise UsageError(
            f"Nothing in {directory} seems to be an input; nothing was written.{found}\n"
            "Put the exports there as CSV with the names of the columns in the first line, or write the configuration by hand."
        )
    usual = _Usual(_usual_dates(chosen), _usual_encoding(chosen))
    guesses = tuple(_guess(table, chosen[name], usual) for name, table in INPUTS.items() if name in chosen)
    return Survey(directory, guesses, _currency(guesses), aside)


def _candidates(directory: Path) -> tuple[list[Candidate], dict[str, str]]:
    """Put files together whose names differ in their figures only, and look into the first of each."""
    groups: dict[str, list[DataFile]] = {}
    aside: dict[str, str] = {}
    for entry in sorted(directory.iterdir()):
        if entry.name[0] in "._" or entry.suffix == ".toml":
            continue
        try:
            files, _ = find_files(Source("any", str(entry), configured=True))
        except InputError:
            if entry.is_file():
                aside[entry.name] = "its ending is not .csv, .ndjson or .parquet: save it as one of these"
            continue
        groups.setdefault(f"{entry.name}/" if entry.is_dir() else _pattern(entry.name), []).extend(files)
    for path, files in list(groups.items()):
        if glob.has_magic(path) and {hit.name for hit in directory.glob(path)} != {file.path.name for file in files}:
            # the pattern would take in other files as well
            del groups[path]
            groups |= {file.path.name: [file] for file in files}
    return [Candidate(path, tuple(files), look_at(files[0])) for path, files in groups.items()], aside


def _pattern(name: str) -> str:
    """Return the glob of a file that has others of other months beside it: `Facturas_2026-06.csv` is `Facturas_[0-9]*.csv`."""
    stem, dot, endings = name.partition(".")
    dated = re.fullmatch(r"(.*?)(\d[\d_-]*)", stem)
    return f"{glob.escape(dated[1])}[0-9]*{dot}{endings}" if dated else name


def _assign(candidates: Sequence[Candidate]) -> dict[str, Candidate]:
    """Give each input the candidate that is most like it; none has two, and no candidate is given twice."""
    scored = sorted(
        (
            (score, name, candidate)
            for candidate in candidates
            for name, table in INPUTS.items()
            if candidate.sample.names and (score := _score(table, candidate)) > 0
        ),
        key=lambda one: (-one[0], one[1], one[2].path),
    )
    chosen: dict[str, Candidate] = {}
    for _, name, candidate in scored:
        if name not in chosen and candidate not in chosen.values():
            chosen[name] = candidate
    return chosen


def _score(table: Table, candidate: Candidate) -> float:
    """Say how much a candidate looks like an input; 0: not enough.

    Its name alone is not enough, and neither is a single column that many tables have.
    """
    stem = candidate.path.removesuffix("/").partition(".")[0].replace("[0-9]", "")
    by_name = 1.0 if plain_words(stem) == table.name.split("_") else likeness(stem, tables()["inputs"][table.name])
    columns = match(table, candidate.sample)
    required = [column.name for column in table.columns if column.required]
    found = sum(columns[name][1] for name in required if name in columns) / len(required)
    covered = len(columns) / len(candidate.sample.names)
    if (by_name >= LIKELY and found >= _IMPLAUSIBLE) or (found >= SURE * LIKELY and covered >= LIKELY):
        return 0.4 * by_name + 0.35 * found + 0.25 * covered
    return 0.0


def match(table: Table, sample: Sample) -> dict[str, tuple[str, float]]:
    """Find for our columns those of the file that are most like them, each once, and how like they are."""
    scored = []
    for place, column in enumerate(table.columns):
        phrases = tables()["columns"][table.name][column.name]
        for name in sample.names:
            same = name.casefold() == column.name or plain_words(name) == column.name.split("_")
            score = 1.0 if same else likeness(name, phrases)
            score *= 1.0 if cells.fits(column, sample.cells(name)) else _IMPLAUSIBLE
            if score >= LIKELY:
                scored.append((-score, not column.required, place, column.name, name))
    matched: dict[str, tuple[str, float]] = {}
    taken: set[str] = set()
    for score, _, _, ours, theirs in sorted(scored):
        if ours not in matched and theirs not in taken:
            matched[ours] = (theirs, -score)
            taken.add(theirs)
    return matched


def _guess(table: Table, candidate: Candidate, usual: _Usual) -> Guess:
    """Say how an input is written."""
    sample = candidate.sample
    matched = match(table, sample)
    of_kind = {
        kinds: [cell for column in table.columns if column.kind in kinds and column.name in matched
                for cell in sample.cells(matched[column.name][0])]
        for kinds in (cells.AMOUNTS, cells.DATES)
    }  # fmt: skip
    dates = cells.date_format(of_kind[cells.DATES], usual.date_format)
    columns = {ours: theirs for ours, (theirs, _) in matched.items()}
    words = cells.foreign_words(table, sample, columns)
    return Guess(
        table,
        candidate,
        columns=columns,
        unsure=frozenset(ours for ours, (_, score) in matched.items() if score < SURE),
        missing=tuple(column.name for column in table.columns if column.required and column.name not in matched),
        unused=tuple(name for name in sample.names if name not in {theirs for theirs, _ in matched.values()}),
        encoding=(usual.encoding or "utf-8") if sample.encoding == "ascii" else sample.encoding,
        decimal_comma=cells.decimal_comma(of_kind[cells.AMOUNTS]),
        date_format=None if dates.format == cells.ISO else dates.format,
        words=words,
        doubts=(*_doubts(of_kind, dates), *cells.doubtful_words(words, columns)),
    )


def _doubts(of_kind: dict[frozenset[Kind], list[str]], dates: cells.Dates) -> list[str]:
    """Say what a person must look at in dates and amounts."""
    doubts = []
    if of_kind[cells.DATES] and dates.format is None:
        doubts.append(f"no format fits all its dates, such as {of_kind[cells.DATES][0]}: export them as 2026-08-25")
    elif of_kind[cells.DATES] and dates.ambiguous:
        doubts.append(f"day and month may be the other way round in dates such as {of_kind[cells.DATES][0]}")
    if thousands := cells.has_thousands(of_kind[cells.AMOUNTS]):
        doubts.append(f"amounts such as {thousands} separate thousands, which is not read: export them without")
    return doubts


def _usual_dates(chosen: dict[str, Candidate]) -> str | None:
    """Find the one format that the unambiguous dates of all files are in."""
    found = set()
    for name, candidate in chosen.items():
        matched = match(INPUTS[name], candidate.sample)
        for column in INPUTS[name].columns:
            if column.kind in cells.DATES and column.name in matched:
                dates = cells.date_format(candidate.sample.cells(matched[column.name][0]))
                if dates.format and not dates.ambiguous:
                    found.add(dates.format)
    return found.pop() if len(found) == 1 else None


def _usual_encoding(chosen: dict[str, Candidate]) -> str | None:
    """Find the one encoding of all files that have letters with accents."""
    found = {candidate.sample.encoding for candidate in chosen.values()} - {"ascii"}
    return found.pop() if len(found) == 1 else None


def _currency(guesses: Sequence[Guess]) -> str | None:
    invoices = next((guess for guess in guesses if guess.table.name == "invoices"), None)
    if invoices is None or "currency" not in invoices.columns:
        return None
    codes = set(invoices.candidate.sample.cells(invoices.columns["currency"]))
    return codes.pop() if len(codes) == 1 else None


def _named(candidate: Candidate) -> str:
    return ", ".join(candidate.sample.names) or "it has none"
