"""Transfers to customers as a SEPA payment order: ISO 20022 pain.001.001.09, as the banks of the euro area read it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl
from anyascii import anyascii

from billadjust.documents.archive import Document
from billadjust.documents.markup import DECLARATION, render
from billadjust.documents.notes import LEFT_OUT
from billadjust.money import to_text

if TYPE_CHECKING:
    from datetime import date

    from billadjust.issuer import Issuer

FORMAT: Final = "sepa"

CURRENCY: Final = "EUR"
DIGITS: Final = 2

COUNTRIES: Final = [
    "AD",
    "AL",
    "AT",
    "BE",
    "BG",
    "CH",
    "CY",
    "CZ",
    "DE",
    "DK",
    "EE",
    "ES",
    "FI",
    "FR",
    "GB",
    "GI",
    "GR",
    "HR",
    "HU",
    "IE",
    "IS",
    "IT",
    "LI",
    "LT",
    "LU",
    "LV",
    "MC",
    "MD",
    "ME",
    "MK",
    "MT",
    "NL",
    "NO",
    "PL",
    "PT",
    "RO",
    "RS",
    "SE",
    "SI",
    "SK",
    "SM",
    "VA",
]
"""What the IBAN of an account in the SEPA area begins with (EPC409-09; overseas territories have the letters of their state)."""

LONGEST_NAME: Final = 70
LONGEST_REFERENCE: Final = 140

_NOT_LATIN: Final = r"[^A-Za-z0-9/?:().,'+ -]"
"""What is not of the characters that every bank takes (EPC217-08)."""

_ORDER: Final = """
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"><CstmrCdtTrfInitn>
  <GrpHdr>
    <MsgId>{message}</MsgId>
    <CreDtTm>{day}T00:00:00</CreDtTm>
    <NbOfTxs>{count}</NbOfTxs>
    <CtrlSum>{total}</CtrlSum>
    <InitgPty><Nm>{debtor}</Nm></InitgPty>
  </GrpHdr>
  <PmtInf>
    <PmtInfId>{message}-1</PmtInfId>
    <PmtMtd>TRF</PmtMtd>
    <BtchBookg>true</BtchBookg>
    <NbOfTxs>{count}</NbOfTxs>
    <CtrlSum>{total}</CtrlSum>
    <PmtTpInf><SvcLvl><Cd>SEPA</Cd></SvcLvl></PmtTpInf>
    <ReqdExctnDt><Dt>{day}</Dt></ReqdExctnDt>
    <Dbtr><Nm>{debtor}</Nm></Dbtr>
    <DbtrAcct><Id><IBAN>{debtor_iban}</IBAN></Id></DbtrAcct>
    <DbtrAgt><FinInstnId>{bank:xml}</FinInstnId></DbtrAgt>
    <ChrgBr>SLEV</ChrgBr>
    {payments:xml}
  </PmtInf>
</CstmrCdtTrfInitn></Document>
"""

_PAYMENT: Final = """
<CdtTrfTxInf>
  <PmtId><EndToEndId>{end_to_end_id}</EndToEndId></PmtId>
  <Amt><InstdAmt Ccy="EUR">{amount}</InstdAmt></Amt>
  <Cdtr><Nm>{name}</Nm></Cdtr>
  <CdtrAcct><Id><IBAN>{iban}</IBAN></Id></CdtrAcct>
  <RmtInf><Ustrd>{reference}</Ustrd></RmtInf>
</CdtTrfTxInf>
"""


def payment_order(
    transfers: pl.DataFrame, issuer: Issuer, run_id: str, as_of: date
) -> tuple[Document | None, pl.DataFrame]:
    """Return the payment order of a run (None: nothing is to be paid), and the transfers not in it (notes.LEFT_OUT).

    `transfers`: schemas.BankTransfers in euros; the issuer has an IBAN. The order is of the run's date and named after
    the run, and each payment after its place among the transfers (`20260829-0007-000001`), so that a bank that is sent
    the order again knows it. Names and references are written in the characters that all banks take, and cut to what
    they have room for.
    """
    named = transfers.sort("entry_id").with_columns(
        end_to_end_id=pl.lit(f"{run_id}-") + (pl.int_range(pl.len()) + 1).cast(pl.String).str.zfill(6),
        name=latin(transfers.sort("entry_id")["name"]).str.head(LONGEST_NAME).str.strip_chars(),
        reference=latin(transfers.sort("entry_id")["reference"]).str.head(LONGEST_REFERENCE).str.strip_chars(),
        amount=to_text(pl.col("gross"), DIGITS),
    )
    obstacles = [
        (pl.col("gross") <= 0, "It is not a payment: what it undoes must be stopped or asked back."),
        (pl.col("iban").is_null(), "The customer has no valid IBAN: accounts.iban."),
        (~pl.col("iban").str.head(2).is_in(COUNTRIES), "The account is outside the SEPA area: pay it in another way."),
        (pl.col("name").fill_null("") == "", "The customer has no name: accounts.name is empty."),
    ]
    judged = named.with_columns(reason=pl.coalesce(*(pl.when(holds).then(pl.lit(text)) for holds, text in obstacles)))
    without = judged.filter(pl.col("reason").is_not_null()).select(
        pl.lit(FORMAT).alias("format"), pl.col("entry_id").alias("reference"), *list(LEFT_OUT)[2:]
    )
    payments = judged.filter(pl.col("reason").is_null())
    if not payments.height:
        return None, without
    bank = "<BICFI>{bic}</BICFI>" if issuer.bic else "<Othr><Id>NOTPROVIDED</Id></Othr>"
    debtor = latin(pl.Series([issuer.name])).str.head(LONGEST_NAME).item()
    order = payments.select(
        message=pl.lit(f"BA-{run_id}"),
        day=pl.lit(as_of.isoformat()),
        count=pl.len(),
        total=to_text(pl.col("gross").sum(), DIGITS),
        debtor=pl.lit(debtor),
        debtor_iban=pl.lit(issuer.iban),
        bic=pl.lit(issuer.bic),
        payments=render(_PAYMENT).str.join(""),
    ).with_columns(bank=render(bank))
    xml = str(order.select(pl.lit(DECLARATION) + render(_ORDER)).item())
    return Document(xml, payments.height, {"gross": order["total"].item()}), without


def latin(texts: pl.Series) -> pl.Series:
    """Write texts in the characters that every bank takes: "Muñoz & Çelik" is "Munoz . Celik", "a_b" is "a-b".

    Other scripts are written as they sound; what is left becomes a full stop, and blanks one blank.
    """
    foreign = texts.filter(texts.str.contains(_NOT_LATIN)).unique().to_list()
    # anyascii writes one text at a time: about a microsecond a character, of those alone that need it.
    spelt = {text: anyascii(text) for text in foreign}
    return (
        texts.replace(spelt)
        .str.replace_all(r"[_|]", "-")
        .str.replace_all(r"\s+", " ")
        .str.replace_all(_NOT_LATIN, ".")
        .str.strip_chars()
    )
