"""Credit notes: one for each invoice and sign, with the original's number and date, in a series without gaps (§9)."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from billadjust.finance import credit_note_lines
from billadjust.inputs.model import Inputs
from finance_case import customers, line, outage, run, told, without

if TYPE_CHECKING:
    from pathlib import Path

    import polars as pl

ISSUED = date(2026, 2, 1)


def lines_of(tables: dict[str, pl.DataFrame]) -> pl.DataFrame:
    return credit_note_lines(tables["entries"].lazy(), tables["credit_notes"].lazy()).collect()


def test_a_run_makes_one_note_for_each_invoice_with_the_sums_of_its_lines(tmp_path: Path) -> None:
    made = run(
        tmp_path,
        "2026-03-01",
        line(990, 208, invoice="F/2"),
        line(1000, 210, invoice="F/1", line_no=1),
        line(500, 50, "tariff_improvement", invoice="F/1", line_no=2, tax_rate=100_000),
        line(300, 63, "dispute_refund", invoice="F/1", line_no=3, bucket="provisional"),
        outage(69, 14),
        inputs=customers(invoices=[{}, {"invoice_id": "F/2", "issue_date": "2026-02-15"}]),
    )
    amounts = ("credit_note", "date", "invoice_id", "invoice_date", "account_id", "currency", "net", "tax", "gross")
    assert told(made["credit_notes"], *amounts) == [
        ("R-2026-000001", date(2026, 3, 1), "F/1", ISSUED, "A1", "EUR", 1500, 260, 1760),
        ("R-2026-000002", date(2026, 3, 1), "F/2", date(2026, 2, 15), "A1", "EUR", 990, 208, 1198),
    ]
    assert told(made["credit_notes"], "name", "tax_id") == [("Ana Inventada", "00000000T")] * 2
    assert told(lines_of(made), "credit_note", "entry_id", "line_no", "net", "tax_rate", "tax", "gross") == [
        ("R-2026-000001", "billing_error|F/1|1|final|1", 1, 1000, 210_000, 210, 1210),
        ("R-2026-000001", "tariff_improvement|F/1|2|final|1", 2, 500, 100_000, 50, 550),
        ("R-2026-000002", "billing_error|F/2|1|final|1", 1, 990, 210_000, 208, 1198),
    ]


def test_what_is_taken_back_is_on_a_note_of_its_own(tmp_path: Path) -> None:
    run(tmp_path, "2026-03-01", line(990, 208, "dispute_refund"))
    made = run(
        tmp_path,
        "2026-03-05",
        line(-400, -84, "dispute_refund", kind="reclassification", seq=2),
        line(400, 84),
    )
    assert told(made["credit_notes"], "credit_note", "invoice_id", "net", "tax", "gross", "reason_code") == [
        ("R-2026-000002", "F/1", 400, 84, 484, "16"),
        ("R-2026-000003", "F/1", -400, -84, -484, "83"),
    ]
    assert told(lines_of(made), "credit_note", "entry_id") == [
        ("R-2026-000002", "billing_error|F/1|1|final|1"),
        ("R-2026-000003", "dispute_refund|D1|F/1|1|final|2"),
    ]


def test_the_reason_is_that_of_the_first_rule_in_the_order_of_precedence(tmp_path: Path) -> None:
    rules = ("dispute_refund", "tariff_improvement", "no_lock_in", "promised_price", "billing_error")
    reasons = [
        run(tmp_path / rule, "2026-03-01", line(100, 21, "dispute_refund"), line(100, 21, rule, line_no=2))
        for rule in rules
    ]
    assert [made["credit_notes"]["reason_code"].item() for made in reasons] == ["83", "83", "16", "16", "16"]


def test_numbers_go_on_from_run_to_run_and_start_anew_each_year(tmp_path: Path) -> None:
    runs = [
        run(tmp_path, "2026-03-01", line(100, 21), line(100, 21, invoice="F/2")),
        run(tmp_path, "2026-03-01"),
        run(tmp_path, "2026-03-01", outage(69, 14)),
        run(tmp_path, "2026-12-31", line(100, 21, line_no=2), line(-50, -10, seq=2)),
        run(tmp_path, "2027-01-01", line(100, 21, line_no=3), prefix="ABO/"),
        run(tmp_path, "2027-01-01", line(100, 21, line_no=4), prefix="ABO/"),
    ]
    assert [made["credit_notes"]["credit_note"].to_list() for made in runs] == [
        ["R-2026-000001", "R-2026-000002"],
        [],
        [],
        ["R-2026-000003", "R-2026-000004"],
        ["ABO/2027-000001"],
        ["ABO/2027-000002"],
    ]


def test_an_invoice_that_is_gone_keeps_the_date_that_an_earlier_run_read(tmp_path: Path) -> None:
    run(tmp_path, "2026-03-01", line(990, 208, "dispute_refund", bucket="provisional"))
    made = run(
        tmp_path,
        "2026-04-16",
        line(-990, -208, "dispute_refund", bucket="provisional", kind="finalisation", seq=2),
        line(990, 208, "dispute_refund", kind="finalisation"),
        line(100, 21, invoice="F/unread"),
        inputs=without(customers(), "invoices"),
    )
    assert told(made["credit_notes"], "invoice_id", "invoice_date") == [("F/1", ISSUED), ("F/unread", None)]


def test_without_any_inputs_date_and_customer_are_those_of_the_note_before(tmp_path: Path) -> None:
    run(tmp_path, "2026-03-01", line(990, 208))
    married = customers([{"name": "Ana Casada"}])
    run(tmp_path, "2026-03-02", line(100, 21, line_no=2), inputs=married)
    made = run(tmp_path, "2026-03-03", line(-990, -208, kind="undo", seq=2), inputs=Inputs.of({}))
    columns = ("credit_note", "invoice_id", "invoice_date", "account_id", "name", "tax_id", "gross")
    assert told(made["credit_notes"], *columns) == [
        ("R-2026-000003", "F/1", ISSUED, "A1", "Ana Casada", "00000000T", -1198)
    ]
