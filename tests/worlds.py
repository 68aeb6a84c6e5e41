"""Small made-up worlds for property tests, and the nights on which their rows become known.

`worlds()` is a Hypothesis strategy: a seed and a `Shape`; the shape shrinks feature by feature, so a failing example
becomes a world that has little more than what fails. `make_world(seed)` makes one in a loop.
"""

from __future__ import annotations

from dataclasses import fields
from datetime import date, timedelta
from random import Random
from typing import Any, Final

from hypothesis import strategies as st

from reference import Policy, Row, World
from reference.outages import SCHEMES
from world_bills import MADRID, make_bills
from world_catalogue import Shape, chance, dec, make_catalogue
from world_events import make_events
from world_tables import complete, typed, write_world

__all__ = [
    "CONSISTENT",
    "Night",
    "Shape",
    "complete",
    "make_any_order",
    "make_nights",
    "make_policy",
    "make_world",
    "nights",
    "policies",
    "typed",
    "worlds",
    "write_world",
]

Night = tuple[date, World]
"""A run's date, and what the exports hold that night."""

CONSISTENT: Final = Shape(prior_credits=False, stornos=False)
"""Worlds in which nothing that is read later contradicts what was read before."""


def make_world(seed: int, shape: Shape | None = None) -> World:
    """Make a world in which every row is valid."""
    rng = Random(seed)  # noqa: S311 - made-up data, no secrets
    shape = shape or Shape()
    era, world = make_catalogue(rng, shape)
    make_bills(rng, shape, era, world)
    make_events(rng, shape, era, world)
    return world


def make_policy(seed: int) -> Policy:
    """Make a policy; most parameters have their default."""
    rng = Random(seed)  # noqa: S311 - made-up data, no secrets
    return Policy(
        tolerance=dec(rng, "0.05", "0.05", "0.05", "0", "0.10"),
        existing_first_days=rng.choice((0, 0, 0, 5)),
        outage_min_minutes=rng.choice((60, 60, 0)),
        outage_schemes=tuple(rng.sample(list(SCHEMES), rng.choice((1, 2, 4)))) if chance(rng, 50) else ("promise",),
        minor_limit=dec(rng, "100.00", "100.00", "12.00"),
        indemnity_percent=dec(rng, "10", "10", "0", "33.3"),
        best_price_mode=rng.choice(("credit", "credit", "advise")),
    )


def last_day(world: World) -> date:
    """A day by which everything in a world has happened and every deadline has passed."""
    days: list[date] = [row["issue_date"] for row in world["invoices"]] + [
        row["opened_on"] for row in world["disputes"]
    ]
    newest: date = max(days)
    return newest + timedelta(days=70)


LATE: Final = (0, 0, 0, 0, 1, 3, 25)
"""By how many days rows become known late."""

IN_ANY_ORDER: Final = (0, 1, 20, 40, 60, 90)
"""The same where what happened first may be known last."""


def make_nights(seed: int, world: World, count: int = 5, late: tuple[int, ...] = LATE) -> list[Night]:
    """Make runs on growing parts of a world.

    Rows become known on or after the day on which they happen, some of them late; a dispute is open, and an outage
    going on, until the night that learns better. The last night knows everything.
    """
    rng = Random(seed)  # noqa: S311 - made-up data, no secrets
    learned = _learned(rng, world, late)
    end = max(last_day(world), max((day for days in learned.values() for day in days), default=date.min))
    edges = {row["opened_on"] + timedelta(days=offset) for row in world["disputes"] for offset in (0, 1, 45, 46)}
    edges |= {row["resolved_on"] for row in world["disputes"] if row["resolved_on"]}
    edges |= {row["issue_date"] + timedelta(days=1) for row in world["invoices"]}
    if late != LATE:
        edges |= set().union(*learned.values()) - {date.min}
    inner = rng.sample(sorted(edges), min(len(edges), count - 1))
    return [(as_of, known_on(world, learned, as_of)) for as_of in sorted({*inner, end})]


def make_any_order(seed: int, world: World) -> list[Night]:
    """Make many nights on which a world becomes known in any order."""
    return make_nights(seed, world, 7, IN_ANY_ORDER)


