"""Settlement: the differences of a run, and what operators must look at because of them (§7)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from billadjust.rules import LINE_RULES
from billadjust.rules.disputes import LINE
from billadjust.settle.bills import limit_lines, limit_to_bills
from billadjust.settle.entries import entries_of
from billadjust.settle.lines import line_legs
from billadjust.settle.others import other_legs
from billadjust.settle.scope import in_scope, posted_claims

if TYPE_CHECKING:
    from collections.abc import Iterable

    from billadjust.night import Night, Stage


@dataclass(frozen=True)
class Settlement:
    """What a run would post.

    `entries`: schemas.Entries without run_id and explanation, with `variant` and `language` from which the
    explanation is written, and `is_new`: whether the claim had no entry before. `kept`: claim, account_id, invoice_id, line_no, amount: what stands only because it was
    posted. `undone`: the same columns, of claims that were undone, with what they would owe.
    """

    entries: pl.DataFrame
    kept: pl.DataFrame
    undone: pl.DataFrame


def settle(
    night: Night, claims: pl.LazyFrame, ledger: pl.LazyFrame, stage: Stage, undone_runs: Iterable[str] = ()
) -> Settlement:
    """Compare what the rules state (schemas.Claims) with what the ledger holds (schemas.Entries).

    Claims that a run touched which was undone are left alone. Nothing final falls for a line or for any other claim; a
    line's claims owe together at most its charge, and a bill's at most those of its lines (§6.7, §7).
    """
    scoped = stage("scoped", in_scope(night, claims, posted_claims(ledger, undone_runs)))
    on_lines = stage("line_legs", limit_lines(night, scoped, line_legs(scoped, night.as_of)))
    legs = stage("legs", pl.concat([on_lines, other_legs(limit_to_bills(night, scoped, on_lines))]))
    kept = (
        legs.filter(pl.col("kept") > 0)
        .join(scoped, on="claim")
        .group_by("account_id", *LINE, claim=pl.when(~pl.col("rule").is_in(LINE_RULES)).then("claim"))
        .agg(amount=pl.col("kept").sum())
        .sort(*LINE, "claim")
    )
    undone = (
        scoped.filter("undone")
        .select("account_id", *LINE, "claim", amount=pl.col("final") + pl.col("provisional"))
        .sort("claim")
    )
    frames = pl.collect_all(
        [entries_of(night, scoped, legs, claims), kept, undone],
        engine="streaming",
    )
    return Settlement(*frames)
