"""Two independent ways to the same cents: the program, and the reference model in plain Python."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
from hypothesis import HealthCheck, given, settings

import reference
from program import dated, no_entries, post_night
from worlds import nights, policies

if TYPE_CHECKING:
    from collections.abc import Sequence

    from worlds import Night


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(nights(), policies())
def test_every_night_posts_what_the_reference_posts(story: Sequence[Night], policy: reference.Policy) -> None:
    ledger = no_entries()
    expected: list[reference.Entry] = []
    for as_of, world in story:
        posted = post_night(world, dated(policy), as_of, ledger)
        entries = reference.run(world, policy, as_of, expected)
        assert facts_of_program(posted) == facts_of_reference(entries)
        ledger = pl.concat([ledger, posted])
        expected += entries


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