def _learned(rng: Random, world: World, late: tuple[int, ...]) -> dict[str, list[date]]:
    """The day on which each row becomes known; what a row refers to is known first."""
    provisioned = {(row["tariff_id"], row["tariff_version"]) for row in world["subscriptions"]}
    first = {row["tariff_id"]: min(other["effective_from"] for other in world["tariffs"] if other["tariff_id"] == row["tariff_id"]) for row in world["tariffs"]}  # fmt: skip
    versions = {
        (row["tariff_id"], row["version"]): row["effective_from"] + timedelta(days=rng.choice((-10, 0, 20, 60, 90)))
        for row in world["tariffs"]
        if (row["tariff_id"], row["version"]) not in provisioned
        and row["effective_from"] > first[row["tariff_id"]]
        and chance(rng, 60)
    }
    invoices = {row["invoice_id"]: row["issue_date"] + timedelta(days=rng.choice(late)) for row in world["invoices"]}
    cdrs = {
        row["cdr_id"]: row["started_at"].astimezone(MADRID).date() + timedelta(days=rng.choice(late))
        for row in world["cdrs"]
    }

    def of_invoice(row: Row, day: date) -> date:
        known: date = max(
            day + timedelta(days=rng.choice(late)),
            invoices.get(row["invoice_id"], date.min),
            cdrs.get(row.get("cdr_id"), date.min),
        )
        return known

    return {
        "invoices": list(invoices.values()),
        "invoice_lines": [invoices[row["invoice_id"]] for row in world["invoice_lines"]],
        "cdrs": list(cdrs.values()),
        "outages": [
            row["started_at"].astimezone(MADRID).date() + timedelta(days=rng.choice(late)) for row in world["outages"]
        ],
        "disputes": [of_invoice(row, row["opened_on"]) for row in world["disputes"]],
        "promises": [row["valid_from"] + timedelta(days=rng.choice(late)) for row in world["promises"]],
        "collections": [of_invoice(row, row["happened_on"]) for row in world["collections"]],
        "prior_credits": [of_invoice(row, row["granted_on"]) for row in world["prior_credits"]],
    } | {
        name: [versions.get((row["tariff_id"], row["version"]), date.min) for row in world[name]]
        for name in ("tariffs", "rates", "allowances")
    }


def known_on(world: World, learned: dict[str, list[date]], as_of: date) -> World:
    """The rows that are known on a day, as they stand on that day."""
    always = [date.min]
    known = {
        name: [row for row, day in zip(rows, learned.get(name, always * len(rows)), strict=True) if day <= as_of]
        for name, rows in world.items()
    }
    known["outages"] = [
        row if row["ended_at"] and row["ended_at"].astimezone(MADRID).date() <= as_of else row | {"ended_at": None}
        for row in known["outages"]
    ]
    unresolved: dict[str, Any] = {"status": "open", "resolved_on": None, "justified_gross": None, "explanation": None}
    known["disputes"] = [
        row | unresolved if row["resolved_on"] and row["resolved_on"] > as_of else row for row in known["disputes"]
    ]
    return known


def shapes() -> st.SearchStrategy[Shape]:
    """Shapes, the simplest first."""
    largest = Shape()
    smallest = {"accounts": 1, "subscriptions": 1, "tariffs": 1, "versions": 1, "cycles": 1}
    parts = {
        field.name: st.booleans()
        if isinstance(getattr(largest, field.name), bool)
        else st.integers(smallest.get(field.name, 0), getattr(largest, field.name))
        for field in fields(Shape)
    }
    return st.builds(Shape, **parts)


SEEDS = st.integers(0, 2**32 - 1)


def worlds() -> st.SearchStrategy[World]:
    """Worlds with everything in them."""
    return st.builds(make_world, SEEDS, shapes())


def nights() -> st.SearchStrategy[list[Night]]:
    """Worlds, and the nights on which they become known."""
    return st.builds(make_nights, SEEDS, worlds())


def known_in_any_order() -> st.SearchStrategy[list[Night]]:
    """Worlds, and many nights on which they become known in any order."""
    return st.builds(make_any_order, SEEDS, worlds())


def policies() -> st.SearchStrategy[Policy]:
    """Policies, the default one first, then that which credits the best price."""
    return st.sampled_from((Policy(), Policy(best_price_mode="credit"))) | st.builds(make_policy, SEEDS)
