"""The program's own way from typed rows to entries, without files: for properties over many made-up worlds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from billadjust.inputs import known_on
from billadjust.inputs.model import Inputs
from billadjust.night import make_night
from billadjust.policy import Policy
from billadjust.rules import RULES
from billadjust.schemas import Entries
from billadjust.settle import Settlement, settle
from billadjust.wording import explain
from worlds import typed

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date
    from random import Random

    import reference
    from billadjust.night import Night
    from worlds import Night as Known


def no_entries() -> pl.DataFrame:
    """An empty ledger."""
    return Entries.create_empty()


def dated(policy: reference.Policy) -> Policy:
    """The program's policy for the reference's."""
    return Policy.of(
        {
            "rating.tolerance": policy.tolerance,
            "rating.free_zones": sorted(policy.free_zones),
            "tax_rate": policy.tax_rate,
            "error_indemnity.percent": policy.indemnity_percent,
            "promised_price.grace_months": policy.grace_months,
            "tariff_improvement.existing_first_days": policy.existing_first_days,
            "outage_credit.schemes": list(policy.outage_schemes),
            "outage_credit.percent": policy.outage_percent,
            "outage_credit.min_minutes": policy.outage_min_minutes,
            "outage_credit.cutoff_days": policy.outage_cutoff_days,
            "dispute_refund.minor_limit": policy.minor_limit,
            "dispute_refund.waiver_days": policy.waiver_days,
            "best_price.mode": policy.best_price_mode,
        }
    )


def settled(
    world: reference.World, policy: Policy, as_of: date, ledger: pl.DataFrame, shuffled: Random | None = None
) -> tuple[Night, Settlement]:
    """What a run on this ledger would post; `shuffled` changes the order of all input rows."""
    if shuffled:
        world = {name: shuffled.sample(rows, len(rows)) for name, rows in world.items()}
    inputs = known_on(Inputs.of(typed(world)), as_of, policy.timezone)

    def stage(_: str, frame: pl.LazyFrame) -> pl.LazyFrame:
        return frame.collect().lazy()

    night = make_night(inputs, policy, as_of, stage)
    claims = stage("claims", pl.concat([rule(night) for rule in RULES]))
    return night, settle(night, claims, ledger.lazy(), stage)


def post_night(
    world: reference.World, policy: Policy, as_of: date, ledger: pl.DataFrame, shuffled: Random | None = None
) -> pl.DataFrame:
    """What a run on this ledger posts (schemas.Entries); `shuffled` as of `settled`."""
    _, settlement = settled(world, policy, as_of, ledger, shuffled)
    return posted(settlement, policy, as_of, ledger)


def posted(settlement: Settlement, policy: Policy, as_of: date, ledger: pl.DataFrame) -> pl.DataFrame:
    """The entries of a settlement as a ledger has them (schemas.Entries)."""
    runs = ledger["run_id"].n_unique()
    entries = explain(settlement.entries, policy.digits).with_columns(run_id=pl.lit(f"{as_of:%Y%m%d}-{runs + 1:04d}"))
    return Entries.validate(entries.select(Entries.column_names()))


def post_nights(nights: Iterable[Known], policy: Policy) -> pl.DataFrame:
    """The ledger after all of these nights."""
    ledger = no_entries()
    for as_of, world in nights:
        ledger = pl.concat([ledger, post_night(world, policy, as_of, ledger)])
    return ledger
