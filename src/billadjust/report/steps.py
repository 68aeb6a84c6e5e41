"""The steps of a run: what a person is told while they last, and how long they took."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

STAGES: Final = {
    "spans": "Working out tariff versions",
    "usage": "Rating usage",
    "charges": "Assessing invoices",
    "lines": "Assessing invoices",
    "offers": "Comparing tariffs",
    "claims": "Applying the rules",
}
"""What a person is told while a stage is computed."""

_STEPS: Final = {message: stage for stage, message in STAGES.items()} | {
    "Checking the ledger": "ledger",
    "Writing the files of the last run": "ledger",
    "Settling": "settling",
}
"""The steps of the page by what a person is told; whatever else is told is about the inputs."""


def by_step(told: Mapping[str, float]) -> dict[str, float]:
    """Return the seconds of each step of the page from those of what a person was told."""
    seconds: dict[str, float] = {}
    for message, passed in told.items():
        step = _STEPS.get(message, "reading")
        seconds[step] = seconds.get(step, 0.0) + passed
    return seconds
