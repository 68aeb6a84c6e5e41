"""Bank transfers: to whom no bill will come, each thing once (§9)."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from billadjust.inputs.model import Inputs
from billadjust.review import REVIEW, with_unknown_accounts
from finance_case import IBAN, customers, line, outage, run, told

if TYPE_CHECKING:
    from pathlib import Path

    import polars as pl

CLOSED = {"closed_on": "2026-03-01", "iban": IBAN}
PAID = {"paid_on": "2026-02-10"}


def paid(tables: dict[str, pl.DataFrame]) -> list[tuple[object, ...]]:
    return told(tables["bank_transfers"], "entry_id", "gross", "reference")


def test_what_is_settled_by_transfer_is_paid_to_the_customers_account(tmp_path: Path) -> None:
    made = run(tmp_path, "2026-03-01", outage(74, 16, "bank_transfer"), inputs=customers([{"iban": IBAN}]))
    assert told(made["bank_transfers"], "entry_id", "account_id", "name", "iban", "gross", "reference") == [
        ("outage_credit|O1|S1|final|1", "A1", "Ana Inventada", IBAN, 90, "outage_credit O1 S1")
    ]


@pytest.mark.parametrize(
    ("written", "used"),
    [
        (IBAN, IBAN),
        ("es70 0000 0000 0100 0000 1234", IBAN),
        ("DE89 3704 0044 0532 0130 00", "DE89370400440532013000"),
        ("ES7100000000010000001234", None),
        ("ES70000000000100000012", None),
        ("", None),
        (None, None),
    ],
)
def test_an_account_is_used_only_if_its_check_digits_are_right(
    tmp_path: Path, written: str | None, used: str | None
) -> None:
    made = run(tmp_path, "2026-03-01", outage(74, 16, "bank_transfer"), inputs=customers([{"iban": written}]))
    assert made["bank_transfers"]["iban"].to_list() == [used]
    asked = with_unknown_accounts(REVIEW.to_frame(), made["bank_transfers"])
    assert told(asked, "topic", "account_id", "amount") == ([] if used else [("iban_unknown", "A1", 90)])


def test_credits_on_a_paid_invoice_of_a_closed_account_are_paid_as_one_sum(tmp_path: Path) -> None:
    made = run(
        tmp_path,
        "2026-03-01",
        line(500, 105, "no_lock_in", line_no=2),
        line(1000, 210, line_no=1),
        line(900, 189, "dispute_refund", line_no=3, bucket="provisional"),
        line(700, 147, invoice="F/2"),
        inputs=customers([CLOSED], [PAID, {"invoice_id": "F/2"}]),
    )
    assert paid(made) == [("billing_error|F/1|1|final|1", 1815, "R-2026-000001 F/1")]


@pytest.mark.parametrize(("as_of", "sums"), [("2026-02-28", []), ("2026-03-01", [1210])])
def test_an_account_is_closed_from_its_day_on(tmp_path: Path, as_of: str, sums: list[int]) -> None:
    made = run(tmp_path, as_of, line(1000, 210), inputs=customers([CLOSED], [PAID]))
    assert made["bank_transfers"]["gross"].to_list() == sums


def test_what_only_moves_from_one_reason_to_another_pays_nothing(tmp_path: Path) -> None:
    inputs = customers([CLOSED], [PAID])
    assert paid(run(tmp_path, "2026-03-01", line(990, 208, "dispute_refund"), inputs=inputs)) != []
    moved = (line(-400, -84, "dispute_refund", kind="reclassification", seq=2), line(400, 84))
    assert paid(run(tmp_path, "2026-03-05", *moved, inputs=inputs)) == []


def test_an_invoice_is_never_paid_back_more_than_is_credited_on_it(tmp_path: Path) -> None:
    inputs = customers([CLOSED], [PAID])
    first = run(tmp_path, "2026-03-01", line(1000, 210), inputs=inputs)
    assert paid(first) == [("billing_error|F/1|1|final|1", 1210, "R-2026-000001 F/1")]
    assert paid(run(tmp_path, "2026-03-02", line(-1000, -210, kind="undo", seq=2), inputs=inputs)) == []
    again = run(tmp_path, "2026-03-03", line(1500, 315, "no_lock_in"), inputs=inputs)
    # 12.10 were paid, 18.15 are credited by now: 6.05 are left.
    assert paid(again) == [("no_lock_in|F/1|1|final|1", 605, "R-2026-000003 F/1")]


@pytest.mark.parametrize(("period", "paid_out"), [("2026-02-28", False), ("2026-03-01", True), ("2026-03-15", True)])
def test_a_discount_for_a_bill_that_will_not_come_is_paid_once(tmp_path: Path, period: str, paid_out: bool) -> None:
    open_still, closed = customers([{"iban": IBAN}]), customers([CLOSED])
    first = run(tmp_path, "2026-02-20", outage(69, 14, bill_period=date.fromisoformat(period)), inputs=open_still)
    assert paid(first) == []
    assert paid(run(tmp_path, "2026-02-28", inputs=closed)) == []
    expected = [("outage_credit|O1|S1|final|1", 83, "outage_credit O1 S1")] if paid_out else []
    assert paid(run(tmp_path, "2026-03-01", inputs=closed)) == expected
    assert paid(run(tmp_path, "2026-03-02", inputs=closed)) == []
    assert paid(run(tmp_path, "2026-03-02", inputs=closed)) == []


def test_a_discount_that_was_undone_is_not_paid(tmp_path: Path) -> None:
    march = date(2026, 3, 1)
    run(tmp_path, "2026-02-20", outage(69, 14, bill_period=march))
    run(tmp_path, "2026-02-21", outage(-69, -14, bill_period=march, kind="undo", seq=2), inputs=Inputs.of({}))
    assert paid(run(tmp_path, "2026-03-01", inputs=customers([CLOSED]))) == []


def test_a_payment_that_is_undone_is_listed_below_zero_with_the_account_that_it_went_to(tmp_path: Path) -> None:
    run(tmp_path, "2026-03-01", outage(74, 16, "bank_transfer"), inputs=customers([{"iban": IBAN}]))
    undone = outage(-74, -16, "bank_transfer", kind="undo", seq=2)
    made = run(tmp_path, "2026-03-02", undone, inputs=Inputs.of({}))
    assert told(made["bank_transfers"], "entry_id", "name", "iban", "gross") == [
        ("outage_credit|O1|S1|final|2", "Ana Inventada", IBAN, -90)
    ]
    assert with_unknown_accounts(REVIEW.to_frame(), made["bank_transfers"]).rows() == []
