"""What the files of a run say: totals, desired state, review, dialects, and nothing of how the inputs were laid out (§9)."""

from __future__ import annotations

import csv
import random
import re
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from billadjust.outputs.columns import OUTPUTS
from operator_case import (
    JULY,
    LINE,
    but_for_time,
    dispute,
    invoice,
    json_of,
    operator_of,
    posted,
    rows_of,
    tariff,
    write_operator,
    write_table,
)
from run_world import world

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the files of a night of the world."""
    return posted(write_operator(tmp_path_factory.mktemp("world"), world()), JULY)


def cells(run: Path, file: str, *columns: str) -> list[tuple[str, ...]]:
    return [tuple(row[name] for name in columns) for row in rows_of(run / file)]


def test_nothing_of_the_world_is_rejected(run: Path) -> None:
    assert rows_of(run / "rejected.csv") == []


def test_tariff_changes_are_ordered_up_to_30_days_ahead_and_31_days_after_for_those_who_are_still_there(
    run: Path,
) -> None:
    columns = OUTPUTS["tariff_changes"].columns
    assert cells(run, "tariff_changes.csv", *columns) == [
        ("S-a30", "a30", "in30days", "1", "2", "2026-08-01", "10.00", "9.00"),
        ("S-ago31", "ago31", "31daysago", "1", "2", "2026-06-01", "8.3055", "6.90"),
        ("S-closed-tomorrow", "closed-tomorrow", "in30days", "1", "2", "2026-08-01", "10.00", "9.00"),
        ("S-ends-after", "ends-after", "in30days", "1", "2", "2026-08-01", "10.00", "9.00"),
        ("S-ends-today", "ends-today", "31daysago", "1", "2", "2026-06-01", "8.3055", "6.90"),
        ("S-has1", "has1", "32daysago", "1", "2", "2026-05-31", "8.30", "6.90"),
    ]


def test_open_disputes_are_on_hold_until_their_deadline_and_large_ones_until_somebody_decides(run: Path) -> None:
    assert cells(run, "holds.csv", "dispute_id", "account_id", "invoice_id", "amount_gross", "since", "until") == [
        ("D-day450", "day45", "F-day45", "24.20", "2026-05-18", "2026-07-02"),
        ("D-held71.00", "held71.00", "F-held71.00", "71.00", "2026-07-02", "2026-08-16"),
        ("D-held71.01", "held71.01", "F-held71.01", "71.01", "2026-07-02", "2026-08-16"),
        ("D-large0", "large", "F-large", "121.00", "2026-04-02", ""),
        ("D-minor100.000", "minor100.00", "F-minor100.00", "100.00", "2026-07-01", "2026-08-15"),
        ("D-minor100.010", "minor100.01", "F-minor100.01", "100.01", "2026-07-01", ""),
        ("D-repeated1", "repeated", "F-repeated", "24.20", "2026-06-15", ""),
        ("D-resolved-tomorrow0", "resolved-tomorrow", "F-resolved-tomorrow", "24.20", "2026-06-20", "2026-08-04"),
    ]


def test_what_collections_did_is_undone_where_less_than_50_is_left_and_it_is_not_undone_yet(run: Path) -> None:
    columns = ("order", "account_id", "subscription_id", "invoice_id", "event_id", "left_gross")
    assert cells(run, "collection_orders.csv", *columns) == [
        ("delist", "exit58.69", "", "F-exit58.69", "E-exit58.690", "49.99"),
        ("reconnect", "credit58.69", "S-credit58.69", "F-credit58.69", "E-credit58.690", "49.99"),
        ("reconnect", "cut-again", "S-cut-again", "F-cut-again", "E-cut-again2", "0.00"),
        ("reconnect", "cut-and-delisted", "S-cut-and-delisted", "F-cut-and-delisted", "E-cut-and-delisted0", "0.00"),
        ("reconnect", "held71.01", "S-held71.01", "F-held71.01", "E-held71.010", "49.99"),
        ("reconnect", "paid", "S-paid", "F-paid", "E-paid1", "0.00"),
        (
            "reconnect",
            "reconnected-tomorrow",
            "S-reconnected-tomorrow",
            "F-reconnected-tomorrow",
            "E-reconnected-tomorrow0",
            "0.00",
        ),
    ]
    reasons = {row["account_id"]: row["reason"] for row in rows_of(run / "collection_orders.csv")}
    assert reasons["paid"] == "The invoice is paid."
    assert reasons["credit58.69"] == "After what was given back too little is left of the invoice."
    assert reasons["held71.01"] == ("What is in dispute must not be collected; what is left beside it is too little.")


def test_each_review_topic_names_what_it_is_about_and_how_much(run: Path) -> None:
    columns = ("topic", "account_id", "invoice_id", "line_no", "reference", "amount")
    assert cells(run, "review.csv", *columns) == [
        ("dispute_not_minor", "large", "F-large", "1", "D-large0", "100.00"),
        ("dispute_not_minor", "minor100.01", "F-minor100.01", "1", "D-minor100.010", "82.65"),
        ("dispute_repeated", "repeated", "F-repeated", "1", "D-repeated1", "20.00"),
        ("late_explanation", "late", "F-late", "1", "D-late0", "20.00"),
        ("mixed_change", "", "", "", "mixed/2", ""),
        ("not_assessed", "no-cdrs", "F-no-cdrs", "1", "S-no-cdrs", "3.00"),
        ("not_assessed", "no-price", "F-no-price", "1", "S-no-price", "0.50"),
        ("undercharged", "undercharged", "F-undercharged", "1", "plain/1", "0.01"),
        ("unrated_usage", "no-price", "F-no-price", "", "S-no-price voice", "0.50"),
    ]


def test_a_bill_is_an_error_beyond_the_tolerance_only(run: Path) -> None:
    errors = [row for row in cells(run, "adjustments.csv", "rule", "claim", "net") if row[0] == "billing_error"]
    assert errors == [("billing_error", "billing_error|F-overcharged|1", "0.06")]


def test_a_dispute_about_several_lines_is_one_item_for_review(tmp_path: Path) -> None:
    tables = operator_of(1)
    tables["invoice_lines"][1]["net_amount"] = "100.00"
    tables["invoices"] = [invoice("F0001", "A0001", "2026-07-01", "108.30")]
    tables["disputes"] = [dispute("D1", "F0001", "2026-07-01", account_id="A0001")]
    review = posted(write_operator(tmp_path, tables), JULY) / "review.csv"
    assert [(row["topic"], row["line_no"], row["reference"], row["amount"]) for row in rows_of(review)] == [
        ("dispute_not_minor", "", "D1", "108.30")
    ]


def test_what_is_owed_no_more_stays_and_goes_to_review(tmp_path: Path) -> None:
    """The catalogue said 8.00 for what was billed at 8.30, and is corrected to 8.30 a day later."""
    tables = {**operator_of(1), "tariffs": [tariff("net", 1, "2025-01-01", "8.00")]}
    first = posted(write_operator(tmp_path, tables), JULY)
    claims = {row["claim"]: row["net"] for row in rows_of(first / "adjustments.csv")}
    assert claims["billing_error|F0001|1"] == "0.30"
    tables["tariffs"] = [tariff("net", 1, "2025-01-01", "8.30")]
    second = posted(write_operator(tmp_path, tables), "2026-07-03")
    kept = [row for row in rows_of(second / "review.csv") if row["topic"] == "kept_posted"]
    assert {(row["account_id"], row["invoice_id"], row["line_no"], row["amount"]) for row in kept} >= {
        ("A0001", "F0001", "1", "0.30")
    }
    assert not [row for row in rows_of(second / "adjustments.csv") if row["invoice_id"]]


def test_an_amount_on_hold_is_what_was_posted_once_the_invoice_is_gone(tmp_path: Path) -> None:
    tables = operator_of(2)
    posted(write_operator(tmp_path, tables), JULY)
    tables["invoices"], tables["invoice_lines"] = tables["invoices"][:1], tables["invoice_lines"][:2]
    run = posted(write_operator(tmp_path, tables, "[limits]\nrejected_share = 100\n"), "2026-07-03")
    assert cells(run, "holds.csv", "dispute_id", "amount_gross") == [("D0001", "11.98"), ("D0002", "11.98")]


def test_the_totals_of_the_entries_are_those_of_summary_manifest_and_files(run: Path) -> None:
    entries = rows_of(run / "adjustments.csv")
    assert len(entries) > 5
    totals = {name: sum(Decimal(row[name]) for row in entries) for name in ("net", "tax", "gross")}
    assert totals["gross"] == totals["net"] + totals["tax"]
    manifest, summary = json_of(run / "manifest.json"), json_of(run / "summary.json")
    assert manifest["files"]["adjustments.csv"]["totals"] == {name: str(total) for name, total in totals.items()}
    assert summary["posted"] == {"entries": len(entries), **{name: str(total) for name, total in totals.items()}}
    assert summary["accounts"] == len({row["account_id"] for row in entries})
    for name in OUTPUTS:
        rows, told = rows_of(run / f"{name}.csv"), manifest["files"][f"{name}.csv"]
        assert told["rows"] == len(rows)
        for column, total in told["totals"].items():
            assert sum(Decimal(row[column]) for row in rows if row[column]) == Decimal(total)
    parts = [(rule, part) for rule, rows in summary["rules"].items() for part in rows]
    assert sum(Decimal(part["gross"]) for _, part in parts) == totals["gross"]
    for rule, part in parts:
        key = (rule, part["kind"], part["settlement"])
        mine = [row for row in entries if (row["rule"], row["kind"], row["settlement"]) == key]
        assert (len(mine), sum(Decimal(row["gross"]) for row in mine)) == (part["entries"], Decimal(part["gross"]))


def test_bill_discounts_are_the_entries_that_a_bill_carries(tmp_path: Path) -> None:
    run = posted(write_operator(tmp_path, operator_of(2)), JULY)
    columns = ("entry_id", "account_id", "subscription_id", "bill_period", "net", "tax_rate", "tax", "gross")
    assert cells(run, "bill_discounts.csv", *columns) == [
        (f"outage_credit|O1|S{n}|final|1", f"A{n}", f"S{n}", "2026-07-01", "0.69", "21", "0.14", "0.83")
        for n in ("0001", "0002")
    ]


def test_the_summary_ages_open_refunds_by_the_days_left(run: Path) -> None:
    # 100.00 gross disputed are 82.64 net, which with 17.35 tax are 99.99; 71.00 and 71.01 come out even.
    assert json_of(run / "summary.json")["open_refunds"] == [
        {"days_left": 0, "refunds": 1, "gross": "24.20"},
        {"days_left": 33, "refunds": 1, "gross": "24.20"},
        {"days_left": 44, "refunds": 1, "gross": "99.99"},
        {"days_left": 45, "refunds": 2, "gross": "142.01"},
    ]


def test_a_refund_that_became_final_is_open_no_more_whichever_way_the_tax_of_its_line_was_rounded(
    tmp_path: Path,
) -> None:
    # 30.00 gross are 24.79 net; 21 % of 24.79 are 5.2059, of twice that 10.4118: the first has 5.21, the second 5.20.
    tables = operator_of(1)
    tables["invoices"] = [invoice("F0001", "A0001", "2026-07-01", "60.00")]
    tables["invoice_lines"] = [{**LINE, "invoice_id": "F0001", "kind": "one_off", "net_amount": "60.00"}]
    tables["disputes"] = [
        dispute(name, "F0001", "2026-07-01", account_id="A0001", line_no=1, gross_amount="30.00")
        for name in ("D1", "D2")
    ]
    write_operator(tmp_path, tables)
    open_refunds = [json_of(posted(tmp_path, day) / "summary.json")["open_refunds"] for day in (JULY, "2026-08-16")]
    assert open_refunds == [[{"days_left": 44, "refunds": 2, "gross": "59.99"}], []]


def test_the_spanish_dialect_is_what_a_spanish_spreadsheet_reads(tmp_path: Path) -> None:
    run = posted(write_operator(tmp_path, operator_of(1), '[outputs]\ndialect = "spanish"\n'), JULY)
    assert (run / "holds.csv").read_bytes() == (
        b"\xef\xbb\xbfaccount_id;invoice_id;dispute_id;amount_gross;since;until\r\n"
        b"A0001;F0001;D0001;11,98;01/07/2026;15/08/2026\r\n"
    )
    assert (run / "tariff_changes.csv").read_bytes().splitlines()[1] == b"S0001;A0001;net;1;2;01/06/2026;8,30;6,90"
    for name in OUTPUTS:
        text = (run / f"{name}.csv").read_bytes()
        assert text.startswith(b"\xef\xbb\xbf")
        outside_of_cells = re.sub(b'"[^"]*"', b"", text)
        assert outside_of_cells.count(b"\n") == outside_of_cells.count(b"\r\n")
    with (run / "adjustments.csv").open(newline="", encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file, delimiter=";"))
    assert [(row["net"], row["tax_rate"], row["as_of"]) for row in rows] == [
        ("9,90", "21", "02/07/2026"),
        ("0,69", "21", "02/07/2026"),
        ("1,40", "21", "02/07/2026"),
    ]


def test_no_text_of_the_inputs_is_run_as_a_formula(tmp_path: Path) -> None:
    tables = operator_of(3)
    hostile = {"A0001": "=A1", "S0001": "+S1", "F0001": "-F1", "D0001": "@D1", "net": "=net"}
    for rows in tables.values():
        for row in rows:
            row.update(
                {name: hostile[value] for name, value in row.items() if isinstance(value, str) and value in hostile}
            )
    tables["disputes"][1] |= {"opened_on": "=1+1"}
    config = "[limits]\nrejected_share = 100\n"
    run = posted(write_operator(tmp_path, tables, config), JULY)
    found = set()
    for name in OUTPUTS:
        with (run / f"{name}.csv").open(newline="", encoding="utf-8") as file:
            found |= {cell for row in csv.reader(file) for cell in row}
    assert not {cell for cell in found if cell[:1] in set("=+@\t\r")}
    assert {"'=A1", "'+S1", "'-F1", "'@D1", "'=net", "'=1+1"} <= found


def test_the_order_of_rows_and_how_they_are_split_into_files_change_nothing(run: Path, tmp_path: Path) -> None:
    shuffle = random.Random(5).shuffle  # noqa: S311  # the same order each time, nothing secret
    directory = write_operator(tmp_path, world())
    for name, rows in world().items():
        (directory / f"{name}.csv").unlink()
        shuffle(rows)
        (directory / name).mkdir()
        columns = dict.fromkeys(column for row in rows for column in row)
        for part in range(3):
            padded = [{column: row.get(column, "") for column in columns} for row in rows[part::3] or rows[:0]]
            if padded:
                write_table(directory / name / f"part-{part}.csv", padded)
    assert but_for_time(posted(directory, JULY)) == but_for_time(run)
