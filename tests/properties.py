"""What must hold in every world on all nights, and the same figures from the reference model: what breaks it, in words.

`test_properties.py`, `test_agreement.py` and `long_run.py` ask.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

import reference
from billadjust.inputs import Inputs
from billadjust.rules import LINE_RULES
from program import dated, no_entries, post_night, settled
from worlds import typed

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from random import Random

    from billadjust.night import Night as Known
    from billadjust.settle import Settlement
    from worlds import Night

LINE = ["invoice_id", "line_no"]
BILL = ["invoice_id", "subscription_id"]


@dataclass(frozen=True)
class Run:
    """A night, and what the program posted on it."""

    as_of: date
    world: reference.World
    before: pl.DataFrame
    entries: pl.DataFrame

    @property
    def ledger(self) -> pl.DataFrame:
        """All that was posted by the end of the night."""
        return pl.concat([self.before, self.entries])


def run_nights(story: Sequence[Night], policy: reference.Policy) -> list[Run]:
    """Run all nights on one ledger."""
    runs: list[Run] = []
    for as_of, world in story:
        before = runs[-1].ledger if runs else no_entries()
        runs.append(Run(as_of, world, before, post_night(world, dated(policy), as_of, before)))
    return runs


def unlike_reference(runs: Sequence[Run], policy: reference.Policy) -> list[str]:
    """What only one of both posts: the program, or the reference on a ledger of its own."""
    found: list[str] = []
    expected: list[reference.Entry] = []
    for run in runs:
        entries = reference.run(run.world, policy, run.as_of, expected)
        expected += entries
        ours, theirs = facts_of_program(run.entries), facts_of_reference(entries)
        found += [f"{run.as_of}: only the program posts {fact}" for fact in ours - theirs]
        found += [f"{run.as_of}: only the reference posts {fact}" for fact in theirs - ours]
    return found


def given_twice(runs: Sequence[Run]) -> list[str]:
    """Where a customer is given more than charged, or owes something, or what is final falls."""
    found: list[str] = []
    for run in runs:
        lines = charged_lines(run.world)
        broken = {
            "credits are rises, reversals and reclassifications falls": turned_round(run.entries),
            "no claim is below 0 in a bucket": below_zero(run.ledger),
            "no line is credited more than it was charged": beyond_charge(run.ledger, lines),
            "no bill is, with its best price": beyond_bill(run.ledger, lines),
            "what is final on a line never falls": final_falls(run.entries),
        }
        found += [f"{run.as_of}: {name}: {row}" for name, rows in broken.items() for row in rows]
    return found


def posted_again(run: Run, policy: reference.Policy) -> list[str]:
    """What a second run on the same inputs posts."""
    again = post_night(run.world, dated(policy), run.as_of, run.ledger)
    return [f"{run.as_of}, once more: {entry}" for entry in again["entry_id"]]


def unlike_once(runs: Sequence[Run], policy: reference.Policy) -> list[str]:
    """Balances that are not the same if only the last night is run, with all that it knows."""
    return [f"nightly {net}, once {net_once}: {who}" for *who, net, net_once in _beside_once(runs, policy).rows()]


def unlike_in_order(runs: Sequence[Run], policy: reference.Policy) -> list[str]:
    """Balances that depend on the order in which things became known.

    What is owed at the end is the same; where something stands that is not owed any more (§7.2), it is more, never less.
    """
    last = runs[-1]
    night, settlement = settled(last.world, dated(policy), last.as_of, last.before)
    both = _beside_once(runs, policy)
    stands = standing(last.ledger, night, settlement)
    wrong = pl.concat(
        [
            both.filter(pl.col("net") < pl.col("net_once")),
            both.filter(pl.col("net") > pl.col("net_once")).join(stands, on="group", how="anti"),
        ]
    )
    return [f"in any order {net}, in order {net_once}: {who}" for *who, net, net_once in wrong.rows()]


def _beside_once(runs: Sequence[Run], policy: reference.Policy) -> pl.DataFrame:
    """The balances that differ from those of a single run: account_id, group, bucket, net, net_once."""
    last = runs[-1]
    once = post_night(last.world, dated(policy), last.as_of, no_entries())
    key = ["account_id", "group", "bucket"]
    return (
        balances(last.ledger)
        .join(balances(once), on=key, how="full", coalesce=True, suffix="_once")
        .with_columns(pl.col("net", "net_once").fill_null(0))
        .filter(pl.col("net") != pl.col("net_once"))
        .sort(key)
    )


def unlike_shuffled(night: Night, policy: reference.Policy, random: Random) -> list[str]:
    """Entries that depend on the order of the rows of the inputs."""
    as_of, world = night
    in_order, shuffled = (post_night(world, dated(policy), as_of, no_entries(), order) for order in (None, random))
    if in_order.equals(shuffled):
        return []
    either = set(in_order.rows()) ^ set(shuffled.rows())
    return [f"{as_of}, shuffled: {entry}" for entry in sorted(map(str, either))] or [f"{as_of}, shuffled: the order"]


def facts_of_program(entries: pl.DataFrame) -> set[tuple[object, ...]]:
    """What an entry says, by its identifier."""
    columns = ("entry_id", "kind", "settlement", "net", "tax", "bill_period", "deadline", "account_id")
    return set(entries.select(columns).rows())


def facts_of_reference(entries: list[reference.Entry]) -> set[tuple[object, ...]]:
    """The same of the reference's entries; amounts in cents."""
    return {
        (
            f"{entry.claim}|{entry.bucket}|{entry.seq}",
            entry.kind,
            entry.settlement,
            int(entry.net * 100),
            int(entry.tax * 100),
            entry.bill_period,
            entry.deadline,
            entry.account_id,
        )
        for entry in entries
    }


