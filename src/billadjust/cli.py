"""The command line: its commands with their examples, and how a failure ends."""

from __future__ import annotations

import inspect
import sys
from typing import TYPE_CHECKING, Final

import typer

from billadjust.commands.check import check
from billadjust.commands.explain import explain
from billadjust.commands.export import export, verify_export
from billadjust.commands.history import diff, history
from billadjust.commands.init import init
from billadjust.commands.ledger import publish, verify
from billadjust.commands.policy import policy
from billadjust.commands.rate import rate
from billadjust.commands.run import run
from billadjust.commands.simulate import simulate
from billadjust.commands.status import status
from billadjust.commands.undo import undo
from billadjust.errors import BilladjustError, described
from billadjust.terminal import Terminal

if TYPE_CHECKING:
    from collections.abc import Callable

app = typer.Typer(
    name="billadjust",
    help="Works out what every customer is owed, posts the difference to the ledger, and writes the files.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)

COMMANDS: Final[dict[Callable[..., None], str]] = {
    run: "run --as-of 2026-08-29 --dry-run --preview preview",
    init: "init exports",
    check: "check --rejected rejected.csv",
    explain: "explain F26/0015",
    publish: "publish 20260829-0007",
    undo: 'undo 20260829-0007 --reason "The outage was announced twice." --dry-run',
    rate: "rate --output rated.parquet --choice improved",
    simulate: "simulate --tariffs planned --months 3 --output simulation",
    policy: "policy --as-of 2026-08-25",
    verify: "verify",
    status: "status",
    history: "history --since 2026-08-01 --rule outage_credit",
    diff: "diff 20260828-0006 20260829-0007",
    verify_export: "verify-export out/20260829-0007",
    export: "export --format hledger --output books.journal",
}
"""The commands in the order of the help, each with an example of its use."""


def _help_of(command: Callable[..., None]) -> str:
    """Return what a command says of itself, each paragraph as one line: the terminal decides where to break it."""
    paragraphs = (inspect.getdoc(command) or "").split("\n\n")
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


for _command, _example in COMMANDS.items():
    app.command(help=_help_of(_command), epilog=f"Example:  [bold]billadjust {_example}[/bold]")(_command)


def main() -> None:
    """Run the program; every known failure is one message on standard error and its exit code."""
    try:
        app()
    except (BilladjustError, OSError) as error:
        message, code = described(error)
        Terminal().show_error(message)
        sys.exit(code)
