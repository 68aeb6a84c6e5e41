"""§6.7: what usage costs under versions that the subscription never had."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from hypothesis import HealthCheck, assume, given, settings

from billadjust.inputs.model import Inputs
from billadjust.policy import Policy
from billadjust.rating import candidate_usage, spool
from billadjust.rating.catalogue import spans
from billadjust.rating.lines import BILL, VERSION
from billadjust.rating.usage_parts import usage_of
from billadjust.schemas import FOREVER, Spans
from rating_tables import make_inputs, sum_up_usage
from worlds import typed, worlds

if TYPE_CHECKING:
    from collections.abc import Callable

    import reference

Row = dict[str, Any]

POLICY = Policy.of()


def usage_costs(inputs: Inputs, pairs: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """Rate the usage of bills as if their subscriptions had had other versions."""
    with usage_of(inputs, spans(inputs, policy), policy) as usage:
        assert usage is not None
        return candidate_usage.usage_costs(usage, pairs)


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
        .collect()
    )


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(worlds())
def test_bills_cost_what_their_usage_costs_where_the_subscription_has_the_version(world: reference.World) -> None:
    """Each version is given to all subscriptions in turn, and all usage is rated."""
    inputs = Inputs.of(typed(world))
    pairs = pairs_of(inputs)
    assume(pairs.height)
    expected = pl.concat(map(rated(inputs), pairs.partition_by(VERSION)))
    with pytest.MonkeyPatch.context() as patch:
        for part in (spool.PART, 7):
            patch.setattr(spool, "PART", part)
            found = usage_costs(inputs, pairs, POLICY)
            assert set(found.rows()) == set(expected.rows())
            assert found.height == expected.height


def rated(inputs: Inputs) -> Callable[[pl.DataFrame], pl.DataFrame]:
    """Rate the usage of bills under the one version beside them as that of subscriptions that have it."""

    def rate(bills: pl.DataFrame) -> pl.DataFrame:
        costs = (
            sum_up_usage(inputs, spans_of(bills), POLICY)
            .group_by(BILL)
            .agg(usage_cost=pl.col("cost").sum(), unrated=pl.col("unrated").is_not_null().any())
            .filter(~pl.col("unrated"))
            .collect()
        )
        return bills.join(costs, on=BILL).select(*BILL, *VERSION, "usage_cost")

    return rate


def spans_of(bills: pl.DataFrame) -> pl.LazyFrame:
    """Give each subscription of the bills their version for all days."""
    version = pl.lit(bills["version"][0], pl.Int64)
    fees = [f"{choice}_{fee}_fee" for choice in ("contract", "improved") for fee in ("monthly", "internet")]
    return (
        bills.lazy()
        .select("subscription_id", account_id="subscription_id", bill_cycle_day="cycle_day")
        .unique()
        .with_columns(
            region=pl.lit(None, pl.String),
            tariff_id=pl.lit(bills["tariff_id"][0]),
            usable=pl.lit(value=True),
            **dict.fromkeys(("row_from", "day_from"), pl.lit(date(1, 1, 1))),
            **dict.fromkeys(("row_to", "day_to"), pl.lit(FOREVER)),
            **dict.fromkeys(("tariff_version", "contract_version", "improved_version"), version),
            **dict.fromkeys(fees, pl.lit(0, pl.Int64)),
        )
        .select(Spans.column_names())
    )


def call(number: int, seconds: int, **more: Any) -> Row:  # noqa: ANN401  # any cell
    started = f"2026-06-{number:02} 12:00"
    return {"cdr_id": f"C{number}", "quantity": seconds, "invoice_id": "I", "started_at": started} | more


INCLUDED: Row = {"quantity": 6000}
"""100 minutes."""


@pytest.mark.parametrize(
    ("rate", "tables", "cost"),
    [
        pytest.param({}, {}, 16_000_000, id="160 minutes begun at 0.10"),
        pytest.param({"connect_fee": "0.20"}, {}, 16_400_000, id="and twice 0.20"),
        pytest.param({"minimum_charge": "0.10"}, {}, 16_000_000, id="no call costs less than the least"),
        pytest.param({"minimum_charge": "7"}, {}, 17_000_000, id="one of 6.00 costs 7.00"),
        pytest.param({"price": "0.000030"}, {}, 4_800, id="a minute is 30 millionths"),
        pytest.param({"price": "0.000030", "increment": 1}, {}, 4_790, id="a second half a millionth: 1,800 + 2,990"),
        pytest.param(
            {"price": "0.000030", "increment": 2, "first_increment": 3}, {}, 4_792, id="3,601 and 5,981 are rounded up"
        ),
        pytest.param({}, {"allowances": [INCLUDED]}, 6_000_000, id="100 minutes included"),
        pytest.param({"connect_fee": "0.20"}, {"allowances": [{"quantity": 9600}]}, 0, id="160 minutes included"),
        pytest.param({"connect_fee": "0.20"}, {"allowances": [{"quantity": 9599}]}, 201_667, id="all but a second"),
        pytest.param({"minimum_charge": "0.05"}, {"allowances": [INCLUDED]}, 6_000_000, id="an hour is not the least"),
        pytest.param(
            {"price": "0.000030"},
            {"allowances": [{"quantity": 6001}]},
            1_800,
            id="3,599 seconds are 1,799.5 millionths",
        ),
        pytest.param({}, {"allowances": [INCLUDED], "second": "J"}, 0, id="of two bills the first has it"),
        pytest.param({}, {"allowances": [INCLUDED], "second": None}, 0, id="usage not billed yet gets the rest"),
        pytest.param(
            {}, {"allowances": [INCLUDED], "first": "J"}, 6_000_000, id="of two bills the second has the rest"
        ),
        pytest.param({}, {"allowances": [INCLUDED], "first": None}, 6_000_000, id="usage not billed yet was before"),
        pytest.param({}, {"second": "J"}, 6_000_000, id="nothing is shared"),
        pytest.param({}, {"zone": "fr", "allowances": [INCLUDED]}, 12_000_000, id="two prices share it"),
        pytest.param({}, {"zone": "fr", "allowances": [INCLUDED | {"zones": "fr"}]}, 6_000_000, id="one zone has it"),
        pytest.param({}, {"zone": "care"}, 6_000_000, id="a zone is free"),
        pytest.param({}, {"tier": 4800}, 15_000_000, id="beyond 80 minutes half the price"),
        pytest.param({}, {"tier": 4800, "allowances": [INCLUDED]}, 6_000_000, id="an hour is left"),
    ],
)
def test_usage_costs_what_it_would_have_cost(rate: Row, tables: Row, cost: int) -> None:
    """Calls of 60 minutes and of 99 minutes and 40 seconds, to one of which the table says more."""
    calls = [call(1, 3600), call(2, 5980)]
    for which, invoice in enumerate(("first", "second")):
        if invoice in tables:
            calls[which]["invoice_id"] = tables[invoice]
    calls[1] |= {"zone": tables["zone"]} if "zone" in tables else {}
    rates = [rate, {"zone": "fr", "price": "0.20"}]
    if "tier" in tables:
        rates.append({"from_unit": tables["tier"], "price": "0.05"})
    inputs = make_inputs(rates=rates, cdrs=calls, allowances=tables.get("allowances", []))
    pairs = pairs_of(inputs).filter(pl.col("invoice_id") == "I")
    assert usage_costs(inputs, pairs, POLICY)["usage_cost"].to_list() == [cost]


@pytest.mark.parametrize(
    ("rate", "second"),
    [
        ({"zone": "fr"}, {"zone": "fr"}),
        ({}, {"destination": "999", "zone": None}),
        ({"price": "20000"}, {}),
    ],
    ids=["the first call has no rate", "the second has no zone", "each costs above a million"],
)
def test_a_bill_with_usage_that_has_no_price_is_left_out(rate: Row, second: Row) -> None:
    inputs = make_inputs(rates=[rate], cdrs=[call(1, 3600), call(2, 3600, **second)])
    assert usage_costs(inputs, pairs_of(inputs), POLICY).is_empty()


def test_usage_of_another_bill_that_has_no_price_does_not_matter() -> None:
    inputs = make_inputs(
        rates=[{"zone": "es"}], cdrs=[call(1, 60), call(2, 60, zone="fr", invoice_id="J"), call(3, 60)]
    )
    costs = usage_costs(inputs, pairs_of(inputs), POLICY)
    assert costs.select("invoice_id", "usage_cost").rows() == [("I", 200_000)]


def test_a_subscription_whose_payer_changed_has_the_cycles_of_each_bill() -> None:
    """What is included starts anew on day 1 for one bill, on day 16 for the other: 110 minutes, 10 of them charged."""
    calls = [call(1, 6000), call(14, 600), call(17, 6000, invoice_id="J"), call(20, 600, invoice_id="J")]
    inputs = make_inputs(rates=[{}], allowances=[INCLUDED], cdrs=calls)
    pairs = pairs_of(inputs).with_columns(
        cycle_day=pl.when(pl.col("invoice_id") == "J").then(16).otherwise(1).cast(pl.Int64)
    )
    costs = usage_costs(inputs, pairs, POLICY).sort("invoice_id")
    assert costs["usage_cost"].to_list() == [1_000_000, 1_000_000]


def test_a_late_call_uses_what_was_included_in_its_own_cycle() -> None:
    """What was included in June is used up by another bill; the call of May is paid by May's."""
    calls = [call(1, 6000, invoice_id="J"), call(2, 60), call(3, 60, started_at="2026-05-31 23:59:59")]
    inputs = make_inputs(rates=[{}], allowances=[INCLUDED], cdrs=calls)
    bill = pairs_of(inputs).filter(pl.col("invoice_id") == "I")
    assert usage_costs(inputs, bill, POLICY)["usage_cost"].to_list() == [100_000]
