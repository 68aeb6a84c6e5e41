"""Tests of what recurring lines should have cost, of fees billed twice and of fees given back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from billadjust.policy import Policy
from billadjust.rating.catalogue import spans
from billadjust.rating.charges import charges, given_back
from billadjust.schemas import Charges
from rating_tables import Row, Rows, make_inputs, sum_up_usage

if TYPE_CHECKING:
    from billadjust.inputs.model import Inputs

JUNE = {"period_start": "2026-06-01", "period_end": "2026-07-01"}
MAY = {"period_start": "2026-05-01", "period_end": "2026-06-01"}
MAY_AND_JUNE = {"period_start": "2026-05-01", "period_end": "2026-07-01"}
JUNE_TO_15 = {"period_start": "2026-06-01", "period_end": "2026-06-16"}
JUNE_FROM_16 = {"period_start": "2026-06-16", "period_end": "2026-07-01"}
LOWERED: Rows = [{}, {"version": 2, "effective_from": "2026-06-01", "monthly_fee": "6.90"}]


def charged(inputs: Inputs, policy: Policy | None = None) -> dict[tuple[str, int], dict[str, Any]]:
    """Return the charges by invoice and line."""
    policy = policy or Policy.of()
    tariff_spans = spans(inputs, policy)
    usage = sum_up_usage(inputs, tariff_spans, policy)
    frame = charges(inputs, tariff_spans, usage, policy).collect()
    Charges.validate(frame)
    return {(row["invoice_id"], row["line_no"]): row for row in frame.rows(named=True)}


def one(policy: Policy | None = None, **tables: Rows) -> dict[str, Any]:
    """Return the charges of the only line."""
    invoices: dict[str, Rows] = {"invoices": [{}]}
    (row,) = charged(make_inputs(**(invoices | tables)), policy).values()
    return row


def test_a_lowered_fee_is_due_under_the_contract_and_lower_under_the_improved_version() -> None:
    row = one(tariffs=LOWERED, invoice_lines=[{"net_amount": "8.30"}])
    assert row == {
        "invoice_id": "I",
        "line_no": 1,
        "contract": 830,
        "improved": 690,
        "contract_versions": "card/1",
        "improved_versions": "card/2",
        "unit_count": 30,
        "not_assessed": None,
    }


def test_a_fee_lowered_inside_a_cycle_is_worked_out_by_days() -> None:
    row = one(
        accounts=[{"bill_cycle_day": 16}],
        tariffs=LOWERED,
        invoice_lines=[{"net_amount": "8.30", "period_start": "2026-05-16", "period_end": "2026-06-16"}],
    )
    # 8.30 x 16/31 + 6.90 x 15/31 = 7.6226
    assert (row["contract"], row["improved"], row["improved_versions"]) == (830, 762, "card/1, card/2")


@pytest.mark.parametrize(
    ("service", "contract"), [(None, 1000), ("internet", 700), ("voice", 300)], ids=["whole", "internet", "voice"]
)
def test_the_service_of_a_line_names_the_part_of_the_fee(service: str | None, contract: int) -> None:
    row = one(
        tariffs=[{"monthly_fee": "10", "internet_fee": "7"}], invoice_lines=[{"net_amount": "1", "service": service}]
    )
    assert row["contract"] == contract


@pytest.mark.parametrize(
    ("period", "contract"),
    [
        (JUNE_TO_15, 415),  # 15 of 30 days
        ({"period_start": "2026-06-30", "period_end": "2026-07-02"}, 54),  # 8.30/30 + 8.30/31 = 0.5444
        (MAY_AND_JUNE, 1660),
        ({"period_start": "2025-12-31", "period_end": "2026-01-02"}, 27),  # only 1 January has a tariff
        ({"period_start": "2026-06-01", "period_end": "2026-06-01"}, 0),
    ],
)
def test_each_day_with_a_tariff_costs_its_share_of_its_cycle(period: Row, contract: int) -> None:
    assert one(invoice_lines=[{"net_amount": "8.30", **period}])["contract"] == contract


BEFORE = "it bills days before the first known period of its subscription"
"""The subscription's first period begins on 1 January 2026."""


