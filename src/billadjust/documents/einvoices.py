"""A run's credit notes as e-invoices: which formats there are, which notes each can hold, and the archives of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from billadjust.documents.archive import Archive
from billadjust.documents.facturae import FACTURAE
from billadjust.documents.notes import LEFT_OUT, ready, taxes
from billadjust.documents.ubl import UBL
from billadjust.money import as_decimal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from billadjust.documents.notes import Format
    from billadjust.issuer import Issuer

IN_ARCHIVE: Final = 50_000
"""Documents in one archive: the directory of a plain ZIP file has room for 65,535."""
BATCH: Final = 10_000
"""Documents in memory at once."""

FORMATS: Final = (UBL, FACTURAE)


def einvoices(
    notes: pl.DataFrame, lines: pl.DataFrame, issuer: Issuer, currency: str, digits: int
) -> tuple[dict[str, Archive], pl.DataFrame]:
    """Return the archives of a run's credit notes by file name, and what is in none of them (notes.LEFT_OUT).

    `notes`: schemas.CreditNotes; `lines`: their schemas.CreditNoteLines, in their order. A document is named after its
    note, with `-` for a sign that no file name may have. A format that the issuer cannot use has no archive.
    """
    customers, by_rate = ready(notes, issuer.country), taxes(lines)
    archives: dict[str, Archive] = {}
    left_out = [pl.DataFrame(schema=LEFT_OUT)]
    for form in possible(issuer, currency, digits):
        without = form.left_out(customers, by_rate, digits)
        left_out.append(without)
        held = customers.join(without, left_on="credit_note", right_on="reference", how="anti").sort("credit_note")
        for number, part in enumerate(held.iter_slices(IN_ARCHIVE), start=1):
            documents = _documents(form, part, lines, by_rate, issuer, digits)
            gross = as_decimal(int(part["gross"].sum()), digits)
            archives[f"credit_notes_{form.name}_{number:03d}.zip"] = Archive(
                documents, part.height, {"gross": str(gross)}
            )
    return archives, pl.concat(left_out)


def possible(issuer: Issuer, currency: str, digits: int) -> tuple[Format, ...]:
    """Return the formats that an issuer can use in a currency with so many decimals."""
    return tuple(form for form in FORMATS if form.is_possible(issuer, currency, digits))


def _documents(  # noqa: PLR0913, PLR0917  # all that a document follows from
    form: Format, notes: pl.DataFrame, lines: pl.DataFrame, by_rate: pl.DataFrame, issuer: Issuer, digits: int
) -> Iterator[pl.DataFrame]:
    """Give the documents of notes part by part (name, content), each made when it is asked for."""
    for batch in notes.iter_slices(BATCH):
        theirs = lines.join(batch, on="credit_note", how="semi", maintain_order="left")
        taxed = by_rate.join(batch, on="credit_note", how="semi", maintain_order="left")
        file_name = pl.col("credit_note").str.replace_all(r"[^A-Za-z0-9._-]", "-") + ".xml"
        yield form.documents(batch, theirs, taxed, issuer, digits).select(name=file_name, content="xml")
