"""Small inputs for tests, written as a file would say them: fees as "8.30", times as "18:00", dates as "2026-06-01"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import polars as pl

from billadjust.inputs.model import Inputs, Taken
from billadjust.rating.usage_parts import usage_of, usage_parts
from billadjust.schemas import INPUTS, Column, Kind

if TYPE_CHECKING:
    from collections.abc import Callable

    from billadjust.policy import Policy

Row = Mapping[str, Any]
Rows = Sequence[Row]
MADRID = ZoneInfo("Europe/Madrid")
DEFAULTS: dict[str, Row] = {
    "accounts": {"account_id": "A"},
    "subscriptions": {"subscription_id": "S", "account_id": "A", "tariff_id": "card", "valid_from": "2026-01-01"},
    "tariffs": {
        "tariff_id": "card",
        "version": 1,
        "effective_from": "2026-01-01",
        "monthly_fee": "8.30",
        "internet_fee": "0",
    },
    "rates": {
        "tariff_id": "card",
        "version": 1,
        "service": "voice",
        "zone": "*",
        "price": "0.10",
        "per": 60,
        "first_increment": 60,
        "increment": 60,
    },
    "allowances": {"tariff_id": "card", "version": 1, "service": "voice", "zones": "*"},
    "invoices": {
        "invoice_id": "I",
        "account_id": "A",
        "issue_date": "2026-07-01",
        "period_start": "2026-06-01",
        "period_end": "2026-07-01",
        "currency": "EUR",
        "net_total": "0",
        "tax_total": "0",
        "gross_total": "0",
    },
    "invoice_lines": {"invoice_id": "I", "line_no": 1, "kind": "recurring", "subscription_id": "S", "tax_rate": 21},
    "cdrs": {
        "subscription_id": "S",
        "service": "voice",
        "started_at": "2026-06-01 12:00",
        "zone": "es",
        "charged": "0",
    },
}
"""What the rows of a test have unless they say otherwise: one customer, one line, one tariff, one invoice for June."""


def make_inputs(**tables: Rows) -> Inputs:
    """Make inputs of rows; what a row leaves out comes from `DEFAULTS` and from the schema's defaults.

    `taken_cdrs` and its like are what rejected rows take along.
    """
    small: dict[str, Rows] = {"accounts": [{}], "subscriptions": [{}], "tariffs": [{}]}
    taken = {name.removeprefix("taken_"): rows for name, rows in tables.items() if name.startswith("taken_")}
    given = {name: rows for name, rows in tables.items() if not name.startswith("taken_")}
    frames = {name: _frame(name, rows) for name, rows in (small | given).items()}
    nothing = vars(Taken.nothing())
    took = {name: pl.LazyFrame(rows, schema=nothing[name].collect_schema()) for name, rows in taken.items()}
    return Inputs.of(frames, Taken(**(nothing | took)))


def local(text: str, *, fold: int = 0) -> datetime:
    """Return the instant of a local time in Madrid; `fold=1` is the second of a repeated hour."""
    return datetime.fromisoformat(text).replace(tzinfo=MADRID, fold=fold).astimezone(UTC)


def _frame(name: str, rows: Rows) -> pl.LazyFrame:
    table = INPUTS[name]
    defaults = {column.name: column.default for column in table.columns} | dict(DEFAULTS.get(name, {}))
    unknown = {key for row in rows for key in row} - set(table.schema)
    assert not unknown, unknown
    full = [{column.name: _value(column, {**defaults, **row}[column.name]) for column in table.columns} for row in rows]
    return pl.LazyFrame(full, schema=table.schema, orient="row")


def _value(column: Column, value: object) -> object:
    if value is None or not isinstance(value, str | int):
        return value
    read: dict[Kind, Callable[[str], object]] = {
        Kind.MONEY: lambda text: int(Decimal(text).scaleb(2)),
        Kind.MICRO: lambda text: int(Decimal(text).scaleb(6)),
        Kind.PERCENT: lambda text: int(Decimal(text).scaleb(4)),
        Kind.DATE: date.fromisoformat,
        Kind.TIME: lambda text: int(text[:2]) * 3600 + int(text[3:]) * 60,
        Kind.TIMESTAMP: local,
        Kind.BOOLEAN: lambda text: text in {"true", "True"},
        Kind.INTEGER: int,
    }
    return read.get(column.kind, str)(str(value))


def sum_up_usage(inputs: Inputs, spans: pl.LazyFrame, policy: Policy) -> pl.LazyFrame:
    """Rate the CDRs: schemas.UsageParts."""
    with usage_of(inputs, spans, policy) as usage:
        return usage_parts(usage)
