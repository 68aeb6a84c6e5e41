"""What `billadjust status` shows: what an operator wants to know in the morning."""

from __future__ import annotations

from typing import TYPE_CHECKING

from billadjust.money import as_decimal
from billadjust.terminal import add_row, counted, make_table

if TYPE_CHECKING:
    from datetime import datetime

    from billadjust.config import Config
    from billadjust.overview import Status
    from billadjust.terminal import Terminal

SHOWN = 20
"""How many refunds are named."""

WEEK = 7
"""Refunds whose last day comes within so many days are named one by one."""


def show_status(terminal: Terminal, status: Status, config: Config, now: datetime) -> None:
    """Print the last run, what it left to do, open refunds, holds, and how the ledger is."""
    newest = status.newest
    if newest is None:
        terminal.show_line(f"The ledger {config.ledger} has no runs yet.")
        return
    gross = f"{as_decimal(newest.gross, config.policy.digits):,} {config.currency}"
    what = f"undid run {newest.undoes}" if newest.undoes else f"posted {counted(newest.entries, 'entry', 'entries')}"
    terminal.show_line(
        f"Last run: {newest.run_id} of {newest.as_of} {what}, {gross} gross; it ended {_ago(newest.posted_at, now)}."
    )
    if status.last_night and status.last_night is not newest:
        terminal.show_line(f"Last night: {status.last_night.run_id}, {_ago(status.last_night.posted_at, now)}.")
    if not status.is_published:
        terminal.show_line(
            f"Its files are not written. The next run writes them, or `billadjust publish {newest.run_id}` does."
        )
    if status.not_posted:
        terminal.show_line(
            f"A later run posted nothing: what it would have posted, or why it could not, is in {status.not_posted}."
        )
    _show_refunds(terminal, status, config)
    if status.holds is not None:
        amount = as_decimal(int(status.holds["amount_gross"].sum()), config.policy.digits)
        terminal.show_line(f"On hold: {counted(status.holds.height, 'dispute')}, {amount:,} {config.currency}.")
    terminal.show_line(
        f"Ledger: {counted(status.runs, 'run')}, {counted(status.entries, 'entry', 'entries')}, all files there. "
        "`billadjust verify` checks every figure."
    )


def _show_refunds(terminal: Terminal, status: Status, config: Config) -> None:
    """Print the refunds that may still be taken back, and name those that soon may not."""
    refunds, digits = status.refunds, config.policy.digits
    soon = refunds.filter(refunds["days_left"] < WEEK)
    gross = as_decimal(int(refunds["gross"].sum()), digits)
    terminal.show_line(
        f"Open refunds: {refunds.height:,}, {gross:,} {config.currency} gross; for {soon.height:,} of them the time to explain ends "
        f"within {WEEK} days."
    )
    if not soon.height:
        return
    table = make_table(
        f"To be explained this week, in {config.currency}",
        "dispute",
        "account",
        "invoice",
        ">line",
        ">gross",
        "until",
        ">days left",
    )
    for row in soon.head(SHOWN).to_dicts():
        add_row(
            table,
            row["source_ref"],
            row["account_id"],
            row["invoice_id"],
            str(row["line_no"]),
            f"{as_decimal(row['gross'], digits):,}",
            str(row["deadline"]),
            f"{row['days_left']}",
        )
    terminal.show_table(table)
    if soon.height > SHOWN:
        terminal.show_line(f"… and {soon.height - SHOWN:,} more; `billadjust status --format csv` lists all.")


def _ago(then: datetime | None, now: datetime) -> str:
    """Say how long ago a moment is: 5 hours ago; what is being posted (None) is of now."""
    minutes = int((now - (then or now)).total_seconds()) // 60
    for size, unit in ((24 * 60, "day"), (60, "hour")):
        if minutes >= 2 * size:
            return f"{minutes // size} {unit}s ago"
    return f"{counted(max(minutes, 0), 'minute')} ago"
