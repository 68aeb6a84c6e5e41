"""§6.7: the advice of the best price, and the credit."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from best_price_case import CALLS_LINE, FEE, FEE_LINE, INVOICE, OTHER, OWN, VOICE, Row, compared, june
from billadjust.orders import tariff_advice
from nights import Books, make_night, owed, posted

if TYPE_CHECKING:
    from billadjust.night import Night


def advised(night: Night) -> list[str]:
    return [f"{row['invoice_id']} > {row['to_tariff']}" for row in tariff_advice(night).collect().to_dicts()]


MAY: Row = INVOICE | {
    "invoice_id": "H",
    "issue_date": "2026-06-01",
    "period_start": "2026-05-01",
    "period_end": "2026-06-01",
}
TWO_MONTHS: Row = {"invoices": [MAY, INVOICE], "invoice_lines": [FEE | {"invoice_id": "H"}, FEE]}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({}, ["I > club"], id="the newest of two bills"),
        pytest.param({"policy": {"best_price.mode": "credit"}}, ["I > club"], id="also where the rest is credited"),
        pytest.param({"policy": {"best_price.mode": "off"}}, [], id="off"),
        pytest.param({"invoice_lines": [FEE | {"invoice_id": "H"}, VOICE]}, ["H > club"], id="the newest with a whole fee"),
        pytest.param({"subscriptions": [{"valid_to": "2026-07-03"}]}, ["I > club"], id="in force today"),
        pytest.param({"subscriptions": [{"valid_to": "2026-07-02"}]}, [], id="not any more"),
        pytest.param({"accounts": [{"closed_on": "2026-07-03"}]}, ["I > club"], id="the account closes tomorrow"),
        pytest.param({"accounts": [{"closed_on": "2026-07-02"}]}, [], id="it closed today"),
        pytest.param({"subscriptions": [{"valid_to": "2026-07-01"}, {"valid_from": "2026-07-01", "tariff_id": "club"}]}, [], id="it has that tariff by now"),
        pytest.param({"subscriptions": [{"valid_to": "2026-07-01"}, {"valid_from": "2026-07-01", "tariff_id": "third"}], "tariffs": [OWN, OTHER, OWN | {"tariff_id": "third"}]}, ["I > club"], id="it has another"),
        pytest.param({"tariffs": [OWN, OTHER | {"monthly_fee": "21.00"}, OTHER | {"version": 2, "effective_from": "2026-05-02"}]}, ["I > club"], id="cheaper since May"),
        pytest.param({"tariffs": [OWN, OTHER, OTHER | {"version": 2, "effective_from": "2026-05-02", "monthly_fee": "21.00"}]}, [], id="cheaper in May only"),
    ],
)  # fmt: skip
def test_the_newest_bill_of_each_current_subscription_is_advised(changes: Row, expected: list[str]) -> None:
    assert advised(june(**(TWO_MONTHS | changes))) == expected


def test_a_mixed_change_of_the_own_tariff_is_advised_until_it_is_in_force() -> None:
    """The fee falls from 20.00 to 18.00, and calls become dearer: nobody is moved, but whoever makes none is told."""
    mixed = OWN | {"version": 2, "effective_from": "2026-05-15", "monthly_fee": "18.00", "open_for_sale": True}
    changes: Row = {"tariffs": [OWN, mixed], "rates": [{}, {"version": 2, "price": "0.12"}]}
    assert compared(june(**changes)) == {"I S": "card/1 20.00 > card/2 18.00"}
    assert advised(june(**changes)) == ["I > card"]
    moved: Row = {"subscriptions": [{"valid_to": "2026-07-01"}, {"valid_from": "2026-07-01", "tariff_version": 2}]}
    assert advised(june(**changes, **moved)) == []


def test_where_it_is_credited_every_bill_is() -> None:
    two = june(policy={"best_price.mode": "credit"}, **TWO_MONTHS)
    assert owed(two, "best_price") == {"I|S": "8.00", "H|S": "8.00"}


def test_the_mode_is_that_of_the_issue_date() -> None:
    dated = [{"from": date(2020, 1, 1), "value": "credit"}, {"from": date(2026, 7, 1), "value": "advise"}]
    two = june(policy={"best_price.mode": dated}, **TWO_MONTHS)
    assert owed(two, "best_price") == {"H|S": "8.00"}
    assert advised(two) == ["I > club"]


def test_advice_is_no_credit() -> None:
    assert owed(june(), "best_price") == {}


def test_the_difference_is_a_discount_on_the_next_bill() -> None:
    settled = Books().settle(make_night("2026-03-01", lines=[FEE_LINE, CALLS_LINE], offers=[{}]))
    assert posted(settled) == ["best_price|I|S final credit 13.00 + 2.73"]
    entry = settled.entries.to_dicts()[0]
    assert (entry["settlement"], entry["bill_period"]) == ("bill_discount", date(2026, 3, 1))
    assert entry["source_ref"] == "card/2 > club/1"
    assert entry["evidence"] == (
        '{"owed":"13.00","posted":"0.00","set_off":"0.00","beside":null,"kept":"0.00","tax_rate":"21","net_after":"13.00",'
        '"tax_before":"0.00","tariff":"card/2","fees":"15.00","usage_cost":"20.00","cost":"35.00","best_tariff":"club/1",'
        '"best_fees":"12.00","best_usage_cost":"10.00","best_cost":"22.00"}'
    )


@pytest.mark.parametrize(
    ("changes", "settlement"),
    [
        ({"accounts": [{"closed_on": "2026-03-01"}]}, "bank_transfer"),
        ({"accounts": [{"closed_on": "2026-03-02"}]}, "bill_discount"),
        ({"subscriptions": [{"valid_to": "2026-03-01"}]}, "bank_transfer"),
    ],
)
def test_whoever_gets_no_bill_any_more_gets_a_transfer(changes: Row, settlement: str) -> None:
    settled = Books().settle(make_night("2026-03-01", lines=[FEE_LINE, CALLS_LINE], offers=[{}], **changes))
    assert settled.entries["settlement"].to_list() == [settlement]


@pytest.mark.parametrize(
    ("lines", "more", "credit"),
    [
        pytest.param([FEE_LINE, CALLS_LINE], {}, "13.00", id="35.00 are left"),
        pytest.param([{"charged": "13.00", "contract": "13.00"}], {}, "13.00", id="13.00 are left"),
        pytest.param([{"charged": "12.99", "contract": "12.99"}], {}, "12.99", id="12.99 are left"),
        pytest.param([FEE_LINE], {"disputes": [{"line_no": 1, "gross_amount": "6.05"}]}, "10.00", id="5.00 in dispute"),
        pytest.param([FEE_LINE | {"prior_credit": "5.00"}], {}, "10.00", id="5.00 given by hand"),
        pytest.param([FEE_LINE | {"contract": "12.00"}], {}, "12.00", id="3.00 charged wrongly"),
        pytest.param([FEE_LINE | {"prior_credit": "16.00"}, CALLS_LINE | {"charged": "4.00", "contract": "4.00"}], {}, "4.00", id="given back too much of another line"),
        pytest.param([FEE_LINE | {"subscription_id": "T"}, CALLS_LINE | {"charged": "4.00", "contract": "4.00"}], {}, "4.00", id="another subscription's fee"),
        pytest.param([FEE_LINE | {"item": "extra"}, CALLS_LINE | {"charged": "4.00", "contract": "4.00"}], {}, "4.00", id="an add-on"),
    ],
)  # fmt: skip
def test_it_is_at_most_what_the_other_rules_leave_of_the_bills_lines(lines: list[Row], more: Row, credit: str) -> None:
    books = Books()
    books.post(make_night("2026-03-01", lines=lines, offers=[{}], **more))
    balances = {claim: amount.partition(" ")[0] for claim, amount in books.balances.items()}
    assert balances["best_price|I|S final"] == credit


def test_nothing_is_left_of_a_line_that_is_all_in_dispute() -> None:
    books = Books()
    disputed = make_night("2026-03-01", lines=[FEE_LINE], offers=[{}], disputes=[{"line_no": 1}])
    assert posted(books.post(disputed)) == ["dispute_refund|D|I|1 provisional credit 15.00 + 3.15"]
    withdrawn = {"line_no": 1, "status": "withdrawn", "resolved_on": "2026-03-10"}
    settled = books.post(make_night("2026-03-10", lines=[FEE_LINE], offers=[{}], disputes=[withdrawn]))
    assert "best_price|I|S final credit 13.00 + 2.73" in posted(settled)


@pytest.mark.parametrize(
    ("then", "entries", "kept"),
    [
        pytest.param([{}], [], 0, id="the same"),
        pytest.param([{"best_cost": "20.00"}], ["best_price|I|S final credit 2.00 + 0.42"], 0, id="more"),
        pytest.param([{"best_cost": "25.00"}], [], 300, id="less: what is final stays, and the run says so"),
        pytest.param([{"best_cost": None, "to_tariff": None, "to_version": None}], [], 1300, id="nothing is cheaper"),
        pytest.param([{"frozen": True, "best_cost": "20.00"}], [], 0, id="a rejected row freezes a line"),
        pytest.param([{"mode": "advise"}], [], 0, id="it is not credited any more"),
        pytest.param([], [], 0, id="it is not compared any more"),
    ],
)
def test_nothing_that_was_posted_is_taken_back(then: list[Row], entries: list[str], kept: int) -> None:
    books = Books()
    books.post(make_night("2026-03-01", lines=[FEE_LINE, CALLS_LINE], offers=[{}]))
    settled = books.post(make_night("2026-03-02", lines=[FEE_LINE, CALLS_LINE], offers=then))
    assert posted(settled) == entries
    assert settled.kept["amount"].sum() == kept


def test_what_was_undone_stays_undone() -> None:
    books = Books()
    night = make_night("2026-03-01", lines=[FEE_LINE, CALLS_LINE], offers=[{}])
    books.post(night)
    books.undo("best_price|I|S")
    assert posted(books.post(night)) == []