def charged_lines(world: reference.World) -> pl.DataFrame:
    """The lines of a world with a charge, net and gross."""
    lines = Inputs.of(typed(world)).invoice_lines.filter(pl.col("net_amount") > 0).collect()
    rate = pl.col("tax_rate").cast(pl.Int128)
    # Half up, in another way than the program's: charges are positive here.
    gross = pl.col("net_amount") + (pl.col("net_amount") * rate + 500_000) // 1_000_000
    return lines.select(*LINE, "subscription_id", "kind", "item", "tax_rate", charged="net_amount", charged_gross=gross)


def turned_round(posted: pl.DataFrame) -> list[tuple[object, ...]]:
    """Entries whose amount has not the sign of their kind, or whose tax turns the other way."""
    rises = (pl.col("kind") == "credit") | ((pl.col("kind") == "finalisation") & (pl.col("bucket") == "final"))
    wrong = (pl.col("net") > 0) != rises
    odd = (pl.col("tax") * pl.col("net") < 0) | (pl.col("gross") != pl.col("net") + pl.col("tax"))
    return posted.filter(wrong | odd).rows()


def below_zero(ledger: pl.DataFrame) -> list[tuple[object, ...]]:
    """Buckets in which a customer would owe something."""
    sums = ledger.group_by("claim", "bucket").agg(pl.col("net").sum())
    return sums.filter(pl.col("net") < 0).rows()


def beyond_charge(ledger: pl.DataFrame, lines: pl.DataFrame) -> list[tuple[object, ...]]:
    """Lines on which more was credited than charged, net or gross."""
    credited = ledger.filter(pl.col("rule").is_in(LINE_RULES)).group_by(LINE).agg(pl.col("net", "gross").sum())
    beyond = (pl.col("net") > pl.col("charged")) | (pl.col("gross") > pl.col("charged_gross"))
    return credited.join(lines, on=LINE).filter(beyond).rows()


def beyond_bill(ledger: pl.DataFrame, lines: pl.DataFrame) -> list[tuple[object, ...]]:
    """Bills with a best price on which more was credited than charged.

    The tax of each line and of the best price is rounded by itself: that moves the gross by half a cent each at most.
    """
    key = [*BILL, "tax_rate"]
    best = (
        ledger.filter(pl.col("rule") == "best_price")
        .group_by(key)
        .agg(best=pl.col("net").sum(), best_gross=pl.col("gross").sum())
    )
    on_lines = ledger.filter(pl.col("rule").is_in(LINE_RULES)).group_by(LINE).agg(pl.col("net", "gross").sum())
    billed = (pl.col("kind") == "usage") | ((pl.col("kind") == "recurring") & pl.col("item").is_null())
    bills = (
        lines.filter(billed)
        .join(on_lines, on=LINE, how="left")
        .group_by(key)
        .agg(pl.col("charged", "charged_gross", "net", "gross").sum(), lines=pl.len())
        .join(best, on=key)
    )
    net, gross = pl.col("net") + pl.col("best"), pl.col("gross") + pl.col("best_gross")
    return bills.filter((net > pl.col("charged")) | (gross - pl.col("charged_gross") > pl.col("lines"))).rows()


def final_falls(posted: pl.DataFrame) -> list[tuple[object, ...]]:
    """Lines whose final total falls in a run, and other claims that do."""
    on_line = pl.col("rule").is_in(LINE_RULES)
    finals = posted.filter(pl.col("bucket") == "final").with_columns(other=pl.when(~on_line).then("claim"))
    return finals.group_by(*LINE, "other").agg(pl.col("net").sum()).filter(pl.col("net") < 0).rows()


def grouped(ledger: pl.DataFrame) -> pl.DataFrame:
    """Name what an entry shares a limit with: its bill, the outages of its subscription, or nothing."""
    rule, subscription = pl.col("rule"), pl.col("subscription_id").fill_null("")
    on_bill = rule.is_in([*LINE_RULES, "best_price"])
    return ledger.with_columns(
        group=pl.when(on_bill)
        .then(pl.format("bill {} {}", "invoice_id", subscription))
        .when(rule == "outage_credit")
        .then(pl.format("outages {}", subscription))
        .otherwise("claim")
    )


def balances(ledger: pl.DataFrame) -> pl.DataFrame:
    """What each account was given in each group, in both buckets; the tax rate of discounts may change."""
    return (
        grouped(ledger)
        .group_by("account_id", "group", "bucket")
        .agg(pl.col("net").sum())
        .filter(pl.col("net") != 0)
        .sort(pl.all())
    )


def standing(ledger: pl.DataFrame, night: Known, settlement: Settlement) -> pl.DataFrame:
    """The groups in which something stands because it was posted: kept, or not compared any more."""
    known = grouped(ledger).select(*LINE, "claim", "rule", "group")
    kept_lines = settlement.kept.drop_nulls("line_no").select(LINE)
    not_assessed = night.lines.filter(~pl.col("assessed")).select(LINE).collect()
    kept_claims = settlement.kept.filter(pl.col("line_no").is_null()).select("claim")
    compared = night.offers.select(claim=pl.format("best_price|{}|{}", *BILL)).collect()
    best = known.filter(pl.col("rule") == "best_price").select("claim", "group")
    return pl.concat(
        [
            known.join(kept_lines, on=LINE, how="semi").select("group"),
            known.filter(pl.col("rule").is_in(["billing_error", "tariff_improvement", "error_indemnity"]))
            .join(not_assessed, on=LINE, how="semi")
            .select("group"),
            known.join(kept_claims, on="claim", how="semi").select("group"),
            best.join(compared, on="claim", how="anti").select("group"),
        ]
    ).unique()
