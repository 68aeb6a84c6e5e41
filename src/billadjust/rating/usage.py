"""What each CDR should have cost (§5.1 to §5.6)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import polars as pl

from billadjust.rating.clock import day_of, second_of_week, wall_clock
from billadjust.rating.prices import Prices, read_prices, service_number
from billadjust.rating.steps import pick
from billadjust.rating.terms import NEEDS_REJECTED, NO_TARIFF, NO_VERSION, Choice, read_terms
from billadjust.rating.units import add_cost, rounded_units
from billadjust.rating.zones import REJECTED_NUMBER
from billadjust.schemas import SERVICES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from billadjust.inputs.model import Inputs
    from billadjust.policy import Policy

REASONS: Final = (
    TOO_DEAR := "it costs more than billadjust can add up",
    NEEDS_REJECTED,
    REJECTED_PREFIX := "its destination begins with a rejected prefix",
    NO_RATE := "no rate",
    NO_TARIFF,
    NO_VERSION,
    NO_ZONE := "no zone",
)
"""Why a CDR is unrated, in words; the number of each is its place, counted from 1."""

NEEDING_REJECTED: Final = (NEEDS_REJECTED, REJECTED_PREFIX)
"""The reasons that have to do with a rejected row."""

OF_TERM: Final = len(REASONS) + 1
"""The number that stands for the reason of the CDR's term."""

MONTHS: Final = 1 << 17
"""Months are numbered below this: those of ten thousand years."""

SHARE: Final = 5_000_000
"""So many CDRs that use exceeded allowances are put in order at a time."""


