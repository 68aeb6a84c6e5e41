"""Invoices add up, or go with all their lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from inputs_case import CLEAN, changed, ids, load_from, read, rejections, sources

if TYPE_CHECKING:
    from pathlib import Path

HEADER = "invoice_id,account_id,issue_date,period_start,period_end,currency,net_total,tax_total,gross_total\n"
LINES = "invoice_id,line_no,kind,net_amount,tax_rate\n"

# Two lines: 10.01 at 21 % is 2.1021 of tax, 0.33 at 10 % is 0.033. Net 10.34, tax 2.1351, gross 12.4751; 0.10 either way.
TOTALS = [
    ("10.34", "2.14", "12.48", []),
    ("10.34", "2.13", "12.47", []),
    ("10.34", "2.23", "12.57", []),
    ("10.34", "2.24", "12.57", [("tax_total", "2.24", "2.14")]),
    ("10.34", "2.04", "12.38", []),
    ("10.34", "2.03", "12.38", [("tax_total", "2.03", "2.14")]),
    ("10.34", "2.14", "12.58", [("gross_total", "12.58", "12.48")]),
    ("10.34", "2.14", "12.37", [("gross_total", "12.37", "12.48")]),
    ("10.35", "2.14", "12.48", [("net_total", "10.35", "10.34")]),
    ("10.33", "9", "12.48", [("net_total", "10.33", "10.34"), ("tax_total", "9.00", "2.14")]),
]


@pytest.mark.parametrize(("net", "tax", "gross", "expected"), TOTALS)
def test_net_adds_up_exactly_and_tax_and_gross_within_five_cents_a_line(
    tmp_path: Path, net: str, tax: str, gross: str, expected: list[tuple[str, str, str]]
) -> None:
    loaded = read(
        tmp_path,
        invoices=f"{HEADER}F1,A1,2026-02-01,2026-01-01,2026-02-01,EUR,{net},{tax},{gross}\n",
        invoice_lines=f"{LINES}F1,1,device,10.01,21\nF1,2,device,0.33,10\n",
        **dict.fromkeys(("disputes", "collections", "prior_credits")),
    )
    assert rejections(loaded, "invoices") == [
        ("invoices", 2, column, value, f"the invoice's lines add up to {sum_}")
        for column, value, sum_ in sorted(expected)
    ]
    assert [(line, reason) for _, line, _, _, reason in rejections(loaded, "invoice_lines")] == (
        [(2, "the invoice is rejected"), (3, "the invoice is rejected")] if expected else []
    )


@pytest.mark.parametrize(("totals", "accepted"), [("0,0,0", True), ("0.01,0,0.01", False), ("0,0.01,0.01", False)])
def test_an_invoice_without_lines_is_about_nothing(tmp_path: Path, totals: str, accepted: bool) -> None:
    row = f"F9,A1,2026-02-01,2026-01-01,2026-02-01,EUR,{totals}\n"
    loaded = read(tmp_path, invoices=CLEAN["invoices"] + row)
    assert ids(loaded.inputs.invoices, "invoice_id") == ["F1", "F2", *(["F9"] if accepted else [])]


def test_negative_lines_count(tmp_path: Path) -> None:
    """-10.00 and 4.00 at 21 %: net -6.00, tax -1.26, gross -7.26."""
    loaded = read(
        tmp_path,
        invoices=CLEAN["invoices"] + "F9,A1,2026-02-01,2026-01-01,2026-02-01,EUR,-6,-1.26,-7.26\n",
        invoice_lines=CLEAN["invoice_lines"] + "F9,1,discount,,,-10,21,,\nF9,2,device,,,4,21,,\n",
    )
    assert rejections(loaded) == []


def test_large_invoices_are_added_up_exactly(tmp_path: Path) -> None:
    """200 lines of 999,999,999.99 at 100 %: net × rate is 2 × 10^19, beyond 64 bits, and no total can state it."""
    lines = "".join(f"F9,{number},device,,,999999999.99,100,,\n" for number in range(200))
    loaded = read(
        tmp_path,
        invoices=CLEAN["invoices"] + "F9,A1,2026-02-01,2026-01-01,2026-02-01,EUR,999999999.99,0,999999999.99\n",
        invoice_lines=CLEAN["invoice_lines"] + lines,
    )
    assert rejections(loaded, "invoices") == [
        ("invoices", 4, "gross_total", "999999999.99", "the invoice's lines add up to 399999999996.00"),
        ("invoices", 4, "net_total", "999999999.99", "the invoice's lines add up to 199999999998.00"),
        ("invoices", 4, "tax_total", "0.00", "the invoice's lines add up to 199999999998.00"),
    ]


def test_a_rejected_line_takes_its_invoice_and_the_other_lines(tmp_path: Path) -> None:
    loaded = read(
        tmp_path, invoice_lines=changed("invoice_lines", ("3.00,21", "3.001,21")), disputes=None, prior_credits=None
    )
    assert rejections(loaded, "invoices", "invoice_lines") == [
        ("invoices", 2, "invoice_id", "F1", "a line of the invoice is rejected"),
        ("invoice_lines", 2, "invoice_id", "F1", "the invoice is rejected"),
        ("invoice_lines", 3, "net_amount", "3.001", "has more than 2 decimals"),
    ]
    assert ids(loaded.inputs.invoice_lines, "invoice_id", "line_no") == [("F2", 1)]


@pytest.mark.parametrize("line", [" F1,3,device,,,1,21,,", "F1,3,device,,,1,21,,,,", '"F1,3,device,,,1,21,,'])
def test_the_invoice_of_a_rejected_line_is_made_out_if_it_can_be(tmp_path: Path, line: str) -> None:
    loaded = read(tmp_path, invoice_lines=f"{CLEAN['invoice_lines']}{line}\n")
    assert rejections(loaded, "invoices") == [("invoices", 2, "invoice_id", "F1", "a line of the invoice is rejected")]


def test_without_lines_totals_are_not_checked(tmp_path: Path) -> None:
    loaded = read(tmp_path, invoices=changed("invoices", ("12.90", "12.91")), invoice_lines=None)
    assert rejections(loaded) == []


def test_another_currency_than_the_policy_s_is_rejected(tmp_path: Path) -> None:
    loaded = read(tmp_path, invoices=changed("invoices", ("EUR,20.00", "USD,20.00")))
    assert rejections(loaded) == [
        ("invoices", 3, "currency", "USD", "the currency is not the policy's, EUR"),
        ("invoice_lines", 4, "invoice_id", "F2", "the invoice is rejected"),
    ]


def test_a_currency_without_minor_digits_has_a_tolerance_of_5_units_a_line(tmp_path: Path) -> None:
    """1000 yen at 10 % are 100 of tax: 105 pass, 106 do not."""
    for name, text in CLEAN.items():
        (tmp_path / f"{name}.csv").write_text(text)
    rows = "F{0},A1,2026-02-01,2026-01-01,2026-02-01,JPY,1000,{1},1100.00\n"
    (tmp_path / "invoices.csv").write_text(HEADER + rows.format(1, 105) + rows.format(2, 106))
    (tmp_path / "invoice_lines.csv").write_text(f"{LINES}F1,1,device,1000,10\nF2,1,device,1000,10\n")
    given = {name: source for name, source in sources(tmp_path).items() if name not in {"disputes", "prior_credits"}}
    loaded = load_from(tmp_path, given, currency="JPY")
    assert rejections(loaded, "invoices") == [
        ("invoices", 3, "tax_total", "106", "the invoice's lines add up to 100"),
    ]
