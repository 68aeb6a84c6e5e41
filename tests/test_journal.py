"""The journal: every kind of entry in balanced double entry, worked out by hand (§9)."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from billadjust.chart import PGC, read_chart
from billadjust.finance import journal, trial_balance
from billadjust.schemas import Journal
from finance_case import customers, line, outage, run
from ledger_case import entry

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import polars as pl

    from billadjust.chart import Account

LAST_YEAR = customers(invoices=[{"issue_date": "2025-12-31"}])


def booked(made: dict[str, pl.DataFrame], chart: Mapping[str, Account] = PGC) -> pl.DataFrame:
    """Return the journal of a run."""
    entries, dates, notes = (made[name].lazy() for name in ("entries", "invoice_dates", "credit_notes"))
    return Journal.validate(journal(entries, dates, notes, chart).collect())


def legs(made: dict[str, pl.DataFrame]) -> list[str]:
    """Return the legs of a run as people write them: `708 1.40` is a debit, `to 430 1.69` a credit."""
    return [
        f"{'to ' if row['credit'] else ''}{row['account_code']} {Decimal(row['debit'] + row['credit']).scaleb(-2):.2f}"
        for row in booked(made).to_dicts()
    ]


@pytest.mark.parametrize("rule", ["tariff_improvement", "dispute_refund"])
def test_a_price_reduction_or_complaint_reduces_revenue_and_vat(tmp_path: Path, rule: str) -> None:
    assert legs(run(tmp_path, "2026-03-01", line(140, 29, rule))) == ["708 1.40", "477 0.29", "to 430 1.69"]


@pytest.mark.parametrize("rule", ["billing_error", "promised_price", "no_lock_in"])
def test_what_was_wrong_on_an_invoice_of_the_same_year_corrects_its_revenue(tmp_path: Path, rule: str) -> None:
    assert legs(run(tmp_path / "same", "2026-12-31", line(140, 29, rule))) == ["705 1.40", "477 0.29", "to 430 1.69"]
    last_year = run(tmp_path / "last", "2026-01-01", line(140, 29, rule), inputs=LAST_YEAR)
    assert legs(last_year) == ["708 1.40", "477 0.29", "to 430 1.69"]


def test_an_indemnity_has_no_vat(tmp_path: Path) -> None:
    indemnity = entry(
        rule="error_indemnity", claim="error_indemnity|F/1|1", settlement="bill_discount", net=1490, tax_rate=0, tax=0
    )
    assert legs(run(tmp_path, "2026-03-01", indemnity)) == ["659 14.90", "to 430 14.90"]


@pytest.mark.parametrize("settlement", ["bill_discount", "bank_transfer"])
def test_what_no_credit_note_rectifies_is_booked_as_a_credit_to_the_customer(tmp_path: Path, settlement: str) -> None:
    assert legs(run(tmp_path, "2026-03-01", outage(69, 14, settlement))) == ["708 0.69", "477 0.14", "to 430 0.83"]


def test_a_provisional_refund_waits_on_suspense_until_it_is_final(tmp_path: Path) -> None:
    waits = run(tmp_path, "2026-03-01", line(990, 208, "dispute_refund", bucket="provisional"))
    assert legs(waits) == ["4309 11.98", "to 430 11.98"]
    fall = line(-990, -208, "dispute_refund", bucket="provisional", kind="finalisation", seq=2)
    final = run(tmp_path, "2026-04-16", line(990, 208, "dispute_refund", kind="finalisation"), fall)
    # The final rise comes first: `final` before `provisional`.
    assert legs(final) == ["708 9.90", "477 2.08", "to 430 11.98", "to 4309 11.98", "430 11.98"]


@pytest.mark.parametrize("kind", ["reversal", "reclassification", "undo"])
def test_a_refund_that_is_taken_back_is_a_contra_entry(tmp_path: Path, kind: str) -> None:
    run(tmp_path, "2026-03-01", line(990, 208, "dispute_refund", bucket="provisional"))
    back = line(-590, -124, "dispute_refund", bucket="provisional", kind=kind, seq=2)
    assert legs(run(tmp_path, "2026-03-10", back)) == ["to 4309 7.14", "430 7.14"]


def test_a_final_credit_that_is_undone_is_a_contra_entry_on_the_same_accounts(tmp_path: Path) -> None:
    run(tmp_path, "2026-03-01", line(1000, 210))
    undone = line(-1000, -210, kind="undo", seq=2)
    assert legs(run(tmp_path, "2026-03-02", undone)) == ["to 705 10.00", "to 477 2.10", "430 12.10"]


def test_an_amount_of_the_other_sign_changes_sides_alone_and_a_zero_is_left_out(tmp_path: Path) -> None:
    """The rate of a line was 21 and is 10: 10.00 had 2.10 of tax, 12.00 have 1.20."""
    run(tmp_path, "2026-03-01", line(1000, 210))
    assert legs(run(tmp_path, "2026-03-02", line(200, -90, seq=2))) == ["705 2.00", "to 477 0.90", "to 430 1.10"]
    assert legs(run(tmp_path, "2026-03-03", line(1, -1, seq=3))) == ["705 0.01", "to 477 0.01"]


def test_the_columns_say_what_is_booked(tmp_path: Path) -> None:
    run(tmp_path, "2026-02-28", outage(69, 0, tax_rate=0))
    made = run(
        tmp_path, "2026-03-01", line(140, 29, "tariff_improvement"), outage(-69, 0, kind="undo", seq=2, tax_rate=0)
    )
    columns = ("number", "leg", "entry_id", "account_name", "counter_code", "customer", "text", "credit_note")
    improvement, back = "tariff_improvement|F/1|1|final|1", "outage_credit|O1|S1|final|2"
    returns = "Devoluciones de ventas y operaciones similares"
    vat, text = "Hacienda Pública, IVA repercutido", "R-2026-000001 tariff_improvement F/1 1"
    undone = "outage_credit O1 S1 (undo)"
    assert booked(made).select(columns).rows() == [
        (1, 1, back, returns, "430", "A1", undone, None),
        (1, 2, back, "Clientes", "708", "A1", undone, None),
        (2, 1, improvement, returns, "430", "A1", text, "R-2026-000001"),
        (2, 2, improvement, vat, "430", "A1", text, "R-2026-000001"),
        (2, 3, improvement, "Clientes", "708", "A1", text, "R-2026-000001"),
    ]


def test_the_trial_balance_sums_each_account_up(tmp_path: Path) -> None:
    run(tmp_path, "2026-02-28", line(40, 8, line_no=3))
    made = run(tmp_path, "2026-03-01", line(1000, 210), line(500, 105, line_no=2), line(-40, -8, line_no=3, seq=2))
    balance = trial_balance(booked(made).lazy()).select("account_code", "debit", "credit").collect()
    assert balance.rows() == [("430", 48, 1815), ("477", 315, 8), ("705", 1500, 40)]


def test_accounts_are_those_of_the_configuration(tmp_path: Path) -> None:
    problems: list[str] = []
    chart = read_chart({"customers": "430.001", "errors": {"code": "705001", "name": "Cuotas"}}, problems)
    made = booked(run(tmp_path, "2026-03-01", line(1000, 210)), chart)
    assert problems == []
    assert made.select("account_code", "account_name").rows() == [
        ("705001", "Cuotas"),
        ("477", "Hacienda Pública, IVA repercutido"),
        ("430.001", "Clientes"),
    ]


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        ({"custmers": "430"}, "accounts.custmers: there is no such account; did you mean `customers`?"),
        ({"vat": 477}, "accounts.vat: needs a code in quotes or a table, not 477"),
        ({"vat": {"cod": "477"}}, "accounts.vat.cod: there is no such key; did you mean `code`?"),
        (
            {"vat": "47 7"},
            'accounts.vat: needs a code of 1 to 20 capitals, digits and dots, such as "430.001", not "47 7"',
        ),
        ({"vat": {"name": ""}}, 'accounts.vat.name: needs a name in quotes, in one line, not ""'),
    ],
)
def test_a_mistake_in_the_accounts_is_told(table: dict[str, object], problem: str) -> None:
    problems: list[str] = []
    assert read_chart(table, problems) == PGC
    assert problems == [problem]
