"""How the fee of a line was made up: the figures behind what a recurring line should have cost (§5.8)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from billadjust.rating.coverage import coverage
from billadjust.rating.fee_terms import by_cycle, fee_terms
from billadjust.rating.lines import IS_FEE, LINE
from billadjust.rating.recurring import PART_OF_SERVICE, fee_of
from billadjust.rating.shortfall import CHOICES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from billadjust.night import Night
    from billadjust.rating.coverage import Coverage
    from billadjust.rating.terms import Choice


def with_fees(night: Night, lines: pl.LazyFrame, choices: Sequence[Choice]) -> pl.LazyFrame:
    """Add to lines (schemas.Lines) the terms of what each fee should have cost under version choices.

    Columns: `billed_before`: the earlier invoices that bill some of the same days, "F26/0008"; those days cost
    nothing again. For each choice `CHOICE_fees`: its terms, fee × days ÷ days of the cycle: "8.30 × 16/31 + 6.90 ×
    15/31" ("0.00" where all days are billed before), and `CHOICE_open_before`: what earlier lines were charged too
    little, which is due on this one (minor units). Both together, rounded once, are what the line should have cost.
    All null where the line is no fee, or what is there is not all.
    """
    fee_lines = lines.filter(IS_FEE, pl.col("subscription_id").is_not_null())
    stacks = coverage(night.inputs, only=fee_lines.select("subscription_id").unique())
    numbered = stacks.lines.lazy().select("line", *LINE)
    whole = fee_lines.join(numbered, on=LINE, how="anti").select(
        *LINE, "subscription_id", due_from="period_start", due_to="period_end", part=PART_OF_SERVICE
    )
    first = fee_lines.select(LINE).join(numbered, on=LINE).join(stacks.uncovered.lazy(), on="line")
    pieces = _pieces(pl.concat([whole, first.select(*LINE, "subscription_id", "due_from", "due_to", "part")]), night)
    told = lines.join(_billed_before(stacks), on=LINE, how="left")
    for choice in choices:
        told = told.join(fee_terms(pieces, LINE, choice, night.policy.digits), on=LINE, how="left").pipe(_told, choice)
    return told


def _told(lines: pl.LazyFrame, choice: Choice) -> pl.LazyFrame:
    """Keep the terms of a choice where they are all that the line should have cost."""
    is_fee = IS_FEE & pl.col("subscription_id").is_not_null()
    again = pl.col("billed_before").is_not_null()
    left_open = pl.col(choice) - pl.col("minor").fill_null(0)
    is_all = is_fee & ((left_open == 0) | (again & (left_open > 0)))
    return lines.with_columns(
        pl.when(is_all).then(pl.col("terms").fill_null("0.00")).alias(f"{choice}_fees"),
        pl.when(is_all & (left_open > 0)).then(left_open).alias(f"{choice}_open_before"),
    ).drop("minor", "terms")


def _billed_before(stacks: Coverage) -> pl.LazyFrame:
    """Return invoice_id, line_no, `billed_before`."""
    named = stacks.lines.lazy().select("line", *LINE)
    return (
        stacks.beneath.lazy()
        .select("line", "earlier_line")
        .unique()
        .join(named.select(earlier_line="line", earlier="invoice_id"), on="earlier_line")
        .join(named, on="line")
        .group_by(LINE)
        .agg(billed_before=pl.col("earlier").unique().sort().str.join(", "))
    )


def _pieces(due: pl.LazyFrame, night: Night) -> pl.LazyFrame:
    """Cut stretches of days that are due by the subscriptions' spans and by cycles, each with the fees of its version.

    `due`: invoice_id, line_no, subscription_id, part, due_from, due_to. Columns: those of `by_cycle`, and contract and
    improved (millionths).
    """
    start, end = pl.max_horizontal("day_from", "due_from"), pl.min_horizontal("day_to", "due_to")
    return by_cycle(
        due.join(night.spans.drop("account_id"), on="subscription_id")
        .filter(pl.col("day_from") < pl.col("due_to"), pl.col("day_to") > pl.col("due_from"))
        .select(
            *LINE,
            "part",
            "bill_cycle_day",
            start=start,
            end=end,
            **{choice: fee_of(choice) for choice in CHOICES},
        )
    )
