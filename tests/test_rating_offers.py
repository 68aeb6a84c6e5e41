"""§6.7: what bills cost, what they would have cost under the tariffs on sale, and how that adds up."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from best_price_case import FEE, INTERNET, INVOICE, OTHER, OWN, VOICE, Row, compared, june
from rating_tables import local

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


def parts(**changes: Any) -> tuple[str, ...]:  # noqa: ANN401  # as of `june`
    """How the costs of the one credited bill add up: fee and usage as they are, and under the best tariff."""
    night = june(**({"policy": {"best_price.mode": "credit"}} | changes))
    row = night.offers.collect().row(0, named=True)
    usage, best_usage = (str(Decimal(row[name]).scaleb(-6).normalize()) for name in ("usage_cost", "best_usage_cost"))
    return (row["fees"], usage, row["best_fees"], best_usage)


HALF = OWN | {"version": 2, "effective_from": "2026-06-16", "monthly_fee": "17.00"}
SPLIT: Row = INVOICE | {"period_start": "2026-06-21", "period_end": "2026-07-02"}
BY_7 = {"tariff_id": "club", "price": "0.01", "per": 7, "first_increment": 1, "increment": 1}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({}, ("20.00", "0", "12.00", "0"), id="a fee alone"),
        pytest.param({"tariffs": [OWN, OTHER | {"monthly_fee": "0"}]}, ("20.00", "0", "0.00", "0"), id="no fee"),
        pytest.param(
            {"tariffs": [OWN, HALF, OTHER]},
            ("20.00 × 15/30 + 17.00 × 15/30", "0", "12.00", "0"),
            id="two versions of the own tariff",
        ),
        pytest.param(
            {"invoices": [SPLIT]},
            ("20.00 × 10/30 + 20.00 × 1/31", "0", "12.00 × 10/30 + 12.00 × 1/31", "0"),
            id="days of two cycles",
        ),
        pytest.param(
            {"subscriptions": [{"valid_to": "2026-06-20"}, {"valid_from": "2026-06-20"}]},
            ("20.00", "0", "12.00", "0"),
            id="two rows of one tariff",
        ),
        pytest.param({"cdrs": CALLS, "rates": RATES}, ("20.00", "15", "12.00", "22.5"), id="usage"),
        pytest.param(
            {"cdrs": CALLS, "rates": RATES, "allowances": INCLUDED}, ("20.00", "15", "12.00", "7.5"), id="an allowance"
        ),
        pytest.param(
            # 61 and 62 seconds at 0.01 for 7 are 0.087143 and 0.088571, each rounded: the cents are told by the sum.
            {"cdrs": [call(1, 0, quantity=61), call(2, 0, quantity=62)], "rates": [{}, BY_7]},
            ("20.00", "0.4", "12.00", "0.175714"),
            id="calls that are rounded one by one",
        ),
    ],
)  # fmt: skip
def test_the_costs_of_a_credited_bill_are_split_into_fee_and_usage(changes: Row, expected: tuple[str, ...]) -> None:
    assert parts(**changes) == expected


def test_the_costs_of_an_advised_bill_are_not_split() -> None:
    assert june().offers.select("fees", "usage_cost", "best_fees", "best_usage_cost").collect().rows() == [(None,) * 4]
