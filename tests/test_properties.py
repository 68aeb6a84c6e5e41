"""What must hold in every world, on all nights, whatever comes together on a line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from billadjust.inputs import Inputs
from billadjust.rules import LINE_RULES
from program import dated, no_entries, post_night, post_nights, posted, settled
from worlds import SEEDS, Shape, known_in_any_order, make_nights, make_world, nights, policies, typed

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

    import reference
    from billadjust.night import Night as Known
    from billadjust.settle import Settlement
    from worlds import Night

LINE = ["invoice_id", "line_no"]
BILL = ["invoice_id", "subscription_id"]
FEW = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
CONSISTENT = Shape(prior_credits=False, stornos=False)
"""Worlds in which nothing that is read later contradicts what was read before."""


@settings(FEW, max_examples=30)
@given(nights(), policies())
def test_on_every_night_of_every_story_nothing_is_given_twice(story: Sequence[Night], policy: reference.Policy) -> None:
    ledger = no_entries()
    for as_of, world in story:
        new = post_night(world, dated(policy), as_of, ledger)
        ledger = pl.concat([ledger, new])
        lines = charged_lines(world)
        broken = {
            "credits are rises, reversals and reclassifications falls": turned_round(new),
            "no claim is below 0 in a bucket": below_zero(ledger),
            "no line is credited more than it was charged": beyond_charge(ledger, lines),
            "no bill is, with its best price": beyond_bill(ledger, lines),
            "what is final on a line never falls": final_falls(new),
        }
        assert {name: rows for name, rows in broken.items() if rows} == {}, as_of
    as_of, world = story[-1]
    assert post_night(world, dated(policy), as_of, ledger).rows() == []


@FEW
@given(SEEDS, policies())
def test_nightly_or_once_at_the_end_the_balances_are_the_same(seed: int, policy: reference.Policy) -> None:
    world = make_world(seed, CONSISTENT)
    dates = [as_of for as_of, _ in make_nights(seed, world)]
    nightly = post_nights([(as_of, world) for as_of in dates], dated(policy))
    once = post_nights([(dates[-1], world)], dated(policy))
    assert_frame_equal(balances(nightly), balances(once))


@settings(FEW, max_examples=20)
@given(known_in_any_order(), policies())
def test_the_order_in_which_things_become_known_changes_only_what_is_kept(
    story: Sequence[Night], policy: reference.Policy
) -> None:
    """What is owed at the end is the same; where something stands that is not owed any more, it is more, never less."""
    ledger = post_nights(story[:-1], dated(policy))
    as_of, world = story[-1]
    night, settlement = settled(world, dated(policy), as_of, ledger)
    ledger = pl.concat([ledger, posted(settlement, dated(policy), as_of, ledger)])
    once = post_night(world, dated(policy), as_of, no_entries())
    both = (
        balances(ledger)
        .join(balances(once), on=["account_id", "group", "bucket"], how="full", coalesce=True, suffix="_once")
        .with_columns(pl.col("net", "net_once").fill_null(0))
    )
    assert both.filter(pl.col("net") < pl.col("net_once")).rows() == []
    more = both.filter(pl.col("net") > pl.col("net_once"))
    assert more.join(standing(ledger, night, settlement), on="group", how="anti").rows() == []


@FEW
@given(nights(), policies(), st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(story: Sequence[Night], policy: reference.Policy, chance: Random) -> None:
    as_of, world = story[-1]
    in_order = post_night(world, dated(policy), as_of, no_entries())
    shuffled = post_night(world, dated(policy), as_of, no_entries(), chance)
    assert_frame_equal(in_order, shuffled)


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
