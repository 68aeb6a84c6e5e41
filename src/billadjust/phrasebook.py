"""The texts for customers: a file for each language, of which an operator may replace what it likes.

The package's files are in `texts/`. A key is a path such as `dispute_refund.credit.open`; a figure stands in braces.
What a file of the operator's says is checked against the package's: no key and no figure may be there that the
program does not know.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from string import Formatter
from typing import TYPE_CHECKING, Any, Final

from billadjust.parameters import no_such, one_of, shown

if TYPE_CHECKING:
    from pathlib import Path

DEFAULT_LANGUAGE: Final = "es"

LANGUAGES: Final = (
    DEFAULT_LANGUAGE,
    *sorted(
        {file.name.removesuffix(".toml") for file in resources.files("billadjust").joinpath("texts").iterdir()}
        - {DEFAULT_LANGUAGE}
    ),
)
"""The languages of letters and explanations, the default first: those that the package has a file of."""

Texts = Mapping[str, str]
"""The texts of a language by key. The names of the months have the keys `format.months.1` to `format.months.12`."""

Phrasebook = Mapping[str, Texts]
"""The texts of every language."""

MONTHS: Final = "format.months"
MONTHS_OF_YEAR: Final = 12
COMMON: Final = ("net", "tax", "gross", "invoice_id", "line_no", "subscription_id")
"""Figures of every entry, which every text about one may name."""

_FRAME: Final = (
    "format.",
    "explain.",
    *(
        f"letters.{part}"
        for part in ("subject.", "opening.", "total.", "orders.", "greeting", "sorry", "closing", "signature")
    ),
)
"""What the keys of texts begin with that are not about one entry: they may name what they name in the package."""


@cache
def packaged() -> Phrasebook:
    """Return the package's own texts."""
    files = resources.files("billadjust").joinpath("texts")
    return {
        language: dict(flat(tomllib.loads(files.joinpath(f"{language}.toml").read_text("utf-8"))))
        for language in LANGUAGES
    }


def read_phrasebook(directory: Path | None, problems: list[str]) -> Phrasebook:
    """Return the package's texts with those of a directory in their place; add a line to the problems for each mistake.

    `es.toml` in the directory replaces the Spanish texts whose keys it names.
    """
    if directory is None:
        return packaged()
    if not directory.is_dir():
        problems.append(f"outputs.texts: {directory} is no directory; make it, or leave outputs.texts out")
        return packaged()
    book = {language: dict(texts) for language, texts in packaged().items()}
    for file in sorted(directory.glob("*.toml")):
        if file.stem not in book:
            problems.append(
                f"{file}: there are no letters in this language; name the file {one_of(f'{one}.toml' for one in book)}"
            )
            continue
        book[file.stem].update(_read(file, problems))
    return book


def _read(file: Path, problems: list[str]) -> dict[str, str]:
    """Return the texts of an operator's file that are right."""
    try:
        found = dict(flat(tomllib.loads(file.read_text("utf-8-sig"))))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        problems.append(f"{file}: cannot be read as TOML in UTF-8 ({error}); correct it there")
        return {}
    known = packaged()[file.stem]
    right: dict[str, str] = {}
    for key, text in found.items():
        if key not in known:
            problems.append(f"{file}: {key}: {no_such('text', key, known)}")
        elif not isinstance(text, str) or not text.strip():
            problems.append(f"{file}: {key}: needs a text in quotes, not {shown(text)}")
        elif wrong := _wrong_figures(key, text):
            problems.append(f"{file}: {key}: {wrong}")
        else:
            right[key] = text
    return right


def flat(node: object, path: str = "") -> list[tuple[str, Any]]:
    """Return the texts of nested tables of a file by their dotted key; the twelve months of the year are numbered."""
    if isinstance(node, dict):
        return [pair for key, value in node.items() for pair in flat(value, f"{path}.{key}" if path else key)]
    if path == MONTHS and isinstance(node, list) and len(node) == MONTHS_OF_YEAR:
        return [(f"{path}.{number}", name) for number, name in enumerate(node, start=1)]
    return [(path, node)]


def _wrong_figures(key: str, text: str) -> str | None:
    """Say what is wrong with the figures that a text names, if anything is."""
    try:
        parts = list(Formatter().parse(text))
    except ValueError as error:
        return f"its braces do not match ({error}); write a figure as {{net}} and a brace as {{{{ or }}}}"
    allowed = _figures_for(key)
    for _, name, spec, conversion in parts:
        if name is not None and (spec or conversion or name not in allowed):
            listed = ", ".join(f"{{{one}}}" for one in sorted(allowed))
            return f"{{{name}}} is not one of its figures, which are written as they stand: {listed or 'it has none'}"
    return None


@cache
def _figures_for(key: str) -> frozenset[str]:
    """Return the figures that a text may name: those of its entry, and those that the package's texts of its kind name."""
    if key.startswith("letters.") and not key.startswith(_FRAME):
        return _figures_of(_group(key)) | _figures_of(_group(key).removeprefix("letters.")) | set(COMMON)
    return _figures_of(_group(key)) if key.startswith(_FRAME) else _figures_of(_group(key)) | set(COMMON)


def _figures_of(group: str) -> frozenset[str]:
    """Return the figures that the package's texts of a group name, in any language."""
    texts = (text for language in packaged().values() for key, text in language.items() if _group(key) == group)
    return frozenset(figure for text in texts for figure in figures_in(text))


def _group(key: str) -> str:
    """Texts of a group may name the same figures: those of one rule, or those of the same place in letters."""
    parts = key.split(".")
    if key.startswith(("format.", "explain.")) or len(parts) == 2:  # noqa: PLR2004  # a text of its own, such as `letters.greeting`
        return key
    return ".".join(parts[: 2 if parts[0] == "letters" else 1])


def figures_in(text: str) -> set[str]:
    """Return the figures that a text names."""
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}
