"""What a run may post without anybody's approval (§8.3)."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import polars as pl

from billadjust.money import PERCENT, as_decimal
from billadjust.parameters import PERCENT_DECIMALS

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
    """Return what is to be said of each limit that the entries (schemas.Entries) are beyond; nothing is good news.

    The first limit of the run as a whole also names the accounts that change most: those of the others are the same.
    What a run changes is counted account by account, so that money that only moves between the claims of a customer
    does not count, and what one customer gets is not made up for by what is taken back from another.
    """
    limits, digits = config.limits, config.policy.digits
    accounts, given, back = _moved(entries)
    moved = max(given, back)
    of_run: list[str] = []
    of_accounts: list[str] = []

    def money(amount: int) -> str:
        return f"{as_decimal(amount, digits)} {config.currency}"

    def named(some: pl.DataFrame) -> str:
        return ", ".join(f"{account} {money(gross)}" for account, gross in some.head(SHOWN).rows())

    run = f"The run gives {money(given)}" + (f" and takes back {money(back)}" if back else "")
    if limits.run_gross is not None and moved > limits.run_gross:
        of_run.append(f"{run}; limits.run_gross is {money(limits.run_gross)}.")
    if limits.account_gross is not None:
        large = accounts.filter(pl.col("gross").abs() > limits.account_gross)
        if large.height:
            of_accounts.append(
                f"Accounts beyond limits.account_gross of {money(limits.account_gross)}: {large.height:,}, "
                f"{'the largest ' if large.height > SHOWN else ''}{named(large)}."
            )
    if limits.share_of_billed is not None:
        billed = _billed(inputs)
        if moved * PERCENT > billed * limits.share_of_billed:
            share = as_decimal(limits.share_of_billed, 4).normalize()
            of_run.append(f"{run} of {money(billed)} billed; limits.share_of_billed is {share:f} %.")
    if of_run:
        of_run[0] += f" The largest changes: {named(accounts)}."
    return (*of_run, *of_accounts)


def measured(entries: pl.DataFrame, inputs: Inputs, counts: pl.DataFrame, config: Config) -> list[dict[str, Any]]:
    """Return what each limit allows and how much of it the run takes, set or not.

    `counts`: as of `Loaded`. `limit` is the key of `[limits]`, `allowed` (None: no limit) and `found` are amounts or
    percentages as text, `beyond` says whether one is above the other, `of` is the account or the input that comes
    nearest, or the amount that was billed.
    """
    limits, digits = config.limits, config.policy.digits
    accounts, given, back = _moved(entries)
    moved = max(given, back)
    largest, most = accounts.row(0) if accounts.height else (None, 0)
    billed = _billed(inputs)
    shares = counts.filter(pl.col("rejected") > 0).select("input", "rejected", "rows").rows()
    worst, rejected, rows = max(shares, key=lambda row: Fraction(row[1], row[2]), default=(None, 0, 1))

    def money(amount: int | None) -> str | None:
        return None if amount is None else str(as_decimal(amount, digits))

    def percent(share: int | None) -> str | None:
        return None if share is None else f"{as_decimal(share, PERCENT_DECIMALS).normalize():f}"

    def limit(name: str, allowed: int | None, found: int, of: str | None) -> dict[str, Any]:
        text = percent if "share" in name else money
        beyond = allowed is not None and found > allowed
        return {"limit": name, "allowed": text(allowed), "found": text(found), "beyond": beyond, "of": of}

    # Shares are rounded up, so that one which is beyond its limit by the least shows it. Of nothing everything is too much.
    share = -(-moved * PERCENT // billed) if billed else moved * PERCENT
    return [
        limit("run_gross", limits.run_gross, moved, None),
        limit("account_gross", limits.account_gross, abs(most), largest),
        limit("share_of_billed", limits.share_of_billed, share, money(billed)),
        limit("rejected_share", limits.rejected_share, -(-rejected * PERCENT // rows), worst),
    ]


def _moved(entries: pl.DataFrame) -> tuple[pl.DataFrame, int, int]:
    """Return the accounts with the gross that each gets, the largest first; and what is given and taken back in all."""
    accounts = (
        entries.group_by("account_id")
        .agg(pl.col("gross").sum())
        .sort(pl.col("gross").abs(), pl.col("account_id"), descending=[True, False])
    )
    given = int(accounts["gross"].clip(lower_bound=0).sum())
    back = int(-accounts["gross"].clip(upper_bound=0).sum())
    return accounts, given, back


def _billed(inputs: Inputs) -> int:
    """Return the gross of all invoices that are used."""
    return int(inputs.invoices.select(pl.col("gross_total").sum()).collect(engine="streaming").item())
