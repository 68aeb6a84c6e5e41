"""The reference model over several nights, with figures by hand."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings

from reference import Entry, Policy, Row, run
from reference.model import rounded
from reference_cases import (
    ACCOUNT,
    BACK,
    FEBRUARY,
    FEE,
    INTERNET,
    LINE,
    OUTAGE,
    POLICY,
    amounts,
    bill,
    brief,
    dispute,
    disputed,
    explained,
    nights,
    world_of,
)
from worlds import Night, policies
from worlds import nights as made_nights


def test_a_fee_billed_twice_is_given_back_once() -> None:
    world = world_of([bill("F1", "2025-02-28", *FEBRUARY, FEE), bill("F2", "2025-03-28", *FEBRUARY, FEE)])
    assert amounts(world, "2025-04-02") == {"billing_error|F2|1": "9.90", "error_indemnity|F2|1": "0.99"}


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        pytest.param([FEE, BACK, FEE], {}, id="given back and billed again is right"),
        pytest.param([FEE, FEE, BACK], {"billing_error|F2|1": "9.90"}, id="the rule's figure is still the double"),
        pytest.param([FEE, FEE, BACK, FEE], {"billing_error|F2|1": "9.90", "billing_error|F4|1": "9.90"}, id="again"),
        pytest.param([{"net_amount": "5.00"}, FEE], {"billing_error|F2|1": "5.00"}, id="what was missing is due later"),
        pytest.param(
            [{"net_amount": "5.00"}, {"net_amount": "3.00"}, FEE, FEE],
            {"billing_error|F3|1": "8.00", "billing_error|F4|1": "9.90"},
            id="once",
        ),
        pytest.param(
            [FEE | {"service": "internet", "net_amount": "6.90"}, FEE], {"billing_error|F2|1": "6.90"}, id="a part"
        ),
    ],
)
def test_double_billing_looks_at_the_earlier_lines(lines: list[Row], expected: dict[str, str]) -> None:
    bills = [bill(f"F{number}", f"2025-03-0{number}", *FEBRUARY, line) for number, line in enumerate(lines, start=1)]
    found = amounts(world_of(bills), "2025-04-02")
    assert {claim: amount for claim, amount in found.items() if claim.startswith("billing_error")} == expected


def test_a_storno_settles_the_double_that_it_gives_back() -> None:
    first = [bill("F1", "2025-03-01", *FEBRUARY, FEE), bill("F2", "2025-03-02", *FEBRUARY, FEE)]
    storno = bill("F3", "2025-03-03", *FEBRUARY, BACK)
    assert nights(("2025-03-04", world_of([*first, storno]))) == [[("error_indemnity/final", "credit", "0.99", "0.00")]]
    assert nights(("2025-03-02", world_of(first)), ("2025-03-04", world_of([*first, storno])))[1] == []


def test_a_storno_settles_a_fee_that_was_billed_after_the_end() -> None:
    bills = [
        bill(f"F{number}", f"2025-03-0{number}", *FEBRUARY, line) for number, line in enumerate([FEE, BACK], start=1)
    ]
    ended = world_of(bills, subscriptions=[LINE | {"valid_to": "2025-02-01"}])
    assert nights(("2025-03-04", ended)) == [[("error_indemnity/final", "credit", "0.99", "0.00")]]


def test_prior_credits_count_in_the_order_of_the_claims() -> None:
    prior: Row = {"credit_id": "K", "invoice_id": "F", "line_no": 1, "net_amount": "6.00", "granted_on": "2025-03-01"}
    world = disputed(tariffs=[INTERNET | {"monthly_fee": "5.90", "internet_fee": "5.90"}], prior_credits=[prior])
    assert nights(("2025-03-01", world)) == [
        [
            ("dispute_refund/provisional", "credit", "3.90", "0.82"),
            ("error_indemnity/final", "credit", "0.40", "0.00"),
        ]
    ]


def test_what_is_final_stays_when_the_reason_goes() -> None:
    wrong = [bill("F", "2025-02-28", *FEBRUARY, {"net_amount": "12.00"})]
    later = world_of(wrong, tariffs=[INTERNET | {"monthly_fee": "12.00"}])
    assert nights(("2025-03-01", world_of(wrong)), ("2025-03-02", later))[1] == []


def test_without_the_rule_a_refund_becomes_final_after_its_deadline() -> None:
    ledger = run(disputed(), POLICY, date(2025, 3, 1), [])
    without = Policy(enabled=POLICY.enabled - {"dispute_refund"})
    assert run(disputed(), without, date(2025, 4, 15), ledger) == []
    entries = run(disputed(explained("2025-03-10")), without, date(2025, 4, 16), ledger)
    assert [(entry.bucket, entry.net) for entry in entries] == [
        ("final", Decimal("9.90")),
        ("provisional", Decimal("-9.90")),
    ]


def test_two_disputes_of_a_line_share_what_is_left_and_a_cdr_gets_what_it_was_charged() -> None:
    usage: Row = {"kind": "usage", "service": "sms", "net_amount": "10.00", "tax_rate": 0}
    cdrs: list[Row] = [
        {
            "cdr_id": name,
            "subscription_id": "S",
            "service": "sms",
            "started_at": "2025-02-10T10:00:00+00:00",
            "quantity": 1,
            "charged": charged,
            "invoice_id": "F",
        }
        for name, charged in (("C1", "4"), ("C2", "6"))
    ]
    disputes = [
        dispute(dispute_id="D1", cdr_id="C1"),
        dispute(dispute_id="D2", line_no=1, opened_on="2025-03-02"),
        dispute(dispute_id="D3", cdr_id="C2", opened_on="2025-03-03"),
    ]
    world = world_of([bill("F", "2025-02-28", *FEBRUARY, usage)], cdrs=cdrs, disputes=disputes)
    assert amounts(world, "2025-03-03") == {"dispute_refund|D1|F|1": "4.00", "dispute_refund|D2|F|1": "6.00"}


@pytest.mark.parametrize(("opened", "amount"), [("2025-03-09", "9.90"), ("2025-03-10", "0.00")])
def test_a_dispute_on_the_day_of_the_explanation_repeats_the_first(opened: str, amount: str) -> None:
    again = dispute(dispute_id="D2", opened_on=opened)
    first = dispute(line_no=1, **explained("2025-03-10"))
    found = amounts(disputed(disputes=[first, again]), "2025-03-11")
    assert found.get("dispute_refund|D2|F|1", "0.00") == amount


def test_an_unjustified_part_becomes_final_and_the_rest_is_taken_back() -> None:
    partly = disputed(explained("2025-03-10") | {"justified_gross": "5.93"})
    assert nights(("2025-03-01", disputed()), ("2025-03-10", partly))[1] == [
        ("dispute_refund/final", "finalisation", "5.00", "1.05"),
        ("dispute_refund/provisional", "reversal", "-9.90", "-2.08"),
    ]


def test_a_missing_invoice_is_settled_on_what_is_posted() -> None:
    ledger = run(disputed(), POLICY, date(2025, 3, 1), [])
    gone = disputed(explained("2025-03-10") | {"justified_gross": "5.93"})
    gone["invoices"], gone["invoice_lines"] = [], []
    assert brief(run(gone, POLICY, date(2025, 3, 10), ledger)) == [
        ("dispute_refund/final", "finalisation", "5.00", "1.05"),
        ("dispute_refund/provisional", "reversal", "-9.90", "-2.08"),
    ]


def test_outages_of_two_regions_that_share_one_are_one_for_a_line_that_moved() -> None:
    rows = [
        LINE | {"region": "north", "valid_to": "2025-08-25"},
        LINE | {"region": "south", "valid_from": "2025-08-25"},
    ]
    outages: list[Row] = [
        {
            "outage_id": name,
            "service": "data",
            "started_at": f"2025-08-{start}",
            "ended_at": f"2025-08-{end}",
            "region": region,
        }
        for name, start, end, region in (
            ("north", "24T20:00:00+02:00", "24T22:00:00+02:00", "north"),
            ("all", "24T22:00:00+02:00", "25T01:00:00+02:00", None),
            ("south", "25T01:00:00+02:00", "25T02:00:00+02:00", "south"),
        )
    ]
    found = amounts(world_of([], subscriptions=rows, outages=outages), "2025-08-26")
    assert found == {"outage_credit|north|S": "0.69"}


def test_a_customer_who_left_gets_a_transfer() -> None:
    world = world_of([], outages=[OUTAGE], accounts=[ACCOUNT | {"closed_on": "2025-08-29"}])
    day_before, day = (run(world, POLICY, date(2025, 8, day), []) for day in (28, 29))
    assert [entry.settlement for entry in (*day_before, *day)] == ["bill_discount", "bank_transfer"]


@given(nights=made_nights(), policy=policies())
@settings(max_examples=25, deadline=None)
def test_a_second_run_posts_nothing_and_tax_adds_up(nights: list[Night], policy: Policy) -> None:
    ledger: list[Entry] = []
    for as_of, world in nights:
        ledger += run(world, policy, as_of, ledger)
        assert run(world, policy, as_of, ledger) == []
    rates = {(line["invoice_id"], line["line_no"]): line["tax_rate"] for line in nights[-1][1]["invoice_lines"]}
    of_lines = [entry for entry in ledger if entry.settlement in ("credit_note", "provisional_credit")]
    for key in {entry.line for entry in of_lines if entry.line}:
        net = sum((Fraction(entry.net) for entry in of_lines if entry.line == key), Fraction(0))
        tax = sum((Fraction(entry.tax) for entry in of_lines if entry.line == key), Fraction(0))
        assert tax == rounded(net * Fraction(rates[key]) / 100)
