"""Small worlds as plain rows: completed, typed as the program's frames, or written as the files that it reads."""

from __future__ import annotations

import csv
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from billadjust.schemas import INPUTS, Column, Kind

if TYPE_CHECKING:
    from pathlib import Path

    from reference import Row, World

CENT: Final = Decimal("0.01")
SCALES: Final = {Kind.MONEY: 2, Kind.MICRO: 6, Kind.PERCENT: 4}


def default_of(column: Column) -> Any:  # noqa: ANN401 - a cell can hold any of the kinds of schemas.Kind
    """Return a column's default as the value that a world holds."""
    if column.default is None:
        return None
    if column.kind == Kind.BOOLEAN:
        return column.default == "true"
    if column.kind == Kind.INTEGER:
        return int(column.default)
    return Decimal(column.default) if column.kind in SCALES else column.default


def tax_on(net: Decimal, tax_rate: Decimal) -> Decimal:
    """Return the tax on a net amount, rounded half away from zero."""
    return (net * tax_rate / 100).quantize(CENT, ROUND_HALF_UP)


def complete(**tables: list[Row]) -> World:
    """Make a world of rows that name only what matters.

    Missing tables are empty, missing columns get their default or None, numbers and ISO texts become Decimals, dates
    and times. A line without period gets its invoice's; an invoice without totals gets those of its lines.
    """
    world: World = {name: [] for name in INPUTS}
    for name, rows in tables.items():
        for row in rows:
            unknown = row.keys() - {column.name for column in INPUTS[name].columns}
            assert not unknown, f"{name} has no column {unknown}"
            world[name].append({column.name: _value(column, row) for column in INPUTS[name].columns})
    fill_invoices(world)
    return world


def _value(column: Column, row: Row) -> Any:  # noqa: ANN401 - as in default_of
    value = row.get(column.name, default_of(column))
    if column.kind in SCALES and isinstance(value, int | str):
        return Decimal(value)
    if column.kind == Kind.DATE and isinstance(value, str):
        return date.fromisoformat(value)
    if column.kind == Kind.TIMESTAMP and isinstance(value, str):
        return datetime.fromisoformat(value)
    return value


def fill_invoices(world: World) -> None:
    """Give lines their invoice's period and invoices the totals of their lines, where they have none."""
    for invoice in world["invoices"]:
        lines = [line for line in world["invoice_lines"] if line["invoice_id"] == invoice["invoice_id"]]
        for line in lines:
            for name in ("period_start", "period_end"):
                line[name] = line[name] or invoice[name]
        invoice["currency"] = invoice["currency"] or "EUR"
        if invoice["net_total"] is None:
            invoice["net_total"] = sum((line["net_amount"] for line in lines), Decimal("0.00"))
            invoice["tax_total"] = sum(
                (tax_on(line["net_amount"], line["tax_rate"]) for line in lines), Decimal("0.00")
            )
            invoice["gross_total"] = invoice["net_total"] + invoice["tax_total"]


def typed(world: World) -> dict[str, pl.LazyFrame]:
    """Return a world as the checked tables that the program computes with; an empty table is left out unless required."""
    return {
        name: pl.LazyFrame(
            {column.name: [_unit(column, row[column.name]) for row in world[name]] for column in table.columns},
            schema=table.schema,
        )
        for name, table in INPUTS.items()
        if world[name] or table.required
    }


def _unit(column: Column, value: Any) -> Any:  # noqa: ANN401 - as in default_of
    if value is None:
        return None
    if column.kind in SCALES:
        units = value.scaleb(SCALES[column.kind])
        assert units == int(units), f"{column.name} {value}"
        return int(units)
    return value.astimezone(UTC) if column.kind == Kind.TIMESTAMP else value


def write_world(world: World, directory: Path) -> None:
    """Write a world as CSV files, an empty table only if it is required; destinations with a leading `+`."""
    directory.mkdir(parents=True, exist_ok=True)
    for name, table in INPUTS.items():
        if not world[name] and not table.required:
            continue
        with (directory / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(column.name for column in table.columns)
            for row in world[name]:
                writer.writerow(_text(column, row[column.name]) for column in table.columns)


def _text(column: Column, value: Any) -> str:  # noqa: ANN401 - as in default_of
    if value is None:
        return ""
    if column.kind == Kind.TIME:
        return f"{value // 3600:02}:{value // 60 % 60:02}" + (f":{value % 60:02}" if value % 60 else "")
    if column.kind == Kind.BOOLEAN:
        return "true" if value else "false"
    if column.kind in SCALES:
        return f"{value:f}"
    if isinstance(value, date):
        return value.isoformat()
    return f"+{value}" if column.plus else str(value)
