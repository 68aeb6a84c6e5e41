"""Reasons and references of the program, in the language of a story."""

from __future__ import annotations

from datetime import date

import pytest

from billadjust.phrasebook import LANGUAGES, packaged
from billadjust.policy import Policy
from billadjust.rating import reasons, recurring
from billadjust.story.translation import translated
from program import dated, no_entries, settled
from worlds import make_nights, make_policy, make_world

CLAUSES = {row.reference for row in Policy.of().in_force(date(2026, 7, 2)) if not row.name.startswith("tax_rate")}


@pytest.mark.parametrize(
    ("said", "spanish"),
    [
        ("the line has no CDRs", "no hay registros de su consumo"),
        ("its CDRs add up to 3.20, not to 4.00", "sus registros suman 3,20, no 4,00"),
        ("a CDR is unrated: no zone", "algún registro no tiene precio: no se conoce la zona"),
        ("SIM-DUO is an add-on, not the tariff's fee", "SIM-DUO es un extra, no la cuota de la tarifa"),
        ("{cause} is an add-on, not the tariff's fee", "{cause} es un extra, no la cuota de la tarifa"),
        ("something that an older version said", "something that an older version said"),
    ],
)
def test_a_reason_is_told_in_the_language_of_the_story(said: str, spanish: str) -> None:
    assert translated("reason", said, packaged()["es"]) == spanish
    assert translated("reason", said, packaged()["en"]) == said


def reasons_of_worlds() -> set[str]:
    """Why lines and CDRs of made-up worlds have no price."""
    found: set[str] = set()
    for seed in range(12):
        as_of, world = make_nights(seed, make_world(seed))[-1]
        night, _ = settled(world, dated(make_policy(seed)), as_of, no_entries())
        for frame, name in ((night.lines, "not_assessed"), (night.usage, "unrated")):
            found |= set(frame.select(name).drop_nulls().unique().collect()[name])
    return found


def test_every_reason_is_known_in_every_language() -> None:
    named = {recurring.NEEDS_REJECTED, recurring.BEFORE_HISTORY, recurring.OVERLAPS_REJECTED}
    named |= set(reasons.REASONS)
    met = reasons_of_worlds()
    assert len(met) > 5
    for said in named | met:
        told = {translated("reason", said, packaged()[language]) for language in LANGUAGES}
        assert len(told) == len(LANGUAGES), said


@pytest.mark.parametrize("clause", sorted(CLAUSES))
def test_what_the_default_policy_rests_on_is_known_in_every_language(clause: str) -> None:
    assert len({translated("clause", clause, packaged()[language]) for language in LANGUAGES}) == len(LANGUAGES)
