"""Two independent ways to the same cents: the program, and the reference model in plain Python."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import HealthCheck, given, settings

from properties import run_nights, unlike_reference
from worlds import nights, policies

if TYPE_CHECKING:
    from collections.abc import Sequence

    import reference
    from worlds import Night


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(nights(), policies())
def test_every_night_posts_what_the_reference_posts(story: Sequence[Night], policy: reference.Policy) -> None:
    assert unlike_reference(run_nights(story, policy), policy) == []
