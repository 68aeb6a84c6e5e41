"""What recurring lines should have cost (§5.8)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from billadjust.calendar import CYCLE, elapsed_cycles
from billadjust.money import MICRO, divide_half_up
from billadjust.phrases import phrase
from billadjust.rating.coverage import coverage
from billadjust.rating.lines import FEE_SERVICES, INTERNET, IS_FEE, LINE, REST, lines_with_dates
from billadjust.rating.shortfall import CHOICES, add_shortfalls
from billadjust.schemas import Charges

if TYPE_CHECKING:
    from billadjust.inputs.model import Inputs
    from billadjust.policy import Policy
    from billadjust.rating.coverage import Coverage

_PRICED: Final = (*LINE, "contract", "improved", "contract_versions", "improved_versions", "unit_count", "not_assessed")

NEEDS_REJECTED: Final = "it needs a rejected row of the subscription or of its tariff"
"""Why a line is not assessed whose days a rejected row touches."""

BEFORE_HISTORY: Final = "it bills days before the first known period of its subscription"
"""Why a line is not assessed of a subscription whose older periods are not in the inputs."""

_OVERLAPS: Final = (pl.col("day_from") < pl.col("due_to")) & (pl.col("day_to") > pl.col("due_from"))
"""Whether a span has one of the days that are due."""

OVERLAPS_REJECTED: Final = "it bills days of an earlier line that needs a rejected row"
"""Why a line is not assessed that may be due what an earlier one was charged too little."""


def recurring_charges(inputs: Inputs, spans: pl.LazyFrame, policy: Policy) -> pl.LazyFrame:
    """Work out what each recurring line with a charge above 0 should have cost.

    A fee of 8.30 until 1 June and of 6.90 from then on, 16 May to 16 June: 8.30 × 16/31 + 6.90 × 15/31 is 7.62.
    Of a fee that an earlier line covers already, only what that line was charged too little is due.

    Args:
        inputs: invoices, invoice_lines and what rejected rows take along are read.
        spans: schemas.Spans.
        policy: Its currency's decimals.

    Returns:
        schemas.Charges.
    """
    lines = lines_with_dates(inputs).filter(pl.col("kind") == "recurring", pl.col("net_amount") > 0)
    is_fee = IS_FEE & pl.col("subscription_id").is_not_null()
    fee_lines = lines.filter(is_fee).select(
        *LINE, "subscription_id", due_from="line_from", due_to="line_to", part=PART_OF_SERVICE
    )
    rejected = inputs.taken.subscriptions.select("subscription_id", taken=pl.lit(value=True)).unique()
    fee_lines = _with_history(fee_lines.join(rejected, on="subscription_id", how="left"), inputs)
    stacks = coverage(inputs)
    numbered = stacks.lines.lazy()
    alone = _priced(fee_lines.join(numbered, on=LINE, how="anti"), spans, policy.digits)
    whole = _priced(fee_lines.join(numbered, on=LINE, how="semi"), spans, policy.digits)
    overlapping = _overlapping(whole, stacks, spans, policy.digits)
    others = lines.filter(~is_fee).select(*LINE, not_assessed=_why_no_fee())
    return pl.concat([alone, overlapping, others], how="diagonal").select(Charges.column_names())


PART_OF_SERVICE: Final = (
    pl.when(pl.col("service") == "internet")
    .then(pl.lit(INTERNET))
    .when(pl.col("service") == "voice")
    .then(pl.lit(REST))
    .otherwise(pl.lit("all"))
)


def _with_history(fee_lines: pl.LazyFrame, inputs: Inputs) -> pl.LazyFrame:
    """Add `unknown`: whether a line bills days before the first period of a subscription that was billed before it.

    A customer who is billed from the first of the month and joined on the 16th has no line that ends before: that line
    is assessed. If an export leaves ended periods out, there are such lines, and what they should have cost is not known.
    """
    first = inputs.subscriptions.group_by("subscription_id").agg(first_day=pl.col("valid_from").min())
    ends_before = (pl.col("due_to") <= pl.col("first_day")).any().over("subscription_id")
    return (
        fee_lines.join(first, on="subscription_id", how="left")
        .with_columns(unknown=(pl.col("due_from") < pl.col("first_day")) & ends_before)
        .drop("first_day")
    )


def _why_no_fee() -> pl.Expr:
    """Say why a recurring line is not the tariff's fee."""
    foreign = ~pl.col("service").is_in(FEE_SERVICES)
    return (
        pl.when(pl.col("subscription_id").is_null())
        .then(pl.lit("the line names no subscription"))
        .when(pl.col("item").is_not_null())
        .then(phrase("{} is an add-on, not the tariff's fee", "item"))
        .when(foreign)
        .then(phrase("a recurring line of service {} is not a part of the tariff's fee", "service"))
    )


