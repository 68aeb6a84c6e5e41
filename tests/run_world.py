"""Customers each of whom stands on one side of a boundary, for tests of what the files of a run say (§9)."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from operator_case import JULY, LINE, dispute, invoice, tariff

if TYPE_CHECKING:
    from operator_case import Row, Tables


def world() -> Tables:
    """Make customers each of whom stands on one side of a boundary on 2 July 2026; they are named after their case."""
    tables: Tables = {name: [] for name in ("accounts", "subscriptions", "invoices", "invoice_lines", "disputes")}
    tables |= {"tariffs": TARIFFS, "collections": [], "prior_credits": [], "cdrs": CDRS}
    for name, (tariff_id, account, row) in CHANGES.items():
        customer(tables, name, tariff_id, account, row)
    for name, details in DISPUTES.items():
        customer(tables, name, "plain")
        bill(tables, name, "2026-04-01", {"kind": "one_off", "net_amount": "100.00"})
        tables["disputes"] += [
            dispute(f"D-{name}{number}", f"F-{name}", opened, account_id=name, **more)
            for number, (opened, more) in enumerate(details)
        ]
    for name, (line, more, events) in DUNNED.items():
        customer(tables, name, "plain")
        bill(tables, name, "2026-04-01", *line, **more)
        tables["collections"] += [
            {
                "event_id": f"E-{name}{number}",
                "account_id": name,
                "subscription_id": f"S-{name}" if kind in {"suspension", "reconnection"} else "",
                "invoice_id": f"F-{name}" if kind in {"suspension", "debtor_listing"} else "",
                "kind": kind,
                "happened_on": day,
            }
            for number, (kind, day) in enumerate(events)
        ]
    tables["prior_credits"] = [
        {"credit_id": f"C-{name}", "invoice_id": f"F-{name}", "line_no": 1, "net_amount": net, "granted_on": JULY}
        for name, net in {"credit58.68": "58.68", "credit58.69": "58.69"}.items()
    ]
    tables["disputes"] += [
        dispute("D-held71.00", "F-held71.00", JULY, account_id="held71.00", gross_amount="71.00"),
        dispute("D-held71.01", "F-held71.01", JULY, account_id="held71.01", gross_amount="71.01"),
    ]
    for name, lines in BILLED.items():
        customer(tables, name, "plain")
        bill(tables, name, "2026-07-01", *lines)
    return tables


def customer(
    tables: Tables, name: str, tariff_id: str, account: Row | None = None, subscription: Row | None = None
) -> None:
    tables["accounts"].append({"account_id": name, "language": "en", **(account or {})})
    tables["subscriptions"].append(
        {
            "subscription_id": f"S-{name}",
            "valid_from": "2026-01-01",
            "account_id": name,
            "tariff_id": tariff_id,
            **(subscription or {}),
        }
    )


def bill(tables: Tables, name: str, issued: str, *lines: Row, **more: object) -> None:
    net = sum(Decimal(str(line["net_amount"])) for line in lines)
    tables["invoices"].append(invoice(f"F-{name}", name, issued, f"{net:.2f}", **more))
    tables["invoice_lines"] += [
        {**LINE, "invoice_id": f"F-{name}", "subscription_id": f"S-{name}", **line, "line_no": number}
        for number, line in enumerate(lines, start=1)
    ]


TARIFFS: list[Row] = [
    tariff("plain", 1, "2025-01-01", "10.00"),
    tariff("in30days", 1, "2025-01-01", "10.00"),
    tariff("in30days", 2, "2026-08-01", "9.00"),
    tariff("in31days", 1, "2025-01-01", "10.00"),
    tariff("in31days", 2, "2026-08-02", "9.00"),
    tariff("31daysago", 1, "2025-01-01", "8.3055"),
    tariff("31daysago", 2, "2026-06-01", "6.90"),
    tariff("32daysago", 1, "2025-01-01", "8.30"),
    tariff("32daysago", 2, "2026-05-31", "6.90"),
    tariff("mixed", 1, "2025-01-01", "10.00", "6.00"),
    tariff("mixed", 2, "2026-06-01", "9.00", "7.00"),
]

CHANGES: dict[str, tuple[str, Row, Row]] = {
    "a30": ("in30days", {}, {}),
    "a31": ("in31days", {}, {}),
    "ago31": ("31daysago", {}, {}),
    "ago32": ("32daysago", {}, {}),
    "has1": ("32daysago", {}, {"tariff_version": 1}),
    "has2": ("32daysago", {}, {"tariff_version": 2}),
    "closed-today": ("in30days", {"closed_on": "2026-07-02"}, {}),
    "closed-tomorrow": ("in30days", {"closed_on": "2026-07-03"}, {}),
    "ended-yesterday": ("31daysago", {}, {"valid_to": "2026-07-02"}),
    "ends-today": ("31daysago", {}, {"valid_to": "2026-07-03"}),
    "ends-before": ("in30days", {}, {"valid_to": "2026-08-01"}),
    "ends-after": ("in30days", {}, {"valid_to": "2026-08-02"}),
    "begins-tomorrow": ("31daysago", {}, {"valid_from": "2026-07-03"}),
    "mixed": ("mixed", {}, {}),
}
"""Tariff, account and subscription of customers for tariff_changes.csv."""

Opened = tuple[str, dict[str, object]]
EXPLAINED: dict[str, object] = {"status": "explained", "explanation": "Ordered by phone."}
DISPUTES: dict[str, list[Opened]] = {
    "day45": [("2026-05-18", {"gross_amount": "24.20"})],
    "day46": [("2026-05-17", {"gross_amount": "24.20"})],
    "minor100.00": [("2026-07-01", {"gross_amount": "100.00"})],
    "minor100.01": [("2026-07-01", {"gross_amount": "100.01"})],
    "large": [("2026-04-02", {})],
    "tomorrow": [("2026-07-03", {"line_no": 1})],
    "resolved-tomorrow": [("2026-06-20", {"gross_amount": "24.20", "resolved_on": "2026-07-03", **EXPLAINED})],
    "resolved-today": [("2026-06-20", {"gross_amount": "24.20", "resolved_on": "2026-07-02", **EXPLAINED})],
    "accepted": [("2026-06-20", {"status": "accepted", "resolved_on": "2026-06-25", "gross_amount": "24.20"})],
    "late": [("2026-05-01", {"gross_amount": "24.20", "resolved_on": "2026-06-16", **EXPLAINED})],
    "repeated": [
        ("2026-05-01", {"gross_amount": "24.20", "resolved_on": "2026-06-15", **EXPLAINED}),
        ("2026-06-15", {"gross_amount": "24.20"}),
    ],
}
"""Disputes of an invoice of 100.00 + 21.00, by customer: when opened, and what else."""

HUNDRED: list[Row] = [{"kind": "one_off", "net_amount": "100.00"}]
CUT = ("suspension", "2026-05-01")
PAID: Row = {"paid_on": "2026-06-30"}
DUNNED: dict[str, tuple[list[Row], Row, list[tuple[str, str]]]] = {
    "credit58.68": (HUNDRED, {}, [CUT]),
    "credit58.69": (HUNDRED, {}, [CUT]),
    "held71.00": (HUNDRED, {}, [CUT]),
    "held71.01": (HUNDRED, {}, [CUT]),
    "exit58.68": (
        [{"kind": "one_off", "net_amount": "41.32"}, {"kind": "exit_fee", "net_amount": "58.68"}],
        {},
        [("debtor_listing", "2026-05-02")],
    ),
    "exit58.69": (
        [{"kind": "one_off", "net_amount": "41.31"}, {"kind": "exit_fee", "net_amount": "58.69"}],
        {},
        [("debtor_listing", "2026-05-02")],
    ),
    "paid": (HUNDRED, PAID, [("reminder", "2026-04-20"), CUT]),
    "unpaid": (HUNDRED, {}, [CUT]),
    "reconnected": (HUNDRED, PAID, [CUT, ("reconnection", "2026-05-02")]),
    "reconnected-tomorrow": (HUNDRED, PAID, [CUT, ("reconnection", "2026-07-03")]),
    "cut-again": (HUNDRED, PAID, [CUT, ("reconnection", "2026-05-02"), ("suspension", "2026-05-03")]),
    "delisted": (HUNDRED, PAID, [("debtor_listing", "2026-05-02"), ("debtor_delisting", "2026-05-02")]),
    "cut-and-delisted": (HUNDRED, PAID, [CUT, ("debtor_listing", "2026-05-02"), ("debtor_delisting", "2026-05-03")]),
}
"""Lines and invoice of customers for collection_orders.csv, and what collections did to them."""

BILLED: dict[str, list[Row]] = {
    "right": [{"net_amount": "10.00"}],
    "undercharged": [{"net_amount": "9.99"}],
    "tolerated": [{"net_amount": "10.05"}],
    "overcharged": [{"net_amount": "10.06"}],
    "no-cdrs": [{"kind": "usage", "service": "sms", "net_amount": "3.00"}],
    "no-price": [{"kind": "usage", "service": "voice", "net_amount": "0.50"}],
}
"""Lines of the June bill of customers whose tariff has no usage prices and a fee of 10.00."""

CDRS: list[Row] = [
    {
        "cdr_id": "C1",
        "subscription_id": "S-no-price",
        "service": "voice",
        "started_at": "2026-06-10T12:00:00",
        "zone": "moon",
        "quantity": 60,
        "charged": "0.50",
        "invoice_id": "F-no-price",
    }
]
