"""The commands: the only place that prints, reads the clock or the environment, and sets exit codes."""

from __future__ import annotations

import sys
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, cast, get_args
from zoneinfo import ZoneInfo

import polars as pl
import typer

from billadjust import nightly
from billadjust.config import Config, load_config
from billadjust.errors import BilladjustError, UsageError
from billadjust.ledger import lock, open_ledger
from billadjust.ledger import verify as verify_ledger
from billadjust.outputs.run_files import publish_run
from billadjust.rating.terms import Choice
from billadjust.rerate import rerate
from billadjust.schemas import INPUTS
from billadjust.terminal import Terminal, counted

app = typer.Typer(
    name="billadjust",
    help="Works out what every customer is owed, posts the difference to the ledger, and writes the files.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)

ConfigOption = Annotated[
    Path, typer.Option("--config", "-c", metavar="FILE", help="The configuration.", show_default=True)
]
CONFIG = Path("billadjust.toml")
CHOICES: tuple[str, ...] = get_args(Choice)


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not a date; write it as 2026-08-29.") from None


DateOption = Annotated[
    date | None,
    typer.Option("--as-of", metavar="DATE", parser=_date, help="The date of the run (default: today, local time)."),
]


def _today(config: Config) -> date:
    return datetime.now(ZoneInfo(config.timezone)).date()


def _day(as_of: date | None, config: Config) -> date:
    """Return the date that was asked for, else today where the operator is."""
    return as_of or _today(config)


def _example(command: str) -> str:
    return f"Example:  [bold]billadjust {command}[/bold]"


@app.command(epilog=_example("run --as-of 2026-08-29 --dry-run --preview preview"))
def run(
    config: ConfigOption = CONFIG,
    as_of: DateOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be posted; write nothing.")] = False,
    preview: Annotated[
        Path | None, typer.Option("--preview", metavar="DIR", help="With --dry-run: write the files to look at there.")
    ] = None,
    approve: Annotated[
        str | None,
        typer.Option("--approve", metavar="HASH", help="Post only the plan with this hash, beyond any limit."),
    ] = None,
    allow_missing: Annotated[
        list[str] | None,
        typer.Option(
            "--allow-missing", metavar="NAME", help="An input that may be missing though the last run had it."
        ),
    ] = None,
) -> None:
    """Work out what is owed, post the difference, write the files. Run it every night."""
    if preview and not dry_run:
        raise UsageError("--preview goes with --dry-run. Add --dry-run, or leave --preview out.")
    if approve and dry_run:
        raise UsageError("--approve posts a plan and --dry-run does not. Leave one of them out.")
    for name in allow_missing or ():
        if name not in INPUTS:
            raise UsageError(f"--allow-missing {name}: there is no such input. The inputs are {', '.join(INPUTS)}.")
    settings = load_config(config)
    day = _day(as_of, settings)
    if day > _today(settings) and not dry_run:
        raise UsageError(
            f"{day} has not come yet, and after a run of it no earlier date could be run. Nothing was posted. "
            "Correct --as-of, or look ahead with --dry-run."
        )
    request = nightly.Request(settings, day, frozenset(allow_missing or ()), approve)
    terminal = Terminal()
    with terminal.progress() as progress:
        result = nightly.preview(request, preview, progress) if dry_run else nightly.run(request, progress)
    terminal.show_result(result, settings, posted=not dry_run)


@app.command(epilog=_example("publish 20260829-0007"))
def publish(
    run_id: Annotated[str, typer.Argument(metavar="RUN_ID", help="The run, as in `run_id` of its entries.")],
    config: ConfigOption = CONFIG,
) -> None:
    """Write the files of a posted run again, from the ledger, byte for byte the same."""
    settings = load_config(config)
    snapshot = open_ledger(settings.ledger, settings.currency)
    verify_ledger(snapshot)
    snapshot.run(run_id)
    with lock(settings.ledger):
        directory = publish_run(snapshot, run_id, settings)
    Terminal().show_line(f"The files of run {run_id} are in {directory}.")


@app.command(epilog=_example("rate --output rated.parquet --choice improved"))
def rate(
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="The file to write: .parquet or .csv.")
    ],
    choice: Annotated[
        str, typer.Option("--choice", metavar="CHOICE", help="Price by the `contract` or the `improved` version.")
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


@app.command(epilog=_example("policy --as-of 2026-08-25"))
def policy(config: ConfigOption = CONFIG, as_of: DateOption = None) -> None:
    """Show the parameters in force on a date, with what each rests on."""
    settings = load_config(config)
    day = _day(as_of, settings)
    Terminal().show_policy(settings.policy.in_force(day), day)


@app.command(epilog=_example("verify"))
def verify(config: ConfigOption = CONFIG) -> None:
    """Check the whole ledger: files, sums, numbering, and the hash of every plan that was posted."""
    settings = load_config(config)
    snapshot = open_ledger(settings.ledger, settings.currency)
    verify_ledger(snapshot, deep=True)
    Terminal().show_line(f"The ledger {settings.ledger} is sound: {counted(len(snapshot.runs), 'run')}.")


def main() -> None:
    """Run the program; every known failure is one message on standard error and its exit code."""
    try:
        app()
    except BilladjustError as error:
        Terminal().show_error(str(error))
        sys.exit(error.exit_code)
    except OSError as error:
        Terminal().show_error(
            f"A file cannot be read or written: {error}. Check its rights and the space on its disk, then run again; "
            "running twice is always safe."
        )
        sys.exit(1)
