"""What the summary of a night tells operators: outages, better prices, rejected rows, limits, control totals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from billadjust.observed import rejects
from billadjust.schemas import Rejected
from operator_case import JULY, Row, dispute, json_of, night, operator_of, posted, tariff, write_operator

if TYPE_CHECKING:
    from pathlib import Path


def summary_of(directory: Path, tables: dict[str, list[Row]], config: str = "", as_of: str = JULY) -> dict[str, Any]:
    """Return the summary of a night on these tables."""
    return json_of(posted(write_operator(directory, tables, config), as_of) / "summary.json")


def outage(outage_id: str, started: str, ended: str | None, service: str = "data", region: str = "") -> Row:
    """Make an outage of local times."""
    return {
        "outage_id": outage_id,
        "service": service,
        "started_at": started,
        "ended_at": ended or "",
        "region": region,
    }


def test_outages_are_told_for_31_days_and_whenever_they_are_credited(tmp_path: Path) -> None:
    tables = operator_of(1)
    tables["outages"] = [
        outage("old", "2026-05-31T10:00:00", "2026-06-01T00:30:00"),
        outage("old-short", "2026-06-01T10:00:00", "2026-06-01T10:30:00"),
        outage("recent-short", "2026-06-02T10:00:00", "2026-06-02T10:59:00"),
        outage("voice", "2026-06-03T10:00:00", "2026-06-03T12:00:00", "voice"),
        outage("open", "2026-07-01T10:00:00", None),
    ]
    first = summary_of(tmp_path, tables)["outages"]
    # 870 minutes of 44,640 of a fee of 8.30 are less than 10 %: 0.83 + 0.17; after 31 days it is told because it is credited.
    assert [(row["outage_id"], row["minutes"], row["why_not"], row["lines"], row["gross"]) for row in first] == [
        ("open", None, None, 0, "0.00"),
        ("voice", "120", "not_credited", 0, "0.00"),
        ("recent-short", "59", "too_short", 0, "0.00"),
        ("old", "870", None, 1, "1.00"),
    ]
    again = summary_of(tmp_path, tables)["outages"]
    assert [row["outage_id"] for row in again] == ["open", "voice", "recent-short"]
    assert [row["outage_id"] for row in summary_of(tmp_path, tables, as_of="2026-07-03")["outages"]] == [
        "open",
        "voice",
    ]


def test_outages_of_one_incident_are_told_with_the_first_of_them(tmp_path: Path) -> None:
    tables = operator_of(2)
    tables["subscriptions"][1]["region"] = "south"
    tables["outages"] = [
        outage("B", "2026-06-25T14:00:00", "2026-06-25T14:40:00"),
        outage("C", "2026-06-25T14:40:00", "2026-06-25T15:10:00"),
        outage("D", "2026-06-25T15:00:00", "2026-06-25T15:20:00", region="south"),
    ]
    told = {row["outage_id"]: row for row in summary_of(tmp_path, tables)["outages"]}
    assert {name: (row["part_of"], row["lines"], row["net"], row["total_gross"]) for name, row in told.items()} == {
        "B": (None, 2, "1.38", "1.66"),
        "C": ("B", 0, "0.00", "0.00"),
        "D": ("B", 0, "0.00", "0.00"),
    }
    assert {row["why_not"] for row in told.values()} == {None}
    again = {row["outage_id"]: row for row in summary_of(tmp_path, tables)["outages"]}
    assert (again["B"]["lines"], again["B"]["net"], again["B"]["total_gross"]) == (0, "0.00", "1.66")


def test_better_prices_are_told_for_a_year_and_as_far_ahead_as_provisioning_is_told(tmp_path: Path) -> None:
    tables = operator_of(5)
    tables["tariffs"] = [
        tariff("net", 1, "2024-01-01", "8.30"),
        tariff("net", 2, "2026-06-01", "6.90"),
        tariff("old", 1, "2024-01-01", "8.30"),
        tariff("old", 2, "2025-07-02", "6.90"),
        tariff("new", 1, "2024-01-01", "9.00", "5.00"),
        tariff("new", 2, "2026-08-01", "8.995", "5.00"),
        tariff("later", 1, "2024-01-01", "9.00"),
        tariff("later", 2, "2026-08-02", "8.00"),
    ]
    for row, name in zip(tables["subscriptions"], ["net", "net", "old", "new", "later"], strict=True):
        row |= {"tariff_id": name, "valid_from": "2025-01-01"}
    tables["subscriptions"][1]["tariff_version"] = 2
    tables["subscriptions"].append({**tables["subscriptions"][0], "subscription_id": "S9"})
    tables["subscriptions"].append({**tables["subscriptions"][0], "subscription_id": "S8", "valid_to": JULY})
    told = summary_of(tmp_path, tables)["improvements"]
    # Two lines of the first customer and one of the second, who has it: 3 × 12 × 1.40 = 50.40; 12 × 0.005 = 0.06.
    columns = (
        "tariff_id",
        "from_version",
        "to_version",
        "effective_from",
        "customers",
        "lines",
        "to_move",
        "yearly_cost",
    )
    assert [tuple(row[name] for name in columns) for row in told] == [
        ("new", 1, 2, "2026-08-01", 1, 1, 1, "0.06"),
        ("net", 1, 2, "2026-06-01", 2, 3, 2, "50.40"),
    ]
    assert [(row["old_monthly_fee"], row["new_monthly_fee"]) for row in told] == [("9.00", "8.995"), ("8.30", "6.90")]
    tables["tariffs"][3]["effective_from"] = "2025-07-03"
    later = summary_of(tmp_path / "later", tables)["improvements"]
    assert [row["tariff_id"] for row in later] == ["new", "net", "old"]


def test_rejected_rows_are_counted_once_for_each_reason_whatever_it_found() -> None:
    rows = [
        ("invoices", "b.csv", 9, "net_total", "1", "the invoice's lines add up to 10.04"),
        ("invoices", "b.csv", 9, "tax_total", "1", "the invoice's lines add up to 2.00"),
        ("invoices", "a.csv", 30, "net_total", "1", "the invoice's lines add up to 7.00"),
        ("cdrs", "c.csv", 5, "quantity", "x", "it is no number"),
        ("cdrs", "c.csv", 4, "quantity", "y", "it is no number"),
        ("accounts", "d.csv", 2, "account_id", "A", "the key appears again with other content (d.csv, line 3)"),
        ("accounts", "d.csv", 3, "account_id", "A", "the key appears again with other content (d.csv, line 2)"),
        ("accounts", "d.csv", 7, "email", "A", "it is too long"),
    ]
    columns = Rejected.column_names()
    rejected = pl.DataFrame([dict(zip(columns, row, strict=True)) for row in rows])
    assert [tuple(row.values()) for row in rejects(rejected)] == [
        ("accounts", "the key appears again with other content (…)", 2, "d.csv", 2),
        ("cdrs", "it is no number", 2, "c.csv", 4),
        ("invoices", "the invoice's lines add up to …", 2, "a.csv", 30),
        ("accounts", "it is too long", 1, "d.csv", 7),
    ]
    assert rejects(Rejected.create_empty()) == []


@pytest.mark.parametrize(
    ("limits", "beyond"),
    [
        ({"run_gross": "29.00", "account_gross": "14.50", "share_of_billed": "65.8493"}, []),
        ({"run_gross": "28.99", "account_gross": "14.50", "share_of_billed": "65.8493"}, ["run_gross"]),
        ({"run_gross": "29.00", "account_gross": "14.49", "share_of_billed": "65.8493"}, ["account_gross"]),
        ({"run_gross": "29.00", "account_gross": "14.50", "share_of_billed": "65.8492"}, ["share_of_billed"]),
        ({}, []),
    ],
)
def test_limits_are_measured_as_they_are_enforced(tmp_path: Path, limits: dict[str, str], beyond: list[str]) -> None:
    # Two customers get 14.50 each of two bills of 22.02: 29.00 ÷ 44.04 = 65.8492… %. One of two outages is rejected.
    tables = operator_of(2)
    tables["outages"] += [outage("O2", "2026-06-26T14:00:00", "2026-06-26T13:00:00")]
    config = "[limits]\nrejected_share = 50\n" + "".join(f"{name} = {value}\n" for name, value in limits.items())
    directory, preview = write_operator(tmp_path / "operator", tables, config), tmp_path / "preview"
    assert night(directory, JULY, "--dry-run", "--preview", preview).code == 0
    summary = json_of(preview / "PREVIEW_summary.json")
    measured = {row["limit"]: row for row in summary["limits"]}
    assert [name for name, row in measured.items() if row["beyond"]] == beyond
    assert bool(summary["beyond_limits"]) == bool(beyond)
    assert [(row["found"], row["of"]) for row in summary["limits"]] == [
        ("29.00", None),
        ("14.50", "A0001"),
        ("65.8493", "44.04"),
        ("50", "outages"),
    ]
    assert {name: measured[name]["allowed"] for name in limits} == limits


def test_control_totals_are_the_sums_of_all_accepted_rows_whatever_their_date(tmp_path: Path) -> None:
    tables = operator_of(2)
    tables["invoices"][1]["issue_date"] = "2026-07-30"
    tables["prior_credits"] = [
        {"credit_id": f"P{n}", "invoice_id": "F0001", "line_no": 1, "net_amount": "0.05", "granted_on": JULY}
        for n in (1, 2)
    ]
    tables["cdrs"] = [
        {
            "cdr_id": "C1",
            "subscription_id": "S0001",
            "service": "data",
            "started_at": "2026-06-10T12:00:00",
            "quantity": 5,
            "charged": "0.123456",
        }
    ]
    tables["disputes"] = [dispute("D1", "F0001", "2026-07-01", account_id="A0001", line_no=2)]
    assert summary_of(tmp_path, tables)["control_totals"] == {
        "invoices": {"gross_total": "44.04"},
        "invoice_lines": {"net_amount": "36.40"},
        "cdrs": {"charged": "0.123456"},
        "prior_credits": {"net_amount": "0.10"},
    }
