"""What must hold in every world, on all nights."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from billadjust.inputs import Inputs
from billadjust.rules import LINE_RULES
from program import dated, no_entries, post_night, post_nights
from worlds import SEEDS, Shape, make_nights, make_world, nights, policies, typed

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

    import reference
    from worlds import Night

LINE = ["invoice_id", "line_no"]
FEW = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
CONSISTENT = Shape(prior_credits=False, stornos=False)
"""Worlds in which nothing that is read later contradicts what was read before."""


@FEW
@given(nights(), policies())
def test_a_second_run_posts_nothing(story: Sequence[Night], policy: reference.Policy) -> None:
    ledger = post_nights(story, dated(policy))
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


@FEW
@given(nights(), policies())
def test_no_line_is_credited_more_than_it_was_charged(story: Sequence[Night], policy: reference.Policy) -> None:
    ledger = no_entries()
    for as_of, world in story:
        ledger = pl.concat([ledger, post_night(world, dated(policy), as_of, ledger)])
        credited = ledger.filter(pl.col("rule").is_in(LINE_RULES)).group_by(LINE).agg(pl.col("net", "gross").sum())
        lines = Inputs.of(typed(world)).invoice_lines.collect()
        rate = pl.col("tax_rate").cast(pl.Int128)
        # Half up, in another way than the program's: charges are positive here.
        charged = lines.with_columns(
            charged_gross=pl.col("net_amount") + (pl.col("net_amount") * rate + 500_000) // 1_000_000
        )
        beyond = credited.join(charged, on=LINE).filter(
            (pl.col("net") > pl.col("net_amount")) | (pl.col("gross") > pl.col("charged_gross"))
        )
        assert beyond.rows() == []


@FEW
@given(nights(), policies())
def test_what_is_final_on_a_line_never_falls(story: Sequence[Night], policy: reference.Policy) -> None:
    ledger = post_nights(story, dated(policy))
    finals = ledger.filter((pl.col("bucket") == "final") & pl.col("rule").is_in(LINE_RULES))
    by_run = finals.group_by(*LINE, "run_id").agg(pl.col("net").sum())
    assert by_run.filter(pl.col("net") < 0).rows() == []


@FEW
@given(nights(), policies(), st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(story: Sequence[Night], policy: reference.Policy, chance: Random) -> None:
    as_of, world = story[-1]
    in_order = post_night(world, dated(policy), as_of, no_entries())
    shuffled = post_night(world, dated(policy), as_of, no_entries(), chance)
    assert_frame_equal(in_order, shuffled)


def balances(ledger: pl.DataFrame) -> pl.DataFrame:
    """What each account was given of each line, and besides, in both buckets; the tax rate of discounts may change."""
    return (
        ledger.with_columns(on_line=pl.col("rule").is_in(LINE_RULES))
        .group_by("account_id", "on_line", *LINE, "bucket")
        .agg(pl.col("net").sum())
        .filter(pl.col("net") != 0)
        .sort(pl.all())
    )
