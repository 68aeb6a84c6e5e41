"""What each subscription had on each day: tariff, contract version and improved version (§5.7)."""

from __future__ import annotations

from datetime import date
from itertools import groupby, pairwise
from operator import itemgetter
from typing import TYPE_CHECKING, Final, NamedTuple

import polars as pl

from billadjust.rating.improvement import improvement_chain, improves_on
from billadjust.rating.tariffs import Catalogue, Version, read_catalogue
from billadjust.schemas import FOREVER, Spans

if TYPE_CHECKING:
    from billadjust.inputs.model import Inputs
    from billadjust.policy import Policy

BEGINNING: Final = date(1, 1, 1)
"""Before every day of every input."""


class _Choice(NamedTuple):
    """The versions of a day, and whether they rest on accepted rows only."""

    contract: Version | None
    improved: Version | None
    usable: bool


def spans(inputs: Inputs, policy: Policy) -> pl.LazyFrame:
    """Work out which tariff versions each subscription has, for each stretch of days on which they are constant.

    Args:
        inputs: accounts, subscriptions and the catalogue (tariffs, rates, allowances) are read.
        policy: `tariff_improvement.existing_first_days`, by the versions' effective_from.

    Returns:
        schemas.Spans, ordered by (subscription_id, day_from); days without a tariff are left out.

    Raises:
        ConfigError: The parameter has no value on a version's effective_from.
    """
    catalogue = read_catalogue(inputs, policy)
    provisioned = inputs.subscriptions.select("tariff_id", "tariff_version").unique().collect()
    return (
        _rows_with_base(inputs.subscriptions, catalogue)
        .join(_stretches(catalogue, provisioned), on=["tariff_id", "tariff_version", "base_version"], nulls_equal=True)
        .filter(pl.col("stretch_from") < pl.col("row_to"), pl.col("stretch_to") > pl.col("row_from"))
        .with_columns(
            day_from=pl.max_horizontal("stretch_from", "row_from"), day_to=pl.min_horizontal("stretch_to", "row_to")
        )
        .join(inputs.accounts.select("account_id", "bill_cycle_day"), on="account_id")
        .join(
            inputs.taken.subscriptions.select("subscription_id", taken=pl.lit(value=True)).unique(),
            on="subscription_id",
            how="left",
        )
        .with_columns(usable=pl.col("usable") & pl.col("taken").is_null())
        .select(Spans.column_names())
        .sort("subscription_id", "day_from")
    )


def mixed_changes(inputs: Inputs, policy: Policy, as_of: date) -> pl.LazyFrame:
    """Find the versions that count on a day and move nobody, because they are not improvements (§5.7).

    A version is compared with the one that the chain from the tariff's earliest version has reached before it.
    Only tariffs that a subscription has on that day are looked at; a comparison that needs a rejected row is left out.

    Returns:
        tariff_id, version; ordered by both.

    Raises:
        ConfigError: The parameter has no value on a version's effective_from.
    """
    in_use = inputs.subscriptions.filter(
        pl.col("valid_from") <= as_of, pl.col("valid_to").is_null() | (pl.col("valid_to") > as_of)
    )
    tariffs_in_use = set(in_use.select(pl.col("tariff_id").unique()).collect()["tariff_id"])
    mixed: list[tuple[str, int]] = []
    for tariff_id, versions in read_catalogue(inputs, policy).items():
        if tariff_id not in tariffs_in_use:
            continue
        reached, *later = versions
        usable = not reached.taken
        for version in later:
            if version.counts_from > as_of:
                continue
            usable = usable and not version.taken
            if improves_on(version, reached):
                reached = version
            elif usable:
                mixed.append((tariff_id, version.number))
    return pl.LazyFrame(mixed, schema={"tariff_id": pl.String, "version": pl.Int64}, orient="row").sort(
        "tariff_id", "version"
    )


