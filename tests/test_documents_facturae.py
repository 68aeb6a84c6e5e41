"""Credit notes as Facturae: held against the schema of Spain's tax agency, with the signs of a corrective invoice."""

from __future__ import annotations

import polars as pl
import pytest

from billadjust.documents.facturae import FACTURAE
from billadjust.documents.notes import ready, taxes
from notes_case import ISSUER, note
from official import schema_errors, texts


def written(case: tuple[pl.DataFrame, pl.DataFrame]) -> str:
    """Return the one document of a case."""
    notes, lines = case
    made = FACTURAE.documents(ready(notes, "ES"), lines, taxes(lines), ISSUER, 2)
    assert made["credit_note"].to_list() == notes["credit_note"].to_list()
    return str(made["xml"].item())


def reasons(case: tuple[pl.DataFrame, pl.DataFrame]) -> list[str]:
    """Return why the note of a case is left out."""
    notes, lines = case
    return FACTURAE.left_out(ready(notes, "ES"), taxes(lines), 2)["reason"].to_list()


CASES = {
    "one line": note((23_879, 21, 5_015)),
    "several rates": note((1_000, 21, 210), (500, 10, 50), (300, 0, 0), (250, 21, 53)),
    "money taken back": note((-990, 21, -208)),
    "a discount": note((140, 21, 29), reason_code="83"),
    "a foreign resident": note((990, 21, 208), tax_id="X1234567L"),
    "a company": note((990, 21, 208), name="Ejemplo y Compañía, S.L.", tax_id="ESB12345674"),
    "texts as long as they may be": note(
        (990, 21, 208),
        name="n" * 40,
        address="a" * 80,
        town="t" * 50,
        province="p" * 20,
        invoice_id="i" * 20,
        number="R-2026-0000000000001",
    ),
    "the largest amounts": note((99_999_999_999, 21, 21_000_000_000)),
}


@pytest.mark.parametrize("name", CASES)
def test_documents_are_valid_by_the_schema(name: str) -> None:
    assert reasons(CASES[name]) == []
    assert schema_errors("facturae", written(CASES[name])) == []


def test_the_schema_sees_a_document_that_is_wrong() -> None:
    xml = written(note((990, 21, 208)))
    assert schema_errors("facturae", xml.replace("<ReasonCode>16<", "<ReasonCode>17<")) != []
    assert schema_errors("facturae", xml.replace("41001", "4100")) != []


def test_what_a_customer_gets_back_makes_the_corrected_invoice_smaller() -> None:
    # 10.00 + 2.50 at 21 % (2.10 + 0.53), 5.00 at 10 % (0.50): 17.50 net, 3.13 tax, 20.63 gross.
    xml = written(note((1_000, 21, 210), (500, 10, 50), (250, 21, 53)))
    assert texts(xml, "TaxesOutputs/Tax/TaxableBase/TotalAmount")[:2] == ["-5.00", "-12.50"]
    assert texts(xml, "TaxesOutputs/Tax/TaxAmount/TotalAmount")[:2] == ["-0.50", "-2.63"]
    assert texts(xml, "InvoiceTotals/TotalGrossAmountBeforeTaxes") == ["-17.50"]
    assert texts(xml, "InvoiceTotals/TotalTaxOutputs") == ["-3.13"]
    assert texts(xml, "InvoiceTotals/InvoiceTotal") == ["-20.63"]
    assert texts(xml, "Batch/TotalInvoicesAmount/TotalAmount") == ["-20.63"]
    assert texts(xml, "InvoiceLine/GrossAmount") == ["-10.00", "-5.00", "-2.50"]


def test_what_is_taken_back_makes_it_larger() -> None:
    assert texts(written(note((-990, 21, -208))), "InvoiceTotals/InvoiceTotal") == ["11.98"]


