"""§6.7: what the best price gave back on a bill, line claims cannot give back again."""

from __future__ import annotations

import pytest

from best_price_case import CALLS_LINE, FEE_LINE, Row
from nights import Books, make_night, posted


def after_best_price(lines: list[Row], then: Row) -> list[str]:
    """What a second night posts on lines of which the best price gave back 13.00 in the first."""
    books = Books()
    assert "best_price|I|S final credit 13.00 + 2.73" in posted(
        books.post(make_night("2026-03-01", lines=lines, offers=[{}]))
    )
    second: Row = {"lines": lines, "offers": [{}]} | then
    settled = books.post(make_night("2026-03-10", **second))
    assert settled.kept.is_empty()
    return sorted(posted(settled))


ACCEPTED: Row = {"status": "accepted", "resolved_on": "2026-03-10"}


@pytest.mark.parametrize(
    ("lines", "then", "expected"),
    [
        pytest.param(
            [FEE_LINE], {"disputes": [{"line_no": 1}]}, ["dispute_refund|D|I|1 provisional credit 2.00 + 0.42"], id="a dispute of all 15.00"
        ),
        pytest.param(
            [FEE_LINE], {"disputes": [{"line_no": 1, "gross_amount": "2.42"}]}, ["dispute_refund|D|I|1 provisional credit 2.00 + 0.42"], id="a dispute of the 2.00 that are left"
        ),
        pytest.param(
            [FEE_LINE], {"disputes": [{"line_no": 1, "gross_amount": "2.41"}]}, ["dispute_refund|D|I|1 provisional credit 1.99 + 0.42"], id="a dispute of a cent less"
        ),
        pytest.param(
            [FEE_LINE], {"disputes": [{"line_no": 1} | ACCEPTED]}, ["dispute_refund|D|I|1 final credit 2.00 + 0.42"], id="an accepted dispute"
        ),
        pytest.param(
            [FEE_LINE],
            {"lines": [FEE_LINE | {"contract": "5.00"}]},
            ["billing_error|I|1 final credit 2.00 + 0.42", "error_indemnity|I|1 final credit 1.00 + 0.00"],
            id="an error of 10.00: its indemnity is that of the whole error",
        ),
        pytest.param(
            [FEE_LINE, CALLS_LINE],
            {"disputes": [{"line_no": 2}, {"dispute_id": "E", "line_no": 1} | ACCEPTED]},
            ["dispute_refund|D|I|2 provisional credit 7.00 + 1.47", "dispute_refund|E|I|1 final credit 15.00 + 3.15"],
            id="final before provisional",
        ),
        pytest.param(
            [FEE_LINE, CALLS_LINE],
            {"disputes": [{"dispute_id": "E", "line_no": 1}, {"line_no": 2, "opened_on": "2026-03-02"}]},
            ["dispute_refund|D|I|2 provisional credit 7.00 + 1.47", "dispute_refund|E|I|1 provisional credit 15.00 + 3.15"],
            id="the earlier dispute first",
        ),
        pytest.param(
            [FEE_LINE, CALLS_LINE],
            {"disputes": [{"line_no": 1} | ACCEPTED, {"dispute_id": "E", "line_no": 2} | ACCEPTED]},
            ["dispute_refund|D|I|1 final credit 15.00 + 3.15", "dispute_refund|E|I|2 final credit 7.00 + 1.47"],
            id="of two that are final, line by line",
        ),
        pytest.param(
            [FEE_LINE, {"kind": "device", "charged": "50.00"}],
            {"disputes": [{"line_no": 2}]},
            ["dispute_refund|D|I|2 provisional credit 50.00 + 10.50"],
            id="a device is no part of the bill",
        ),
        pytest.param(
            [FEE_LINE, CALLS_LINE | {"tax_rate": "10"}],
            {"disputes": [{"line_no": 2}]},
            ["dispute_refund|D|I|2 provisional credit 20.00 + 2.00"],
            id="nor is what is taxed otherwise than the fee",
        ),
    ],
)  # fmt: skip
def test_what_the_best_price_gave_back_is_not_given_back_again(
    lines: list[Row], then: Row, expected: list[str]
) -> None:
    assert after_best_price(lines, then) == expected


def test_what_was_posted_finally_on_a_line_stays_when_another_line_of_the_bill_turns_out_wrong() -> None:
    # Of 35.00, 16.00 are accepted and 13.00 credited. Then 10.00 of the fee turn out to be an error: 6.00 are left.
    books = Books()
    calls: Row = {"line_no": 2, "gross_amount": "19.36"} | ACCEPTED
    books.post(make_night("2026-03-10", lines=[FEE_LINE, CALLS_LINE], offers=[{}], disputes=[calls]))
    assert books.balances["dispute_refund|D|I|2 final"] == "16.00 + 3.36"
    wrong = FEE_LINE | {"contract": "5.00"}
    settled = books.post(make_night("2026-03-11", lines=[wrong, CALLS_LINE], offers=[{}], disputes=[calls]))
    assert "billing_error|I|1 final credit 6.00 + 1.26" in posted(settled)
    assert books.balances["dispute_refund|D|I|2 final"] == "16.00 + 3.36"
    assert books.balances["best_price|I|S final"] == "13.00 + 2.73"


def test_a_dispute_that_the_best_price_limits_ends_like_any_other() -> None:
    books = Books()
    books.post(make_night("2026-03-01", lines=[FEE_LINE], offers=[{}]))
    books.post(make_night("2026-03-02", lines=[FEE_LINE], offers=[{}], disputes=[{"line_no": 1}]))
    explained = {"line_no": 1, "status": "explained", "resolved_on": "2026-03-20", "explanation": "as agreed"}
    settled = books.post(make_night("2026-03-20", lines=[FEE_LINE], offers=[{}], disputes=[explained]))
    assert posted(settled) == ["dispute_refund|D|I|1 provisional reversal -2.00 + -0.42"]
    assert books.balances == {"best_price|I|S final": "13.00 + 2.73"}


def test_a_best_price_that_was_undone_limits_nothing() -> None:
    books = Books()
    books.post(make_night("2026-03-01", lines=[FEE_LINE], offers=[{}]))
    books.undo("best_price|I|S")
    settled = books.post(make_night("2026-03-10", lines=[FEE_LINE], offers=[{}], disputes=[{"line_no": 1}]))
    assert posted(settled) == ["dispute_refund|D|I|1 provisional credit 15.00 + 3.15"]


def test_it_counts_only_what_is_taxed_like_the_fee() -> None:
    calls = CALLS_LINE | {"tax_rate": "10"}
    books = Books()
    disputed = [{"line_no": 1, "gross_amount": "6.05"}]
    books.post(make_night("2026-03-01", lines=[FEE_LINE, calls], offers=[{}], disputes=disputed))
    assert books.balances["best_price|I|S final"] == "10.00 + 2.10"
