"""The inputs as the rest of the program sees them: checked, typed, complete."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import polars as pl

from billadjust.schemas import INPUTS

TAKEN: Final[dict[str, pl.Schema]] = {
    "subscriptions": pl.Schema({"subscription_id": pl.String()}),
    "tariffs": pl.Schema({"tariff_id": pl.String(), "version": pl.Int64()}),
    "prefixes": pl.Schema({"prefix": pl.String()}),
    "cdrs": pl.Schema(
        {
            "subscription_id": pl.String(),
            "service": pl.String(),
            "started_at": pl.Datetime("us", "UTC"),
            "invoice_id": pl.String(),
        }
    ),
    "lines": pl.Schema({"invoice_id": pl.String(), "line_no": pl.Int64(), "usage_only": pl.Boolean()}),
}
"""The frames of `Taken`."""


@dataclass(frozen=True)
class Taken:
    """What a rejected row takes along: accepted rows that must not turn into money.

    `subscriptions`: subscription_id. `tariffs`: tariff_id, version. `bands` are folded into `tariffs`.
    `prefixes`: prefix. `cdrs`: subscription_id, service, started_at (UTC), invoice_id of the rejected CDRs, each null
    where it could not be read. `lines`: invoice_id, line_no (null: all lines of the invoice, kind `usage` only if
    `usage_only`), frozen by a rejected prior credit, storno or dispute.
    """

    subscriptions: pl.LazyFrame
    tariffs: pl.LazyFrame
    prefixes: pl.LazyFrame
    cdrs: pl.LazyFrame
    lines: pl.LazyFrame

    @staticmethod
    def nothing() -> Taken:
        """Nothing is taken along: the case of clean inputs."""
        return Taken(**{name: pl.LazyFrame(schema=schema) for name, schema in TAKEN.items()})


@dataclass(frozen=True)
class Inputs:
    """The accepted rows of the fifteen inputs, each with exactly the columns of `INPUTS[name].schema`.

    Defaults are filled in. An input that is missing is an empty frame and not in `present`.
    """

    accounts: pl.LazyFrame
    subscriptions: pl.LazyFrame
    tariffs: pl.LazyFrame
    rates: pl.LazyFrame
    allowances: pl.LazyFrame
    zones: pl.LazyFrame
    bands: pl.LazyFrame
    invoices: pl.LazyFrame
    invoice_lines: pl.LazyFrame
    cdrs: pl.LazyFrame
    outages: pl.LazyFrame
    disputes: pl.LazyFrame
    promises: pl.LazyFrame
    collections: pl.LazyFrame
    prior_credits: pl.LazyFrame
    present: frozenset[str]
    taken: Taken

    @staticmethod
    def of(tables: dict[str, pl.LazyFrame], taken: Taken | None = None) -> Inputs:
        """Make inputs of typed frames; the tables that are not given are missing."""
        missing = {name: pl.LazyFrame(schema=table.schema) for name, table in INPUTS.items()}
        return Inputs(**(missing | tables), present=frozenset(tables), taken=taken or Taken.nothing())
