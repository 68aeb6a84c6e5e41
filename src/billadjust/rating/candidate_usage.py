"""What the usage of bills would have cost under other tariff versions (§6.7)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Final

import polars as pl

from billadjust.rating.usage_parts import usage_parts
from billadjust.schemas import FOREVER, Spans

if TYPE_CHECKING:
    from billadjust.inputs.model import Inputs
    from billadjust.policy import Policy

BILL: Final = ["invoice_id", "subscription_id"]
"""The key of a bill: an invoice's part for one subscription."""

VERSION: Final = ["tariff_id", "version"]
"""The key of a tariff version."""

_BEGINNING: Final = date(1, 1, 1)


def candidate_usage(inputs: Inputs, pairs: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """Price the usage of bills as if their subscriptions had had other versions all along.

    Args:
        inputs: accounts, subscriptions, cdrs, zones, bands and the catalogue are read.
        pairs: invoice_id, subscription_id, tariff_id, version, first_day and end_day: the usage of the bill is in cycles
            of these days.
        policy: Its time zone and `rating.free_zones`.

    Returns:
        invoice_id, subscription_id, tariff_id, version, usage_cost (millionths), without the pairs in which a CDR of the
        bill is unrated.
    """
    found = [
        _in_full(inputs, pair, policy).with_columns(tariff_id=pl.lit(tariff_id), version=pl.lit(version, pl.Int64))
        for (tariff_id, version), pair in pairs.sort(VERSION)
        .partition_by(VERSION, as_dict=True, maintain_order=True)
        .items()
    ]
    columns = [*BILL, *VERSION, "usage_cost"]
    empty = pairs.clear().select(*BILL, *VERSION, usage_cost=pl.lit(0, pl.Int64))
    return pl.concat([empty, *(frame.select(columns) for frame in found)])


def _in_full(inputs: Inputs, pairs: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """Rate the CDRs of bills under one version."""
    days = pairs.group_by("subscription_id").agg(pl.col("first_day").min(), pl.col("end_day").max()).lazy()
    started = pl.col("started_at").dt.date()
    a_day = pl.duration(days=1)  # a local day begins up to a day before or after the same day of UTC
    cdrs = (
        inputs.cdrs.join(days, on="subscription_id")
        .filter(started >= pl.col("first_day") - a_day, started < pl.col("end_day") + a_day)
        .drop("first_day", "end_day")
    )
    subscriptions = inputs.subscriptions.join(days, on="subscription_id", how="semi")
    restricted = replace(inputs, cdrs=cdrs, subscriptions=subscriptions)
    parts = usage_parts(restricted, _spans(restricted, pairs), policy)
    return (
        parts.join(pairs.lazy(), on=BILL, how="semi")
        .group_by(BILL)
        .agg(usage_cost=pl.col("cost").sum(), unrated=pl.col("unrated").is_not_null().any())
        .filter(~pl.col("unrated"))
        .collect(engine="streaming")
    )


def _spans(inputs: Inputs, pairs: pl.DataFrame) -> pl.LazyFrame:
    """Give each subscription of the pairs their version for all days: schemas.Spans."""
    accounts = inputs.accounts.select("account_id", "bill_cycle_day")
    version = pl.lit(pairs["version"][0], pl.Int64)
    return (
        inputs.subscriptions.sort("valid_from")
        .group_by("subscription_id")
        .agg(pl.col("account_id").last())
        .join(accounts, on="account_id")
        .with_columns(
            region=pl.lit(None, pl.String),
            tariff_id=pl.lit(pairs["tariff_id"][0]),
            usable=pl.lit(value=True),
            **dict.fromkeys(("row_from", "day_from"), pl.lit(_BEGINNING)),
            **dict.fromkeys(("row_to", "day_to"), pl.lit(FOREVER)),
            **dict.fromkeys(("tariff_version", "contract_version", "improved_version"), version),
            **dict.fromkeys(
                (f"{choice}_{fee}_fee" for choice in ("contract", "improved") for fee in ("monthly", "internet")),
                pl.lit(0, pl.Int64),
            ),
        )
        .select(Spans.column_names())
    )
