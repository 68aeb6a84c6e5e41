"""Rating against the slow, obvious reference: not a millionth of difference, over made-up worlds.

    python tests/test_rating_reference.py 0 10000

compares ten thousand worlds.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import polars as pl
import pytest

import reference
from billadjust.inputs.model import Inputs
from billadjust.policy import Policy
from billadjust.rating.catalogue import spans
from billadjust.rating.rate import rate
from worlds import make_policy, make_world, typed

if TYPE_CHECKING:
    from billadjust.rating.terms import Choice

CHOICES: tuple[Choice, ...] = ("contract", "improved")
WORLDS = 200
BATCHES = 8

Rated = dict[str, list[object]]


@pytest.mark.parametrize("batch", range(BATCHES))
def test_every_cdr_costs_what_the_reference_says(batch: int) -> None:
    for seed in range(batch, WORLDS, BATCHES):
        compare(seed)


def compare(seed: int) -> None:
    """Compare the cost, the units and the units from the allowance of every CDR of a world, under both versions."""
    world = make_world(seed)
    theirs = make_policy(seed)
    ours = Policy.of({"tariff_improvement.existing_first_days": theirs.existing_first_days})
    inputs = Inputs.of(typed(world))
    tariff_spans = spans(inputs, ours).collect().lazy()
    rating = reference.Rating(world, theirs)
    for choice in CHOICES:
        versioned = pl.when(pl.col("version").is_not_null()).then("tariff_id")
        frame = rate(inputs, tariff_spans, ours, choice).select(
            "cdr_id", versioned, "version", "cost", "units", "allowance_units"
        )
        found: Rated = {cdr_id: values for cdr_id, *values in frame.collect().rows()}
        expected = _expected(rating, choice)
        wrong = {cdr_id for cdr_id in expected if found.get(cdr_id) != expected[cdr_id]}
        assert found.keys() == expected.keys(), (seed, choice)
        assert not wrong, (seed, choice, {cdr_id: (found[cdr_id], expected[cdr_id]) for cdr_id in sorted(wrong)[:5]})


def _expected(rating: reference.Rating, choice: str) -> Rated:
    """What the reference says; amounts in millionths, null where a CDR is unrated."""
    return {
        cdr_id: [*(cost.version or (None, None)), *_millionths(cost)] for cdr_id, cost in rating.costs(choice).items()
    }


def _millionths(cost: reference.CdrCost) -> list[object]:
    if cost.cost is None:
        return [None, None, None]
    return [int(number * 1_000_000) for number in (cost.cost, cost.units, cost.free_units)]


if __name__ == "__main__":
    first, end = map(int, sys.argv[1:])
    for number in range(first, end):
        compare(number)
        if (number + 1) % 500 == 0 or number + 1 == end:
            print(f"{number + 1 - first:,} worlds: no difference", flush=True)  # noqa: T201  # what it is for
