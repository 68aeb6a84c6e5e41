"""Credit notes as UBL: held against the schema of OASIS and the rules of EN 16931, with totals to the cent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from billadjust.documents.notes import ready, taxes
from billadjust.documents.ubl import UBL
from notes_case import ISSUER, note
from official import broken_rules, schema_errors, texts

if TYPE_CHECKING:
    import polars as pl


def written(case: tuple[pl.DataFrame, pl.DataFrame]) -> str:
    """Return the one document of a case."""
    notes, lines = case
    made = UBL.documents(ready(notes, "ES"), lines, taxes(lines), ISSUER, 2)
    assert made["credit_note"].to_list() == notes["credit_note"].to_list()
    return str(made["xml"].item())


def reasons(case: tuple[pl.DataFrame, pl.DataFrame]) -> list[str]:
    """Return why the note of a case is left out."""
    notes, lines = case
    return UBL.left_out(ready(notes, "ES"), taxes(lines), 2)["reason"].to_list()


CASES = {
    "one line": note((23_879, 21, 5_015)),
    "several rates": note((1_000, 21, 210), (500, 10, 50), (300, 0, 0), (250, 21, 53)),
    "only a rate of 0": note((300, 0, 0)),
    "money taken back": note((-990, 21, -208)),
    "money taken back at two rates": note((-990, 21, -208), (-100, 10, -10)),
    "the date of the invoice is not known": note((990, 21, 208), invoice_date=None),
    "a consumer without tax number and address": note(
        (990, 21, 208), tax_id=None, address=None, post_code=None, town=None, province=None
    ),
    "a wrong tax number": note((990, 21, 208), tax_id="12345678A"),
    "a company in Germany": note((990, 21, 208), tax_id="DE136695976", country="DE"),
    "a company in Greece": note((990, 21, 208), tax_id="094259216", country="GR"),
    "a discount": note((140, 21, 29), reason_code="83"),
    "tax half a cent off line by line": note(*[(2, 21, 0)] * 10),
    "tax that an earlier credit had rounded": note((1, 21, 1)),
    "the largest amounts": note((99_999_999_999, 21, 21_000_000_000)),
}


@pytest.mark.parametrize("name", CASES)
def test_documents_are_valid_by_the_schema_and_break_no_rule_of_en_16931(name: str) -> None:
    xml = written(CASES[name])
    assert reasons(CASES[name]) == []
    assert schema_errors("ubl", xml) == []
    assert broken_rules(xml) == set()


@pytest.mark.parametrize(
    ("right", "wrong", "rule"),
    [
        (
            '<cbc:TaxInclusiveAmount currencyID="EUR">11.98',
            '<cbc:TaxInclusiveAmount currencyID="EUR">11.99',
            "BR-CO-15",
        ),
        ('<cbc:TaxExclusiveAmount currencyID="EUR">9.90', '<cbc:TaxExclusiveAmount currencyID="EUR">9.91', "BR-CO-13"),
        ("ESB12345674", "B12345674", "BR-CO-09"),
        ("<cbc:Percent>21", "<cbc:Percent>2100", "BR-CO-17"),
        ("9.90", "9.901", "BR-DEC-23"),
    ],
)
def test_the_rules_see_a_document_that_is_wrong(right: str, wrong: str, rule: str) -> None:
    assert rule in broken_rules(written(note((990, 21, 208))).replace(right, wrong))


def test_the_schema_sees_an_element_that_is_missing() -> None:
    xml = written(note((990, 21, 208)))
    assert schema_errors("ubl", xml.replace("<cbc:IssueDate>2026-07-02</cbc:IssueDate>", "")) != []


def test_what_a_document_says() -> None:
    # 10.00 + 2.50 at 21 % (2.10 + 0.53), 5.00 at 10 % (0.50): 17.50 net, 3.13 tax, 20.63 gross.
    xml = written(note((1_000, 21, 210), (500, 10, 50), (250, 21, 53)))
    assert texts(xml, "CreditNote/ID") == ["R-2026-000001"]
    assert texts(xml, "CreditNote/IssueDate") == ["2026-07-02"]
    assert texts(xml, "CreditNoteTypeCode") == ["381"]
    assert texts(xml, "InvoiceDocumentReference/ID") == ["F26/0101"]
    assert texts(xml, "InvoiceDocumentReference/IssueDate") == ["2026-06-30"]
    assert texts(xml, "AccountingSupplierParty/Party/PartyTaxScheme/CompanyID") == ["ESB12345674"]
    assert texts(xml, "AccountingCustomerParty/Party/PartyTaxScheme/CompanyID") == ["ES12345678Z"]
    assert texts(xml, "AccountingCustomerParty/Party/PartyLegalEntity/RegistrationName") == ["Ana Prueba Ejemplo"]
    assert texts(xml, "TaxSubtotal/TaxableAmount") == ["5.00", "12.50"]
    assert texts(xml, "TaxSubtotal/TaxAmount") == ["0.50", "2.63"]
    assert texts(xml, "TaxTotal/TaxAmount") == ["3.13"]
    assert texts(xml, "LegalMonetaryTotal/TaxExclusiveAmount") == ["17.50"]
    assert texts(xml, "LegalMonetaryTotal/PayableAmount") == ["20.63"]
    assert texts(xml, "CreditNoteLine/ID") == ["1", "2", "3"]
    assert texts(xml, "CreditNoteLine/LineExtensionAmount") == ["10.00", "5.00", "2.50"]


def test_money_taken_back_is_a_quantity_below_zero_at_a_price_above_it() -> None:
    xml = written(note((-990, 21, -208)))
    assert texts(xml, "CreditNoteLine/CreditedQuantity") == ["-1"]
    assert texts(xml, "Price/PriceAmount") == ["9.90"]
    assert texts(xml, "CreditNoteLine/LineExtensionAmount") == ["-9.90"]
    assert texts(xml, "LegalMonetaryTotal/PayableAmount") == ["-11.98"]


def test_a_wrong_tax_number_is_not_written() -> None:
    assert (
        texts(written(note((990, 21, 208), tax_id="12345678A")), "AccountingCustomerParty/Party/PartyTaxScheme") == []
    )


def test_the_total_is_the_ledgers_where_tax_line_by_line_is_not_tax_of_the_sum() -> None:
    # Ten times 0.02 with 0.00 tax each; 21 % of 0.20 would be 0.04.
    xml = written(note(*[(2, 21, 0)] * 10))
    assert texts(xml, "TaxSubtotal/TaxAmount") == ["0.00"]
    assert texts(xml, "LegalMonetaryTotal/PayableAmount") == ["0.20"]


def test_tax_that_is_off_by_less_than_a_unit_of_currency_is_accepted_and_a_whole_unit_is_left_out() -> None:
    # 21 % of 236 times 0.02 is 0.9912, so 0.99; of 238 times 0.02 it is 0.9996, so 1.00. No line has any tax.
    near, far = note(*[(2, 21, 0)] * 236), note(*[(2, 21, 0)] * 238)
    assert reasons(near) == []
    assert broken_rules(written(near)) == set()
    assert reasons(far) == ["Its tax, rounded line by line, is too far from the tax of the sum."]
    assert broken_rules(written(far)) == {"BR-CO-17", "BR-S-09"}


@pytest.mark.parametrize("name", [None, "", " \t", "\u200b\u202e"])
def test_a_customer_without_a_name_is_left_out(name: str | None) -> None:
    assert reasons(note((990, 21, 208), name=name)) == ["The customer has no name: accounts.name is empty."]


@pytest.mark.parametrize(("country", "left_out"), [("FR", False), ("es", True), ("España", True), ("XX", True)])
def test_a_country_has_to_be_named_by_its_code(country: str, left_out: bool) -> None:
    case = note((990, 21, 208), tax_id=None, country=country)
    assert reasons(case) == ["accounts.country is not the code of a country, such as ES."] * left_out
    assert ("BR-CL-14" in broken_rules(written(case))) is left_out


def test_a_currency_with_three_decimals_has_no_place_in_en_16931() -> None:
    assert UBL.is_possible(ISSUER, "EUR", 2)
    assert UBL.is_possible(ISSUER, "JPY", 0)
    assert not UBL.is_possible(ISSUER, "KWD", 3)
