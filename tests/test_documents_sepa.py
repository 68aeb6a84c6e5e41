"""Transfers as a SEPA payment order: held against the schema of ISO 20022, with sums, names and identifiers of its own."""

from __future__ import annotations

import re
from datetime import date

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billadjust.documents.sepa import latin, payment_order
from notes_case import ISSUER
from official import schema_errors, texts

SCHEMA = {
    "entry_id": pl.String,
    "account_id": pl.String,
    "name": pl.String,
    "iban": pl.String,
    "gross": pl.Int64,
    "reference": pl.String,
}
SPANISH, GERMAN = "ES9121000418450200051332", "DE89370400440532013000"
SEPA_LATIN = re.compile(r"[A-Za-z0-9/?:().,'+ -]*")


def transfers(*special: dict[str, object]) -> pl.DataFrame:
    """Return transfers, each with what is special about it."""
    usual = {
        "account_id": "C-1",
        "name": "Ana Prueba",
        "iban": SPANISH,
        "gross": 1_198,
        "reference": "R-2026-000001 F26/1",
    }
    rows = [{"entry_id": f"no_lock_in|F26/{place}|1|final|1", **usual, **row} for place, row in enumerate(special)]
    return pl.DataFrame(rows, schema=SCHEMA)


def ordered(frame: pl.DataFrame) -> str:
    """Return the payment order of transfers all of which are paid."""
    order, left_out = payment_order(frame, ISSUER, "20260702-0003", date(2026, 7, 2))
    assert left_out.height == 0
    assert order is not None
    assert order.rows == frame.height
    return order.text


def test_an_order_is_valid_and_says_whom_to_pay_how_much() -> None:
    xml = ordered(transfers({"gross": 1_050, "iban": GERMAN}, {"gross": 5, "name": "Núñez & Çelik"}))
    assert schema_errors("sepa", xml) == []
    assert texts(xml, "GrpHdr/MsgId") == ["BA-20260702-0003"]
    assert texts(xml, "GrpHdr/CreDtTm") == ["2026-07-02T00:00:00"]
    assert texts(xml, "ReqdExctnDt/Dt") == ["2026-07-02"]
    assert texts(xml, "GrpHdr/NbOfTxs") + texts(xml, "PmtInf/NbOfTxs") == ["2", "2"]
    assert texts(xml, "GrpHdr/CtrlSum") + texts(xml, "PmtInf/CtrlSum") == ["10.55", "10.55"]
    assert texts(xml, "DbtrAcct/Id/IBAN") == [SPANISH]
    assert texts(xml, "CdtrAcct/Id/IBAN") == [GERMAN, SPANISH]
    assert texts(xml, "InstdAmt") == ["10.50", "0.05"]
    assert texts(xml, "Cdtr/Nm") == ["Ana Prueba", "Nunez . Celik"]
    assert texts(xml, "Ustrd") == ["R-2026-000001 F26/1"] * 2


def test_the_schema_sees_an_order_that_is_wrong() -> None:
    xml = ordered(transfers({}))
    assert schema_errors("sepa", xml.replace("BA-20260702-0003", "B" * 36)) != []
    assert schema_errors("sepa", xml.replace(f"<IBAN>{SPANISH}", "<IBAN>9121")) != []


def test_the_same_transfers_in_another_order_give_the_same_bytes() -> None:
    frame = transfers({"gross": 1}, {"gross": 2}, {"gross": 3})
    assert ordered(frame) == ordered(frame.reverse())


def test_each_payment_has_an_identifier_of_its_own_that_names_the_run() -> None:
    assert texts(ordered(transfers({}, {}, {})), "EndToEndId") == [
        "20260702-0003-000001",
        "20260702-0003-000002",
        "20260702-0003-000003",
    ]


def test_a_payment_keeps_its_identifier_whatever_becomes_of_the_others() -> None:
    order, left_out = payment_order(transfers({"iban": None}, {}), ISSUER, "20260702-0003", date(2026, 7, 2))
    assert order is not None
    assert texts(order.text, "EndToEndId") == ["20260702-0003-000002"]
    assert left_out["reference"].to_list() == ["no_lock_in|F26/0|1|final|1"]


@pytest.mark.parametrize(
    ("special", "reason"),
    [
        ({"iban": None}, "The customer has no valid IBAN: accounts.iban."),
        ({"iban": "BR1800360305000010009795493C1"}, "The account is outside the SEPA area: pay it in another way."),
        ({"name": None}, "The customer has no name: accounts.name is empty."),
        ({"name": " "}, "The customer has no name: accounts.name is empty."),
        ({"gross": 0}, "It is not a payment: what it undoes must be stopped or asked back."),
        ({"gross": -1}, "It is not a payment: what it undoes must be stopped or asked back."),
    ],
)
def test_what_cannot_be_paid_is_left_out_with_its_reason(special: dict[str, object], reason: str) -> None:
    order, left_out = payment_order(transfers(special), ISSUER, "20260702-0003", date(2026, 7, 2))
    assert order is None
    assert left_out.rows() == [("sepa", "no_lock_in|F26/0|1|final|1", "C-1", reason)]


def test_without_transfers_there_is_no_order() -> None:
    order, left_out = payment_order(transfers(), ISSUER, "20260702-0003", date(2026, 7, 2))
    assert order is None
    assert left_out.height == 0


def test_a_bank_is_named_by_its_bic_if_it_is_known() -> None:
    frame = transfers({})
    named, _ = payment_order(frame, ISSUER.model_copy(update={"bic": "CAIXESBBXXX"}), "20260702-0003", date(2026, 7, 2))
    assert named is not None
    assert schema_errors("sepa", named.text) == []
    assert texts(named.text, "FinInstnId/BICFI") == ["CAIXESBBXXX"]
    assert texts(ordered(frame), "FinInstnId/Othr/Id") == ["NOTPROVIDED"]


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("Muñoz & Çelik", "Munoz . Celik"),
        ("Straße", "Strasse"),
        ("Владимир", "Vladimir"),
        ("no_lock_in F26|1", "no-lock-in F26-1"),
        ("a\u202e\tb\r\n c", "a b c"),
        ("<b>1 & 2</b>", ".b.1 . 2./b."),
        ("plain: it's (1/2), +3.", "plain: it's (1/2), +3."),
    ],
)
def test_texts_are_written_in_the_characters_that_every_bank_takes(text: str, written: str) -> None:
    assert latin(pl.Series([text])).to_list() == [written]


def test_names_and_references_are_cut_to_what_they_have_room_for() -> None:
    xml = ordered(transfers({"name": "n" * 71, "reference": "r" * 141}))
    assert texts(xml, "Cdtr/Nm") == ["n" * 70]
    assert texts(xml, "Ustrd") == ["r" * 140]


@settings(deadline=None)
@given(st.text(max_size=200), st.text(max_size=200))
def test_any_name_and_reference_give_a_valid_order(name: str, reference: str) -> None:
    frame = transfers({"name": "x" + name, "reference": "y" + reference})
    xml = ordered(frame)
    assert schema_errors("sepa", xml) == []
    assert SEPA_LATIN.fullmatch(texts(xml, "Cdtr/Nm")[0])
    assert SEPA_LATIN.fullmatch(texts(xml, "Ustrd")[0])