@pytest.mark.parametrize(
    ("periods", "expected"),
    [
        pytest.param([("2025-12-16", "2026-01-16")], [402], id="billed from before the start on: 15 of 31 days"),
        pytest.param([("2025-12-01", "2026-01-01")], [BEFORE], id="all of it is before"),
        pytest.param([("2025-12-01", "2026-01-01"), ("2025-12-16", "2026-01-16")], [BEFORE, BEFORE], id="so the start is not known"),
        pytest.param([("2025-12-01", "2026-01-02"), ("2025-12-31", "2026-01-02")], [27, 0], id="a day of it is not"),
        pytest.param([("2025-12-01", "2026-01-01"), ("2026-01-01", "2026-02-01")], [BEFORE, 830], id="a month of it is known"),
    ],
)  # fmt: skip
def test_what_was_billed_before_the_first_known_period_is_not_assessed(
    periods: list[tuple[str, str]], expected: list[int | str]
) -> None:
    lines = [
        {"line_no": number, "net_amount": "8.30", "period_start": start, "period_end": end}
        for number, (start, end) in enumerate(periods, start=1)
    ]
    rows = charged(make_inputs(invoices=[{}], invoice_lines=lines)).values()
    assert [row["contract"] if row["not_assessed"] is None else row["not_assessed"] for row in rows] == expected


def test_the_sum_of_the_days_is_rounded_once_and_half_away_from_zero() -> None:
    # 0.01 x 15/30 is exactly half a cent
    assert one(tariffs=[{"monthly_fee": "0.01"}], invoice_lines=[{"net_amount": "1", **JUNE_TO_15}])["contract"] == 1
    row = one(tariffs=[{"monthly_fee": "0.009999"}], invoice_lines=[{"net_amount": "1", **JUNE_TO_15}])
    assert row["contract"] == 0


def test_the_days_of_a_tariff_change_have_the_fee_of_their_tariff() -> None:
    row = one(
        subscriptions=[{"valid_to": "2026-06-11"}, {"valid_from": "2026-06-11", "tariff_id": "flat"}],
        tariffs=[{"monthly_fee": "9"}, {"tariff_id": "flat", "monthly_fee": "30"}],
        invoice_lines=[{"net_amount": "30"}],
    )
    # 9 x 10/30 + 30 x 20/30
    assert (row["contract"], row["contract_versions"], row["unit_count"]) == (2300, "card/1, flat/1", 30)


def test_amounts_are_in_the_minor_units_of_the_currency() -> None:
    yen = Policy.of(currency="JPY")
    assert (
        one(yen, tariffs=[{"monthly_fee": "980"}], invoice_lines=[{"net_amount": "1", **JUNE_TO_15}])["contract"] == 490
    )
    dinar = Policy.of(currency="KWD")
    assert one(dinar, invoice_lines=[{"net_amount": "1", **JUNE_TO_15}])["contract"] == 4150


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ({"subscription_id": None}, "the line names no subscription"),
        ({"item": "extra-sim"}, "extra-sim is an add-on, not the tariff's fee"),
        ({"service": "sms"}, "a recurring line of service sms is not a part of the tariff's fee"),
        ({"service": "data"}, "a recurring line of service data is not a part of the tariff's fee"),
    ],
)
def test_a_recurring_line_that_is_not_the_tariffs_fee_is_not_assessed(line: Row, reason: str) -> None:
    row = one(invoice_lines=[{"net_amount": "8.30", **line}])
    assert (row["not_assessed"], row["contract"], row["improved"]) == (reason, None, None)


@pytest.mark.parametrize(
    ("valid_from", "assessed"), [("2025-12-31", False), ("2026-01-01", True)], ids=["no version", "version 1"]
)
def test_a_line_with_a_day_without_a_version_is_not_assessed(valid_from: str, assessed: bool) -> None:
    row = one(subscriptions=[{"valid_from": valid_from}], invoice_lines=[{"net_amount": "8.30"}])
    reason = None if assessed else "the subscription has no tariff version on a day of the period"
    assert row["not_assessed"] == reason


@pytest.mark.parametrize(
    "taken",
    [{"taken_tariffs": [{"tariff_id": "card", "version": 1}]}, {"taken_subscriptions": [{"subscription_id": "S"}]}],
    ids=["tariff version", "subscription"],
)
def test_a_line_that_needs_a_rejected_row_is_not_assessed(taken: dict[str, Rows]) -> None:
    inputs = make_inputs(**taken, invoices=[{}], invoice_lines=[{"net_amount": "8.30"}])
    reason = "it needs a rejected row of the subscription or of its tariff"
    assert charged(inputs)["I", 1]["not_assessed"] == reason


