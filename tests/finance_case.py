"""Runs of hand-made entries on a real ledger, with all that they keep for finance."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

from billadjust.finance import documents
from billadjust.ledger import lock, open_ledger, plan_hash
from billadjust.plan import Plan, post
from ledger_case import entry, frame
from rating_tables import make_inputs

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import polars as pl

    from billadjust.inputs.model import Inputs

Row = dict[str, Any]

IBAN = "ES7000000000010000001234"
"""Of a bank that does not exist (code 0000), with right check digits."""


def customers(accounts: Sequence[Row] = ({},), invoices: Sequence[Row] = ({},)) -> Inputs:
    """Make the inputs that finance's documents name: one customer with one invoice, unless the rows say otherwise."""
    account: Row = {"account_id": "A1", "name": "Ana Inventada", "tax_id": "00000000T"}
    invoice: Row = {"invoice_id": "F/1", "account_id": "A1", "issue_date": "2026-02-01"}
    return make_inputs(accounts=[account | row for row in accounts], invoices=[invoice | row for row in invoices])


def line(net: int, tax: int, rule: str = "billing_error", invoice: str = "F/1", line_no: int = 1, **more: Any) -> Row:  # noqa: ANN401  # any column of an entry
    """Make an entry of a line rule; a complaint is D1."""
    key = f"{invoice}|{line_no}"
    claim = f"dispute_refund|D1|{key}" if rule == "dispute_refund" else f"{rule}|{key}"
    provisional = more.get("bucket") == "provisional"
    settlement = "provisional_credit" if provisional else "credit_note"
    more = {"claim": claim, "settlement": settlement, **more}
    return entry(rule=rule, invoice_id=invoice, line_no=line_no, net=net, tax=tax, **more)


def outage(net: int, tax: int, settlement: str = "bill_discount", **more: Any) -> Row:  # noqa: ANN401  # any column of an entry
    """Make an entry for an outage: of 0.69 + 0.14 on the bill of September, say."""
    return entry(
        rule="outage_credit",
        claim="outage_credit|O1|S1",
        settlement=settlement,
        invoice_id=None,
        line_no=None,
        net=net,
        tax=tax,
        **more,
    )


def run(
    ledger: Path, as_of: str, *rows: Row, inputs: Inputs | None = None, prefix: str = "R-"
) -> dict[str, pl.DataFrame]:
    """Post the rows as a run of a date. Returns what it keeps, by name, and its `entries`."""
    day = date.fromisoformat(as_of)
    with lock(ledger):
        snapshot = open_ledger(ledger, "EUR")
        run_id = snapshot.next_run_id(day)
        entries = frame(*(row | {"run_id": run_id, "as_of": day} for row in rows))
        tables = documents(entries, inputs or customers(), snapshot, day, prefix)
        post(Plan(run_id, day, ("accounts",), entries, tables, {}, plan_hash(entries)), snapshot)
    return tables | {"entries": entries}


def told(table: pl.DataFrame, *columns: str) -> list[tuple[Any, ...]]:
    """Return the rows of some columns."""
    return table.select(columns).rows()


def without(inputs: Inputs, *tables: str) -> Inputs:
    """Empty some tables."""
    return replace(inputs, **{name: getattr(inputs, name).head(0) for name in tables})
