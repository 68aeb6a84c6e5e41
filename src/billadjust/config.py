"""The configuration, `billadjust.toml`: where files are, how they are written, the policy and the limits (§3)."""

from __future__ import annotations

import os
import re
import tomllib
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Final

from billadjust.chart import read_chart
from billadjust.config_tables import CreditNotes, File, Input, Ledger, Outputs, checked
from billadjust.errors import ConfigError
from billadjust.inputs.source import Source
from billadjust.issuer import Issuer, read_issuer
from billadjust.layouts import read_layouts
from billadjust.parameters import PERCENT_DECIMALS, Parameter, no_such, one_of, parse_number, shown
from billadjust.phrasebook import Phrasebook, read_phrasebook
from billadjust.policy import Policy, read_policy
from billadjust.schemas import INPUTS
from billadjust.style import Style

if TYPE_CHECKING:
    from collections.abc import Mapping

    from billadjust.schemas import Column

_TEXT_ENDINGS: Final = (".csv", ".ndjson", ".jsonl")
ENDINGS: Final = (*(ending + packing for ending in _TEXT_ENDINGS for packing in ("", ".gz", ".zst")), ".parquet")
"""What the name of an input's file in its default place ends in."""

_UNWRITABLE: Final = re.compile(r"[\[\]\\^|\x00-\x1f\x7f]|%[0-9A-Fa-f]{2}")
"""What makes the ledger's library fail or, worse, write to another directory: it takes paths for parts of a URI."""

LIMITS: Final = (
    Parameter("rejected_share", "percent", "More rejected rows of any input than this: nothing is posted."),
    Parameter("run_gross", "money", "A run that posts more gross than this needs approval."),
    Parameter("account_gross", "money", "A run that posts more gross than this to one account needs approval."),
    Parameter("share_of_billed", "percent", "A run that posts more than this part of what was billed needs approval."),
)
"""Every key of `[limits]`."""


@dataclass(frozen=True)
class Limits:
    """What a run may do by itself (None: no limit).

    `rejected_share` and `share_of_billed` in ten-thousandths of a percent, `run_gross` and `account_gross` in minor units.
    """

    rejected_share: int = 10**PERCENT_DECIMALS
    run_gross: int | None = None
    account_gross: int | None = None
    share_of_billed: int | None = None


@dataclass(frozen=True)
class Config:
    """A checked configuration. All paths are absolute; `sources` holds every input, in the order of `INPUTS`."""

    path: Path
    currency: str
    timezone: str
    sources: Mapping[str, Source]
    ledger: Path
    outputs: Path
    style: Style
    credit_note_prefix: str
    report_language: str
    phrasebook: Phrasebook
    metrics: Path | None
    policy: Policy
    limits: Limits
    issuer: Issuer | None


def load_config(path: Path) -> Config:
    """Read and check a configuration file.

    Relative paths in it are relative to the file. An input without a path is looked for in its default place, beside
    the file: `accounts.csv` (or another of `ENDINGS`) or the directory `accounts`.

    Raises:
        ConfigError: the file cannot be read, or something in it is wrong: all mistakes in one message, each with its
            key path.
    """
    document = _read(path)
    base = path.absolute().parent
    problems: list[str] = []
    file = checked(File, document, "", problems)
    sources = _sources(file.inputs, base, problems)
    ledger = _below(base, checked(Ledger, file.ledger, "ledger.", problems).path)
    written = checked(Outputs, file.outputs, "outputs.", problems)
    outputs = _below(base, written.path)
    if unwritable := _UNWRITABLE.search(str(ledger.resolve())):
        problems.append(
            f"ledger.path: a ledger cannot be written to {ledger.resolve()}, because of the {shown(unwritable[0])} in it; "
            "write another path"
        )
    if outputs.resolve().is_relative_to(ledger.resolve()):
        problems.append(f"outputs.path: is in the ledger's directory, {ledger}; write another one")
    chart = read_chart(file.accounts, problems)
    own_layouts = None if written.own_layouts is None else _below(base, written.own_layouts)
    layouts = read_layouts(written.layouts, own_layouts, [account.code for account in chart.values()], problems)
    numbered = checked(CreditNotes, file.credit_notes, "credit_notes.", problems)
    phrasebook = read_phrasebook(None if written.texts is None else _below(base, written.texts), problems)
    policy, wrong = read_policy(file.policy, currency=file.currency, timezone=file.timezone)
    problems += wrong
    limits = _limits(file.limits, file.currency, problems)
    issuer = read_issuer(file.issuer, problems)
    if problems:
        corrections = "1 correction" if len(problems) == 1 else f"{len(problems)} corrections"
        raise ConfigError(f"{path} needs {corrections}:\n" + "\n".join(f"  {problem}" for problem in problems))
    return Config(
        path=path.absolute(),
        currency=file.currency,
        timezone=file.timezone,
        sources=sources,
        ledger=ledger,
        outputs=outputs,
        style=Style(written.dialect, chart, layouts),
        credit_note_prefix=numbered.prefix,
        report_language=written.report_language or ("es" if written.dialect == "spanish" else "en"),
        phrasebook=phrasebook,
        metrics=None if written.metrics is None else _below(base, written.metrics),
        policy=policy,
        limits=limits,
        issuer=issuer,
    )


