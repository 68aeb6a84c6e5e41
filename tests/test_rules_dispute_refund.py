"""§6.6: what operators see of disputes; the amounts are in `scenarios/`."""

from __future__ import annotations

import json
from typing import Any

import polars as pl
import pytest

from billadjust.rules.dispute_refund import cdrs_without_line
from nights import make_night, state, text

BIG = {"line_no": 1, "gross_amount": "100.01"}
SMALL = {"line_no": 1, "gross_amount": "60.50"}
EXPLAINED_LATE = {"status": "explained", "resolved_on": "2026-04-16", "explanation": "Your fee."}


@pytest.mark.parametrize(
    ("on", "dispute", "expected"),
    [
        pytest.param("2026-03-01", SMALL, None, id="a minor one needs nobody"),
        pytest.param("2026-04-16", SMALL, None, id="a minor one that nobody answered needs nobody"),
        pytest.param("2026-03-01", BIG, "dispute_not_minor 82.65", id="a larger one needs a decision"),
        pytest.param("2026-04-16", BIG, "dispute_not_minor 82.65", id="a larger one that nobody answered still does"),
        pytest.param("2026-04-16", SMALL | EXPLAINED_LATE, "late_explanation 50.00", id="a minor one explained late"),
        pytest.param("2026-04-16", BIG | EXPLAINED_LATE, None, id="a larger one explained late"),
        pytest.param(
            "2026-04-15", SMALL | EXPLAINED_LATE | {"resolved_on": "2026-04-15"}, None, id="explained in time"
        ),
        pytest.param("2026-04-16", BIG | {"status": "accepted", "resolved_on": "2026-04-16"}, None, id="accepted"),
        pytest.param("2026-04-16", SMALL | {"status": "withdrawn", "resolved_on": "2026-04-16"}, None, id="withdrawn"),
    ],
)
def test_what_must_be_looked_at(on: str, dispute: dict[str, Any], expected: str | None) -> None:
    claims = state(make_night(on, lines=[{"charged": "90.00"}], disputes=[dispute]))
    topics = [f"{row['review']} {text(row['stated'])}" for row in claims.to_dicts() if row["review"]]
    assert topics == ([expected] if expected else [])


@pytest.mark.parametrize(("opened_on", "expected"), [("2026-03-09", []), ("2026-03-10", ["dispute_repeated"])])
def test_a_repeated_complaint_must_be_looked_at(opened_on: str, expected: list[str]) -> None:
    disputes = [
        SMALL | {"status": "explained", "resolved_on": "2026-03-10", "explanation": "Your fee."},
        SMALL | {"dispute_id": "E", "opened_on": opened_on},
    ]
    claims = state(make_night("2026-03-10", lines=[{"charged": "90.00"}], disputes=disputes))
    assert claims["review"].drop_nulls().to_list() == expected


def test_the_evidence_is_what_the_amount_was_computed_from() -> None:
    dispute = {
        "line_no": 1,
        "status": "explained",
        "resolved_on": "2026-03-10",
        "justified_gross": "8.47",
        "explanation": "Part.",
    }
    claim = state(make_night("2026-03-10", lines=[{"charged": "10.00"}], disputes=[dispute])).to_dicts()[0]
    assert json.loads(claim["evidence"]) == {
        "dispute": "D",
        "standing": "explained",
        "minor": True,
        "opened_on": "2026-03-01",
        "deadline": "2026-04-15",
        "resolved_on": "2026-03-10",
        "charged": "10.00",
        "dispute_gross": "12.10",
        "line_gross": "12.10",
        "shared_by_gross": "12.10",
        "disputed_net": "10.00",
        "disputed_gross": "12.10",
        "unjustified_dispute_gross": "3.63",
        "unjustified_gross": "3.63",
        "unjustified_net": "3.00",
        "cdr": None,
        "explanation": "Part.",
    }
    assert claim["policy_ref"] == "Promise: 45 days"
    assert claim["source_ref"] == "D"


# A disputed CDR whose line is not found is owed nothing, and must be looked at.

USAGE = {"charged": "5.00", "kind": "usage", "service": "voice"}


@pytest.mark.parametrize(
    ("line", "dispute", "found"),
    [
        pytest.param({}, {}, True, id="its line is there"),
        pytest.param({"service": "data"}, {}, False, id="a line of another service"),
        pytest.param({"subscription_id": "T"}, {}, False, id="a line of another subscription"),
        pytest.param({"kind": "recurring"}, {}, False, id="not a usage line"),
        pytest.param({}, {"cdr_id": "X"}, False, id="no such CDR"),
        pytest.param({}, {"line_no": 1, "cdr_id": None}, True, id="not about a CDR"),
        pytest.param(
            {"service": "data"}, {"status": "accepted", "resolved_on": "2026-03-01"}, True, id="decided already"
        ),
    ],
)
def test_only_an_open_complaint_without_its_line_is_named(
    line: dict[str, Any], dispute: dict[str, Any], found: bool
) -> None:
    night = make_night(
        "2026-03-01",
        lines=[USAGE | line],
        cdrs=[{"charged": "1.00"}],
        disputes=[{"cdr_id": "C"} | dispute],
    )
    rows = cdrs_without_line(night).collect().rows()
    assert rows == ([] if found else [("A", "I", "D")])


def test_an_invoice_that_is_not_there_is_another_matter() -> None:
    night = make_night("2026-03-01", cdrs=[{"charged": "1.00"}], disputes=[{"cdr_id": "C"}])
    assert cdrs_without_line(night).collect().height == 0


def test_a_cdr_is_disputed_on_the_first_of_its_usage_lines_that_charges() -> None:
    usage = {"kind": "usage", "service": "voice"}
    lines = [usage | {"charged": "-5.00"}, usage | {"charged": "4.00"}, usage | {"charged": "6.00"}]
    night = make_night("2026-03-01", lines=lines, cdrs=[{"charged": "1.00"}], disputes=[{"cdr_id": "C"}])
    assert state(night).filter(pl.col("rule") == "dispute_refund")["line_no"].to_list() == [2]
