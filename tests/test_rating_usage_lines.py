"""Tests of what usage lines should have cost, and of when they are not assessed."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from billadjust.policy import Policy
from billadjust.rating.catalogue import spans
from billadjust.rating.charges import charges
from billadjust.schemas import Charges
from rating_tables import Row, Rows, local, make_inputs, sum_up_usage

if TYPE_CHECKING:
    from billadjust.inputs.model import Inputs

REJECTED_ROW = "it needs a rejected row: see rejected.csv"


def charged(inputs: Inputs, policy: Policy | None = None) -> dict[tuple[str, int], dict[str, Any]]:
    """Return the charges by invoice and line."""
    policy = policy or Policy.of()
    tariff_spans = spans(inputs, policy)
    usage = sum_up_usage(inputs, tariff_spans, policy)
    frame = charges(inputs, tariff_spans, usage, policy).collect()
    Charges.validate(frame)
    return {(row["invoice_id"], row["line_no"]): row for row in frame.rows(named=True)}


def world(cdrs: Rows, lines: Rows | None = None, **tables: Rows) -> Inputs:
    """One voice line of 0.20 and two calls of a minute, unless a test says otherwise."""
    calls = [
        {"cdr_id": f"c{k}", "quantity": 60, "charged": "0.10", "invoice_id": "I", **cdr} for k, cdr in enumerate(cdrs)
    ]
    usage = [{"kind": "usage", "service": "voice", "net_amount": "0.20", **line} for line in lines or [{}]]
    defaults: dict[str, Rows] = {"invoices": [{}], "rates": [{}]}
    return make_inputs(**(defaults | tables), cdrs=calls, invoice_lines=usage)


def test_a_usage_line_should_cost_the_sum_of_its_cdrs() -> None:
    inputs = world(
        [{"quantity": 61, "charged": "0.50"}, {"charged": "0.50"}, {"invoice_id": None}, {"invoice_id": "J"}],
        [{"net_amount": "1"}],
    )
    assert charged(inputs) == {
        ("I", 1): {
            "invoice_id": "I",
            "line_no": 1,
            "contract": 30,
            "improved": 30,
            "contract_versions": "card/1",
            "improved_versions": "card/1",
            "unit_count": 2,
            "not_assessed": None,
        }
    }


def test_each_cdr_is_priced_by_the_version_of_its_day_and_the_sum_is_rounded_once() -> None:
    inputs = world(
        [{"started_at": "2026-05-31 23:59"}, {"started_at": "2026-06-01 00:00"}],
        tariffs=[{}, {"version": 2, "effective_from": "2026-06-01", "monthly_fee": "8"}],
        rates=[{"price": "0.104"}, {"version": 2, "price": "0.101"}],
    )
    row = charged(inputs)["I", 1]
    # 0.104 + 0.104 and 0.104 + 0.101
    assert (row["contract"], row["improved"]) == (21, 21)
    assert (row["contract_versions"], row["improved_versions"]) == ("card/1", "card/1, card/2")


@pytest.mark.parametrize(("price", "contract"), [("0.0050", 1), ("0.004999", 0)])
def test_a_sum_is_rounded_half_away_from_zero(price: str, contract: int) -> None:
    inputs = world([{"charged": "0.20"}], rates=[{"price": price}])
    assert charged(inputs)["I", 1]["contract"] == contract


def test_the_versions_of_a_line_are_named_in_the_order_of_their_days() -> None:
    inputs = world(
        [{"started_at": "2026-06-20 10:00"}, {"started_at": "2026-06-10 10:00"}],
        subscriptions=[{"valid_to": "2026-06-15", "tariff_id": "new"}, {"valid_from": "2026-06-15"}],
        tariffs=[{}, {"tariff_id": "new"}],
        rates=[{}, {"tariff_id": "new"}],
    )
    assert charged(inputs)["I", 1]["contract_versions"] == "new/1, card/1"


@pytest.mark.parametrize(("net", "assessed"), [("0.15", True), ("0.25", True), ("0.14", False), ("0.26", False)])
def test_a_line_is_assessed_if_its_cdrs_add_up_to_it_within_the_tolerance(net: str, assessed: bool) -> None:
    reason = None if assessed else f"its CDRs add up to 0.20, not to {net}"
    assert charged(world([{}, {}], [{"net_amount": net}]))["I", 1]["not_assessed"] == reason


def test_a_millionth_beyond_the_tolerance_is_too_much() -> None:
    inputs = world([{"charged": "0.149999"}])
    assert charged(inputs)["I", 1]["not_assessed"] == "its CDRs add up to 0.149999, not to 0.20"


@pytest.mark.parametrize(("issued", "assessed"), [("2026-06-30", False), ("2026-07-01", True)])
def test_the_tolerance_is_that_of_the_issue_date(issued: str, assessed: bool) -> None:
    tolerance = [{"from": date(2026, 1, 1), "value": 0}, {"from": date(2026, 7, 1), "value": 1}]
    inputs = world([{}], invoices=[{"issue_date": issued}])
    row = charged(inputs, Policy.of({"rating.tolerance": tolerance}))["I", 1]
    assert (row["not_assessed"] is None) is assessed


NOT_ASSESSED: dict[str, tuple[Rows, Rows, str]] = {
    "no subscription": ([{}, {}], [{"subscription_id": None}], "the line names no subscription"),
    "no service": ([{}, {}], [{"service": None}], "its service has no CDRs"),
    "service internet": ([{}, {}], [{"service": "internet"}], "its service has no CDRs"),
    "no CDR": ([{"service": "sms"}], [{}], "the line has no CDRs"),
    "only CDRs of another invoice": ([{"invoice_id": "J"}], [{}], "the line has no CDRs"),
    "another line of the same usage": (
        [{}, {}],
        [{}, {"line_no": 2}],
        "another line of its invoice bills the same usage",
    ),
    "a credit of the same usage": (
        [{}, {}],
        [{}, {"line_no": 2, "net_amount": "-0.10"}],
        "another line of its invoice bills the same usage",
    ),
    "a CDR without a zone": ([{}, {"zone": None}], [{}], "a CDR is unrated: no zone"),
    "a CDR without a tariff": (
        [{}, {"started_at": "2025-12-31 23:00"}],
        [{}],
        "a CDR is on a day without a tariff or a tariff version",
    ),
    "a free CDR without a tariff": (
        [{}, {"started_at": "2025-12-31 23:00", "zone": "care"}],
        [{}],
        "a CDR is on a day without a tariff or a tariff version",
    ),
}


@pytest.mark.parametrize("case", NOT_ASSESSED)
def test_a_line_that_cannot_be_trusted_is_not_assessed(case: str) -> None:
    cdrs, lines, reason = NOT_ASSESSED[case]
    row = charged(world(cdrs, lines))["I", 1]
    assert (row["not_assessed"], row["contract"], row["improved"]) == (reason, None, None)


def test_usage_lines_of_other_subscriptions_or_services_stand_beside_each_other() -> None:
    lines = [{}, {"line_no": 2, "service": "sms"}, {"line_no": 3, "subscription_id": "T"}]
    cdrs = [{}, {}, {"service": "sms", "charged": "0.20"}, {"subscription_id": "T", "charged": "0.20"}]
    subscriptions = [{}, {"subscription_id": "T"}]
    rows = charged(world(cdrs, lines, subscriptions=subscriptions, rates=[{}, {"service": "sms"}]))
    assert [row["contract"] for row in rows.values()] == [20, 10, 10]


# What could be read of a rejected CDR, and whether the voice line of S on invoice I, with calls on 1 June, needs it.
REJECTED_CDRS: dict[str, tuple[Row, bool]] = {
    "of the line": ({}, True),
    "of the invoice and another cycle": ({"started_at": "2026-07-01 00:00"}, True),
    "of the invoice and another service": ({"service": "sms"}, False),
    "of the invoice and another subscription": ({"subscription_id": "T"}, False),
    "of the invoice, no service readable": ({"service": None}, True),
    "of the invoice, no subscription readable": ({"subscription_id": None}, True),
    "of the invoice, nothing else readable": ({"subscription_id": None, "service": None, "started_at": None}, True),
    "of the cycle on no invoice": ({"invoice_id": None}, True),
    "of the cycle's last second on another invoice": ({"invoice_id": "J", "started_at": "2026-06-30 23:59:59"}, True),
    "of the next cycle on another invoice": ({"invoice_id": "J", "started_at": "2026-07-01 00:00"}, False),
    "of the cycle and another service": ({"invoice_id": None, "service": "data"}, False),
    "of the cycle, no service readable": ({"invoice_id": None, "service": None}, True),
    "on no invoice, no start readable": ({"invoice_id": None, "started_at": None}, True),
    "on another invoice, no subscription readable": ({"invoice_id": "J", "subscription_id": None}, False),
    "anybody's, of the cycle": ({"invoice_id": None, "subscription_id": None}, True),
    "anybody's, of the cycle's last second": (
        {"invoice_id": None, "subscription_id": None, "started_at": "2026-06-30 23:59:59"},
        True,
    ),
    "anybody's, of the next cycle": (
        {"invoice_id": None, "subscription_id": None, "started_at": "2026-07-01 00:00"},
        False,
    ),
    "anybody's, of another service": ({"invoice_id": None, "subscription_id": None, "service": "sms"}, False),
    "anybody's, nothing readable": (
        {"invoice_id": None, "subscription_id": None, "service": None, "started_at": None},
        True,
    ),
}


@pytest.mark.parametrize("case", REJECTED_CDRS)
def test_a_line_needs_the_cdrs_of_its_invoice_and_of_its_cycle(case: str) -> None:
    could_be_read, needed = REJECTED_CDRS[case]
    rejected = {
        "subscription_id": "S",
        "service": "voice",
        "started_at": "2026-06-10 10:00",
        "invoice_id": "I",
        **could_be_read,
    }
    if rejected["started_at"]:
        rejected["started_at"] = local(rejected["started_at"])
    inputs = world([{}, {}], taken_cdrs=[rejected])
    assert charged(inputs)["I", 1]["not_assessed"] == (REJECTED_ROW if needed else None)


def test_a_rejected_cdr_without_a_subscription_may_be_any_of_its_invoices_also_in_their_other_lines() -> None:
    rejected = {"subscription_id": None, "service": "voice", "started_at": local("2026-06-10 10:00"), "invoice_id": "J"}
    inputs = world(
        [{}, {}],
        [{}, {"invoice_id": "J", "kind": "recurring", "service": None}],
        taken_cdrs=[rejected],
        invoices=[{}, {"invoice_id": "J"}],
    )
    assert charged(inputs)["I", 1]["not_assessed"] == REJECTED_ROW


@pytest.mark.parametrize(("started_at", "needed"), [("2026-06-30 23:59", True), ("2026-07-01 00:00", False)])
def test_a_cdr_that_a_rejected_prefix_leaves_unrated_counts_like_a_rejected_one(started_at: str, needed: bool) -> None:
    unknown = {"zone": None, "destination": "346", "invoice_id": None, "started_at": started_at}
    inputs = world([{}, {}, unknown], taken_prefixes=[{"prefix": "34"}])
    assert charged(inputs)["I", 1]["not_assessed"] == (REJECTED_ROW if needed else None)


@pytest.mark.parametrize(
    "taken",
    [{"taken_subscriptions": [{"subscription_id": "S"}]}, {"taken_tariffs": [{"tariff_id": "card", "version": 1}]}],
    ids=["subscription", "tariff version"],
)
def test_a_line_of_a_taken_subscription_or_tariff_is_not_assessed(taken: dict[str, Rows]) -> None:
    assert charged(world([{}, {}], **taken))["I", 1]["not_assessed"] == REJECTED_ROW


def test_a_free_cdr_of_a_taken_subscription_does_not_make_its_line_assessed() -> None:
    inputs = world([{"zone": "care", "charged": "0.20"}], taken_subscriptions=[{"subscription_id": "S"}])
    assert charged(inputs)["I", 1]["not_assessed"] == REJECTED_ROW
