"""Many made-up worlds, each through all that must hold in every world; beside the few dozens that the tests go through.

`python tests/long_run.py 0 300` goes through the worlds 0 to 299 and prints what does not hold.
"""

from __future__ import annotations

import sys
from random import Random

from properties import (
    given_twice,
    posted_again,
    run_nights,
    unlike_in_order,
    unlike_once,
    unlike_reference,
    unlike_shuffled,
)
from worlds import CONSISTENT, make_any_order, make_nights, make_policy, make_world


def faults(seed: int) -> list[str]:
    """Run the nights of a world, of the same in any order, and of one without contradictions; say what does not hold."""
    policy, world = make_policy(seed), make_world(seed)
    story = make_nights(seed, world)
    late, any_order = run_nights(story, policy), run_nights(make_any_order(seed, world), policy)
    consistent = make_world(seed, CONSISTENT)
    nightly = run_nights([(as_of, consistent) for as_of, _ in make_nights(seed, consistent)], policy)
    found = {
        "late": unlike_reference(late, policy) + given_twice(late) + posted_again(late[-1], policy),
        "in any order": unlike_reference(any_order, policy)
        + given_twice(any_order)
        + posted_again(any_order[-1], policy)
        + unlike_in_order(any_order, policy),
        "consistent": unlike_reference(nightly, policy) + unlike_once(nightly, policy),
        "shuffled": unlike_shuffled(story[-1], policy, Random(seed)),  # noqa: S311 - made-up data, no secrets
    }
    return [f"world {seed}, {kind}, {line}" for kind, lines in found.items() for line in lines]


def main() -> None:
    """Go through the worlds that the command names, and say how far it is."""
    first, end = int(sys.argv[1]), int(sys.argv[2])
    found = 0
    for count, seed in enumerate(range(first, end), start=1):
        lines = faults(seed)
        found += len(lines)
        if lines or count % 50 == 0 or seed + 1 == end:
            print(*lines, f"{count:,} worlds, {found:,} faults", sep="\n", flush=True)  # noqa: T201  # what it is for
    sys.exit(found > 0)


if __name__ == "__main__":
    main()
