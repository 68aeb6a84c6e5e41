"""What bills would have cost under the tariffs that are open for sale (§6.7)."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Final

import polars as pl

from billadjust.calendar import CYCLE, cycle_end, cycle_start, elapsed_cycles, local_date
from billadjust.money import divide_half_up
from billadjust.rating.lines import BILL, IS_FEE, VERSION
from billadjust.rating.offer_parts import offer_parts
from billadjust.rating.reasons import NEEDS_REJECTED, REJECTED_PREFIX
from billadjust.schemas import FOREVER, Offers

if TYPE_CHECKING:
    from datetime import date

    from billadjust.inputs.model import Inputs
    from billadjust.policy import Policy
    from billadjust.rating.usage import Usage

IS_BILLED: Final = IS_FEE | (pl.col("kind") == "usage")
"""Whether a line bills the tariff: its fee, or usage."""


def offers(  # noqa: PLR0913, PLR0917  # the frames of a night, which is not made yet
    inputs: Inputs,
    spans: pl.LazyFrame,
    usage: Usage | None,
    parts: pl.LazyFrame,
    lines: pl.LazyFrame,
    policy: Policy,
    as_of: date,
) -> pl.LazyFrame:
    """Compare what bills cost under the improved versions with what they would cost under every open tariff.

    A fee of 15.00 and calls of 20.00 cost 35.00; under a tariff of 12.00 with 100 of the 200 minutes included, and 0.10
    a minute beyond, 22.00. A bill is an invoice's part for one subscription: its fee for the whole period, and its usage.

    Only bills that count are looked at: where the mode is "advise" the newest of each current subscription, where it is
    "credit" all.

    Args:
        inputs: invoices and tariffs are read.
        spans: schemas.Spans.
        usage: The CDRs; None if there are none.
        parts: schemas.UsageParts.
        lines: schemas.Lines.
        policy: `best_price.mode` by the invoice's issue_date.
        as_of: The date of the run.

    Returns:
        schemas.Offers.
    """
    owned = _priced(_bills(inputs, spans, lines, policy), inputs, parts, policy)
    bills = _that_count(owned, spans, as_of).collect(engine="streaming")
    best = (
        _offered(_pairs(bills, inputs, policy), usage, policy)
        .filter(pl.col("best_cost") < pl.col("cost"))
        .sort(*BILL, "best_cost", *VERSION)
        .unique(BILL, keep="first", maintain_order=True)
        .select(
            *BILL,
            "best_cost",
            "best_usage_cost",
            best_fee="monthly_fee",
            to_tariff="tariff_id",
            to_version="version",
        )
    )
    compared = bills.join(best, on=BILL, how="left")
    credited = compared.filter(pl.col("mode") == "credit", pl.col("best_cost").is_not_null())
    sums = offer_parts(credited, spans, policy)
    return (
        compared.lazy()
        .drop("usage_cost", "best_usage_cost")
        .join(sums, on=BILL, how="left")
        .select(Offers.column_names())
    )


def _offered(pairs: pl.DataFrame, usage: Usage | None, policy: Policy) -> pl.DataFrame:
    """Add to pairs of a bill and a version what the bill would have cost (`best_cost`), and its usage (`best_usage_cost`).

    Pairs in which usage is unrated are left out.
    """
    with_usage = pairs.filter("has_usage")
    without = pairs.filter(~pl.col("has_usage")).with_columns(usage_cost=pl.lit(0, pl.Int64))
    costs = without.select(*BILL, *VERSION, "usage_cost")
    if usage is not None and with_usage.height:
        # what compiles takes a second to load, which is not lost where nothing is rated
        from billadjust.rating.candidate_usage import usage_costs  # noqa: PLC0415

        costs = pl.concat([costs, usage_costs(usage, with_usage)])
    return pairs.join(costs, on=[*BILL, *VERSION]).with_columns(
        best_cost=_total(pl.col("fee"), pl.col("usage_cost"), policy), best_usage_cost="usage_cost"
    )


def _bills(inputs: Inputs, spans: pl.LazyFrame, lines: pl.LazyFrame, policy: Policy) -> pl.LazyFrame:
    """Find the bills whose fee is known for the whole period, and what it is under the improved versions.

    Columns: those of `Offers` that say whose bill it is, cycle_day, parts (of a cycle), fee (in parts of a cycle times
    millionths), period_start, period_end.
    """
    issued = pl.col("issue_date")
    invoices = inputs.invoices.select("invoice_id", starts="period_start", ends="period_end")
    frozen = lines.filter(IS_BILLED & pl.col("frozen")).select(*BILL, frozen=pl.lit(value=True)).unique()
    service = pl.col("service")
    billed = (
        lines.filter(IS_FEE & pl.col("assessed") & pl.col("subscription_id").is_not_null())
        .with_columns(mode=policy.expr("best_price.mode", issued))
        .filter(pl.col("mode") != "off")
        .join(invoices, on="invoice_id")
        .filter(pl.col("period_start") <= pl.col("starts"), pl.col("period_end") >= pl.col("ends"))
        .group_by(BILL)
        .agg(
            pl.col("account_id", "issue_date", "mode", "starts", "ends").first(),
            tax_rate=pl.col("tax_rate").sort_by("line_no").first(),
            due=pl.col("contract").sum(),
            complete=service.is_null().any() | ((service == "internet").any() & (service == "voice").any()),
        )
        .filter("complete", pl.col("due") > 0)
    )
    start, end = pl.max_horizontal("day_from", "starts"), pl.min_horizontal("day_to", "ends")
    cycle_day = pl.col("bill_cycle_day")
    parts = elapsed_cycles(end, cycle_day) - elapsed_cycles(start, cycle_day)
    one_version = (
        billed.join(spans.drop("account_id"), on="subscription_id")
        .filter(pl.col("day_from") < pl.col("ends"), pl.col("day_to") > pl.col("starts"))
        .with_columns(days=(end - start).dt.total_days(), parts=parts)
        .group_by(BILL)
        .agg(
            pl.col("account_id", "issue_date", "mode", "tax_rate", "starts", "ends").first(),
            pl.col("days", "parts").sum(),
            cycle_day=cycle_day.first(),
            fee=(pl.col("improved_monthly_fee").cast(pl.Int128) * pl.col("parts")).sum(),
            from_tariff=pl.col("tariff_id").first(),
            from_version=pl.col("improved_version").sort_by("day_from").last(),
            versions=pl.struct("tariff_id", "contract_version").n_unique(),
            usable=(pl.col("usable") & pl.col("contract_version").is_not_null()).all(),
        )
        .filter(
            pl.col("usable"),
            pl.col("versions") == 1,
            pl.col("days") == (pl.col("ends") - pl.col("starts")).dt.total_days(),
        )
    )
    return (
        one_version.join(frozen, on=BILL, how="left")
        .with_columns(frozen=pl.col("frozen").fill_null(value=False))
        .rename({"starts": "period_start", "ends": "period_end"})
    )


def _priced(bills: pl.LazyFrame, inputs: Inputs, usage: pl.LazyFrame, policy: Policy) -> pl.LazyFrame:
    """Add to bills what their usage costs under the improved versions, and leave out those for which that is not known.

    Adds: cost, usage_cost (millionths), has_usage, and first_day and end_day, between which are the cycles of its usage.
    """
    improved = usage.filter((pl.col("choice") == "improved") | pl.col("shared"))
    sums = (
        improved.filter(pl.col("invoice_id").is_not_null())
        .group_by(BILL)
        .agg(
            usage_cost=pl.col("cost").sum(),
            unrated=pl.col("unrated").is_not_null().any(),
            first_cycle=pl.col("cycle_start").min(),
            last_cycle=pl.col("cycle_start").max(),
        )
    )
    cycle_day = pl.col("cycle_day")
    last_day = pl.max_horizontal(pl.col("period_end") - pl.duration(days=1), "last_cycle")
    priced = (
        bills.join(sums, on=BILL, how="left")
        .filter(~pl.col("unrated").fill_null(value=False))
        .with_columns(
            pl.col("usage_cost").fill_null(0),
            cost=_total(pl.col("fee"), pl.col("usage_cost").fill_null(0), policy),
            has_usage=pl.col("unrated").is_not_null(),
            first_day=pl.min_horizontal(cycle_start(pl.col("period_start"), cycle_day), "first_cycle"),
            end_day=cycle_end(last_day, cycle_day),
        )
    )
    return priced.join(_spoilt(priced, inputs, improved, policy), on=BILL, how="anti")


def _spoilt(bills: pl.LazyFrame, inputs: Inputs, usage: pl.LazyFrame, policy: Policy) -> pl.LazyFrame:
    """Find the bills that need a rejected row: a CDR of theirs, or one that may use an allowance in one of their cycles."""
    rejected = pl.concat(
        [
            inputs.taken.cdrs.select(
                "subscription_id", "invoice_id", day=local_date(pl.col("started_at"), policy.timezone)
            ),
            usage.filter(pl.col("unrated").is_in([NEEDS_REJECTED, REJECTED_PREFIX])).select(
                "subscription_id", "invoice_id", day="cycle_start"
            ),
        ]
    )
    here = (pl.col("invoice_id") == pl.col("invoice_id_right")).fill_null(value=False)
    then = pl.col("day").is_between("first_day", "end_day", closed="left").fill_null(value=True)
    nameless = rejected.filter(pl.col("subscription_id").is_null())
    anybodys = nameless.filter(pl.col("invoice_id").is_null()).select("day").unique()
    return pl.concat(
        [
            bills.join(anybodys, how="cross").filter(then).select(BILL),
            bills.join(rejected, on="subscription_id").filter(here | then).select(BILL),
            bills.join(nameless.select("invoice_id"), on="invoice_id", how="semi").select(BILL),
        ]
    ).unique()


def _that_count(bills: pl.LazyFrame, spans: pl.LazyFrame, as_of: date) -> pl.LazyFrame:
    """Keep the newest bill of each current subscription, and those that are credited; `is_newest` says which is which."""
    today = pl.lit(as_of)
    current = spans.filter(pl.col("day_from") <= today, pl.col("day_to") > today)
    newest = (
        bills.join(current, on="subscription_id", how="semi")
        .group_by("subscription_id")
        .agg(pl.col("invoice_id").sort_by("issue_date", "invoice_id").last())
        .with_columns(is_newest=pl.lit(value=True))
    )
    return (
        bills.join(newest, on=BILL, how="left")
        .with_columns(is_newest=pl.col("is_newest").fill_null(value=False))
        .filter(pl.col("is_newest") | (pl.col("mode") == "credit"))
    )


def _pairs(bills: pl.DataFrame, inputs: Inputs, policy: Policy) -> pl.DataFrame:
    """Put each bill beside the versions that could be cheaper: those whose fee alone is less than the bill's cost.

    Columns: the bill's key, tariff_id, version, monthly_fee (millionths), fee (in parts of a cycle times millionths),
    cost, has_usage, cycle_day.
    """
    start = pl.col("period_start")
    return (
        bills.lazy()
        .select(*BILL, "period_start", "parts", "cost", "has_usage", "cycle_day")
        .join(_candidates(inputs), how="cross")
        .filter(start >= pl.col("sold_from"), start < pl.col("sold_to"))
        .with_columns(fee=pl.col("monthly_fee").cast(pl.Int128) * pl.col("parts"))
        .filter(_total(pl.col("fee"), pl.lit(0), policy) < pl.col("cost"))
        .select(*BILL, *VERSION, "monthly_fee", "fee", "cost", "has_usage", "cycle_day")
        .collect(engine="streaming")
    )


def _candidates(inputs: Inputs) -> pl.LazyFrame:
    """List the versions that can be ordered, each for the days on which it is its tariff's newest.

    Columns: tariff_id, version, monthly_fee, sold_from, sold_to. A version that needs a rejected row is left out.
    """
    tariffs, taken = pl.collect_all(
        [inputs.tariffs.sort("tariff_id", "effective_from", "version"), inputs.taken.tariffs]
    )
    taken_along = set(taken.select(VERSION).rows())
    rows = []
    for _, group in groupby(tariffs.rows(named=True), key=lambda row: row["tariff_id"]):
        versions = list(group)
        ends = [version["effective_from"] for version in versions[1:]] + [FOREVER]
        for version, end in zip(versions, ends, strict=True):
            if version["open_for_sale"] and (version["tariff_id"], version["version"]) not in taken_along:
                rows.append(
                    (*(version[name] for name in ("tariff_id", "version", "monthly_fee", "effective_from")), end)
                )
    schema = {
        "tariff_id": pl.String,
        **dict.fromkeys(("version", "monthly_fee"), pl.Int64),
        **dict.fromkeys(("sold_from", "sold_to"), pl.Date),
    }
    return pl.LazyFrame(rows, schema=schema, orient="row")


def _total(fee: pl.Expr, usage_cost: pl.Expr, policy: Policy) -> pl.Expr:
    """Add a fee (in parts of a cycle times millionths) and the cost of usage (millionths), rounded once to minor units."""
    exact = fee + usage_cost.cast(pl.Int128) * CYCLE
    return divide_half_up(exact, pl.lit(CYCLE * 10 ** (6 - policy.digits), pl.Int128)).cast(pl.Int64)
