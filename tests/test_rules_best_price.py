"""§6.7: what bills would have cost under the tariffs on sale, the advice, and the credit."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from billadjust.night import Night, make_night
from billadjust.orders import tariff_advice
from billadjust.policy import Policy
from billadjust.schemas import Offers
from nights import Books, owed, posted, text
from nights import make_night as night_of
from rating_tables import local, make_inputs

Row = dict[str, Any]

INVOICE: Row = {"net_total": "20.00", "tax_total": "4.20", "gross_total": "24.20"}
FEE: Row = {"net_amount": "20.00"}
INTERNET: Row = {"line_no": 1, "service": "internet", "net_amount": "8.00"}
VOICE: Row = {"line_no": 2, "service": "voice", "net_amount": "12.00"}
OWN: Row = {"monthly_fee": "20.00", "internet_fee": "8.00", "open_for_sale": False}
OTHER: Row = {"tariff_id": "club", "monthly_fee": "12.00"}


def june(**changes: Any) -> Night:  # noqa: ANN401  # rows and values of the policy
    """A night after a bill of June 2026: a fee of 20.00; another tariff has one of 12.00, and both have no usage."""
    policy = Policy.of(changes.pop("policy", {}))
    tables = {
        "invoices": [INVOICE],
        "invoice_lines": [FEE],
        "tariffs": [OWN, OTHER],
    } | changes
    return make_night(make_inputs(**tables), policy, date(2026, 7, 2), lambda _, frame: frame.collect().lazy())


def compared(night: Night) -> dict[str, str]:
    """Each bill with what it costs and what the cheapest other tariff would have cost."""
    rows = Offers.validate(night.offers.collect()).sort("invoice_id", "subscription_id").to_dicts()
    return {
        f"{row['invoice_id']} {row['subscription_id']}": f"{row['from_tariff']}/{row['from_version']} {text(row['cost'])}"
        + (f" > {row['to_tariff']}/{row['to_version']} {text(row['best_cost'])}" if row["to_tariff"] else "")
        for row in rows
    }


def advised(night: Night) -> list[str]:
    return [f"{row['invoice_id']} > {row['to_tariff']}" for row in tariff_advice(night).collect().to_dicts()]


BEST = {"I S": "card/1 20.00 > club/1 12.00"}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({}, BEST, id="a fee of 20.00, and one of 12.00 on sale"),
        pytest.param({"tariffs": [OWN, OTHER | {"monthly_fee": "20.00"}]}, {"I S": "card/1 20.00"}, id="as dear"),
        pytest.param(
            {"tariffs": [OWN, OTHER | {"monthly_fee": "19.996"}]},
            {"I S": "card/1 20.00"},
            id="19.996 is 20.00 in cents",
        ),
        pytest.param(
            {"tariffs": [OWN, OTHER | {"monthly_fee": "19.99"}]},
            {"I S": "card/1 20.00 > club/1 19.99"},
            id="a cent cheaper",
        ),
        pytest.param({"tariffs": [OWN, OTHER | {"open_for_sale": False}]}, {"I S": "card/1 20.00"}, id="not on sale"),
        pytest.param(
            {"tariffs": [OWN, OTHER | {"effective_from": "2026-06-01"}]}, BEST, id="on sale from the period's first day"
        ),
        pytest.param(
            {"tariffs": [OWN, OTHER | {"effective_from": "2026-06-02"}]},
            {"I S": "card/1 20.00"},
            id="on sale a day later",
        ),
        pytest.param(
            {"tariffs": [OWN, OTHER, OTHER | {"version": 2, "effective_from": "2026-06-01", "monthly_fee": "13.00"}]},
            {"I S": "card/1 20.00 > club/2 13.00"},
            id="its newest version by then counts, though dearer",
        ),
        pytest.param(
            {"tariffs": [OWN, OTHER, OTHER | {"version": 2, "effective_from": "2026-06-02", "monthly_fee": "11.00"}]},
            BEST,
            id="a later one does not",
        ),
        pytest.param(
            {"tariffs": [OWN, OTHER, OTHER | {"version": 2, "effective_from": "2026-06-01", "open_for_sale": False}]},
            {"I S": "card/1 20.00"},
            id="its newest version is not on sale any more",
        ),
        pytest.param(
            {"tariffs": [OWN, OTHER | {"tariff_id": "dd"}, OTHER | {"tariff_id": "cc"}, OTHER | {"tariff_id": "ee"}]},
            {"I S": "card/1 20.00 > cc/1 12.00"},
            id="of equal ones the lower tariff",
        ),
        pytest.param(
            {"tariffs": [OWN, OTHER | {"monthly_fee": "12.004"}, OTHER | {"tariff_id": "dd"}]},
            BEST,
            id="equal in cents: 12.004 and 12.00",
        ),
        pytest.param(
            {"tariffs": [OWN, OTHER, OTHER | {"tariff_id": "dd", "monthly_fee": "11.99"}]},
            {"I S": "card/1 20.00 > dd/1 11.99"},
            id="the cheapest wins",
        ),
        pytest.param(
            {"tariffs": [OWN, OTHER], "taken_tariffs": [{"tariff_id": "club", "version": 1}]},
            {"I S": "card/1 20.00"},
            id="it needs a rejected row",
        ),
        pytest.param(
            {"tariffs": [OWN, OWN | {"version": 2, "effective_from": "2026-06-16", "monthly_fee": "17.00"}]},
            {"I S": "card/2 18.50"},
            id="15 days at 20.00 and 15 at the improved 17.00",
        ),
        pytest.param({"policy": {"best_price.mode": "off"}}, {}, id="off"),
        pytest.param({"policy": {"best_price.mode": "credit"}}, BEST, id="credit"),
    ],
)
def test_a_bill_is_compared_with_every_tariff_on_sale(changes: Row, expected: dict[str, str]) -> None:
    assert compared(june(**changes)) == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({"invoice_lines": [FEE | {"period_start": "2026-06-02"}]}, {}, id="the fee lacks a day"),
        pytest.param({"invoice_lines": [FEE | {"period_end": "2026-07-02"}]}, BEST, id="it bills a day more"),
        pytest.param({"invoice_lines": [INTERNET]}, {}, id="Internet only"),
        pytest.param({"invoice_lines": [VOICE]}, {}, id="voice only"),
        pytest.param({"invoice_lines": [INTERNET, VOICE]}, BEST, id="Internet and voice"),
        pytest.param(
            {"invoice_lines": [INTERNET, VOICE | {"period_end": "2026-06-30"}]}, {}, id="voice for a day less"
        ),
        pytest.param({"invoice_lines": [FEE | {"item": "extra"}]}, {}, id="an add-on is no fee"),
        pytest.param({"invoice_lines": [FEE | {"subscription_id": None}]}, {}, id="whose fee is not known"),
        pytest.param(
            {"tariffs": [OWN | {"monthly_fee": "0", "internet_fee": "0"}, OTHER]}, {}, id="it should have cost nothing"
        ),
        pytest.param(
            {"subscriptions": [{"valid_from": "2026-06-02"}]}, {}, id="the subscription begins a day after the period"
        ),
        pytest.param(
            {
                "subscriptions": [
                    {"valid_to": "2026-06-20"},
                    {"valid_from": "2026-06-20", "tariff_id": "club"},
                ]
            },
            {},
            id="two tariffs in the period",
        ),
        pytest.param(
            {"subscriptions": [{"valid_to": "2026-06-20"}, {"valid_from": "2026-06-20"}]}, BEST, id="two rows of one tariff"
        ),
        pytest.param({"taken_subscriptions": [{"subscription_id": "S"}]}, {}, id="the subscription needs a rejected row"),
        pytest.param(
            {
                "taken_cdrs": [
                    {"subscription_id": "S", "service": "voice", "started_at": None, "invoice_id": "I"},
                ]
            },
            {},
            id="a CDR was rejected",
        ),
        pytest.param(
            {"taken_cdrs": [{"subscription_id": None, "service": None, "started_at": None, "invoice_id": "I"}]},
            {},
            id="a CDR was rejected, and nobody knows whose",
        ),
        pytest.param(
            {"taken_cdrs": [{"subscription_id": None, "service": None, "started_at": local("2026-06-01 00:00"), "invoice_id": None}]},
            {},
            id="a CDR of the cycle was rejected that may be anybody's",
        ),
        pytest.param(
            {"taken_cdrs": [{"subscription_id": None, "service": None, "started_at": local("2026-05-31 12:00"), "invoice_id": None}]},
            BEST,
            id="one of another cycle",
        ),
        pytest.param(
            {"taken_cdrs": [{"subscription_id": "S", "service": None, "started_at": local("2026-05-31 12:00"), "invoice_id": "H"}]},
            BEST,
            id="a CDR of another cycle was rejected",
        ),
        pytest.param(
            {"taken_cdrs": [{"subscription_id": "S", "service": None, "started_at": local("2026-06-30 12:00"), "invoice_id": "H"}]},
            {},
            id="a CDR of the cycle was rejected, which may use the allowance",
        ),
        pytest.param({"taken_cdrs": [{"subscription_id": "T", "service": None, "started_at": None, "invoice_id": "H"}]}, BEST, id="another's CDR was rejected"),
    ],
)  # fmt: skip
def test_only_a_bill_whose_whole_period_has_one_known_fee_is_compared(changes: Row, expected: dict[str, str]) -> None:
    assert compared(june(**changes)) == expected


def test_the_second_bill_of_the_same_month_is_not_compared() -> None:
    both = june(
        policy={"best_price.mode": "credit"},
        invoices=[INVOICE, INVOICE | {"invoice_id": "J"}],
        invoice_lines=[FEE, FEE | {"invoice_id": "J"}],
    )
    assert compared(both) == BEST


def test_a_part_of_a_cycle_is_compared_by_its_days() -> None:
    """10 of June's 30 days: 20.00 is 6.67 and 12.00 is 4.00; 10 of them and 1 of July's 31: 12.00 is 4.39."""
    ten_days = INVOICE | {"period_start": "2026-06-21"}
    assert compared(june(invoices=[ten_days])) == {"I S": "card/1 6.67 > club/1 4.00"}
    eleven_days = ten_days | {"period_end": "2026-07-02"}
    assert compared(june(invoices=[eleven_days])) == {"I S": "card/1 7.31 > club/1 4.39"}


def call(number: int, minutes: int, **more: Any) -> Row:  # noqa: ANN401  # any cell
    return {
        "cdr_id": f"C{number}",
        "quantity": 60 * minutes,
        "invoice_id": "I",
        "started_at": f"2026-06-{number:02} 12:00",
    } | more


CALLS = [call(1, 60), call(2, 90)]
"""150 minutes: 15.00 at 0.10."""

RATES = [{}, {"tariff_id": "club", "price": "0.15"}]
INCLUDED = [{"tariff_id": "club", "quantity": 6000}]
"""100 minutes."""


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({}, {"I S": "card/1 35.00 > club/1 34.50"}, id="12.00 and 150 minutes at 0.15"),
        pytest.param({"allowances": INCLUDED}, {"I S": "card/1 35.00 > club/1 19.50"}, id="100 of them included"),
        pytest.param(
            {"allowances": INCLUDED, "cdrs": [call(1, 60), call(2, 40)]},
            {"I S": "card/1 30.00 > club/1 12.00"},
            id="exactly what is included",
        ),
        pytest.param(
            {"allowances": INCLUDED, "cdrs": [call(1, 60, invoice_id=None), call(2, 90)]},
            {"I S": "card/1 29.00 > club/1 19.50"},
            id="a call that is not billed yet uses what is included",
        ),
        pytest.param(
            {"allowances": INCLUDED, "cdrs": [call(2, 90), call(3, 60, invoice_id=None)]},
            {"I S": "card/1 29.00 > club/1 12.00"},
            id="one after it does not",
        ),
        pytest.param(
            {"allowances": INCLUDED, "cdrs": [call(2, 90), call(1, 60, invoice_id="H", started_at="2026-05-31 12:00")]},
            {"I S": "card/1 29.00 > club/1 12.00"},
            id="nor one of the cycle before",
        ),
        pytest.param({"rates": [{}]}, {"I S": "card/1 35.00"}, id="a call is unrated there"),
        pytest.param({"rates": [{}, {"tariff_id": "club", "zone": "es", "price": "0.15"}]}, {"I S": "card/1 35.00 > club/1 34.50"}, id="its zone is named"),
        pytest.param({"rates": [{}, {"tariff_id": "club", "zone": "fr"}]}, {"I S": "card/1 35.00"}, id="another zone is named"),
        pytest.param(
            {"rates": [{}], "cdrs": [*CALLS, call(3, 5)], "tariffs": [OWN, OTHER, OTHER | {"tariff_id": "free"}]},
            {"I S": "card/1 35.50"},
            id="unrated under two",
        ),
        pytest.param({"rates": [{"tariff_id": "club", "price": "0.15"}]}, {}, id="unrated as it is"),
        pytest.param({"rates": [], "cdrs": [call(1, 0)]}, BEST, id="a call of no length needs no rate"),
        pytest.param({"rates": [], "cdrs": [call(1, 9, zone="care")]}, BEST, id="nor does one to customer care"),
        pytest.param(
            {"rates": [{}, {"tariff_id": "club", "price": "0.15", "first_increment": 1, "increment": 1}], "cdrs": [call(1, 0, quantity=100)]},
            {"I S": "card/1 20.20 > club/1 12.25"},
            id="100 seconds: two minutes at 0.10, or by the second",
        ),
        pytest.param(
            {"rates": [{}, {"tariff_id": "club", "price": "0.05", "connect_fee": "0.20"}]},
            {"I S": "card/1 35.00 > club/1 19.90"},
            id="12.00, twice 0.20 and 7.50",
        ),
        pytest.param(
            {"rates": [{}, {"tariff_id": "club", "price": "0.05", "minimum_charge": "4.00"}]},
            {"I S": "card/1 35.00 > club/1 20.50"},
            id="12.00, 4.00 rather than 3.00, and 4.50",
        ),
        pytest.param(
            {"rates": [{}, {"tariff_id": "club", "price": "0.15"}, {"tariff_id": "club", "from_unit": 3600, "price": "0.05"}]},
            {"I S": "card/1 35.00 > club/1 31.50"},
            id="12.00, 9.00, and 9.00 with 30 minutes of 0.05",
        ),
    ],
)  # fmt: skip
def test_usage_is_priced_as_if_the_subscription_had_had_the_other_tariff(
    changes: Row, expected: dict[str, str]
) -> None:
    assert compared(june(**({"cdrs": CALLS, "rates": RATES} | changes))) == expected


def test_a_band_of_the_other_tariff_counts() -> None:
    """Monday 1 June in its cheap band, Tuesday not: 60 × 0.01 + 90 × 0.15 + 12.00 is 26.10."""
    rates = [*RATES, {"tariff_id": "club", "band": "cheap", "price": "0.01"}]
    bands = [{"band": "cheap", "weekday": 1, "start_time": "00:00", "end_time": "24:00"}]
    assert compared(june(cdrs=CALLS, rates=rates, bands=bands)) == {"I S": "card/1 35.00 > club/1 26.10"}


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


FEE_LINE: Row = {"charged": "15.00", "contract": "15.00"}
CALLS_LINE: Row = {"charged": "20.00", "contract": "20.00", "kind": "usage", "service": "voice"}


def test_the_difference_is_a_discount_on_the_next_bill() -> None:
    settled = Books().settle(night_of("2026-03-01", lines=[FEE_LINE, CALLS_LINE], offers=[{}]))
    assert posted(settled) == ["best_price|I|S final credit 13.00 + 2.73"]
    entry = settled.entries.to_dicts()[0]
    assert (entry["settlement"], entry["bill_period"]) == ("bill_discount", date(2026, 3, 1))
    assert entry["source_ref"] == "card/2 > club/1"
    assert entry["evidence"] == (
        '{"owed":"13.00","posted":"0.00","set_off":"0.00","beside":null,"kept":"0.00","tax_rate":"21","net_after":"13.00",'
        '"tax_before":"0.00","tariff":"card/2","cost":"35.00","best_tariff":"club/1","best_cost":"22.00"}'
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
    settled = Books().settle(night_of("2026-03-01", lines=[FEE_LINE, CALLS_LINE], offers=[{}], **changes))
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
    books.post(night_of("2026-03-01", lines=lines, offers=[{}], **more))
    balances = {claim: amount.partition(" ")[0] for claim, amount in books.balances.items()}
    assert balances["best_price|I|S final"] == credit


def test_nothing_is_left_of_a_line_that_is_all_in_dispute() -> None:
    books = Books()
    disputed = night_of("2026-03-01", lines=[FEE_LINE], offers=[{}], disputes=[{"line_no": 1}])
    assert posted(books.post(disputed)) == ["dispute_refund|D|I|1 provisional credit 15.00 + 3.15"]
    withdrawn = {"line_no": 1, "status": "withdrawn", "resolved_on": "2026-03-10"}
    settled = books.post(night_of("2026-03-10", lines=[FEE_LINE], offers=[{}], disputes=[withdrawn]))
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
    books.post(night_of("2026-03-01", lines=[FEE_LINE, CALLS_LINE], offers=[{}]))
    settled = books.post(night_of("2026-03-02", lines=[FEE_LINE, CALLS_LINE], offers=then))
    assert posted(settled) == entries
    assert settled.kept["amount"].sum() == kept


def test_what_was_undone_stays_undone() -> None:
    books = Books()
    night = night_of("2026-03-01", lines=[FEE_LINE, CALLS_LINE], offers=[{}])
    books.post(night)
    books.undo("best_price|I|S")
    assert posted(books.post(night)) == []


# What the best price gave back on a bill, line claims cannot give back again: 15.00 and 20.00 less 13.00 leave 22.00.


def after_best_price(lines: list[Row], then: Row) -> list[str]:
    """What a second night posts on lines of which the best price gave back 13.00 in the first."""
    books = Books()
    assert "best_price|I|S final credit 13.00 + 2.73" in posted(
        books.post(night_of("2026-03-01", lines=lines, offers=[{}]))
    )
    second: Row = {"lines": lines, "offers": [{}]} | then
    settled = books.post(night_of("2026-03-10", **second))
    assert settled.kept.is_empty()
    return sorted(posted(settled))


ACCEPTED: Row = {"status": "accepted", "resolved_on": "2026-03-10"}


@pytest.mark.parametrize(
    ("lines", "then", "expected"),
    [
        pytest.param(
            [FEE_LINE], {"disputes": [{"line_no": 1}]}, ["dispute_refund|D|I|1 provisional credit 2.00 + 0.42"], id="a dispute of all 15.00"
        ),
        pytest.param(
            [FEE_LINE], {"disputes": [{"line_no": 1, "gross_amount": "2.42"}]}, ["dispute_refund|D|I|1 provisional credit 2.00 + 0.42"], id="a dispute of the 2.00 that are left"
        ),
        pytest.param(
            [FEE_LINE], {"disputes": [{"line_no": 1, "gross_amount": "2.41"}]}, ["dispute_refund|D|I|1 provisional credit 1.99 + 0.42"], id="a dispute of a cent less"
        ),
        pytest.param(
            [FEE_LINE], {"disputes": [{"line_no": 1} | ACCEPTED]}, ["dispute_refund|D|I|1 final credit 2.00 + 0.42"], id="an accepted dispute"
        ),
        pytest.param(
            [FEE_LINE],
            {"lines": [FEE_LINE | {"contract": "5.00"}]},
            ["billing_error|I|1 final credit 2.00 + 0.42", "error_indemnity|I|1 final credit 1.00 + 0.00"],
            id="an error of 10.00: its indemnity is that of the whole error",
        ),
        pytest.param(
            [FEE_LINE, CALLS_LINE],
            {"disputes": [{"line_no": 2}, {"dispute_id": "E", "line_no": 1} | ACCEPTED]},
            ["dispute_refund|D|I|2 provisional credit 7.00 + 1.47", "dispute_refund|E|I|1 final credit 15.00 + 3.15"],
            id="final before provisional",
        ),
        pytest.param(
            [FEE_LINE, CALLS_LINE],
            {"disputes": [{"dispute_id": "E", "line_no": 1}, {"line_no": 2, "opened_on": "2026-03-02"}]},
            ["dispute_refund|D|I|2 provisional credit 7.00 + 1.47", "dispute_refund|E|I|1 provisional credit 15.00 + 3.15"],
            id="the earlier dispute first",
        ),
        pytest.param(
            [FEE_LINE, CALLS_LINE],
            {"disputes": [{"line_no": 1} | ACCEPTED, {"dispute_id": "E", "line_no": 2} | ACCEPTED]},
            ["dispute_refund|D|I|1 final credit 15.00 + 3.15", "dispute_refund|E|I|2 final credit 7.00 + 1.47"],
            id="of two that are final, line by line",
        ),
        pytest.param(
            [FEE_LINE, {"kind": "device", "charged": "50.00"}],
            {"disputes": [{"line_no": 2}]},
            ["dispute_refund|D|I|2 provisional credit 50.00 + 10.50"],
            id="a device is no part of the bill",
        ),
        pytest.param(
            [FEE_LINE, CALLS_LINE | {"tax_rate": "10"}],
            {"disputes": [{"line_no": 2}]},
            ["dispute_refund|D|I|2 provisional credit 20.00 + 2.00"],
            id="nor is what is taxed otherwise than the fee",
        ),
    ],
)  # fmt: skip
def test_what_the_best_price_gave_back_is_not_given_back_again(
    lines: list[Row], then: Row, expected: list[str]
) -> None:
    assert after_best_price(lines, then) == expected


def test_what_was_posted_finally_on_a_line_stays_when_another_line_of_the_bill_turns_out_wrong() -> None:
    # Of 35.00, 16.00 are accepted and 13.00 credited. Then 10.00 of the fee turn out to be an error: 6.00 are left.
    books = Books()
    calls: Row = {"line_no": 2, "gross_amount": "19.36"} | ACCEPTED
    books.post(night_of("2026-03-10", lines=[FEE_LINE, CALLS_LINE], offers=[{}], disputes=[calls]))
    assert books.balances["dispute_refund|D|I|2 final"] == "16.00 + 3.36"
    wrong = FEE_LINE | {"contract": "5.00"}
    settled = books.post(night_of("2026-03-11", lines=[wrong, CALLS_LINE], offers=[{}], disputes=[calls]))
    assert "billing_error|I|1 final credit 6.00 + 1.26" in posted(settled)
    assert books.balances["dispute_refund|D|I|2 final"] == "16.00 + 3.36"
    assert books.balances["best_price|I|S final"] == "13.00 + 2.73"


def test_a_dispute_that_the_best_price_limits_ends_like_any_other() -> None:
    books = Books()
    books.post(night_of("2026-03-01", lines=[FEE_LINE], offers=[{}]))
    books.post(night_of("2026-03-02", lines=[FEE_LINE], offers=[{}], disputes=[{"line_no": 1}]))
    explained = {"line_no": 1, "status": "explained", "resolved_on": "2026-03-20", "explanation": "as agreed"}
    settled = books.post(night_of("2026-03-20", lines=[FEE_LINE], offers=[{}], disputes=[explained]))
    assert posted(settled) == ["dispute_refund|D|I|1 provisional reversal -2.00 + -0.42"]
    assert books.balances == {"best_price|I|S final": "13.00 + 2.73"}


def test_a_best_price_that_was_undone_limits_nothing() -> None:
    books = Books()
    books.post(night_of("2026-03-01", lines=[FEE_LINE], offers=[{}]))
    books.undo("best_price|I|S")
    settled = books.post(night_of("2026-03-10", lines=[FEE_LINE], offers=[{}], disputes=[{"line_no": 1}]))
    assert posted(settled) == ["dispute_refund|D|I|1 provisional credit 15.00 + 3.15"]


def test_it_counts_only_what_is_taxed_like_the_fee() -> None:
    calls = CALLS_LINE | {"tax_rate": "10"}
    books = Books()
    disputed = [{"line_no": 1, "gross_amount": "6.05"}]
    books.post(night_of("2026-03-01", lines=[FEE_LINE, calls], offers=[{}], disputes=disputed))
    assert books.balances["best_price|I|S final"] == "10.00 + 2.10"