def _overlapping(whole: pl.LazyFrame, stacks: Coverage, spans: pl.LazyFrame, digits: int) -> pl.LazyFrame:
    """Price the lines that overlap others: what they are the first to cover, and what earlier ones left open.

    Args:
        whole: These lines, priced as if they were alone.
        stacks: Which days and parts each line is the first to cover, and what was given back.
        spans: schemas.Spans.
        digits: Decimals of the currency.
    """
    pieces = _pieces(stacks.uncovered.lazy(), spans)
    met = stacks.beneath.lazy().join(spans, on="subscription_id").filter(_OVERLAPS).select("line", "earlier_line")
    alone, own, beneath = pl.collect_all(
        [
            whole.join(stacks.lines.lazy(), on=LINE).with_columns(
                is_known=pl.col("contract").is_not_null(), needs_rejected=pl.col("not_assessed") == NEEDS_REJECTED
            ),
            pieces.group_by("line", "until").agg(pl.col(CHOICES).sum()),
            met.unique(),
        ]
    )
    lines = alone.with_columns(pl.col("needs_rejected").fill_null(value=False))
    due = add_shortfalls(lines, own, beneath, stacks.given, _minor(digits))
    unknown = pl.col("not_assessed").is_null() & pl.col("contract").is_null()
    return (
        alone.drop("needs_rejected", *CHOICES)
        .join(due, on="line")
        .with_columns(not_assessed=pl.when(unknown).then(pl.lit(OVERLAPS_REJECTED)).otherwise("not_assessed"))
        .select(_PRICED)
        .lazy()
    )


def fee_of(choice: str) -> pl.Expr:
    """Return the fee of a part under a version choice, in millionths."""
    monthly, internet = pl.col(f"{choice}_monthly_fee"), pl.col(f"{choice}_internet_fee")
    rest = pl.when(pl.col("part") == REST).then(monthly - internet).otherwise(monthly)
    return pl.when(pl.col("part") == INTERNET).then(internet).otherwise(rest)


def _minor(digits: int) -> int:
    """Return how many parts of a cycle times millionths one minor unit of the currency has."""
    micro: int = 10**digits
    return CYCLE * MICRO // micro


def _pieces(due: pl.LazyFrame, spans: pl.LazyFrame) -> pl.LazyFrame:
    """Cut what is due of lines by the subscriptions' spans, and work out exactly what each piece costs.

    Args:
        due: subscription_id, part (internet, rest or all), due_from, due_to.
        spans: schemas.Spans.

    Returns:
        The columns of both, day_from and day_to cut to what is due, and `contract` and `improved`, in parts of a cycle
        times millionths.
    """
    start, end = pl.max_horizontal("day_from", "due_from"), pl.min_horizontal("day_to", "due_to")
    cycle_day = pl.col("bill_cycle_day")
    parts_of_cycle = elapsed_cycles(pl.col("day_to"), cycle_day) - elapsed_cycles(pl.col("day_from"), cycle_day)
    return (
        due.join(spans, on="subscription_id")
        .filter(_OVERLAPS)
        .with_columns(day_from=start, day_to=end)
        .with_columns((fee_of(choice).cast(pl.Int128) * parts_of_cycle).alias(choice) for choice in CHOICES)
    )


def _priced(due: pl.LazyFrame, spans: pl.LazyFrame, digits: int) -> pl.LazyFrame:
    """Price lines: the fee of each day's version ÷ the days of that day's cycle, rounded once.

    Args:
        due: invoice_id, line_no, subscription_id, part (internet, rest or all), due_from, due_to, taken, unknown; a row a line.
        spans: schemas.Spans.
        digits: Decimals of the currency.
    """
    names = {f"{choice}_versions": phrase("{}/{}", "tariff_id", f"{choice}_version") for choice in CHOICES}
    sums = (
        _pieces(due, spans)
        .with_columns(**names, days=(pl.col("day_to") - pl.col("day_from")).dt.total_days())
        .group_by(LINE)
        .agg(
            pl.col(CHOICES).sum(),
            pl.col(*names).sort_by("day_from").unique(maintain_order=True).str.join(", "),
            unit_count=pl.col("days").sum(),
            usable=pl.col("usable").all(),
            versioned=pl.col("contract_version").is_not_null().all(),
        )
    )
    unassessable = (
        pl.when(pl.col("taken") | ~pl.col("usable"))
        .then(pl.lit(NEEDS_REJECTED))
        .when(~pl.col("versioned"))
        .then(pl.lit("the subscription has no tariff version on a day of the period"))
        .when("unknown")
        .then(pl.lit(BEFORE_HISTORY))
    )
    return (
        due.select(*LINE, "taken", "unknown")
        .join(sums, on=LINE, how="left")
        .with_columns(not_assessed=unassessable, unit_count=pl.col("unit_count").fill_null(0))
        .with_columns(
            pl.when(pl.col("not_assessed").is_null())
            .then(divide_half_up(pl.col(choice).fill_null(0), _minor(digits)).cast(pl.Int64))
            .alias(choice)
            for choice in CHOICES
        )
        .select(_PRICED)
    )
