"""What earlier runs kept about customers and invoices that the inputs do not have (any more)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    import dataframely as dy

    from billadjust.ledger import Snapshot


def newest_kept(snapshot: Snapshot, name: str, schema: type[dy.Schema], missing: pl.LazyFrame) -> pl.LazyFrame:
    """Return the newest row that a run kept in its table `name` for each missing key, where there is one.

    `missing` has one column: the key, which is one of the entries too, so that only runs about it are looked at.
    """
    wanted = missing.collect(engine="streaming")
    [key] = wanted.columns
    about = snapshot.entries.join(wanted.lazy(), on=key, how="semi") if wanted.height else snapshot.entries.head(0)
    runs = set(about.select("run_id").unique().collect(engine="streaming")["run_id"])
    # A filter keeps the order of the runs, which a join does not.
    kept = snapshot.kept(name, schema, runs).filter(pl.col(key).is_in(wanted[key].implode()))
    return kept.unique(key, keep="last", maintain_order=True)
