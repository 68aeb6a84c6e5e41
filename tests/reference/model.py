"""The reference model's own terms: worlds, policy, entries, cycles, and the one rounding.

A world is `{table: [row, ...]}`, a row `{column: value}` with every column of the input. Values: Decimal for money,
fees, prices, quantities and percentages; date; aware datetime; int for versions, days, line numbers and times of day
(seconds since midnight); bool; str; None where the file is empty. Defaults are filled in and every row is valid.
Inside, every amount is an exact Fraction of the currency unit.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import cache
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Iterator

Row = dict[str, Any]
World = dict[str, list[Row]]
LineKey = tuple[str, int]
"""invoice_id and line_no."""

LINE_RULES: Final = ("billing_error", "promised_price", "no_lock_in", "tariff_improvement")
"""§6: the rules 6.1 to 6.4, in order of precedence."""
RULES: Final = (*LINE_RULES, "outage_credit", "dispute_refund", "error_indemnity")
"""The rules that can be switched off; best_price has a mode."""


@dataclass(frozen=True)
class Policy:
    """§3: the parameters, each with one value for all dates."""

    timezone: str = "Europe/Madrid"
    enabled: frozenset[str] = frozenset(RULES)
    tolerance: Decimal = Decimal("0.05")
    free_zones: frozenset[str] = frozenset({"care"})
    tax_rate: Decimal = Decimal(21)
    indemnity_percent: Decimal = Decimal(10)
    grace_months: int = 12
    existing_first_days: int = 0
    outage_percent: Decimal = Decimal(10)
    outage_min_minutes: int = 60
    outage_cutoff_days: int = 3
    outage_schemes: tuple[str, ...] = ("promise",)
    minor_limit: Decimal = Decimal("100.00")
    waiver_days: int = 45
    best_price_mode: str = "advise"

    @property
    def zone(self) -> ZoneInfo:
        """The time zone of local dates."""
        return ZoneInfo(self.timezone)

    def local(self, moment: datetime) -> datetime:
        """What the clock on the wall shows at this instant."""
        return moment.astimezone(self.zone)

    def midnight(self, day: date) -> datetime:
        """The instant at which this local day begins, in UTC so that subtraction gives elapsed time."""
        return datetime.combine(day, time(), self.zone).astimezone(UTC)


@dataclass(frozen=True)
class Entry:
    """§7.5: one row of the ledger."""

    claim: str
    bucket: str
    kind: str
    settlement: str
    net: Decimal
    tax: Decimal
    tax_rate: Decimal
    bill_period: date | None
    deadline: date | None
    seq: int
    as_of: date
    account_id: str

    @property
    def rule(self) -> str:
        """The rule that the claim belongs to."""
        return self.claim.split("|")[0]

    @property
    def line(self) -> LineKey | None:
        """The invoice line that the claim is about, if it is about one."""
        parts = self.claim.split("|")
        return None if self.rule in ("outage_credit", "best_price") else (parts[-2], int(parts[-1]))


def rounded(amount: Fraction, digits: int = 2) -> Fraction:
    """Round half away from zero."""
    whole = (abs(amount) * 10**digits + Fraction(1, 2)) // 1
    return Fraction(whole if amount >= 0 else -whole, 10**digits)


def rounded_up(quantity: Fraction, step: Fraction) -> Fraction:
    """The least multiple of a step that is not below the quantity."""
    return -(-quantity // step) * step


def decimal(amount: Fraction) -> Decimal:
    """An amount of whole cents as people write it."""
    cents = amount * 100
    assert cents.denominator == 1, amount
    return Decimal(cents.numerator).scaleb(-2)


def tax_on(net: Fraction, tax_rate: Decimal) -> Fraction:
    """Tax on a net amount, in cents."""
    return rounded(net * Fraction(tax_rate) / 100)


def days(start: date, end: date) -> Iterator[date]:
    """Each day of a half-open interval."""
    while start < end:
        yield start
        start += timedelta(days=1)


@cache
def cycle(cycle_day: int, day: date) -> tuple[date, date]:
    """§4: the first day of the cycle that a day belongs to, and the first day of the next one."""
    start = day
    while start.day != cycle_day:
        start -= timedelta(days=1)
    end = start + timedelta(days=1)
    while end.day != cycle_day:
        end += timedelta(days=1)
    return start, end


def months_later(day: date, months: int) -> date:
    """The same day some months later, or that month's last day."""
    years, month = divmod(day.month - 1 + months, 12)
    for last in (day.day, 30, 29, 28):
        if last <= day.day:
            try:
                return date(day.year + years, month + 1, last)
            except ValueError:
                continue
    raise AssertionError(day)