@dataclass(frozen=True)
class Usage:
    """CDRs and all that prices them.

    Allowances need the order of CDRs only where they are exceeded at all. So usage is gone through twice, the second time
    only for the subscriptions that exceed one.
    """

    cdrs: pl.LazyFrame
    terms: pl.DataFrame
    prices: Prices
    policy: Policy

    @staticmethod
    def of(inputs: Inputs, spans: pl.LazyFrame, policy: Policy, choices: Sequence[Choice]) -> Usage:
        """Lay out the catalogue and the spans for the CDRs of the inputs.

        Raises:
            InputError: The prices of a rate's tiers have no common denominator.
        """
        prices = read_prices(inputs, policy)
        return Usage(inputs.cdrs, read_terms(inputs, spans, prices, choices, days_of(inputs.cdrs)), prices, policy)

    def sums(self) -> pl.DataFrame:
        """Sum up what CDRs cost if no allowance is exceeded; columns as in `summed`."""
        beside_allowances = pl.when(pl.col("pool") == 0).then("units").otherwise(0)
        return self.summed(self._priced(self._counted(self.cdrs).with_columns(charged_units=beside_allowances)))

    def summed(self, priced: pl.LazyFrame) -> pl.DataFrame:
        """Sum CDRs up for each line and allowance.

        Returns:
            term, service_number, unrated, pool, month, invoice_id (the key), cost, charged, units, largest (the most units
            of a CDR), count (of CDRs). Where the CDRs are unrated there are no units and no cost.
        """
        places = {
            "term": 0,
            "service_number": len(SERVICES),
            "unrated": OF_TERM + 1,
            "pool": self.prices.pool_count + 1,
            "month": MONTHS,
        }
        key = pl.lit(0, pl.Int64)
        for name, size in places.items():
            key = key * size + pl.col(name)
        sums = (
            priced.group_by(key.alias("key"), "invoice_id")
            .agg(
                pl.col("cost", "charged", "units").sum(),
                largest=pl.col("units").max(),
                count=pl.len().cast(pl.Int64),
            )
            .collect(engine="streaming")
        )
        rest, names = pl.col("key"), {}
        for name, size in reversed(list(places.items())[1:]):
            names[name] = rest % size
            rest //= size
        return sums.with_columns(term=rest.cast(pl.UInt32), **names).drop("key")

    def exceeded(self, sums: pl.DataFrame) -> pl.DataFrame:
        """Find the allowances that are exceeded.

        The least of the allowances that the versions of a cycle give is compared, and sums that may have left 64 bits are
        taken for too much: so an allowance too many is looked at closely, never one too few.

        Returns:
            owner (as in `terms`), pool, month, pool_key (a number for these three), count (of CDRs), stages (of terms, if
            their allowances differ, else 1).
        """
        asked = pl.col("units") > pl.col("allowance")
        out_of_bounds = pl.col("largest") >= (1 << 62) // pl.col("count")
        return (
            sums.filter(pl.col("pool") > 0)
            .join(self.terms.select("term", "owner", "code"), on="term")
            .join(self.prices.allowances, on=["code", "pool"])
            .group_by("owner", "pool", "month")
            .agg(
                pl.col("units").sum(),
                pl.col("allowance").min(),
                pl.col("largest").max(),
                pl.col("count").sum(),
                stages=pl.when(pl.col("allowance").n_unique() > 1).then(pl.col("term").n_unique()).otherwise(1),
            )
            .filter(asked | out_of_bounds)
            .select("owner", "pool", "month", "count", "stages", pool_key=self._pool_key())
        )

    def within(self, exceeded: pl.DataFrame) -> pl.LazyFrame:
        """Price the CDRs that use no allowance that is exceeded: what an allowance covers costs nothing."""
        counted = self._with_pool_key(self._counted(self.cdrs))
        rest = counted.join(exceeded.lazy().select("pool_key"), on="pool_key", how="anti")
        return self._covered(rest, pl.when(pl.col("pool") > 0).then("units").otherwise(0))

    def beyond(self, exceeded: pl.DataFrame) -> Iterator[pl.LazyFrame]:
        """Price the CDRs that use allowances that are exceeded, in the order in which they use them (§5.5).

        They are put in order a share at a time, so that memory stays bounded.
        """
        if not exceeded.height:
            return
        subscriptions = self.terms.join(exceeded, on="owner", how="semi").select("subscription_id").unique()
        cdrs = self.cdrs.join(subscriptions.lazy(), on="subscription_id", how="semi")
        shares = int(exceeded["count"].sum()) // SHARE + 1
        for share in range(shares):
            pools = exceeded.filter(pl.col("pool_key").hash() % shares == share).lazy().select("pool_key", "stages")
            yield self._in_order(self._with_pool_key(self._counted(cdrs)).join(pools, on="pool_key"), exceeded)

    def _in_order(self, cdrs: pl.LazyFrame, exceeded: pl.DataFrame) -> pl.LazyFrame:
        """Take off each CDR's units what those before it left of its allowance.

        Where the versions of a tariff have allowances of different sizes, what is used is counted for each term, on top of
        what was used before it; units that were charged did not use anything.
        """
        most_stages = int(exceeded["stages"].cast(pl.Int64).max())  # type: ignore[arg-type]  # a number: there are rows
        used: pl.Expr = pl.lit(0, pl.Int128)
        pool = ["pool_key"]
        if most_stages > 1:
            pool = ["pool_key", "stage"]
            cdrs = cdrs.with_columns(stage=pl.when(pl.col("stages") > 1).then("term"))
            cdrs = cdrs.join(_used_before(cdrs, most_stages), on=pool, how="left", nulls_equal=True)
            used = pl.col("used_before").fill_null(0)
        units = pl.col("units").cast(pl.Int128)
        used += (units.cum_sum() - units).over(pool, order_by=["started_at", "cdr_id"])
        left = (pl.col("allowance") - used).clip(lower_bound=0)
        return self._covered(cdrs, pl.min_horizontal(left, "units").cast(pl.Int64))

    def _covered(self, cdrs: pl.LazyFrame, allowance_units: pl.Expr) -> pl.LazyFrame:
        """Price what the allowances do not cover; null where there are no units."""
        covered = cdrs.with_columns(allowance_units=pl.when(pl.col("units").is_not_null()).then(allowance_units))
        return self._priced(covered.with_columns(charged_units=pl.col("units") - pl.col("allowance_units")))

    def _counted(self, cdrs: pl.LazyFrame) -> pl.LazyFrame:
        """Count the units of each CDR.

        Adds: local_date, service_number, zone_number (of `Zones`), term (of `terms`), month (the number of the month that
        the CDR's cycle becomes when it starts on day 1), band_number, the columns of its rate in `Prices.rates` (null
        without one), unrated (the number of the reason, 0: it is rated), units (null: unrated), pool (0: it uses no
        allowance).
        """
        prices = self.prices
        day = pl.col("local_date")
        zone, band = pl.col("zone_number"), pl.col("band_number")
        is_free = pl.col("is_free")
        terms = self.terms.lazy().select(
            "term",
            "subscription_id",
            pl.col("term_from", "term_to").to_physical(),
            pl.col("code").cast(pl.Int32),
            shift_days=(pl.col("cycle_day") - 1).cast(pl.Int32),
        )
        return (
            cdrs.with_columns(wall=wall_clock(pl.col("started_at"), self.policy.timezone))
            .with_columns(
                local_date=day_of(pl.col("wall")),
                week_second=second_of_week(pl.col("wall")),
                service_number=service_number(),
                zone_number=prices.zones.of_cdr(),
            )
            .with_columns(is_free=(pl.col("quantity") == 0) | prices.zones.is_free(zone, self.policy, day))
            .join(terms, on="subscription_id")
            .filter(day.to_physical() >= pl.col("term_from"), day.to_physical() < pl.col("term_to"))
            .with_columns(
                month=pick(_months(), day.to_physical() - pl.col("shift_days") + _BEFORE_1970).fill_null(0),
                band_number=prices.band(pl.col("week_second")),
            )
            .with_columns(rate=prices.rate(zone, band))
            .join(prices.rates.lazy(), on="rate", how="left")
            .with_columns(
                unrated=pl.when(is_free | pl.col("rate").is_not_null()).then(pl.lit(0, pl.Int8)).otherwise(_why_not()),
                units=pl.when(is_free).then(0).otherwise(rounded_units(prices)),
                pool=pl.when(~is_free).then("pool").otherwise(0).fill_null(0),
            )
        )

    def _priced(self, covered: pl.LazyFrame) -> pl.LazyFrame:
        """Add the cost of each CDR's `charged_units`."""
        too_dear = pl.col("cost").is_null() & (pl.col("unrated") == 0)
        number = pl.lit(REASONS.index(TOO_DEAR) + 1, pl.Int8)
        return add_cost(covered, pl.col("charged_units"), self.prices).with_columns(
            unrated=pl.when(too_dear).then(number).otherwise("unrated")
        )

    def _pool_key(self) -> pl.Expr:
        return (pl.col("owner") * (self.prices.pool_count + 1) + pl.col("pool")) * MONTHS + pl.col("month")

    def _with_pool_key(self, counted: pl.LazyFrame) -> pl.LazyFrame:
        """Number what each CDR's allowance is counted for; null if it uses none."""
        return counted.with_columns(owner=pick(self.terms["owner"], pl.col("term"))).with_columns(
            pool_key=pl.when(pl.col("pool") > 0).then(self._pool_key())
        )


