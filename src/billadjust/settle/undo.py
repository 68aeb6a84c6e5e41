"""What undoes a run: every claim that it touched is brought to zero (§8.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from billadjust.figures import found
from billadjust.phrases import phrase
from billadjust.rules import LINE_RULES
from billadjust.rules.disputes import LINE
from billadjust.rules.evidence import amount, evidence, percent
from billadjust.schemas import BUCKETS
from billadjust.settle.entries import COLUMNS, bill_period
from billadjust.settle.scope import posted_claims
from billadjust.settle.tax import posted_by_line, taxed

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from billadjust.policy import Policy


def undoing(
    ledger: pl.LazyFrame, claims: pl.LazyFrame, policy: Policy, as_of: date, figures: Mapping[str, str]
) -> pl.LazyFrame:
    """Return the entries that bring claims to zero in both buckets, with all that was posted for them.

    `ledger`: schemas.Entries; `claims`: the column claim; `figures` are put into the evidence. Columns as of
    `entries_of`, but without `language`; the order is that of the identifiers. The money goes by the way by which it was
    to come; what was a discount is taken off the bill that a discount of today would be on, in the cycles of the
    discount that was posted.
    """
    entries = ledger.join(claims, on="claim", how="semi")
    on_lines = ledger.filter(pl.col("rule").is_in(LINE_RULES)).join(
        entries.select(LINE).drop_nulls().unique(), on=LINE, how="semi"
    )
    newest = entries.group_by("claim", "bucket").agg(pl.col("settlement", "bill_period").max_by("run_id"))
    since = entries.group_by("claim").agg(since=found("opened_on").max())
    legs = (
        pl.concat(_legs(posted_claims(entries), bucket) for bucket in BUCKETS)
        .join(newest, on=["claim", "bucket"])
        .join(since, on="claim")
        .join(posted_by_line(posted_claims(on_lines)), on=LINE, how="left")
        .with_columns(
            net=-pl.col("posted"),
            tax_before=pl.when(pl.col("rule").is_in(LINE_RULES)).then("line_tax").otherwise("posted_tax"),
        )
    )
    return (
        taxed(legs)
        .with_columns(bill_period=bill_period(policy, as_of, _cycle_day(), pl.lit(as_of)))
        .with_columns(
            entry_id=phrase("{}|{}|{}", "claim", "bucket", "number"),
            as_of=pl.lit(as_of),
            kind=pl.lit("undo"),
            currency=pl.lit(policy.currency),
            gross=pl.col("net") + pl.col("tax"),
            evidence=evidence(
                owed=amount(pl.lit(0), policy.digits),
                posted=amount(pl.col("posted"), policy.digits),
                tax_rate=percent(pl.col("tax_rate")),
                net_after=amount(pl.col("net_after"), policy.digits),
                tax_before=amount(pl.col("tax_before"), policy.digits),
                **{name: pl.lit(value) for name, value in figures.items()},
            ),
            variant=pl.lit("posted"),
        )
        .with_columns(is_new=pl.lit(value=False))
        .select(name for name in COLUMNS if name != "language")
        .sort("entry_id")
    )


def _legs(posted: pl.LazyFrame, bucket: str) -> pl.LazyFrame:
    """Return the claims that have anything in a bucket, with what is posted there and the number of the next entry."""
    return posted.filter(pl.col(f"posted_{bucket}") != 0).with_columns(
        bucket=pl.lit(bucket),
        posted=f"posted_{bucket}",
        posted_tax=f"posted_{bucket}_tax",
        number=pl.col(f"{bucket}_entries") + 1,
    )


def _cycle_day() -> pl.Expr:
    """Return the day on which the account's cycles start, as the discount that was posted tells."""
    return pl.col("bill_period").dt.day().fill_null(1)
