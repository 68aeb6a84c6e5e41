"""Small aggregates of a run's entries and of those before it, as streams over the ledger."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import polars as pl

from billadjust.rules import RULES

if TYPE_CHECKING:
    from datetime import date

    from billadjust.ledger import Snapshot

EARLIER_RUNS: Final = 30
"""With how many runs before it a run is compared."""

DAYS: Final = 31
"""How many days up to that of the run are shown one by one."""

RULE_NAMES: Final = tuple(rule.__name__ for rule in RULES)

MOST_BINS: Final = 12


@dataclass(frozen=True)
class History:
    """The gross of the runs up to one, by rule.

    `runs` are the identifiers of the runs that it is compared with and its own, the newest (its own) last. `gross` maps
    (run, rule) and `daily` maps (day, rule) to minor units; what is not there is 0. `days` are the `DAYS` up to the run's.
    """

    runs: tuple[str, ...]
    gross: dict[tuple[str, str], int]
    days: tuple[date, ...]
    daily: dict[tuple[date, str], int]

    def of_rule(self, rule: str) -> list[int]:
        """Return the gross of a rule in each of the runs."""
        return [self.gross.get((run, rule), 0) for run in self.runs]

    def posted_on(self, day: date) -> bool:
        """Return whether any rule gave or took back something on a day."""
        return any(self.daily.get((day, rule)) for rule in RULE_NAMES)

    def recent(self, rule: str) -> int:
        """Return the gross of a rule on all the days."""
        return sum(self.daily.get((day, rule), 0) for day in self.days)

    def totals(self) -> list[int]:
        """Return the gross of each of the runs."""
        return [sum(self.gross.get((run, rule), 0) for rule in RULE_NAMES) for run in self.runs]


def history(snapshot: Snapshot, entries: pl.DataFrame, run_id: str, as_of: date) -> History:
    """Sum up, by rule, a run that is about to be posted (schemas.Entries) and the runs before it."""
    runs = (*(run.run_id for run in snapshot.runs[-EARLIER_RUNS:]), run_id)
    days = tuple(as_of - timedelta(days=back) for back in range(DAYS - 1, -1, -1))
    shown = snapshot.entries.filter((pl.col("run_id") >= runs[0]) | (pl.col("as_of") >= days[0]))
    sums = (
        pl.concat([part.select("run_id", "as_of", "rule", "gross") for part in (shown, entries.lazy())])
        .group_by("run_id", "as_of", "rule")
        .agg(pl.col("gross").sum())
        .collect(engine="streaming")
    )
    daily = sums.filter(pl.col("as_of") >= days[0]).group_by("as_of", "rule").agg(pl.col("gross").sum())
    return History(
        runs=runs,
        gross={(run, rule): gross for run, _, rule, gross in sums.rows() if run in runs},
        days=days,
        daily={(day, rule): gross for day, rule, gross in daily.rows()},
    )


def by_rule(entries: pl.DataFrame) -> dict[str, dict[str, int]]:
    """Return entries, customers, net, tax and gross of each rule that posts something."""
    totals = entries.group_by("rule").agg(
        entries=pl.len(), customers=pl.col("account_id").n_unique(), **_sums("net", "tax", "gross")
    )
    return {row.pop("rule"): row for row in totals.to_dicts()}


def by_settlement(entries: pl.DataFrame) -> dict[str, dict[str, int]]:
    """Return entries, net, tax and gross of each way in which entries are settled."""
    totals = entries.group_by("settlement").agg(entries=pl.len(), **_sums("net", "tax", "gross"))
    return {row.pop("settlement"): row for row in totals.to_dicts()}


def by_bucket(entries: pl.LazyFrame) -> dict[str, int]:
    """Return the gross of each bucket of the ledger, or of a part of it."""
    return dict(entries.group_by("bucket").agg(pl.col("gross").sum()).collect(engine="streaming").rows())


def by_account(entries: pl.DataFrame) -> pl.DataFrame:
    """Return account_id, entries and gross of each account, the largest gross first."""
    return (
        entries.lazy()
        .group_by("account_id")
        .agg(entries=pl.len(), gross=pl.col("gross").sum())
        .sort("gross", "account_id", descending=[True, False])
        .collect(engine="streaming")
    )


def bins(accounts: pl.DataFrame) -> list[tuple[int | None, int, int]]:
    """Count accounts by their gross in steps of 1, 2, 5, 10, …: (from, to, accounts), the end not part of a step.

    What is below 0 has no beginning, what is exactly 0 is the step (0, 0), and the first step of the others begins at 0 if
    it has to take in more than one, so that there are not too many.
    """
    gross = accounts["gross"]
    given = gross.filter(gross > 0)
    below, zero = int((gross < 0).sum()), int((gross == 0).sum())
    found: list[tuple[int | None, int, int]] = []
    if below:
        found.append((None, 0, below))
    if zero:
        found.append((0, 0, zero))
    if given.len():
        edges = _edges(*given.to_frame().select(pl.col("gross").min(), most=pl.col("gross").max()).row(0))
        place = pl.sum_horizontal((pl.col("gross") >= edge).cast(pl.Int64) for edge in edges[1:])
        counts = dict(given.to_frame().group_by(place=place).len().rows())
        found += [(low, high, counts.get(place, 0)) for place, (low, high) in enumerate(pairwise(edges))]
    return found


def _edges(least: int, most: int) -> list[int]:
    """Return the steps of 1, 2 and 5 and their tens that hold both amounts."""
    series = [digit * 10**power for power in range(len(str(most)) + 1) for digit in (1, 2, 5)]
    begin = max(place for place, edge in enumerate(series) if edge <= least)
    end = min(place for place, edge in enumerate(series) if edge > most)
    if end - begin > MOST_BINS:
        return [0, *series[end - MOST_BINS + 1 : end + 1]]
    return series[begin : end + 1]


def _sums(*names: str) -> dict[str, pl.Expr]:
    return {name: pl.col(name).sum() for name in names}
