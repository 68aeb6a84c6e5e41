"""Tests of which tariff versions a subscription has on which days."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
import pytest

from billadjust.errors import ConfigError
from billadjust.policy import Policy
from billadjust.rating.catalogue import spans
from billadjust.schemas import FOREVER, Spans
from rating_tables import Row, Rows, make_inputs

# 1 → 2 improves, 3 is dearer than both, 4 improves on 2 and on 3.
VERSIONS: Rows = [
    {"monthly_fee": "10"},
    {"version": 2, "effective_from": "2026-03-01", "monthly_fee": "9"},
    {"version": 3, "effective_from": "2026-04-01", "monthly_fee": "11"},
    {"version": 4, "effective_from": "2026-05-01", "monthly_fee": "8"},
]

Stretch = tuple[str, str, int | None, int | None]


def stretches(*rows: Row, policy: dict[str, Any] | None = None, tariffs: Rows | None = None) -> list[Stretch]:
    """Return (day_from, day_to, contract version, improved version) of each stretch; an open end is "open"."""
    inputs = make_inputs(subscriptions=list(rows), tariffs=tariffs or VERSIONS)
    frame = spans(inputs, Policy.of(policy)).collect()
    Spans.validate(frame)
    columns = ("day_from", "day_to", "contract_version", "improved_version")
    return [
        (str(start), "open" if end == FOREVER else str(end), contract, improved)
        for start, end, contract, improved in frame.select(columns).rows()
    ]


def test_existing_customers_move_along_the_improvements_and_past_what_is_dearer() -> None:
    assert stretches({}) == [
        ("2026-01-01", "2026-03-01", 1, 1),
        ("2026-03-01", "2026-05-01", 1, 2),
        ("2026-05-01", "open", 1, 4),
    ]


@pytest.mark.parametrize(("valid_from", "base"), [("2026-03-31", 2), ("2026-04-01", 3)])
def test_the_base_version_is_the_newest_one_effective_on_the_first_day(valid_from: str, base: int) -> None:
    assert stretches({"valid_from": valid_from, "valid_to": "2026-04-10"})[-1][2] == base


def test_rows_of_the_same_tariff_without_a_gap_share_the_first_ones_base_version() -> None:
    rows = [{"valid_to": "2026-04-10"}, {"valid_from": "2026-04-10", "valid_to": "2026-04-20"}]
    assert stretches(*rows)[-1] == ("2026-04-10", "2026-04-20", 1, 2)


def test_a_gap_of_one_day_begins_a_new_contract() -> None:
    rows = [{"valid_to": "2026-04-10"}, {"valid_from": "2026-04-11", "valid_to": "2026-04-20"}]
    assert stretches(*rows)[-1] == ("2026-04-11", "2026-04-20", 3, 3)


def test_another_tariff_in_between_begins_a_new_contract() -> None:
    rows = [
        {"valid_to": "2026-03-10"},
        {"valid_from": "2026-03-10", "valid_to": "2026-04-10", "tariff_id": "flat"},
        {"valid_from": "2026-04-10", "valid_to": "2026-04-20"},
    ]
    assert stretches(*rows, tariffs=[*VERSIONS, {"tariff_id": "flat"}]) == [
        ("2026-01-01", "2026-03-01", 1, 1),
        ("2026-03-01", "2026-03-10", 1, 2),
        ("2026-03-10", "2026-04-10", 1, 1),
        ("2026-04-10", "2026-04-20", 3, 3),
    ]


def test_the_rows_of_another_subscription_are_not_followed() -> None:
    rows = [{"valid_to": "2026-04-10"}, {"subscription_id": "T", "valid_from": "2026-04-10", "valid_to": "2026-04-20"}]
    assert stretches(*rows)[-1] == ("2026-04-10", "2026-04-20", 3, 3)


@pytest.mark.parametrize(
    ("provisioned", "expected"),
    [
        # in the chain: that the subscription was already moved does not make yesterday's price an error
        (2, ("2026-03-01", "2026-04-10", 1, 2)),
        # dearer than what the chain has reached: agreed upon
        (3, ("2026-04-01", "2026-04-10", 3, 3)),
        # not effective yet
        (4, ("2026-03-01", "2026-04-10", 1, 2)),
        (1, ("2026-03-01", "2026-04-10", 1, 2)),
        (None, ("2026-03-01", "2026-04-10", 1, 2)),
    ],
)
def test_the_contract_version_is_what_provisioning_has_unless_an_improvement_led_there(
    provisioned: int | None, expected: Stretch
) -> None:
    assert stretches({"valid_to": "2026-04-10", "tariff_version": provisioned})[-1] == expected


def test_an_older_version_that_provisioning_kept_is_the_contract() -> None:
    assert stretches({"valid_from": "2026-04-01", "valid_to": "2026-06-01", "tariff_version": 2}) == [
        ("2026-04-01", "2026-05-01", 2, 2),
        ("2026-05-01", "2026-06-01", 2, 4),
    ]


def test_a_version_in_provisioning_is_the_contract_only_from_the_day_it_is_effective() -> None:
    assert stretches({"tariff_version": 3, "valid_to": "2026-04-02"}) == [
        ("2026-01-01", "2026-03-01", 1, 1),
        ("2026-03-01", "2026-04-01", 1, 2),
        ("2026-04-01", "2026-04-02", 3, 3),
    ]


def test_existing_customers_get_a_better_version_first() -> None:
    policy = {"tariff_improvement.existing_first_days": 10}
    assert stretches({"valid_to": "2026-03-05"}, policy=policy) == [
        ("2026-01-01", "2026-02-19", 1, 1),
        ("2026-02-19", "2026-03-05", 1, 2),
    ]


def test_the_days_of_advance_are_those_in_force_when_the_version_becomes_effective() -> None:
    days = [{"from": date(2026, 1, 1), "value": 0}, {"from": date(2026, 3, 1), "value": 20}]
    policy = {"tariff_improvement.existing_first_days": days}
    assert stretches({"valid_to": "2026-03-05"}, policy=policy)[1][0] == "2026-02-09"


def test_a_later_version_that_counts_earlier_is_compared_in_the_order_of_the_effective_dates() -> None:
    days = [{"from": date(2026, 1, 1), "value": 0}, {"from": date(2026, 3, 15), "value": 31}]
    versions: Rows = [
        {"monthly_fee": "10"},
        {"version": 2, "effective_from": "2026-03-10", "monthly_fee": "7"},
        {"version": 3, "effective_from": "2026-03-20", "monthly_fee": "8"},
    ]
    policy = {"tariff_improvement.existing_first_days": days}
    assert stretches({"valid_to": "2026-03-31"}, policy=policy, tariffs=versions) == [
        ("2026-01-01", "2026-02-17", 1, 1),
        ("2026-02-17", "2026-03-10", 1, 3),
        ("2026-03-10", "2026-03-31", 1, 2),
    ]


def test_a_version_effective_before_the_parameter_has_a_value_is_an_error() -> None:
    policy = {"tariff_improvement.existing_first_days": [{"from": date(2026, 1, 2), "value": 0}]}
    with pytest.raises(ConfigError, match=r"tariff_improvement\.existing_first_days has no value on 2026-01-01"):
        stretches({}, policy=policy)


@pytest.mark.parametrize(
    ("provisioned", "expected"),
    [
        (None, [("2025-12-01", "open", None, None)]),
        (1, [("2025-12-01", "2026-01-01", None, None), ("2026-01-01", "2026-03-01", 1, 1)]),
        (2, [("2025-12-01", "2026-03-01", None, None), ("2026-03-01", "2026-05-01", 2, 2)]),
    ],
)
def test_before_the_first_version_only_provisioning_can_tell_the_version(
    provisioned: int | None, expected: list[Stretch]
) -> None:
    found = stretches({"valid_from": "2025-12-01", "tariff_version": provisioned})
    assert found[: len(expected)] == expected


def test_a_span_carries_the_fees_of_its_versions_and_the_bounds_of_its_row() -> None:
    inputs = make_inputs(
        accounts=[{"bill_cycle_day": 16}],
        subscriptions=[{"valid_to": "2026-04-01", "region": "north"}],
        tariffs=[
            {"monthly_fee": "8.30", "internet_fee": "6.90"},
            {"version": 2, "effective_from": "2026-03-01", "monthly_fee": "8", "internet_fee": "6.60"},
        ],
    )
    row = spans(inputs, Policy.of()).collect().row(1, named=True)
    assert row == {
        "subscription_id": "S",
        "account_id": "A",
        "bill_cycle_day": 16,
        "region": "north",
        "row_from": date(2026, 1, 1),
        "row_to": date(2026, 4, 1),
        "day_from": date(2026, 3, 1),
        "day_to": date(2026, 4, 1),
        "tariff_id": "card",
        "tariff_version": None,
        "contract_version": 1,
        "improved_version": 2,
        "contract_monthly_fee": 8_300_000,
        "contract_internet_fee": 6_900_000,
        "improved_monthly_fee": 8_000_000,
        "improved_internet_fee": 6_600_000,
        "usable": True,
    }


@pytest.mark.parametrize(
    ("version", "usable"),
    [
        (1, [False, False, False]),
        (2, [True, False, False]),
        (4, [True, True, False]),
    ],
)
def test_days_are_unusable_from_the_one_on_which_a_taken_version_is_compared(version: int, usable: list[bool]) -> None:
    inputs = make_inputs(
        taken_tariffs=[{"tariff_id": "card", "version": version}],
        subscriptions=[{"valid_to": "2026-06-01"}],
        tariffs=VERSIONS,
    )
    found = spans(inputs, Policy.of()).collect()
    days = {date(2026, 2, 1): 0, date(2026, 3, 15): 1, date(2026, 5, 15): 2}
    for day, position in days.items():
        on_day = found.filter(pl.col("day_from") <= day, pl.col("day_to") > day)
        assert on_day["usable"].to_list() == [usable[position]], day


def test_a_taken_version_that_the_subscription_never_meets_does_no_harm() -> None:
    inputs = make_inputs(
        taken_tariffs=[{"tariff_id": "card", "version": 1}],
        subscriptions=[{"valid_from": "2026-03-01"}],
        tariffs=VERSIONS,
    )
    assert spans(inputs, Policy.of()).collect()["usable"].all()


def test_a_taken_subscription_is_unusable_and_its_neighbour_is_not() -> None:
    inputs = make_inputs(taken_subscriptions=[{"subscription_id": "S"}], subscriptions=[{}, {"subscription_id": "T"}])
    usable = spans(inputs, Policy.of()).collect().select("subscription_id", "usable").rows()
    assert usable == [("S", False), ("T", True)]


def test_a_row_of_no_days_has_no_span() -> None:
    assert stretches({"valid_from": "2026-02-01", "valid_to": "2026-02-01"}) == []
