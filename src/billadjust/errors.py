"""Every failure that a user can meet, with the exit code it ends in.

A message says what happened, where, and what to do next. Anything that is not a `BilladjustError` is a fault of the
program itself and ends in exit code 1.
"""

from __future__ import annotations

from typing import ClassVar


class BilladjustError(Exception):
    """Base of all errors that are reported to the user as one message."""

    exit_code: ClassVar[int] = 1


class UsageError(BilladjustError):
    """Wrong usage, a date before the newest run, or an input that cannot be read."""

    exit_code = 2


class ConfigError(UsageError):
    """The configuration or the policy is wrong."""


class InputError(UsageError):
    """An input as a whole cannot be read: nothing is written."""


class RejectedShareError(BilladjustError):
    """More rows were rejected than `limits.rejected_share` allows: nothing is posted."""

    exit_code = 3


class LedgerBusyError(BilladjustError):
    """Another run holds the ledger, or changed it since this run read it."""

    exit_code = 4


class ApprovalNeededError(BilladjustError):
    """The plan is beyond a limit, or is not the plan that was approved."""

    exit_code = 5


class ExportDamagedError(BilladjustError):
    """Files of a run are not what the ledger says: they must not be imported."""

    exit_code = 6


class LedgerDamagedError(BilladjustError):
    """The stored ledger contradicts itself: nothing is posted on it."""

    exit_code = 6


def described(error: BilladjustError | OSError) -> tuple[str, int]:
    """Return the message and the exit code of a failure that is known."""
    if isinstance(error, BilladjustError):
        return str(error), error.exit_code
    message = (
        f"A file cannot be read or written: {error}. Check its rights and the space on its disk, then run again; "
        "running twice is always safe."
    )
    return message, BilladjustError.exit_code
