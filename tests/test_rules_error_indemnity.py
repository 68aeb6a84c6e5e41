"""§6.8: whoever was charged wrongly is compensated, without tax."""

from __future__ import annotations

from typing import Any

import pytest

from nights import day, make_night, owed, state


@pytest.mark.parametrize(
    ("line", "promises", "expected"),
    [
        pytest.param({"charged": "250.00", "contract": "11.21"}, [], {"I|1": "23.88"}, id="10 % of 238.79"),
        pytest.param({"charged": "149.00", "item": "x"}, [{"item": "x"}], {"I|1": "14.90"}, id="a broken promise"),
        pytest.param(
            {"charged": "30.00", "contract": "20.00", "item": "x"},
            [{"item": "x", "price": "18.00"}],
            {"I|1": "1.20"},
            id="an error of 10.00 and a promise broken by 2.00",
        ),
        pytest.param(
            {"charged": "30.00", "contract": "20.00", "item": "x"},
            [{"item": "x", "price": "25.00"}],
            {"I|1": "1.00"},
            id="a promise above the contract is kept once the error is corrected",
        ),
        pytest.param(
            # 20.05 is within the tolerance of 20.00, so there is no error; 2.05 is above the promise: 0.205.
            {"charged": "20.05", "contract": "20.00", "item": "x"},
            [{"item": "x", "price": "18.00"}],
            {"I|1": "0.21"},
            id="what is tolerated is above a promise all the same",
        ),
        pytest.param({"charged": "10.05", "contract": "10.00"}, [], {}, id="within the tolerance"),
        pytest.param({"charged": "10.06", "contract": "10.00"}, [], {"I|1": "0.01"}, id="0.006 is a cent"),
        pytest.param(
            {"charged": "8.30", "contract": "8.30", "improved": "6.90"}, [], {}, id="an improvement is no error"
        ),
        pytest.param({"charged": "75.00", "kind": "exit_fee"}, [], {}, id="a fee for leaving is none either"),
    ],
)
def test_a_share_of_error_and_broken_promise_is_paid_on_top(
    line: dict[str, Any], promises: list[dict[str, Any]], expected: dict[str, str]
) -> None:
    assert owed(make_night("2026-03-01", lines=[line], promises=promises), "error_indemnity") == expected


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        pytest.param({"billing_error.enabled": False}, {"I|1": "1.20"}, id="all above the promise counts"),
        pytest.param({"promised_price.enabled": False}, {"I|1": "1.00"}, id="only the error counts"),
        pytest.param({"billing_error.enabled": False, "promised_price.enabled": False}, {}, id="nothing counts"),
        pytest.param({"error_indemnity.enabled": False}, {}, id="nothing is paid"),
        pytest.param({"error_indemnity.percent": 0}, {}, id="0 %"),
        pytest.param({"error_indemnity.percent": 100}, {"I|1": "12.00"}, id="100 %"),
    ],
)
def test_only_rules_in_force_make_a_charge_wrong(policy: dict[str, object], expected: dict[str, str]) -> None:
    lines = [{"charged": "30.00", "contract": "20.00", "item": "x"}]
    night = make_night("2026-03-01", lines=lines, promises=[{"item": "x", "price": "18.00"}], policy=policy)
    assert owed(night, "error_indemnity") == expected


@pytest.mark.parametrize(("issued", "expected"), [("2026-02-28", {"I|1": "1.00"}), ("2026-03-01", {"I|1": "2.00"})])
def test_the_share_is_that_of_the_issue_date(issued: str, expected: dict[str, str]) -> None:
    percent = [{"from": day("2020-01-01"), "value": 10}, {"from": day("2026-03-01"), "value": 20}]
    lines = [{"charged": "30.00", "contract": "20.00", "issue_date": issued}]
    night = make_night("2026-03-01", lines=lines, policy={"error_indemnity.percent": percent})
    assert owed(night, "error_indemnity") == expected


def test_a_compensation_has_no_tax() -> None:
    claims = state(make_night("2026-03-01", lines=[{"charged": "250.00", "contract": "11.21"}]))
    assert dict(zip(claims["rule"], claims["tax_rate"], strict=True)) == {
        "billing_error": 210_000,
        "error_indemnity": 0,
    }
