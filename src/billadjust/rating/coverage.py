"""Fees billed twice and fees given back: which line covers which days and parts of the fee (§5.8, §7.1).

On each day, each part of a subscription's fee has a stack of the lines that bill it: a line with a charge goes on top, a
line with a negative amount takes the top one off (storno). A charge that finds the stack empty is due; one that finds
it covered is not.

Stacks are constant between the dates on which some period begins or ends, so they are kept for these *stretches*, and
only for lines whose periods overlap in a part of the fee: everybody else's lines need none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import polars as pl

from billadjust.rating.lines import IS_FEE, LINE, PARTS, lines_with_dates

if TYPE_CHECKING:
    from billadjust.inputs.model import Inputs

_STRETCH: Final = ["cluster", "stretch_from"]


@dataclass(frozen=True)
class Coverage:
    """The fee lines that overlap others of their subscription, numbered in their order.

    `lines`: line (its number: by subscription_id, issue_date, invoice_id, line_no), invoice_id, line_no,
    subscription_id, net_amount. `uncovered`: line, subscription_id, part, due_from, due_to, until: what a charge is the
    first to cover, and the line that gives it back (null: none does). `beneath`: line, earlier_line,
    subscription_id, due_from, due_to: a charge and a line that covered these of its days already. `given`: line, earlier_line, given: what a line with a negative amount gives
    back of an earlier one's charge.
    """

    lines: pl.DataFrame
    uncovered: pl.DataFrame
    beneath: pl.DataFrame
    given: pl.DataFrame


def coverage(inputs: Inputs, *, only: pl.LazyFrame | None = None) -> Coverage:
    """Work out the stacks of all fee lines that overlap others.

    Args:
        inputs: invoices and invoice_lines are read.
        only: subscription_id of the subscriptions to look at; all if there is none.
    """
    parts = _overlapping_parts(inputs, only)
    lines = (
        parts.select("subscription_id", "issue_date", *LINE, "net_amount")
        .unique()
        .sort("subscription_id", "issue_date", *LINE)
        .drop("issue_date")
        .with_row_index("line")
    )
    levels = (
        _levels(parts.join(lines.select("line", *LINE), on=LINE))
        .sort(*_STRETCH, "level", "line")
        .with_columns(
            earlier_line=pl.col("line").shift().over(*_STRETCH, "level"),
            until=pl.col("line").shift(-1).over(*_STRETCH, "level"),
        )
    )
    charges = levels.filter("is_charge")
    uncovered = charges.filter(pl.col("level") == 1).select(
        "line", "subscription_id", "part", "until", due_from="stretch_from", due_to="stretch_to"
    )
    taken_off = levels.filter(~pl.col("is_charge")).select("line", "earlier_line").unique()
    return Coverage(lines, uncovered, _beneath(charges), _given(lines, taken_off))


def given_back(inputs: Inputs) -> pl.LazyFrame:
    """Work out what recurring lines with a negative amount give back, for each line that they give back (§7.1).

    The amount goes to the newest earlier line whose days and parts it gives back, up to that line's charge, and the rest
    to the next newest. A storno of -9.90 after two lines of 9.90 for May is 9.90 back on the second; a second storno is
    9.90 back on the first.

    Returns:
        invoice_id, line_no, net_amount (minor units, above 0), ordered by the key.
    """
    fee_lines = inputs.invoice_lines.filter(IS_FEE)
    credited = fee_lines.filter(pl.col("net_amount") < 0).select("subscription_id").unique()
    stacks = coverage(inputs, only=credited)
    back = stacks.given.group_by(line="earlier_line").agg(net_amount=pl.col("given").sum())
    return stacks.lines.drop("net_amount").join(back, on="line").select(*LINE, "net_amount").sort(LINE).lazy()


def _beneath(charges: pl.DataFrame) -> pl.DataFrame:
    """Find the line that each charge finds on top of a stack."""
    upper = charges.filter(pl.col("level") > 1).select(
        *_STRETCH, "stretch_to", "subscription_id", "line", level=pl.col("level") - 1
    )
    return (
        upper.sort("line")
        .join_asof(
            charges.select(*_STRETCH, "level", "line", top="line").sort("line"),
            on="line",
            by=[*_STRETCH, "level"],
            check_sortedness=False,
        )
        .select("line", "subscription_id", earlier_line="top", due_from="stretch_from", due_to="stretch_to")
    )


def _given(lines: pl.DataFrame, taken_off: pl.DataFrame) -> pl.DataFrame:
    """Share each negative amount out among the charges that it takes off, the newest first, each up to what is left of it.

    The subscriptions are worked through in step, the first share of each at once, then the second.
    """
    left = lines.select("line", left=pl.col("net_amount").abs())
    shares = (
        taken_off.join(lines.select("line", "subscription_id"), on="line")
        .sort(["subscription_id", "line", "earlier_line"], descending=[False, False, True])
        .with_columns(turn=pl.int_range(pl.len()).over("subscription_id"))
    )
    given = [taken_off.clear().with_columns(given=pl.lit(0, dtype=pl.Int64))]
    for now in shares.partition_by("turn"):
        share = (
            now.join(left, on="line")
            .join(left.select(earlier_line="line", room="left"), on="earlier_line")
            .select("line", "earlier_line", given=pl.min_horizontal("left", "room"))
        )
        less = pl.concat([share.select("line", "given"), share.select(line="earlier_line", given="given")])
        left = left.join(less, on="line", how="left").select("line", left=pl.col("left") - pl.col("given").fill_null(0))
        given.append(share.filter(pl.col("given") > 0))
    return pl.concat(given)


def _overlapping_parts(inputs: Inputs, only: pl.LazyFrame | None) -> pl.DataFrame:
    """Return the parts of the fee lines that overlap others, with the cluster of overlapping periods each is in."""
    fee_lines = lines_with_dates(inputs).filter(
        IS_FEE,
        pl.col("subscription_id").is_not_null(),
        pl.col("net_amount") != 0,
        pl.col("line_from") < pl.col("line_to"),
    )
    if only is not None:
        fee_lines = fee_lines.join(only, on="subscription_id", how="semi")
    place = ["subscription_id", "part"]
    covered_to = pl.col("line_to").cum_max().shift().over(place)
    parts = (
        fee_lines.select("subscription_id", "issue_date", *LINE, "net_amount", "line_from", "line_to", part=PARTS)
        .explode("part", empty_as_null=False, keep_nulls=False)
        .sort(*place, "line_from", "line_to", *LINE)
        .with_columns(starts_cluster=(pl.col("line_from") >= covered_to).fill_null(value=True))
        .with_columns(cluster=pl.col("starts_cluster").cast(pl.Int64).cum_sum())
        .with_columns(overlaps=~(pl.col("starts_cluster") & pl.col("starts_cluster").shift(-1, fill_value=True)))
    )
    return parts.filter(pl.col("overlaps").any().over(LINE)).drop("starts_cluster", "overlaps").collect()


def _levels(parts: pl.DataFrame) -> pl.DataFrame:
    """Find the height in the stack at which each line of a stretch goes on or comes off; the lowest is 1."""
    days = pl.concat(
        [parts.select("cluster", stretch_from="line_from"), parts.select("cluster", stretch_from="line_to")]
    )
    stretches = (
        days.unique()
        .sort(_STRETCH)
        .with_columns(stretch_to=pl.col("stretch_from").shift(-1).over("cluster"))
        .drop_nulls("stretch_to")
    )
    sign = pl.col("net_amount").sign()
    height = pl.col("walk") - pl.col("walk").cum_min().over(_STRETCH).clip(upper_bound=0)
    return (
        parts.join(stretches, on="cluster")
        .filter(pl.col("stretch_from") >= pl.col("line_from"), pl.col("stretch_from") < pl.col("line_to"))
        .sort(*_STRETCH, "line")
        .with_columns(walk=sign.cum_sum().over(_STRETCH))
        .with_columns(height=height, is_charge=sign > 0)
        .with_columns(before=pl.col("height").shift(fill_value=0).over(_STRETCH))
        .with_columns(level=pl.when("is_charge").then("height").otherwise("before"))
        .filter(pl.col("level") > 0)
    )
