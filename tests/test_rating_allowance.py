"""Tests of what allowances cover."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from billadjust.policy import Policy
from billadjust.rating.catalogue import spans
from billadjust.rating.rate import rate
from rating_tables import Row, Rows, local, make_inputs

if TYPE_CHECKING:
    from billadjust.inputs.model import Inputs
    from billadjust.rating.terms import Choice

MINUTE = 60 * 1_000_000


def covered(
    inputs: Inputs, policy: Policy | None = None, choice: Choice = "contract"
) -> dict[str, tuple[float, float]]:
    """Return the minutes that the allowance covers and the cost in whole units of each CDR."""
    policy = policy or Policy.of()
    frame = rate(inputs, spans(inputs, policy), policy, choice).collect()
    rows = frame.sort("cdr_id").select("cdr_id", "allowance_units", "cost").rows()
    return {cdr: (units / MINUTE, cost / 1_000_000) for cdr, units, cost in rows}


def calls(*minutes_and_more: tuple[float, Row]) -> Rows:
    """Lay calls out an hour apart, named c1, c2 and so on."""
    return [
        {"cdr_id": f"c{number}", "quantity": round(minutes * 60), "started_at": f"2026-06-10 {number:02}:00", **row}
        for number, (minutes, row) in enumerate(minutes_and_more, start=1)
    ]


def test_calls_consume_with_their_rounded_units_and_what_is_beyond_is_charged() -> None:
    cdrs = calls((99 + 10 / 60, {}), (3, {}))
    inputs = make_inputs(rates=[{}], allowances=[{"quantity": 6000}], cdrs=cdrs)
    assert covered(inputs) == {"c1": (100, 0), "c2": (0, 0.30)}


def test_a_call_inside_which_the_allowance_ends_is_charged_for_the_rest_without_rounding_again() -> None:
    rates = [{"first_increment": 60, "increment": 1, "connect_fee": "0.05"}]
    inputs = make_inputs(rates=rates, allowances=[{"quantity": 90}], cdrs=calls((1, {}), (1, {})))
    # 60 of the 90 seconds go to the first call; of the second 30 s are charged: 0.05 + 30 x 0.10/60
    assert covered(inputs) == {"c1": (1, 0), "c2": (0.5, 0.10)}


def test_the_units_beyond_the_allowance_are_charged_from_the_first_tier_on() -> None:
    rates = [{}, {"from_unit": 60, "price": "0.60"}]
    inputs = make_inputs(rates=rates, allowances=[{"quantity": 120}], cdrs=calls((4, {})))
    assert covered(inputs) == {"c1": (2, 0.10 + 0.60)}


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("2026-06-10 10:00:00", "2026-06-10 10:00:01", {"b": (1, 0), "a": (0, 0.10)}),
        ("2026-06-10 10:00:00", "2026-06-10 10:00:00", {"a": (1, 0), "b": (0, 0.10)}),
    ],
    ids=["by time", "by cdr_id at the same time"],
)
def test_calls_consume_in_the_order_of_their_start(
    first: str, second: str, expected: dict[str, tuple[float, float]]
) -> None:
    cdrs: Rows = [
        {"cdr_id": "a", "quantity": 60, "started_at": second},
        {"cdr_id": "b", "quantity": 60, "started_at": first},
    ]
    assert covered(make_inputs(rates=[{}], allowances=[{"quantity": 60}], cdrs=cdrs)) == expected


def test_the_order_at_the_repeated_hour_is_that_of_the_instants() -> None:
    cdrs: Rows = [
        {"cdr_id": "late", "quantity": 60, "started_at": local("2026-10-25 02:10", fold=1)},
        {"cdr_id": "soon", "quantity": 60, "started_at": local("2026-10-25 02:50")},
    ]
    inputs = make_inputs(rates=[{}], allowances=[{"quantity": 60}], cdrs=cdrs)
    assert covered(inputs) == {"soon": (1, 0), "late": (0, 0.10)}


# Each case: the first call, and whether it uses the allowance of a second call of es on 10 June.
FIRST_CALLS: dict[str, tuple[Row, bool]] = {
    "the same zone": ({}, True),
    "a zone of the same allowance": ({"zone": "eu"}, True),
    "a zone without allowance": ({"zone": "us"}, False),
    "a zone of another allowance": ({"zone": "uk"}, False),
    "another service": ({"service": "data"}, False),
    "another subscription": ({"subscription_id": "T"}, False),
    "on another invoice": ({"invoice_id": "J"}, True),
    "a free zone": ({"zone": "care"}, False),
    "nothing used": ({"quantity": 0}, False),
    "without a zone": ({"zone": None}, False),
    "the last cycle": ({"started_at": "2026-05-15 23:59:59"}, False),
    "the first instant of the cycle": ({"started_at": "2026-05-16 00:00:00"}, True),
    "a later call": ({"started_at": "2026-06-11 00:00"}, False),
}


@pytest.mark.parametrize("case", FIRST_CALLS)
def test_an_allowance_is_used_by_the_cycles_calls_of_its_subscription_service_and_zones(case: str) -> None:
    first, uses = FIRST_CALLS[case]
    inputs = make_inputs(
        accounts=[{"bill_cycle_day": 16}],
        subscriptions=[{}, {"subscription_id": "T"}],
        rates=[{}, {"service": "data"}],
        allowances=[
            {"zones": "es|eu", "quantity": 60},
            {"zones": "uk", "quantity": 60},
            {"zones": "es|eu", "quantity": 60, "service": "data"},
        ],
        cdrs=calls((1, {"started_at": "2026-06-10 00:00", **first}), (1, {"invoice_id": "I"})),
    )
    policy = Policy.of()
    frame = rate(inputs, spans(inputs, policy), policy, "contract").collect().sort("cdr_id")
    assert frame["cost"][1] == (100_000 if uses else 0)


TWO_VERSIONS: Rows = [{}, {"version": 2, "effective_from": "2026-06-10", "monthly_fee": "8"}]


@pytest.mark.parametrize(
    ("quantities", "expected"),
    [
        # minutes in version 1 and 2 (from 10 June), and what calls of 2 min on 9 June and twice on 10 June cost
        ((3, 5), {"c1": (2, 0), "c2": (2, 0), "c3": (1, 0.10)}),
        ((5, 3), {"c1": (2, 0), "c2": (1, 0.10), "c3": (0, 0.20)}),
        ((5, 1), {"c1": (2, 0), "c2": (0, 0.20), "c3": (0, 0.20)}),
        # the second minute of the first call was charged, so it used nothing of what version 2 has
        ((1, 3), {"c1": (1, 0.10), "c2": (2, 0), "c3": (0, 0.20)}),
    ],
)
def test_consumption_goes_on_across_versions_of_a_tariff(
    quantities: tuple[int, int], expected: dict[str, tuple[float, float]]
) -> None:
    cdrs = calls((2, {"started_at": "2026-06-09 23:59"}), (2, {}), (2, {}))
    inputs = make_inputs(
        subscriptions=[{"tariff_version": 2}],
        tariffs=[{}, {"version": 2, "effective_from": "2026-06-10", "monthly_fee": "9"}],
        rates=[{}, {"version": 2}],
        allowances=[{"version": 1, "quantity": quantities[0] * 60}, {"version": 2, "quantity": quantities[1] * 60}],
        cdrs=cdrs,
    )
    assert covered(inputs) == expected


def test_the_order_of_an_allowances_zones_does_not_matter_across_versions() -> None:
    inputs = make_inputs(
        tariffs=TWO_VERSIONS,
        rates=[{}, {"version": 2}],
        allowances=[{"zones": "es|eu", "quantity": 60}, {"version": 2, "zones": "eu|es", "quantity": 60}],
        cdrs=calls((1, {"started_at": "2026-06-09 23:59"}), (1, {})),
    )
    assert covered(inputs, choice="improved")["c2"] == (0, 0.10)


def test_consumption_starts_anew_with_another_tariff() -> None:
    inputs = make_inputs(
        subscriptions=[{"valid_to": "2026-06-10"}, {"valid_from": "2026-06-10", "tariff_id": "flat"}],
        tariffs=[{}, {"tariff_id": "flat"}],
        rates=[{}, {"tariff_id": "flat"}],
        allowances=[{"quantity": 60}, {"tariff_id": "flat", "quantity": 60}],
        cdrs=calls((1, {"started_at": "2026-06-09 23:59"}), (1, {})),
    )
    assert covered(inputs) == {"c1": (1, 0), "c2": (1, 0)}


def test_an_allowance_covers_zones_that_no_rate_names() -> None:
    inputs = make_inputs(
        rates=[{}], allowances=[{"zones": "eu", "quantity": 60}], cdrs=calls((1, {"zone": "eu"}), (1, {}))
    )
    assert covered(inputs) == {"c1": (1, 0), "c2": (0, 0.10)}


def test_an_allowance_is_exhausted_exactly_at_its_last_unit() -> None:
    inputs = make_inputs(rates=[{}], allowances=[{"quantity": 120}], cdrs=calls((1, {}), (1, {}), (1, {})))
    assert covered(inputs) == {"c1": (1, 0), "c2": (1, 0), "c3": (0, 0.10)}


def test_consumption_beyond_64_bits_is_counted() -> None:
    cdrs = calls(*[(1, {"quantity": 10**12})] * 12)
    inputs = make_inputs(rates=[{"price": "0.000001"}], allowances=[{"quantity": 10**12}], cdrs=cdrs)
    costs = [cost for _, cost in covered(inputs).values()]
    assert costs[0] == 0
    assert all(cost > 0 for cost in costs[1:])
