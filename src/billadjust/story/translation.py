"""What the program says in English where it computes, in the language of a story: reasons, and what amounts rest on."""

from __future__ import annotations

import re
from functools import cache
from string import Formatter
from typing import TYPE_CHECKING, Final, Literal

from billadjust.phrasebook import packaged

if TYPE_CHECKING:
    from billadjust.phrasebook import Texts

Group = Literal["reason", "clause"]

_ORIGINAL: Final = "en"
"""The language in which the program writes them: they are found by the package's texts in it."""

_DECIMAL: Final = re.compile(r"\d+\.\d+")


def translated(group: Group, said: str, texts: Texts) -> str:
    """Return what the program says in the language of the texts; as it stands where they have no text for it.

    "its CDRs add up to 3.20, not to 4.00" in Spanish: "sus registros suman 3,20, no 4,00".
    """
    for key, pattern in _patterns(group).items():
        if match := pattern.fullmatch(said):
            figures = {name: _figure(name, value, texts) for name, value in match.groupdict().items()}
            return texts[key].format_map(figures)
    return said


@cache
def _patterns(group: Group) -> dict[str, re.Pattern[str]]:
    """Return what the package's texts of a group match, by key."""
    texts = packaged()[_ORIGINAL]
    return {key: re.compile(_pattern(text)) for key, text in texts.items() if key.startswith(f"explain.{group}.")}


def _pattern(text: str) -> str:
    return "".join(
        re.escape(literal) + (f"(?P<{name}>.+)" if name else "") for literal, name, _, _ in Formatter().parse(text)
    )


def _figure(name: str, value: str, texts: Texts) -> str:
    if name == "cause":
        return translated("reason", value, texts)
    return value.replace(".", texts["format.decimal"]) if _DECIMAL.fullmatch(value) else value