def test_the_corrected_invoice_is_named_with_its_date_reason_and_month() -> None:
    xml = written(note((140, 21, 29), reason_code="83"))
    assert texts(xml, "Corrective/InvoiceNumber") == ["F26/0101"]
    assert texts(xml, "Corrective/InvoiceIssueDate") == ["2026-06-30"]
    assert texts(xml, "Corrective/ReasonCode") == ["83"]
    assert texts(xml, "ReasonDescription") == ["Base imponible modificada por descuentos y bonificaciones"]
    assert texts(xml, "TaxPeriod/StartDate") + texts(xml, "TaxPeriod/EndDate") == ["2026-06-01", "2026-06-30"]
    assert texts(xml, "CorrectionMethod") == ["02"]


@pytest.mark.parametrize(
    ("tax_id", "person", "number"),
    [("12345678-z", "F", "12345678Z"), ("X1234567L", "F", "X1234567L"), ("ES B12345674", "J", "B12345674")],
)
def test_natural_persons_and_companies_are_told_apart_by_their_number(tax_id: str, person: str, number: str) -> None:
    xml = written(note((990, 21, 208), tax_id=tax_id))
    assert texts(xml, "BuyerParty/TaxIdentification/PersonTypeCode") == [person]
    assert texts(xml, "BuyerParty/TaxIdentification/TaxIdentificationNumber") == [number]
    assert texts(xml, "BuyerParty/Individual/Name" if person == "F" else "CorporateName")[-1] == "Ana Prueba Ejemplo"


@pytest.mark.parametrize(
    ("special", "reason"),
    [
        ({"name": None}, "The customer has no name: accounts.name is empty."),
        ({"country": "FR"}, "The customer is not in Spain: accounts.country."),
        ({"tax_id": None}, "The customer has no NIF: accounts.tax_id is empty."),
        ({"tax_id": "12345678A"}, "accounts.tax_id is not a NIF."),
        ({"tax_id": "DE136695976"}, "accounts.tax_id is not a NIF."),
        ({"address": None}, "Part of the address is missing: accounts.address, post_code, town or province."),
        ({"province": " "}, "Part of the address is missing: accounts.address, post_code, town or province."),
        ({"post_code": "4100"}, "accounts.post_code has not five digits."),
        ({"invoice_date": None}, "The date of the corrected invoice is not known."),
        ({"name": "n" * 41}, "accounts.name is longer than Facturae has room for."),
        ({"name": "n" * 81, "tax_id": "B12345674"}, "accounts.name is longer than Facturae has room for."),
        ({"address": "a" * 81}, "address has more than 80 characters."),
        ({"town": "t" * 51}, "town has more than 50 characters."),
        ({"province": "p" * 21}, "province has more than 20 characters."),
        ({"invoice_id": "i" * 21}, "invoice_id has more than 20 characters."),
        ({"number": "R-2026-00000000000001"}, "credit_note has more than 20 characters."),
    ],
)
def test_a_note_that_cannot_be_valid_is_left_out_with_its_reason(special: dict[str, str | None], reason: str) -> None:
    assert reasons(note((990, 21, 208), **special)) == [reason]  # type: ignore[arg-type]  # number is a text here


def test_a_company_may_have_a_longer_name_than_a_person() -> None:
    assert reasons(note((990, 21, 208), name="n" * 80, tax_id="B12345674")) == []


def test_a_description_that_is_too_long_ends_in_an_ellipsis() -> None:
    notes, lines = note((990, 21, 208), (990, 21, 208))
    long = pl.Series(["d" * 2_500, "d" * 2_501])
    xml = written((notes, lines.with_columns(description=long)))
    assert texts(xml, "ItemDescription") == ["d" * 2_500, "d" * 2_499 + "…"]
    assert schema_errors("facturae", xml) == []


def test_the_format_is_for_spanish_issuers_that_bill_in_euros() -> None:
    assert FACTURAE.is_possible(ISSUER, "EUR", 2)
    assert not FACTURAE.is_possible(ISSUER, "USD", 2)
    assert not FACTURAE.is_possible(ISSUER.model_copy(update={"country": "PT", "tax_id": "PT501964843"}), "EUR", 2)
