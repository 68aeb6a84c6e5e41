"""The sentence that explains an entry, in the account's language, from the entry's own figures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from billadjust.figures import fill, found, in_minor
from billadjust.phrasebook import packaged

if TYPE_CHECKING:
    from billadjust.phrasebook import Phrasebook, Texts

REST: Final = "_rest"
"""What the key ends in of the text for an entry that is less than the figures that it names."""

_STATED: Final = {
    "billing_error": ("charged", "contract"),
    "promised_price": ("charged", "promised"),
    "no_lock_in": ("charged", None),
    "tariff_improvement": ("contract", "improved"),
    "best_price": ("cost", "best_cost"),
    "error_indemnity": ("owed", None),
}
"""The figure of a rule's evidence, and the one to take off, that make up what a text says is owed."""


def explain(entries: pl.DataFrame, digits: int, phrasebook: Phrasebook | None = None) -> pl.DataFrame:
    """Add `explanation` to entries that have `language` and `variant` (which it drops), in the same order."""
    book = packaged() if phrasebook is None else phrasebook
    keys = ["language", "rule", "kind", "variant", "rises"]
    numbered = entries.with_row_index("row").with_columns(rises=pl.col("net") > 0)
    explained = []
    for key, part in numbered.partition_by(keys, as_dict=True, include_key=True).items():
        texts = book[key[0]]
        keys_of_text = candidates(*key[1:4], rises=key[4])
        sentence = told(texts, keys_of_text, key[1], digits)
        if key[1] == "dispute_refund" and key[4]:
            sentence = _with_set_off(sentence, texts, digits)
        explained.append(part.with_columns(explanation=sentence))
    empty = numbered.clear().with_columns(explanation=pl.lit(None, pl.String))
    return pl.concat([empty, *explained]).sort("row").drop("row", "rises", "language", "variant")


def retold(entries: pl.DataFrame, language: str, digits: int, phrasebook: Phrasebook) -> pl.DataFrame:
    """Return entries as the ledger holds them with their `explanation` in another language, from their figures."""
    spoken = entries.drop("explanation").with_columns(language=pl.lit(language), variant=_variant())
    return explain(spoken, digits, phrasebook).select(entries.columns)


def _variant() -> pl.Expr:
    """Find the situation of an entry from its rule and evidence."""
    rule = pl.col("rule")
    again = found("billed_before").is_not_null()
    by_time = in_minor("by_time") > in_minor("by_share")
    of_fees = (found("fees").is_not_null() & found("fees").str.contains(" ", literal=True)) | (
        found("contract_fees").is_not_null() & found("contract_fees").str.contains(" ", literal=True)
    )
    return (
        pl.when(rule == "dispute_refund")
        .then(found("standing").fill_null("posted"))
        .when(rule == "outage_credit")
        .then(pl.coalesce(found("basis"), pl.when(by_time).then(pl.lit("by_time")).otherwise(pl.lit("by_share"))))
        .when((rule == "billing_error") & again)
        .then(pl.lit("billed_before"))
        .when(rule.is_in(["billing_error", "tariff_improvement"]) & of_fees & ~again)
        .then(pl.lit("fee"))
        .when((rule == "billing_error") & (found("kind") == "usage"))
        .then(pl.lit("usage"))
        .otherwise(pl.lit("credit"))
    )


def told(texts: Texts, keys: list[str], rule: str, digits: int) -> pl.Expr:
    """Fill the first of the keys that there is a text for; where an entry is less than its text states, the rest's.

    Raises:
        KeyError: there is no text for any of them.
    """
    whole = fill(texts[first(texts, keys)], texts, digits)
    rest = [key + REST for key in keys]
    if not any(key in texts for key in rest):
        return whole
    partial = fill(texts[first(texts, rest)], texts, digits)
    stated = _stated(rule, keys[0].rpartition(".")[2])
    return pl.when((pl.col("net") < stated).fill_null(value=False)).then(partial).otherwise(whole)


def _with_set_off(sentence: pl.Expr, texts: Texts, digits: int) -> pl.Expr:
    """Say beside what a dispute brings back how much of what it is about others give."""
    more = pl.concat_str(sentence, pl.lit(" "), fill(texts["dispute_refund.set_off"], texts, digits))
    return pl.when((in_minor("set_off") > 0).fill_null(value=False)).then(more).otherwise(sentence)


def first(texts: Texts, keys: list[str]) -> str:
    """Return the first of the keys that there is a text for; KeyError if there is none."""
    for key in keys:
        if key in texts:
            return key
    raise KeyError(keys)


def candidates(rule: str, kind: str, variant: str, *, rises: bool) -> list[str]:
    """Return the keys of the texts for a situation: the rule's own for this variant, for any, or the kind's."""
    own = "finalisation_of" if kind == "finalisation" and not rises else kind
    return [f"{rule}.{own}.{variant}", f"{rule}.{own}.any", f"kind.{kind}"]


def _stated(rule: str, variant: str) -> pl.Expr:
    """Return what a text says is owed, in minor units: an entry may be less, because of others or of what was posted."""
    if rule == "outage_credit":
        law = ("by_bills", "by_days", "by_periods", "least") if variant.startswith("law_") else ("by_share",)
        return pl.max_horizontal(in_minor(name) for name in ("by_time", *law))
    minuend, subtrahend = _STATED[rule]
    return in_minor(minuend) - (in_minor(subtrahend) if subtrahend else 0)
