"""The structured documents of a run: valid, tied to its CSV files, the same when published again, and off without an issuer."""

from __future__ import annotations

import re
import zipfile
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from billadjust.outputs.publish import verify_directory
from official import broken_rules, schema_errors, texts
from operator_case import JULY, contents, json_of, newest, night, operator_of, posted, program, rows_of, write_operator

if TYPE_CHECKING:
    from pathlib import Path

    from operator_case import Row, Tables

ISSUER = """
[issuer]
name = "Móvil Ejemplo, S.L."
tax_id = "B12345674"
address = "Calle Inventada 1"
post_code = "28001"
town = "Madrid"
province = "Madrid"
iban = "ES9121000418450200051332"
"""
ADDRESS: Row = {"address": "Plaza Imaginaria 2", "post_code": "41001", "town": "Sevilla", "province": "Sevilla"}
STRUCTURED = {"bank_transfers.xml", "credit_notes_facturae_001.zip", "credit_notes_ubl_001.zip", "left_out.csv"}


def operator() -> Tables:
    """Make four customers to whom 1.40 + 0.29 is credited on a bill, and 0.69 + 0.14 for an outage.

    The first is named in full; the second has no tax number; the third has left, has paid and has an account; the fourth
    has left, too, and has an IBAN that is none.
    """
    tables = operator_of(4)
    gone: Row = {"closed_on": "2026-07-01"}
    special: list[Row] = [
        {"tax_id": "12345678Z", **ADDRESS},
        {},
        {"tax_id": "X1234567L", "iban": "ES91 2100 0418 4502 0005 1332", **gone, **ADDRESS},
        {"tax_id": "B12345674", "iban": "ES9121000418450200051333", **gone, **ADDRESS},
    ]
    for account, more in zip(tables["accounts"], special, strict=True):
        account |= {"name": f"Customer <{account['account_id']}> & Söhne", **more}
    for bill in tables["invoices"]:
        bill["paid_on"] = "2026-07-01"
    return tables


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the directory of an operator whose night of July was run."""
    made = write_operator(tmp_path_factory.mktemp("documents") / "operator", operator(), ISSUER)
    posted(made, JULY)
    return made


def documents(files: Path, form: str) -> dict[str, str]:
    """Return the documents of a run in a format, by credit note."""
    with zipfile.ZipFile(files / f"credit_notes_{form}_001.zip") as archive:
        return {name.removesuffix(".xml"): archive.read(name).decode() for name in archive.namelist()}


def test_every_document_is_valid_and_says_what_the_csv_files_say(directory: Path) -> None:
    files = newest(directory)
    notes = {row["credit_note"]: row for row in rows_of(files / "credit_notes.csv")}
    assert {row["gross"] for row in notes.values()} == {"1.69"}
    ubl, facturae = documents(files, "ubl"), documents(files, "facturae")
    assert list(ubl) == list(notes)
    assert list(facturae) == [number for number, row in notes.items() if row["account_id"] != "A0002"]
    for number, xml in ubl.items():
        assert schema_errors("ubl", xml) == []
        assert broken_rules(xml) == set()
        assert texts(xml, "LegalMonetaryTotal/PayableAmount") == [notes[number]["gross"]]
        account = notes[number]["account_id"]
        assert texts(xml, "AccountingCustomerParty/Party/PartyLegalEntity/RegistrationName") == [
            f"Customer <{account}> & Söhne"
        ]
    for number, xml in facturae.items():
        assert schema_errors("facturae", xml) == []
        assert texts(xml, "InvoiceTotals/InvoiceTotal") == [f"-{notes[number]['gross']}"]
        assert texts(xml, "Corrective/InvoiceNumber") == [notes[number]["invoice_id"]]


def test_the_payment_order_pays_the_transfers_that_have_an_iban(directory: Path) -> None:
    files = newest(directory)
    order = (files / "bank_transfers.xml").read_text("utf-8")
    assert schema_errors("sepa", order) == []
    transfers = [row for row in rows_of(files / "bank_transfers.csv") if row["iban"]]
    # Of the customer who left: 1.40 + 0.29 on the bill, 0.69 + 0.14 for the outage.
    assert sorted(row["gross"] for row in transfers) == ["0.83", "1.69"]
    assert sorted(texts(order, "InstdAmt")) == ["0.83", "1.69"]
    assert texts(order, "GrpHdr/CtrlSum") == ["2.52"]
    assert set(texts(order, "Cdtr/Nm")) == {"Customer .A0003. . Sohne"}


def test_what_could_not_be_written_is_listed_with_its_reason(directory: Path) -> None:
    listed = {(row["format"], row["account_id"], row["reason"]) for row in rows_of(newest(directory) / "left_out.csv")}
    assert listed == {
        ("facturae", "A0002", "The customer has no NIF: accounts.tax_id is empty."),
        ("sepa", "A0004", "The customer has no valid IBAN: accounts.iban."),
    }


def test_the_manifest_covers_the_documents_with_their_numbers_and_totals(directory: Path) -> None:
    files = newest(directory)
    described = json_of(files / "manifest.json")["files"]
    assert described.keys() >= STRUCTURED
    assert verify_directory(files) == []
    figures = {name: (described[name]["rows"], described[name].get("totals")) for name in STRUCTURED}
    assert figures == {
        "credit_notes_ubl_001.zip": (4, {"gross": "6.76"}),
        "credit_notes_facturae_001.zip": (3, {"gross": "5.07"}),
        "bank_transfers.xml": (2, {"gross": "2.52"}),
        "left_out.csv": (3, {}),
    }
    (files / "bank_transfers.xml").write_text("<changed/>", "utf-8")
    assert verify_directory(files) == [f"{files / 'bank_transfers.xml'} was changed after it was published."]


def test_published_again_they_are_the_same_also_when_the_company_has_moved(tmp_path: Path) -> None:
    directory = write_operator(tmp_path / "operator", operator(), ISSUER)
    files = posted(directory, JULY)
    before = contents(files)
    for config in (ISSUER.replace("Calle Inventada 1", "Avenida Nueva 2"), ""):
        (directory / "billadjust.toml").write_text(config, "utf-8")
        files.rename(tmp_path / "moved")
        assert program("publish", "--config", directory / "billadjust.toml", files.name).code == 0
        assert contents(files) == before
        (tmp_path / "moved").rename(tmp_path / f"moved-{len(config)}")


def test_an_undone_run_has_documents_of_its_own_with_the_other_sign(tmp_path: Path) -> None:
    directory = write_operator(tmp_path / "operator", operator(), ISSUER)
    first = posted(directory, JULY)
    undone = program(
        "undo",
        "--config",
        directory / "billadjust.toml",
        "--as-of",
        JULY,
        "--reason",
        "Wrong prices",
        "--yes",
        first.name,
    )
    assert undone.code == 0, undone
    second = newest(directory)
    given, taken = documents(first, "ubl"), documents(second, "ubl")
    assert given.keys().isdisjoint(taken)
    for xml in taken.values():
        assert schema_errors("ubl", xml) == []
        assert broken_rules(xml) == set()
        assert texts(xml, "LegalMonetaryTotal/PayableAmount") == ["-1.69"]
    for xml in documents(second, "facturae").values():
        assert schema_errors("facturae", xml) == []
        assert texts(xml, "InvoiceTotals/InvoiceTotal") == ["1.69"]
    assert not (second / "bank_transfers.xml").exists()
    reasons = [row["reason"] for row in rows_of(second / "left_out.csv") if row["format"] == "sepa"]
    assert set(reasons) == {"It is not a payment: what it undoes must be stopped or asked back."}


def test_a_preview_has_no_structured_documents(tmp_path: Path) -> None:
    directory = write_operator(tmp_path / "operator", operator(), ISSUER)
    outcome = night(directory, JULY, "--dry-run", "--preview", tmp_path / "preview")
    assert outcome.code == 0, outcome
    assert {path.suffix for path in (tmp_path / "preview").iterdir()} == {".csv", ".html", ".json"}
    assert not {path.name.removeprefix("PREVIEW_") for path in (tmp_path / "preview").iterdir()} & STRUCTURED


@pytest.mark.parametrize(
    ("config", "sentences", "present"),
    [
        (ISSUER, [], STRUCTURED),
        (
            "",
            ["e-invoices and the payment order are not written: the configuration has no [issuer]."],
            set(),
        ),
        (
            re.sub("iban = .*\n", "", ISSUER),
            ["the payment order is not written: issuer.iban is not set."],
            STRUCTURED - {"bank_transfers.xml"},
        ),
        (
            ISSUER.replace("B12345674", "501964843").replace('province = "Madrid"', 'country = "PT"'),
            ["facturae: not written; it is for Spanish companies that bill in euros."],
            STRUCTURED - {"credit_notes_facturae_001.zip"},
        ),
    ],
)
def test_the_run_says_in_a_line_what_the_configuration_does_not_allow(
    tmp_path: Path, config: str, sentences: list[str], present: set[str]
) -> None:
    directory = write_operator(tmp_path / "operator", operator(), config)
    outcome = night(directory, JULY)
    assert outcome.code == 0, outcome
    assert outcome.err == ""
    notes = [line.removeprefix("Note: ") for line in outcome.out.splitlines() if "not written" in line]
    assert notes == sentences
    assert {path.name for path in newest(directory).iterdir()} & STRUCTURED == present


def test_the_totals_of_documents_csv_and_ledger_tie(directory: Path) -> None:
    files = newest(directory)
    payable = sum(Decimal(text) for xml in documents(files, "ubl").values() for text in texts(xml, "PayableAmount"))
    noted = sum(Decimal(row["gross"]) for row in rows_of(files / "credit_notes.csv"))
    entries = [row for row in rows_of(files / "adjustments.csv") if row["settlement"] == "credit_note"]
    assert payable == noted == sum(Decimal(row["gross"]) for row in entries) == Decimal("6.76")
