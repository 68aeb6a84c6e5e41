"""Reading the inputs for one account alone: what is about others is left aside before it is checked."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Mapping

    from billadjust.inputs.read import Rows
    from billadjust.inputs.reading import Reading

KEPT_BY: Final[Mapping[str, Mapping[str, str]]] = {
    **{
        name: {"account_id": "accounts"}
        for name in ("accounts", "subscriptions", "invoices", "disputes", "promises", "collections")
    },
    "invoice_lines": {"invoice_id": "invoices"},
    "prior_credits": {"invoice_id": "invoices"},
    "cdrs": {"subscription_id": "subscriptions", "invoice_id": "invoices"},
}
"""The columns that tie a row of an input to the account, each with the input whose rows it names; others are read whole."""


def about_account(name: str, rows: Rows, account_id: str, readings: Mapping[str, Reading]) -> Rows:
    """Keep the rows of an input that are about one account.

    `readings` are the inputs before it, in the order of `INPUTS`: which subscriptions and invoices are the account's.
    """
    ties = KEPT_BY.get(name)
    if ties is None:
        return rows
    there = rows.frame.collect_schema().names()
    kept = [
        pl.col(column).is_in(_identifiers(target, column, account_id, readings))
        for column, target in ties.items()
        if column in there
    ]
    return replace(rows, frame=rows.frame.filter(pl.any_horizontal(kept)))


def _identifiers(target: str, column: str, account_id: str, readings: Mapping[str, Reading]) -> list[str]:
    if column == "account_id":
        return [account_id]
    reading = readings.get(target)
    if reading is None:
        return []
    return reading.first.select(column).unique().collect()[column].to_list()
