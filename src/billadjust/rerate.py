"""Rating alone: CDR files in, the same CDRs priced out (§5.1 to §5.7)."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

import polars as pl

from billadjust.errors import UsageError
from billadjust.inputs import load
from billadjust.money import to_decimal
from billadjust.rating.catalogue import spans
from billadjust.rating.rate import rate

if TYPE_CHECKING:
    from collections.abc import Callable

    from billadjust.config import Config
    from billadjust.inputs import Loaded
    from billadjust.rating.terms import Choice

NEEDED: Final = ("accounts", "subscriptions", "tariffs", "rates", "allowances", "zones", "bands", "cdrs")
"""The inputs that rating reads."""

ENDINGS: Final = (".parquet", ".csv")
"""What the name of the file of priced CDRs may end in."""


def rerate(config: Config, output: Path, choice: Choice, progress: Callable[[str], None]) -> Loaded:
    """Write every accepted CDR with what it should have cost, in no particular order; the ledger is not touched.

    Columns: cdr_id, zone, band, tariff, version, units (the quantity rounded up), allowance_units (those that the
    allowance paid), cost, charged, difference (charged − cost), unrated (why there is no cost). Units and amounts are
    decimals with 6 places. The file appears when it is complete. CDRs wait in a temporary file, so memory does not grow with
    their number.

    Args:
        config: Where the inputs are. Invoices and what hangs on them are not read.
        output: A `.parquet` or `.csv` file; it is replaced.
        choice: Price by the contract version of each day or by the improved version.
        progress: Is told what is being done.

    Returns:
        What was read, with what was rejected: rejected CDRs are not in the file.

    Raises:
        UsageError: The output has another ending, there is no such directory, or there are no CDRs.
        InputError: An input cannot be read as a whole.
    """
    if output.suffix.lower() not in ENDINGS:
        raise UsageError(f"--output {output}: end the name in {' or '.join(ENDINGS)}.")
    if not output.absolute().parent.is_dir():
        raise UsageError(f"--output {output}: there is no directory {output.absolute().parent}. Make it first.")
    sources = {name: source for name, source in config.sources.items() if name in NEEDED}
    with tempfile.TemporaryDirectory(prefix="billadjust-") as spool:
        loaded = load(sources, currency=config.currency, timezone=config.timezone, spool=Path(spool), progress=progress)
        if "cdrs" not in loaded.inputs.present:
            raise UsageError("There are no CDRs to rate: put them beside the configuration, or give their path.")
        progress("Rating usage")
        rated = rate(loaded.inputs, spans(loaded.inputs, config.policy), config.policy, choice)
        unfinished = output.with_name(f".{output.name}.unfinished")
        try:
            _write(_readable(rated), unfinished, as_csv=output.suffix.lower() == ".csv")
            unfinished.replace(output)
        finally:
            unfinished.unlink(missing_ok=True)
    return loaded


def _readable(rated: pl.LazyFrame) -> pl.LazyFrame:
    """Turn schemas.RatedCdrs into what people read."""
    amounts = {
        "units": pl.col("units"),
        "allowance_units": pl.col("allowance_units"),
        "cost": pl.col("cost"),
        "charged": pl.col("charged"),
        "difference": pl.col("charged") - pl.col("cost"),
    }
    shown = {name: to_decimal(amount, 6) for name, amount in amounts.items()}
    return rated.select(
        "cdr_id", "zone", "band", pl.col("tariff_id").alias("tariff"), "version", **shown, unrated="unrated"
    )


def _write(rated: pl.LazyFrame, path: Path, *, as_csv: bool) -> None:
    if as_csv:
        rated.sink_csv(path, engine="streaming")
    else:
        rated.sink_parquet(path, engine="streaming")
