"""Differences as entries: their kind, settlement, tax and number (§7.3, §7.5)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from billadjust.calendar import cycle_end, cycle_start
from billadjust.money import tax_of
from billadjust.phrases import phrase
from billadjust.rules import LINE_RULES, RULES
from billadjust.rules.disputes import LINE
from billadjust.rules.evidence import amount

if TYPE_CHECKING:
    from billadjust.night import Night

RULE_ORDER: Final = tuple(rule.__name__ for rule in RULES)

COLUMNS: Final = (
    "entry_id",
    "as_of",
    "rule",
    "claim",
    "bucket",
    "kind",
    "settlement",
    "account_id",
    "subscription_id",
    *LINE,
    "source_ref",
    "bill_period",
    "deadline",
    "currency",
    "net",
    "tax_rate",
    "tax",
    "gross",
    "policy_ref",
    "evidence",
    "variant",
    "language",
)


def entries_of(night: Night, scoped: pl.LazyFrame, legs: pl.LazyFrame, claims: pl.LazyFrame) -> pl.LazyFrame:
    """Turn the legs whose owed net differs from the posted net into entries, in the order of their identifiers."""
    provisional = pl.col("bucket") == "provisional"
    texts = claims.select("claim", "event_on", "variant", figures="evidence")
    changed = (
        legs.join(scoped, on="claim")
        .with_columns(
            posted=pl.when(provisional).then("posted_provisional").otherwise("posted_final"),
            number=pl.when(provisional).then("provisional_entries").otherwise("final_entries") + 1,
        )
        .with_columns(net=pl.col("owed") - pl.col("posted"))
        .filter(pl.col("net") != 0)
        .join(texts, on="claim", how="left")
        .join(_accounts(night), on="account_id", how="left")
        .join(_last_days(night), on="subscription_id", how="left")
        .join(_posted_by_line(scoped), on=LINE, how="left")
    )
    return (
        _taxed(changed)
        .with_columns(kind=_kind(), settlement=_settlement(night))
        .with_columns(bill_period=_bill_period(night))
        .with_columns(
            entry_id=phrase("{}|{}|{}", "claim", "bucket", "number"),
            as_of=pl.lit(night.as_of),
            currency=pl.lit(night.policy.currency),
            gross=pl.col("net") + pl.col("tax"),
            evidence=_evidence(night.policy.digits),
            variant=pl.when("compared").then("variant").fill_null("posted"),
            language=pl.col("language").fill_null("es"),
        )
        .select(COLUMNS)
        .sort("entry_id")
    )


def _accounts(night: Night) -> pl.LazyFrame:
    return night.inputs.accounts.select("account_id", "language", "bill_cycle_day", "closed_on")


def _last_days(night: Night) -> pl.LazyFrame:
    """Return (subscription_id, ends): the day after the last of the subscription's last row; null if it is open."""
    return night.inputs.subscriptions.group_by("subscription_id").agg(
        ends=pl.col("valid_to").sort_by("valid_from").last()
    )


def _posted_by_line(scoped: pl.LazyFrame) -> pl.LazyFrame:
    """Return what was posted on each line, both buckets, by the rules that share its charge."""
    return (
        scoped.filter(pl.col("rule").is_in(LINE_RULES))
        .group_by(LINE)
        .agg(
            line_net=(pl.col("posted_final") + pl.col("posted_provisional")).sum(),
            line_tax=(pl.col("posted_final_tax") + pl.col("posted_provisional_tax")).sum(),
        )
    )


def _kind() -> pl.Expr:
    """Name the cause of each entry.

    What a provisional refund loses is finalised as far as the claim became final. Of the rest, what was explained or
    withdrawn in time is reversed. What the dispute would still owe if it were alone on the line, other claims took.
    """
    is_final = pl.col("bucket") == "final"
    became_final = pl.when(is_final).then("net").otherwise(0).sum().over("claim")
    was_provisional = (~is_final).any().over("claim")
    fall = -pl.col("net")
    alone = pl.min_horizontal(pl.col("final") + pl.col("provisional"), "charged") - pl.col("prior_credit")
    return (
        pl.when(pl.col("net") > 0)
        .then(pl.when(is_final & was_provisional).then(pl.lit("finalisation")).otherwise(pl.lit("credit")))
        .when(is_final)
        .then(pl.lit("reclassification"))
        .when(became_final >= fall)
        .then(pl.lit("finalisation"))
        .when("taken_back")
        .then(pl.lit("reversal"))
        .when(became_final > 0)
        .then(pl.lit("finalisation"))
        .when(alone >= pl.col("posted"))
        .then(pl.lit("reclassification"))
        .otherwise(pl.lit("reversal"))
    )


def _settlement(night: Night) -> pl.Expr:
    """Say by which way the money reaches the customer."""
    over = (pl.col("closed_on") <= night.as_of).fill_null(value=False) | (pl.col("ends") <= night.as_of).fill_null(
        value=False
    )
    return (
        pl.when(pl.col("bucket") == "provisional")
        .then(pl.lit("provisional_credit"))
        .when(pl.col("rule").is_in(LINE_RULES))
        .then(pl.lit("credit_note"))
        .when(over)
        .then(pl.lit("bank_transfer"))
        .otherwise(pl.lit("bill_discount"))
    )


def _bill_period(night: Night) -> pl.Expr:
    """First day of the cycle whose bill carries the discount: that of the run's date, unless its bill is closed.

    With 3 days: the bill of the cycle that ends on 1 September is closed from 29 August on.
    """
    as_of = pl.lit(night.as_of)
    cycle_day = pl.col("bill_cycle_day").fill_null(1)
    cutoff = night.policy.expr("outage_credit.cutoff_days", pl.coalesce("event_on", as_of))
    end = cycle_end(as_of, cycle_day)
    return pl.when(pl.col("settlement") == "bill_discount").then(
        pl.when(as_of < end - pl.duration(days=cutoff)).then(cycle_start(as_of, cycle_day)).otherwise(end)
    )


def _taxed(changed: pl.LazyFrame) -> pl.LazyFrame:
    """Add `tax`: that on the posted net after an entry, minus that before it.

    The entries of a line share its tax: first the falls, then by precedence, final before provisional; before the first
    of them stands the tax that was posted, so that a line's tax adds up exactly. A claim that shares no line may be taxed
    at another rate than before; what was posted at the old one stays.
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
    before = (
        pl.when(on_line & pl.col("is_first"))
        .then("line_tax")
        .otherwise(tax_of(after - pl.col("net"), pl.col("tax_rate")))
    )
    return pl.concat([easy, shared], how="vertical").with_columns(tax=tax_of(after, pl.col("tax_rate")) - before)


def _evidence(digits: int) -> pl.Expr:
    """Put what the claim owes and what was posted before the figures of its rule."""
    head = pl.struct(owed=amount(pl.col("owed"), digits), posted=amount(pl.col("posted"), digits)).struct.json_encode()
    figures = pl.col("figures").fill_null("{}").str.slice(1)
    comma = pl.when(figures == "}").then(pl.lit("")).otherwise(pl.lit(","))
    return head.str.head(-1) + comma + figures
