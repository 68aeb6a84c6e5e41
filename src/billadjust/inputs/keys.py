"""Keys that appear again.

Tens of millions of keys are compared by their hashes, a share of them at a time; only rows whose hash appears twice
are compared exactly.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from billadjust.inputs.grammar import default
from billadjust.inputs.read import ROW
from billadjust.phrases import phrase

if TYPE_CHECKING:
    from billadjust.inputs.reading import Reading

SHARE: Final = 40_000_000
"""So many keys are compared at a time: 0.6 GiB."""


def check_keys(reading: Reading) -> None:
    """Reject rows whose key appears again with other content; of rows with the same content, keep the first.

    A rejected row has a key as well, as far as it can be read: an accepted row with the same key has other content.
    """
    key = list(reading.table.key)
    bad = _rejected_keys(reading, key)
    keys = pl.concat([reading.typed.select(key), bad])
    shares = keys.select(pl.len()).collect(engine="streaming").item() // SHARE + 1
    typed = reading.typed
    for share in range(shares):
        here = pl.col("_hash") % shares == share
        # to sort them takes half as long as to group them
        hashes = keys.select(_hash(key)).filter(here).collect(engine="streaming").to_series().sort()
        repeated = hashes.filter(hashes == hashes.shift()).unique().to_frame()
        if repeated.height:
            _compare(reading, typed.with_columns(_hash(key)).join(repeated.lazy(), on="_hash", how="semi"), bad, key)


def _hash(key: list[str]) -> pl.Expr:
    return pl.struct(key).hash().alias("_hash")


def _rejected_keys(reading: Reading, key: list[str]) -> pl.LazyFrame:
    """The keys of rejected rows that can be read in full."""
    columns = [reading.table.column(name) for name in key]
    whole = pl.all_horizontal(
        pl.col(column.name).is_not_null() | (pl.lit(not column.required) & ~pl.col(f"named {column.name}"))
        for column in columns
    )
    keys = reading.rejected(*key).filter(whole).select(key).unique()
    return keys.with_columns(
        pl.col(column.name).fill_null(default(column, reading.style))
        for column in columns
        if column.default is not None
    )


def _compare(reading: Reading, rows: pl.LazyFrame, bad: pl.LazyFrame, key: list[str]) -> None:
    """Compare rows with the same hash exactly, by key and by content."""
    place = pl.col(ROW)
    same = rows.select(
        ROW,
        *key,
        _contents=pl.struct(reading.table.schema.names()).n_unique().over(key),
        _first=place.min().over(key),
        _second=place.bottom_k(2).max().over(key),
    )
    found = same.join(bad.with_columns(_bad=True), on=key, how="left", nulls_equal=True).collect()
    contradicted = (pl.col("_contents") > 1) | pl.col("_bad").is_not_null()
    other = pl.when(place == pl.col("_first")).then("_second").otherwise("_first")
    where = pl.when(other == place).then(pl.lit("a rejected row")).otherwise(reading.place(other))
    reading.reject(
        found.lazy().filter(contradicted), tuple(key), phrase("the key appears again with other content ({})", where)
    )
    repeats = found.filter(~contradicted & (place != pl.col("_first")))
    reading.leave_out(repeats)
    reading.repeats += repeats.height
