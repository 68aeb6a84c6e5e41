"""Whatever a text holds, it is harmless in a document: a parser gives it back, and the document stays valid."""

from __future__ import annotations

import re
import unicodedata

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from billadjust.documents.facturae import FACTURAE
from billadjust.documents.markup import escaped, render
from billadjust.documents.notes import ready, taxes
from billadjust.documents.ubl import UBL
from notes_case import ISSUER, note
from official import parsed, schema_errors, texts

ANY = st.text(st.characters(exclude_categories=["Cs", "Cn"]), max_size=200)
"""Every character that Unicode has given a meaning, control characters and those that turn the direction, too."""
MARKUP = st.text(
    st.sampled_from("<>&\"'/!-[]CDATA?;=#x0\r\n\t \u202e\u200f\u0000\ufffe\uffff\U0001f600{}"), max_size=60
)
IDENTIFIER = st.text(
    st.characters(exclude_categories=["Cs", "Cn", "Cc"], exclude_characters="|\ufffe\uffff"), min_size=1, max_size=20
).filter(lambda text: text.strip() == text)


def one_line(text: str) -> str:
    """Return a text without control and formatting characters, by Python's own tables."""
    spaced = re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+", " ", text)
    shown = "".join(char for char in spaced if unicodedata.category(char) != "Cf")
    return re.sub("[\ufffe\uffff]", "\ufffd", shown.strip())


@given(ANY | MARKUP)
def test_a_parser_gives_back_what_was_written_but_what_xml_cannot_hold(text: str) -> None:
    xml = pl.DataFrame({"text": [text]}).select(render('<a b="{text}">{text}</a>')).item()
    possible = re.sub("[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]", "\ufffd", text)
    assert (parsed(xml).text or "") == possible
    # A parser makes blanks of tabs and line feeds in an attribute.
    assert parsed(xml).get("b") == re.sub("[\t\n]", " ", possible)


@given(st.sampled_from(["{text}", "{text:xml}", "{}", "{{text}}"]) | MARKUP)
def test_braces_in_a_text_are_text(text: str) -> None:
    xml = pl.DataFrame({"text": [text]}).select("<a>" + escaped(pl.col("text")) + "</a>").to_series().item()
    assert (parsed(xml).text or "") == re.sub("[\u0000\ufffe\uffff]", "\ufffd", text)


@settings(deadline=None)
@given(name=ANY | MARKUP, description=ANY | MARKUP, invoice_id=IDENTIFIER)
def test_names_descriptions_and_numbers_are_in_both_formats_what_they_were(
    name: str, description: str, invoice_id: str
) -> None:
    notes, lines = note((990, 21, 208), name="x" + name, invoice_id=invoice_id, tax_id="B12345674")
    lines = lines.with_columns(description=pl.lit("x" + description))
    customers, by_rate = ready(notes, "ES"), taxes(lines)
    ubl = UBL.documents(customers, lines, by_rate, ISSUER, 2)["xml"].item()
    assert schema_errors("ubl", ubl) == []
    assert texts(ubl, "AccountingCustomerParty/Party/PartyLegalEntity/RegistrationName") == [one_line("x" + name)]
    assert texts(ubl, "Item/Name") == [one_line("x" + description)]
    assert texts(ubl, "InvoiceDocumentReference/ID") == [invoice_id]
    if not FACTURAE.left_out(customers, by_rate, 2).height:
        facturae = FACTURAE.documents(customers, lines, by_rate, ISSUER, 2)["xml"].item()
        assert schema_errors("facturae", facturae) == []
        assert texts(facturae, "BuyerParty/LegalEntity/CorporateName") == [one_line("x" + name)]
        assert texts(facturae, "ItemDescription") == [one_line("x" + description)]
        assert texts(facturae, "Corrective/InvoiceNumber") == [invoice_id]


def test_a_very_long_text_is_harmless() -> None:
    notes, lines = note((990, 21, 208))
    lines = lines.with_columns(description=pl.lit("<&>" * 300_000))
    xml = UBL.documents(ready(notes, "ES"), lines, taxes(lines), ISSUER, 2)["xml"].item()
    assert texts(xml, "Item/Name") == ["<&>" * 300_000]
