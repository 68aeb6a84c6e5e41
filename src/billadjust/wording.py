"""The sentence that explains an entry, in the account's language, from the entry's own figures.

A language is one file in `texts/`. Amounts, dates and numbers take their format from what they are, so that a text
names a figure and nothing more.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from string import Formatter
from typing import Any, Final

import polars as pl

from billadjust.money import to_text

LANGUAGES: Final = ("es", "en")

AMOUNTS: Final = (
    "charged",
    "contract",
    "improved",
    "promised",
    "fee",
    "by_share",
    "by_time",
    "wrong",
    "cost",
    "best_cost",
)
DATES: Final = ("opened_on", "deadline")
MOMENTS: Final = ("started_at",)
NUMBERS: Final = ("minutes", "percent")
OWN: Final = ("net", "tax")
"""Figures of the entry itself; the others are in its evidence."""

SYMBOLS: Final = {"EUR": "€", "USD": "$", "GBP": "£"}


@cache
def texts(language: str) -> dict[str, Any]:
    """Return the texts of a language."""
    return tomllib.loads(resources.files("billadjust").joinpath("texts", f"{language}.toml").read_text("utf-8"))


def sentence(language: str, rule: str, kind: str, variant: str, *, rises: bool) -> str:
    """Return the text for a situation: the rule's own for this variant, for any, or the kind's.

    Raises:
        KeyError: there is none.
    """
    if kind == "finalisation" and not rises:
        kind = "finalisation_of"
    own = texts(language).get(rule, {}).get(kind)
    if isinstance(own, dict):
        own = own.get(variant, own.get("any"))
    return str(own or texts(language)["kind"][kind])


def explain(entries: pl.DataFrame, digits: int) -> pl.DataFrame:
    """Add `explanation` to entries that have `language` and `variant` (which it drops), in the same order."""
    keys = ["language", "rule", "kind", "variant", "rises"]
    numbered = entries.with_row_index("row").with_columns(rises=pl.col("net") > 0)
    explained = [
        part.with_columns(explanation=_fill(sentence(*key[:4], rises=key[4]), key[0], digits))
        for key, part in numbered.partition_by(keys, as_dict=True, include_key=True).items()
    ]
    empty = numbered.clear().with_columns(explanation=pl.lit(None, pl.String))
    return pl.concat([empty, *explained]).sort("row").drop("row", "rises", "language", "variant")


def _fill(text: str, language: str, digits: int) -> pl.Expr:
    """Turn a text with figures in braces into an expression over entries."""
    parts: list[pl.Expr] = []
    for literal, name, _, _ in Formatter().parse(text):
        parts.append(pl.lit(literal))
        if name is not None:
            parts.append(_figure(name, language, digits).fill_null(""))
    return pl.concat_str(parts)


def _figure(name: str, language: str, digits: int) -> pl.Expr:
    """Return a figure of the entry as people of the language write it."""
    style = texts(language)["format"]
    value = _value(name, digits)
    if name in OWN or name in AMOUNTS:
        symbol = pl.col("currency").replace(SYMBOLS)
        return _laid_out(style["amount"], number=_number(value, style), currency=symbol)
    if name in DATES or name in MOMENTS:
        day = value.str.head(10).str.to_date("%Y-%m-%d")
        months = dict(enumerate(style["months"], start=1))
        return _laid_out(
            style["moment" if name in MOMENTS else "date"],
            day=day.dt.day().cast(pl.String),
            month=day.dt.month().replace_strict(months, return_dtype=pl.String),
            year=day.dt.year().cast(pl.String),
            time=value.str.slice(11, 5),
        )
    return _number(value, style) if name in NUMBERS else value


def _value(name: str, digits: int) -> pl.Expr:
    """Return a figure as it stands in the entry or in its evidence."""
    if name in OWN:
        return to_text(pl.col(name).abs(), digits)
    if name in {*AMOUNTS, *DATES, *MOMENTS, *NUMBERS}:
        # These are texts without escapes, which a pattern finds six times faster than a JSON parser. It cannot match
        # inside another text, where the quotes are escaped.
        return pl.col("evidence").str.extract(f'[{{,]"{name}":"([^"]*)"')
    return pl.col("evidence").str.json_path_match(f"$.{name}")


def _number(value: pl.Expr, style: dict[str, Any]) -> pl.Expr:
    """Write a number with the language's decimal sign."""
    return value.str.replace(".", style["decimal"], literal=True)


def _laid_out(layout: str, **fields: pl.Expr) -> pl.Expr:
    """Put fields into a layout such as `{number} {currency}`."""
    parts: list[pl.Expr] = []
    for literal, name, _, _ in Formatter().parse(layout):
        parts.append(pl.lit(literal))
        if name is not None:
            parts.append(fields[name])
    return pl.concat_str(parts)
