"""What a run may post without anybody's approval (§8.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from billadjust.money import PERCENT, as_decimal

if TYPE_CHECKING:
    from billadjust.config import Config, Limits
    from billadjust.inputs import Inputs

SHOWN = 5
"""How many accounts are named: those beyond the limit, or those that change most."""


def too_many_rejected(counts: pl.DataFrame, limits: Limits) -> str | None:
    """Say of which inputs too many rows are rejected (`Loaded.counts`); None if a run goes ahead."""
    beyond = counts.filter(pl.col("rejected") * PERCENT > limits.rejected_share * pl.col("rows"))
    if not beyond.height:
        return None
    listed = ", ".join(f"{row['input']} ({row['rejected']:,} of {row['rows']:,} rows)" for row in beyond.to_dicts())
    return f"Too many rows were rejected: {listed}."


def exceeded(entries: pl.DataFrame, inputs: Inputs, config: Config) -> tuple[str, ...]:
    """Return a sentence for each limit that the entries (schemas.Entries) are beyond; none is good news.

    What a run changes is counted account by account, so that money that only moves between the claims of a customer
    does not count, and what one customer gets is not made up for by what is taken back from another.
    """
    limits, digits = config.limits, config.policy.digits
    accounts = (
        entries.group_by("account_id")
        .agg(pl.col("gross").sum())
        .sort(pl.col("gross").abs(), pl.col("account_id"), descending=[True, False])
    )
    given = int(accounts["gross"].clip(lower_bound=0).sum())
    back = int(-accounts["gross"].clip(upper_bound=0).sum())
    moved = max(given, back)
    found, responsible = [], False

    def money(amount: int) -> str:
        return f"{as_decimal(amount, digits)} {config.currency}"

    def named(some: pl.DataFrame) -> str:
        return ", ".join(f"{account} {money(gross)}" for account, gross in some.head(SHOWN).rows())

    run = f"The run gives {money(given)}" + (f" and takes back {money(back)}" if back else "")
    if limits.run_gross is not None and moved > limits.run_gross:
        found.append(f"{run}; limits.run_gross is {money(limits.run_gross)}.")
        responsible = True
    if limits.account_gross is not None:
        large = accounts.filter(pl.col("gross").abs() > limits.account_gross)
        if large.height:
            found.append(
                f"Accounts beyond limits.account_gross of {money(limits.account_gross)}: {large.height:,}, "
                f"{'the largest ' if large.height > SHOWN else ''}{named(large)}."
            )
    if limits.share_of_billed is not None:
        billed = int(inputs.invoices.select(pl.col("gross_total").sum()).collect(engine="streaming").item())
        if moved * PERCENT > billed * limits.share_of_billed:
            share = as_decimal(limits.share_of_billed, 4).normalize()
            found.append(f"{run} of {money(billed)} billed; limits.share_of_billed is {share:f} %.")
            responsible = True
    if responsible:
        found.append(f"The largest changes: {named(accounts)}.")
    return tuple(found)
