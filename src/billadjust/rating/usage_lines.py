"""What usage lines should have cost (§5.8)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from billadjust.calendar import cycle_start, local_date
from billadjust.money import divide_half_up, to_text
from billadjust.phrases import phrase
from billadjust.rating.lines import lines_with_dates
from billadjust.rating.reasons import NEEDING_REJECTED
from billadjust.schemas import SERVICES, Charges

if TYPE_CHECKING:
    from billadjust.inputs.model import Inputs
    from billadjust.policy import Policy

_USAGE: Final = ["invoice_id", "subscription_id", "service"]
"""What ties CDRs to a usage line."""

_CYCLE: Final = ["subscription_id", "service", "cycle_start"]
"""What CDRs share an allowance in."""


def usage_charges(inputs: Inputs, spans: pl.LazyFrame, parts: pl.LazyFrame, policy: Policy) -> pl.LazyFrame:
    """Work out what each usage line with a charge above 0 should have cost: the sum of its CDRs' costs.

    Args:
        inputs: invoices, invoice_lines and what rejected rows take along are read.
        spans: schemas.Spans.
        parts: schemas.UsageParts.
        policy: Its time zone and currency, and `rating.tolerance` by the invoice's issue_date.

    Returns:
        schemas.Charges.
    """
    contract = parts.filter(pl.col("choice") == "contract")
    improved = parts.filter((pl.col("choice") == "improved") | pl.col("shared"))
    micro = 10 ** (6 - policy.digits)
    return (
        lines_with_dates(inputs)
        .filter(pl.col("kind") == "usage")
        .with_columns(
            beside_another=pl.len().over(_USAGE) > 1,
            tolerance=policy.expr("rating.tolerance", pl.col("issue_date")) * micro,
            billed=pl.col("net_amount") * micro,
        )
        .filter(pl.col("net_amount") > 0)
        .join(_sums(contract, "contract_version"), on=_USAGE, how="left")
        .join(_sums(improved, "improved_version"), on=_USAGE, how="left", suffix="_improved")
        .join(_spoilt(inputs, spans, contract, policy), on=_USAGE, how="left")
        .with_columns(not_assessed=_why_not())
        .with_columns(
            pl.when(pl.col("not_assessed").is_null()).then(value).alias(name)
            for name, value in {
                "contract": divide_half_up(pl.col("cost"), micro),
                "improved": divide_half_up(pl.col("cost_improved"), micro),
                "contract_versions": pl.col("versions"),
                "improved_versions": pl.col("versions_improved"),
            }.items()
        )
        .select(Charges.column_names())
    )


def _sums(parts: pl.LazyFrame, version: str) -> pl.LazyFrame:
    """Sum the parts up for each line; `versions` names its tariff versions in the order of their days."""
    billed = parts.filter(pl.col("invoice_id").is_not_null())
    versions = ["tariff_id", version]
    sums = billed.group_by(_USAGE).agg(
        pl.col("cost", "charged", "unit_count").sum(),
        pl.col("unrated").min(),
        pl.col(versions).min(),
        pl.col(versions).max().name.suffix("_last"),
        versioned=pl.col(version).is_not_null().all(),
    )
    is_one = pl.all_horizontal(pl.col(name) == pl.col(f"{name}_last") for name in versions)
    # few lines have more than one version: the others need no list of them
    several = (
        billed.join(sums.filter(~is_one), on=_USAGE, how="semi")
        .with_columns(versions=phrase("{}/{}", *versions))
        .group_by(_USAGE)
        .agg(pl.col("versions").sort_by("term_from", *versions).unique(maintain_order=True).str.join(", "))
    )
    one = phrase("{}/{}", *versions)
    return (
        sums.join(several, on=_USAGE, how="left")
        .with_columns(versions=pl.coalesce("versions", one))
        .select(*_USAGE, "cost", "charged", "unit_count", "unrated", "versions", "versioned")
    )


def _why_not() -> pl.Expr:
    """Say why a usage line is not assessed; null if it is."""
    incomplete = (pl.col("charged") - pl.col("billed")).abs() > pl.col("tolerance")
    why = (
        (pl.col("subscription_id").is_null(), pl.lit("the line names no subscription")),
        (~pl.col("service").is_in(SERVICES).fill_null(value=False), pl.lit("its service has no CDRs")),
        (pl.col("beside_another"), pl.lit("another line of its invoice bills the same usage")),
        (pl.col("unit_count").is_null(), pl.lit("the line has no CDRs")),
        (pl.col("spoilt").is_not_null(), pl.lit("it needs a rejected row: see rejected.csv")),
        (~pl.col("versioned"), pl.lit("a CDR is on a day without a tariff or a tariff version")),
        (pl.col("unrated").is_not_null(), phrase("a CDR is unrated: {}", "unrated")),
        (pl.col("unrated_improved").is_not_null(), phrase("a CDR is unrated: {}", "unrated_improved")),
        (incomplete, phrase("its CDRs add up to {}, not to {}", _shown("charged"), _shown("billed"))),
    )
    reason = pl.lit(None, dtype=pl.String)
    for applies, words in reversed(why):
        reason = pl.when(applies).then(words).otherwise(reason)
    return reason


def _shown(column: str) -> pl.Expr:
    """Turn millionths into the decimal that people read: 3,200,000 is 3.20."""
    return to_text(pl.col(column), 6).str.replace(r"(\.\d\d\d*?)0+$", "$1")


def _spoilt(inputs: Inputs, spans: pl.LazyFrame, parts: pl.LazyFrame, policy: Policy) -> pl.LazyFrame:
    """Find the usage that needs a rejected row: of its subscription, of its tariff, or a CDR that uses its allowance.

    A rejected CDR counts for its invoice, and for its subscription, service and cycle; so does a CDR that a rejected row
    leaves unrated. What cannot be read of a rejected CDR may be anything; if its subscription cannot, it may be any of
    its invoice, and if neither can, any.
    """
    taken = inputs.taken
    subscriptions = inputs.invoice_lines.select("invoice_id", "subscription_id").drop_nulls().unique()
    nameless = taken.cdrs.filter(pl.col("subscription_id").is_null()).drop("subscription_id")
    rejected = pl.concat(
        [taken.cdrs.filter(pl.col("subscription_id").is_not_null()), nameless.join(subscriptions, on="invoice_id")],
        how="diagonal",
    )
    cycle_days = spans.select("subscription_id", "bill_cycle_day").unique()
    start = cycle_start(local_date(pl.col("started_at"), policy.timezone), pl.col("bill_cycle_day"))
    in_cycle = pl.concat(
        [
            rejected.join(cycle_days, on="subscription_id").select("subscription_id", "service", cycle_start=start),
            parts.filter(pl.col("unrated").is_in(NEEDING_REJECTED)).select(_CYCLE),
        ]
    )
    same_service = pl.col("service_right").is_null() | (pl.col("service_right") == pl.col("service"))
    same_cycle = pl.col("cycle_start_right").is_null() | (pl.col("cycle_start_right") == pl.col("cycle_start"))
    billed = parts.filter(pl.col("invoice_id").is_not_null())
    anybodys = _anybodys(nameless.filter(pl.col("invoice_id").is_null()), parts, policy)
    spoilt = [
        billed.join(anybodys, on="cycle_start").filter(same_service),
        billed.join(in_cycle, on="subscription_id").filter(same_service, same_cycle),
        billed.join(rejected, on=["invoice_id", "subscription_id"]).filter(same_service),
        billed.join(taken.subscriptions, on="subscription_id", how="semi"),
    ]
    return pl.concat([use.select(_USAGE) for use in spoilt]).unique().with_columns(spoilt=pl.lit(value=True))


def _anybodys(nameless: pl.LazyFrame, parts: pl.LazyFrame, policy: Policy) -> pl.LazyFrame:
    """Return the services and cycles (service, cycle_start) of rejected CDRs that may be anybody's."""
    days = nameless.select("service", day=local_date(pl.col("started_at"), policy.timezone)).unique()
    start = pl.col("cycle_start")
    return (
        parts.select("cycle_start")
        .unique()
        .join(days, how="cross")
        .filter(pl.col("day").is_between(start, start.dt.offset_by("1mo"), closed="left").fill_null(value=True))
        .select("service", "cycle_start")
        .unique()
    )
