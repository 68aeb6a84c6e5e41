"""Credit notes made ready for a format: texts cleaned, customers' tax numbers checked, tax summed up by rate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import polars as pl

from billadjust.documents.markup import render
from billadjust.figures import plain
from billadjust.identifiers import is_person, vat_number
from billadjust.money import tax_of, to_text
from billadjust.rules.evidence import percent
from billadjust.schemas import CUSTOMER

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from billadjust.issuer import Issuer

REASONS: Final = {"16": "Base imponible", "83": "Base imponible modificada por descuentos y bonificaciones"}
"""Why an invoice is rectified, in the words that the schema of Facturae has for its codes."""

METHOD: Final = "Rectificación por diferencias"

LEFT_OUT: Final = {"format": pl.String(), "reference": pl.String(), "account_id": pl.String(), "reason": pl.String()}
"""Columns of what was left out of a format: `reference` is the credit note or the entry, `reason` a sentence."""


@dataclass(frozen=True)
class Format:
    """A format of e-invoices.

    `limits` says in words for whom it is, and `is_possible(issuer, currency, digits)` tells whether an issuer can use it. `left_out(customers, taxes,
    digits)` returns the notes that it cannot hold (LEFT_OUT), and `documents(customers, lines, taxes, issuer, digits)`
    the documents of others: credit_note, xml, sorted. `customers` are notes as `ready` returns them, `lines`
    schemas.CreditNoteLines in their order, `taxes` as the function of this name returns them, of at least these notes.
    """

    name: str
    limits: str
    is_possible: Callable[[Issuer, str, int], bool]
    left_out: Callable[[pl.DataFrame, pl.DataFrame, int], pl.DataFrame]
    documents: Callable[[pl.DataFrame, pl.DataFrame, pl.DataFrame, Issuer, int], pl.DataFrame]


def ready(notes: pl.DataFrame, home: str) -> pl.DataFrame:
    """Return credit notes (schemas.CreditNotes) with what both formats need.

    The customer's texts have no control or formatting characters and are null where nothing is left; `country` is
    `home`, the issuer's, where it is not known. `vat` is the customer's VAT number, null without a valid one;
    `is_person` tells whether a Spanish one is a natural person's. `reason` is the reason in words.
    """
    texts = notes.with_columns(plain(pl.col(CUSTOMER)).replace("", None)).with_columns(
        pl.col("country").fill_null(home)
    )
    numbers = texts.select("tax_id", "country").unique().drop_nulls("tax_id").rows()
    # python-stdnum checks one number at a time: six microseconds for each that differs.
    checked = [(tax_id, country, vat_number(tax_id, country)) for tax_id, country in numbers]
    known = pl.DataFrame(checked, schema={"tax_id": pl.String, "country": pl.String, "vat": pl.String}, orient="row")
    persons = [vat for vat in known["vat"].drop_nulls() if vat.startswith("ES") and is_person(vat)]
    return texts.join(known, on=["tax_id", "country"], how="left", maintain_order="left").with_columns(
        is_person=pl.col("vat").is_in(persons),
        reason=pl.col("reason_code").replace_strict(REASONS, return_dtype=pl.String),
    )


def taxes(lines: pl.DataFrame) -> pl.DataFrame:
    """Sum up the lines of credit notes by rate: credit_note, tax_rate, net, tax, off; sorted.

    `tax` is the sum of what was posted, so that the document and the ledger agree to the cent. It was rounded line by
    line (§7.3), and `off` says by how much that differs from the rate's tax on `net`.
    """
    return (
        lines.group_by("credit_note", "tax_rate")
        .agg(pl.col("net", "tax").sum())
        .with_columns(off=pl.col("tax") - tax_of(pl.col("net"), pl.col("tax_rate")))
        .sort("credit_note", "tax_rate")
    )


def first_reason(notes: pl.DataFrame, form: str, reasons: Sequence[tuple[pl.Expr, str]]) -> pl.DataFrame:
    """Return the notes of which a reason holds why they cannot be written, each with the first one (LEFT_OUT)."""
    reason = pl.coalesce(*(pl.when(holds).then(pl.lit(text)) for holds, text in reasons))
    return (
        notes.with_columns(format=pl.lit(form), reference="credit_note", reason=reason)
        .filter(pl.col("reason").is_not_null())
        .select(*LEFT_OUT)
    )


def elements(rows: pl.DataFrame, template: str, name: str) -> pl.DataFrame:
    """Write each row of credit notes as XML, and join the rows of a note in their order: credit_note, `name`."""
    return (
        rows.select("credit_note", render(template).alias(name))
        .group_by("credit_note", maintain_order=True)
        .agg(pl.col(name).str.join(""))
    )


def amounts(digits: int, *names: str, sign: int = 1) -> list[pl.Expr]:
    """Write amounts as a document does: 990 is 9.90, with the other sign -9.90."""
    return [to_text(pl.col(name) * sign, digits).alias(f"{name}_text") for name in names]


def rate() -> pl.Expr:
    """Write a tax rate in percent: 21, 5.5."""
    return percent(pl.col("tax_rate")).alias("rate")
