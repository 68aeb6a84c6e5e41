"""Credit notes as UBL 2.1 CreditNote of type 381, in the terms of EN 16931."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from billadjust.documents.markup import DECLARATION, render
from billadjust.documents.notes import METHOD, Format, amounts, elements, first_reason, rate
from billadjust.figures import plain
from billadjust.identifiers import COUNTRIES
from billadjust.money import to_text

if TYPE_CHECKING:
    from billadjust.issuer import Issuer

NAME: Final = "ubl"

MOST_DIGITS: Final = 2

TOLERANCE: Final = 1
"""Units of currency: the rules of EN 16931 (BR-CO-17) accept the tax of a rate that is off by less."""

_DOCUMENT: Final = """
<CreditNote xmlns="urn:oasis:names:specification:ubl:schema:xsd:CreditNote-2" \
xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2" \
xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2">
  <cbc:CustomizationID>urn:cen.eu:en16931:2017</cbc:CustomizationID>
  <cbc:ID>{credit_note}</cbc:ID>
  <cbc:IssueDate>{date}</cbc:IssueDate>
  <cbc:CreditNoteTypeCode>381</cbc:CreditNoteTypeCode>
  <cbc:Note>{method}: {reason}</cbc:Note>
  <cbc:DocumentCurrencyCode>{currency}</cbc:DocumentCurrencyCode>
  <cac:BillingReference><cac:InvoiceDocumentReference>
    <cbc:ID>{invoice_id}</cbc:ID>{invoice_issued:xml}
  </cac:InvoiceDocumentReference></cac:BillingReference>
  <cac:AccountingSupplierParty><cac:Party>
    <cac:PostalAddress>
      <cbc:StreetName>{issuer_address}</cbc:StreetName>
      <cbc:CityName>{issuer_town}</cbc:CityName>
      <cbc:PostalZone>{issuer_post_code}</cbc:PostalZone>
      {issuer_region:xml}
      <cac:Country><cbc:IdentificationCode>{issuer_country}</cbc:IdentificationCode></cac:Country>
    </cac:PostalAddress>
    <cac:PartyTaxScheme>
      <cbc:CompanyID>{issuer_vat}</cbc:CompanyID>
      <cac:TaxScheme><cbc:ID>VAT</cbc:ID></cac:TaxScheme>
    </cac:PartyTaxScheme>
    <cac:PartyLegalEntity><cbc:RegistrationName>{issuer_name}</cbc:RegistrationName></cac:PartyLegalEntity>
  </cac:Party></cac:AccountingSupplierParty>
  <cac:AccountingCustomerParty><cac:Party>
    <cac:PartyIdentification><cbc:ID>{account_id}</cbc:ID></cac:PartyIdentification>
    <cac:PostalAddress>{street:xml}{city:xml}{zone:xml}{region:xml}
      <cac:Country><cbc:IdentificationCode>{country}</cbc:IdentificationCode></cac:Country>
    </cac:PostalAddress>
    {tax_scheme:xml}
    <cac:PartyLegalEntity><cbc:RegistrationName>{name}</cbc:RegistrationName></cac:PartyLegalEntity>
  </cac:Party></cac:AccountingCustomerParty>
  <cac:TaxTotal>
    <cbc:TaxAmount currencyID="{currency}">{tax_text}</cbc:TaxAmount>{taxes:xml}
  </cac:TaxTotal>
  <cac:LegalMonetaryTotal>
    <cbc:LineExtensionAmount currencyID="{currency}">{net_text}</cbc:LineExtensionAmount>
    <cbc:TaxExclusiveAmount currencyID="{currency}">{net_text}</cbc:TaxExclusiveAmount>
    <cbc:TaxInclusiveAmount currencyID="{currency}">{gross_text}</cbc:TaxInclusiveAmount>
    <cbc:PayableAmount currencyID="{currency}">{gross_text}</cbc:PayableAmount>
  </cac:LegalMonetaryTotal>
  {lines:xml}
</CreditNote>
"""

_CATEGORY: Final = """
<cbc:ID>{category}</cbc:ID>
<cbc:Percent>{rate}</cbc:Percent>
<cac:TaxScheme><cbc:ID>VAT</cbc:ID></cac:TaxScheme>
"""

_TAX: Final = f"""
<cac:TaxSubtotal>
  <cbc:TaxableAmount currencyID="{{currency}}">{{net_text}}</cbc:TaxableAmount>
  <cbc:TaxAmount currencyID="{{currency}}">{{tax_text}}</cbc:TaxAmount>
  <cac:TaxCategory>{_CATEGORY}</cac:TaxCategory>
