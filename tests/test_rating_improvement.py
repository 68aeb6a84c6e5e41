"""Tests of what makes a tariff version better than another."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
import pytest

from billadjust.policy import Policy
from billadjust.rating.catalogue import mixed_changes
from billadjust.rating.improvement import improves_on
from billadjust.rating.tariffs import read_catalogue
from rating_tables import Row, Rows, make_inputs

FEES = {"monthly_fee": "10", "internet_fee": "6"}
SECONDS = {"first_increment": 1, "increment": 1}


def improves(new: dict[str, Any], old: dict[str, Any]) -> bool:
    """Whether a version improves on another, each given as fees with `rates` and `allowances`."""
    tables: dict[str, list[Row]] = {"tariffs": [], "rates": [], "allowances": []}
    for version, parts in ((1, old), (2, new)):
        fees = FEES | {name: value for name, value in parts.items() if name.endswith("fee")}
        tables["tariffs"].append({"version": version, "effective_from": f"2026-0{version}-01", **fees})
        for name in ("rates", "allowances"):
            tables[name] += [{"version": version, **row} for row in parts.get(name, [])]
    before, after = read_catalogue(make_inputs(**tables), Policy.of())["card"]
    return improves_on(after, before)


CASES: dict[str, tuple[dict[str, Any], dict[str, Any], bool]] = {
    "nothing changed": ({}, {}, False),
    "a lower fee": ({"monthly_fee": "9"}, {}, True),
    "a higher fee": ({"monthly_fee": "11"}, {}, False),
    "a lower internet fee alone makes the rest dearer": ({"internet_fee": "5"}, {}, False),
    "both parts of the fee lower": ({"monthly_fee": "8", "internet_fee": "5"}, {}, True),
    "only the internet part lower": ({"monthly_fee": "9", "internet_fee": "5"}, {}, True),
    "a dearer internet part hidden in a lower fee": ({"monthly_fee": "9", "internet_fee": "7"}, {}, False),
    "a lower price": ({"rates": [{"price": "0.09"}]}, {"rates": [{}]}, True),
    "a higher price": ({"rates": [{"price": "0.11"}]}, {"rates": [{}]}, False),
    "a lower fee and a higher price are mixed": (
        {"monthly_fee": "9", "rates": [{"price": "0.11"}]},
        {"rates": [{}]},
        False,
    ),
    "the same price for other units": ({"rates": [{"price": "0.20", "per": 120}]}, {"rates": [{}]}, False),
    "a price that is lower only by the units it pays for": (
        {"rates": [{"price": "0.20", "per": 121}]},
        {"rates": [{}]},
        True,
    ),
    "a lower connect fee": ({"rates": [{}]}, {"rates": [{"connect_fee": "0.01"}]}, True),
    "a higher connect fee": ({"rates": [{"connect_fee": "0.01"}]}, {"rates": [{}]}, False),
    "a lower minimum charge": ({"rates": [{}]}, {"rates": [{"minimum_charge": "0.01"}]}, True),
    "a higher minimum charge": (
        {"monthly_fee": "9", "rates": [{"minimum_charge": "0.01"}]},
        {"rates": [{}]},
        False,
    ),
    "seconds instead of minutes": ({"rates": [SECONDS]}, {"rates": [{}]}, True),
    "minutes instead of seconds": ({"monthly_fee": "9", "rates": [{}]}, {"rates": [SECONDS]}, False),
    "a first minute, then seconds": ({"rates": [{"increment": 1}]}, {"rates": [{}]}, True),
    "a step that does not divide the old one": (
        {"monthly_fee": "9", "rates": [{"first_increment": 40, "increment": 40}]},
        {"rates": [{}]},
        False,
    ),
    "a first step whose difference the new step does not divide": (
        {"monthly_fee": "9", "rates": [{"first_increment": 50, "increment": 20}]},
        {"rates": [{}]},
        False,
    ),
    "a first step whose difference the new step divides": (
        {"rates": [{"first_increment": 40, "increment": 20}]},
        {"rates": [{}]},
        True,
    ),
    "a zone of its own at a higher price": (
        {"monthly_fee": "9", "rates": [{}, {"zone": "eu", "price": "0.11"}]},
        {"rates": [{}]},
        False,
    ),
    "a zone of its own at a lower price": ({"rates": [{}, {"zone": "eu", "price": "0.09"}]}, {"rates": [{}]}, True),
    "a zone that is no longer named and falls back to a higher price": (
        {"monthly_fee": "9", "rates": [{}]},
        {"rates": [{}, {"zone": "eu", "price": "0.09"}]},
        False,
    ),
    "a zone that is no longer priced": (
        {"monthly_fee": "9", "rates": [{"zone": "es"}]},
        {"rates": [{"zone": "es"}, {"zone": "eu"}]},
        False,
    ),
    "a zone that is newly priced counts for nothing": (
        {"rates": [{"zone": "es"}, {"zone": "eu"}]},
        {"rates": [{"zone": "es"}]},
        False,
    ),
    "a dearer band": (
        {"monthly_fee": "9", "rates": [{}, {"band": "day", "price": "0.11"}]},
        {"rates": [{}]},
        False,
    ),
    "a cheaper band": ({"rates": [{}, {"band": "day", "price": "0.09"}]}, {"rates": [{}]}, True),
    "a zone with a band beats the other zones' band": (
        {"rates": [{}, {"band": "day", "price": "0.09"}, {"zone": "eu"}]},
        {"rates": [{}, {"band": "day", "price": "0.09"}]},
        False,
    ),
    "a service that is no longer priced": (
        {"monthly_fee": "9", "rates": [{}]},
        {"rates": [{}, {"service": "sms"}]},
        False,
    ),
    "a second tier that is cheaper": (
        {"rates": [{}, {"from_unit": 600, "price": "0.09"}]},
        {"rates": [{}]},
        True,
    ),
    "a second tier that is dearer": (
        {"monthly_fee": "9", "rates": [{}, {"from_unit": 600, "price": "0.11"}]},
        {"rates": [{}]},
        False,
    ),
    "a cheaper tier that begins later": (
        {"monthly_fee": "9", "rates": [{}, {"from_unit": 900, "price": "0.09"}]},
        {"rates": [{}, {"from_unit": 600, "price": "0.09"}]},
        False,
    ),
    "a coarser second tier": (
        {"monthly_fee": "9", "rates": [SECONDS, {"from_unit": 600, "increment": 60}]},
        {"rates": [SECONDS]},
        False,
    ),
    "a larger allowance": ({"allowances": [{"quantity": 200}]}, {"allowances": [{"quantity": 100}]}, True),
    "a smaller allowance": (
        {"monthly_fee": "9", "allowances": [{"quantity": 99}]},
        {"allowances": [{"quantity": 100}]},
        False,
    ),
    "an allowance that is gone": ({"monthly_fee": "9"}, {"allowances": [{"quantity": 100}]}, False),
    "an allowance that is new": ({"allowances": [{"quantity": 100}]}, {}, True),
    "the same zones of an allowance in another order": (
        {"allowances": [{"quantity": 200, "zones": "eu|es"}]},
        {"allowances": [{"quantity": 100, "zones": "es|eu"}]},
        True,
    ),
    "an allowance for more zones is not the like of the old one": (
        {"monthly_fee": "9", "allowances": [{"quantity": 200, "zones": "es|eu"}]},
        {"allowances": [{"quantity": 100, "zones": "es"}]},
        False,
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_version_improves_if_nothing_is_worse_and_something_better(case: str) -> None:
    new, old, better = CASES[case]
    assert improves(new, old) is better


VERSIONS: Rows = [
    {"monthly_fee": "10", "internet_fee": "6"},
    {"version": 2, "effective_from": "2026-03-01", "monthly_fee": "9", "internet_fee": "7"},
    {"version": 3, "effective_from": "2026-05-01", "monthly_fee": "9", "internet_fee": "6"},
    {"version": 4, "effective_from": "2026-06-01", "monthly_fee": "9.50", "internet_fee": "6"},
]


@pytest.mark.parametrize(
    ("as_of", "mixed"),
    [
        ("2026-02-28", []),
        ("2026-03-01", [("card", 2)]),
        ("2026-05-31", [("card", 2)]),
        ("2026-06-01", [("card", 2), ("card", 4)]),
    ],
)
def test_a_version_that_counts_and_does_not_improve_on_the_chain_is_a_mixed_change(
    as_of: str, mixed: list[tuple[str, int]]
) -> None:
    found = mixed_changes(make_inputs(tariffs=VERSIONS), Policy.of(), date.fromisoformat(as_of))
    assert found.collect().rows() == mixed


def test_a_mixed_change_counts_when_existing_customers_get_it() -> None:
    policy = Policy.of({"tariff_improvement.existing_first_days": 10})
    inputs = make_inputs(tariffs=VERSIONS[:2])
    assert mixed_changes(inputs, policy, date(2026, 2, 18)).collect().is_empty()
    assert mixed_changes(inputs, policy, date(2026, 2, 19)).collect().rows() == [("card", 2)]


@pytest.mark.parametrize(("valid_to", "reported"), [("2026-06-01", []), ("2026-06-02", [("card", 2)])])
def test_mixed_changes_of_a_tariff_that_nobody_has_are_not_reported(
    valid_to: str, reported: list[tuple[str, int]]
) -> None:
    inputs = make_inputs(subscriptions=[{"valid_to": valid_to}], tariffs=VERSIONS[:2])
    assert mixed_changes(inputs, Policy.of(), date(2026, 6, 1)).collect().rows() == reported


def test_a_comparison_that_needs_a_rejected_row_is_not_reported() -> None:
    inputs = make_inputs(taken_tariffs=[{"tariff_id": "card", "version": 3}], tariffs=VERSIONS)
    assert mixed_changes(inputs, Policy.of(), date(2026, 6, 1)).collect().rows() == [("card", 2)]


def test_improvement_is_worked_out_from_exact_fractions() -> None:
    third, rounded = {"price": "1", "per": 3}, {"price": "0.333333", "per": 1}
    assert improves({"rates": [rounded]}, {"rates": [third]})
    assert not improves({"rates": [third]}, {"rates": [rounded]})


def test_mixed_changes_have_the_columns_of_a_version() -> None:
    schema = mixed_changes(make_inputs(), Policy.of(), date(2026, 6, 1)).collect_schema()
    assert schema == {"tariff_id": pl.String, "version": pl.Int64}
