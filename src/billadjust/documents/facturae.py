"""Credit notes as Facturae 3.2.2: corrective invoices ("rectificativas") by differences, as customers in Spain get them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from billadjust.documents.markup import DECLARATION, render
from billadjust.documents.notes import METHOD, Format, amounts, elements, first_reason, rate
from billadjust.figures import plain
from billadjust.identifiers import SPAIN, is_person

if TYPE_CHECKING:
    from billadjust.issuer import Issuer

NAME: Final = "facturae"
CURRENCY: Final = "EUR"

LONGEST: Final = {"address": 80, "town": 50, "province": 20, "invoice_id": 20, "credit_note": 20}
"""How many characters the schema has room for. What is longer is not cut: the document would name something else."""
LONGEST_NAME: Final = {True: 40, False: 80}
"""The same for the name of a natural person, and of a company."""
LONGEST_DESCRIPTION: Final = 2500

_DOCUMENT: Final = """
<fe:Facturae xmlns:fe="http://www.facturae.gob.es/formato/Versiones/Facturaev3_2_2.xml">
  <FileHeader>
    <SchemaVersion>3.2.2</SchemaVersion><Modality>I</Modality><InvoiceIssuerType>EM</InvoiceIssuerType>
    <Batch>
      <BatchIdentifier>{issuer_nif}{credit_note}</BatchIdentifier>
      <InvoicesCount>1</InvoicesCount>
      <TotalInvoicesAmount><TotalAmount>{gross_text}</TotalAmount></TotalInvoicesAmount>
      <TotalOutstandingAmount><TotalAmount>{gross_text}</TotalAmount></TotalOutstandingAmount>
      <TotalExecutableAmount><TotalAmount>{gross_text}</TotalAmount></TotalExecutableAmount>
      <InvoiceCurrencyCode>{currency}</InvoiceCurrencyCode>
    </Batch>
  </FileHeader>
  <Parties>
    <SellerParty>{seller:xml}</SellerParty>
    <BuyerParty>{buyer:xml}</BuyerParty>
  </Parties>
  <Invoices><Invoice>
    <InvoiceHeader>
      <InvoiceNumber>{credit_note}</InvoiceNumber>
      <InvoiceDocumentType>FC</InvoiceDocumentType>
      <InvoiceClass>OR</InvoiceClass>
      <Corrective>
        <InvoiceNumber>{invoice_id}</InvoiceNumber>
        <ReasonCode>{reason_code}</ReasonCode>
        <ReasonDescription>{reason}</ReasonDescription>
        <TaxPeriod><StartDate>{month_start}</StartDate><EndDate>{month_end}</EndDate></TaxPeriod>
        <CorrectionMethod>02</CorrectionMethod>
        <CorrectionMethodDescription>{method}</CorrectionMethodDescription>
        <InvoiceIssueDate>{invoice_date}</InvoiceIssueDate>
      </Corrective>
    </InvoiceHeader>
    <InvoiceIssueData>
      <IssueDate>{date}</IssueDate>
      <InvoiceCurrencyCode>{currency}</InvoiceCurrencyCode>
      <TaxCurrencyCode>{currency}</TaxCurrencyCode>
      <LanguageName>es</LanguageName>
    </InvoiceIssueData>
    <TaxesOutputs>{taxes:xml}</TaxesOutputs>
    <InvoiceTotals>
      <TotalGrossAmount>{net_text}</TotalGrossAmount>
      <TotalGrossAmountBeforeTaxes>{net_text}</TotalGrossAmountBeforeTaxes>
      <TotalTaxOutputs>{tax_text}</TotalTaxOutputs>
      <TotalTaxesWithheld>0.00</TotalTaxesWithheld>
      <InvoiceTotal>{gross_text}</InvoiceTotal>
      <TotalOutstandingAmount>{gross_text}</TotalOutstandingAmount>
      <TotalExecutableAmount>{gross_text}</TotalExecutableAmount>
    </InvoiceTotals>
    <Items>{lines:xml}</Items>
  </Invoice></Invoices>
</fe:Facturae>
"""

_PARTY: Final = """
<TaxIdentification>
  <PersonTypeCode>{person}</PersonTypeCode><ResidenceTypeCode>R</ResidenceTypeCode>
  <TaxIdentificationNumber>{nif}</TaxIdentificationNumber>
</TaxIdentification>
"""
_ADDRESS: Final = """
<AddressInSpain>
  <Address>{address}</Address><PostCode>{post_code}</PostCode><Town>{town}</Town><Province>{province}</Province>
  <CountryCode>ESP</CountryCode>
