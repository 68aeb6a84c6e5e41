"""Names of files and columns in other programs, compared by what their words mean (`words.toml`)."""

from __future__ import annotations

import difflib
import re
import tomllib
import unicodedata
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

_SIMILAR: Final = 0.84
"""How like a known word an unknown one must be to stand for it: `fatura` for `factura`."""

_SHORTEST: Final = 3
"""Words that are written together, as in `numfactura`, have at least so many letters."""


@cache
def tables() -> dict[str, Any]:
    """Read `words.toml`."""
    return tomllib.loads((files("billadjust.guess") / "words.toml").read_text("utf-8"))


@cache
def _meanings() -> dict[str, frozenset[str]]:
    """The concepts that each word may stand for."""
    found: dict[str, set[str]] = {}
    for concept, words in tables()["concepts"].items():
        for word in (concept, *words):
            found.setdefault(word, set()).add(concept)
    return {word: frozenset(concepts) for word, concepts in found.items()}


def likeness(name: str, phrases: Iterable[str]) -> float:
    """Return how much a name says the same as the nearest of some phrases of concepts: 1 is the same, 0 nothing."""
    words = _understood(name)
    return max((_alike(words, phrase.split()) for phrase in phrases), default=0.0)


def meanings(word: str, ours: Iterable[str]) -> list[str]:
    """Return which of our words for a cell a word of a file means: usually one, none where the table does not know it.

    Nothing is guessed from spelling here: `no procedente` is the opposite of `procedente`.
    """
    said = _folded(word)
    return [one for one in ours if said in {_folded(known) for known in (one, *tables()["words"][one])}]


def _folded(word: str) -> str:
    """Return what gender, number, accents and small words do not change: `Líneas abiertas` is that of `línea abierto`."""
    noise = {"de", "del", "el", "la", "los", "las", "por", "en", "of", "the"}
    letters = unicodedata.normalize("NFKD", word.replace("_", " ")).casefold()
    parts = re.findall(r"\w+", "".join(char for char in letters if not unicodedata.combining(char)))
    stems = [re.sub(r"(?<=\w\w\w)[oa]$", "", re.sub(r"(?<=\w\w\w)s$", "", part)) for part in parts]
    return " ".join(stem for stem, part in zip(stems, parts, strict=True) if part not in noise)


def _alike(words: tuple[frozenset[str], ...], phrase: list[str]) -> float:
    """Count the concepts of a phrase that words stand for, each word once, over all that either says."""
    left = list(words)
    matched = 0
    for concept in phrase:
        meant = next((word for word in left if concept in word), None)
        if meant is not None:
            left.remove(meant)
            matched += 1
    return matched / (matched + len(left) + len(phrase) - matched) if matched else 0.0


@cache
def _understood(name: str) -> tuple[frozenset[str], ...]:
    """Return what each word of a name may mean; a word that is not known means itself."""
    words: list[str] = []
    for word in plain_words(name):
        if words and words[-1] + word in _meanings():
            words[-1] += word
        else:
            words += _apart(word) or [word]
    noise = tables()["noise"]["words"]
    return tuple(_meaning(word) for word in words if word not in noise)


def plain_words(name: str) -> list[str]:
    """Split a name into words without accents in lower case: `LíneasDeFactura` is lineas, de, factura."""
    spaced = re.sub(r"(?<=[^\W\d_])(?=[A-ZÁÉÍÓÚÑ][a-záéíóúñ])|(?<=[a-záéíóúñ])(?=[A-ZÁÉÍÓÚÑ])", " ", name)
    bare = unicodedata.normalize("NFKD", spaced.replace("º", "o").replace("%", " percent "))
    letters = "".join(char for char in bare if not unicodedata.combining(char)).casefold()
    return re.findall(r"[^\W\d_]+", letters)


def _meaning(word: str) -> frozenset[str]:
    """Find what a word may stand for: as it is, in the singular, or as the known word that is most like it."""
    known = _meanings()
    for form in (word, word.removesuffix("s"), word.removesuffix("es")):
        if form in known:
            return known[form]
    near = difflib.get_close_matches(word, known, n=1, cutoff=_SIMILAR)
    return known[near[0]] if near else frozenset({word})


@cache
def _apart(word: str) -> list[str] | None:
    """Split what is written together into known words, the longest first; None if it cannot be."""
    known = {*_meanings(), *tables()["noise"]["words"]}
    if word in known:
        return [word]
    for end in range(len(word), _SHORTEST - 1, -1):
        if word[:end] in known or word[:end].removesuffix("s") in known:
            rest = _apart(word[end:]) if word[end:] else []
            if rest is not None:
                return [word[:end], *rest]
    return None
