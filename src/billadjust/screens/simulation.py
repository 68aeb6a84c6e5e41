"""What `billadjust simulate` shows: who would pay less, what it would cost, and what stays undecided."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from billadjust.money import as_decimal
from billadjust.terminal import add_row, counted, make_table

if TYPE_CHECKING:
    from rich.table import Table

    from billadjust.config import Config
    from billadjust.simulation import Simulation
    from billadjust.terminal import Terminal

VERDICTS = {
    "better": "better: all are moved",
    "mixed": "mixed: nobody is moved",
    "worse": "worse: nobody is moved",
    "same": "the same: nobody is moved",
}
"""What a planned version is to the customers of the one in force, in words."""


def show_simulation(terminal: Terminal, simulation: Simulation, config: Config) -> None:
    """Print the planned changes, revenue by tariff and by month, who is better off, and what is not decided by this."""
    digits, currency = config.policy.digits, config.currency
    rejected = int(simulation.loaded.counts["rejected"].sum())
    if rejected:
        terminal.show_line(f"Note: {counted(rejected, 'rejected row')} left out; `billadjust check` shows them.")
    for doubt in simulation.doubts:
        terminal.show_line(f"Note: {doubt}")
    terminal.show_table(_versions_table(simulation))
    terminal.show_table(_tariffs_table(simulation, digits, currency))
    terminal.show_table(_months_table(simulation, digits, currency))
    for line in (*_customers(simulation, digits, currency), *_undecided(simulation, digits, currency)):
        terminal.show_line(line)
    terminal.show_line("Nothing was posted.")


def _versions_table(simulation: Simulation) -> Table:
    table = make_table("Planned versions", "tariff", ">in force", ">planned", "what it is", ">subscriptions")
    for row in simulation.versions.to_dicts():
        versions = (str(row["version"]), str(row["planned_version"]))
        add_row(table, row["tariff_id"], *versions, VERDICTS[row["verdict"]], f"{row['subscriptions']:,}")
    return table


def _tariffs_table(simulation: Simulation, digits: int, currency: str) -> Table:
    title = f"Revenue by tariff, {counted(len(simulation.months), 'month')}, {currency} net"
    table = make_table(title, "tariff", ">accounts", ">better off", ">worse off", ">before", ">after", ">change")
    for row in simulation.tariffs.to_dicts():
        numbers = (f"{row[name]:,}" for name in ("accounts", "better_off", "worse_off"))
        add_row(table, row["tariff_id"] or "(none)", *numbers, *_change(row["before"], row["after"], digits))
    before, after = (int(simulation.tariffs[name].sum()) for name in ("before", "after"))
    table.add_section()
    add_row(table, "total", f"{simulation.accounts.height:,}", "", "", *_change(before, after, digits))
    return table


def _months_table(simulation: Simulation, digits: int, currency: str) -> Table:
    table = make_table(f"Revenue by month, {currency} net", "month", ">before", ">after", ">change")
    for row in simulation.by_month.to_dicts():
        add_row(table, f"{row['month']:%Y-%m}", *_change(row["before"], row["after"], digits))
    if any(simulation.unbilled):
        add_row(table, "usage not billed yet", *_change(*simulation.unbilled, digits))
    return table


def _customers(simulation: Simulation, digits: int, currency: str) -> list[str]:
    """Say how many customers would have paid less or more, and by how much."""
    months = len(simulation.months)
    saved = simulation.accounts.select("account_id", saved=pl.col("before") - pl.col("after"))
    better, worse = saved.filter(pl.col("saved") > 0), saved.filter(pl.col("saved") < 0)
    lines = []
    for who, many in (("Better off", better), ("Worse off", worse)):
        if many.height:
            amounts = many["saved"].abs().sort()
            each = f"each by {_money(amounts[0], digits)} to {_money(amounts[-1], digits)}"
            lines.append(
                f"{who}: {counted(many.height, 'account')} of {saved.height:,}, by {_money(int(amounts.sum()), digits)} {currency} "
                f"in {counted(months, 'month')}, {each}."
            )
    if not lines:
        lines.append("No customer would have paid anything else.")
    yearly = _money(simulation.saved_yearly, digits)
    lines.append(f"A year of such months: {yearly} {currency} less revenue (net).")
    return lines


def _undecided(simulation: Simulation, digits: int, currency: str) -> list[str]:
    """Say what the figures do not hold: mixed changes, and lines that cannot be priced."""
    lines = []
    concerned = simulation.accounts.drop_nulls("if_moved").select(gain=pl.col("after") - pl.col("if_moved"))["gain"]
    if concerned.len():
        less, more = concerned.filter(concerned > 0), concerned.filter(concerned < 0)
        lines.append(
            f"Undecided: {counted(concerned.len(), 'account')} would keep the version in force, because the planned one is not "
            f"better in everything. Moved all the same, {less.len():,} would have paid {_money(int(less.sum()), digits)} {currency} "
            f"less, {more.len():,} would have paid {_money(int(-more.sum()), digits)} {currency} more."
        )
    count, amount = simulation.unassessed
    if count:
        lines.append(
            f"Not priced: {counted(count, 'line')}, {_money(amount, digits)} {currency}, count as billed on both sides "
            "(given back, or not assessed: see review.csv of a run)."
        )
    return lines


def _change(before: int, after: int, digits: int) -> tuple[str, str, str]:
    return (_money(before, digits), _money(after, digits), f"{as_decimal(after - before, digits):+,}")


def _money(amount: int, digits: int) -> str:
    return f"{as_decimal(amount, digits):,}"
