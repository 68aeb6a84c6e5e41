"""A planned catalogue beside the one in force, and where it would move whom."""

from __future__ import annotations

import glob
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from billadjust.config import ENDINGS
from billadjust.errors import UsageError
from billadjust.inputs.load import CATALOGUE, load_catalogue
from billadjust.rating.improvement import verdict
from billadjust.rating.tariffs import read_catalogue
from billadjust.schemas import INPUTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from billadjust.config import Config
    from billadjust.inputs import Inputs
    from billadjust.inputs.source import Source
    from billadjust.rating.improvement import Verdict
    from billadjust.rating.tariffs import Version

VERSION = ["tariff_id", "version"]

MOVES = pl.Schema(
    {
        "tariff_id": pl.String(),
        "version": pl.Int64(),
        "verdict": pl.String(),
        "planned_version": pl.Int64(),
        **{f"{kind}_{fee}": pl.Int64() for kind in ("moved", "refused") for fee in ("version", "monthly_fee", "internet_fee")},
    }
)  # fmt: skip
"""What becomes of the customers of each version in force: see `Planned`."""


@dataclass(frozen=True)
class Planned:
    """The planned catalogue.

    `inputs` are those in force with the planned versions added, and with the planned zones and bands in place of the
    present ones if there are any (`other_zones`). `moves` has a row for each version in force of a tariff with planned
    ones: `planned_version` is the last of these and `verdict` what it is to the customers of `version`; `moved_*` is
    where they are moved to (`version` itself: nowhere), `refused_*` where they would be moved if it were not for the
    mixed or worse change (null: no such version). Fees in millionths. `doubts` are sentences on what may not be meant.
    """

    inputs: Inputs
    moves: pl.DataFrame
    other_zones: bool
    doubts: tuple[str, ...]


def read_planned(config: Config, directory: Path, inputs: Inputs, spool: Path) -> Planned:
    """Read the planned catalogue of a directory.

    Its files are called and written as the configured inputs are, or called `tariffs.csv` and so on; what is not there
    stays as it is. It may hold the planned versions alone or the versions in force as well.

    Raises:
        UsageError: The directory has no catalogue, a row of it is rejected, a version in force is another there, or no
            version is planned.
        InputError: A file of it cannot be read as a whole.
    """
    given = _given(config, directory)
    loaded = load_catalogue(
        {**config.sources, **given}, currency=config.currency, timezone=config.timezone, spool=spool
    )
    rejected = loaded.rejected.filter(pl.col("input").is_in(list(given)))
    if rejected.height:
        first = rejected.row(0, named=True)
        raise UsageError(
            f"Rows of the planned catalogue in {directory} are rejected ({rejected.height:,}); the first is in {first['file']}, "
            f"line {first['line']}: {first['column']}: {first['reason']}. Correct them, then simulate again."
        )
    _demand_same(loaded.inputs, inputs, directory)
    new = loaded.inputs.tariffs.join(inputs.tariffs, on=VERSION, how="anti").select(VERSION)
    planned = loaded.inputs
    combined = replace(
        inputs,
        tariffs=_added(inputs.tariffs, planned.tariffs, new),
        rates=_added(inputs.rates, planned.rates, new),
        allowances=_added(inputs.allowances, planned.allowances, new),
        zones=planned.zones if "zones" in given else inputs.zones,
        bands=planned.bands if "bands" in given else inputs.bands,
    )
    other_places = bool({"zones", "bands"} & set(given))
    moves = pl.DataFrame(list(_moves(config, inputs, combined)), schema=MOVES, orient="row")
    if not moves.height and not other_places:
        raise UsageError(
            f"{directory} has no version of a tariff that customers have which is not in force already. "
            "Give the planned version a number of its own in tariffs, with its rates and allowances."
        )
    return Planned(combined, moves, other_places, _doubts(config, combined, set(new.collect().rows())))


def _doubts(config: Config, combined: Inputs, new: set[tuple[str, int]]) -> tuple[str, ...]:
    """Name the planned versions whose tariff prices usage, but who have no rates themselves."""
    return tuple(
        f"{tariff_id}, version {version.number}, has no rates of its own; none are taken over from another version."
        for tariff_id, versions in read_catalogue(combined, config.policy).items()
        for version in versions
        if (tariff_id, version.number) in new and not version.rates and any(other.rates for other in versions)
    )


def _added(present: pl.LazyFrame, planned: pl.LazyFrame, new: pl.LazyFrame) -> pl.LazyFrame:
    """Add the rows of new versions to those in force."""
    return pl.concat([present, planned.join(new, on=VERSION, how="semi")])


def _given(config: Config, directory: Path) -> dict[str, Source]:
    """Find the catalogue's files in a directory."""
    found: dict[str, Source] = {}
    for name in CATALOGUE:
        source = config.sources[name]
        own = Path(source.path).name
        places = [glob.escape(place) for place in (*(name + ending for ending in ENDINGS), name)]
        there = next((place for place in (own, *places) if any(directory.glob(place))), None)
        if there:
            found[name] = replace(source, path=str(directory.absolute() / there), configured=True)
    if not found:
        names = ", ".join(f"{name}.csv" for name in CATALOGUE)
        raise UsageError(f"{directory} holds no planned catalogue: put {names} there, or those of them that change.")
    return found


def _demand_same(planned: Inputs, present: Inputs, directory: Path) -> None:
    """Stop if a version in force has other prices in the plan: a change of price is a version of its own."""
    for name in ("tariffs", "rates", "allowances"):
        columns = [column for column in INPUTS[name].schema if column not in {"open_for_sale", "name"}]
        one, other = (getattr(inputs, name).select(columns) for inputs in (planned, present))
        both = planned.tariffs.join(present.tariffs, on=VERSION, how="semi").select(VERSION)
        said = one.join(both, on=VERSION, how="semi").join(other, on=columns, how="anti", nulls_equal=True).collect()
        if name in planned.present and said.height:
            first = said.sort(VERSION).row(0, named=True)
            raise UsageError(
                f"{name} in {directory} gives tariff {first['tariff_id']}, version {first['version']}, other prices than "
                "it has in force. Give the planned prices a new version, so that nobody's contract changes."
            )


def _moves(config: Config, present: Inputs, combined: Inputs) -> Iterator[tuple[object, ...]]:
    """Give a row of `MOVES` for each version in force of a tariff with planned ones.

    The planned versions are gone through in the order of their effective_from, as the improvement chain goes through
    versions, but from where the customer is already, and whatever their dates (§5.7).
    """
    catalogue = read_catalogue(combined, config.policy)
    in_force = set(present.tariffs.select(VERSION).collect().rows())
    for tariff_id, versions in catalogue.items():
        new = [version for version in versions if (tariff_id, version.number) not in in_force]
        for version in versions:
            if new and version not in new:
                moved, refused, last = _follow(version, new)
                refuge = (refused.number, refused.monthly_fee, refused.internet_fee) if refused else (None, None, None)
                there = (moved.number, moved.monthly_fee, moved.internet_fee)
                yield (tariff_id, version.number, last, new[-1].number, *there, *refuge)


def _follow(version: Version, new: list[Version]) -> tuple[Version, Version | None, Verdict]:
    """Return where planned versions lead from one, the last of them that nobody is moved to, and what the last one is."""
    reached, refused = version, None
    last: Verdict = "same"
    for planned in new:
        last = verdict(planned, reached)
        if last == "better":
            reached, refused = planned, None
        elif last != "same":
            refused = planned
    return reached, refused, last
