"""Commands for whoever checks the books: `export`, `verify-export`."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003  # Typer reads the annotations
from typing import Annotated

import typer

from billadjust.commands.options import CONFIG, ConfigOption
from billadjust.config import load_config
from billadjust.errors import ExportDamagedError, UsageError
from billadjust.ledger import open_ledger
from billadjust.ledger import verify as verify_ledger
from billadjust.outputs.books import export_books
from billadjust.outputs.finance_workbook import WORKBOOK, export_workbook
from billadjust.outputs.plaintext import FORMS
from billadjust.outputs.verify_export import export_faults
from billadjust.parameters import no_such
from billadjust.terminal import Terminal, counted

ALL = "all"


def export(
    form: Annotated[str, typer.Option("--format", metavar="FORMAT", help="`xlsx`, `beancount` or `hledger`.")],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="The file to write.")],
    run: Annotated[str, typer.Option("--run", metavar="RUN_ID", help="One run, or `all`.")] = ALL,
    config: ConfigOption = CONFIG,
) -> None:
    """Write the books of one run or of all: an Excel workbook, or what beancount or hledger can check."""
    if form not in (WORKBOOK, *FORMS):
        raise UsageError(f"--format {form}: {no_such('format', form, (WORKBOOK, *FORMS))}")
    settings = load_config(config)
    for own in (settings.outputs, settings.ledger):
        if output.resolve().is_relative_to(own.resolve()):
            raise UsageError(f"--output {output} is in {own}, where only the files of runs belong. Give another file.")
    snapshot = open_ledger(settings.ledger, settings.currency)
    verify_ledger(snapshot)
    records = snapshot.runs if run == ALL else (snapshot.run(run),)
    if not records:
        raise UsageError(f"The ledger {settings.ledger} has no runs yet. Run `billadjust run` first.")
    if form == WORKBOOK:
        export_workbook(snapshot, records, output)
    else:
        export_books(snapshot, records, form, output)
    entries = sum(record.entries for record in records)
    Terminal().show_line(
        f"The books of {counted(len(records), 'run')} with {counted(entries, 'entry', 'entries')} are in {output}."
    )


def verify_export(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="The directory of a run's files.")],
    config: ConfigOption = CONFIG,
) -> None:
    """Check the files of a run, before they are imported, against their manifest and the ledger."""
    settings = load_config(config)
    snapshot = open_ledger(settings.ledger, settings.currency)
    verify_ledger(snapshot)
    faults = export_faults(directory, snapshot)
    if faults:
        raise ExportDamagedError(
            f"{directory} is not what the ledger says. Do not import it.\n" + "\n".join(faults) + "\n"
            "Move it away and write the run's files again with `billadjust publish RUN_ID`."
        )
    Terminal().show_line(f"{directory} is complete, and what the ledger says.")
