"""What a run may post without anybody's approval (§8.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from billadjust.money import PERCENT, as_decimal

if TYPE_CHECKING:
    from billadjust.config import Config
    from billadjust.inputs import Inputs

SHOWN = 5
"""How many accounts beyond the limit are named."""


def exceeded(entries: pl.DataFrame, inputs: Inputs, config: Config) -> tuple[str, ...]:
    """Return a sentence for each limit that the entries (schemas.Entries) are beyond; none is good news.

    Compared is what is given to customers: the gross of the entries in their favour, less what falls in the same run.
    """
    limits, digits = config.limits, config.policy.digits
    total = int(entries["gross"].sum())
    found = []

    def money(amount: int) -> str:
        return f"{as_decimal(amount, digits)} {config.currency}"

    if limits.run_gross is not None and total > limits.run_gross:
        found.append(f"The run gives {money(total)}; limits.run_gross is {money(limits.run_gross)}.")
    if limits.account_gross is not None:
        accounts = (
            entries.group_by("account_id")
            .agg(pl.col("gross").sum())
            .filter(pl.col("gross") > limits.account_gross)
            .sort("gross", "account_id", descending=[True, False])
        )
        if accounts.height:
            largest = ", ".join(f"{account} {money(gross)}" for account, gross in accounts.head(SHOWN).rows())
            found.append(
                f"{accounts.height:,} accounts get more than limits.account_gross of {money(limits.account_gross)}: {largest}."
            )
    if limits.share_of_billed is not None:
        billed = int(inputs.invoices.select(pl.col("gross_total").sum()).collect(engine="streaming").item())
        if total * PERCENT > billed * limits.share_of_billed:
            share = as_decimal(limits.share_of_billed, 4).normalize()
            found.append(
                f"The run gives {money(total)} of {money(billed)} billed; limits.share_of_billed is {share:f} %."
            )
    return tuple(found)