def _used_before(cdrs: pl.LazyFrame, most_stages: int) -> pl.LazyFrame:
    """Work out what was used of each allowance whose size varies before each of its stages.

    Of 100 minutes, 150 use all 100 and 50 are charged; of the next version's 200 minutes in that cycle 100 are left.
    """
    pools = (
        cdrs.filter(pl.col("stages") > 1)
        .group_by("pool_key", "stage")
        .agg(pl.col("units").cast(pl.Int128).sum(), pl.col("allowance").first())
        .sort("pool_key", "stage")
        .group_by("pool_key", maintain_order=True)
        .agg("stage", "units", "allowance")
        .with_columns(used_before=pl.lit(0, dtype=pl.Int128))
    )
    found = []
    for k in range(most_stages):
        stage, units, allowance = (
            pl.col(name).list.get(k, null_on_oob=True) for name in ("stage", "units", "allowance")
        )
        found.append(pools.filter(pl.col("stage").list.len() > k).select("pool_key", "used_before", stage=stage))
        used = pl.min_horizontal(units, (allowance - pl.col("used_before")).clip(lower_bound=0))
        pools = pools.with_columns(used_before=pl.col("used_before") + used)
    return pl.concat(found)


def _why_not() -> pl.Expr:
    """Return the number of the reason why a CDR that is not free has no rate."""
    why = (
        (pl.col("code").is_null(), OF_TERM),
        (pl.col("zone_number").is_null(), REASONS.index(NO_ZONE) + 1),
        (pl.col("zone_number") == REJECTED_NUMBER, REASONS.index(REJECTED_PREFIX) + 1),
    )
    reason = pl.lit(REASONS.index(NO_RATE) + 1, pl.Int8)
    for applies, number in reversed(why):
        reason = pl.when(applies).then(pl.lit(number, pl.Int8)).otherwise(reason)
    return reason


def days_of(cdrs: pl.LazyFrame) -> tuple[date, date]:
    """Return days between which all CDRs are, whatever the time zone."""
    started = pl.col("started_at")
    first, last = cdrs.select(first=started.min(), last=started.max()).collect(engine="streaming").row(0)
    if first is None:
        return date.min, date.min
    return first.date() - timedelta(days=1), last.date() + timedelta(days=2)


_BEFORE_1970: Final = 719_162
"""Days from the first day of year 1 to 1970."""


@lru_cache(maxsize=1)
def _months() -> pl.Series:
    """Number the month of every day from year 1 to the end of year 10,000, counted from year 0."""
    days = pl.int_range(-_BEFORE_1970, 2_933_262, dtype=pl.Int32, eager=True).cast(pl.Date)
    return days.dt.year() * 12 + days.dt.month().cast(pl.Int32) - 1
