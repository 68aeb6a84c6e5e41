"""What an incident owes a subscription under each scheme: the one family of formulas (§6.5)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from billadjust.calendar import cycle_end, cycle_minutes, cycle_start
from billadjust.money import MICRO, PERCENT, divide_half_up

if TYPE_CHECKING:
    from billadjust.night import Night

MINUTE_US: Final = 60_000_000

MEMBERS: Final = {
    "by_share": "percent",
    "by_time": "times",
    "by_bills": "bill_months",
    "by_days": "first_day",
    "by_periods": "parts_of_fee",
}
"""The members of the family, each with an amount of its own, and the parameter that it needs; of equal ones the first counts."""

_KEY: Final = ["subscription_id", "incident"]


def with_amounts(met: pl.LazyFrame, night: Night) -> pl.LazyFrame:
    """Add what each incident owes each subscription under each scheme.

    Of a fee of 6.90, 10 % are 0.69; 65 of August's 44,640 minutes are 0.01; two days at 5.00 and one at 10.00 are 20.00.

    Args:
        met: a row for each subscription, incident and scheme: the columns of `terms`, internet_fee, monthly_fee and telephone_fee
            (millionths), started_on and bill_cycle_day.
        night: Its lines are read.

    Returns:
        `fee` (millionths, of the scheme), cycle, cycle_min, cycle_days, `usage` and `bill_count` (of the average bill), a_first_day
        and a_later_day (millionths; only if a scheme of the policy knows days), an amount for each of `MEMBERS` (minor units; null
        where the scheme does without it), `owed`, the greatest of them but not less than the least, and `member`, its name
        (by_least for the least). Without the rows for which the scheme has no fee.
    """
    to_minor = 10 ** (6 - night.policy.digits)
    asked_for = night.policy.scheme_parameters
    started, cycle_day = pl.col("started_on"), pl.col("bill_cycle_day")
    start, end = cycle_start(started, cycle_day), cycle_end(started, cycle_day)
    fee = pl.coalesce(
        pl.when(pl.col("fee_of") == name).then(f"{name}_fee") for name in ("internet", "telephone", "monthly")
    )
    timed = (
        met.with_columns(fee=fee, cycle=start, cycle_days=(end - start).dt.total_days())
        .filter(pl.col("fee") > 0)
        .with_columns(
            cycle_min=cycle_minutes(start, end, night.policy.timezone),
            **{
                f"a_{which}_day": divide_half_up(_a_day(which, to_minor), PERCENT).cast(pl.Int64)
                for which in ("first", "later")
                if f"{which}_day" in asked_for
            },
        )
    )
    # Wide divisions are dear: only what a scheme asks for is worked out.
    members = {name: amount for name, amount in _members(to_minor).items() if MEMBERS[name] in asked_for}
    least = pl.col("least").fill_null(0) if "least" in asked_for else pl.lit(0, pl.Int64)
    return (
        _with_bills(timed, night)
        .with_columns(**members)
        .with_columns(greatest=pl.max_horizontal(*members))
        .with_columns(
            owed=pl.max_horizontal("greatest", least),
            member=pl.when(least > pl.col("greatest"))
            .then(pl.lit("by_least"))
            .otherwise(pl.coalesce(pl.when(pl.col(name) == pl.col("greatest")).then(pl.lit(name)) for name in members)),
        )
        .drop("greatest")
        .with_columns(pl.lit(None, pl.Int64).alias(name) for name in MEMBERS if name not in members)
    )


def _members(to_minor: int) -> dict[str, pl.Expr]:
    """Return the amount of each member of the family, rounded once to minor units; `to_minor`: millionths of one."""
    fee, lost = pl.col("fee").cast(pl.Int128), pl.col("lost_us").cast(pl.Int128)
    cycle = pl.col("cycle_min").cast(pl.Int128) * MINUTE_US
    bills = pl.col("bill_count").cast(pl.Int128)
    parts = pl.when(pl.col("parts_of_fee") == 0).then("cycle_days").otherwise("parts_of_fee").cast(pl.Int128)
    days = pl.col("first_days") * _a_day("first", to_minor) + pl.col("later_days") * _a_day("later", to_minor)
    return {
        name: divide_half_up(numerator, denominator).cast(pl.Int64)
        for name, (numerator, denominator) in {
            "by_share": (fee * pl.col("percent"), pl.lit(PERCENT * to_minor, pl.Int128)),
            "by_time": (fee * pl.col("times") * lost, cycle * to_minor),
            "by_bills": ((fee * bills + pl.col("usage")) * lost, cycle * bills * to_minor),
            "by_days": (days, pl.lit(PERCENT * to_minor, pl.Int128)),
            "by_periods": (fee * pl.col("periods"), parts * to_minor),
        }.items()
    }


def _a_day(which: str, to_minor: int) -> pl.Expr:
    """What a day owes: an amount, or a part of the fee if that is more; in millionths times ten-thousandths of a percent."""
    amount = pl.col(f"{which}_amount").cast(pl.Int128) * (to_minor * PERCENT)
    return pl.max_horizontal(amount, pl.col("fee").cast(pl.Int128) * pl.col(f"{which}_percent"))


def _with_bills(timed: pl.LazyFrame, night: Night) -> pl.LazyFrame:
    """Add the bills whose average counts: how many (`bill_count`), and their calls and messages (`usage`, millionths).

    They are those of the invoices issued in the months before the start that have a line of the subscription; a
    customer without any counts as one whose bill is the fee.
    """
    if not night.policy.credits_telephone:
        return timed.with_columns(bill_count=pl.lit(None, pl.Int64), usage=pl.lit(None, pl.Int64))
    is_usage = (pl.col("kind") == "usage") & pl.col("service").is_in(["voice", "sms"])
    to_micro = MICRO // 10**night.policy.digits
    asked = timed.filter(pl.col("bills_from").is_not_null()).select(*_KEY, "started_on", "bills_from").unique()
    sums = (
        asked.join(night.lines, on="subscription_id")
        .filter(pl.col("issue_date") >= pl.col("bills_from"), pl.col("issue_date") < pl.col("started_on"))
        .group_by(_KEY)
        .agg(
            bill_count=pl.col("invoice_id").n_unique().cast(pl.Int64),
            usage=pl.when(is_usage).then("charged").otherwise(0).sum() * to_micro,
        )
    )
    has_bills = pl.col("bills_from").is_not_null()
    return timed.join(sums, on=_KEY, how="left").with_columns(
        bill_count=pl.when(has_bills).then(pl.col("bill_count").fill_null(1)),
        usage=pl.when(has_bills).then(pl.col("usage").fill_null(0)),
    )
