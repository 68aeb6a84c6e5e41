"""Saying figures in a language: the blocks of a story, and the sentences that the phrasebook has for them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final

import polars as pl

from billadjust.figures import AMOUNTS, OWN_AMOUNTS, OWN_DATES, OWN_TEXTS, fill
from billadjust.money import as_decimal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from billadjust.phrasebook import Texts


@dataclass(frozen=True)
class Heading:
    """The title of a story (level 1), or of a part of it (level 2)."""

    text: str
    level: int = 2


@dataclass(frozen=True)
class Sentence:
    """One or a few short sentences."""

    text: str


@dataclass(frozen=True)
class Grid:
    """A table: columns whose name begins with `>` are numbers; each row has a cell for each column."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


Block = Heading | Sentence | Grid

Figure = int | str | date | None

OWN: Final = (*OWN_AMOUNTS, *OWN_DATES, *OWN_TEXTS)
"""Figures that texts find in columns; all others are in the evidence."""


@dataclass(frozen=True)
class Voice:
    """A language, and the currency of all amounts."""

    texts: Texts
    currency: str
    digits: int

    def say(self, key: str, **figures: Figure) -> str:
        """Fill a text of `[explain]`; amounts are in minor units."""
        text = self.texts[f"explain.{key}"]
        evidence = {name: self._written(name, value) for name, value in figures.items() if name not in OWN}
        row = {
            "currency": self.currency,
            "evidence": json.dumps(evidence, ensure_ascii=False, separators=(",", ":")),
            **{name: value for name, value in figures.items() if name in OWN},
        }
        return str(pl.DataFrame([row]).select(fill(text, self.texts, self.digits)).item())

    def column(self, text: str, frame: pl.DataFrame) -> list[str]:
        """Fill a text such as "{net}" for every row of a frame."""
        return (
            frame.with_columns(currency=pl.lit(self.currency))
            .select(fill(text, self.texts, self.digits).fill_null("").alias("cell"))["cell"]
            .to_list()
        )

    def word(self, group: str, name: str) -> str:
        """Return what something is called: `word("rule", "billing_error")`; its own name if the phrasebook has none."""
        return self.texts.get(f"explain.{group}.{name}", name)

    def listed(self, words: Sequence[str]) -> str:
        """Join words: "a, b and c"."""
        *first, last = words
        return f"{', '.join(first)} {self.texts['explain.and']} {last}" if first else last

    def _written(self, name: str, value: Figure) -> str | None:
        if isinstance(value, int) and name in AMOUNTS:
            return f"{as_decimal(value, self.digits):f}"
        return None if value is None else str(value)
