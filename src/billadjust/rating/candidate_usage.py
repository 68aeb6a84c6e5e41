"""What the usage of bills would have cost under other tariff versions (§6.7)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Final

import polars as pl

from billadjust.rating.bundles import BILL, VERSION, Bundles, bundle, price
from billadjust.rating.usage_parts import usage_parts
from billadjust.schemas import FOREVER, Spans

if TYPE_CHECKING:
    from billadjust.inputs.model import Inputs
    from billadjust.policy import Policy

SHARE: Final = 500_000
"""About so many sums are priced at a time, so that memory stays bounded."""

SUBSCRIPTIONS: Final = 20_000
"""Of about so many subscriptions CDRs are held in memory at a time."""

_BEGINNING: Final = date(1, 1, 1)


def usage_bounds(inputs: Inputs, pairs: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """Find out between which bounds the usage of bills would have cost, had their subscriptions had other versions all along.

    Args:
        inputs: accounts, subscriptions, cdrs, zones, bands and the catalogue are read.
        pairs: invoice_id, subscription_id, tariff_id, version, cycle_day, first_day and end_day: the usage of the bill is
            in cycles of these days.
        policy: Its time zone and `rating.free_zones`.

    Returns:
        invoice_id, subscription_id, tariff_id, version, low and high (millionths, both inclusive; no `high`: not known),
        without the pairs in which a CDR of the bill is unrated.
    """
    found = [_no_pairs(pairs, "low", "high")]
    for turn in _turns(pairs):
        bundles = bundle(_restricted(inputs, turn), turn, policy)
        shares = bundles.sums.height // SHARE + 1
        share_of = pl.col("subscription_id").hash() % shares
        for share in range(shares):
            part = replace(bundles, sums=bundles.sums.filter(share_of == share))
            found += [_bounds(part, bills) for bills in _by_version(turn.filter(share_of == share))]
    return pl.concat(found)


def _bounds(bundles: Bundles, bills: pl.DataFrame) -> pl.DataFrame:
    """Bound the usage of bills under their one version."""
    code = bundles.prices.codes.join(bills.head(1), on=VERSION, how="semi")["code"][0]
    costless = pl.col("unrated").is_null()
    return (
        bills.select(*BILL, *VERSION)
        .join(price(bundles, bills.select(BILL), code), on=BILL, how="left")
        .filter(costless | ~pl.col("unrated"))
        .select(*BILL, *VERSION, pl.col("low").fill_null(0), high=pl.when(costless).then(0).otherwise("high"))
    )


def usage_costs(inputs: Inputs, pairs: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """Rate the CDRs of bills under other versions one by one, in their order where allowances demand it.

    Args:
        inputs: as of `usage_bounds`.
        pairs: as of `usage_bounds`.
        policy: as of `usage_bounds`.

    Returns:
        invoice_id, subscription_id, tariff_id, version, usage_cost (millionths), without the pairs in which a CDR of the
        bill is unrated.
    """
    found = [_no_pairs(pairs, "usage_cost")]
    for turn in _turns(pairs):
        shares = turn["subscription_id"].n_unique() // SUBSCRIPTIONS + 1
        share_of = pl.col("subscription_id").hash() % shares
        for share in range(shares):
            part = turn.filter(share_of == share)
            few = _restricted(inputs, part)
            few = replace(few, cdrs=few.cdrs.collect(engine="streaming").lazy())
            found += [_costs(few, bills, policy) for bills in _by_version(part)]
    return pl.concat(found)


def _costs(inputs: Inputs, bills: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """Rate the CDRs of bills under their one version."""
    costs = (
        usage_parts(_restricted(inputs, bills), _spans(bills), policy)
        .join(bills.lazy(), on=BILL, how="semi")
        .group_by(BILL)
        .agg(usage_cost=pl.col("cost").sum(), unrated=pl.col("unrated").is_not_null().any())
        .filter(~pl.col("unrated"))
        .select(*BILL, "usage_cost")
        .collect(engine="streaming")
    )
    return bills.select(*BILL, *VERSION).join(costs, on=BILL)


def _turns(pairs: pl.DataFrame) -> list[pl.DataFrame]:
    """Split bills so that each subscription has one kind of cycles: one whose payer changed may have two."""
    return pairs.with_columns(turn=pl.col("cycle_day").rank("dense").over("subscription_id")).partition_by("turn")


def _by_version(pairs: pl.DataFrame) -> list[pl.DataFrame]:
    return pairs.sort(VERSION).partition_by(VERSION, maintain_order=True)


def _no_pairs(pairs: pl.DataFrame, *amounts: str) -> pl.DataFrame:
    return pairs.clear().select(*BILL, *VERSION, **dict.fromkeys(amounts, pl.lit(0, pl.Int64)))


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
