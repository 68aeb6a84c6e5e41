"""The claims that share no line's charge: they only rise, and within the limit of their pool (§6.5, §7.2)."""

from __future__ import annotations

import polars as pl

from billadjust.phrases import phrase
from billadjust.rules import LINE_RULES
from billadjust.rules.outage_credit import BETWEEN_OUTAGES
from billadjust.settle.share import taken

ORDER = ["since", "source_ref", "claim"]


def other_legs(scoped: pl.LazyFrame) -> pl.LazyFrame:
    """Return what the claims outside the line rules owe: `owed = max(computed, posted)`.

    Claims of one pool owe together at most its limit, in the order of their starts, and rise only as far as their
    posted sum stays within it. What is posted for the sources that a claim covers counts as paid for it.
    Columns as of `line_legs`.
    """
    claims = scoped.filter(~pl.col("rule").is_in(LINE_RULES))
    covered = _covered(claims)
    paid = (
        claims.join(covered.group_by("claim").agg(pl.col("elsewhere").sum()), on="claim", how="left")
        .join(covered.select(claim="other", absorbed=pl.lit(value=True)).unique(), on="claim", how="left")
        .with_columns(paid=pl.col("posted_final") + pl.col("elsewhere").fill_null(0))
        .with_columns(share=pl.when("compared").then("final").otherwise("posted_final"))
        .with_columns(rise=_rise())
        .with_columns(contested=_contested())
    )
    # Nearly all pools have room for all that is owed, and are spared the order of the incidents.
    shared = pl.concat([paid.filter(~pl.col("contested")), _in_order(paid.filter("contested"))], how="vertical")
    return shared.select(
        "claim",
        bucket=pl.lit("final"),
        owed=pl.col("posted_final") + pl.col("rise"),
        kept=pl.when(pl.col("compared") & pl.col("absorbed").is_null())
        .then((pl.col("paid") - pl.col("share")).clip(lower_bound=0))
        .otherwise(0),
    )


def _rise() -> pl.Expr:
    """By how much a claim's share is above what was paid for it."""
    return pl.when("compared").then((pl.col("share") - pl.col("paid")).clip(lower_bound=0)).otherwise(0)


def _contested() -> pl.Expr:
    """Whether a pool is too small for the shares of its claims, or for what was paid and their rises."""
    shares, rises, paid = (pl.col(name).sum().over("pool") for name in ("share", "rise", "paid"))
    limit = pl.col("pool_limit")
    return ((shares > limit) | (paid + rises > limit)).fill_null(value=False)


def _in_order(claims: pl.LazyFrame) -> pl.LazyFrame:
    """Share each pool, and what is left of it, in the order of the incidents."""
    left = pl.col("pool_limit") - pl.col("paid").sum().over("pool")
    return (
        claims.with_columns(share=taken(pl.col("share"), pl.col("pool_limit"), ["pool"], ORDER))
        .with_columns(rise=_rise())
        .with_columns(rise=taken(pl.col("rise"), left, ["pool"], ORDER))
    )


def _covered(claims: pl.LazyFrame) -> pl.LazyFrame:
    """Return (claim, other, elsewhere): the other claims that a claim covers, with what was posted for them.

    They are named after one of its sources; or were posted for one of them together with others, and are not stated any
    more, because the source that they are named after is in the inputs no more.
    """
    key = ["rule", "subscription_id", "covers"]
    stated = claims.select("claim", *key).drop_nulls("covers")
    named = (
        stated.filter(pl.col("covers").list.len() > 1)
        .explode("covers")
        .select("claim", other=phrase("{}|{}|{}", "rule", "covers", "subscription_id"))
    )
    merged = (
        claims.filter(~pl.col("stated") & pl.col("source_ref").str.contains(BETWEEN_OUTAGES, literal=True))
        .select("rule", "subscription_id", other="claim", covers=pl.col("source_ref").str.split(BETWEEN_OUTAGES))
        .explode("covers")
    )
    posted_with = stated.explode("covers").join(merged, on=key).select("claim", "other")
    return (
        pl.concat([named, posted_with])
        .filter(pl.col("other") != pl.col("claim"))
        .unique()
        .join(claims.select(other="claim", elsewhere="posted_final"), on="other")
    )
