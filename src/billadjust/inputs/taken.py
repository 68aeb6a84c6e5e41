"""What rejected rows take along: accepted rows that must not turn into money, because what they rest on was rejected.

Where a cell of a rejected row cannot be read, everything that it may have meant is taken along.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from billadjust.inputs.billed import accounts_of
from billadjust.inputs.model import Taken

if TYPE_CHECKING:
    from collections.abc import Mapping

    from billadjust.inputs.reading import Reading


def taken_along(readings: Mapping[str, Reading], known_invoices: pl.LazyFrame) -> Taken:
    """Work out what the rejected rows of all inputs take along (§2.1)."""
    frames = {
        "subscriptions": _subscriptions(readings["subscriptions"]),
        "tariffs": _tariffs(readings),
        "prefixes": _prefixes(readings),
        "cdrs": _cdrs(readings),
        "lines": _lines(readings, known_invoices),
    }
    # rejected rows are few, and every rule asks for them: work them out once
    done = pl.collect_all(list(frames.values()), engine="streaming")
    return Taken(**{name: frame.lazy() for name, frame in zip(frames, done, strict=True)})


def _subscriptions(subscriptions: Reading) -> pl.LazyFrame:
    """A rejected period takes its subscription; if that cannot be read, all of its account, and without that all."""
    rejected = subscriptions.rejected("subscription_id", "account_id")
    nameless = rejected.filter(pl.col("subscription_id").is_null()).select("account_id").unique()
    theirs = subscriptions.rows.join(nameless.drop_nulls(), on="account_id", how="semi")
    unread = nameless.filter(pl.col("account_id").is_null()).select(pl.len().alias("_any"))
    every = subscriptions.rows.join(unread, how="cross").filter(pl.col("_any") > 0)
    named = rejected.drop_nulls("subscription_id")
    return pl.concat([rows.select("subscription_id") for rows in (named, theirs, every)]).unique()


def _tariffs(readings: Mapping[str, Reading]) -> pl.LazyFrame:
    """A rejected version takes its whole tariff; a rejected rate, allowance or band its version."""
    versions = readings["tariffs"].rows.select("tariff_id", "version")
    named = [readings["tariffs"].rejected("tariff_id").select("tariff_id", version=pl.lit(None, dtype=pl.Int64))]
    named += [
        readings[name].rejected("tariff_id", "version").select("tariff_id", "version")
        for name in ("rates", "allowances")
        if name in readings
    ]
    if "bands" in readings and "rates" in readings:
        named.append(_of_bands(readings["bands"], readings["rates"]))
    rejected = pl.concat(named).unique()
    exactly = versions.join(rejected.drop_nulls(), on=["tariff_id", "version"], how="semi")
    whole = versions.join(
        rejected.filter(pl.col("version").is_null()).drop_nulls("tariff_id"), on="tariff_id", how="semi"
    )
    every = versions.join(
        rejected.filter(pl.col("tariff_id").is_null()).select(pl.len().alias("_any")), how="cross"
    ).filter(pl.col("_any") > 0)
    return pl.concat([exactly, whole, every.drop("_any")]).unique()


def _of_bands(bands: Reading, rates: Reading) -> pl.LazyFrame:
    """The versions whose rates name a rejected band; a band that cannot be read may be any."""
    rejected = bands.rejected("band").select("band").unique()
    naming = rates.rows.select("tariff_id", "version", "band").drop_nulls("band")
    named = naming.join(rejected.drop_nulls(), on="band", how="semi")
    unread = rejected.filter(pl.col("band").is_null()).select(pl.len().alias("_any"))
    every = naming.join(unread, how="cross").filter(pl.col("_any") > 0)
    return pl.concat([named, every.drop("_any")]).select("tariff_id", "version")


def _prefixes(readings: Mapping[str, Reading]) -> pl.LazyFrame:
    """Rejected prefixes, as far as their digits can be read; without any, the prefix of every number."""
    if "zones" not in readings:
        return Taken.nothing().prefixes
    zones = readings["zones"]
    read = zones.rejected("prefix").select("prefix").drop_nulls()
    unread = zones.bad.select(pl.col("prefix").fill_null("").str.strip_chars().str.extract(r"^\+?([0-9]{0,15})"))
    return pl.concat([read, unread]).unique()


def _cdrs(readings: Mapping[str, Reading]) -> pl.LazyFrame:
    if "cdrs" not in readings:
        return Taken.nothing().cdrs
    columns = ("subscription_id", "service", "started_at", "invoice_id")
    return readings["cdrs"].rejected(*columns).select(columns).unique()


def _lines(readings: Mapping[str, Reading], known_invoices: pl.LazyFrame) -> pl.LazyFrame:
    """Lines frozen by rejected prior credits, stornos, and disputes of the invoice's own account."""
    frozen = [Taken.nothing().lines]
    if "invoices" in readings and "invoice_lines" in readings:
        frozen.append(_given_back(readings["invoice_lines"], readings["invoices"]))
    if "prior_credits" in readings:
        given = readings["prior_credits"].rejected("invoice_id", "line_no").drop_nulls("invoice_id")
        frozen.append(given.select("invoice_id", "line_no", usage_only=False))
    if "disputes" in readings:
        disputes = readings["disputes"].rejected("invoice_id", "account_id", "line_no", "cdr_id")
        invoices = accounts_of(disputes, readings.get("invoices"), known_invoices)
        disputes = disputes.join(
            invoices, left_on=["invoice_id", "account_id"], right_on=["invoice_id", "_billed"], how="semi"
        )
        frozen.append(
            disputes.select("invoice_id", "line_no", usage_only=~pl.col("named line_no") & pl.col("named cdr_id"))
        )
    return pl.concat(frozen).unique()


def _given_back(lines: Reading, invoices: Reading) -> pl.LazyFrame:
    """Fee lines with days that a rejected line with a negative amount gives back.

    Without it a fee that was given back seems to stand, and one that was billed anew seems to be billed twice.
    """
    own = ("period_start", "period_end")
    columns = ("invoice_id", "kind", "subscription_id", "item", "net_amount", *own)
    periods = invoices.first.select("invoice_id", *[pl.col(day).alias(f"invoice {day}") for day in own])
    storno = (
        lines.rejected(*columns)
        .filter(
            (pl.col("kind") == "recurring").fill_null(value=True),
            (pl.col("net_amount") < 0).fill_null(value=True),
            ~pl.col("named item"),
        )
        .join(periods, on="invoice_id", how="left")
        .select(
            "subscription_id",
            *[
                pl.when(pl.col(f"named {day}")).then(day).otherwise(f"invoice {day}").alias(f"back {day}")
                for day in own
            ],
        )
        .unique()
    )
    fees = lines.rows.filter(pl.col("kind") == "recurring", pl.col("net_amount") > 0)
    met = (pl.col("period_start") < pl.col("back period_end")).fill_null(value=True) & (
        pl.col("period_end") > pl.col("back period_start")
    ).fill_null(value=True)
    return (
        fees.join(storno, on="subscription_id")
        .filter(met)
        .select("invoice_id", "line_no", usage_only=pl.lit(value=False))
    )
