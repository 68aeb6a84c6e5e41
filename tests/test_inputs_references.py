"""Rows that refer to what is missing, rejected or another's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest

from inputs_case import CLEAN, changed, ids, load_from, read, rejections, sources, without

if TYPE_CHECKING:
    from pathlib import Path

DANGLING = [
    ("rates", "card,9,voice,es,,0,1,1,1,1", "tariff_id, version", "card, 9", "there is no such tariff version"),
    ("rates", "card,1,voice,es,dawn,0,1,1,1,1", "band", "dawn", "there is no such band"),
    ("allowances", "none,1,sms,*,10", "tariff_id, version", "none, 1", "there is no such tariff version"),
    ("subscriptions", "S3,2026-01-01,A9,card,,", "account_id", "A9", "there is no such account"),
    ("subscriptions", "S3,2026-01-01,A1,none,,1", "tariff_id", "none", "there is no such tariff"),
    ("subscriptions", "S3,2026-01-01,A1,card,,9", "tariff_id, tariff_version", "card, 9", "there is no such tariff version"),
    ("invoices", "F9,A9,2026-02-01,2026-01-01,2026-02-01,EUR,0,0,0", "account_id", "A9", "there is no such account"),
    ("cdrs", "C9,S9,voice,2026-01-07T10:00Z,,1,0,", "subscription_id", "S9", "there is no such subscription"),
    ("disputes", "D9,A9,F1,,,2026-02-03,open", "account_id", "A9", "there is no such account"),
    ("disputes", "D9,A1,F9,,,2026-02-03,open", "invoice_id", "F9", "there is no such invoice"),
    ("disputes", "D9,A1,F2,,,2026-02-03,open", "invoice_id, account_id", "F2, A1", "the invoice is another account's"),
    ("disputes", "D9,A1,F1,3,,2026-02-03,open", "invoice_id, line_no", "F1, 3", "there is no such line of the invoice"),
    ("disputes", "D9,A1,F1,,C9,2026-02-03,open", "cdr_id", "C9", "there is no such CDR"),
    ("disputes", "D9,A1,F1,,C2,2026-02-03,open", "cdr_id", "C2", "the CDR is on another invoice"),
    ("promises", "P9,A9,,item,0,2026-01-01,x", "account_id", "A9", "there is no such account"),
    ("promises", "P9,A1,S9,item,0,2026-01-01,x", "subscription_id", "S9", "there is no such subscription"),
    ("promises", "P9,A1,S2,item,0,2026-01-01,x", "subscription_id, account_id", "S2, A1", "the subscription belongs to another account"),
    ("collections", "E9,A9,,,reminder,2026-02-20", "account_id", "A9", "there is no such account"),
    ("collections", "E9,A1,S9,,reminder,2026-02-20", "subscription_id", "S9", "there is no such subscription"),
    ("collections", "E9,A1,S2,,reminder,2026-02-20", "subscription_id, account_id", "S2, A1", "the subscription belongs to another account"),
    ("collections", "E9,A1,S1,F9,reminder,2026-02-20", "invoice_id", "F9", "there is no such invoice"),
    ("collections", "E9,A1,S1,F2,reminder,2026-02-20", "invoice_id, account_id", "F2, A1", "the invoice is another account's"),
    ("prior_credits", "K9,F9,1,1.00,2026-02-10", "invoice_id", "F9", "there is no such invoice"),
    ("prior_credits", "K9,F1,3,1.00,2026-02-10", "invoice_id, line_no", "F1, 3", "there is no such line of the invoice"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "row", "column", "value", "reason"), DANGLING)
def test_a_row_that_refers_to_nothing_or_to_another_s_is_rejected(  # noqa: PLR0913, PLR0917 - a row of the table
    tmp_path: Path, name: str, row: str, column: str, value: str, reason: str
) -> None:
    loaded = read(tmp_path, **{name: f"{CLEAN[name]}{row}\n"})
    line = CLEAN[name].count("\n") + 1
    assert rejections(loaded) == [(name, line, column, value, reason)]


SOUND = [
    ("disputes", "D9,A1,F1,,,2026-02-03,open"),  # a whole invoice
    ("disputes", "D9,A1,F1,2,,2026-02-03,open"),
    ("collections", "E9,A1,,,reminder,2026-02-20"),  # no subscription, no invoice
    ("promises", "P9,A1,,item,0,2026-01-01,x"),
    ("cdrs", "C9,S1,voice,2026-01-07T10:00Z,,1,0,F99"),  # an invoice that is not in the inputs
    ("cdrs", "C9,S1,voice,2026-01-07T10:00Z,,1,0,"),
]


@pytest.mark.parametrize(("name", "row"), SOUND)
def test_what_is_empty_or_not_a_reference_is_not_followed(tmp_path: Path, name: str, row: str) -> None:
    assert rejections(read(tmp_path, **{name: f"{CLEAN[name]}{row}\n"})) == []


def test_each_reference_that_does_not_hold_is_said(tmp_path: Path) -> None:
    loaded = read(tmp_path, promises=CLEAN["promises"] + "P9,A9,S9,item,0,2026-01-01,x\n")
    assert [(column, value) for _, _, column, value, _ in rejections(loaded)] == [
        ("account_id", "A9"),
        ("subscription_id", "S9"),
    ]


def test_a_dispute_of_a_cdr_without_an_invoice_is_accepted(tmp_path: Path) -> None:
    loaded = read(
        tmp_path,
        cdrs=CLEAN["cdrs"] + "C3,S1,voice,2026-01-09T10:00Z,,60,0.10,\n",
        disputes=CLEAN["disputes"] + "D9,A1,F1,,C3,2026-02-03,open\n",
    )
    assert rejections(loaded) == []


def test_a_line_of_a_subscription_that_was_the_account_s_at_another_time_is_accepted(tmp_path: Path) -> None:
    moved = "S2,2025-01-01,A1,flat,2026-01-01,\n"
    lines = changed("invoice_lines", ("F1,1,recurring,S1", "F1,1,recurring,S2"))
    assert rejections(read(tmp_path, subscriptions=CLEAN["subscriptions"] + moved, invoice_lines=lines)) == []


def test_a_line_of_another_account_s_subscription_is_rejected_with_its_invoice(tmp_path: Path) -> None:
    loaded = read(tmp_path, invoice_lines=changed("invoice_lines", ("F1,1,recurring,S1", "F1,1,recurring,S2")))
    assert rejections(loaded) == [
        ("invoices", 2, "invoice_id", "F1", "a line of the invoice is rejected"),
        ("invoice_lines", 2, "subscription_id", "S2", "the subscription is not of the invoice's account"),
        ("invoice_lines", 3, "invoice_id", "F1", "the invoice is rejected"),
        ("disputes", 2, "invoice_id", "F1", "the invoice is rejected"),
        ("collections", 2, "invoice_id", "F1", "the invoice is rejected"),
        ("prior_credits", 2, "invoice_id", "F1", "the invoice is rejected"),
    ]


def test_a_line_of_a_subscription_that_does_not_exist_says_so(tmp_path: Path) -> None:
    loaded = read(tmp_path, invoice_lines=changed("invoice_lines", ("F1,1,recurring,S1", "F1,1,recurring,S9")))
    assert rejections(loaded, "invoice_lines")[0] == (
        "invoice_lines",
        2,
        "subscription_id",
        "S9",
        "there is no such subscription",
    )


def test_lines_are_checked_against_subscriptions_without_invoices_too(tmp_path: Path) -> None:
    lines = changed("invoice_lines", ("F1,1,recurring,S1", "F1,1,recurring,S9"))
    loaded = read(tmp_path, invoices=None, invoice_lines=lines, disputes=None)
    assert rejections(loaded) == [
        ("invoice_lines", 2, "subscription_id", "S9", "there is no such subscription"),
        ("prior_credits", 2, "invoice_id, line_no", "F1, 1", "the line of the invoice is rejected"),
    ]


def test_a_line_whose_period_ends_before_that_of_its_invoice_begins_is_rejected(tmp_path: Path) -> None:
    loaded = read(tmp_path, invoice_lines=changed("invoice_lines", ("9.90,21,,", "9.90,21,,2025-12-31")))
    assert rejections(loaded, "invoice_lines")[0] == (
        "invoice_lines",
        2,
        "period_end",
        "2025-12-31",
        "period_end is before period_start, counting the invoice's period where the line has none",
    )


def test_a_band_that_is_named_needs_the_input_bands(tmp_path: Path) -> None:
    loaded = read(tmp_path, bands=None)
    assert rejections(loaded) == [("rates", 2, "band", "night", "there is no such band: the input bands is missing")]


def test_what_the_ledger_knows_may_be_missing_or_rejected(tmp_path: Path) -> None:
    """F1 is missing with its line and CDR, F2 is rejected; the ledger knows both, with their accounts."""
    for name, text in CLEAN.items():
        (tmp_path / f"{name}.csv").write_text(text)
    (tmp_path / "invoices.csv").write_text(without("invoices", "F1").replace(",4.20,", ",9.20,"))
    (tmp_path / "invoice_lines.csv").write_text(without("invoice_lines", "F1"))
    (tmp_path / "cdrs.csv").write_text(without("cdrs", "C1"))
    (tmp_path / "disputes.csv").write_text(
        CLEAN["disputes"] + "D2,A2,F2,7,C7,2026-02-03,open\nD3,A2,F1,2,,2026-02-03,open\n"
    )
    known = pl.LazyFrame({"invoice_id": ["F1", "F2", "F8"], "account_id": ["A1", "A2", "A2"]})
    loaded = load_from(tmp_path, sources(tmp_path), known_invoices=known)
    assert rejections(loaded) == [
        ("invoices", 2, "tax_total", "9.20", "the invoice's lines add up to 4.20"),
        ("invoice_lines", 2, "invoice_id", "F2", "the invoice is rejected"),
        ("disputes", 4, "invoice_id, account_id", "F1, A2", "the invoice is another account's"),
    ]
    assert ids(loaded.inputs.disputes, "dispute_id") == ["D1", "D2"]
    assert ids(loaded.inputs.prior_credits, "credit_id") == ["K1"]
    assert ids(loaded.inputs.collections, "event_id") == ["E1"]


def test_an_invoice_that_is_read_counts_before_what_the_ledger_knows_of_it(tmp_path: Path) -> None:
    for name, text in CLEAN.items():
        (tmp_path / f"{name}.csv").write_text(text)
    (tmp_path / "disputes.csv").write_text(CLEAN["disputes"] + "D9,A1,F1,9,,2026-02-03,open\n")
    known = pl.LazyFrame({"invoice_id": ["F1"], "account_id": ["A1"]})
    loaded = load_from(tmp_path, sources(tmp_path), known_invoices=known)
    assert rejections(loaded) == [
        ("disputes", 3, "invoice_id, line_no", "F1, 9", "there is no such line of the invoice")
    ]
