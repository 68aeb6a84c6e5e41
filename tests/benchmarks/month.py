"""A realistic billing month of any size, the same for the same seed: skewed usage, versions, prefixes, allowances.

    python tests/benchmarks/month.py DIRECTORY --subscriptions 20000 --cdrs 2000000

writes a directory with a configuration that `billadjust run` takes. CDRs are charged their right price, but for one in
2,000; so the invoices add up, and a night finds little to post.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl
from month_catalogue import MOBILE, PLACES, write_catalogue

from billadjust.config import load_config
from billadjust.inputs import load
from billadjust.money import divide_half_up, tax_of, to_decimal
from billadjust.rating.catalogue import spans
from billadjust.rating.rate import rate
from billadjust.rating.recurring import recurring_charges

if TYPE_CHECKING:
    from numpy.random import Generator

    from billadjust.inputs.model import Inputs
    from billadjust.policy import Policy

AS_OF: Final = date(2026, 7, 5)
FIRST: Final = date(2026, 6, 1)
END: Final = date(2026, 7, 1)
DAY_S: Final = 86_400
BLOCK: Final = 1_000_000
"""About so many CDRs are made at once, those of neighbouring subscriptions."""

TARIFF_SHARES: Final = {"basic": 0.25, "plus": 0.25, "family": 0.2, "night": 0.1, "data": 0.1, "payg": 0.1}
SPREAD: Final = 0.8
"""Sigma of the logarithm of the usage of a subscription."""


@dataclass(frozen=True)
class Size:
    """How large a month is."""

    subscriptions: int
    cdrs: int
    prefixes: int = 20_000

    @property
    def files(self) -> int:
        """Into how many files the CDRs go."""
        return max(8, self.cdrs // 1_000_000)

    @property
    def usage(self) -> int:
        """CDRs of a subscription on average."""
        return max(1, self.cdrs // self.subscriptions)


def make_month(directory: Path, size: Size, seed: int = 1) -> None:
    """Write all inputs of a month and its configuration into a new directory."""
    directory.mkdir(parents=True)
    rng = np.random.default_rng(seed)
    write_catalogue(directory, size.usage)
    prefixes = _prefixes(rng, size)
    prefixes.write_csv(directory / "zones.csv")
    _customers(rng, size, directory)
    (directory / "outages.csv").write_text(
        "outage_id,service,started_at,ended_at\nO1,data,2026-06-20T14:00:00+02:00,2026-06-20T16:30:00+02:00\n"
    )
    config = directory / "billadjust.toml"
    config.write_text("# A made-up month. All inputs are in their default places.\n")
    with tempfile.TemporaryDirectory(dir=directory) as spool:
        settings = load_config(config)
        inputs = load(settings.sources, currency="EUR", timezone=settings.timezone, spool=Path(spool)).inputs
        sums = _usage(rng, size, directory, (inputs, settings.policy))
        _bill(rng, directory, (inputs, settings.policy), sums)


def _prefixes(rng: Generator, size: Size) -> pl.DataFrame:
    """Make nested prefixes: those of `PLACES`, and longer ones below them, some in another zone."""
    prefixes = dict(PLACES)
    stems = [prefix for prefix, _ in PLACES]
    while len(prefixes) < size.prefixes:
        stem = stems[rng.integers(len(stems))]
        prefix = stem + "".join(str(digit) for digit in rng.integers(0, 10, rng.integers(1, 5)))
        if prefix not in prefixes and len(prefix) < 10:
            other = PLACES[rng.integers(len(PLACES))][1] if rng.random() < 0.2 else None
            parents = (prefix[:length] for length in range(len(prefix) - 1, 0, -1))
            prefixes[prefix] = other or next(prefixes[parent] for parent in parents if parent in prefixes)
    return pl.DataFrame({"prefix": list(prefixes), "zone": list(prefixes.values())})


def _customers(rng: Generator, size: Size, directory: Path) -> None:
    """Write accounts and subscriptions; one subscription in twenty changes its tariff within the month."""
    count = size.subscriptions
    owner = np.sort(rng.integers(0, max(1, count * 2 // 3), count))
    accounts = pl.DataFrame({"number": np.unique(owner)})
    cycle_day = np.where(rng.random(len(accounts)) < 0.8, 1, rng.integers(1, 29, len(accounts)))
    accounts.select(
        account_id=_name("A", "number", 8),
        name=pl.format("Customer {}", "number"),
        email=pl.format("customer{}@example.org", "number"),
        language=pl.when(pl.col("number") % 5 == 0).then(pl.lit("en")).otherwise(pl.lit("es")),
        bill_cycle_day=pl.Series(cycle_day),
    ).write_parquet(directory / "accounts.parquet")
    shares = list(TARIFF_SHARES.values())
    tariffs = np.array(list(TARIFF_SHARES))
    first, second = (tariffs[rng.choice(len(tariffs), count, p=shares)] for _ in range(2))
    since = np.datetime64("2023-01-01") + rng.integers(0, 1_200, count)
    changes = rng.random(count) < 0.05
    change = np.datetime64(FIRST) + rng.integers(1, 29, count)
    subscriptions = pl.DataFrame(
        {
            "number": np.arange(count),
            "owner": owner,
            "tariff_id": first,
            "second": second,
            "valid_from": since,
            "change": change,
            "changes": changes,
        }
    ).with_columns(change=pl.when("changes").then(pl.col("change").cast(pl.Date)))
    row = {
        "subscription_id": _subscription(),
        "account_id": _name("A", "owner", 8),
        "region": pl.when(pl.col("number") % 3 == 0).then(pl.lit("north")).otherwise(pl.lit("south")),
    }
    before = subscriptions.select(
        **row, valid_from=pl.col("valid_from").cast(pl.Date), valid_to="change", tariff_id="tariff_id"
    )
    after = subscriptions.filter("changes").select(
        **row, valid_from="change", valid_to=pl.lit(None, pl.Date), tariff_id="second"
    )
    pl.concat([before, after]).write_parquet(directory / "subscriptions.parquet")


def _usage(rng: Generator, size: Size, directory: Path, priced_by: tuple[Inputs, Policy]) -> pl.DataFrame:
    """Write the CDRs, each file with CDRs of all subscriptions in no order; return what each line was charged."""
    weights = rng.lognormal(0, SPREAD, size.subscriptions)
    counts = rng.multinomial(size.cdrs, weights / weights.sum())
    blocks = np.searchsorted(np.cumsum(counts), np.arange(BLOCK, size.cdrs, BLOCK))
    destinations = _destinations(rng)
    inputs, policy = priced_by
    tariff_spans = spans(inputs, policy).collect()
    sums = []
    pieces = directory / "pieces"
    pieces.mkdir()
    start = 0
    for number, subscriptions in enumerate(np.split(np.arange(size.subscriptions), blocks)):
        if not len(subscriptions):
            continue
        usage = _cdrs(rng, np.repeat(subscriptions, counts[subscriptions]), start, destinations)
        start += usage.height
        own = tariff_spans.lazy().join(
            usage.lazy().select("subscription_id").unique(), on="subscription_id", how="semi"
        )
        typed = usage.lazy().with_columns(
            pl.col("destination").str.strip_prefix("+"), pl.col("quantity") * 1_000_000, charged=pl.lit(0, pl.Int64)
        )
        costs = rate(replace(inputs, cdrs=typed), own, policy, "improved").select("cdr_id", "cost").collect()
        wrong = pl.col("cdr_id").hash(7) % 2_000 == 0
        charged = pl.col("cost").fill_null(0) + wrong.cast(pl.Int64) * 10_000
        billed = usage.join(costs, on="cdr_id").with_columns(charged=charged).drop("cost")
        sums.append(
            billed.drop_nulls("invoice_id")
            .group_by("invoice_id", "subscription_id", "service")
            .agg(pl.col("charged").sum())
        )
        file = rng.integers(0, size.files, billed.height)
        shuffled = billed.with_columns(to_decimal(pl.col("charged"), 6), file=pl.Series(file)).sample(
            fraction=1, shuffle=True, seed=number
        )
        for (name,), part in shuffled.partition_by("file", as_dict=True, include_key=False).items():
            part.write_parquet(pieces / f"{name:04}-{number:04}.parquet", compression="lz4")
    (directory / "cdrs").mkdir()
    for name in range(size.files):
        part = pl.read_parquet(pieces / f"{name:04}-*.parquet")
        part.sample(fraction=1, shuffle=True, seed=name).write_parquet(directory / "cdrs" / f"cdrs-{name:04}.parquet")
    shutil.rmtree(pieces)
    return pl.concat(sums)


def _destinations(rng: Generator) -> pl.Series:
    """Make the numbers that are called: most of them Spanish, many of them mobile."""
    own = rng.choice(np.array(MOBILE), 120_000)
    abroad = np.array([prefix for prefix, _ in PLACES])[rng.integers(0, len(PLACES), 80_000)]
    stems = pl.Series(np.concatenate([own, abroad]))
    digits = pl.Series(rng.integers(10**8, 10**9, len(stems))).cast(pl.String)
    plus = pl.select(
        pl.when(pl.Series(rng.random(len(stems)) < 0.5)).then(pl.lit("+")).otherwise(pl.lit(""))
    ).to_series()
    return (plus + stems + digits.str.head(8)).alias("destination")


def _cdrs(rng: Generator, subscription: np.ndarray, start: int, destinations: pl.Series) -> pl.DataFrame:
    """Make the CDRs of some subscriptions: 45 % calls, 15 % messages, 40 % data."""
    count = len(subscription)
    kind = rng.choice(3, count, p=[0.45, 0.15, 0.40])
    quantity = np.select(
        [kind == 0, kind == 1],
        [np.where(rng.random(count) < 0.03, 0, rng.lognormal(4.2, 1.1, count) + 1), np.ones(count)],
        rng.lognormal(15.0, 1.3, count) + 1,
    ).astype(np.int64)
    late = rng.random(count) < 0.01
    day = np.where(late, -rng.integers(1, 15, count), rng.integers(0, 30, count))
    second = (rng.beta(4, 3, count) * DAY_S).astype(np.int64)
    midnight = int(datetime(2026, 5, 31, 22, tzinfo=UTC).timestamp())
    return pl.DataFrame(
        {
            "number": subscription,
            "id": rng.permutation(np.arange(start, start + count)),
            "kind": kind,
            "started_at": midnight + day * DAY_S + second,
            "to": destinations.gather(np.minimum(rng.zipf(1.3, count), rng.integers(1, len(destinations), count))),
            "quantity": quantity,
            "roams": rng.random(count) < 0.01,
            "billed": rng.random(count) < 0.995,
        }
    ).select(
        cdr_id=_name("C", "id", 15),
        subscription_id=_subscription(),
        service=pl.col("kind").replace_strict({0: "voice", 1: "sms", 2: "data"}, return_dtype=pl.String),
        started_at=pl.from_epoch("started_at").cast(pl.Datetime("us")).dt.replace_time_zone("UTC"),
        destination=pl.when(pl.col("kind") < 2).then("to"),
        zone=pl.when("roams").then(pl.lit("roaming")),
        quantity="quantity",
        invoice_id=pl.when("billed").then(_name("F26-", "number", 8)),
    )


def _bill(rng: Generator, directory: Path, priced_by: tuple[Inputs, Policy], sums: pl.DataFrame) -> None:
    """Write invoices for the month, with a fee and the usage of each subscription, and disputes of 1 % of them."""
    inputs, policy = priced_by
    subscriptions = inputs.subscriptions.collect().unique("subscription_id").sort("subscription_id")
    number = pl.col("subscription_id").str.slice(3)
    fees = subscriptions.select(
        "account_id",
        "subscription_id",
        invoice_id=pl.format("F26-{}", number),
        kind=pl.lit("recurring"),
        service=pl.lit(None, pl.String),
        net_amount=pl.lit(1, pl.Int64),
    )
    usage = (
        sums.select("invoice_id", "subscription_id", "service", net_amount=divide_half_up(pl.col("charged"), 10_000))
        .filter(pl.col("net_amount") > 0)
        .join(subscriptions.select("subscription_id", "account_id"), on="subscription_id")
        .with_columns(kind=pl.lit("usage"))
    )
    dates = {"issue_date": pl.lit(END), "period_start": pl.lit(FIRST), "period_end": pl.lit(END)}
    lines = (
        pl.concat([fees, usage.select(fees.columns)])
        .sort("invoice_id", "kind", "service")
        .with_columns(line_no=pl.int_range(1, pl.len() + 1).over("invoice_id"), tax_rate=pl.lit(210_000, pl.Int64))
    )
    bills = lines.select("invoice_id", "account_id").unique().with_columns(**dates)
    empty = replace(inputs, invoices=bills.lazy(), invoice_lines=_whole_lines(lines).lazy())
    due = recurring_charges(empty, spans(inputs, policy), policy).select("invoice_id", "line_no", "improved").collect()
    billed = lines.join(due, on=["invoice_id", "line_no"], how="left").with_columns(
        net_amount=pl.coalesce("improved", "net_amount")
    )
    taxed = billed.group_by("invoice_id").agg(
        pl.col("net_amount").sum(), tax=tax_of(pl.col("net_amount"), pl.col("tax_rate")).sum()
    )
    amounts = {"net_total": pl.col("net_amount"), "tax_total": pl.col("tax")}
    amounts["gross_total"] = amounts["net_total"] + amounts["tax_total"]
    totals = {name: to_decimal(amount, 2) for name, amount in amounts.items()}
    bills.join(taxed, on="invoice_id").sort("invoice_id").select(
        "invoice_id", "account_id", *dates, currency=pl.lit("EUR"), **totals
    ).write_parquet(directory / "invoices.parquet")
    billed.select(
        "invoice_id",
        "line_no",
        "kind",
        "subscription_id",
        "service",
        net_amount=to_decimal(pl.col("net_amount"), 2),
        tax_rate=pl.lit(21, pl.Int64),
    ).write_parquet(directory / "invoice_lines.parquet")
    disputed = billed.filter(pl.col("net_amount") > 0).sample(
        max(1, subscriptions.height // 100), seed=int(rng.integers(1_000_000))
    )
    disputed.select(
        dispute_id=pl.format("D-{}-{}", "invoice_id", "line_no"),
        account_id="account_id",
        invoice_id="invoice_id",
        line_no="line_no",
        opened_on=pl.lit(date(2026, 7, 3)),
        status=pl.lit("open"),
    ).sort("dispute_id").write_csv(directory / "disputes.csv")


def _whole_lines(lines: pl.DataFrame) -> pl.DataFrame:
    """Fill in the columns that a checked line has and the month's lines do not use."""
    return lines.with_columns(
        item=pl.lit(None, pl.String), period_start=pl.lit(None, pl.Date), period_end=pl.lit(None, pl.Date)
    )


def _name(letters: str, number: str, digits: int) -> pl.Expr:
    return pl.lit(letters) + pl.col(number).cast(pl.String).str.zfill(digits)


def _subscription() -> pl.Expr:
    return _name("346", "number", 8)


def main() -> None:
    """Make a month."""
    parser = argparse.ArgumentParser(description="Make a billing month.")
    parser.add_argument("directory", type=Path)
    parser.add_argument("--subscriptions", type=int, default=20_000)
    parser.add_argument("--cdrs", type=int, default=2_000_000)
    parser.add_argument("--prefixes", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    make_month(asked.directory, Size(asked.subscriptions, asked.cdrs, asked.prefixes), asked.seed)
    sys.stderr.write(f"The month is in {asked.directory}.\n")


if __name__ == "__main__":
    main()
