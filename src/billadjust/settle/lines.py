"""The claims on invoice lines: together never more than the charge, and nothing final is taken back (§6.6, §7.1, §7.2)."""

from __future__ import annotations

from datetime import date

import polars as pl

from billadjust.money import net_of
from billadjust.rules import LINE_RULES, PRICE_RULES
from billadjust.rules.disputes import LINE
from billadjust.rules.spread import spread
from billadjust.settle.share import taken

PRECEDENCE = ["rule_rank", "bucket_rank", "since", "source_ref", "claim"]
"""Order of the legs of a line: price rules, then disputes, final before provisional, by date and identifier."""

BUCKETS = ("final", "provisional")


def line_legs(scoped: pl.LazyFrame, as_of: date) -> pl.LazyFrame:
    """Return what the claims of the line rules owe in each bucket, after all set-offs.

    A leg is a claim's bucket. Columns: claim, bucket, `owed`; `kept`, how much of it stands only because it was
    posted; `unshared`, what it would owe if other claims, but no prior credit, were set off against it.
    """
    claims = scoped.filter(pl.col("rule").is_in(LINE_RULES)).with_columns(
        rule_rank=pl.col("rule").replace_strict(LINE_RULES, range(len(LINE_RULES)), return_dtype=pl.Int64)
    )
    prices = _price_legs(claims.filter(pl.col("rule").is_in(PRICE_RULES)))
    disputes = claims.filter(pl.col("rule") == "dispute_refund")
    left_as_posted = _posted_legs(disputes.filter(~pl.col("compared")), as_of)
    priced = prices.group_by(LINE).agg(priced=pl.col("owed").sum())
    aside = left_as_posted.group_by(LINE).agg(aside=pl.col("owed").sum())
    stated = disputes.filter(pl.col("compared") & ~pl.col("gone"))
    legs = [
        prices,
        left_as_posted,
        _dispute_legs(stated.join(priced, on=LINE, how="left").join(aside, on=LINE, how="left")),
        _gone_legs(disputes.filter(pl.col("compared") & pl.col("gone"))),
    ]
    return _keep(_set_off(pl.concat(legs, how="vertical")))


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
            bucket_rank=pl.lit(BUCKETS.index(bucket), pl.Int64),
            posted=f"posted_{bucket}",
            owed=amount,
        )
        for bucket, amount in owed.items()
    )


def _price_legs(claims: pl.LazyFrame) -> pl.LazyFrame:
    """Go through the price rules in their order: each takes from what is left of the charge."""
    inputs = ("final", "to_price", "posted_final", "compared")
    wide = claims.group_by(LINE).agg(
        pl.col("charged").first(),
        *(
            pl.col(name).filter(pl.col("rule") == rule).first().alias(f"{rule}.{name}")
            for rule in PRICE_RULES
            for name in inputs
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
    """Share what the price rules leave of a line among its disputes.

    What the price rules owe reduces the disputes once, in their order; a disputed CDR only as far as the rest of the
    line demands. `priced` is what the price rules owe on the line, `aside` what disputes that are not compared hold.
    """
    legs = _legs(claims, final=pl.col("final"), provisional=pl.col("provisional"))
    limits = claims.select("claim", "pool", "pool_limit", pl.col("priced", "aside").fill_null(0))
    of_cdr = pl.col("pool").is_not_null()
    reducible = pl.when(of_cdr).then(0).otherwise("owed")
    return (
        legs.join(limits, on="claim")
        .with_columns(
            owed=pl.when(of_cdr)
            .then(taken(pl.col("owed"), pl.col("pool_limit"), [*LINE, "pool"], PRECEDENCE))
            .otherwise("owed")
        )
        .with_columns(owed=pl.col("owed") - taken(reducible, pl.col("priced"), LINE, PRECEDENCE))
        .with_columns(
            owed=taken(pl.col("owed"), pl.col("charged") - pl.col("priced") - pl.col("aside"), LINE, PRECEDENCE)
        )
        .drop("pool", "pool_limit", "priced", "aside")
    )


def _posted_legs(claims: pl.LazyFrame, as_of: date) -> pl.LazyFrame:
    """Leave claims that are not compared as they are; but a refund whose deadline has passed is final in any case."""
    expired = (pl.col("deadline") < as_of).fill_null(value=False)
    moved = pl.when(expired).then("posted_provisional").otherwise(0)
    return _legs(
        claims, final=pl.col("posted_final") + moved, provisional=pl.col("posted_provisional") - moved
    )


def _gone_legs(claims: pl.LazyFrame) -> pl.LazyFrame:
    """Settle disputes whose invoice is not in the inputs any more on what was posted for them, net and gross."""
    net = pl.col("posted_final") + pl.col("posted_provisional")
    gross = net + pl.col("posted_final_tax") + pl.col("posted_provisional_tax")
    total = pl.col("gross").sum().over("source_ref")
    justified = pl.coalesce("justified_gross", total)
    standing = pl.col("standing")
    unjustified = (
        pl.when(pl.col("unjustified") == pl.col("gross"))
        .then("net")
        .otherwise(net_of(pl.col("unjustified"), pl.col("tax_rate")))
    )
    settled = (
        claims.with_columns(net=net, gross=gross)
        .with_columns(left=(total - justified).clip(lower_bound=0))
        .with_columns(unjustified=spread("left", "gross", over="source_ref"))
        .with_columns(
            final=pl.when(standing.is_in(["open", "withdrawn"]))
            .then("posted_final")
            .when(standing == "explained")
            .then(pl.max_horizontal("posted_final", unjustified))
            .otherwise("net"),
            provisional=pl.when(standing == "open").then("posted_provisional").otherwise(0),
        )
    )
    return _legs(settled, final=pl.col("final"), provisional=pl.col("provisional"))


def _set_off(legs: pl.LazyFrame) -> pl.LazyFrame:
    """Set prior credits off against the claims of their line, in order of precedence."""
    wanted = pl.when("compared").then("owed").otherwise(0)
    return legs.with_columns(
        unshared="owed", owed=pl.col("owed") - taken(wanted, pl.col("prior_credit"), LINE, PRECEDENCE)
    )


def _keep(legs: pl.LazyFrame) -> pl.LazyFrame:
    """Let a line's final total never fall, then cut provisional amounts to what is left of the charge."""
    is_final = pl.col("bucket") == "final"
    missing = pl.when(is_final).then(pl.col("posted") - pl.col("owed")).otherwise(0).sum().over(LINE)
    gap = pl.when(is_final).then((pl.col("posted") - pl.col("owed")).clip(lower_bound=0)).otherwise(0)
    kept = legs.with_columns(kept=taken(gap, missing, LINE, PRECEDENCE)).with_columns(
        owed=pl.col("owed") + pl.col("kept")
    )
    fixed = pl.when(is_final | ~pl.col("compared")).then("owed").otherwise(0).sum().over(LINE)
    cuttable = ~is_final & pl.col("compared") & pl.col("charged").is_not_null()
    room = pl.col("charged") - fixed
    cut = taken(pl.when(cuttable).then("owed").otherwise(0), room - pl.col("prior_credit"), LINE, PRECEDENCE)
    cut_by_claims = taken(pl.when(cuttable).then("unshared").otherwise(0), room, LINE, PRECEDENCE)
    return kept.with_columns(
        owed=pl.when(cuttable).then(cut).otherwise("owed"),
        unshared=pl.when(cuttable).then(cut_by_claims).otherwise("unshared"),
    ).select("claim", "bucket", "owed", "kept", "unshared")