def test_a_rejected_period_may_be_that_of_a_line_on_whose_days_there_is_no_tariff() -> None:
    inputs = make_inputs(
        taken_subscriptions=[{"subscription_id": "S"}],
        subscriptions=[{"valid_from": "2026-08-01"}],
        invoices=[{}],
        invoice_lines=[{"net_amount": "8.30"}],
    )
    assert charged(inputs)["I", 1]["not_assessed"] is not None


def test_only_recurring_and_usage_lines_with_a_charge_are_priced() -> None:
    lines: Rows = [
        {"line_no": 1, "net_amount": "0"},
        {"line_no": 2, "net_amount": "-8.30"},
        {"line_no": 3, "net_amount": "75", "kind": "exit_fee"},
        {"line_no": 4, "net_amount": "149", "kind": "device"},
    ]
    assert charged(make_inputs(invoices=[{}], invoice_lines=lines)) == {}


# Each line is (service, period, net amount), one after the other on one invoice; each case tells what is due of the
# lines with a charge above 0. The fee is 9.90, 6.00 of it for Internet.
LINES: dict[str, tuple[list[tuple[str | None, Row, str]], list[int]]] = {
    "a fee billed twice": ([(None, JUNE, "9.90"), (None, JUNE, "9.90")], [990, 0]),
    "the same fee for two months": ([(None, MAY, "9.90"), (None, JUNE, "9.90")], [990, 990]),
    "its two parts": ([("internet", JUNE, "6.00"), ("voice", JUNE, "3.90")], [600, 390]),
    "a part after the whole": ([(None, JUNE, "9.90"), ("voice", JUNE, "3.90")], [990, 0]),
    "the whole after a part": ([("voice", JUNE, "3.90"), (None, JUNE, "9.90")], [390, 600]),
    "half a month and then all of it": ([(None, JUNE_TO_15, "4.95"), (None, JUNE, "9.90")], [495, 495]),
    "all of the month and then half of it": ([(None, JUNE, "9.90"), (None, JUNE_TO_15, "4.95")], [990, 0]),
    "two months after one of them": ([(None, MAY, "9.90"), (None, MAY_AND_JUNE, "19.80")], [990, 990]),
    "the first was charged too little": ([(None, JUNE, "5.00"), (None, JUNE, "9.90")], [990, 490]),
    "the first was charged too much": ([(None, JUNE, "15.00"), (None, JUNE, "9.90")], [990, 0]),
    "what was charged too little is due once": (
        [(None, JUNE, "5.00"), (None, JUNE, "9.90"), (None, JUNE, "9.90")],
        [990, 490, 0],
    ),
    "what the second leaves open is due on the third": (
        [(None, JUNE, "5.00"), (None, JUNE, "1.00"), (None, JUNE, "9.90")],
        [990, 490, 390],
    ),
    "what was charged too little for May is not due for June": (
        [(None, MAY, "5.00"), (None, JUNE, "15.00"), (None, MAY_AND_JUNE, "19.80")],
        [990, 990, 490],
    ),
    "what was charged too little for both parts is due on one": (
        [("internet", JUNE, "5.00"), ("voice", JUNE, "3.00"), (None, JUNE, "9.90")],
        [600, 390, 190],
    ),
    "what was charged too little for one part is due on that part": (
        [("internet", JUNE, "5.00"), ("voice", JUNE, "3.90"), ("internet", JUNE, "6.00"), ("voice", JUNE, "3.90")],
        [600, 390, 100, 0],
    ),
    "given back and billed again": ([(None, JUNE, "9.90"), (None, JUNE, "-9.90"), (None, JUNE, "9.90")], [990, 990]),
    "given back once and billed three times": (
        [(None, JUNE, "9.90"), (None, JUNE, "9.90"), (None, JUNE, "-9.90"), (None, JUNE, "9.90")],
        [990, 0, 0],
    ),
    "half given back": (
        [(None, JUNE, "9.90"), (None, JUNE_FROM_16, "-4.95"), (None, JUNE, "9.90")],
        [990, 495],
    ),
    "a part given back": ([(None, JUNE, "9.90"), ("voice", JUNE, "-3.90"), (None, JUNE, "9.90")], [990, 390]),
    "given back before it was billed": ([(None, JUNE, "-9.90"), (None, JUNE, "9.90")], [990]),
    "what was charged too little is not due on what is billed anew": (
        [(None, JUNE, "5.00"), (None, JUNE, "-5.00"), (None, JUNE, "9.90")],
        [990, 990],
    ),
    "half of what was charged too little given back, and all of it billed again": (
        [(None, JUNE, "5.00"), (None, JUNE_TO_15, "-2.50"), (None, JUNE, "9.90")],
        [990, 740],  # 4.95 for the first half, and of the second half 4.95 is due and 2.50 charged
    ),
    "what was given back of the second is open on the third": (
        [(None, JUNE, "5.00"), (None, JUNE, "4.90"), (None, JUNE, "-4.90"), (None, JUNE, "9.90")],
        [990, 490, 490],
    ),
    "a line of nothing covers nothing": ([(None, JUNE, "0"), (None, JUNE, "9.90")], [990]),
}


