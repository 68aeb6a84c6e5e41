"""§6.1: what a line was charged above its contract."""

from __future__ import annotations

import json
from typing import Any

import polars as pl
import pytest

from nights import day, make_night, owed, state


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        pytest.param({"charged": "250.00", "contract": "11.21"}, {"I|1": "238.79"}, id="all above the contract"),
        pytest.param({"charged": "10.05", "contract": "10.00"}, {}, id="0.05 too high is tolerated"),
        pytest.param({"charged": "10.06", "contract": "10.00"}, {"I|1": "0.06"}, id="0.06 too high goes back whole"),
        pytest.param({"charged": "9.00", "contract": "10.00"}, {}, id="less than due is never billed"),
        pytest.param({"charged": "10.00"}, {}, id="not assessed"),
        pytest.param({"charged": "0.00", "contract": "0.00"}, {}, id="nothing charged"),
        pytest.param({"charged": "-5.00", "contract": "-9.00"}, {}, id="a line that gives back"),
        pytest.param({"charged": "8.00", "contract": "0.00"}, {"I|1": "8.00"}, id="due nothing"),
        pytest.param({"charged": "8.00", "contract": "1.00", "subscription_id": None}, {}, id="no subscription"),
        pytest.param(
            {"charged": "8.00", "contract": "6.00", "improved": "5.00", "prior_credit": "7.00"},
            {"I|1": "2.00"},
            id="other rules and other credits do not matter here",
        ),
    ],
)
def test_a_line_charged_above_its_contract_is_an_error(line: dict[str, Any], expected: dict[str, str]) -> None:
    assert owed(make_night("2026-03-01", lines=[line]), "billing_error") == expected


@pytest.mark.parametrize(("issued", "expected"), [("2026-02-28", {}), ("2026-03-01", {"I|1": "1.00"})])
def test_the_tolerance_is_that_of_the_issue_date(issued: str, expected: dict[str, str]) -> None:
    tolerance = [{"from": day("2020-01-01"), "value": 1}, {"from": day("2026-03-01"), "value": 0}]
    lines = [{"charged": "10.00", "contract": "9.00", "issue_date": issued}]
    night = make_night("2026-03-01", lines=lines, policy={"rating.tolerance": tolerance})
    assert owed(night, "billing_error") == expected


@pytest.mark.parametrize(("issued", "expected"), [("2026-02-28", {"I|1": "1.00"}), ("2026-03-01", {})])
def test_the_rule_is_in_force_or_not_on_the_issue_date(issued: str, expected: dict[str, str]) -> None:
    enabled = [{"from": day("2020-01-01"), "value": True}, {"from": day("2026-03-01"), "value": False}]
    lines = [{"charged": "10.00", "contract": "9.00", "issue_date": issued}]
    night = make_night("2026-03-01", lines=lines, policy={"billing_error.enabled": enabled})
    assert owed(night, "billing_error") == expected


def test_the_evidence_is_what_the_amount_was_computed_from() -> None:
    night = make_night(
        "2026-03-01", lines=[{"charged": "250.00", "contract": "11.21", "kind": "usage", "unit_count": 3}]
    )
    claim = state(night).filter(pl.col("rule") == "billing_error").to_dicts()[0]
    assert json.loads(claim["evidence"]) == {
        "kind": "usage",
        "charged": "250.00",
        "contract": "11.21",
        "versions": "card/1",
        "units": 3,
        "fees": None,
        "billed_before": None,
        "open_before": None,
    }
    assert claim["source_ref"] == "card/1"
    assert claim["policy_ref"] == "Operator's decision"
