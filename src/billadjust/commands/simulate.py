"""`billadjust simulate`: what a planned price change would cost."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003  # Typer reads the annotations
from typing import Annotated

import polars as pl
import typer

from billadjust.commands.options import CONFIG, ConfigOption, DateOption, today
from billadjust.config import load_config
from billadjust.errors import UsageError
from billadjust.money import to_decimal
from billadjust.outputs.csvfile import write_csv
from billadjust.screens.simulation import show_simulation
from billadjust.simulation import plot
from billadjust.simulation import simulate as work_out
from billadjust.terminal import Terminal

AMOUNTS = ("before", "after", "if_moved")


def simulate(
    tariffs: Annotated[
        Path,
        typer.Option("--tariffs", metavar="DIR", help="The planned tariffs, rates, allowances, zones, bands."),
    ],
    config: ConfigOption = CONFIG,
    as_of: DateOption = None,
    months: Annotated[int, typer.Option("--months", metavar="N", help="Months of bills to look at.", min=1)] = 3,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="DIR", help="Write CSV files and a plot (SVG) there.")
    ] = None,
) -> None:
    """Work out what a planned price change would cost, on the bills and the usage that there are; nothing is posted."""
    settings = load_config(config)
    if output and any(output.resolve().is_relative_to(own.resolve()) for own in (settings.outputs, settings.ledger)):
        raise UsageError(f"--output {output} is where only posted runs belong. Give another directory.")
    terminal = Terminal()
    with terminal.progress() as progress:
        simulation = work_out(settings, tariffs, months, as_of or today(settings), progress)
    show_simulation(terminal, simulation, settings)
    if output:
        output.mkdir(parents=True, exist_ok=True)
        digits = settings.policy.digits
        tables = {
            "versions": simulation.versions,
            "tariffs": simulation.tariffs,
            "months": simulation.by_month,
            "accounts": simulation.accounts,
        }
        for name, table in tables.items():
            amounts = [to_decimal(pl.col(column), digits) for column in AMOUNTS if column in table.columns]
            write_csv(table.with_columns(amounts), output / f"simulation_{name}.csv", settings.style.dialect)
        (output / "simulation.svg").write_text(plot(simulation, settings.currency, digits), "utf-8")
        terminal.show_line(f"Files: {output}")
