"""The reference model's versions, improvement and rating, with figures by hand."""

from __future__ import annotations

from datetime import date, datetime
from fractions import Fraction

import pytest

from reference import CONTRACT, IMPROVED, Row
from reference_cases import (
    catalogue,
    lower,
)


@pytest.mark.parametrize(
    ("provisioned", "day", "contract", "improved"),
    [
        pytest.param(None, "2025-03-01", 1, 2, id="moved up on the day the better version takes effect"),
        pytest.param(None, "2025-02-28", 1, 1, id="not the day before"),
        pytest.param(2, "2025-03-01", 1, 2, id="provisioning the better version changes nothing"),
        pytest.param(3, "2025-04-01", 3, 3, id="a dearer version that was agreed is the contract"),
        pytest.param(3, "2025-05-01", 3, 4, id="and moves up from there"),
        pytest.param(3, "2025-03-31", 1, 2, id="but not before it takes effect"),
        pytest.param(None, "2025-05-01", 1, 4, id="the dearer one is passed over"),
    ],
)
def test_versions_of_a_day(provisioned: int | None, day: str, contract: int, improved: int) -> None:
    versions = [lower("2025-03-01", "9.00"), lower("2025-04-01", "9.50"), lower("2025-05-01", "8.00")]
    rating = catalogue(*versions, row={"tariff_version": provisioned})
    found = [rating.version_on("S", date.fromisoformat(day), choice) for choice in (CONTRACT, IMPROVED)]
    assert found == [("card", contract), ("card", improved)]


VOICE: Row = {
    "tariff_id": "card",
    "version": 1,
    "service": "voice",
    "zone": "*",
    "price": "0.10",
    "per": 60,
    "first_increment": 60,
    "increment": 30,
}


@pytest.mark.parametrize(
    ("changes", "better"),
    [
        pytest.param({}, False, id="the same"),
        pytest.param({"price": "0.09"}, True, id="cheaper"),
        pytest.param({"per": 61}, True, id="cheaper by the unit"),
        pytest.param({"price": "0.09", "connect_fee": "0.01"}, False, id="cheaper but with a connect fee"),
        pytest.param({"first_increment": 30, "increment": 30}, True, id="a shorter first step on the old grid"),
        pytest.param({"first_increment": 45, "increment": 30}, False, id="a shorter first step off the old grid"),
        pytest.param({"first_increment": 60, "increment": 15}, True, id="steps that divide the old ones"),
        pytest.param({"first_increment": 60, "increment": 20}, False, id="steps that do not"),
        pytest.param({"zone": "national"}, False, id="everywhere else is no longer priced"),
        pytest.param({"band": "night"}, False, id="the day is no longer priced"),
    ],
)
def test_improvement_of_a_rate(changes: Row, *, better: bool) -> None:
    later = VOICE | {"version": 2} | changes
    night = [{"band": "night", "weekday": 1, "start_time": 0, "end_time": 3600}]
    rating = catalogue({"effective_from": "2025-03-01"}, rates=[VOICE, later], bands=night)
    assert rating.improves(("card", 2), ("card", 1)) is better


@pytest.mark.parametrize(
    ("quantity", "units", "cost"),
    [
        (1, 60, "0.10"),  # the first step
        (61, 90, "0.15"),  # the first tier is rounded up, at most to its end
        (95, 100, "0.16"),  # 90 + 10 of the second tier: 0.15 + 10 x 0.001
        (101, 110, "0.17"),
    ],
)
def test_tiers_are_rounded_apart_and_priced_together(quantity: int, units: int, cost: str) -> None:
    second = VOICE | {"from_unit": 90, "price": "0.001", "per": 1, "increment": 10, "connect_fee": 5}
    call = {"cdr_id": "C", "subscription_id": "S", "service": "voice", "started_at": "2025-05-01T10:00:00+00:00"}
    rating = catalogue(rates=[VOICE, second], cdrs=[call | {"zone": "x", "quantity": quantity, "charged": 0}])
    found = rating.costs(CONTRACT)["C"]
    assert (found.units, found.cost) == (Fraction(units), Fraction(cost))


def test_the_band_of_the_repeated_hour_goes_by_the_clock_on_the_wall() -> None:
    bands = [{"band": "early", "weekday": 7, "start_time": 2 * 3600, "end_time": 3 * 3600}]
    rating = catalogue(rates=[VOICE, VOICE | {"band": "early"}], bands=bands)
    walls = ["2025-10-26T02:30:00+02:00", "2025-10-26T02:30:00+01:00", "2025-10-26T03:00:00+01:00"]
    found = [rating.band_of(("card", 1), datetime.fromisoformat(wall)) for wall in walls]
    assert found == ["early", "early", None]
