"""§6.7: usage under versions that the subscription never had, in sums and one by one."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings

from billadjust.inputs.model import Inputs
from billadjust.policy import Policy
from billadjust.rating.candidate_usage import usage_bounds, usage_costs
from rating_tables import make_inputs
from worlds import typed, worlds

if TYPE_CHECKING:
    import reference

Row = dict[str, Any]

POLICY = Policy.of()


def pairs_of(inputs: Inputs) -> pl.DataFrame:
    """Every bill with usage beside every version."""
    subscriptions = inputs.subscriptions.join(inputs.accounts, on="account_id").group_by("subscription_id")
    cycle_days = subscriptions.agg(cycle_day=pl.col("bill_cycle_day").sort_by("valid_from").last())
    return (
        inputs.cdrs.filter(pl.col("invoice_id").is_not_null())
        .select("invoice_id", "subscription_id")
        .unique()
        .join(cycle_days, on="subscription_id")
        .join(inputs.tariffs.select("tariff_id", "version"), how="cross")
        .with_columns(first_day=pl.lit(date(2000, 1, 1)), end_day=pl.lit(date(2100, 1, 1)))
        .collect()
    )


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(worlds())
def test_the_cost_of_cdrs_is_within_the_bounds_of_their_sums(world: reference.World) -> None:
    inputs = Inputs.of(typed(world))
    pairs = pairs_of(inputs)
    key = ["invoice_id", "subscription_id", "tariff_id", "version"]
    bounds = usage_bounds(inputs, pairs, POLICY)
    costs = usage_costs(inputs, pairs, POLICY)
    assert set(bounds.select(key).rows()) == set(costs.select(key).rows())
    both = bounds.join(costs, on=key)
    cost = pl.col("usage_cost")
    assert both.filter((cost < pl.col("low")) | (cost > pl.col("high"))).to_dicts() == []


def call(number: int, seconds: int, **more: Any) -> Row:  # noqa: ANN401  # any cell
    started = f"2026-06-{number:02} 12:00"
    return {"cdr_id": f"C{number}", "quantity": seconds, "invoice_id": "I", "started_at": started} | more


INCLUDED: Row = {"quantity": 6000}
"""100 minutes."""


@pytest.mark.parametrize(
    ("rate", "tables", "low", "high"),
    [
        pytest.param({}, {}, 16_000_000, 16_000_000, id="160 minutes begun at 0.10"),
        pytest.param({"connect_fee": "0.20"}, {}, 16_400_000, 16_400_000, id="and twice 0.20"),
        pytest.param({"minimum_charge": "0.10"}, {}, 16_000_000, 16_000_000, id="no call costs less than the least"),
        pytest.param({"minimum_charge": "0.11"}, {}, 15_999_999, 16_220_001, id="a call of a minute might"),
        pytest.param({"price": "0.000030"}, {}, 4_800, 4_800, id="a minute is 30 millionths"),
        pytest.param({"price": "0.000030", "increment": 1}, {}, 4_789, 4_791, id="a second would be half a millionth"),
        pytest.param({"price": "0.000030", "increment": 2}, {}, 4_790, 4_790, id="two are one: 9,580 seconds"),
        pytest.param(
            {"price": "0.000030", "increment": 2, "first_increment": 3},
            {},
            4_790,
            4_792,
            id="three are not: 3,601 and 5,981",
        ),
        pytest.param({}, {"allowances": [INCLUDED]}, 6_000_000, 6_000_000, id="100 minutes included"),
        pytest.param({"connect_fee": "0.20"}, {"allowances": [{"quantity": 9600}]}, 0, 0, id="160 minutes included"),
        pytest.param(
            {"connect_fee": "0.20"},
            {"allowances": [{"quantity": 9599}]},
            1_665,
            401_668,
            id="a second of one call or of both",
        ),
        pytest.param(
            {"minimum_charge": "0.05"},
            {"allowances": [INCLUDED]},
            5_999_999,
            6_100_001,
            id="the rest of one might cost less",
        ),
        pytest.param(
            {"price": "0.000030"},
            {"allowances": [{"quantity": 6001}]},
            1_798,
            1_801,
            id="3,599 seconds: half a millionth",
        ),
        pytest.param({}, {"allowances": [INCLUDED], "other": "J"}, 0, 6_000_001, id="two bills share what is included"),
        pytest.param({}, {"allowances": [INCLUDED], "other": None}, 0, 6_000_001, id="usage not billed yet shares it"),
        pytest.param({}, {"allowances": [{"quantity": 9600}], "other": "J"}, 0, 0, id="and it is enough for both"),
        pytest.param({}, {"other": "J"}, 6_000_000, 6_000_000, id="nothing is shared"),
        pytest.param({}, {"dear": True, "allowances": [INCLUDED]}, 5_999_996, 12_000_003, id="two prices share it"),
        pytest.param(
            {}, {"dear": True, "allowances": [INCLUDED | {"zones": "fr"}]}, 6_000_000, 6_000_000, id="each zone its own"
        ),
        pytest.param({}, {"tier": 7200}, 0, None, id="a second tier: sums cannot tell"),
        pytest.param(
            {}, {"tier": 7200, "allowances": [{"quantity": 9600}]}, 0, None, id="nor what it uses of an allowance"
        ),
    ],
)
def test_sums_tell_the_cost_where_neither_order_nor_rounding_matters_and_bounds_otherwise(
    rate: Row, tables: Row, low: int, high: int | None
) -> None:
    """Calls of 60 minutes and of 99 minutes and 40 seconds."""
    rates = [rate]
    second = call(2, 5980)
    if "other" in tables:
        second["invoice_id"] = tables["other"]
    if tables.get("dear"):
        rates.append({"zone": "fr", "price": "0.20"})
        second["zone"] = "fr"
    if "tier" in tables:
        rates.append({"from_unit": tables["tier"], "price": "0.05"})
    inputs = make_inputs(rates=rates, cdrs=[call(1, 3600), second], allowances=tables.get("allowances", []))
    pairs = pairs_of(inputs).filter(pl.col("invoice_id") == "I")
    assert usage_bounds(inputs, pairs, POLICY).select("low", "high").rows() == [(low, high)]


def test_usage_that_has_no_price_is_told_without_rating_it() -> None:
    inputs = make_inputs(rates=[{"zone": "fr"}], cdrs=[call(1, 60), call(2, 60, zone="fr")])
    pairs = pairs_of(inputs)
    assert usage_bounds(inputs, pairs, POLICY).is_empty()
    assert usage_costs(inputs, pairs, POLICY).is_empty()


def test_a_subscription_whose_payer_changed_has_the_cycles_of_each_bill() -> None:
    """What is included starts anew on day 1 for one bill, on day 16 for the other: 110 minutes, 10 of them charged.

    In June the calls of both bills are 120 minutes too many; of those of the first one at least 10 are charged.
    """
    calls = [call(1, 6000), call(14, 600), call(17, 6000, invoice_id="J"), call(20, 600, invoice_id="J")]
    inputs = make_inputs(rates=[{}], allowances=[INCLUDED], cdrs=calls)
    pairs = pairs_of(inputs).with_columns(
        cycle_day=pl.when(pl.col("invoice_id") == "J").then(16).otherwise(1).cast(pl.Int64)
    )
    costs = usage_costs(inputs, pairs, POLICY).sort("invoice_id")
    assert costs["usage_cost"].to_list() == [1_000_000, 1_000_000]
    bounds = usage_bounds(inputs, pairs, POLICY).sort("invoice_id")
    assert bounds.select("low", "high").rows() == [(999_999, 11_000_001), (1_000_000, 1_000_000)]


def test_much_usage_is_priced_in_shares(monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"S{number}" for number in range(20)]
    inputs = make_inputs(
        subscriptions=[{"subscription_id": name} for name in names],
        rates=[{}],
        cdrs=[call(1, 60, cdr_id=name, subscription_id=name) for name in names],
    )
    pairs = pairs_of(inputs)
    at_once = usage_bounds(inputs, pairs, POLICY)
    singly = usage_costs(inputs, pairs, POLICY)
    monkeypatch.setattr("billadjust.rating.candidate_usage.SHARE", 5)
    monkeypatch.setattr("billadjust.rating.candidate_usage.SUBSCRIPTIONS", 5)
    assert usage_costs(inputs, pairs, POLICY).sort("subscription_id").equals(singly.sort("subscription_id"))
    assert usage_bounds(inputs, pairs, POLICY).sort("subscription_id").equals(at_once.sort("subscription_id"))
    assert at_once.height == singly.height == len(names)
