"""The tables of `billadjust.toml`: their keys, the values that they take, and what is wrong with a table in words (§3)."""

from __future__ import annotations

import re
import time
import zoneinfo
from datetime import date
from typing import TYPE_CHECKING, Annotated, Final, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError

from billadjust.parameters import did_you_mean, no_such, one_of, shown
from billadjust.phrasebook import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic_core import ErrorDetails

ENCODINGS: Final = {
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "utf-8-sig": "utf-8-sig",
    "latin-1": "latin-1",
    "latin1": "latin-1",
    "iso-8859-1": "latin-1",
    "windows-1252": "windows-1252",
    "cp1252": "windows-1252",
}
"""The encodings of text files, as they may be written and as a `Source` names them."""


def _check_currency(code: str) -> str:
    if not re.fullmatch("[A-Z]{3}", code):
        raise ValueError(f'"{code}" is not a currency code; write three capitals, such as "EUR"')
    return code


def _check_timezone(name: str) -> str:
    known = zoneinfo.available_timezones()
    if name not in known:
        hint = did_you_mean(name, known, 'write it like "Europe/Madrid"')
        raise ValueError(f'"{name}" is not a time zone; {hint}')
    return name


def _check_path(path: str) -> str:
    if not path.strip():
        raise ValueError("is empty; write a path")
    return path


def _check_separator(separator: str) -> str:
    if len(separator) != 1 or not separator.isascii() or separator in '"\r\n':
        raise ValueError(f'needs one character, such as ";" or "\\t", not {shown(separator)}')
    return separator


def _check_encoding(encoding: str) -> str:
    known = ENCODINGS.get(encoding.lower())
    if known is None:
        readable = one_of(dict.fromkeys(ENCODINGS.values()))
        raise ValueError(f'"{encoding}" is not an encoding that can be read; write {readable}')
    return known


def _check_date_format(date_format: str) -> str:
    day = date(2001, 2, 3)
    try:
        read_back = time.strptime(day.strftime(date_format), date_format)[:3]
    except ValueError:
        read_back = None
    if read_back != (day.year, day.month, day.day):
        raise ValueError(f'"{date_format}" does not name day, month and year; write it like "%d/%m/%Y"')
    return date_format


def _check_prefix(prefix: str) -> str:
    if not re.fullmatch("[A-Za-z0-9/-]{1,10}", prefix):
        raise ValueError(f'needs 1 to 10 letters, digits, "/" or "-", such as "R-", not {shown(prefix)}')
    return prefix


def _check_language(language: str) -> str:
    if language not in LANGUAGES:
        raise ValueError(f'"{language}" is not a language of the report; write {one_of(LANGUAGES)}')
    return language


PathText = Annotated[str, AfterValidator(_check_path)]


class Section(BaseModel):
    """A table of the file; every key has a default, and no other key may be there."""

    model_config = ConfigDict(extra="forbid", strict=True)


class File(Section):
    """The file itself; its tables are checked one by one, each with its own model."""

    currency: Annotated[str, AfterValidator(_check_currency)] = "EUR"
    timezone: Annotated[str, AfterValidator(_check_timezone)] = "Europe/Madrid"
    inputs: dict[str, object] = {}
    ledger: dict[str, object] = {}
    outputs: dict[str, object] = {}
    credit_notes: dict[str, object] = {}
    accounts: dict[str, object] = {}
    policy: dict[str, object] = {}
    limits: dict[str, object] = {}
    issuer: dict[str, object] = {}


class Input(Section):
    """A table of `[inputs]`; without a path the input is in its default place."""

    path: PathText | None = None
    separator: Annotated[str, AfterValidator(_check_separator)] = ","
    decimal_comma: bool = False
    encoding: Annotated[str, AfterValidator(_check_encoding)] = "utf-8"
    date_format: Annotated[str, AfterValidator(_check_date_format)] | None = None
    columns: dict[str, object] = {}
    words: dict[str, object] = {}


class Ledger(Section):
    """The table `[ledger]`."""

    path: PathText = "ledger"


class Outputs(Section):
    """The table `[outputs]`."""

    path: PathText = "out"
    dialect: Literal["standard", "spanish"] = "standard"
    texts: PathText | None = None
    metrics: PathText | None = None
    layouts: list[str] = []
    own_layouts: PathText | None = None
    report_language: Annotated[str, AfterValidator(_check_language)] | None = None


class CreditNotes(Section):
    """The table `[credit_notes]`."""

    prefix: Annotated[str, AfterValidator(_check_prefix)] = "R-"


_NEEDS: Final = {
    "string_type": "a text in quotes",
    "bool_type": "true or false",
    "dict_type": "a table",
    "list_type": "a list of names in quotes",
    "literal_error": '"standard" or "spanish"',
}
"""What a key needs whose value is of another type."""

_S = TypeVar("_S", bound=Section)


def checked(model: type[_S], table: Mapping[str, object], at: str, problems: list[str]) -> _S:
    """Return a table as its model, without the keys that are wrong; add a line for each of those to the problems."""
    try:
        return model.model_validate(table)
    except ValidationError as error:
        wrong = error.errors(include_url=False)
    problems += [f"{at}{'.'.join(map(str, mistake['loc']))}: {_in_words(mistake, model)}" for mistake in wrong]
    bad = {mistake["loc"][0] for mistake in wrong}
    return model.model_validate({key: value for key, value in table.items() if key not in bad})


def _in_words(mistake: ErrorDetails, model: type[Section]) -> str:
    """Return what is wrong with a key and what to write instead."""
    key, raw = str(mistake["loc"][-1]), mistake["input"]
    match mistake["type"]:
        case "extra_forbidden":
            return no_such("key", key, model.model_fields)
        case "value_error":
            return str(mistake["ctx"]["error"])
        case kind if kind in _NEEDS:
            return f"needs {_NEEDS[kind]}, not {shown(raw)}"
        case _:
            return mistake["msg"]
