"""What the usage of bills would have cost under other tariff versions (§6.7)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Final

import polars as pl

from billadjust.rating.bundles import BILL, VERSION, bundle, price
from billadjust.rating.usage_parts import usage_parts
from billadjust.schemas import FOREVER, Spans

if TYPE_CHECKING:
    from billadjust.inputs.model import Inputs
    from billadjust.policy import Policy

_BEGINNING: Final = date(1, 1, 1)


def candidate_usage(inputs: Inputs, pairs: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """Price the usage of bills as if their subscriptions had had other versions all along.

    What the versions rate alike is summed up once. Only where sums do not tell the cost are CDRs rated one by one.

    Args:
        inputs: accounts, subscriptions, cdrs, zones, bands and the catalogue are read.
        pairs: invoice_id, subscription_id, tariff_id, version, cycle_day, first_day and end_day: the usage of the bill is
            in cycles of these days.
        policy: Its time zone and `rating.free_zones`.

    Returns:
        invoice_id, subscription_id, tariff_id, version, usage_cost (millionths), without the pairs in which a CDR of the
        bill is unrated.
    """
    # a subscription whose payer changed may have bills of two kinds of cycles: each kind has its turn
    turns = pairs.with_columns(turn=pl.col("cycle_day").rank("dense").over("subscription_id")).partition_by("turn")
    empty = pairs.clear().select(*BILL, *VERSION, usage_cost=pl.lit(0, pl.Int64))
    return pl.concat([empty, *(_of_one_cycle(inputs, turn, policy) for turn in turns)])


def _of_one_cycle(inputs: Inputs, pairs: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """Price the usage of bills, each subscription's in cycles that start on the same day of the month."""
    columns = [*BILL, *VERSION, "usage_cost"]
    found = []
    restricted = _restricted(inputs, pairs)
    bundles = bundle(restricted, pairs, policy)
    codes = {(tariff_id, version): code for tariff_id, version, code in bundles.prices.codes.iter_rows()}
    by_version = pairs.sort(VERSION).partition_by(VERSION, as_dict=True, maintain_order=True)
    for (tariff_id, version), bills in by_version.items():
        summed = bills.select(BILL).join(price(bundles, bills, codes[tariff_id, version]), on=BILL, how="left")
        told = summed.filter(~pl.col("in_order").fill_null(value=False), ~pl.col("unrated").fill_null(value=False))
        rest = bills.join(summed.filter(pl.col("in_order") & ~pl.col("unrated")), on=BILL, how="semi")
        costs = [told.select(*BILL, pl.col("usage_cost").fill_null(0))]
        if rest.height:
            costs.append(one_by_one(inputs, rest, policy))
        key = {"tariff_id": pl.lit(tariff_id), "version": pl.lit(version, pl.Int64)}
        found.append(pl.concat(costs).with_columns(**key).select(columns))
    return pl.concat(found)


def one_by_one(inputs: Inputs, bills: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """Rate the CDRs of bills under one version, in their order where allowances demand it.

    Args:
        inputs: as of `candidate_usage`.
        bills: as of `candidate_usage`, of one version.
        policy: as of `candidate_usage`.

    Returns:
        invoice_id, subscription_id, usage_cost (millionths), without the bills of which a CDR is unrated.
    """
    restricted = _restricted(inputs, bills)
    return (
        usage_parts(restricted, _spans(bills), policy)
        .join(bills.lazy(), on=BILL, how="semi")
        .group_by(BILL)
        .agg(usage_cost=pl.col("cost").sum(), unrated=pl.col("unrated").is_not_null().any())
        .filter(~pl.col("unrated"))
        .select(*BILL, "usage_cost")
        .collect(engine="streaming")
    )


def _restricted(inputs: Inputs, bills: pl.DataFrame) -> Inputs:
    """Keep the subscriptions of bills, and their CDRs in the cycles that count."""
    days = bills.group_by("subscription_id").agg(pl.col("first_day").min(), pl.col("end_day").max()).lazy()
    started = pl.col("started_at").dt.date()
    a_day = pl.duration(days=1)  # a local day begins up to a day before or after the same day of UTC
    cdrs = (
        inputs.cdrs.join(days, on="subscription_id")
        .filter(started >= pl.col("first_day") - a_day, started < pl.col("end_day") + a_day)
        .drop("first_day", "end_day")
    )
    return replace(inputs, cdrs=cdrs, subscriptions=inputs.subscriptions.join(days, on="subscription_id", how="semi"))


def _spans(bills: pl.DataFrame) -> pl.LazyFrame:
    """Give each subscription of the bills their version for all days: schemas.Spans. Who pays does not matter."""
    version = pl.lit(bills["version"][0], pl.Int64)
    return (
        bills.lazy()
        .select("subscription_id", account_id="subscription_id", bill_cycle_day="cycle_day")
        .unique()
        .with_columns(
            region=pl.lit(None, pl.String),
            tariff_id=pl.lit(bills["tariff_id"][0]),
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
