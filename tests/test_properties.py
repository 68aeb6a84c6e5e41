"""What must hold in every world, on all nights, whatever comes together on a line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from properties import given_twice, posted_again, run_nights, unlike_in_order, unlike_once, unlike_shuffled
from worlds import CONSISTENT, SEEDS, known_in_any_order, make_nights, make_world, nights, policies

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

    import reference
    from worlds import Night

FEW = settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


@settings(FEW, max_examples=12)
@given(nights(), policies())
def test_on_every_night_of_every_story_nothing_is_given_twice(story: Sequence[Night], policy: reference.Policy) -> None:
    runs = run_nights(story, policy)
    assert given_twice(runs) == []
    assert posted_again(runs[-1], policy) == []


@FEW
@given(SEEDS, policies())
def test_nightly_or_once_at_the_end_the_balances_are_the_same(seed: int, policy: reference.Policy) -> None:
    world = make_world(seed, CONSISTENT)
    runs = run_nights([(as_of, world) for as_of, _ in make_nights(seed, world)], policy)
    assert unlike_once(runs, policy) == []


@settings(FEW, max_examples=8)
@given(known_in_any_order(), policies())
def test_the_order_in_which_things_become_known_changes_only_what_is_kept(
    story: Sequence[Night], policy: reference.Policy
) -> None:
    assert unlike_in_order(run_nights(story, policy), policy) == []


@FEW
@given(nights(), policies(), st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(story: Sequence[Night], policy: reference.Policy, chance: Random) -> None:
    assert unlike_shuffled(story[-1], policy, chance) == []