def _read(path: Path) -> dict[str, object]:
    """Return what the file says, decimals as Decimal."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"), parse_float=Decimal)
    except FileNotFoundError:
        raise ConfigError(f"{path} not found: write one with `billadjust init`, or name it with --config.") from None
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}. Make it a readable file.") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is not UTF-8 text (byte {error.start + 1}). Save it as UTF-8.") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path} is not valid TOML: {error}. Correct it there.") from error


def _below(base: Path, path: Path | str) -> Path:
    """Return the path that a relative one below a directory means, without `..`, as people expect to read it."""
    return Path(os.path.normpath(base / path))


def _sources(tables: Mapping[str, object], base: Path, problems: list[str]) -> dict[str, Source]:
    """Return how each input is written: what `[inputs]` says of it, the default place and format otherwise."""
    problems += [f"inputs.{name}: {no_such('input', name, INPUTS)}" for name in tables if name not in INPUTS]
    return {name: _source(name, tables.get(name, {}), base, problems) for name in INPUTS}


def _source(name: str, raw: object, base: Path, problems: list[str]) -> Source:
    table = {"path": raw} if isinstance(raw, str) else raw
    if not isinstance(table, dict):
        problems.append(f"inputs.{name}: needs a path in quotes or a table, not {shown(raw)}")
        table = {}
    given = checked(Input, table, f"inputs.{name}.", problems)
    known = {column.name for column in INPUTS[name].columns}
    columns: dict[str, str] = {}
    for column, theirs in given.columns.items():
        if column not in known:
            problems.append(f"inputs.{name}.columns.{column}: {no_such('column', column, sorted(known))}")
        elif not isinstance(theirs, str) or not theirs:
            problems.append(f"inputs.{name}.columns.{column}: needs the file's name of the column, not {shown(theirs)}")
        else:
            columns[column] = theirs
    return Source(
        name=name,
        path=str(base / (_default_place(name, base, problems) if given.path is None else given.path)),
        configured=given.path is not None,
        separator=given.separator,
        decimal_comma=given.decimal_comma,
        encoding=given.encoding,
        date_format=given.date_format,
        columns=columns,
        words={
            column: _words(INPUTS[name].column(column), words, f"inputs.{name}.words.{column}", problems)
            for column, words in given.words.items()
            if _has_words(name, column, problems)
        },
    )


def _has_words(name: str, column: str, problems: list[str]) -> bool:
    """Whether a column has a fixed set of words, which alone can be mapped."""
    having = [known.name for known in INPUTS[name].columns if known.words]
    if column not in having:
        of_those = f"it has {', '.join(having)}" if having else "it has none"
        problems.append(
            f"inputs.{name}.words.{column}: {name} has no such column with a fixed set of words; {of_those}"
        )
    return column in having


def _words(column: Column, raw: object, at: str, problems: list[str]) -> dict[str, str]:
    """Return what the words of a file mean: the file's word = ours, `true` and `false` without quotes."""
    if not isinstance(raw, dict):
        problems.append(f"{at}: needs a table of the file's words, each with ours, not {shown(raw)}")
        return {}
    needed = one_of(column.words) if column.values else "true or false"
    words: dict[str, str] = {}
    for theirs, meant in raw.items():
        ours = shown(meant) if isinstance(meant, bool) else meant
        if not theirs:
            problems.append(f'{at}."": an empty cell is no word; let the export fill it in')
        elif ours not in column.words:
            problems.append(f"{at}.{theirs}: needs {needed}, not {shown(meant)}")
        else:
            words[theirs] = ours
    return words


def _default_place(name: str, base: Path, problems: list[str]) -> str:
    """Return the one file or directory beside the configuration that an input is in; `NAME.csv` if there is none."""
    there = [name + ending for ending in ENDINGS if (base / (name + ending)).exists()]
    if (base / name).is_dir():
        there.append(f"{name}/")
    if len(there) > 1:
        problems.append(
            f'inputs.{name}: {" and ".join(there)} are all there; say under [inputs] which one it is: {name} = "{there[0]}"'
        )
    return there[0] if there else f"{name}.csv"


def _limits(table: Mapping[str, object], currency: str, problems: list[str]) -> Limits:
    known = {parameter.name: parameter for parameter in LIMITS}
    values: dict[str, int] = {}
    for key, raw in table.items():
        if key not in known:
            problems.append(f"limits.{key}: {no_such('key', key, known)}")
            continue
        try:
            values[key] = parse_number(known[key].unit, raw, currency)
        except ValueError as error:
            problems.append(f"limits.{key}: {error}")
    return Limits(**values)