def fee_lines(lines: list[tuple[str | None, Row, str]]) -> Rows:
    """Lay out the lines of a case."""
    return [
        {"line_no": number, "service": service, "net_amount": amount, **period}
        for number, (service, period, amount) in enumerate(lines, start=1)
    ]


@pytest.mark.parametrize("case", LINES)
def test_a_day_of_a_part_of_the_fee_is_due_once(case: str) -> None:
    lines, due = LINES[case]
    rows = charged(
        make_inputs(
            tariffs=[{"monthly_fee": "9.90", "internet_fee": "6"}],
            invoices=[{"period_start": "2026-05-01"}],
            invoice_lines=fee_lines(lines),
        )
    )
    assert [row["contract"] for row in rows.values()] == due
    assert [row["improved"] for row in rows.values()] == due


def test_what_was_charged_too_little_is_worked_out_for_each_version_choice() -> None:
    # billed at the better price of 6.90 although 8.30 was agreed, and then again
    lines = fee_lines([(None, JUNE, "6.90"), (None, JUNE, "6.90")])
    rows = charged(make_inputs(tariffs=LOWERED, invoices=[{}], invoice_lines=lines))
    assert [(row["contract"], row["improved"]) for row in rows.values()] == [(830, 690), (140, 0)]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"invoice_id": "I", "issue_date": "2026-07-01"}, {"invoice_id": "J", "issue_date": "2026-07-02"}),
        ({"invoice_id": "Z", "issue_date": "2026-07-01"}, {"invoice_id": "J", "issue_date": "2026-07-02"}),
        ({"invoice_id": "I", "issue_date": "2026-07-01"}, {"invoice_id": "J", "issue_date": "2026-07-01"}),
    ],
    ids=["date and number", "date before number", "number on the same day"],
)
def test_lines_are_earlier_by_issue_date_then_invoice_then_line(first: Row, second: Row) -> None:
    lines = [{"invoice_id": invoice["invoice_id"], "net_amount": "8.30"} for invoice in (second, first)]
    rows = charged(make_inputs(invoices=[second, first], invoice_lines=lines))
    due = {invoice_id: row["contract"] for (invoice_id, _), row in rows.items()}
    assert due == {first["invoice_id"]: 830, second["invoice_id"]: 0}


def test_a_fee_that_another_subscription_was_billed_covers_nothing() -> None:
    lines: Rows = [{"net_amount": "8.30"}, {"line_no": 2, "subscription_id": "T", "net_amount": "8.30"}]
    inputs = make_inputs(subscriptions=[{}, {"subscription_id": "T"}], invoices=[{}], invoice_lines=lines)
    assert [row["contract"] for row in charged(inputs).values()] == [830, 830]


def test_an_add_on_covers_nothing() -> None:
    lines: Rows = [{"net_amount": "8.30", "item": "extra-sim"}, {"line_no": 2, "net_amount": "8.30"}]
    assert charged(make_inputs(invoices=[{}], invoice_lines=lines))["I", 2]["contract"] == 830


