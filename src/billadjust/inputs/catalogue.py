"""Rows of the catalogue, and of subscriptions, that contradict each other. All the rows involved are rejected."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from billadjust.inputs.read import ROW
from billadjust.schemas import FOREVER

if TYPE_CHECKING:
    from collections.abc import Mapping

    from billadjust.inputs.reading import Reading


def check_tariffs(tariffs: Reading) -> None:
    """Two versions of a tariff must not be effective the same day."""
    doubled = tariffs.rows.filter(pl.len().over("tariff_id", "effective_from") > 1)
    tariffs.reject(doubled, ("effective_from",), "another version of the tariff is effective the same day")


def check_tiers(rates: Reading) -> None:
    """The tiers of a rate start at 0."""
    lowest = pl.col("from_unit").min().over("tariff_id", "version", "service", "zone", "band")
    rates.reject(rates.rows.filter(lowest > 0), ("from_unit",), "the rate has no tier that starts at 0")


def check_allowances(allowances: Reading) -> None:
    """Two allowances of a version must not cover the same service and zone; `*` covers every zone."""
    version = ["tariff_id", "version", "service"]
    rows = allowances.rows
    zones = rows.select(ROW, *version, zone=pl.col("zones").str.split("|").list.unique()).explode(
        "zone", empty_as_null=False, keep_nulls=False
    )
    shared = zones.filter(
        (pl.len().over(*version, "zone") > 1)
        | ((pl.col("zone") == "*").any().over(version) & (pl.col(ROW).n_unique().over(version) > 1))
    )
    allowances.reject(
        rows.join(shared, on=ROW, how="semi"),
        ("zones",),
        "another allowance of the version covers the same service and zone",
    )


def check_bands(readings: Mapping[str, Reading]) -> None:
    """Bands that one version's rates name must not overlap."""
    if "bands" not in readings or "rates" not in readings:
        return
    bands = readings["bands"]
    rows = bands.rows
    named = readings["rates"].rows.select("tariff_id", "version", "band").drop_nulls().unique()
    times = named.join(rows, on="band")
    overlapping = _overlapping(times, ["tariff_id", "version", "weekday"], "start_time", pl.col("end_time"))
    bands.reject(
        rows.join(overlapping, on=ROW, how="semi"),
        ("band",),
        "the band overlaps another one that the same tariff version's rates name",
    )


def check_periods(subscriptions: Reading) -> None:
    """The periods of one subscription must not overlap."""
    rows = subscriptions.rows
    overlapping = _overlapping(rows, ["subscription_id"], "valid_from", pl.col("valid_to").fill_null(FOREVER))
    subscriptions.reject(
        rows.join(overlapping, on=ROW, how="semi"),
        ("valid_from",),
        "the period overlaps another one of the subscription",
    )


def _overlapping(rows: pl.LazyFrame, group: list[str], start: str, end: pl.Expr) -> pl.LazyFrame:
    """The rows whose half-open interval shares a moment with another one's of their group."""
    spans = rows.select(*group, start, ROW, _end=end).filter(pl.col("_end") > pl.col(start))
    earlier_end = pl.col("_end").cum_max().shift(1).over(group, order_by=[start, ROW])
    next_start = pl.col(start).shift(-1).over(group, order_by=[start, ROW])
    return spans.filter((earlier_end > pl.col(start)) | (next_start < pl.col("_end"))).select(ROW)
