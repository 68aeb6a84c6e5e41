"""Layouts: how the journal is written for a bookkeeping program. Each is a TOML file: here, or in an operator's directory."""

from __future__ import annotations

import re
import tomllib
from datetime import date
from importlib import resources
from string import Formatter
from typing import TYPE_CHECKING, Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from billadjust.parameters import no_such

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from importlib.resources.abc import Traversable
    from pathlib import Path

FIELDS: Final = {
    "run_id": "the run",
    "number": "number of the entry in the run, from 1",
    "leg": "number of the leg in the entry, from 1",
    "entry_id": "the entry",
    "date": "the date of the run",
    "account_code": "the account",
    "account_name": "its name",
    "counter_code": "the account on the other side",
    "customer": "the customer",
    "debit": "amount, 0 if the leg is a credit",
    "credit": "amount, 0 if the leg is a debit",
    "currency": "ISO 4217",
    "text": "credit note, claim and kind",
    "invoice_id": "the invoice, if there is one",
    "credit_note": "the credit note, if there is one",
}
"""What the columns of a layout are made of: the journal's."""

AMOUNT_SIGNS: Final = 13
"""What the largest amount takes, with its decimal sign."""
NUMBER_SIGNS: Final = 7
"""What the number of an entry takes in a run of up to ten million."""

ENDING: Final = ".toml"


def _check_value(value: str) -> str:
    for _, field, layout, conversion in Formatter().parse(value):
        if field is not None and (field not in FIELDS or layout or conversion):
            raise ValueError(no_such("field", field, FIELDS))
    return value


def _check_file(file: str) -> str:
    if not re.fullmatch(r"[a-z0-9_]+\.(csv|txt)", file):
        raise ValueError('needs a name of small letters, digits and "_" that ends in .csv or .txt')
    return file


def _check_date_format(date_format: str) -> str:
    if not {"%d", "%m"} <= set(re.findall("%.", date_format)):
        raise ValueError('needs day and month, such as "%d/%m/%Y"')
    return date_format


class Column(BaseModel):
    """A column of a layout: a text in which fields of the journal stand in braces."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    value: Annotated[str, AfterValidator(_check_value)]
    first_leg_only: bool = False
    width: Annotated[int, Field(gt=0, le=1000)] | None = None
    align: Literal["left", "right"] = "left"


class Layout(BaseModel):
    """A file that a bookkeeping program imports. An empty `separator` means columns of fixed widths, without quotes.

    With a separator a column's `width` is the most signs that a text may have.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str
    file: Annotated[str, AfterValidator(_check_file)]
    separator: Literal[",", ";", "\t", "|", ""] = ","
    decimal: Literal[".", ","] = "."
    date_format: Annotated[str, AfterValidator(_check_date_format)] = "%Y-%m-%d"
    encoding: Literal["utf-8", "utf-8-sig", "windows-1252", "latin-1"] = "utf-8"
    line_end: Literal["lf", "crlf"] = "lf"
    header: bool = True
    columns: tuple[Column, ...]

    @model_validator(mode="after")
    def widths_are_known(self) -> Layout:
        """There are columns; without a separator every column needs a width."""
        if not self.columns:
            raise ValueError("needs at least one column")
        lacking = [column.name for column in self.columns if column.width is None]
        if not self.separator and lacking:
            raise ValueError(f"without a separator every column needs a width, and {', '.join(lacking)} has none")
        if self.separator == self.decimal:
            raise ValueError(f'separator and decimal cannot both be "{self.decimal}"')
        return self

    def too_narrow(self, codes: Iterable[str]) -> list[str]:
        """Name the columns in which an amount, number, date or one of these account codes may not fit: never cut one."""
        longest = max(codes, key=len)
        whole = {
            **dict.fromkeys(("debit", "credit"), "9" * AMOUNT_SIGNS),
            **dict.fromkeys(("account_code", "counter_code"), longest),
            "number": "9" * NUMBER_SIGNS,
            "leg": "3",
            "date": date(2026, 12, 31).strftime(self.date_format),
        }
        sample = dict.fromkeys(FIELDS, "") | whole
        return [
            column.name
            for column in self.columns
            if column.width is not None
            and any(f"{{{field}}}" in column.value for field in whole)
            and len(column.value.format(**sample)) > column.width
        ]


def read_layouts(
    names: Sequence[str], own: Path | None, codes: Iterable[str], problems: list[str]
) -> tuple[Layout, ...]:
    """Return the layouts of these names; the operator's own come before those of the package. `codes`: of all accounts.

    Adds a line for each mistake to the problems: an unknown name with the nearest known one, a key that is wrong with
    its file.
    """
    there: dict[str, Path | Traversable] = {}
    for directory in (resources.files(__name__), *([own] if own else [])):
        if not directory.is_dir():
            problems.append(f"outputs.own_layouts: there is no directory {directory}")
            continue
        there |= {file.name.removesuffix(ENDING): file for file in directory.iterdir() if file.name.endswith(ENDING)}
    layouts = []
    for name in names:
        if name not in there:
            problems.append(f'outputs.layouts: "{name}": {no_such("layout", name, sorted(there))}')
            continue
        layout = _read(there[name], problems)
        if layout:
            layouts.append(layout)
            problems += [f"layout {there[name]}: column {column} is too narrow" for column in layout.too_narrow(codes)]
    files = [layout.file for layout in layouts]
    problems += [
        f"outputs.layouts: two layouts write {file}" for file in sorted({f for f in files if files.count(f) > 1})
    ]
    return tuple(layouts)


def _read(file: Path | Traversable, problems: list[str]) -> Layout | None:
    try:
        return Layout.model_validate(tomllib.loads(file.read_text("utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        problems.append(f"layout {file}: cannot be read as TOML: {error}")
    except ValidationError as error:
        for mistake in error.errors(include_url=False):
            key = ".".join(map(str, mistake["loc"])) or "layout"
            cause = mistake.get("ctx", {}).get("error", mistake["msg"])
            problems.append(f"layout {file}: {key}: {cause}")
    return None
