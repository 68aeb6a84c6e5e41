"""The generator of worlds: what it makes is valid, and is what its files say."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from polars.testing import assert_frame_equal

from billadjust.inputs.load import load
from billadjust.inputs.source import Source
from billadjust.schemas import INPUTS
from worlds import make_nights, make_world, typed, write_world

if TYPE_CHECKING:
    from pathlib import Path

    import polars as pl

    from reference import World

SEEDS = range(12)


@pytest.mark.parametrize("seed", SEEDS)
def test_every_row_is_valid_and_read_as_it_was_made(seed: int, tmp_path: Path) -> None:
    world = make_world(seed)
    write_world(world, tmp_path / "files")
    (tmp_path / "spool").mkdir()
    sources = {
        name: Source(name=name, path=str(tmp_path / "files" / f"{name}.csv"), configured=False) for name in INPUTS
    }
    loaded = load(sources, currency="EUR", timezone="Europe/Madrid", spool=tmp_path / "spool")
    assert loaded.rejected.rows() == []
    for name, frame in typed(world).items():
        key = list(INPUTS[name].key)
        found: pl.LazyFrame = getattr(loaded.inputs, name)
        assert_frame_equal(found.sort(key).collect(), frame.sort(key).collect())


@pytest.mark.parametrize("seed", SEEDS)
def test_each_night_knows_what_the_night_before_knew(seed: int) -> None:
    nights = make_nights(seed, make_world(seed))
    assert [as_of for as_of, _ in nights] == sorted({as_of for as_of, _ in nights})
    for (_, before), (_, after) in pairwise(nights):
        assert keys(before) <= keys(after)
    assert keys(nights[-1][1]) == keys(make_world(seed))


def keys(world: World) -> set[tuple[object, ...]]:
    """The keys of all rows."""
    return {(name, *(row[column] for column in INPUTS[name].key)) for name, rows in world.items() for row in rows}
