"""What `billadjust check` shows: what was read, what is wrong, and how to mend it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from billadjust.checkup import advice
from billadjust.policy import Policy
from billadjust.screens.result import inputs_table
from billadjust.terminal import add_row, counted, make_table

if TYPE_CHECKING:
    from rich.table import Table

    from billadjust.checkup import Checkup
    from billadjust.config import Config
    from billadjust.terminal import Terminal

LONGEST_VALUE = 40
"""Characters of a rejected cell that are shown."""


def show_checkup(terminal: Terminal, checkup: Checkup, config: Config) -> None:
    """Print the configuration, what was read, what is wrong by file and column with examples and advice, and a verdict."""
    terminal.show_line(f"Configuration: {config.path}")
    terminal.show_line(f"  {config.currency}, {config.timezone}; ledger {config.ledger}; outputs {config.outputs}")
    terminal.show_line(f"  {_policy_in_words(config)}")
    terminal.show_table(inputs_table(checkup.loaded.counts))
    if checkup.days.height:
        terminal.show_table(_days_table(checkup))
    for remark in (*checkup.loaded.remarks, *checkup.doubts):
        terminal.show_line(f"Note: {remark}")
    place = None
    for finding in checkup.findings.to_dicts():
        if place != (finding["input"], finding["file"]):
            place = (finding["input"], finding["file"])
            terminal.show_line(f"{finding['input']}, in {finding['file']}:")
        column = f"{finding['column']}: " if finding["column"] else ""
        terminal.show_line(f"  {column}{finding['reason']} ({counted(finding['rows'], 'row')})")
        for row in finding["examples"]:
            terminal.show_line(f"    line {row['line']}: {_shortened(row['value'])}")
        example = finding["examples"][0]["value"]
        what_to_do = advice(finding["input"], finding["reason"], finding["column"], example)
        terminal.show_line(f"    What to do: {what_to_do}.")
    for row in checkup.consequences.to_dicts():
        terminal.show_line(f"Left out with them: {counted(row['rows'], 'row')} of {row['input']}: {row['reason']}.")
    terminal.show_line(_verdict(checkup))


def _policy_in_words(config: Config) -> str:
    """Say which parameters are the operator's own."""
    default = Policy.of(currency=config.currency, timezone=config.timezone)
    own = [name for name, values in config.policy.values.items() if values != default.values[name]]
    if not own:
        return "the default policy: `billadjust policy` shows it"
    return f"own values of {', '.join(own)}; `billadjust policy` shows all"


def _days_table(checkup: Checkup) -> Table:
    table = make_table("Days", "input", "column", ">first", ">last")
    for row in checkup.days.to_dicts():
        add_row(table, row["input"], row["column"], str(row["first"]), str(row["last"]))
    return table


def _shortened(value: str | None) -> str:
    if value is None or value == "":
        return "empty"
    return f'"{value}"' if len(value) <= LONGEST_VALUE else f'"{value[:LONGEST_VALUE]}…"'


def _verdict(checkup: Checkup) -> str:
    rejected = int(checkup.loaded.counts["rejected"].sum())
    if checkup.beyond:
        return f"A run would post nothing: {checkup.beyond}"
    if rejected:
        return f"A run would go ahead without the {counted(rejected, 'rejected row')} and what rests on them."
    return "All rows are sound."
