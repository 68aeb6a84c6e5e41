"""Keys that appear again.

Tens of millions of keys are compared by their hashes, a share of them at a time; only rows whose hash appears twice
are compared exactly.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from billadjust.inputs.read import ROW

if TYPE_CHECKING:
    from billadjust.inputs.reading import Reading

SHARE: Final = 20_000_000
"""So many hashes are held in memory at a time."""


def check_keys(reading: Reading) -> None:
    """Reject rows whose key appears again with other content; of rows with the same content, keep the first.

    A rejected row has a key as well, as far as it can be read: an accepted row with the same key has other content.
    """
    key = list(reading.table.key)
    columns = reading.table.schema.names()
    optional = [name for name in key if not reading.table.column(name).required]
    unreadable = pl.any_horizontal(pl.col(name).is_null() & (~pl.lit(name in optional) | pl.col(f"named {name}")) for name in key)
    bad = reading.rejected(*key).filter(~unreadable).select(key)
    defaults = {name: default for name in optional if (default := reading.table.column(name).default) is not None}
    bad = bad.with_columns(pl.col(name).fill_null(int(default)) for name, default in defaults.items())
    repeated = _repeated(pl.concat([reading.typed.select(key), bad]), key)
    if not repeated.height:
        return
    same = reading.typed.with_columns(_hash(key)).join(repeated.lazy(), on="_hash", how="semi")
    contents = pl.struct(columns).n_unique().over(key)
    first, second = pl.col(ROW).min().over(key), pl.col(ROW).bottom_k(2).max().over(key)
    rows = (
        same.with_columns(_contents=contents, _first=first, _other=pl.when(pl.col(ROW) == first).then(second).otherwise(first), _count=pl.len().over(key))
        .join(bad.unique().with_columns(_bad=True), on=key, how="left", nulls_equal=True)
        .collect()
    )
    contradicted = (pl.col("_contents") > 1) | pl.col("_bad").is_not_null()
    where = pl.when(pl.col("_count") > 1).then(reading.place(pl.col("_other"))).otherwise(pl.lit("a rejected row"))
    reading.reject(rows.lazy().filter(contradicted), tuple(key), pl.format("the key appears again with other content ({})", where))
    repeats = rows.filter(~contradicted & (pl.col(ROW) != pl.col("_first")))
    reading.leave_out(repeats)
    reading.repeats = repeats.height


def _hash(key: list[str]) -> pl.Expr:
    return pl.struct(key).hash().alias("_hash")


def _repeated(keys: pl.LazyFrame, key: list[str]) -> pl.DataFrame:
    """The hashes that appear more than once."""
    hashes = keys.select(_hash(key))
    count = keys.select(pl.len()).collect(engine="streaming").item()
    shares = count // SHARE + 1
    parts = [
        hashes.filter(pl.col("_hash") % shares == share).group_by("_hash").len().filter(pl.col("len") > 1).select("_hash").collect(engine="streaming")
        for share in range(shares)
    ]
    return pl.concat(parts)
