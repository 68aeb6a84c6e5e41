"""Rows dated after the run's date are not used yet."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from billadjust.inputs import known_on
from inputs_case import CLEAN, changed, ids, read

if TYPE_CHECKING:
    from pathlib import Path

DATES: list[tuple[str, str, date, list[object], list[object]]] = [
    ("invoices", "invoice_id", date(2026, 2, 1), ["F1", "F2"], []),
    ("invoice_lines", "line_no", date(2026, 2, 1), [1, 1, 2], []),
    ("disputes", "dispute_id", date(2026, 2, 3), ["D1"], []),
    ("collections", "event_id", date(2026, 2, 20), ["E1"], []),
    ("prior_credits", "credit_id", date(2026, 2, 10), ["K1"], []),
    ("outages", "outage_id", date(2026, 1, 25), ["O1"], []),
]


@pytest.mark.parametrize(("name", "column", "day", "then", "before"), DATES)
def test_a_row_counts_from_its_date_on(  # noqa: PLR0913, PLR0917 - a row of the table
    tmp_path: Path, name: str, column: str, day: date, then: list[object], before: list[object]
) -> None:
    inputs = read(tmp_path).inputs
    eve = date.fromordinal(day.toordinal() - 1)
    assert ids(getattr(known_on(inputs, day, "Europe/Madrid"), name), column) == then
    assert ids(getattr(known_on(inputs, eve, "Europe/Madrid"), name), column) == before


def test_cdrs_stay(tmp_path: Path) -> None:
    assert ids(known_on(read(tmp_path).inputs, date(2020, 1, 1), "Europe/Madrid").cdrs, "cdr_id") == ["C1", "C2"]


def test_an_outage_ends_on_its_local_date(tmp_path: Path) -> None:
    """22:30 UTC in summer is half past midnight of the next day in Madrid; an outage that goes on stays."""
    outages = "outage_id,service,started_at,ended_at\nO1,data,2026-07-01T10:00Z,2026-07-01T22:30Z\nO2,data,2026-07-01T10:00Z,\n"
    inputs = read(tmp_path, outages=outages).inputs
    assert ids(known_on(inputs, date(2026, 7, 1), "Europe/Madrid").outages, "outage_id") == ["O2"]
    assert ids(known_on(inputs, date(2026, 7, 2), "Europe/Madrid").outages, "outage_id") == ["O1", "O2"]
    assert ids(known_on(inputs, date(2026, 7, 1), "UTC").outages, "outage_id") == ["O1", "O2"]


DISPUTE = (
    "dispute_id,account_id,invoice_id,opened_on,status,resolved_on,justified_gross,explanation\n"
    "D1,A1,F1,2026-02-03,explained,2026-02-10,1.00,it was right\n"
)


def test_a_dispute_whose_resolution_comes_later_is_still_open(tmp_path: Path) -> None:
    inputs = read(tmp_path, disputes=DISPUTE).inputs
    columns = ("status", "resolved_on", "justified_gross", "explanation")
    assert ids(known_on(inputs, date(2026, 2, 9), "Europe/Madrid").disputes, *columns) == [("open", None, None, None)]
    assert ids(known_on(inputs, date(2026, 2, 10), "Europe/Madrid").disputes, *columns) == [
        ("explained", date(2026, 2, 10), 100, "it was right")
    ]


def test_lines_without_the_input_invoices_stay(tmp_path: Path) -> None:
    inputs = read(tmp_path, invoices=None, disputes=None, prior_credits=None, collections=None).inputs
    assert (
        len(ids(known_on(inputs, date(2020, 1, 1), "Europe/Madrid").invoice_lines, "line_no"))
        == CLEAN["invoice_lines"].count("\n") - 1
    )


def test_an_invoice_is_paid_from_the_day_of_its_payment_on(tmp_path: Path) -> None:
    invoices = changed(
        "invoices",
        ("gross_total\n", "gross_total,paid_on\n"),
        ("15.61\n", "15.61,2026-02-10\n"),
        ("24.20\n", "24.20,\n"),
    )
    inputs = read(tmp_path, invoices=invoices).inputs
    for day, paid_on in ((9, None), (10, date(2026, 2, 10))):
        known = known_on(inputs, date(2026, 2, day), "Europe/Madrid").invoices
        assert dict(known.select("invoice_id", "paid_on").collect().rows()) == {"F1": paid_on, "F2": None}
