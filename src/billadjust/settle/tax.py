"""The tax of entries: on a line it always adds up exactly (§7.3)."""

from __future__ import annotations

from typing import Final

import polars as pl

from billadjust.money import tax_of
from billadjust.phrases import phrase
from billadjust.rules import LINE_RULES, RULES
from billadjust.rules.disputes import LINE

RULE_ORDER: Final = tuple(rule.__name__ for rule in RULES)


def posted_by_line(posted: pl.LazyFrame) -> pl.LazyFrame:
    """Return what was posted on each line, both buckets, by the rules that share its charge: `line_net`, `line_tax`.

    `posted`: as of `posted_claims`, of all claims of these lines.
    """
    return (
        posted.filter(pl.col("rule").is_in(LINE_RULES))
        .group_by(LINE)
        .agg(
            line_net=(pl.col("posted_final") + pl.col("posted_provisional")).sum(),
            line_tax=(pl.col("posted_final_tax") + pl.col("posted_provisional_tax")).sum(),
        )
    )


def taxed(changed: pl.LazyFrame) -> pl.LazyFrame:
    """Add `tax`: that on the posted net after an entry (`net_after`), minus that before it (`tax_before`).

    The entries of a line share its tax: first the falls, then by precedence, final before provisional. `changed` has
    the columns of the entries, `since`, `posted` (the claim's net before), `line_net` (the line's), and `tax_before`: the
    tax that stands before the first of them (null: what the tax rate makes of the net before).
    """
    on_line = pl.col("rule").is_in(LINE_RULES)
    order = [
        pl.col("net") > 0,
        pl.col("rule").replace_strict(RULE_ORDER, range(len(RULE_ORDER)), return_dtype=pl.Int64),
        pl.col("bucket"),
        pl.col("since"),
        pl.col("source_ref"),
        pl.col("claim"),
    ]
    together = changed.with_columns(
        taxed_with=pl.when(on_line).then(phrase("{}|{}", "invoice_id", "line_no")).otherwise("claim"),
        net_before=pl.when(on_line).then("line_net").otherwise("posted"),
    ).with_columns(alone=pl.len().over("taxed_with") == 1)
    # Most entries are alone on their line: they need no order.
    easy = together.filter("alone").with_columns(so_far="net", is_first=pl.lit(value=True))
    shared = together.filter(~pl.col("alone")).with_columns(
        so_far=pl.col("net").cum_sum().over("taxed_with", order_by=order),
        is_first=pl.int_range(pl.len()).over("taxed_with", order_by=order) == 0,
    )
    after = pl.col("net_before") + pl.col("so_far")
    by_rate = tax_of(after - pl.col("net"), pl.col("tax_rate"))
    before = pl.when("is_first").then(pl.coalesce("tax_before", by_rate)).otherwise(by_rate)
    return (
        pl.concat([easy, shared], how="vertical")
        .with_columns(net_after=after, tax_before=before)
        .with_columns(tax=tax_of(pl.col("net_after"), pl.col("tax_rate")) - pl.col("tax_before"))
    )
