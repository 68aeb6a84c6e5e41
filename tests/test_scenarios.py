"""Cases as data: nights told in TOML, and what each of them posts, word for word (§6, §7)."""

from __future__ import annotations

import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from nights import Books, make_night, posted, text

FILES = sorted((Path(__file__).parent / "scenarios").glob("*.toml"))


def scenarios() -> list[Any]:
    """Return every scenario as a parameter whose id is its sentence."""
    return [
        pytest.param(scenario, id=scenario["name"])
        for path in FILES
        for scenario in tomllib.loads(path.read_text("utf-8"), parse_float=Decimal)["scenario"]
    ]


@pytest.mark.parametrize("scenario", scenarios())
def test_each_night_posts_what_is_owed_and_a_second_run_nothing(scenario: dict[str, Any]) -> None:
    books = Books()
    world = {name: value for name, value in scenario.items() if name not in {"name", "night", "ends"}}
    for step in scenario["night"]:
        undo = step.pop("undo", [])
        expected = {name: step.pop(name, []) for name in ("posts", "kept", "undone")}
        world |= step
        on = world.pop("on")
        night = make_night(on, **world)
        if undo:
            books.undo(*undo)
        settlement = books.post(night)
        assert sorted(posted(settlement)) == sorted(expected["posts"]), on
        assert [f"{_place(row)} {text(row['amount'])}" for row in settlement.kept.to_dicts()] == expected["kept"], on
        assert [f"{row['claim']} {text(row['amount'])}" for row in settlement.undone.to_dicts()] == expected["undone"]
        assert posted(books.settle(night)) == [], on
    if "ends" in scenario:
        assert books.balances == scenario["ends"]


def _place(row: dict[str, Any]) -> str:
    return row["claim"] or f"{row['invoice_id']}|{row['line_no']}"
