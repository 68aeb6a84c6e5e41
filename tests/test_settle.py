"""§7: how entries look; what they amount to is in `scenarios/`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from billadjust.rules.spread import spread
from billadjust.settle import settle
from billadjust.settle.share import taken
from nights import Books, day, make_night, posted, state

if TYPE_CHECKING:
    from billadjust.night import Night


def entries(night: Night) -> list[dict[str, Any]]:
    """Return what a first run posts."""
    return Books().settle(night).entries.to_dicts()


@pytest.mark.parametrize(
    ("after", "limit", "expected"),
    [
        pytest.param(0, 6, [3, 3, 0], id="first come first served"),
        pytest.param(0, 12, [3, 5, 4], id="enough for all"),
        pytest.param(0, 0, [0, 0, 0], id="nothing"),
        pytest.param(0, -5, [0, 0, 0], id="less than nothing"),
        pytest.param(4, 6, [0, 4, 2], id="the first 4 get nothing"),
        pytest.param(12, 6, [0, 0, 0], id="all is before the limit begins"),
    ],
)
def test_a_limited_amount_is_taken_in_order(after: int, limit: int, expected: list[int]) -> None:
    rows = pl.DataFrame({"group": ["a"] * 3, "order": [2, 1, 3], "wanted": [5, 3, 4]})
    share = taken(pl.col("wanted"), pl.lit(limit), ["group"], ["order"], after=after)
    assert rows.with_columns(share=share).sort("order")["share"].to_list() == expected


def test_each_group_has_its_own_limit() -> None:
    rows = pl.DataFrame({"group": ["a", "b", "a"], "order": [1, 1, 2], "wanted": [3, 3, 3], "limit": [4, 2, 4]})
    share = taken(pl.col("wanted"), pl.col("limit"), ["group"], ["order"])
    assert rows.with_columns(share=share)["share"].to_list() == [3, 2, 1]


@pytest.mark.parametrize(
    ("total", "weights", "expected"),
    [
        pytest.param(2420, [1210, 3630], [605, 1815], id="even"),
        pytest.param(1, [1, 1, 1], [1, 0, 0], id="one cent goes to the first of equals"),
        pytest.param(2, [1, 1, 1], [1, 1, 0], id="two cents go to the first two of equals"),
        pytest.param(101, [100, 100, 300], [20, 20, 61], id="the largest remainder gets the cent"),
        pytest.param(0, [5, 7], [0, 0], id="nothing to spread"),
        pytest.param(10, [0, 5], [0, 10], id="no weight, nothing"),
        pytest.param(99_999_999_999, [99_999_999_998, 1], [99_999_999_998, 1], id="the largest amounts"),
    ],
)
def test_spreading_gives_every_cent_once(total: int, weights: list[int], expected: list[int]) -> None:
    rows = pl.DataFrame({"group": "a", "line_no": range(len(weights)), "weight": weights, "total": total})
    backwards = rows.reverse().with_columns(part=spread("total", "weight", over="group"))
    assert backwards.sort("line_no")["part"].to_list() == expected


@pytest.mark.parametrize(
    ("on", "expected"),
    [
        pytest.param("2026-08-28", day("2026-08-01"), id="four days before the cycle ends: this bill"),
        pytest.param("2026-08-29", day("2026-09-01"), id="three days before: the next"),
        pytest.param("2026-08-31", day("2026-09-01"), id="the cycle's last day: the next"),
        pytest.param("2026-09-01", day("2026-09-01"), id="the next cycle's first day: its own"),
    ],
)
def test_a_discount_goes_on_the_first_bill_that_is_still_open(on: str, expected: object) -> None:
    entry = entries(make_night(on, outages=[{}]))[0]
    assert (entry["settlement"], entry["bill_period"]) == ("bill_discount", expected)


@pytest.mark.parametrize(
    ("on", "expected"),
    [("2026-09-12", day("2026-08-16")), ("2026-09-13", day("2026-09-16")), ("2026-12-14", day("2026-12-16"))],
)
def test_the_bill_is_that_of_the_accounts_own_cycle(on: str, expected: object) -> None:
    night = make_night(on, outages=[{}], accounts=[{"bill_cycle_day": 16}], spans=[{"bill_cycle_day": 16}])
    assert entries(night)[0]["bill_period"] == expected


@pytest.mark.parametrize(("started", "expected"), [("2026-08-24", "2026-09-01"), ("2026-08-25", "2026-08-01")])
def test_the_cutoff_is_that_of_the_day_of_the_outage(started: str, expected: str) -> None:
    cutoff = [{"from": day("2020-01-01"), "value": 3}, {"from": day("2026-08-25"), "value": 2}]
    outage = {"started_at": f"{started} 10:00", "ended_at": f"{started} 12:00"}
    night = make_night("2026-08-29", outages=[outage], policy={"outage_credit.cutoff_days": cutoff})
    assert entries(night)[0]["bill_period"] == day(expected)


@pytest.mark.parametrize(
    ("account", "rows", "expected"),
    [
        pytest.param({}, [{}], "bill_discount", id="an open account and line"),
        pytest.param({"closed_on": "2026-08-30"}, [{}], "bill_discount", id="closed the day after the run"),
        pytest.param({"closed_on": "2026-08-29"}, [{}], "bank_transfer", id="closed on the run's date"),
        pytest.param({"closed_on": "2026-01-01"}, [{}], "bank_transfer", id="closed long ago"),
        pytest.param({}, [{"valid_to": "2026-08-30"}], "bill_discount", id="the line ends the day after the run"),
        pytest.param({}, [{"valid_to": "2026-08-29"}], "bank_transfer", id="the line ends on the run's date"),
        pytest.param(
            {},
            [{"valid_to": "2026-08-29"}, {"valid_from": "2026-08-29"}],
            "bill_discount",
            id="the line goes on with another row",
        ),
        pytest.param(
            {},
            [{"valid_from": "2026-08-01", "valid_to": "2026-08-29"}, {"valid_to": "2026-08-01"}],
            "bank_transfer",
            id="the last of its rows has ended",
        ),
    ],
)
def test_where_no_bill_will_come_the_money_is_transferred(
    account: dict[str, Any], rows: list[dict[str, Any]], expected: str
) -> None:
    entry = entries(make_night("2026-08-29", outages=[{}], accounts=[account], subscriptions=rows))[0]
    assert entry["settlement"] == expected
    assert (entry["bill_period"] is None) == (expected == "bank_transfer")


def test_each_rule_and_bucket_has_its_way_to_the_customer() -> None:
    lines = [
        {"charged": "30.00", "contract": "20.00", "improved": "15.00", "item": "x"},
        {"charged": "75.00", "kind": "exit_fee"},
        {"charged": "10.00"},
        {"charged": "12.00"},
    ]
    accepted = {"dispute_id": "E", "line_no": 4, "status": "accepted", "resolved_on": "2026-08-29"}
    disputes: list[dict[str, Any]] = [{"line_no": 3}, accepted]
    night = make_night(
        "2026-08-29", lines=lines, disputes=disputes, promises=[{"item": "x", "price": "18.00"}], outages=[{}]
    )
    # The dispute of March was never answered, so it is final by now.
    assert {(entry["rule"], entry["bucket"]): entry["settlement"] for entry in entries(night)} == {
        ("billing_error", "final"): "credit_note",
        ("promised_price", "final"): "credit_note",
        ("no_lock_in", "final"): "credit_note",
        ("tariff_improvement", "final"): "credit_note",
        ("dispute_refund", "final"): "credit_note",
        ("outage_credit", "final"): "bill_discount",
        ("error_indemnity", "final"): "bill_discount",
    }


def test_what_may_still_be_taken_back_has_no_fiscal_document_yet() -> None:
    night = make_night("2026-04-15", lines=[{"charged": "10.00"}], disputes=[{"line_no": 1}])
    assert [entry["settlement"] for entry in entries(night)] == ["provisional_credit"]


def test_line_credits_of_a_closed_account_stay_credit_notes() -> None:
    night = make_night(
        "2026-08-29", lines=[{"charged": "75.00", "kind": "exit_fee"}], accounts=[{"closed_on": "2026-08-01"}]
    )
    assert [entry["settlement"] for entry in entries(night)] == ["credit_note"]


def test_an_entry_says_everything_about_itself() -> None:
    entry = entries(make_night("2026-03-02", lines=[{"charged": "9.90"}], disputes=[{"line_no": 1}]))[0]
    evidence = json.loads(entry.pop("evidence"))
    assert entry == {
        "entry_id": "dispute_refund|D|I|1|provisional|1",
        "as_of": day("2026-03-02"),
        "rule": "dispute_refund",
        "claim": "dispute_refund|D|I|1",
        "bucket": "provisional",
        "kind": "credit",
        "settlement": "provisional_credit",
        "account_id": "A",
        "subscription_id": "S",
        "invoice_id": "I",
        "line_no": 1,
        "source_ref": "D",
        "bill_period": None,
        "deadline": day("2026-04-15"),
        "currency": "EUR",
        "net": 990,
        "tax_rate": 210_000,
        "tax": 208,
        "gross": 1198,
        "policy_ref": "Promise: 45 days",
        "variant": "open",
        "language": "en",
        "is_new": True,
    }
    assert (evidence["owed"], evidence["posted"], evidence["disputed_gross"]) == ("9.90", "0.00", "11.98")


def test_the_entries_of_a_claim_and_bucket_are_numbered_from_one() -> None:
    books = Books()
    for amount in ("6.05", "7.26", "8.47"):
        dispute = {"line_no": 1, "gross_amount": amount}
        books.post(make_night("2026-03-01", lines=[{"charged": "10.00"}], disputes=[dispute]))
    books.post(make_night("2026-04-16", lines=[{"charged": "10.00"}], disputes=[dispute]))
    assert books.entries["entry_id"].to_list() == [
        "dispute_refund|D|I|1|provisional|1",
        "dispute_refund|D|I|1|provisional|2",
        "dispute_refund|D|I|1|provisional|3",
        "dispute_refund|D|I|1|final|1",
        "dispute_refund|D|I|1|provisional|4",
    ]


def test_a_claim_that_nobody_states_any_more_keeps_its_source_deadline_and_reference() -> None:
    books = Books()
    books.post(make_night("2026-03-01", lines=[{"charged": "9.90"}], disputes=[{"line_no": 1}]))
    settlement = books.settle(make_night("2026-04-16", accounts=[], spans=[]))
    names = ("source_ref", "deadline", "policy_ref", "tax_rate", "account_id", "variant", "language")
    assert settlement.entries.select(names).unique().rows() == [
        ("D", day("2026-04-15"), "Promise: 45 days", 210_000, "A", "posted", "es")
    ]


def test_the_deadline_of_an_entry_follows_its_dispute() -> None:
    books = Books()
    lines = [{"charged": "9.90"}]
    books.post(make_night("2026-03-01", lines=lines, disputes=[{"line_no": 1}]))
    corrected = [{"line_no": 1, "opened_on": "2026-02-20"}]
    settlement = books.settle(make_night("2026-04-07", lines=lines, disputes=corrected))
    assert posted(settlement) == [
        "dispute_refund|D|I|1 final finalisation 9.90 + 2.08",
        "dispute_refund|D|I|1 provisional finalisation -9.90 + -2.08",
    ]
    assert settlement.entries["deadline"].unique().to_list() == [day("2026-04-06")]


def test_entries_come_in_the_order_of_their_identifiers_whatever_the_order_of_the_inputs() -> None:
    lines = [{"charged": f"{number}.00", "contract": "0.00", "line_no": number} for number in range(1, 8)]
    forwards, backwards = (
        Books().settle(make_night("2026-03-01", lines=rows, disputes=[{}])).entries for rows in (lines, lines[::-1])
    )
    assert forwards.equals(backwards)
    assert forwards["entry_id"].to_list() == sorted(forwards["entry_id"])


def test_every_night_or_once_at_the_end_is_the_same() -> None:
    """A dispute, an error found later, an explanation of a part: the balances do not depend on the nights between."""
    lines = [{"charged": "9.90"}]
    priced = [{"charged": "9.90", "contract": "5.90"}]
    explained = {
        "line_no": 1,
        "status": "explained",
        "resolved_on": "2026-03-10",
        "justified_gross": "9.56",
        "explanation": "Part.",
    }
    last = make_night("2026-03-10", lines=priced, disputes=[explained])
    nightly, once = Books(), Books()
    nightly.post(make_night("2026-03-01", lines=lines, disputes=[{"line_no": 1}]))
    nightly.post(make_night("2026-03-05", lines=priced, disputes=[{"line_no": 1}]))
    nightly.post(last)
    once.post(last)
    # 11.98 − 9.56 = 2.42 gross is 2.00 net, less than the 4.00 of the error, which takes it whole.
    assert nightly.balances == once.balances
    assert once.balances == {"billing_error|I|1 final": "4.00 + 0.84", "error_indemnity|I|1 final": "0.40 + 0.00"}


def test_a_stage_keeps_what_is_used_more_than_once() -> None:
    names: list[str] = []

    def stage(name: str, frame: pl.LazyFrame) -> pl.LazyFrame:
        names.append(name)
        return frame.collect().lazy()

    night = make_night("2026-03-01", lines=[{"charged": "9.90"}], disputes=[{"line_no": 1}])
    assert settle(night, state(night).lazy(), Books().entries.lazy(), stage).entries.height == 1
    assert names == ["scoped", "line_legs", "legs"]


def test_the_worked_case_of_three_bills_of_a_flat_rate() -> None:
    usage: dict[str, Any] = {"kind": "usage", "service": "data", "charged": "250.00", "contract": "11.21", "line_no": 1}
    lines = [usage | {"invoice_id": invoice} for invoice in ("I", "J", "K")]
    books = Books()
    books.post(make_night("2026-03-01", lines=lines))
    # 238.79 × 21 % is 50.1459; three times 238.79 is 716.37, so of 750.00 the customer pays 33.63.
    assert books.balances == {
        f"{rule}|{invoice}|1 final": amount
        for rule, amount in (("billing_error", "238.79 + 50.15"), ("error_indemnity", "23.88 + 0.00"))
        for invoice in ("I", "J", "K")
    }
