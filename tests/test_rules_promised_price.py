"""§6.2: what a line was charged above the price promised for its item."""

from __future__ import annotations

import json
from typing import Any

import polars as pl
import pytest

from nights import day, make_night, owed, state

HANDSET = {"charged": "149.00", "kind": "device", "item": "handset"}
"""Billed for February 2026."""


def promised(line: dict[str, Any], *promises: dict[str, Any], **policy: object) -> dict[str, str]:
    """Return what is owed on a handset with these differences."""
    night = make_night("2026-03-01", lines=[HANDSET | line], promises=promises, policy=policy)
    return owed(night, "promised_price")


@pytest.mark.parametrize(
    ("line", "promise", "expected"),
    [
        pytest.param({}, {}, {"I|1": "149.00"}, id="a handset at zero"),
        pytest.param({}, {"price": "99.00"}, {"I|1": "50.00"}, id="a handset at 99.00"),
        pytest.param({}, {"price": "149.00"}, {}, id="charged as promised"),
        pytest.param({}, {"price": "200.00"}, {}, id="charged less than promised"),
        pytest.param({"quantity": "2"}, {"price": "50.00"}, {"I|1": "49.00"}, id="the price is of one"),
        pytest.param({"quantity": "3"}, {"price": "0.335"}, {"I|1": "147.99"}, id="3 of 0.335 are 1.005, so 1.01"),
        pytest.param({"quantity": "0.5"}, {"price": "10.00"}, {"I|1": "144.00"}, id="half of one"),
        pytest.param(
            {"quantity": "1000000000000"}, {"price": "100000"}, {}, id="the highest price, of the highest quantity"
        ),
        pytest.param({"quantity": "-1"}, {"price": "10.00"}, {"I|1": "149.00"}, id="never more than the charge"),
        pytest.param({"charged": "-149.00"}, {}, {}, id="a line that gives back"),
        pytest.param({"item": None}, {}, {}, id="a line without item"),
        pytest.param({}, {"item": "cable"}, {}, id="a promise of something else"),
        pytest.param({}, {"account_id": "B"}, {}, id="a promise to somebody else"),
        pytest.param({}, {"subscription_id": "S"}, {"I|1": "149.00"}, id="a promise for this line"),
        pytest.param({}, {"subscription_id": "T"}, {}, id="a promise for another line"),
        pytest.param(
            {"subscription_id": None}, {"subscription_id": "S"}, {}, id="a promise for a line, and none named"
        ),
        pytest.param({"subscription_id": None}, {}, {"I|1": "149.00"}, id="a promise for any, and none named"),
        pytest.param({"contract": "20.00"}, {"price": "18.00"}, {"I|1": "131.00"}, id="other rules do not matter here"),
    ],
)
def test_a_line_that_costs_more_than_promised(
    line: dict[str, Any], promise: dict[str, Any], expected: dict[str, str]
) -> None:
    assert promised(line, promise) == expected


@pytest.mark.parametrize("kind", ["recurring", "usage", "discount", "exit_fee", "device", "one_off"])
@pytest.mark.parametrize(
    ("promise", "holds"),
    [
        pytest.param({"valid_from": "2026-02-01"}, True, id="from the line's first day"),
        pytest.param({"valid_from": "2026-01-01", "valid_to": "2026-02-02"}, True, id="until the day after the first"),
    ],
)
def test_a_promise_that_is_valid_on_the_lines_first_day_holds_for_every_kind(
    kind: str, promise: dict[str, Any], holds: bool
) -> None:
    assert bool(promised({"kind": kind}, promise)) is holds


@pytest.mark.parametrize("kind", ["recurring", "usage", "discount", "exit_fee", "switch_fee"])
@pytest.mark.parametrize(
    "promise",
    [
        pytest.param({"valid_from": "2026-02-02"}, id="from the day after the first"),
        pytest.param({"valid_from": "2026-01-01", "valid_to": "2026-02-01"}, id="until the first day, exclusive"),
    ],
)
def test_a_promise_that_is_not_valid_on_the_lines_first_day_does_not_hold(kind: str, promise: dict[str, Any]) -> None:
    assert promised({"kind": kind}, promise) == {}


@pytest.mark.parametrize("kind", ["device", "one_off"])
@pytest.mark.parametrize(
    ("promise", "holds"),
    [
        pytest.param({"valid_from": "2026-02-28"}, True, id="it begins on the line's last day"),
        pytest.param({"valid_from": "2026-03-01"}, False, id="it begins on the day after the line's last"),
        pytest.param({"valid_from": "2024-01-01", "valid_to": "2025-02-01"}, True, id="it ended 12 months before"),
        pytest.param(
            {"valid_from": "2024-01-01", "valid_to": "2025-01-31"}, False, id="it ended 12 months and a day before"
        ),
    ],
)
def test_a_device_is_often_billed_long_after_the_sale(kind: str, promise: dict[str, Any], holds: bool) -> None:
    assert bool(promised({"kind": kind}, promise)) is holds


def test_the_grace_is_that_of_the_issue_date() -> None:
    ended = {"valid_from": "2025-01-01", "valid_to": "2025-12-31"}
    grace = [{"from": day("2020-01-01"), "value": 2}, {"from": day("2026-03-01"), "value": 1}]
    assert promised({"issue_date": "2026-02-28"}, ended, **{"promised_price.grace_months": grace}) != {}
    assert promised({"issue_date": "2026-03-01"}, ended, **{"promised_price.grace_months": grace}) == {}


def test_of_several_promises_the_lowest_price_holds() -> None:
    dear, cheap = {"promise_id": "A", "price": "99.00"}, {"promise_id": "B", "price": "49.00"}
    elsewhere = {"promise_id": "C", "price": "0", "subscription_id": "T"}
    assert promised({}, dear, cheap, elsewhere) == {"I|1": "100.00"}


def test_the_promise_is_the_source_and_its_proof_is_evidence() -> None:
    claim = state(make_night("2026-03-01", lines=[HANDSET], promises=[{"price": "9.5"}]))
    row = claim.filter(pl.col("rule") == "promised_price").to_dicts()[0]
    assert row["source_ref"] == "P"
    assert json.loads(row["evidence"]) == {
        "charged": "149.00",
        "promised": "9.50",
        "price": "9.50",
        "quantity": "1",
        "item": "handset",
        "promise": "P",
        "proof": "zero-cost invoice 17",
    }
