"""§6.5: the reference schemes, on both sides of each of their thresholds. August 2026 has 44,640 minutes and 31 days."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from billadjust.errors import ConfigError
from billadjust.night import make_night as night_of_inputs
from billadjust.outage_schemes import FAMILY, shipped_schemes
from billadjust.parameters import BY_NAME
from billadjust.policy import Policy
from nights import Books, Row, make_night, owed, posted, state
from rating_tables import make_inputs

A_SECOND = timedelta(seconds=1)


def lasting(length: timedelta, started_at: str = "2026-08-03 10:00", **more: str) -> Row:
    """Return an outage of a length."""
    start = datetime.fromisoformat(started_at)
    return {"started_at": start, "ended_at": start + length} | more


def until(ended_at: str, started_at: str = "2026-08-03 10:00", **more: str) -> Row:
    """Return an outage until a local time."""
    return {"started_at": started_at, "ended_at": ended_at} | more


def credit(schemes: str | list[str], outage: Row, fee: str, rest: str = "0", lines: list[Row] | None = None) -> str:
    """Return what an outage owes a subscription by some schemes; nothing is ""."""
    chosen = [schemes] if isinstance(schemes, str) else schemes
    night = make_night(
        "2026-12-31",
        outages=[outage],
        spans=[{"fee": fee, "rest": rest}],
        lines=lines or [],
        policy={"outage_credit.schemes": chosen},
    )
    return owed(night, "outage_credit").get("O|S", "")


def claims(*outages: Row, schemes: list[str], fee: str = "6.90", rest: str = "13.10") -> list[dict[str, Any]]:
    """Return what is stated after outages by some schemes."""
    night = make_night(
        "2026-12-31",
        outages=outages,
        spans=[{"fee": fee, "rest": rest}],
        policy={"outage_credit.schemes": schemes},
    )
    return state(night).to_dicts()


# Spain, art. 16: the fee for Internet access, by time.


@pytest.mark.parametrize(
    ("length", "expected"),
    [
        # 6.90 × 32 ÷ 44,640 = 0.0049; × 33 = 0.0051; × 65 = 0.0100; × 4,800 = 0.7419.
        (timedelta(minutes=32), "0.00"),
        (timedelta(minutes=33), "0.01"),
        (timedelta(minutes=65), "0.01"),
        (timedelta(hours=80), "0.74"),
    ],
)
def test_es_art_16_owes_the_fee_by_the_time_however_short(length: timedelta, expected: str) -> None:
    assert credit("es-rd899-art16", lasting(length), "6.90", rest="13.10") == expected


@pytest.mark.parametrize(
    ("outage", "expected"),
    [
        # 30.00 × 361 ÷ 44,640 = 0.2426; × 961 = 0.6458; × 1,020 = 0.6855.
        pytest.param(until("2026-08-03 14:00", "2026-08-03 08:00"), "", id="six hours of the day"),
        pytest.param(until("2026-08-03 14:01", "2026-08-03 08:00"), "0.24", id="a minute more"),
        pytest.param(until("2026-08-04 08:00", "2026-08-03 22:00"), "", id="ten hours of the night"),
        pytest.param(until("2026-08-04 08:00", "2026-08-03 16:00"), "", id="six hours of the day, and the night"),
        pytest.param(until("2026-08-04 08:01", "2026-08-03 16:00"), "0.65", id="a minute more: all 961 count"),
        pytest.param(until("2026-08-04 09:00", "2026-08-03 16:00"), "0.69", id="six hours of one day, one of the next"),
    ],
)
def test_es_art_16_is_automatic_beyond_six_hours_between_8_and_22(outage: Row, expected: str) -> None:
    assert credit("es-rd899-art16-automatic", outage, "30.00") == expected


# Spain, art. 15: five times what is left of the fee for the telephone, or the average bill, by time.

TEN_HOURS = lasting(timedelta(hours=10), "2026-08-25 08:00", service="voice")


def calls(issued: str, charged: str, **more: str) -> Row:
    """Return a usage line of a bill."""
    return {
        "invoice_id": f"I{issued}",
        "issue_date": issued,
        "kind": "usage",
        "service": "voice",
        "charged": charged,
    } | more


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        # 5 × 12.00 × 600 ÷ 44,640 = 0.8065; (12.00 + 48.00) the same; (12.00 + 50.00) × 600 ÷ 44,640 = 0.8333.
        pytest.param([], "0.81", id="no bill: five times the fee"),
        pytest.param([calls("2026-08-01", "48.00")], "0.81", id="a bill of five times the fee"),
        pytest.param([calls("2026-08-01", "50.00")], "0.83", id="a bill of more"),
        pytest.param([calls("2026-08-01", "60.00"), calls("2026-07-01", "40.00")], "0.83", id="the average of two"),
        pytest.param([calls("2026-08-01", "100.00"), calls("2026-07-01", "12.00", kind="recurring")], "0.83", id="one without calls"),
        pytest.param([calls("2026-05-25", "50.00")], "0.83", id="three months before"),
        pytest.param([calls("2026-05-24", "50.00")], "0.81", id="a day more"),
        pytest.param([calls("2026-08-24", "50.00")], "0.83", id="the day before"),
        pytest.param([calls("2026-08-25", "50.00")], "0.81", id="the day of the outage"),
        pytest.param([calls("2026-08-01", "50.00", service="data")], "0.81", id="data are no calls"),
        pytest.param([calls("2026-08-01", "50.00", service="sms")], "0.83", id="messages are"),
        pytest.param([calls("2026-08-01", "50.00", subscription_id="T")], "0.81", id="another's calls"),
    ],
)  # fmt: skip
def test_es_art_15_owes_five_fees_or_the_average_bill_by_the_time(lines: list[Row], expected: str) -> None:
    assert credit("es-rd899-art15", TEN_HOURS, "6.90", "12.00", lines) == expected


@pytest.mark.parametrize(
    ("service", "rest", "expected"),
    [
        ("voice", "12.00", "0.81"),
        ("all", "12.00", "0.81"),
        ("data", "12.00", ""),
        ("sms", "12.00", ""),
        ("voice", "0", ""),
    ],
)
def test_es_art_15_is_about_the_telephone(service: str, rest: str, expected: str) -> None:
    assert credit("es-rd899-art15", TEN_HOURS | {"service": service}, "6.90", rest) == expected


def test_a_tariff_without_internet_access_has_a_telephone() -> None:
    assert credit(["promise", "es-rd899-art15"], TEN_HOURS, "0", "12.00") == "0.81"
    assert credit(["promise", "es-rd899-art15"], TEN_HOURS | {"service": "data"}, "0", "12.00") == ""


def test_each_scheme_counts_the_time_of_its_own_service() -> None:
    # The telephone is out for 10 hours and Internet for the last 2 of them: by art. 16, 30.00 × 120 ÷ 44,640 = 0.08.
    phone = TEN_HOURS | {"outage_id": "P"}
    internet = until("2026-08-25 18:00", "2026-08-25 16:00", outage_id="Q")
    (claim,) = claims(phone, internet, schemes=["es-rd899-art16", "es-rd899-art15"], fee="30.00", rest="12.00")
    assert (claim["claim"], claim["final"]) == ("outage_credit|P|S", 81)
    assert json.loads(claim["evidence"])["compared"] == "es-rd899-art16 0.08, es-rd899-art15 0.81"


# Germany: from the third day after that of the start 5.00 or 10 %, from the fifth 10.00 or 20 %.


@pytest.mark.parametrize(
    ("ended_at", "fee", "expected"),
    [
        pytest.param("2026-08-06 00:00", "40.00", "", id="two days after that of the start"),
        pytest.param("2026-08-06 00:01", "40.00", "5.00", id="a minute of the third"),
        pytest.param("2026-08-07 00:00", "40.00", "5.00", id="all of the third"),
        pytest.param("2026-08-07 00:01", "40.00", "10.00", id="a minute of the fourth"),
        pytest.param("2026-08-08 00:00", "40.00", "10.00", id="all of the fourth"),
        pytest.param("2026-08-08 00:01", "40.00", "20.00", id="a minute of the fifth"),
        pytest.param("2026-08-09 00:01", "40.00", "30.00", id="and of the sixth"),
        pytest.param("2026-08-12 12:00", "40.00", "60.00", id="more than the fee"),
        pytest.param("2026-08-06 12:00", "50.00", "5.00", id="10 % of 50.00 is as much"),
        pytest.param("2026-08-06 12:00", "50.10", "5.01", id="10 % of 50.10 is more"),
        pytest.param("2026-08-08 12:00", "60.00", "24.00", id="6.00, 6.00 and 12.00"),
        pytest.param("2026-08-07 12:00", "59.95", "11.99", id="twice 5.995, rounded once"),
    ],
)
def test_de_owes_from_the_third_day_and_more_from_the_fifth(ended_at: str, fee: str, expected: str) -> None:
    assert credit("de-tkg58", until(ended_at), "0.50", f"{float(fee) - 0.5:.2f}") == expected


# USA: a day of the month for each 24 hours begun, from 60 minutes on (20 by fiber).


@pytest.mark.parametrize(
    ("length", "expected"),
    [
        pytest.param(timedelta(minutes=60) - timedelta(microseconds=1), "", id="less than 60 minutes"),
        pytest.param(timedelta(minutes=60), "1.00", id="60 minutes"),
        pytest.param(timedelta(hours=24), "1.00", id="24 hours"),
        pytest.param(timedelta(hours=24) + A_SECOND, "2.00", id="a second more"),
    ],
)
def test_us_wireless_owes_a_day_of_the_monthly_fee(length: timedelta, expected: str) -> None:
    assert credit("us-att-wireless", lasting(length), "6.90", rest="24.10") == expected


def test_us_a_day_is_one_of_the_cycle() -> None:
    assert credit("us-att-wireless", lasting(timedelta(hours=2), "2026-09-03 10:00"), "6.00", rest="24.00") == "1.00"


@pytest.mark.parametrize(
    ("length", "expected"), [(timedelta(minutes=20) - A_SECOND, ""), (timedelta(minutes=20), "0.20")]
)
def test_us_fiber_owes_a_day_of_the_internet_fee_from_20_minutes_on(length: timedelta, expected: str) -> None:
    assert credit("us-att-fiber", lasting(length), "6.20", rest="24.80") == expected


# The Netherlands: a thirtieth for each 24 hours begun of more than 12 hours, at least 1.00.


@pytest.mark.parametrize(
    ("length", "fee", "expected"),
    [
        pytest.param(timedelta(hours=12), "45.00", "", id="12 hours"),
        pytest.param(timedelta(hours=12) + A_SECOND, "45.00", "1.50", id="a second more"),
        pytest.param(timedelta(hours=24), "45.00", "1.50", id="24 hours"),
        pytest.param(timedelta(hours=24) + A_SECOND, "45.00", "3.00", id="more"),
        pytest.param(timedelta(hours=48) + A_SECOND, "45.00", "4.50", id="more than 48"),
        pytest.param(timedelta(hours=13), "15.00", "1.00", id="half a euro is not enough"),
        pytest.param(timedelta(hours=25), "15.00", "1.00", id="twice that is"),
        pytest.param(timedelta(hours=49), "15.00", "1.50", id="three times are more"),
    ],
)
def test_nl_owes_thirtieths_beyond_12_hours(length: timedelta, fee: str, expected: str) -> None:
    assert credit("nl-tw71a", lasting(length), "5.00", f"{float(fee) - 5:.2f}") == expected


# The greatest of several.

EVERY = list(BY_NAME["outage_credit.schemes"].choices)


@pytest.mark.parametrize(
    ("outage", "scheme", "amount"),
    [
        # Internet 6.90 of 20.00. 65 minutes: 0.69; a day of 31 of 20.00 is 0.65.
        pytest.param(lasting(timedelta(minutes=65)), "promise", 69, id="65 minutes"),
        pytest.param(lasting(timedelta(minutes=20)), "us-att-fiber", 22, id="20 minutes: 6.90 ÷ 31"),
        pytest.param(lasting(timedelta(hours=13)), "nl-tw71a", 100, id="13 hours: at least 1.00"),
        pytest.param(lasting(timedelta(hours=25)), "nl-tw71a", 133, id="25 hours: 20.00 ÷ 30, twice"),
        pytest.param(lasting(timedelta(hours=70)), "de-tkg58", 500, id="70 hours: into the third day"),
        pytest.param(lasting(timedelta(hours=2), service="all"), "promise", 69, id="2 hours of all services"),
        # 5 × 13.10 × 1,440 ÷ 44,640 = 2.1129.
        pytest.param(lasting(timedelta(hours=24), service="all"), "es-rd899-art15", 211, id="a day of all services"),
    ],
)
def test_the_greatest_of_the_schemes_is_owed(outage: Row, scheme: str, amount: int) -> None:
    (claim,) = claims(outage, schemes=EVERY)
    decided = json.loads(claim["evidence"]).get("scheme", "promise")
    assert (decided, claim["final"]) == (scheme, amount)


def test_of_equal_schemes_the_first_decides_and_the_reference_names_it() -> None:
    long = lasting(timedelta(hours=80))
    (claim,) = claims(long, schemes=["es-rd899-art16", "promise"])
    assert (claim["final"], claim["variant"]) == (74, "law_time")
    assert claim["policy_ref"] == "es-rd899-art16: Royal Decree 899/2009 (Spain), art. 16(1): the fee, by time"
    (claim,) = claims(long, schemes=["promise", "es-rd899-art16"])
    assert (claim["final"], claim["variant"]) == (74, "by_time")
    assert claim["policy_ref"] == "Promise: outage credit without asking"
    assert json.loads(claim["evidence"])["compared"] == "promise 0.74, es-rd899-art16 0.74"


def test_the_evidence_is_what_the_amount_was_computed_from() -> None:
    (claim,) = claims(until("2026-08-08 12:00"), schemes=["de-tkg58"], fee="10.00", rest="30.00")
    figures = json.loads(claim["evidence"])
    assert {name: value for name, value in figures.items() if value is not None} == {
        "outages": "O",
        "started_at": "2026-08-03T10:00:00+02:00",
        "ended_at": "2026-08-08T12:00:00+02:00",
        "minutes": "7320",
        "cycle_minutes": 44_640,
        "fee": "40.00",
        "basis": "law_days",
        "scheme": "de-tkg58",
        "law": "TKG § 58(3)",
        "first_days": 2,
        "a_first_day": "5.00",
        "later_days": 1,
        "a_later_day": "10.00",
        "by_days": "20.00",
    }


# The limit of a cycle.


def balances(schemes: list[str], *outages: Row, **span: str) -> dict[str, str]:
    """Return what was posted after outages."""
    books = Books()
    books.post(make_night("2026-12-31", outages=outages, spans=[span], policy={"outage_credit.schemes": schemes}))
    return books.balances


def test_us_owes_at_most_the_monthly_fee_for_a_cycle() -> None:
    # 31.00: a day is 1.00; 20 days and 12 days are 31.00 at most.
    outages = [
        lasting(timedelta(days=20), "2026-08-01 00:00", outage_id="A"),
        lasting(timedelta(days=12), "2026-08-25 00:00", outage_id="B"),
    ]
    found = balances(["us-att-wireless"], *outages, fee="6.90", rest="24.10")
    assert {claim: amount.partition(" ")[0] for claim, amount in found.items()} == {
        "outage_credit|A|S final": "20.00",
        "outage_credit|B|S final": "11.00",
    }


def test_a_scheme_without_a_limit_is_not_cut_by_that_of_another() -> None:
    # 6.90 of Internet: the promise owes at most 6.90; by TKG 5 + 5 + 10 are owed of each.
    outages = [
        until("2026-08-06 12:00", "2026-08-01 10:00", outage_id="A"),
        until("2026-08-25 12:00", "2026-08-20 10:00", outage_id="B"),
    ]
    found = balances(["promise", "de-tkg58"], *outages, fee="6.90", rest="13.10")
    assert {claim: amount.partition(" ")[0] for claim, amount in found.items()} == {
        "outage_credit|A|S final": "20.00",
        "outage_credit|B|S final": "20.00",
    }


# When they hold.


@pytest.mark.parametrize("scheme", EVERY)
def test_every_scheme_is_there_with_its_values_and_their_sources(scheme: str) -> None:
    shipped = shipped_schemes()
    assert list(shipped) == EVERY
    known = {parameter.name for parameter in FAMILY}
    assert known >= set(shipped[scheme].values)
    assert all(dated.reference for values in shipped[scheme].values.values() for dated in values)


@pytest.mark.parametrize(
    ("schemes", "day", "since"),
    [
        ("de-tkg58", "2021-11-30", "2021-12-01"),
        ("us-att-wireless", "2025-01-08", "2025-01-09"),
        ("nl-tw71a", "2017-06-30", "2017-07-01"),
        ("es-rd899-art16", "2009-05-30", "2009-05-31"),
    ],
)
def test_an_outage_before_the_law_stops_the_run(schemes: str, day: str, since: str) -> None:
    def night_after(started: str) -> None:
        outage = {"started_at": f"{started} 10:00", "ended_at": f"{started} 12:00"}
        inputs = make_inputs(outages=[{"outage_id": "O", "service": "data"} | outage])
        policy = Policy.of({"outage_credit.schemes": [schemes]})
        night_of_inputs(inputs, policy, date(2026, 8, 1), lambda _, frame: frame.collect().lazy())

    with pytest.raises(ConfigError, match=f"The scheme {schemes} of outage_credit.schemes holds from {since}, but"):
        night_after(day)
    night_after(since)


def test_a_scheme_may_begin_later() -> None:
    dated = [
        {"from": date(2020, 1, 1), "value": ["promise"]},
        {"from": date(2021, 12, 1), "value": ["de-tkg58"]},
    ]
    before, after = (
        make_night(
            "2026-12-31",
            outages=[until(end, start)],
            spans=[{"row_from": date(2020, 1, 1)}],
            policy={"outage_credit.schemes": dated},
        )
        for start, end in (("2021-11-30 10:00", "2021-12-04 10:00"), ("2021-12-01 10:00", "2021-12-05 10:00"))
    )
    # 6.90 × 5,760 ÷ 43,200 = 0.92.
    assert owed(before, "outage_credit") == {"O|S": "0.92"}
    assert owed(after, "outage_credit") == {"O|S": "10.00"}


def test_what_was_posted_by_another_scheme_counts() -> None:
    books = Books()
    books.post(make_night("2026-08-29", outages=[{}]))
    changed = make_night(
        "2026-08-30", outages=[{}], policy={"outage_credit.schemes": ["us-att-wireless"]}, spans=[{"rest": "24.10"}]
    )
    assert posted(books.post(changed)) == ["outage_credit|O|S final credit 0.31 + 0.07"]
