"""The page: aggregates and plots put into the template."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from statistics import median_low
from typing import TYPE_CHECKING, Any, Final

import polars as pl
from jinja2 import Environment, PackageLoader, StrictUndefined

from billadjust.observed import RECENT_DAYS
from billadjust.report.figures import account_plot, age_plot, day_plot, rule_sparks, weeks_left
from billadjust.report.story import WEEK_DAYS, minor, tell
from billadjust.report.totals import RULE_NAMES, by_account, by_bucket, by_rule, by_settlement, history
from billadjust.report.words import Words
from billadjust.review import TOPICS
from billadjust.schemas import BUCKETS, SETTLEMENTS
from billadjust.summary import provisional

if TYPE_CHECKING:
    from collections.abc import Mapping

    from billadjust.ledger import Snapshot
    from billadjust.plan import Plan

REPORT: Final = "report.html"

_LOADER: Final = PackageLoader("billadjust.report")

MOST_ROWS: Final = 25
"""Rows of a list that are shown; the files have all of them."""
MOST_ITEMS: Final = 5
"""Review items of a topic, and accounts, that are shown."""


@dataclass(frozen=True)
class Page:
    """How the page is wanted: its language, how long each step took (seconds), and whether it is a preview."""

    language: str
    timings: Mapping[str, float] = field(default_factory=dict)
    preview: bool = False


def report_page(plan: Plan, snapshot: Snapshot, page: Page) -> str:
    """Write the page of a run that is about to be posted on a snapshot of the ledger, as HTML.

    `plan.summary` has what `nightly` adds to it: control_totals, limits, beyond_limits. A run that undoes another one has
    read no inputs: its page has no sections about them.
    """
    words = Words(page.language, snapshot.currency, snapshot.digits)
    past = history(snapshot, plan.entries, plan.run_id, plan.as_of)
    accounts, rules = by_account(plan.entries), by_rule(plan.entries)
    template = _environment().get_template("report.html")
    return template.render(
        words=words,
        script_hash=_hash_of("sort.js"),
        style_hash=_hash_of("page.css"),
        preview=page.preview,
        plan=plan,
        summary=plan.summary,
        story=tell(words, plan, accounts, past, preview=page.preview),
        given=int(accounts["gross"].clip(lower_bound=0).sum()),
        taken=-int(accounts["gross"].clip(upper_bound=0).sum()),
        past=past,
        rule_names=RULE_NAMES,
        rules=rules,
        median=median_low,
        sparks=rule_sparks(words, past),
        day_plot=day_plot(words, past),
        day_rules=[rule for rule in RULE_NAMES if any(past.daily.get((day, rule)) for day in past.days)],
        account_plot=account_plot(words, accounts),
        largest=accounts.filter(pl.col("gross") > 0).head(MOST_ITEMS).to_dicts(),
        age_plot=age_plot(words, plan.summary["open_refunds"]),
        weeks=weeks_left(words, plan.summary["open_refunds"]),
        refunds=_refunds(plan, snapshot),
        recent_days=RECENT_DAYS,
        topics=_topics(plan.tables["review"]) if "review" in plan.tables else [],
        files=plan.summary["tables"],
        settlements=SETTLEMENTS,
        by_settlement=by_settlement(plan.entries),
        buckets=BUCKETS,
        before=by_bucket(snapshot.entries),
        posted=by_bucket(plan.entries.lazy()),
        timings=page.timings,
        yearly_cost=sum(minor(row["yearly_cost"], words.digits) for row in plan.summary.get("improvements", ())),
        most_rows=MOST_ROWS,
        timestamp=lambda moment: int(datetime.fromisoformat(moment).timestamp()),
    )


def _refunds(plan: Plan, snapshot: Snapshot) -> dict[str, Any]:
    """Return the open refunds of this week, the most urgent first, and how many there are."""
    after = pl.concat([snapshot.entries, plan.entries.lazy()])
    days_left = (pl.col("deadline") - plan.as_of).dt.total_days()
    soon = provisional(after).with_columns(days_left=days_left).filter(pl.col("days_left") < WEEK_DAYS)
    first = soon.sort("days_left", pl.col("gross"), "claim", descending=[False, True, False]).head(MOST_ROWS)
    rows, count = pl.collect_all([first, soon.select(pl.len())], engine="streaming")
    return {"rows": rows.to_dicts(), "count": count.item()}


def _topics(review: pl.DataFrame) -> list[dict[str, Any]]:
    """Return the topics that there are items of, each with how many and the first of them."""
    counts = dict(review.group_by("topic").len().rows())
    return [
        {"topic": topic, "count": counts[topic], "items": review.filter(topic=topic).head(MOST_ITEMS).to_dicts()}
        for topic in TOPICS
        if topic in counts
    ]


@cache
def _environment() -> Environment:
    return Environment(
        loader=_LOADER,
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


@cache
def _hash_of(name: str) -> str:
    """Return the hash by which the page's policy lets its own style or script pass, and none that got in otherwise."""
    source, _, _ = _LOADER.get_source(_environment(), name)
    return f"sha256-{b64encode(hashlib.sha256(source.encode()).digest()).decode()}"
