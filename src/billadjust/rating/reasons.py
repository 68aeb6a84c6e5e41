"""Why a CDR is unrated (§5.1)."""

from __future__ import annotations

from typing import Final

import polars as pl

from billadjust.rating.steps import pick

NO_TARIFF: Final = "no tariff on its day"
NEEDS_REJECTED: Final = "it needs a rejected row of the subscription or of its tariff"
NO_VERSION: Final = "no tariff version on its day"

REASONS: Final = (
    TOO_DEAR := "it costs more than billadjust can add up",
    NEEDS_REJECTED,
    REJECTED_PREFIX := "its destination begins with a rejected prefix",
    NO_RATE := "no rate",
    NO_TARIFF,
    NO_VERSION,
    NO_ZONE := "no zone",
)
"""Why a CDR is unrated, in words; the number of each is its place, counted from 1."""

NEEDING_REJECTED: Final = (NEEDS_REJECTED, REJECTED_PREFIX)
"""The reasons that have to do with a rejected row."""

OF_TERM: Final = len(REASONS) + 1
"""The number that stands for the reason of the CDR's term."""


def in_words(number: pl.Expr, term: pl.Expr, terms: pl.DataFrame) -> pl.Expr:
    """Return the reasons of numbers, or of the terms that they leave it to; null for 0."""
    of_term = pl.when(number == OF_TERM).then(pick(terms["why_not"], term))
    return of_term.otherwise(pick(pl.Series([None, *REASONS, None]), number))
