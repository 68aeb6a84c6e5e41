"""§6.7: usage under versions that the subscription never had, in sums and one by one."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings

from billadjust.inputs.model import Inputs
from billadjust.policy import Policy
from billadjust.rating.bundles import bundle, price
from billadjust.rating.candidate_usage import candidate_usage, one_by_one
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
def test_sums_cost_what_their_cdrs_cost(world: reference.World) -> None:
    inputs = Inputs.of(typed(world))
    pairs = pairs_of(inputs)
    columns = ["invoice_id", "subscription_id", "tariff_id", "version", "usage_cost"]
    singly = [
        one_by_one(inputs, bills, POLICY).with_columns(tariff_id=pl.lit(key[0]), version=pl.lit(key[1], pl.Int64))
        for key, bills in pairs.partition_by("tariff_id", "version", as_dict=True).items()
    ]
    expected = {row for frame in singly for row in frame.select(columns).rows()}
    assert set(candidate_usage(inputs, pairs, POLICY).select(columns).rows()) == expected


def call(number: int, seconds: int, **more: Any) -> Row:  # noqa: ANN401  # any cell
    started = f"2026-06-{number:02} 12:00"
    return {"cdr_id": f"C{number}", "quantity": seconds, "invoice_id": "I", "started_at": started} | more


INCLUDED: Row = {"quantity": 6000}
"""100 minutes."""


@pytest.mark.parametrize(
    ("rate", "tables", "cost"),
    [
        pytest.param({}, {}, "16.00", id="160 minutes begun at 0.10"),
        pytest.param({"connect_fee": "0.20"}, {}, "16.40", id="and twice 0.20"),
        pytest.param({"minimum_charge": "0.10"}, {}, "16.00", id="no call costs less than the least"),
        pytest.param({"minimum_charge": "0.11"}, {}, None, id="a call of a minute might"),
        pytest.param({"price": "0.000030"}, {}, "0.0048", id="a minute is 30 millionths"),
        pytest.param({"price": "0.000030", "increment": 1}, {}, None, id="a second would be half a millionth"),
        pytest.param({"price": "0.000030", "increment": 2}, {}, "0.004790", id="two are one: 9,580 seconds"),
        pytest.param({"price": "0.000030", "increment": 2, "first_increment": 3}, {}, None, id="three are not"),
        pytest.param({}, {"allowances": [INCLUDED]}, "6.00", id="100 minutes included"),
        pytest.param({"connect_fee": "0.20"}, {"allowances": [{"quantity": 9600}]}, "0", id="160 minutes included"),
        pytest.param({"connect_fee": "0.20"}, {"allowances": [{"quantity": 9599}]}, None, id="which call is charged"),
        pytest.param({"minimum_charge": "0.05"}, {"allowances": [INCLUDED]}, None, id="the rest of one might cost less"),
        pytest.param({"price": "0.000030"}, {"allowances": [{"quantity": 6001}]}, None, id="half a millionth is left"),
        pytest.param({}, {"allowances": [INCLUDED], "other": "J"}, None, id="two bills share what is included"),
        pytest.param({}, {"allowances": [INCLUDED], "other": None}, None, id="usage not billed yet shares it"),
        pytest.param({}, {"allowances": [{"quantity": 9600}], "other": "J"}, "0", id="and it is enough for both"),
        pytest.param({}, {"other": "J"}, "6.00", id="nothing is shared"),
        pytest.param({}, {"dear": True, "allowances": [INCLUDED]}, None, id="two prices share what is included"),
        pytest.param({}, {"dear": True, "allowances": [INCLUDED | {"zones": "fr"}]}, "6.00", id="each zone its own"),
        pytest.param({}, {"tier": 7200}, None, id="a second tier"),
    ],
)  # fmt: skip
def test_sums_tell_the_cost_where_neither_order_nor_rounding_matters(rate: Row, tables: Row, cost: str | None) -> None:
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
    priced = price(bundle(inputs, pairs, POLICY), pairs.select("invoice_id", "subscription_id"), 0)
    (row,) = priced.to_dicts()
    assert row["in_order"] is (cost is None)
    if cost is not None:
        assert row["usage_cost"] == round(float(cost) * 1_000_000)


def test_usage_that_has_no_price_is_told_without_rating_it() -> None:
    inputs = make_inputs(rates=[{"zone": "fr"}], cdrs=[call(1, 60), call(2, 60, zone="fr")])
    pairs = pairs_of(inputs)
    priced = price(bundle(inputs, pairs, POLICY), pairs.select("invoice_id", "subscription_id"), 0)
    assert priced["unrated"].to_list() == [True]
    assert candidate_usage(inputs, pairs, POLICY).is_empty()


def test_a_subscription_whose_payer_changed_has_the_cycles_of_each_bill() -> None:
    """What is included starts anew on day 1 for one bill, on day 16 for the other."""
    calls = [call(1, 6000), call(14, 600), call(17, 6000, invoice_id="J"), call(20, 600, invoice_id="J")]
    inputs = make_inputs(rates=[{}], allowances=[INCLUDED], cdrs=calls)
    pairs = pairs_of(inputs).with_columns(
        cycle_day=pl.when(pl.col("invoice_id") == "J").then(16).otherwise(1).cast(pl.Int64)
    )
    costs = dict(candidate_usage(inputs, pairs, POLICY).select("invoice_id", "usage_cost").rows())
    assert costs == {"I": 1_000_000, "J": 1_000_000}