@pytest.mark.parametrize(
    ("taken", "reason"),
    [
        ([{"tariff_id": "old", "version": 1}], "it bills days of an earlier line that needs a rejected row"),
        ([], None),
    ],
    ids=["rejected", "no version"],
)
def test_what_a_rejected_row_hides_of_an_earlier_line_may_be_due(taken: Rows, reason: str | None) -> None:
    old = {"tariff_id": "old", "effective_from": "2026-01-01" if taken else "2027-01-01"}
    inputs = make_inputs(
        taken_tariffs=taken,
        subscriptions=[{"tariff_id": "old", "valid_to": "2026-06-01"}, {"valid_from": "2026-06-01"}],
        tariffs=[{}, old],
        invoices=[{}],
        invoice_lines=fee_lines([(None, MAY_AND_JUNE, "16.60"), (None, JUNE, "8.30")]),
    )
    rows = charged(inputs)
    assert rows["I", 1]["not_assessed"] is not None
    assert (rows["I", 2]["not_assessed"], rows["I", 2]["contract"]) == (reason, None if reason else 0)


def test_what_was_charged_too_little_is_not_due_on_a_line_that_only_shares_days_without_a_tariff() -> None:
    rows = charged(
        make_inputs(
            subscriptions=[{"valid_to": "2026-06-16"}],
            invoices=[{}],
            invoice_lines=fee_lines([(None, JUNE, "1.00"), (None, JUNE_FROM_16, "4.15"), (None, JUNE, "8.30")]),
        )
    )
    # half of June has a tariff: 4.15 is due of the first line, and what it leaves open is due on the third
    assert [row["contract"] for row in rows.values()] == [415, 0, 315]


BACK: dict[str, tuple[list[tuple[str | None, Row, str]], dict[int, int]]] = {
    "all of a line": ([(None, JUNE, "9.90"), (None, JUNE, "-9.90")], {1: 990}),
    "half of a line": ([(None, JUNE, "9.90"), (None, JUNE_FROM_16, "-4.95")], {1: 495}),
    "the newest of two": ([(None, JUNE, "9.90"), (None, JUNE, "9.90"), (None, JUNE, "-9.90")], {2: 990}),
    "one after the other": (
        [(None, JUNE, "9.90"), (None, JUNE, "9.90"), (None, JUNE, "-9.90"), (None, JUNE, "-9.90")],
        {1: 990, 2: 990},
    ),
    "at most the charge": ([(None, JUNE, "9.90"), (None, JUNE, "-12.00")], {1: 990}),
    "the rest goes to the next newest": (
        [(None, MAY, "9.90"), (None, JUNE, "9.90"), (None, MAY_AND_JUNE, "-15.00")],
        {1: 510, 2: 990},
    ),
    "two that give back halves": (
        [(None, JUNE, "9.90"), (None, JUNE_TO_15, "-6.00"), (None, JUNE_FROM_16, "-6.00")],
        {1: 990},
    ),
    "a part": ([("internet", JUNE, "6.00"), ("voice", JUNE, "3.90"), ("voice", JUNE, "-3.90")], {2: 390}),
    "a month that was not billed": ([(None, MAY, "9.90"), (None, JUNE, "-9.90")], {}),
    "a month that is billed later": ([(None, JUNE, "-9.90"), (None, JUNE, "9.90")], {}),
    "given back twice, billed once": (
        [(None, JUNE, "9.90"), (None, JUNE, "-4.00"), (None, JUNE, "-4.00")],
        {1: 400},
    ),
    "nothing": ([(None, JUNE, "9.90"), (None, JUNE, "9.90")], {}),
}


@pytest.mark.parametrize("case", BACK)
def test_a_negative_line_gives_back_the_newest_earlier_lines_of_its_days(case: str) -> None:
    lines, back = BACK[case]
    found = given_back(make_inputs(invoices=[{}], invoice_lines=fee_lines(lines))).collect()
    assert {line_no: amount for _, line_no, amount in found.rows()} == back


def test_a_negative_add_on_gives_no_fee_back() -> None:
    lines: Rows = [{"net_amount": "8.30"}, {"line_no": 2, "net_amount": "-8.30", "item": "extra-sim"}]
    assert given_back(make_inputs(invoices=[{}], invoice_lines=lines)).collect().is_empty()
