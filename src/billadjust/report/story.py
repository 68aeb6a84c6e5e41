"""The night in one paragraph of plain words."""

from __future__ import annotations

from statistics import median_low
from typing import TYPE_CHECKING, Any

from billadjust.report.totals import RULE_NAMES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import polars as pl

    from billadjust.plan import Plan
    from billadjust.report.totals import History
    from billadjust.report.words import Words

WEEK_DAYS = 7
"""A refund runs out this week if fewer days than this are left."""


def tell(
    words: Words,
    plan: Plan,
    accounts: pl.DataFrame,
    past: History,
    *,
    preview: bool,
) -> str:
    """Say what is posted and why, whether that is usual, what is open, and what needs somebody.

    `accounts`: as of `by_account`.
    """
    summary = plan.summary
    sentences = [_posted(words, plan, accounts, "preview_" if preview else ""), *_most(words, past)]
    if "undoes" in summary:
        undoes = words.say("story.undoes", run_id=summary["undoes"], reason=words.quote(summary["reason"]))
        return " ".join([undoes, *sentences, *_open_refunds(words, summary["open_refunds"])])
    earlier = past.totals()[:-1]
    if len(earlier) > 1:
        runs = words.counted("runs", len(earlier))
        figures = {"median": words.money(median_low(earlier)), "most": words.money(max(earlier))}
        sentences.append(words.say("story.earlier", runs=runs, **figures))
    sentences += _open_refunds(words, summary["open_refunds"])
    waiting = sum(summary["review"].values())
    sentences.append(words.count("story.review", waiting) if waiting else words.say("story.no_review"))
    if rejected := sum(counts["rejected"] for counts in summary["inputs"].values()):
        sentences.append(words.count("story.rejected", rejected))
    if over := sum(limit["beyond"] for limit in summary["limits"]):
        sentences.append(words.count("story.preview_over" if preview else "story.over", over))
    return " ".join(sentences)


def _posted(words: Words, plan: Plan, accounts: pl.DataFrame, prefix: str) -> str:
    """Say how much goes to how many customers, and how much is taken back from how many."""
    gross, posted = accounts["gross"], plan.summary["posted"]
    given, taken = int(gross.clip(lower_bound=0).sum()), int(gross.clip(upper_bound=0).sum())
    if not posted["entries"]:
        case = "nothing"
    elif given and taken:
        case = "given_and_taken"
    elif given or taken:
        case = "given" if given else "taken"
    else:
        case = "moved"
    receiving = int((gross > 0).sum()) if given else accounts.height
    return words.say(
        f"story.{prefix}{case}",
        day=words.long_day(plan.as_of),
        given=words.money(given),
        taken=words.money(-taken),
        customers=words.counted("customers", receiving),
        others=words.counted("customers", int((gross < 0).sum())),
        entries=words.counted("entries", posted["entries"]),
        net=words.amount(posted["net"]),
        tax=words.amount(posted["tax"]),
    )


def _most(words: Words, past: History) -> list[str]:
    """Name the rule that gives more than all the others together, if there are others."""
    given = {rule: gross for rule in RULE_NAMES if (gross := past.of_rule(rule)[-1]) > 0}
    largest = max(given, key=lambda rule: given[rule], default=None)
    if largest is None or len(given) == 1 or 2 * given[largest] <= sum(given.values()):
        return []
    return [words.say("story.most", rule=words.say(f"rules.{largest}"), gross=words.money(given[largest]))]


def _open_refunds(words: Words, ages: Sequence[Mapping[str, Any]]) -> list[str]:
    """Say how many provisional refunds are open, and how many of them run out this week."""
    if not ages:
        return [words.say("story.no_refunds")]
    sentences = []
    soon = [age for age in ages if age["days_left"] < WEEK_DAYS]
    for key, some in (("refunds", ages), ("this_week", soon)):
        if some:
            gross = sum(minor(age["gross"], words.digits) for age in some)
            sentences.append(words.count(f"story.{key}", sum(age["refunds"] for age in some), gross=words.money(gross)))
    return sentences


def minor(amount: str, digits: int) -> int:
    """Return an amount of the summary, a text, in minor units."""
    return int(amount.replace(".", "")) if digits else int(amount)
