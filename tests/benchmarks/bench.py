"""Measure the bare scan, the rating, DuckDB's rating, the best price and the whole night on the same made-up month.

    python tests/benchmarks/bench.py                    2 million CDRs of 20,000 subscriptions
    python tests/benchmarks/bench.py --cdrs 20000000    ten times as many of both

Each is run in a process of its own, which is asked for its time and its peak memory; the median of three runs counts.
The sums of both ratings are compared. What the best price costs is the difference of two: what bills should have cost,
without it and with it; both with ten tariffs on sale, of which customers have six.
The month is made once and kept in `.bench`.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import polars as pl
from duck import rate_lines
from month import AS_OF
from month_catalogue import NOBODYS, VERSIONS, write_catalogue

from billadjust import nightly
from billadjust.config import load_config
from billadjust.inputs import known_on, load
from billadjust.inputs.model import Inputs
from billadjust.night import make_night
from billadjust.policy import Policy
from billadjust.rating.catalogue import spans
from billadjust.rating.prices import read_prices
from billadjust.rating.terms import extent_of, read_terms
from billadjust.rating.usage_parts import usage_of, usage_parts
from billadjust.staging import keep
from billadjust.watch import Watch

if TYPE_CHECKING:
    from collections.abc import Callable


CDRS_EACH: Final = 100
"""CDRs of a subscription on average."""

KEY: Final = ["invoice_id", "subscription_id", "service", "choice"]
GIB: Final = 2**20
"""Of the kilobytes in which the system counts memory."""


def scan(month: Path, _: Path, __: Inputs) -> None:
    """Read every value of the columns that rating needs."""
    frame = pl.scan_parquet(month / "cdrs" / "*.parquet")
    texts = [pl.col(name).str.len_bytes().sum() for name, dtype in frame.collect_schema().items() if dtype == pl.String]
    numbers = [pl.col(name).max() for name, dtype in frame.collect_schema().items() if dtype != pl.String]
    frame.select(*texts, *numbers).collect(engine="streaming")


def rating(month: Path, work: Path, inputs: Inputs) -> None:
    """Rate all CDRs under both version choices, and sum up what they cost for each line: what DuckDB does, too."""
    config = load_config(month / "billadjust.toml")
    tariff_spans = spans(inputs, config.policy).collect().lazy()
    with usage_of(inputs, tariff_spans, config.policy) as usage:
        parts = usage_parts(usage).drop_nulls("invoice_id").collect().lazy()
    sums = parts.group_by(*KEY, "shared").agg(pl.col("cost").sum()).collect().lazy()
    again = sums.filter("shared").with_columns(choice=pl.lit("improved"))
    pl.concat([sums, again]).select(*KEY, "cost").sink_parquet(work / "ours.parquet", engine="streaming")


def duck(month: Path, work: Path, _: Inputs) -> None:
    """Rate the same in DuckDB."""
    rate_lines(month, work / "terms.parquet", work / "duck.parquet")


def without_best_price(_: Path, work: Path, inputs: Inputs) -> None:
    """Work out what each line should have cost."""
    _make_night(work, inputs, "off")


def with_best_price(_: Path, work: Path, inputs: Inputs) -> None:
    """Work out the same, and what each bill would have cost under every tariff on sale."""
    _make_night(work, inputs, "advise")


def _make_night(work: Path, inputs: Inputs, mode: str) -> None:
    staged = Path(tempfile.mkdtemp(dir=work))

    def stage(name: str, frame: pl.LazyFrame) -> pl.LazyFrame:
        return keep(frame, staged / f"{name}.parquet")

    policy = Policy.of({"best_price.mode": mode})
    make_night(known_on(inputs, AS_OF, policy.timezone), policy, AS_OF, stage)


def night(month: Path, _: Path, __: Inputs) -> None:
    """Work out all that a night would post, without posting it."""
    unseen = Watch(lambda _: None, lambda *_, **__: None, time.monotonic)
    nightly.preview(nightly.Request(load_config(month / "billadjust.toml"), AS_OF), None, unseen)


TASKS: Final[dict[str, Callable[[Path, Path, Inputs], None]]] = {
    "scan": scan,
    "rating": rating,
    "duckdb": duck,
    "lines": without_best_price,
    "best_price": with_best_price,
    "night": night,
}
WORDS: Final = {
    "scan": "bare scan",
    "rating": "our rating",
    "duckdb": "DuckDB's rating",
    "lines": "what lines should cost",
    "best_price": "and bills at ten tariffs",
    "night": "whole night, dry",
}


def prepare(month: Path, work: Path, inputs: Inputs) -> None:
    """Write the terms that DuckDB starts from."""
    config = load_config(month / "billadjust.toml")
    prices = read_prices(inputs, config.policy)
    terms = read_terms(
        inputs, spans(inputs, config.policy), prices, ["contract", "improved"], extent_of(inputs.cdrs).days
    ).with_columns(version=pl.when(choice="contract").then("contract_version").otherwise("improved_version"))
    kept = ("subscription_id", "tariff_id", "term_from", "term_to", "version", "choice", "shared", "cycle_day")
    terms.select(kept).write_parquet(work / "terms.parquet")


def compare(work: Path) -> int:
    """Return how many sums were compared.

    Raises:
        AssertionError: One differs.
    """
    shared = pl.read_parquet(work / "terms.parquet").filter("shared").select("subscription_id").unique()
    theirs = pl.read_parquet(work / "duck.parquet")
    again = theirs.join(shared, on="subscription_id", how="semi").with_columns(choice=pl.lit("improved"))
    both = pl.concat([theirs, again]).join(pl.read_parquet(work / "ours.parquet"), on=KEY, how="full", suffix="_ours")
    different = both.filter(pl.col("cost").ne_missing(pl.col("cost_ours")))
    if different.height:
        raise AssertionError(f"{different.height} of {both.height} sums differ:\n{different.head()}")
    return both.height


def read_inputs(month: Path, work: Path, *, ten_tariffs: bool = False) -> Inputs:
    """Read everything but the CDRs with its checks; the CDRs are made as they are after theirs.

    `ten_tariffs`: with those on sale that nobody has.
    """
    config = load_config(month / "billadjust.toml")
    sources = {name: source for name, source in config.sources.items() if name != "cdrs"}
    spool = Path(tempfile.mkdtemp(dir=work))
    if ten_tariffs:
        catalogue = Path(tempfile.mkdtemp(dir=work))
        write_catalogue(catalogue, CDRS_EACH, VERSIONS + NOBODYS)
        for name in ("tariffs", "rates", "allowances"):
            sources[name] = replace(sources[name], path=str(catalogue / f"{name}.csv"))
    inputs = load(sources, currency=config.currency, timezone=config.timezone, spool=spool).inputs
    cdrs = pl.scan_parquet(month / "cdrs" / "*.parquet").with_columns(
        pl.col("destination").str.strip_prefix("+"),
        pl.col("quantity") * 1_000_000,
        pl.col("charged").to_physical().cast(pl.Int64),
    )
    return replace(inputs, cdrs=cdrs)


def run(task: str, month: Path, work: Path) -> tuple[float, float, float]:
    """Run a task in a process of its own; return its seconds, its seconds of all cores, and its peak memory in GiB."""
    command = [sys.executable, __file__, "--task", task, "--month", str(month), "--work", str(work)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        seconds, busy = process.stdout.read().split() or ("", "")
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return float(seconds), float(busy), usage.ru_maxrss / GIB


def main() -> None:
    """Measure and print the table, or do one task."""
    parser = argparse.ArgumentParser(description="Measure rating.")
    parser.add_argument("--cdrs", type=int, default=2_000_000)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--tasks", nargs="+", default=list(TASKS), choices=list(TASKS))
    parser.add_argument("--task", choices=[*TASKS, "prepare"])
    parser.add_argument("--month", type=Path)
    parser.add_argument("--work", type=Path)
    asked = parser.parse_args()
    if asked.task:
        # the tables beside the CDRs are read beforehand; a whole night reads everything itself
        compares = asked.task in {"lines", "best_price"}
        reads = compares or asked.task in {"rating", "prepare"}
        inputs = read_inputs(asked.month, asked.work, ten_tariffs=compares) if reads else Inputs.of({})
        start, busy = time.perf_counter(), time.process_time()
        (TASKS | {"prepare": prepare})[asked.task](asked.month, asked.work, inputs)
        sys.stdout.write(f"{time.perf_counter() - start} {time.process_time() - busy}")
        return
    month = asked.month or Path(".bench") / f"{asked.cdrs}-cdrs"
    if not month.exists():
        month.parent.mkdir(exist_ok=True)
        # in a process of its own: those that are started later would seem to need as much memory as this one
        size = ["--subscriptions", str(asked.cdrs // CDRS_EACH), "--cdrs", str(asked.cdrs)]
        subprocess.run([sys.executable, str(Path(__file__).with_name("month.py")), str(month), *size], check=True)
    with tempfile.TemporaryDirectory(dir=month.parent) as work:
        sys.stdout.write(measure(asked.tasks, month, Path(work), asked.repeat))


def measure(tasks: list[str], month: Path, work: Path, repeat: int) -> str:
    """Run the tasks in turn and return the table."""
    if "duckdb" in tasks:
        run("prepare", month, work)
    runs: dict[str, list[tuple[float, float, float]]] = {task: [] for task in tasks}
    for _ in range(repeat):
        for task in tasks:
            runs[task].append(run(task, month, work))
    cdrs = pl.scan_parquet(month / "cdrs" / "*.parquet").select(pl.len()).collect().item()
    rows = [f"{cdrs:,} CDRs, {os.cpu_count()} cores, {platform.machine()}, Polars {pl.__version__}, {repeat} runs each"]
    rows += [
        "",
        "| | s | CPU s | CDRs/s | GiB | x scan | x rating |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    seconds = {task: statistics.median(second for second, _, _ in found) for task, found in runs.items()}
    for task, found in runs.items():
        cores = statistics.median(second for _, second, _ in found)
        memory = max(peak for _, _, peak in found)
        ratios = [f"{seconds[task] / seconds[of]:.1f}" if of in seconds else "" for of in ("scan", "rating")]
        rows.append(
            f"| {WORDS[task]} | {seconds[task]:.2f} | {cores:.2f} | {cdrs / seconds[task]:,.0f} | {memory:.2f} | {ratios[0]} | {ratios[1]} |"
        )
    if {"duckdb", "rating"} <= runs.keys():
        rows += ["", f"{compare(work):,} sums of both ratings are equal to the millionth."]
    return "\n".join(rows) + "\n"


if __name__ == "__main__":
    main()