</AddressInSpain>
"""
_COMPANY: Final = f"{_PARTY}<LegalEntity><CorporateName>{{name}}</CorporateName>{_ADDRESS}</LegalEntity>"
_PERSON: Final = f"{_PARTY}<Individual><Name>{{name}}</Name><FirstSurname>.</FirstSurname>{_ADDRESS}</Individual>"

_TAX: Final = """
<Tax>
  <TaxTypeCode>01</TaxTypeCode><TaxRate>{rate}</TaxRate>
  <TaxableBase><TotalAmount>{net_text}</TotalAmount></TaxableBase>
  <TaxAmount><TotalAmount>{tax_text}</TotalAmount></TaxAmount>
</Tax>
"""

_LINE: Final = f"""
<InvoiceLine>
  <ItemDescription>{{description}}</ItemDescription>
  <Quantity>1</Quantity>
  <UnitPriceWithoutTax>{{net_text}}</UnitPriceWithoutTax>
  <TotalCost>{{net_text}}</TotalCost>
  <GrossAmount>{{net_text}}</GrossAmount>
  <TaxesOutputs>{_TAX}</TaxesOutputs>
  <AdditionalLineItemInformation>{{entry_id}}</AdditionalLineItemInformation>
</InvoiceLine>
"""


def _is_possible(issuer: Issuer, currency: str, _digits: int) -> bool:
    """Tell whether the issuer is a Spanish one that bills in euros; the addresses in the documents are Spanish, too."""
    return issuer.country == SPAIN and currency == CURRENCY


def _left_out(customers: pl.DataFrame, _by_rate: pl.DataFrame, _digits: int) -> pl.DataFrame:
    return first_reason(customers, NAME, _obstacles())


def _documents(
    customers: pl.DataFrame, lines: pl.DataFrame, by_rate: pl.DataFrame, issuer: Issuer, digits: int
) -> pl.DataFrame:
    """Write the notes, not signed yet. What a customer gets back makes the corrected invoice smaller: it is below zero.

    The tax period is the month of the corrected invoice.
    """
    text = plain(pl.col("description"))
    cut = text.str.head(LONGEST_DESCRIPTION - 1) + "…"
    description = pl.when(text.str.len_chars() > LONGEST_DESCRIPTION).then(cut).otherwise(text)
    written = (*amounts(digits, "net", "tax", sign=-1), rate())
    return (
        customers.join(elements(by_rate.with_columns(written), _TAX, "taxes"), on="credit_note")
        .join(elements(lines.with_columns(*written, description=description), _LINE, "lines"), on="credit_note")
        .with_columns(
            *amounts(digits, "net", "tax", "gross", sign=-1),
            method=pl.lit(METHOD),
            issuer_nif=pl.lit(issuer.vat[2:]),
            seller=pl.lit(_seller(issuer)),
            person=pl.when("is_person").then(pl.lit("F")).otherwise(pl.lit("J")),
            nif=pl.col("vat").str.slice(2),
            month_start=pl.col("invoice_date").dt.month_start(),
            month_end=pl.col("invoice_date").dt.month_end(),
        )
        .with_columns(buyer=pl.when("is_person").then(render(_PERSON)).otherwise(render(_COMPANY)))
        .select("credit_note", xml=pl.lit(DECLARATION) + render(_DOCUMENT))
        .sort("credit_note")
    )


def _obstacles() -> list[tuple[pl.Expr, str]]:
    """Return why a note cannot be written, each with its sentence, in the order in which they are looked at."""
    address = [pl.col(name).is_null() for name in ("address", "post_code", "town", "province")]
    room = pl.when("is_person").then(LONGEST_NAME[True]).otherwise(LONGEST_NAME[False])
    return [
        (pl.col("name").is_null(), "The customer has no name: accounts.name is empty."),
        (pl.col("country") != SPAIN, "The customer is not in Spain: accounts.country."),
        (pl.col("tax_id").is_null(), "The customer has no NIF: accounts.tax_id is empty."),
        (~pl.col("vat").str.starts_with(SPAIN).fill_null(value=False), "accounts.tax_id is not a NIF."),
        (pl.any_horizontal(address), "Part of the address is missing: accounts.address, post_code, town or province."),
        (~pl.col("post_code").str.contains(r"^\d{5}$"), "accounts.post_code has not five digits."),
        (pl.col("invoice_date").is_null(), "The date of the corrected invoice is not known."),
        (pl.col("name").str.len_chars() > room, "accounts.name is longer than Facturae has room for."),
        *(
            (pl.col(name).str.len_chars() > length, f"{name} has more than {length} characters.")
            for name, length in LONGEST.items()
        ),
    ]


def _seller(issuer: Issuer) -> str:
    nif = issuer.vat[2:]
    person = is_person(issuer.vat)
    fields = issuer.model_dump(include={"name", "address", "post_code", "town", "province"})
    frame = pl.DataFrame([fields | {"nif": nif, "person": "F" if person else "J"}])
    return str(frame.select(render(_PERSON if person else _COMPANY)).item())


FACTURAE: Final = Format(NAME, "it is for Spanish companies that bill in euros", _is_possible, _left_out, _documents)
"""Corrective invoices for customers in Spain."""
