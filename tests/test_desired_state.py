"""Orders to other departments: complete for every rule, gone once the inputs show that they were carried out (§9)."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any, Final

import pytest

from operator_case import JULY, Row, Tables, invoice, operator_of, posted, rows_of, tariff, write_operator

if TYPE_CHECKING:
    from pathlib import Path

NIGHT: Final = "2026-07-10"
NEXT: Final = "2026-07-11"

LINES: Final[dict[str, Row]] = {
    # What is billed at 149.00, and what brings it below the 50.00 over which somebody may be cut off or listed.
    "billing_error": {"kind": "recurring"},
    "promised_price": {"kind": "device", "item": "handset"},
    "no_lock_in": {"kind": "exit_fee"},
    "tariff_improvement": {"kind": "recurring"},
    "dispute_refund": {"kind": "one_off"},
    "on_hold": {"kind": "one_off"},
    "prior_credit": {"kind": "one_off"},
    "paid": {"kind": "one_off"},
    # These stand: nothing was given back, or only what is no part of the invoice.
    "nothing": {"kind": "one_off"},
    "outage": {"kind": "one_off"},
}
UNDONE: Final = tuple(LINES)[:8]


def operator() -> Tables:
    """Make an operator with a customer for each of `LINES`; each was cut off, and listed, over the bill."""
    names = list(LINES)
    tables: Tables = {
        "accounts": [{"account_id": name, "language": "en"} for name in names],
        "subscriptions": [subscription(name) for name in names],
        "tariffs": [
            tariff("cheap", 1, "2025-01-01", "10.00", "0.00"),
            tariff("dear", 1, "2025-01-01", "149.00", "0.00"),
            tariff("dear", 2, "2026-06-01", "10.00", "0.00"),
            tariff("net", 1, "2025-01-01", "6.90"),
        ],
        "invoices": [invoice(f"F-{name}", name, "2026-07-01", "149.00") for name in names],
        "invoice_lines": [
            {
                "invoice_id": f"F-{name}",
                "line_no": 1,
                "subscription_id": f"S-{name}",
                "net_amount": "149.00",
                "tax_rate": "21",
                **line,
            }
            for name, line in LINES.items()
        ],
        "promises": [
            {
                "promise_id": "P",
                "account_id": "promised_price",
                "item": "handset",
                "price": "0.00",
                "valid_from": "2026-06-01",
                "evidence": "letter",
            }
        ],
        "disputes": [
            complaint("dispute_refund", status="accepted", resolved_on="2026-07-09"),
            complaint("on_hold", status="open"),
        ],
        "prior_credits": [
            {
                "credit_id": "C",
                "invoice_id": "F-prior_credit",
                "line_no": 1,
                "net_amount": "149.00",
                "granted_on": "2026-07-05",
            }
        ],
        "outages": [
            {
                "outage_id": "O",
                "service": "data",
                "started_at": "2026-07-03T10:00:00",
                "ended_at": "2026-07-08T10:00:00",
            }
        ],
        "collections": [event(name, kind, "2026-07-08") for name in names for kind in ("suspension", "debtor_listing")],
    }
    for row in tables["invoices"]:
        if row["account_id"] == "paid":
            row["paid_on"] = "2026-07-09"
    return tables


def subscription(name: str) -> Row:
    tariffs = {"tariff_improvement": "dear", "outage": "net"}
    return {
        "subscription_id": f"S-{name}",
        "valid_from": "2026-01-01",
        "account_id": name,
        "tariff_id": tariffs.get(name, "cheap"),
        "tariff_version": "1",
    }


def complaint(name: str, **how: str) -> Row:
    return {
        "dispute_id": f"D-{name}",
        "account_id": name,
        "invoice_id": f"F-{name}",
        "line_no": 1,
        "opened_on": "2026-07-05",
        **how,
    }


def event(name: str, kind: str, on: str) -> Row:
    return {
        "event_id": f"{kind}-{name}",
        "account_id": name,
        "subscription_id": f"S-{name}" if kind in {"suspension", "reconnection"} else "",
        "invoice_id": f"F-{name}",
        "kind": kind,
        "happened_on": on,
    }


def orders(run: Path) -> dict[str, set[str]]:
    """Return what is ordered, for whom."""
    found: dict[str, set[str]] = {}
    for row in rows_of(run / "collection_orders.csv"):
        found.setdefault(row["order"], set()).add(row["account_id"])
    return found


def test_every_rule_undoes_what_was_done_over_the_bill_until_the_export_shows_it(tmp_path: Path) -> None:
    tables = operator()
    run = posted(write_operator(tmp_path, tables), NIGHT)
    assert orders(run) == {"reconnect": set(UNDONE), "delist": set(UNDONE)}
    # What was done is told in the letter of whoever gets one, on the night on which something is posted.
    letters = {row["account_id"]: row["body"] for row in rows_of(run / "notices.csv")}
    assert "outage" in letters
    for name, body in letters.items():
        told = ("we have ordered that your line be reconnected" in body, "you be taken off the list" in body)
        assert told == ((name in UNDONE), (name in UNDONE)), name
    # Nothing happens: the same orders the next night. Half of it is done: the other half is left.
    again = posted(tmp_path, NIGHT)
    assert orders(again) == orders(run)
    done = [event(name, "reconnection", NEXT) for name in UNDONE] + [
        event(name, "debtor_delisting", NEXT) for name in UNDONE[:4]
    ]
    tables["collections"] += done
    half = posted(write_operator(tmp_path, tables), NEXT)
    assert orders(half) == {"delist": set(UNDONE[4:])}


def test_what_is_ordered_twice_is_done_once(tmp_path: Path) -> None:
    run = posted(write_operator(tmp_path, operator()), NIGHT)

    def imported(state: dict[str, Any], times: int) -> dict[str, Any]:
        after = copy.deepcopy(state)
        for _ in range(times):
            for row in rows_of(run / "collection_orders.csv"):
                after["cut" if row["order"] == "reconnect" else "listed"].discard(row["account_id"])
            for row in rows_of(run / "tariff_changes.csv"):
                after["versions"][row["subscription_id"]] = row["to_version"]
            after["held"] = {row["dispute_id"]: row["amount_gross"] for row in rows_of(run / "holds.csv")}
        return after

    before = {"cut": set(LINES), "listed": set(LINES), "versions": {f"S-{name}": "1" for name in LINES}, "held": {}}
    once = imported(before, 1)
    assert once["cut"] == once["listed"] == {"nothing", "outage"}
    assert once["versions"]["S-tariff_improvement"] == "2"
    assert once["held"] == {"D-on_hold": "180.29"}
    assert imported(before, 2) == once


def test_a_tariff_change_is_ordered_until_provisioning_shows_the_version(tmp_path: Path) -> None:
    tables = operator()
    run = posted(write_operator(tmp_path, tables), NIGHT)
    ordered = [
        (row["subscription_id"], row["from_version"], row["to_version"]) for row in rows_of(run / "tariff_changes.csv")
    ]
    assert ordered == [("S-tariff_improvement", "1", "2")]
    for row in tables["subscriptions"]:
        if row["subscription_id"] == "S-tariff_improvement":
            row["tariff_version"] = "2"
    assert rows_of(posted(write_operator(tmp_path, tables), NEXT) / "tariff_changes.csv") == []


@pytest.mark.parametrize(
    "how",
    [
        {"status": "accepted", "resolved_on": NEXT},
        {"status": "explained", "resolved_on": NEXT, "explanation": "It was ordered on 3 June."},
        {"status": "withdrawn", "resolved_on": NEXT},
    ],
)
def test_a_hold_ends_when_the_complaint_is_decided(tmp_path: Path, how: dict[str, str]) -> None:
    tables = operator()
    run = posted(write_operator(tmp_path, tables), NIGHT)
    # 149.00 + 31.29 are more than 100.00, so nothing is refunded and there is no deadline.
    assert [(row["dispute_id"], row["until"]) for row in rows_of(run / "holds.csv")] == [("D-on_hold", "")]
    tables["disputes"][1] = complaint("on_hold", **how)
    after = posted(write_operator(tmp_path, tables), NEXT)
    assert rows_of(after / "holds.csv") == []
    # What was in dispute and is right after all may be collected again: the suspension stands.
    assert ("on_hold" in orders(after).get("reconnect", set())) == (how["status"] == "accepted")


@pytest.mark.parametrize(
    ("paid_on", "order", "transferred"),
    [("2026-07-02", {"reconnect": {"A0001"}}, ["1.69"]), ("2026-07-03", {}, []), ("", {}, [])],
)
def test_an_invoice_that_is_paid_tomorrow_is_not_paid_today(
    tmp_path: Path, paid_on: str, order: dict[str, set[str]], transferred: list[str]
) -> None:
    """Of 22.02, 1.40 + 0.29 are credited; 20.33 are left until the invoice is paid, more than 20.00."""
    tables = operator_of(1)
    del tables["disputes"], tables["outages"]
    tables["accounts"][0] |= {"closed_on": "2026-07-01", "iban": "ES7000000000010000001234"}
    tables["invoices"][0]["paid_on"] = paid_on
    tables["collections"] = [
        {"event_id": "E", "account_id": "A0001", "subscription_id": "S0001", "invoice_id": "F0001", "kind": "suspension",
         "happened_on": "2026-07-02"}
    ]  # fmt: skip
    run = posted(write_operator(tmp_path / "operator", tables, "[policy]\ncollections.min_gross = 20.00\n"), JULY)
    assert orders(run) == order
    assert [row["gross"] for row in rows_of(run / "bank_transfers.csv")] == transferred
