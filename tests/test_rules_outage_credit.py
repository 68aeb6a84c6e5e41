"""§6.5: incidents, who was met by them, and what each owes. The fee is 6.90; August 2026 has 44,640 minutes."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import polars as pl
import pytest

from nights import day, make_night, owed, state
from rating_tables import local

TWO_HOURS = {"started_at": "2026-08-25 10:00", "ended_at": "2026-08-25 12:00"}


def credited(outages: list[dict[str, Any]], *spans: dict[str, Any], **policy: object) -> dict[str, str]:
    """Return what is owed after outages to subscriptions with these differences."""
    night = make_night("2026-12-31", outages=outages, spans=spans or [{}], policy=policy)
    return owed(night, "outage_credit")


def lasting(length: timedelta, started_at: datetime | None = None) -> dict[str, Any]:
    """Return an outage of a length."""
    start = started_at or local("2026-08-25 14:00")
    return {"started_at": start, "ended_at": start + length}


@pytest.mark.parametrize(
    ("outage", "expected"),
    [
        pytest.param({}, {"O|S": "0.69"}, id="65 minutes are 0.01, 10 % is 0.69"),
        pytest.param(lasting(timedelta(hours=80)), {"O|S": "0.74"}, id="80 hours are 0.7419"),
        pytest.param(lasting(timedelta(minutes=60)), {"O|S": "0.69"}, id="60 minutes"),
        pytest.param(lasting(timedelta(minutes=60, microseconds=-1)), {}, id="59 minutes 59.999999 seconds"),
        pytest.param({"service": "all"}, {"O|S": "0.69"}, id="all services"),
        pytest.param({"service": "voice"}, {}, id="voice only"),
        pytest.param({"service": "sms"}, {}, id="messages only"),
        pytest.param({"ended_at": None}, {}, id="still going on"),
    ],
)
def test_an_outage_of_internet_access_is_credited(outage: dict[str, Any], expected: dict[str, str]) -> None:
    assert credited([outage]) == expected


@pytest.mark.parametrize(
    ("minutes", "expected"),
    [
        # 6.90 × 4,496 ÷ 44,640 = 0.69494; 6.90 × 4,497 ÷ 44,640 = 0.69510: 0.69 and 0.70.
        pytest.param(4_496, "0.69", id="time and share are equal"),
        pytest.param(4_497, "0.70", id="time is a cent more"),
    ],
)
def test_the_greater_of_share_and_time_counts(minutes: int, expected: str) -> None:
    assert credited([lasting(timedelta(minutes=minutes), local("2026-08-03 00:00"))]) == {"O|S": expected}


def test_seconds_count() -> None:
    # 4,496 minutes 21.7 seconds are exactly 0.695 of 6.90 ÷ 44,640 a minute: 0.695 × 44,640 ÷ 6.90 = 4,496.3478 minutes.
    just = timedelta(minutes=4_496, seconds=20.87)
    start = local("2026-08-03 00:00")
    assert credited([lasting(just, start)]) == {"O|S": "0.70"}
    assert credited([lasting(just - timedelta(seconds=0.01), start)]) == {"O|S": "0.69"}


@pytest.mark.parametrize(
    ("cycle_day", "started_at", "expected"),
    [
        # 6.90 × 4,800 ÷ 44,700 = 0.74094 in October, which has the hour twice; ÷ 43,200 = 0.76667 in September.
        pytest.param(1, "2026-10-05 00:00", "0.74", id="October has 44,700 minutes"),
        pytest.param(1, "2026-09-05 00:00", "0.77", id="September has 43,200 minutes"),
        pytest.param(16, "2026-10-05 00:00", "0.77", id="16 September to 16 October has 43,200 minutes"),
        pytest.param(16, "2026-10-20 00:00", "0.74", id="16 October to 16 November has 44,700 minutes"),
    ],
)
def test_the_time_is_a_part_of_the_cycle_in_which_the_incident_starts(
    cycle_day: int, started_at: str, expected: str
) -> None:
    outage = lasting(timedelta(hours=80), local(started_at))
    assert credited([outage], {"bill_cycle_day": cycle_day}) == {"O|S": expected}


def test_a_fee_below_a_cent_is_multiplied_before_it_is_rounded() -> None:
    # 10 % of 0.049 is 0.0049, of 0.05 it is 0.005.
    assert credited([{}], {"fee": "0.049"}) == {"O|S": "0.00"}
    assert credited([{}], {"fee": "0.05"}) == {"O|S": "0.01"}


# Outages that overlap or touch are one incident, for each region.


@pytest.mark.parametrize(
    ("second", "expected"),
    [
        pytest.param("11:00", {"A|S": "0.69"}, id="they touch"),
        pytest.param("10:30", {"A|S": "0.69"}, id="they overlap"),
        pytest.param("11:01", {"A|S": "0.69", "B|S": "0.69"}, id="a minute lies between them"),
    ],
)
def test_outages_are_merged_where_they_overlap_or_touch(second: str, expected: dict[str, str]) -> None:
    outages = [
        {"outage_id": "B", "started_at": f"2026-08-25 {second}", "ended_at": "2026-08-25 13:00"},
        {"outage_id": "A", "started_at": "2026-08-25 10:00", "ended_at": "2026-08-25 11:00"},
    ]
    assert credited(outages) == expected


def test_short_outages_that_touch_are_long_enough_together() -> None:
    outages = [
        {"outage_id": "A", "started_at": "2026-08-25 10:00", "ended_at": "2026-08-25 10:30"},
        {"outage_id": "B", "started_at": "2026-08-25 10:30", "ended_at": "2026-08-25 11:00"},
    ]
    assert credited(outages) == {"A|S": "0.69"}


def test_an_outage_inside_a_longer_one_does_not_end_the_incident() -> None:
    outages = [
        {"outage_id": "A", "started_at": "2026-08-25 10:00", "ended_at": "2026-08-25 15:00"},
        {"outage_id": "B", "started_at": "2026-08-25 11:00", "ended_at": "2026-08-25 12:00"},
        {"outage_id": "C", "started_at": "2026-08-25 14:00", "ended_at": "2026-08-25 16:00"},
    ]
    claim = state(make_night("2026-12-31", outages=outages)).to_dicts()[0]
    assert claim["source_ref"] == "A, B, C"
    assert json.loads(claim["evidence"])["minutes"] == "360"


def test_of_outages_that_start_together_the_lower_identifier_names_the_claim() -> None:
    assert credited([TWO_HOURS | {"outage_id": "B"}, TWO_HOURS | {"outage_id": "A"}]) == {"A|S": "0.69"}


def test_voice_between_two_outages_does_not_join_them() -> None:
    outages = [
        {"outage_id": "A", "started_at": "2026-08-25 10:00", "ended_at": "2026-08-25 11:00"},
        {"outage_id": "V", "service": "voice", "started_at": "2026-08-25 10:00", "ended_at": "2026-08-25 13:00"},
        {"outage_id": "B", "started_at": "2026-08-25 12:00", "ended_at": "2026-08-25 13:00"},
    ]
    assert credited(outages) == {"A|S": "0.69", "B|S": "0.69"}


# An outage without region belongs to every region.

NORTH = {"outage_id": "N", "region": "north"} | TWO_HOURS


@pytest.mark.parametrize(
    ("region", "expected"),
    [("north", {"N|S": "0.69"}), ("south", {}), (None, {})],
)
def test_an_outage_of_a_region_meets_the_subscriptions_there(region: str | None, expected: dict[str, str]) -> None:
    assert credited([NORTH], {"region": region}) == expected


@pytest.mark.parametrize("region", ["north", "south", None])
def test_an_outage_everywhere_meets_every_subscription(region: str | None) -> None:
    elsewhere = {
        "outage_id": "M",
        "region": "north",
        "started_at": "2026-08-01 10:00",
        "ended_at": "2026-08-01 10:01",
    }
    assert credited([{}, elsewhere], {"region": region}) == {"O|S": "0.69"}


def test_a_regional_outage_joins_one_everywhere_for_its_region_only() -> None:
    everywhere = {"outage_id": "E", "started_at": "2026-08-25 12:00", "ended_at": "2026-08-25 14:00"}
    spans = [{"region": "north"}, {"subscription_id": "T", "region": "south"}]
    assert credited([NORTH, everywhere], *spans) == {"N|S": "0.69", "E|T": "0.69"}


def test_outages_of_two_regions_do_not_join() -> None:
    south = {"outage_id": "S", "region": "south", "started_at": "2026-08-25 11:00", "ended_at": "2026-08-25 14:00"}
    spans = [{"region": "north"}, {"subscription_id": "T", "region": "south"}]
    assert credited([NORTH, south], *spans) == {"N|S": "0.69", "S|T": "0.69"}


def test_who_moves_between_regions_is_met_once_by_incidents_that_share_an_outage() -> None:
    everywhere = {"outage_id": "E", "started_at": "2026-08-25 12:00", "ended_at": "2026-08-26 12:00"}
    moved = day("2026-08-26")
    before = {"region": "north", "row_to": moved}
    after = {"region": "south", "row_from": moved}
    assert credited([NORTH, everywhere], before, after) == {"N|S": "0.69"}


def test_who_moves_away_before_a_regional_outage_is_not_met_by_it() -> None:
    moved = day("2026-08-25")
    assert credited([NORTH], {"region": "north", "row_to": moved}, {"region": "south", "row_from": moved}) == {}


def test_who_moves_between_incidents_without_a_common_outage_is_met_by_both() -> None:
    south = {"outage_id": "Z", "region": "south", "started_at": "2026-08-26 11:00", "ended_at": "2026-08-26 14:00"}
    moved = day("2026-08-26")
    before = {"region": "north", "row_to": moved}
    after = {"region": "south", "row_from": moved}
    assert credited([NORTH, south], before, after) == {"N|S": "0.69", "Z|S": "0.69"}


# A subscription takes part if it has Internet access at any moment of the incident.

NIGHT = {"started_at": "2026-08-25 22:00", "ended_at": "2026-08-26 02:00"}


@pytest.mark.parametrize(
    ("span", "expected"),
    [
        pytest.param({"row_from": day("2026-08-26")}, {"O|S": "0.69"}, id="from the incident's last day"),
        pytest.param({"row_from": day("2026-08-27")}, {}, id="from the day after"),
        pytest.param({"row_to": day("2026-08-26")}, {"O|S": "0.69"}, id="until the incident's first day"),
        pytest.param({"row_to": day("2026-08-25")}, {}, id="until the day before"),
        pytest.param({"fee": "0"}, {}, id="a tariff without Internet access"),
        pytest.param({"usable": False}, {}, id="a rejected row takes it along"),
    ],
)
def test_a_subscription_takes_part_if_it_has_internet_access_at_some_moment(
    span: dict[str, Any], expected: dict[str, str]
) -> None:
    assert credited([NIGHT], span) == expected


def test_an_incident_that_ends_at_midnight_does_not_reach_the_next_day() -> None:
    until_midnight = {"started_at": "2026-08-25 22:00", "ended_at": "2026-08-26 00:00"}
    assert credited([until_midnight], {"row_from": day("2026-08-26")}) == {}


def test_the_fee_is_that_at_the_start_of_the_incident() -> None:
    changed = day("2026-08-26")
    assert credited([NIGHT], {"row_to": changed}, {"row_from": changed, "fee": "50.00"}) == {"O|S": "0.69"}


def test_the_fee_is_that_of_the_first_day_with_internet_access_if_that_is_later() -> None:
    changed = day("2026-08-26")
    spans = [{"row_to": changed, "fee": "0"}, {"row_from": changed, "fee": "50.00"}]
    assert credited([NIGHT], *spans) == {"O|S": "5.00"}


def test_nothing_is_owed_while_the_fee_at_the_start_is_not_known() -> None:
    changed = day("2026-08-26")
    spans = [{"row_to": changed, "usable": False, "fee": "0"}, {"row_from": changed, "fee": "50.00"}]
    assert credited([NIGHT], *spans) == {}


@pytest.mark.parametrize(
    ("started_at", "expected"),
    [
        pytest.param("2026-08-24 23:30", {"O|S": "0.69"}, id="on the day before the change"),
        pytest.param("2026-08-25 00:00", {"O|S": "1.38"}, id="on the day of the change"),
    ],
)
def test_the_share_is_that_of_the_local_date_of_the_start(started_at: str, expected: dict[str, str]) -> None:
    percent = [{"from": day("2020-01-01"), "value": 10}, {"from": day("2026-08-25"), "value": 20}]
    outage = {"started_at": started_at, "ended_at": "2026-08-25 12:00"}
    assert credited([outage], **{"outage_credit.percent": percent}) == expected


def test_nothing_is_owed_where_the_credit_is_switched_off() -> None:
    assert credited([{}], **{"outage_credit.enabled": False}) == {}


# That of the newest recurring line without item, else the policy's.


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        pytest.param([], 210_000, id="no line: the policy's"),
        pytest.param([{"tax_rate": "10"}], 100_000, id="one line"),
        pytest.param(
            [
                {"tax_rate": "10", "issue_date": "2026-03-01"},
                {"tax_rate": "4", "issue_date": "2026-02-01", "invoice_id": "J"},
            ],
            100_000,
            id="the newest by issue date",
        ),
        pytest.param([{"tax_rate": "10", "invoice_id": "J"}, {"tax_rate": "4"}], 100_000, id="of one date, by invoice"),
        pytest.param([{"tax_rate": "4"}, {"tax_rate": "10"}], 100_000, id="of one invoice, by line"),
        pytest.param([{"tax_rate": "10"}, {"tax_rate": "4", "item": "x"}], 100_000, id="not an add-on"),
        pytest.param([{"tax_rate": "10"}, {"tax_rate": "4", "kind": "usage"}], 100_000, id="not usage"),
        pytest.param([{"tax_rate": "10"}, {"tax_rate": "4", "subscription_id": "T"}], 100_000, id="not another's"),
    ],
)
def test_the_tax_rate_is_that_of_the_newest_fee(lines: list[dict[str, Any]], expected: int) -> None:
    night = make_night("2026-12-31", outages=[{}], lines=[{"charged": "6.90"} | line for line in lines])
    assert state(night)["tax_rate"].to_list() == [expected]


def test_the_policys_tax_rate_is_that_of_the_day_of_the_outage() -> None:
    rates = [{"from": day("2020-01-01"), "value": 21}, {"from": day("2026-08-25"), "value": 22}]
    night = make_night("2026-12-31", outages=[{}], policy={"tax_rate": rates})
    assert state(night)["tax_rate"].to_list() == [220_000]


def test_the_evidence_is_what_the_amount_was_computed_from() -> None:
    claim = state(make_night("2026-12-31", outages=[{}])).to_dicts()[0]
    assert json.loads(claim["evidence"]) == {
        "outages": "O",
        "started_at": "2026-08-25T14:00:00+02:00",
        "ended_at": "2026-08-25T15:05:00+02:00",
        "minutes": "65",
        "cycle_minutes": 44_640,
        "fee": "6.90",
        "percent": "10",
        "by_share": "0.69",
        "by_time": "0.01",
        "at_most": "6.90",
    }


def test_incidents_are_few_rows_however_many_subscriptions_there_are() -> None:
    spans = [{"subscription_id": f"S{number}"} for number in range(50)]
    night = make_night("2026-12-31", outages=[{}, TWO_HOURS | {"outage_id": "B"}], spans=spans)
    claims = state(night)
    assert claims.height == 100
    assert claims["claim"].n_unique() == 100
    assert claims.group_by("pool").agg(pl.len())["len"].unique().to_list() == [2]
