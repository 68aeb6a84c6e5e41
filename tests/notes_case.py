"""Credit notes for the tests of documents: a customer, an invoice and lines, of which a case says what is special."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import polars as pl

from billadjust.issuer import Issuer

if TYPE_CHECKING:
    from collections.abc import Sequence

ISSUER = Issuer(
    name="Móvil Ejemplo, S.L.",
    tax_id="B12345674",
    address="Calle Inventada 1",
    post_code="28001",
    town="Madrid",
    province="Madrid",
    iban="ES9121000418450200051332",
)

CUSTOMER = {
    "account_id": "C-1",
    "name": "Ana Prueba Ejemplo",
    "tax_id": "12345678Z",
    "address": "Plaza Imaginaria 2",
    "post_code": "41001",
    "town": "Sevilla",
    "province": "Sevilla",
    "country": None,
}

SCHEMA = {
    "credit_note": pl.String,
    "date": pl.Date,
    "invoice_id": pl.String,
    "invoice_date": pl.Date,
    "reason_code": pl.String,
    "currency": pl.String,
    "net": pl.Int64,
    "tax": pl.Int64,
    "gross": pl.Int64,
    **dict.fromkeys(CUSTOMER, pl.String),
}

Line = tuple[int, int, int]
"""Net in cents, tax rate in percent, tax in cents."""


def note(*lines: Line, number: str = "R-2026-000001", **special: object) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return a credit note with these lines: schemas.CreditNotes and schemas.CreditNoteLines."""
    net, tax = sum(line[0] for line in lines), sum(line[2] for line in lines)
    row = {
        "credit_note": number,
        "date": date(2026, 7, 2),
        "invoice_id": "F26/0101",
        "invoice_date": date(2026, 6, 30),
        "reason_code": "16",
        "currency": "EUR",
        **CUSTOMER,
        **special,
        "net": net,
        "tax": tax,
        "gross": net + tax,
    }
    rows = [
        {
            "credit_note": number,
            "entry_id": f"billing_error|{number}|{place}|final|1",
            "line_no": place,
            "description": "De más cobrado",
            "net": net,
            "tax_rate": rate * 10_000,
            "tax": tax,
            "gross": net + tax,
        }
        for place, (net, rate, tax) in enumerate(lines, start=1)
    ]
    return pl.DataFrame([row], schema=SCHEMA), pl.DataFrame(rows)


def together(cases: Sequence[tuple[pl.DataFrame, pl.DataFrame]]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return several notes as one run has them."""
    return pl.concat(notes for notes, _ in cases), pl.concat(lines for _, lines in cases)
