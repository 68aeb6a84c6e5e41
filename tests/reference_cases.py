"""Worlds of one account, line and tariff, for figures by hand."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from reference import Entry, Policy, Rating, Row, World, owed, run
from world_tables import complete

if TYPE_CHECKING:
    from collections.abc import Sequence

POLICY = Policy()
ACCOUNT: Row = {"account_id": "A", "bill_cycle_day": 1}
INTERNET: Row = {
    "tariff_id": "card",
    "version": 1,
    "effective_from": "2020-01-01",
    "monthly_fee": "9.90",
    "internet_fee": "6.90",
}
LINE: Row = {"subscription_id": "S", "valid_from": "2025-01-01", "account_id": "A", "tariff_id": "card"}


def bill(invoice_id: str, issued: str, start: str, end: str, *lines: Row) -> tuple[Row, list[Row]]:
    """An invoice of account A, its lines numbered from 1 and at 21 % where they say nothing else."""
    invoice = {
        "invoice_id": invoice_id,
        "account_id": "A",
        "issue_date": issued,
        "period_start": start,
        "period_end": end,
    }
    defaults = {"invoice_id": invoice_id, "kind": "recurring", "subscription_id": "S", "tax_rate": 21}
    return invoice, [defaults | {"line_no": number} | line for number, line in enumerate(lines, start=1)]


def world_of(bills: Sequence[tuple[Row, list[Row]]], **tables: list[Row]) -> World:
    """A world with one account, line and tariff, and these bills."""
    common: dict[str, list[Row]] = {"accounts": [ACCOUNT], "subscriptions": [LINE], "tariffs": [INTERNET]}
    return complete(
        **(common | tables), invoices=[invoice for invoice, _ in bills], invoice_lines=[line for _, lines in bills for line in lines]
    )  # fmt: skip


def amounts(world: World, as_of: str, policy: Policy = POLICY) -> dict[str, str]:
    """What is owed, as text."""
    return {claim: f"{float(amount):.2f}" for claim, amount in owed(world, policy, date.fromisoformat(as_of)).items()}


def brief(entries: list[Entry]) -> list[tuple[str, str, str, str]]:
    """Rule and bucket, kind, net and tax."""
    return [(f"{entry.rule}/{entry.bucket}", entry.kind, str(entry.net), str(entry.tax)) for entry in entries]


def nights(*steps: tuple[str, World]) -> list[list[tuple[str, str, str, str]]]:
    """What each night posts on the ledger of those before it."""
    ledger: list[Entry] = []
    result = []
    for as_of, world in steps:
        entries = run(world, POLICY, date.fromisoformat(as_of), ledger)
        ledger += entries
        result.append(brief(entries))
    return result


OUTAGE: Row = {
    "outage_id": "O1",
    "service": "data",
    "started_at": "2025-08-25T14:00:00+02:00",
    "ended_at": "2025-08-25T15:05:00+02:00",
}


def dispute(**columns: object) -> Row:
    """A dispute of the first line of invoice F, opened on 1 March."""
    first: Row = {"dispute_id": "D", "account_id": "A", "invoice_id": "F", "opened_on": "2025-03-01", "status": "open"}
    return first | columns


def disputed(resolution: Row | None = None, **tables: list[Row]) -> World:
    """A line of 9.90 that is right, disputed on 1 March."""
    invoice = bill("F", "2025-02-28", "2025-02-01", "2025-03-01", {"net_amount": "9.90"})
    return world_of([invoice], **({"disputes": [dispute(line_no=1, **(resolution or {}))]} | tables))


def explained(day: str) -> Row:
    """An explanation on a day."""
    return {"status": "explained", "resolved_on": day, "explanation": "as agreed"}


FEBRUARY = ("2025-02-01", "2025-03-01")
FEE: Row = {"net_amount": "9.90"}
BACK: Row = {"net_amount": "-9.90"}


def catalogue(*versions: Row, row: Row | None = None, **tables: list[Row]) -> Rating:
    """A line whose tariff has these versions: the first as of 2020, each its predecessor with changes."""
    tariffs = [INTERNET]
    for number, changes in enumerate(versions, start=2):
        tariffs.append(tariffs[-1] | {"version": number} | changes)
    return Rating(world_of([], tariffs=tariffs, subscriptions=[LINE | (row or {})], **tables), POLICY)


def lower(day: str, fee: str) -> Row:
    """A version with another fee, of which Internet access is as much as before."""
    return {"effective_from": day, "monthly_fee": fee, "internet_fee": "6.90"}
