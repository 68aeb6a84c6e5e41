"""`billadjust history` and `billadjust diff`: the runs of the ledger, and how two of them differ."""

from __future__ import annotations

from datetime import date  # Typer reads the annotations
from typing import Annotated

import typer

from billadjust import overview
from billadjust.commands.options import CONFIG, ConfigOption, FormatOption, RunArgument, parse_date
from billadjust.config import load_config
from billadjust.errors import UsageError
from billadjust.ledger import open_ledger
from billadjust.parameters import no_such
from billadjust.rules import RULES
from billadjust.screens.history import show_difference, show_history
from billadjust.screens.rows import show_rows
from billadjust.terminal import Format, Terminal

SinceOption = Annotated[
    date | None, typer.Option("--since", metavar="DATE", parser=parse_date, help="Only runs of this date and later.")
]
UntilOption = Annotated[
    date | None, typer.Option("--until", metavar="DATE", parser=parse_date, help="Only runs of this date and earlier.")
]


def history(
    since: SinceOption = None,
    until: UntilOption = None,
    rule: Annotated[str | None, typer.Option("--rule", metavar="RULE", help="Only what this rule gave.")] = None,
    account: Annotated[
        str | None, typer.Option("--account", metavar="ACCOUNT_ID", help="Only what this customer got.")
    ] = None,
    form: FormatOption = Format.TABLE,
    config: ConfigOption = CONFIG,
) -> None:
    """List the runs: what each posted, for how many customers, and what was undone."""
    names = [one.__name__ for one in RULES]
    if rule is not None and rule not in names:
        raise UsageError(f"--rule {rule}: {no_such('rule', rule, names)}")
    settings = load_config(config)
    snapshot = open_ledger(settings.ledger, settings.currency)
    runs = overview.history(snapshot, since=since, until=until, rule=rule, account=account)
    terminal = Terminal()
    if form is Format.TABLE:
        show_history(terminal, runs, settings.currency, snapshot.digits)
    else:
        show_rows(terminal, runs, form, snapshot.digits)


def diff(
    run_1: RunArgument, run_2: RunArgument, form: FormatOption = Format.TABLE, config: ConfigOption = CONFIG
) -> None:
    """Compare what two runs posted: by rule, by claim and by customer."""
    settings = load_config(config)
    snapshot = open_ledger(settings.ledger, settings.currency)
    runs = (snapshot.run(run_1).run_id, snapshot.run(run_2).run_id)
    claims = overview.difference(snapshot, *runs)
    terminal = Terminal()
    if form is Format.TABLE:
        show_difference(terminal, claims, runs, settings.currency, snapshot.digits)
    else:
        show_rows(terminal, claims, form, snapshot.digits)
