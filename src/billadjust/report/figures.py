"""The plots of the page, each from its aggregates, with what every mark says in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from billadjust.report.plots import SPARK, Column, Plot, Segment, lay_out
from billadjust.report.story import WEEK_DAYS, minor
from billadjust.report.totals import RULE_NAMES, bins

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import polars as pl

    from billadjust.report.totals import History
    from billadjust.report.words import Words


EVERY: Final = 5
"""One label for so many days: all of them would not fit."""
MOST_LABELS: Final = 8
"""Of steps of amounts, of which every second one is named if there are more."""


def rule_sparks(words: Words, past: History) -> dict[str, Plot]:
    """Plot each rule's gross in the runs that this one is compared with, and in this one; rules that never posted are left out."""
    plots = {}
    for rule in RULE_NAMES:
        amounts = past.of_rule(rule)
        if any(amounts):
            last = len(amounts) - 1
            columns = [
                Column("", (Segment("now" if place == last else "before", amount, f"{run}: {words.money(amount)}"),))
                for place, (run, amount) in enumerate(zip(past.runs, amounts, strict=True))
            ]
            plots[rule] = lay_out(columns, words.money_axis, SPARK)
    return plots


def day_plot(words: Words, past: History) -> Plot | None:
    """Plot what each rule gave or took back on each day; None if nothing was posted on any of them."""
    if not any(past.daily.values()):
        return None
    columns = []
    for back, day in zip(range(len(past.days) - 1, -1, -1), past.days, strict=True):
        shown = words.day_of_month(day)
        amounts = [(rule, past.daily.get((day, rule), 0)) for rule in RULE_NAMES]
        segments = tuple(
            Segment(
                rule,
                amount,
                words.say("plots.segment", day=shown, rule=words.say(f"rules.{rule}"), gross=words.money(amount)),
            )
            for rule, amount in amounts
            if amount
        )
        columns.append(Column("" if back % EVERY else shown, segments))
    return lay_out(columns, words.money_axis)


def weeks_left(words: Words, ages: Sequence[Mapping[str, Any]]) -> list[tuple[int, int, int, int]]:
    """Sum up open refunds by weeks: (first day, last day, refunds, gross in minor units), the most urgent first."""
    weeks: dict[int, list[Mapping[str, Any]]] = {}
    for age in ages:
        weeks.setdefault(age["days_left"] // WEEK_DAYS, []).append(age)
    return [
        (
            week * WEEK_DAYS,
            week * WEEK_DAYS + WEEK_DAYS - 1,
            sum(age["refunds"] for age in some),
            sum(minor(age["gross"], words.digits) for age in some),
        )
        for week, some in sorted(weeks.items())
    ]


def account_plot(words: Words, accounts: pl.DataFrame) -> dict[str, Any] | None:
    """Plot how many accounts got how much; with the same as rows (step in words, accounts). None if nobody did."""
    steps = bins(accounts)
    columns, rows = [], []
    for place, (low, high, count) in enumerate(steps):
        case, label = "bin", ""
        if low is None:
            case, label = "bin_below", "< 0"
        elif high == 0:
            case, label = "bin_zero", "0"
        elif len(steps) <= MOST_LABELS or place % 2 == 0:
            label = words.short(low)
        figures = {
            "from": "" if low is None else words.money(low),
            "to": words.money(high),
            "customers": words.counted("customers", count),
        }
        segment = Segment("now", count, words.say(f"plots.{case}", **figures))
        columns.append(Column(label, (segment,), starts=case == "bin"))
        rows.append((words.say(f"plots.{case}_name", **figures), count))
    if not columns:
        return None
    last = steps[-1][1]
    return {
        "plot": lay_out(columns, words.count_axis("customers"), end=words.short(last) if last else ""),
        "rows": rows,
    }


def age_plot(words: Words, ages: Sequence[Mapping[str, Any]]) -> Plot | None:
    """Plot how many refunds have how many days left; None if there is none."""
    if not ages:
        return None
    by_days = {age["days_left"]: age for age in ages}
    columns = []
    for days in range(min(0, *by_days), max(by_days) + 1):
        age = by_days.get(days, {"refunds": 0, "gross": "0"})
        tip = words.say(
            "plots.age",
            days=days,
            refunds=words.counted("refunds", age["refunds"]),
            gross=words.money(minor(age["gross"], words.digits)),
        )
        columns.append(
            Column(
                "" if days % EVERY else str(days),
                (Segment("now" if days < WEEK_DAYS else "before", age["refunds"], tip),),
            )
        )
    return lay_out(columns, words.count_axis("refunds"))
