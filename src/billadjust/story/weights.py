"""Which CDRs weigh most on a usage line: each with its price, and what it was charged (§5)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import polars as pl

from billadjust.calendar import cycle_start, local_date
from billadjust.rating.lines import LINE
from billadjust.rating.rate import rate

if TYPE_CHECKING:
    from billadjust.night import Night
    from billadjust.rating.terms import Choice

_USAGE: Final = ["invoice_id", "subscription_id", "service"]


def cdrs_of_lines(night: Night, lines: pl.DataFrame) -> pl.DataFrame:
    """Rate the CDRs of usage lines, by the improved version where it made the line cheaper, else by the contract.

    Only CDRs of these subscriptions and cycles are rated: they share the allowances.

    Args:
        night: The night of one account.
        lines: schemas.Lines.

    Returns:
        invoice_id, line_no, cdr_id, started_at (local time), service, destination, quantity, zone, band, tariff_id,
        version, units, allowance_units, charged, cost, difference (charged − cost; null where it is unrated), unrated,
        all in millionths; what was charged too much first.
    """
    usage = lines.filter(pl.col("kind") == "usage").drop_nulls(_USAGE)
    cheaper = (pl.col("improved") < pl.col("contract")).fill_null(value=False)
    choices: dict[Choice, pl.Expr] = {"contract": ~cheaper, "improved": cheaper}
    parts = [
        _rated(night, usage.filter(which), choice) for choice, which in choices.items() if usage.filter(which).height
    ]
    if not parts:
        return pl.DataFrame()
    return pl.concat(parts).sort("difference", "charged", "cdr_id", descending=[True, True, False], nulls_last=True)


def _rated(night: Night, usage: pl.DataFrame, choice: Choice) -> pl.DataFrame:
    """Rate the CDRs of usage lines under a version choice."""
    policy = night.policy
    days = night.spans.select("subscription_id", cycle_day="bill_cycle_day").unique()
    cycle = cycle_start(local_date(pl.col("started_at"), policy.timezone), pl.col("cycle_day"))
    cdrs = (
        night.inputs.cdrs.join(usage.lazy().select("subscription_id").unique(), on="subscription_id", how="semi")
        .join(days, on="subscription_id", how="left")
        .with_columns(cycle=cycle)
        .collect()
    )
    billed = cdrs.join(usage, on=_USAGE, how="semi")
    together = cdrs.join(billed, on=["subscription_id", "cycle"], how="semi", nulls_equal=True).drop(
        "cycle_day", "cycle"
    )
    inputs = replace(night.inputs, cdrs=together.lazy())
    rated = rate(inputs, night.spans, policy, choice)
    of_cdr = ["cdr_id", "destination", "quantity", "started_at"]
    return (
        rated.join(usage.lazy().select(*_USAGE, "line_no"), on=_USAGE)
        .join(billed.lazy().select(of_cdr), on="cdr_id")
        .select(
            *LINE,
            "cdr_id",
            pl.col("started_at").dt.convert_time_zone(policy.timezone),
            "service",
            "destination",
            "quantity",
            "zone",
            "band",
            "tariff_id",
            "version",
            "units",
            "allowance_units",
            "charged",
            "cost",
            "unrated",
            difference=pl.col("charged") - pl.col("cost"),
        )
        .collect()
    )
