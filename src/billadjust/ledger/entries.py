"""Entries in the program and in the table, their hash, and what must hold among them (§7.5, §8.3)."""

from __future__ import annotations

import hashlib
import io
from typing import Final

import polars as pl

from billadjust.money import to_decimal, to_text
from billadjust.schemas import Entries

COLUMNS: Final = tuple(Entries.column_names())
AMOUNTS: Final = ("net", "tax", "gross")
RATE_DIGITS: Final = 4
"""Decimals of a tax rate in the table: the program counts it in ten-thousandths of a percent."""

COMPARED: Final = ("entry_id", "run_id", "claim", "bucket", *AMOUNTS)
"""The columns that `contradictions` looks at."""

_KEY: Final = ("claim", "bucket")
_SHOWN: Final = 10
_SLICE_ROWS: Final = 100_000


def to_table(entries: pl.DataFrame, digits: int) -> pl.DataFrame:
    """Turn schemas.Entries into the columns of the table: amounts as decimals of the currency."""
    return entries.select(COLUMNS).with_columns(
        to_decimal(pl.col(AMOUNTS), digits),
        to_decimal(pl.col("tax_rate"), RATE_DIGITS).cast(pl.Decimal(7, RATE_DIGITS)),
    )


def from_table(entries: pl.LazyFrame, digits: int) -> pl.LazyFrame:
    """Turn the columns of the table into schemas.Entries."""
    return entries.select(COLUMNS).with_columns(
        _units(pl.col(AMOUNTS), digits), _units(pl.col("tax_rate"), RATE_DIGITS)
    )


def plan_hash(entries: pl.DataFrame) -> str:
    """Return the SHA-256 of what a run posts: the entries without run_id, sorted by entry_id, as CSV (§8.3).

    The run_id is left out because a plan has none yet; the date stays in, so an approval holds for its day only.
    """
    digest = hashlib.sha256()
    ordered = entries.select(COLUMNS).drop("run_id").sort("entry_id")
    for part in ordered.iter_slices(_SLICE_ROWS):
        text = io.BytesIO()
        part.write_csv(text, include_header=False, date_format="%Y-%m-%d", quote_style="necessary")
        digest.update(text.getbuffer())
    return digest.hexdigest()


def contradictions(entries: pl.LazyFrame, digits: int) -> list[str]:
    """Say, a line each, where entries contradict themselves or each other; an empty list is good news.

    `entries` (of schemas.Entries, the columns COMPARED) are all entries of the claims that appear in it. Checked are entry_id = claim|bucket|seq,
    gross = net + tax, seq counting from 1 without gap in the order of the runs, and that no claim and bucket was ever
    below zero.
    """
    keyed = entries.select(COMPARED).with_columns(
        seq=pl.col("entry_id").str.extract(r"\|([1-9][0-9]{0,8})$").cast(pl.Int64)
    )
    groups = keyed.group_by(_KEY).agg(
        count=pl.len(), different=pl.col("seq").n_unique(), last=pl.col("seq").max(), least=pl.col("net").min()
    )
    # Most claims have one entry and need no running sum: only those that could have gone wrong are sorted.
    doubtful = groups.filter((pl.col("count") > 1) | (pl.col("least") < 0)).select(_KEY)
    ordered = _balances(keyed.join(doubtful, on=_KEY, how="semi"))
    named = pl.concat_str("claim", "bucket", "seq", separator="|")
    checks = {
        "Entry {entry_id} is of claim {claim}, bucket {bucket}: its identifier must be the two and a number.": (
            keyed.filter(named.ne_missing(pl.col("entry_id"))).sort("entry_id")
        ),
        "Entry {entry_id}: gross {gross} is not net {net} + tax {tax}.": (
            keyed.filter(pl.col("gross") != pl.col("net") + pl.col("tax")).sort("entry_id")
        ),
        "Claim {claim}, bucket {bucket}: its {count} entries have {different} different numbers up to {last}; they must count"
        " from 1 without gap.": groups.filter(
            (pl.col("count") != pl.col("different")) | pl.col("count").ne_missing(pl.col("last"))
        ).sort(_KEY),
        "Entry {entry_id} is of run {run_id}, but the entry before it of run {earlier}: later entries are of later runs.": (
            ordered.filter(pl.col("earlier") >= pl.col("run_id"))
        ),
        "Claim {claim}, bucket {bucket} stands at {balance} after entry {entry_id}: more was taken back than given.": (
            ordered.filter(pl.col("balance") < 0)
        ),
    }
    found = pl.collect_all([frame.pipe(_readable, digits) for frame in checks.values()], engine="streaming")
    return [line for sentence, rows in zip(checks, found, strict=True) for line in listed(sentence, rows)]


def listed(sentence: str, rows: pl.DataFrame) -> list[str]:
    """Fill the sentence with each of the first rows, and count the others."""
    lines = [sentence.format(**row) for row in rows.head(_SHOWN).to_dicts()]
    return lines if rows.height <= _SHOWN else [*lines, f"… and {rows.height - _SHOWN:,} more like this."]


def _balances(keyed: pl.LazyFrame) -> pl.LazyFrame:
    """Add to each entry the balance of its claim and bucket after it, and the run of the entry before it."""
    starts = pl.any_horizontal(pl.col(name).ne_missing(pl.col(name).shift(1)) for name in _KEY)
    total = pl.col("net").cum_sum()
    return (
        keyed.sort(*_KEY, "seq")
        .with_columns(
            before=pl.when(starts).then(total - pl.col("net")).forward_fill(),
            earlier=pl.when(~starts).then(pl.col("run_id").shift(1)),
        )
        .with_columns(balance=total - pl.col("before"))
    )


def _readable(rows: pl.LazyFrame, digits: int) -> pl.LazyFrame:
    amounts = [name for name in (*AMOUNTS, "balance") if name in rows.collect_schema()]
    return rows.with_columns(to_text(pl.col(name), digits).alias(name) for name in amounts)


def _units(amount: pl.Expr, digits: int) -> pl.Expr:
    return (amount.cast(pl.Decimal(38, digits)) * pl.lit(10**digits, dtype=pl.Decimal(38, 0))).cast(pl.Int64)
