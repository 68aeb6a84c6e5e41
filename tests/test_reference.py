"""The reference model on the worked cases, with figures by hand."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

import pytest

from reference import CONTRACT, IMPROVED, Charges, Rating, Row, run
from reference_cases import (
    ACCOUNT,
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

LONG: Row = {
    "outage_id": "O2",
    "service": "all",
    "started_at": "2025-08-10T00:00:00+02:00",
    "ended_at": "2025-08-13T08:00:00+02:00",
}


@pytest.mark.parametrize(("as_of", "period"), [("2025-08-28", date(2025, 8, 1)), ("2025-08-29", date(2025, 9, 1))])
def test_an_outage_is_credited_with_ten_percent_on_the_next_open_bill(as_of: str, period: date) -> None:
    entries = run(world_of([], outages=[OUTAGE]), POLICY, date.fromisoformat(as_of), [])
    assert brief(entries) == [("outage_credit/final", "credit", "0.69", "0.14")]
    assert entries[0].bill_period == period
    assert entries[0].settlement == "bill_discount"


def test_a_long_outage_owes_its_share_of_the_month() -> None:
    assert amounts(world_of([], outages=[LONG]), "2025-08-29") == {"outage_credit|O2|S": "0.74"}


def test_outages_of_one_month_owe_at_most_the_fee() -> None:
    tariff = INTERNET | {"monthly_fee": "1.00", "internet_fee": "0.75"}
    outages = [
        {
            "outage_id": f"O{day:02}",
            "service": "data",
            "started_at": f"2025-08-{day:02}T10:00:00+00:00",
            "ended_at": f"2025-08-{day:02}T11:00:00+00:00",
        }
        for day in range(1, 13)
    ]
    found = amounts(world_of([], tariffs=[tariff], outages=outages), "2025-09-15")
    assert found == {f"outage_credit|O{day:02}|S": "0.08" for day in range(1, 10)} | {"outage_credit|O10|S": "0.03"}


def test_the_flat_rate_customer_keeps_paying_33_63() -> None:
    tariff = INTERNET | {"monthly_fee": "10", "internet_fee": "10"}
    rate: Row = {
        "tariff_id": "card",
        "version": 1,
        "service": "data",
        "zone": "*",
        "price": "11.21",
        "per": 1000,
        "first_increment": 1,
        "increment": 1,
    }
    bills, cdrs = [], []
    for month in (3, 4, 5):
        usage = {"kind": "usage", "service": "data", "net_amount": "250.00"}
        bills.append(bill(f"F{month}", f"2025-0{month + 1}-01", f"2025-0{month}-01", f"2025-0{month + 1}-01", usage))
        cdrs.append(
            {
                "cdr_id": f"C{month}",
                "subscription_id": "S",
                "service": "data",
                "started_at": f"2025-0{month}-10T10:00:00+00:00",
                "quantity": 1000,
                "charged": "250",
                "invoice_id": f"F{month}",
            }
        )
    found = amounts(world_of(bills, tariffs=[tariff], rates=[rate], cdrs=cdrs), "2025-06-15")
    assert found == {
        f"{rule}|F{month}|1": amount
        for month in (3, 4, 5)
        for rule, amount in (("billing_error", "238.79"), ("error_indemnity", "23.88"))
    }


def test_an_explanation_on_day_45_takes_the_refund_back() -> None:
    assert nights(("2025-03-01", disputed()), ("2025-04-15", disputed(explained("2025-04-15")))) == [
        [("dispute_refund/provisional", "credit", "9.90", "2.08")],
        [("dispute_refund/provisional", "reversal", "-9.90", "-2.08")],
    ]


def test_on_day_46_the_refund_is_final() -> None:
    final = [
        ("dispute_refund/final", "finalisation", "9.90", "2.08"),
        ("dispute_refund/provisional", "finalisation", "-9.90", "-2.08"),
    ]
    late = disputed(explained("2025-04-16"))
    assert nights(("2025-03-01", disputed()), ("2025-04-16", late), ("2025-04-17", late))[1:] == [final, []]
    assert nights(("2025-03-01", disputed()), ("2025-04-15", disputed()), ("2025-04-16", disputed()))[1:] == [[], final]


def test_a_billing_error_takes_over_part_of_a_dispute() -> None:
    cheaper: dict[str, list[Row]] = {"tariffs": [INTERNET | {"monthly_fee": "5.90", "internet_fee": "5.90"}]}
    assert nights(
        ("2025-03-01", disputed()),
        ("2025-03-05", disputed(None, **cheaper)),
        ("2025-03-10", disputed(explained("2025-03-10"), **cheaper)),
    )[1:] == [
        [
            ("billing_error/final", "credit", "4.00", "0.84"),
            ("dispute_refund/provisional", "reclassification", "-4.00", "-0.84"),
            ("error_indemnity/final", "credit", "0.40", "0.00"),
        ],
        [("dispute_refund/provisional", "reversal", "-5.90", "-1.24")],
    ]


LOWERED: list[Row] = [
    INTERNET | {"monthly_fee": "8.30", "internet_fee": "0"},
    INTERNET | {"version": 2, "effective_from": "2025-06-01", "monthly_fee": "6.90", "internet_fee": "0"},
]


def test_an_improvement_is_credited_once_whether_or_not_provisioning_knows_it() -> None:
    june = [bill("F", "2025-07-01", "2025-06-01", "2025-07-01", {"net_amount": "8.30"})]
    before = world_of(june, tariffs=LOWERED)
    after = world_of(june, tariffs=LOWERED, subscriptions=[LINE | {"tariff_version": 2}])
    assert nights(("2025-07-02", before), ("2025-07-03", after)) == [
        [("tariff_improvement/final", "credit", "1.40", "0.29")],
        [],
    ]


def test_an_improvement_within_a_cycle_counts_by_days() -> None:
    line = bill("F", "2025-06-16", "2025-05-16", "2025-06-16", {"net_amount": "8.30"})
    world = world_of([line], tariffs=LOWERED, accounts=[ACCOUNT | {"bill_cycle_day": 16}])
    charges = Charges(Rating(world, POLICY), world["invoices"], world["invoice_lines"])
    assert charges.of["F", 1].improved == Fraction("7.62")
    assert amounts(world, "2025-06-20") == {"tariff_improvement|F|1": "0.68"}


def test_an_allowance_is_used_up_in_the_order_of_the_calls() -> None:
    world = world_of(
        [],
        rates=[
            {
                "tariff_id": "card",
                "version": 1,
                "service": "voice",
                "zone": "*",
                "price": "0.10",
                "per": 60,
                "first_increment": 60,
                "increment": 60,
            }
        ],
        allowances=[{"tariff_id": "card", "version": 1, "service": "voice", "zones": "*", "quantity": 6000}],
        cdrs=[
            {
                "cdr_id": name,
                "subscription_id": "S",
                "service": "voice",
                "started_at": f"2025-05-0{day}T10:00:00+00:00",
                "zone": "national",
                "quantity": seconds,
                "charged": 0,
            }
            for name, day, seconds in (("second", 2, 180), ("first", 1, 5950))
        ],
    )
    for choice in (CONTRACT, IMPROVED):
        costs = Rating(world, POLICY).costs(choice)
        assert costs["first"].units == 6000
        assert costs["first"].cost == Fraction(0)
        assert costs["second"].cost == Fraction("0.30")


def test_a_disputed_amount_is_spread_over_the_lines() -> None:
    lines = ({"net_amount": "10.00", "kind": "one_off"}, {"net_amount": "30.00", "kind": "one_off"})
    world = world_of(
        [bill("F", "2025-02-28", "2025-02-01", "2025-03-01", *lines)], disputes=[dispute(gross_amount="24.20")]
    )
    assert amounts(world, "2025-03-02") == {"dispute_refund|D|F|1": "5.00", "dispute_refund|D|F|2": "15.00"}


def test_a_promised_handset_costs_nothing() -> None:
    device: Row = {"kind": "device", "item": "phone", "net_amount": "149.00"}
    promise: Row = {
        "promise_id": "P",
        "account_id": "A",
        "item": "phone",
        "price": 0,
        "valid_from": "2025-01-10",
        "valid_to": "2025-01-11",
        "evidence": "invoice 7",
    }
    world = world_of([bill("F", "2025-02-28", "2025-02-01", "2025-03-01", device)], promises=[promise])
    assert amounts(world, "2025-03-02") == {"promised_price|F|1": "149.00", "error_indemnity|F|1": "14.90"}


def test_leaving_costs_nothing() -> None:
    world = world_of([bill("F", "2025-02-28", "2025-02-01", "2025-03-01", {"kind": "exit_fee", "net_amount": "75.00"})])
    assert amounts(world, "2025-03-02") == {"no_lock_in|F|1": "75.00"}


def test_error_improvement_and_dispute_share_a_line() -> None:
    tariffs = [
        INTERNET | {"monthly_fee": "20.00", "internet_fee": "0"},
        INTERNET | {"version": 2, "effective_from": "2025-01-15", "monthly_fee": "15.00", "internet_fee": "0"},
    ]
    invoice = bill("F", "2025-02-28", "2025-02-01", "2025-03-01", {"net_amount": "30.00"})
    world = world_of([invoice], tariffs=tariffs, disputes=[dispute()])
    assert amounts(world, "2025-03-02") == {
        "billing_error|F|1": "10.00",
        "tariff_improvement|F|1": "5.00",
        "dispute_refund|D|F|1": "15.00",
        "error_indemnity|F|1": "1.00",
    }


def test_a_promise_for_usage_comes_after_the_billing_error() -> None:
    usage: Row = {"kind": "usage", "service": "sms", "item": "pack", "net_amount": "30.00"}
    world = world_of(
        [bill("F", "2025-02-28", "2025-02-01", "2025-03-01", usage)],
        rates=[
            {
                "tariff_id": "card",
                "version": 1,
                "service": "sms",
                "zone": "*",
                "price": "0.20",
                "per": 1,
                "first_increment": 1,
                "increment": 1,
            }
        ],
        cdrs=[
            {
                "cdr_id": "C",
                "subscription_id": "S",
                "service": "sms",
                "started_at": "2025-02-10T10:00:00+00:00",
                "zone": "national",
                "quantity": 100,
                "charged": 30,
                "invoice_id": "F",
            }
        ],
        promises=[
            {
                "promise_id": "P",
                "account_id": "A",
                "item": "pack",
                "price": 18,
                "valid_from": "2025-01-10",
                "evidence": "letter",
            }
        ],
    )
    assert amounts(world, "2025-03-02") == {
        "billing_error|F|1": "10.00",
        "promised_price|F|1": "2.00",
        "error_indemnity|F|1": "1.20",
    }
