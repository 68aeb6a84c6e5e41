"""`billadjust rate`: CDRs alone, priced."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003  # Typer reads the annotations
from typing import Annotated, cast, get_args

import polars as pl
import typer

from billadjust.commands.completion import words
from billadjust.commands.options import CONFIG, ConfigOption
from billadjust.config import load_config
from billadjust.errors import UsageError
from billadjust.rating.terms import Choice
from billadjust.rerate import rerate
from billadjust.terminal import Terminal, counted

CHOICES: tuple[str, ...] = get_args(Choice)


def rate(
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="The file to write: .parquet or .csv.")
    ],
    choice: Annotated[
        str,
        typer.Option(
            "--choice",
            metavar="CHOICE",
            help="Price by the `contract` or the `improved` version.",
            autocompletion=words(CHOICES),
        ),
    ] = "contract",
    config: ConfigOption = CONFIG,
) -> None:
    """Rate the CDRs alone, and write what each should have cost; the ledger is not touched."""
    if choice not in CHOICES:
        raise UsageError(f"--choice {choice}: there is no such choice. The choices are {' and '.join(CHOICES)}.")
    terminal = Terminal()
    with terminal.progress() as progress:
        loaded = rerate(load_config(config), output, cast("Choice", choice), progress)
    cdrs = loaded.counts.row(by_predicate=pl.col("input") == "cdrs", named=True)
    rejected = (
        f"; {counted(cdrs['rejected'], 'rejected CDR is', 'rejected CDRs are')} not in it" if cdrs["rejected"] else ""
    )
    terminal.show_line(f"{counted(cdrs['accepted'], 'CDR is', 'CDRs are')} in {output}{rejected}.")