</cac:TaxSubtotal>
"""

_LINE: Final = f"""
<cac:CreditNoteLine>
  <cbc:ID>{{number}}</cbc:ID>
  <cbc:Note>{{entry_id}}</cbc:Note>
  <cbc:CreditedQuantity unitCode="C62">{{quantity}}</cbc:CreditedQuantity>
  <cbc:LineExtensionAmount currencyID="{{currency}}">{{net_text}}</cbc:LineExtensionAmount>
  <cac:Item>
    <cbc:Name>{{description}}</cbc:Name>
    <cac:ClassifiedTaxCategory>{_CATEGORY}</cac:ClassifiedTaxCategory>
  </cac:Item>
  <cac:Price><cbc:PriceAmount currencyID="{{currency}}">{{price_text}}</cbc:PriceAmount></cac:Price>
</cac:CreditNoteLine>
"""

_OPTIONAL: Final = {
    "invoice_issued": "<cbc:IssueDate>{invoice_date}</cbc:IssueDate>",
    "street": "<cbc:StreetName>{address}</cbc:StreetName>",
    "city": "<cbc:CityName>{town}</cbc:CityName>",
    "zone": "<cbc:PostalZone>{post_code}</cbc:PostalZone>",
    "region": "<cbc:CountrySubentity>{province}</cbc:CountrySubentity>",
    "issuer_region": "<cbc:CountrySubentity>{issuer_province}</cbc:CountrySubentity>",
    "tax_scheme": "<cac:PartyTaxScheme><cbc:CompanyID>{vat}</cbc:CompanyID>"
    "<cac:TaxScheme><cbc:ID>VAT</cbc:ID></cac:TaxScheme></cac:PartyTaxScheme>",
}
"""Elements that are left out where what stands in them is not known."""


def _is_possible(_issuer: Issuer, _currency: str, digits: int) -> bool:
    """Tell whether the currency has no more decimals than EN 16931 allows (BR-DEC-*)."""
    return digits <= MOST_DIGITS


def _left_out(customers: pl.DataFrame, by_rate: pl.DataFrame, digits: int) -> pl.DataFrame:
    off = by_rate.filter(pl.col("off").abs() >= TOLERANCE * 10**digits)["credit_note"]
    reasons = [
        (pl.col("name").is_null(), "The customer has no name: accounts.name is empty."),
        (~pl.col("country").is_in(COUNTRIES), "accounts.country is not the code of a country, such as ES."),
        (
            pl.col("credit_note").is_in(off.implode()),
            "Its tax, rounded line by line, is too far from the tax of the sum.",
        ),
    ]
    return first_reason(customers, NAME, reasons)


def _documents(
    customers: pl.DataFrame, lines: pl.DataFrame, by_rate: pl.DataFrame, issuer: Issuer, digits: int
) -> pl.DataFrame:
    """Write the notes. A line below zero has the quantity -1, because a price must not be negative (BR-27).

    A rate of 0 is category Z, any other S. The customer's VAT number is left out where it is missing or wrong, as on
    bills to consumers.
    """
    currency = customers.select("credit_note", "currency")
    items = _described(lines, currency, digits).with_columns(
        plain(pl.col("description")),
        number=pl.int_range(pl.len()).over("credit_note") + 1,
        quantity=pl.when(pl.col("net") < 0).then(-1).otherwise(1),
        price_text=to_text(pl.col("net").abs(), digits),
    )
    return (
        customers.join(elements(_described(by_rate, currency, digits), _TAX, "taxes"), on="credit_note")
        .join(elements(items, _LINE, "lines"), on="credit_note")
        .with_columns(
            *amounts(digits, "net", "tax", "gross"),
            *(pl.lit(value or None, pl.String).alias(name) for name, value in _issuer_columns(issuer).items()),
            method=pl.lit(METHOD),
        )
        .with_columns(render(template).fill_null("").alias(name) for name, template in _OPTIONAL.items())
        .select("credit_note", xml=pl.lit(DECLARATION) + render(_DOCUMENT))
        .sort("credit_note")
    )


def _described(rows: pl.DataFrame, currency: pl.DataFrame, digits: int) -> pl.DataFrame:
    """Give lines, or taxes by rate, what both elements say: currency, category and rate of the tax, amounts."""
    category = pl.when(pl.col("tax_rate") == 0).then(pl.lit("Z")).otherwise(pl.lit("S"))
    return rows.join(currency, on="credit_note", maintain_order="left").with_columns(
        *amounts(digits, "net", "tax"), rate(), category=category
    )


def _issuer_columns(issuer: Issuer) -> dict[str, str]:
    """Return what is said of the issuer, by column."""
    fields = issuer.model_dump(include={"name", "address", "post_code", "town", "province", "country"})
    return {f"issuer_{name}": value for name, value in fields.items()} | {"issuer_vat": issuer.vat}


UBL: Final = Format(NAME, "EN 16931 has amounts of at most two decimals", _is_possible, _left_out, _documents)
"""Credit notes in the terms of EN 16931."""
