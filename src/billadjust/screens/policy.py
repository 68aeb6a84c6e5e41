"""What `billadjust policy` shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from billadjust.terminal import add_row, make_table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from billadjust.policy import InForce
    from billadjust.terminal import Terminal


def show_policy(terminal: Terminal, rows: Sequence[InForce], day: date) -> None:
    """Print the parameters in force on a day."""
    table = make_table(f"Policy in force on {day}", "parameter", ">value", "unit", "since", "reference")
    for row in rows:
        add_row(table, row.name, row.value, row.unit, str(row.since or "always"), row.reference)
    terminal.show_table(table)
