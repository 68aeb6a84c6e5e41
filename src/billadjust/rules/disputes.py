"""What a dispute is about and where it stands: which lines, how much of each, in time or late (§6.6)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from billadjust.money import MICRO, divide_half_up, net_of, tax_of
from billadjust.rules.spread import spread

if TYPE_CHECKING:
    from billadjust.night import Night

IN_TIME: Final = ("explained", "withdrawn")
"""Standings that take a provisional refund back."""

LINE: Final = ["invoice_id", "line_no"]


def standings(night: Night) -> pl.LazyFrame:
    """Return the disputes with `enabled`, `deadline`, `standing`, `minor_limit` and `since` (opened_on as a moment).

    The standing is open, waived (open after the deadline), accepted, explained, explained_late, withdrawn or
    withdrawn_late. The deadline is the last day in time: opened on 1 March with 45 days, it is 15 April.
    """
    opened = pl.col("opened_on")
    policy = night.policy
    late = pl.col("resolved_on") > pl.col("deadline")
    resolved = pl.when(late).then(pl.col("status") + "_late").otherwise(pl.col("status"))
    return night.inputs.disputes.with_columns(
        enabled=policy.expr("dispute_refund.enabled", opened),
        deadline=opened + pl.duration(days=policy.expr("dispute_refund.waiver_days", opened)),
        minor_limit=policy.expr("dispute_refund.minor_limit", opened),
        since=opened.cast(pl.Datetime("us")).dt.replace_time_zone("UTC"),
    ).with_columns(
        standing=pl.when(pl.col("status") == "accepted")
        .then(pl.lit("accepted"))
        .when(pl.col("status") != "open")
        .then(resolved)
        .when(pl.lit(night.as_of) > pl.col("deadline"))
        .then(pl.lit("waived"))
        .otherwise(pl.lit("open"))
    )


def disputed_lines(night: Night) -> pl.LazyFrame:
    """Return a row for each dispute and line: the disputed and the unjustified amounts.

    Columns of `standings`, and those of the line (line_no, subscription_id, charged, tax_rate, line_gross), with
    `disputed_gross` of the whole dispute, `gross` and `net` of its part on this line, `unjustified_gross` of the whole
    dispute and `unjustified` (gross) and `unjustified_net` of its part on this line that an explanation left
    unexplained, `shared_by_gross`: the gross of the lines among which it is shared, and `cdr_charge` (minor units, net) of a disputed CDR.
    """
    disputes = standings(night)
    lines = night.lines.select(*LINE, "subscription_id", "kind", "service", "charged", "tax_rate", line_gross="gross")
    about = [
        _about_cdrs(night, disputes, lines),
        _about_lines(disputes, lines),
        _about_invoices(night, disputes, lines),
    ]
    disputed = pl.min_horizontal("gross_amount", "full_gross").clip(lower_bound=0)
    justified = pl.coalesce("justified_gross", "disputed_gross")
    return (
        pl.concat(about, how="diagonal")
        .with_columns(disputed_gross=disputed)
        .with_columns(
            unjustified_gross=pl.when(pl.col("standing").is_in(["explained", "explained_late"]))
            .then((pl.col("disputed_gross") - justified).clip(lower_bound=0))
            .otherwise(0)
        )
        .with_columns(
            gross=_part("disputed_gross"),
            unjustified=_part("unjustified_gross"),
            shared_by_gross=pl.col("line_gross").sum().over("dispute_id"),
        )
        .with_columns(net=_net("gross", "disputed_gross"), unjustified_net=_net("unjustified", "unjustified_gross"))
    )


def repeats(disputed: pl.LazyFrame) -> pl.LazyFrame:
    """Return (dispute_id, invoice_id, line_no) of what repeats an earlier dispute, line by line.

    It does if it was opened on or after the day on which that one was explained in time. The explanation of a line
    covers its CDRs; that of a CDR only itself. Of disputes opened on one day the lower identifier is the earlier one.
    """
    explained = disputed.filter(pl.col("standing") == "explained").select(
        *LINE, "since", earlier="dispute_id", explained_on="resolved_on", explained_cdr="cdr_id"
    )
    is_earlier = (pl.col("since_earlier") < pl.col("since")) | (
        (pl.col("since_earlier") == pl.col("since")) & (pl.col("earlier") < pl.col("dispute_id"))
    )
    return (
        disputed.select("dispute_id", *LINE, "opened_on", "since", "cdr_id")
        .join(explained, on=LINE, suffix="_earlier")
        .filter(
            is_earlier
            & (pl.col("opened_on") >= pl.col("explained_on"))
            & (pl.col("explained_cdr").is_null() | pl.col("explained_cdr").eq_missing(pl.col("cdr_id")))
        )
        .select("dispute_id", *LINE)
        .unique()
    )


def disputed_cdrs(night: Night, disputes: pl.LazyFrame) -> pl.LazyFrame:
    """Join to the disputes of a CDR the CDR (`subscription_id`, `service`, `cdr_charge` in minor units, net).

    CDRs that are not in the inputs, or on no invoice, have null there.
    """
    to_minor = MICRO // 10**night.policy.digits
    named = disputes.filter(pl.col("cdr_id").is_not_null())
    cdrs = night.inputs.cdrs.join(named.select("cdr_id").unique(), on="cdr_id", how="semi").select(
        "cdr_id",
        "invoice_id",
        "subscription_id",
        "service",
        cdr_charge=divide_half_up(pl.col("charged"), to_minor),
    )
    return named.join(cdrs, on=["cdr_id", "invoice_id"], how="left")


def _about_cdrs(night: Night, disputes: pl.LazyFrame, lines: pl.LazyFrame) -> pl.LazyFrame:
    """Disputes of a CDR, on the usage line of its invoice, subscription and service (the first, if several)."""
    usage = (
        lines.filter((pl.col("kind") == "usage") & (pl.col("charged") > 0))
        .sort("line_no")
        .unique(["invoice_id", "subscription_id", "service"], keep="first", maintain_order=True)
    )
    return (
        disputed_cdrs(night, disputes)
        .drop("line_no")
        .join(usage, on=["invoice_id", "subscription_id", "service"])
        .filter(pl.col("cdr_charge") > 0)
        .with_columns(
            full_net="cdr_charge", full_gross=pl.col("cdr_charge") + tax_of(pl.col("cdr_charge"), pl.col("tax_rate"))
        )
        .with_columns(line_gross="full_gross")
        .with_columns(whole=pl.lit(value=True))
    )


def _about_lines(disputes: pl.LazyFrame, lines: pl.LazyFrame) -> pl.LazyFrame:
    """Disputes of one line."""
    return (
        disputes.filter(pl.col("cdr_id").is_null() & pl.col("line_no").is_not_null())
        .join(lines, on=LINE)
        .filter(pl.col("charged") > 0)
        .with_columns(full_net="charged", full_gross="line_gross", whole=pl.lit(value=True))
    )


def _about_invoices(night: Night, disputes: pl.LazyFrame, lines: pl.LazyFrame) -> pl.LazyFrame:
    """Disputes of a whole invoice, on its lines with a charge above 0.

    `whole` says that no line is negative: then a dispute of everything disputes each line in full.
    """
    totals = night.inputs.invoices.select("invoice_id", full_gross="gross_total")
    negative = lines.filter(pl.col("charged") < 0).select("invoice_id", negative=True).unique()
    return (
        disputes.filter(pl.col("cdr_id").is_null() & pl.col("line_no").is_null())
        .drop("line_no")
        .join(totals, on="invoice_id")
        .join(lines.filter(pl.col("charged") > 0), on="invoice_id")
        .join(negative, on="invoice_id", how="left")
        .with_columns(full_net="charged", whole=pl.col("negative").is_null())
        .drop("negative")
    )


def _part(total: str) -> pl.Expr:
    """Spread a dispute's total over its lines in proportion to their gross; in full, each has its own gross."""
    in_full = pl.col("whole") & (pl.col(total) == pl.col("full_gross"))
    return pl.when(in_full).then("line_gross").otherwise(spread(total, "line_gross", over="dispute_id"))


def _net(part: str, total: str) -> pl.Expr:
    """Net of a part; of a line that is disputed in full it is what the line charged."""
    in_full = pl.col("whole") & (pl.col(total) == pl.col("full_gross"))
    return pl.when(in_full).then(pl.col("full_net")).otherwise(net_of(pl.col(part), pl.col("tax_rate")))
