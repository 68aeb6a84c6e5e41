"""What earlier lines were charged too little for the same fee, which is due on the next line, once (§5.8)."""

from __future__ import annotations

from typing import Final

import polars as pl

CHOICES: Final = ["contract", "improved"]
"""The version choices, as columns."""


def carried_shortfalls(lines: pl.DataFrame, beneath: pl.DataFrame) -> pl.DataFrame:
    """Carry what lines were charged too little to the next line that covers one of their days again.

    A fee of 9.90 charged with 5.00, and then billed again for the same month: of the second line 4.90 is due. What the
    second line leaves open is carried on to the third. Lines that met once share what is open from then on; a line
    never inherits from one whose days it does not cover, so later lines change nothing about earlier ones.

    The subscriptions are worked through in step, their first lines at once, then their second.

    Args:
        lines: line (in the order of the lines), subscription_id, net_amount (the charge, above 0), and `contract` and
            `improved`, what is due of the line itself; null if unknown.
        beneath: line, earlier_line: which earlier lines a line finds on its days.

    Returns:
        line, contract, improved: what is carried to the line, null if that is unknown.
    """
    turns = (
        lines.sort("line")
        .with_columns(turn=pl.int_range(pl.len()).over("subscription_id"))
        .select("line", "turn", *(pl.col(choice) - pl.col("net_amount") for choice in CHOICES))
    )
    nothing = pl.DataFrame(schema={"line": pl.UInt32, **dict.fromkeys(CHOICES, pl.Int64)})
    groups = pl.DataFrame(schema={"line": pl.UInt32, "group": pl.UInt32})
    open_amounts = nothing.rename({"line": "group"})
    carried = [nothing]
    for now in turns.partition_by("turn"):
        met = (
            beneath.join(now, on="line", how="semi")
            .join(groups.rename({"line": "earlier_line"}), on="earlier_line")
            .select("line", "group")
            .unique()
        )
        brought = met.join(open_amounts, on="group").group_by("line").agg(_sum_or_unknown(choice) for choice in CHOICES)
        none_brought = now.join(brought, on="line", how="anti").select(
            "line", *(pl.lit(0, pl.Int64).alias(choice) for choice in CHOICES)
        )
        arrived = pl.concat([brought, none_brought])
        carried.append(arrived)
        still_open = arrived.join(now, on="line", suffix="_own").select(
            group="line",
            **{choice: (pl.col(choice) + pl.col(f"{choice}_own")).clip(lower_bound=0) for choice in CHOICES},
        )
        merged = met.select("group", new_group="line")
        open_amounts = pl.concat([open_amounts.join(merged, on="group", how="anti"), still_open])
        groups = pl.concat(
            [
                groups.join(merged, on="group", how="left").select("line", group=pl.coalesce("new_group", "group")),
                now.select("line", group="line"),
            ]
        )
    return pl.concat(carried)


def _sum_or_unknown(choice: str) -> pl.Expr:
    """Return the sum of a column, null if one of its values is null."""
    return pl.when(pl.col(choice).is_not_null().all()).then(pl.col(choice).sum()).alias(choice)
