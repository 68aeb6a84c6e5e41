"""The claims on invoice lines: together never more than the charge, and nothing final is taken back (§6.6, §7.1, §7.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from billadjust.money import net_of
from billadjust.rules import LINE_RULES, PRICE_RULES
from billadjust.rules.disputes import LINE
from billadjust.rules.spread import spread
from billadjust.schemas import BUCKETS
from billadjust.settle.share import taken

if TYPE_CHECKING:
    from datetime import date

PRECEDENCE: Final = ["rule_rank", "is_provisional", "since", "source_ref", "claim"]
"""Order of the legs of a line: price rules, then disputes, final before provisional, by date and identifier."""


def line_legs(scoped: pl.LazyFrame, as_of: date) -> pl.LazyFrame:
    """Return what the claims of the line rules owe in each bucket, after all set-offs.

    A leg is a claim's bucket. Columns: claim, bucket, `owed`, and `kept`: how much of it stands only because it was
    posted.
    """
    claims = ranked(scoped)
    prices = _price_legs(claims.filter(pl.col("rule").is_in(PRICE_RULES)))
    priced = prices.group_by(LINE).agg(priced=pl.col("owed").sum())
    disputes = claims.filter(pl.col("rule") == "dispute_refund")
    compared = disputes.filter("compared")
    legs = [
        prices,
        _dispute_legs(compared.filter(~pl.col("gone")).join(priced, on=LINE, how="left")),
        _gone_legs(compared.filter("gone")),
        _posted_legs(disputes.filter(~pl.col("compared")), as_of),
    ]
    every = pl.concat(legs, how="vertical").with_columns(contested=_contested())
    # Nearly all lines have room for all that is owed on them, and are spared the order of precedence.
    easy = every.filter(~pl.col("contested")).select("claim", "bucket", "owed", kept=pl.lit(0, pl.Int64))
    return pl.concat([easy, _keep(_set_off(every.filter("contested")))], how="vertical")


def ranked(scoped: pl.LazyFrame) -> pl.LazyFrame:
    """Return the claims of the line rules, with `rule_rank`: the place of their rule in the order of precedence."""
    return scoped.filter(pl.col("rule").is_in(LINE_RULES)).with_columns(
        rule_rank=pl.col("rule").replace_strict(LINE_RULES, range(len(LINE_RULES)), return_dtype=pl.Int64)
    )


def _contested() -> pl.Expr:
    """Whether a line has prior credits, too little charge for its claims, or more posted finally than is owed."""
    final_posted = pl.when("is_provisional").then(0).otherwise("posted")
    final_owed = pl.when("is_provisional").then(0).otherwise("owed")
    return pl.any_horizontal(
        pl.col("prior_credit") != 0,
        (pl.col("owed").sum().over(LINE) > pl.col("charged")).fill_null(value=False),
        (final_posted - final_owed).sum().over(LINE) > 0,
    )


def _legs(claims: pl.LazyFrame, **owed: pl.Expr) -> pl.LazyFrame:
    """Turn claims into legs: one row for each bucket that `owed` names."""
    return pl.concat(
        claims.select(
            "claim",
            *LINE,
            "rule_rank",
            "since",
            "source_ref",
            "compared",
            "charged",
            "prior_credit",
            bucket=pl.lit(bucket),
            is_provisional=pl.lit(bucket == "provisional"),
            posted=f"posted_{bucket}",
            owed=owed[bucket],
        )
        for bucket in BUCKETS
        if bucket in owed
    )


def _price_legs(claims: pl.LazyFrame) -> pl.LazyFrame:
    """Go through the price rules in their order: each takes from what is left of the charge."""
    figures = ("final", "to_price", "posted_final", "compared")
    wide = claims.group_by(LINE).agg(
        pl.col("charged").first(),
        *(
            pl.col(name).filter(pl.col("rule") == rule).first().alias(f"{rule}.{name}")
            for rule in PRICE_RULES
            for name in figures
        ),
    )
    left = pl.col("charged")
    for rule in PRICE_RULES:
        stated = pl.min_horizontal(f"{rule}.final", left - pl.col(f"{rule}.to_price")).clip(lower_bound=0)
        owed = pl.when(f"{rule}.compared").then(stated).otherwise(f"{rule}.posted_final").fill_null(0)
        wide = wide.with_columns(owed.alias(rule))
        left = left - pl.col(rule)
    owed_by_rule = wide.unpivot(PRICE_RULES, index=LINE, variable_name="rule", value_name="owed")
    return _legs(claims.join(owed_by_rule, on=[*LINE, "rule"]), final=pl.col("owed"))


def _dispute_legs(claims: pl.LazyFrame) -> pl.LazyFrame:
    """Reduce the disputes of a line once by what the price rules owe on it (`priced`), in their order.

    Disputes of one CDR share its charge. They are not reduced: the line's charge limits them, with all its claims.
    """
    of_cdr = pl.col("pool").is_not_null()
    limits = claims.select("claim", "pool", "pool_limit", "priced")
    shared = taken(pl.col("owed"), pl.col("pool_limit"), [*LINE, "pool"], PRECEDENCE)
    reducible = pl.when(of_cdr).then(0).otherwise("owed")
    return (
        _legs(claims, final=pl.col("final"), provisional=pl.col("provisional"))
        .join(limits, on="claim")
        .with_columns(owed=pl.when(of_cdr).then(shared).otherwise("owed"))
        .with_columns(owed=pl.col("owed") - taken(reducible, pl.col("priced").fill_null(0), LINE, PRECEDENCE))
        .drop("pool", "pool_limit", "priced")
    )


def _gone_legs(claims: pl.LazyFrame) -> pl.LazyFrame:
    """Settle disputes whose invoice is not in the inputs any more on what was posted for them, net and gross."""
    total = pl.col("gross").sum().over("source_ref")
    unjustified_gross = (total - pl.coalesce("justified_gross", total)).clip(lower_bound=0)
    in_full = pl.col("unjustified") == pl.col("gross")
    unjustified = pl.when(in_full).then("net").otherwise(net_of(pl.col("unjustified"), pl.col("tax_rate")))
    standing = pl.col("standing")
    final = (
        pl.when(standing.is_in(["open", "withdrawn"]))
        .then("posted_final")
        .when(standing == "explained")
        .then(pl.max_horizontal("posted_final", unjustified))
        .otherwise("net")
    )
    settled = (
        claims.with_columns(net=pl.col("posted_final") + pl.col("posted_provisional"))
        .with_columns(gross=pl.col("net") + pl.col("posted_final_tax") + pl.col("posted_provisional_tax"))
        .with_columns(unjustified_gross=unjustified_gross)
        .with_columns(unjustified=spread("unjustified_gross", "gross", over="source_ref"))
    )
    return _legs(settled, final=final, provisional=pl.when(standing == "open").then("posted_provisional").otherwise(0))


def _posted_legs(claims: pl.LazyFrame, as_of: date) -> pl.LazyFrame:
    """Leave claims that are not compared as they are; but a refund whose deadline has passed is final in any case."""
    expired = (pl.col("deadline") < as_of).fill_null(value=False)
    moved = pl.when(expired).then("posted_provisional").otherwise(0)
    return _legs(claims, final=pl.col("posted_final") + moved, provisional=pl.col("posted_provisional") - moved)


def _set_off(legs: pl.LazyFrame) -> pl.LazyFrame:
    """Set prior credits off against a line's claims in order of precedence, and limit them to the charge.

    What stands for claims that are not compared takes its part of the charge first.
    """
    standing = pl.when("compared").then(0).otherwise("owed").sum().over(LINE)
    wanted = pl.when("compared").then("owed").otherwise(0)
    given = pl.col("prior_credit")
    limited = taken(wanted, pl.col("charged") - standing - given, LINE, PRECEDENCE, after=given)
    # Of a line that is not in the inputs any more the charge is not known: its disputes keep what was posted.
    return legs.with_columns(
        owed=pl.when(pl.col("compared") & pl.col("charged").is_not_null()).then(limited).otherwise("owed")
    )


def _keep(legs: pl.LazyFrame) -> pl.LazyFrame:
    """Let a line's final total never fall, then cut provisional amounts to what is left of the charge."""
    is_final = ~pl.col("is_provisional")
    missing = pl.when(is_final).then(pl.col("posted") - pl.col("owed")).otherwise(0).sum().over(LINE)
    gap = pl.when(is_final).then((pl.col("posted") - pl.col("owed")).clip(lower_bound=0)).otherwise(0)
    can_be_cut = pl.col("is_provisional") & pl.col("compared") & pl.col("charged").is_not_null()
    fixed = pl.when(can_be_cut).then(0).otherwise("owed").sum().over(LINE)
    room = pl.col("charged") - pl.col("prior_credit") - fixed
    cut = taken(pl.when(can_be_cut).then("owed").otherwise(0), room, LINE, PRECEDENCE)
    return (
        legs.with_columns(kept=taken(gap, missing, LINE, PRECEDENCE))
        .with_columns(owed=pl.col("owed") + pl.col("kept"))
        .with_columns(owed=pl.when(can_be_cut).then(cut).otherwise("owed"))
        .select("claim", "bucket", "owed", "kept")
    )