def _rows_with_base(subscriptions: pl.LazyFrame, catalogue: Catalogue) -> pl.LazyFrame:
    """Add to each subscription row its base version: that of the first of the same tariff's rows without a gap."""
    follows = (
        (pl.col("subscription_id") == pl.col("subscription_id").shift())
        & (pl.col("tariff_id") == pl.col("tariff_id").shift())
        & (pl.col("row_from") == pl.col("row_to").shift())
    )
    return (
        subscriptions.rename({"valid_from": "row_from"})
        .with_columns(row_to=pl.col("valid_to").fill_null(FOREVER))
        .filter(pl.col("row_from") < pl.col("row_to"))
        .sort("subscription_id", "row_from")
        .with_columns(first_day=pl.when(follows.fill_null(value=False)).then(None).otherwise("row_from").forward_fill())
        .join(_base_versions(catalogue), on="tariff_id")
        .filter(pl.col("first_day") >= pl.col("base_from"), pl.col("first_day") < pl.col("base_to"))
    )


def _base_versions(catalogue: Catalogue) -> pl.LazyFrame:
    """For each tariff and first day, the newest version effective by then; null before the first one."""
    rows: list[tuple[str, int | None, date, date]] = []
    for tariff_id, versions in catalogue.items():
        days = [BEGINNING, *(version.effective_from for version in versions), date.max]
        numbers = [None, *(version.number for version in versions)]
        rows.extend((tariff_id, number, *between) for number, between in zip(numbers, pairwise(days), strict=True))
    schema = {"tariff_id": pl.String, "base_version": pl.Int64, "base_from": pl.Date, "base_to": pl.Date}
    return pl.LazyFrame(rows, schema=schema, orient="row")


def _stretches(catalogue: Catalogue, provisioned: pl.DataFrame) -> pl.LazyFrame:
    """Work out the versions of every stretch of days, for each base version and each version in provisioning.

    Columns: the key (tariff_id, tariff_version, base_version), stretch_from, stretch_to, and the versions, fees and
    `usable` of schemas.Spans.
    """
    rows: list[tuple[object, ...]] = []
    for tariff_id, tariff_version in provisioned.rows():
        versions = catalogue.get(tariff_id, ())
        in_force = next((version for version in versions if version.number == tariff_version), None)
        for base in (None, *versions):
            base_number = base.number if base else None
            days = [BEGINNING, *_turning_days(versions, in_force), FOREVER]
            chosen = [(day, _choose(versions, base, in_force, day)) for day in days[:-1]]
            starts = [next(group) for _, group in groupby(chosen, key=itemgetter(1))]
            ends = [day for day, _ in starts[1:]] + [FOREVER]
            rows.extend(
                (tariff_id, tariff_version, base_number, start, end, *_columns(choice))
                for (start, choice), end in zip(starts, ends, strict=True)
            )
    fees = ("contract_monthly_fee", "contract_internet_fee", "improved_monthly_fee", "improved_internet_fee")
    schema = {
        "tariff_id": pl.String,
        **dict.fromkeys(("tariff_version", "base_version"), pl.Int64),
        **dict.fromkeys(("stretch_from", "stretch_to"), pl.Date),
        **dict.fromkeys(("contract_version", "improved_version", *fees), pl.Int64),
        "usable": pl.Boolean,
    }
    return pl.LazyFrame(rows, schema=schema, orient="row")


def _turning_days(versions: tuple[Version, ...], in_force: Version | None) -> list[date]:
    """List the days on which the choice of versions may change: one begins to count, or provisioning's is effective."""
    days = {version.counts_from for version in versions}
    if in_force:
        days.add(in_force.effective_from)
    return sorted(days - {BEGINNING})


def _choose(versions: tuple[Version, ...], base: Version | None, in_force: Version | None, day: date) -> _Choice:
    """Choose the contract version and the improved version of a day (§5.7)."""
    from_base = improvement_chain(versions, base, day) if base else None
    if in_force is None or in_force.effective_from > day or (from_base and in_force in from_base.reached):
        if from_base is None:
            return _Choice(None, None, usable=not any(version.taken for version in versions))
        return _Choice(from_base.reached[0], from_base.end, from_base.usable)
    from_in_force = improvement_chain(versions, in_force, day)
    return _Choice(in_force, from_in_force.end, from_in_force.usable and (from_base is None or from_base.usable))


def _columns(choice: _Choice) -> tuple[int | bool | None, ...]:
    """Lay out a choice in the order of the columns of `_stretches`."""
    numbers: list[int | None] = []
    fees: list[int | None] = []
    for version in (choice.contract, choice.improved):
        numbers.append(version.number if version else None)
        fees += (version.monthly_fee, version.internet_fee) if version else (None, None)
    return (*numbers, *fees, choice.usable)
