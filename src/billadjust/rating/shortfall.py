"""What earlier lines were charged too little for the same fee, which is due on the next line, once (§5.8)."""

from __future__ import annotations

from typing import Final

import polars as pl

from billadjust.money import divide_half_up

CHOICES: Final = ["contract", "improved"]
"""The version choices, as columns."""


def add_shortfalls(
    lines: pl.DataFrame, own: pl.DataFrame, beneath: pl.DataFrame, given: pl.DataFrame, minor: int
) -> pl.DataFrame:
    """Work out what is due of lines that overlap: what each is the first to cover, and what earlier ones left open.

    A fee of 9.90 charged with 5.00, and then billed again for the same month: of the second line 4.90 is due. What the
    second line leaves open is due on the third. What was given back before is neither due nor charged any more. Lines
    that met share what is open from then on; a line never inherits from one whose days it does not cover, so later lines
    change nothing about earlier ones.

    The subscriptions are worked through in step, their first lines at once, then their second.

    Args:
        lines: line (in the order of the lines), subscription_id, net_amount (the charge, above 0), `is_known` (whether
            every day has a version) and `needs_rejected` (whether a rejected row would tell).
        own: line, until, and `contract` and `improved`, the exact cost of what a line is the first to cover, for each
            line that gives it back.
        beneath: line, earlier_line: a line, and one that it finds on a day with a tariff.
        given: line, earlier_line, given: what a line with a negative amount gives back of an earlier one's charge.
        minor: How many units of the exact cost one minor unit has.

    Returns:
        line, contract, improved in minor units (null where it is not known), and `needs_rejected`.
    """
    turns = (
        lines.sort("line")
        .with_columns(turn=pl.int_range(pl.len()).over("subscription_id"))
        .select("line", "turn", "net_amount", "is_known", "needs_rejected")
    )
    groups = pl.DataFrame(schema={"line": pl.UInt32, "group": pl.UInt32})
    due = turns.clear().select(
        "line", "net_amount", "needs_rejected", *(pl.lit(0, dtype=pl.Int64).alias(c) for c in CHOICES)
    )
    for now in turns.partition_by("turn"):
        met = (
            beneath.join(now, on="line", how="semi")
            .join(groups.rename({"line": "earlier_line"}), on="earlier_line")
            .select("line", "group")
            .unique()
        )
        members = met.join(groups.rename({"line": "earlier_line"}), on="group").select("line", "earlier_line")
        brought = (
            members.join(due.rename({"line": "earlier_line"}), on="earlier_line")
            .join(_given_before(members, given), on=["line", "earlier_line"], how="left")
            .join(_still_due(members, own, minor), on=["line", "earlier_line"], how="left")
            .group_by("line")
            .agg(
                pl.col("needs_rejected").any(),
                *(_open(choice).sum().clip(lower_bound=0).alias(choice) for choice in CHOICES),
            )
        )
        due = pl.concat([due, _due_now(now, own, brought, minor).select(due.columns)])
        merged = met.select("group", new_group="line")
        groups = pl.concat(
            [
                groups.join(merged, on="group", how="left").select("line", group=pl.coalesce("new_group", "group")),
                now.select("line", group="line"),
            ]
        )
    return due.drop("net_amount")


def _due_now(now: pl.DataFrame, own: pl.DataFrame, brought: pl.DataFrame, minor: int) -> pl.DataFrame:
    """Add what earlier lines left open to what lines are the first to cover."""
    first = own.group_by("line").agg(pl.col(CHOICES).sum())
    known = pl.col("is_known") & ~pl.col("needs_rejected")
    return (
        now.join(first, on="line", how="left")
        .join(brought, on="line", how="left", suffix="_brought")
        .with_columns(needs_rejected=pl.col("needs_rejected") | pl.col("needs_rejected_brought").fill_null(value=False))
        .with_columns(
            pl.when(known)
            .then(divide_half_up(pl.col(choice).fill_null(0), minor) + pl.col(f"{choice}_brought").fill_null(0))
            .cast(pl.Int64)
            .alias(choice)
            for choice in CHOICES
        )
    )


def _open(choice: str) -> pl.Expr:
    """Return what of an earlier line is due and was not charged; below 0 where it was paid for others; 0 if unknown."""
    charged = pl.col("net_amount") - pl.col("given").fill_null(0)
    paid = pl.min_horizontal(charged, choice)
    return pl.when(pl.col(choice).is_not_null()).then(pl.col(f"{choice}_due").fill_null(0) - paid).otherwise(0)


def _given_before(members: pl.DataFrame, given: pl.DataFrame) -> pl.DataFrame:
    """Sum up what was given back of earlier lines before each line."""
    return (
        members.join(given.rename({"line": "storno"}), on="earlier_line")
        .filter(pl.col("storno") < pl.col("line"))
        .group_by("line", "earlier_line")
        .agg(pl.col("given").sum())
    )


def _still_due(members: pl.DataFrame, own: pl.DataFrame, minor: int) -> pl.DataFrame:
    """Work out what earlier lines were the first to cover and had not given back before each line."""
    return (
        members.join(own.rename({"line": "earlier_line"}), on="earlier_line")
        .filter(pl.col("until").is_null() | (pl.col("until") > pl.col("line")))
        .group_by("line", "earlier_line")
        .agg(divide_half_up(pl.col(choice).sum(), minor).cast(pl.Int64).alias(f"{choice}_due") for choice in CHOICES)
    )
