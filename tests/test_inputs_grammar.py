"""What the text of each kind of column may look like, on both sides of each boundary."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billadjust.inputs.grammar import is_missing, native_value, reason, value
from billadjust.inputs.style import Style
from billadjust.schemas import INPUTS, Column, Kind

EURO = Style(digits=2, timezone="Europe/Madrid")
YEN = Style(digits=0, timezone="Europe/Madrid")
DINAR = Style(digits=3, timezone="Europe/Madrid")
COMMA = Style(digits=2, timezone="Europe/Madrid", decimal_comma=True)
SPANISH = Style(digits=2, timezone="Europe/Madrid", date_format="%d/%m/%Y")
SHORT = Style(digits=2, timezone="Europe/Madrid", date_format="%y%m%d")


class Why(str):
    """A reason, where a table also has values that are text."""

    __slots__ = ()


NUMBER = Why("not a number such as 1234.56")
TOO_LARGE = Why("larger than billadjust computes exactly (at most 999999999.99)")
IDENTIFIER = Why("not an identifier: 1 to 64 characters without `|`, control characters or surrounding blanks")
TIME = Why("not a time of day such as 08:00 (or 24:00 for the end of the day)")
STAMP = Why("not a timestamp such as 2026-08-25T14:00:00+02:00")
NO_DAY = Why("there is no such day in the calendar")
SKIPPED = Why("a local time that the clocks of Europe/Madrid skip: write it with its offset")
TWICE = Why("a local time that the clocks of Europe/Madrid show twice: write it with its offset")
DATE = Why("not a date such as 2026-08-25")


def at(*parts: int) -> datetime:
    """An instant in UTC."""
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc, arg-type]  # a spread of integers


CELLS: list[tuple[str, str | None, Any]] = [
    ("invoice_lines.net_amount", "9.90", 990),
    ("invoice_lines.net_amount", "9.9", 990),
    ("invoice_lines.net_amount", "9", 900),
    ("invoice_lines.net_amount", "-0.05", -5),
    ("invoice_lines.net_amount", "2.3400", 234),
    ("invoice_lines.net_amount", "2.345", Why("has more than 2 decimals")),
    ("invoice_lines.net_amount", "2.3401", Why("has more than 2 decimals")),
    ("invoice_lines.net_amount", "1e3", NUMBER),
    ("invoice_lines.net_amount", " 5", NUMBER),
    ("invoice_lines.net_amount", "+5", NUMBER),
    ("invoice_lines.net_amount", "٣", NUMBER),
    ("invoice_lines.net_amount", "5.", NUMBER),
    ("invoice_lines.net_amount", ".5", NUMBER),
    ("invoice_lines.net_amount", "1,50", NUMBER),
    ("invoice_lines.net_amount", "1_000", NUMBER),
    ("invoice_lines.net_amount", "--5", NUMBER),
    ("invoice_lines.net_amount", "NaN", NUMBER),
    ("invoice_lines.net_amount", "5\n", NUMBER),
    ("invoice_lines.net_amount", "999999999.99", 99_999_999_999),
    ("invoice_lines.net_amount", "1000000000.00", TOO_LARGE),
    ("invoice_lines.net_amount", "-999999999.99", -99_999_999_999),
    (
        "invoice_lines.net_amount",
        "-1000000000",
        Why("smaller than billadjust computes exactly (at least -999999999.99)"),
    ),
    ("invoice_lines.net_amount", "9" * 60, TOO_LARGE),
    ("invoice_lines.net_amount", None, Why("a value is required")),
    ("invoice_lines.net_amount", "", Why("a value is required")),
    ("invoice_lines.tax_rate", "21", 210_000),
    ("invoice_lines.tax_rate", "0.0001", 1),
    ("invoice_lines.tax_rate", "0.00001", Why("has more than 4 decimals")),
    ("invoice_lines.tax_rate", "100", 1_000_000),
    ("invoice_lines.tax_rate", "100.0001", Why("must be at most 100")),
    ("invoice_lines.tax_rate", "-0.0001", Why("must not be negative")),
    ("invoice_lines.quantity", "-1000000000000", -(10**18)),
    (
        "invoice_lines.quantity",
        "-1000000000000.1",
        Why("smaller than billadjust computes exactly (at least -1000000000000)"),
    ),
    ("invoice_lines.line_no", "7", 7),
    ("invoice_lines.line_no", "7.0", Why("not a whole number")),
    ("invoice_lines.line_no", "9223372036854775807", 2**63 - 1),
    (
        "invoice_lines.line_no",
        "9223372036854775808",
        Why("larger than billadjust computes exactly (at most 9223372036854775807)"),
    ),
    ("invoice_lines.line_no", "-9223372036854775809", Why("smaller than billadjust computes exactly")),
    ("invoice_lines.subscription_id", "", None),
    ("cdrs.charged", "0.000001", 1),
    ("cdrs.charged", "0.0000001", Why("has more than 6 decimals")),
    ("cdrs.charged", "100000", 10**11),
    ("cdrs.charged", "100000.000001", Why("larger than billadjust computes exactly (at most 100000)")),
    ("cdrs.charged", "-100000.000001", Why("smaller than billadjust computes exactly (at least -100000)")),
    ("cdrs.quantity", "0", 0),
    ("cdrs.quantity", "-0.000001", Why("must not be negative")),
    ("cdrs.quantity", "1000000000000", 10**18),
    ("cdrs.quantity", "1" + "0" * 25, Why("larger than billadjust computes exactly (at most 1000000000000)")),
    ("rates.per", "0.000001", 1),
    ("rates.per", "0", Why("must be above 0")),
    ("accounts.bill_cycle_day", "1", 1),
    ("accounts.bill_cycle_day", "28", 28),
    ("accounts.bill_cycle_day", "0", Why("must be at least 1")),
    ("accounts.bill_cycle_day", "29", Why("must be at most 28")),
    ("accounts.account_id", "F/1 ñ*", "F/1 ñ*"),
    ("accounts.account_id", "ñ" * 64, "ñ" * 64),
    ("accounts.account_id", "ñ" * 65, IDENTIFIER),
    ("accounts.account_id", "a|b", IDENTIFIER),
    ("accounts.account_id", "a\tb", IDENTIFIER),
    ("accounts.account_id", "a\x7fb", IDENTIFIER),
    ("accounts.account_id", " a", IDENTIFIER),
    ("accounts.account_id", "a\u00a0", IDENTIFIER),
    ("accounts.name", " any | text\n", " any | text\n"),
    ("accounts.language", "EN", Why("not one of es, en, nor mapped to one with `words` in the configuration")),
    ("accounts.closed_on", "2028-02-29", date(2028, 2, 29)),
    ("accounts.closed_on", "2026-02-29", NO_DAY),
    ("accounts.closed_on", "9999-12-31", date(9999, 12, 31)),
    ("accounts.closed_on", "0999-12-31", DATE),
    ("accounts.closed_on", "2026-1-5", DATE),
    ("accounts.closed_on", " 2026-01-05", DATE),
    ("accounts.closed_on", "2026-01-05T00:00", DATE),
    ("accounts.closed_on", "05/01/2026", DATE),
    ("tariffs.open_for_sale", "True", True),
    ("tariffs.open_for_sale", "FALSE", False),
    ("tariffs.open_for_sale", "1", Why("not true or false, nor mapped to one with `words` in the configuration")),
    ("bands.end_time", "00:00", 0),
    ("bands.end_time", "23:59:59", 86_399),
    ("bands.end_time", "24:00", 86_400),
    ("bands.end_time", "24:00:00", 86_400),
    ("bands.end_time", "24:01", TIME),
    ("bands.end_time", "8:00", TIME),
    ("bands.end_time", "08:60", TIME),
    ("cdrs.started_at", "2026-08-25T14:00", at(2026, 8, 25, 12)),
    ("cdrs.started_at", "2026-08-25 14:00:01.5", at(2026, 8, 25, 12, 0, 1, 500_000)),
    ("cdrs.started_at", "2026-08-25T14:00:00.123456Z", at(2026, 8, 25, 14, 0, 0, 123_456)),
    ("cdrs.started_at", "2026-08-25T14:00:00.1234567Z", STAMP),
    ("cdrs.started_at", "2026-08-25T14:00-05:30", at(2026, 8, 25, 19, 30)),
    ("cdrs.started_at", "2026-08-25T14:00:00+0200", at(2026, 8, 25, 12)),
    ("cdrs.started_at", "2026-08-25 14:00+02", at(2026, 8, 25, 12)),
    ("cdrs.started_at", "2026-08-25T14:00+2", STAMP),
    ("cdrs.started_at", "2026-08-25T14:00 +02:00", STAMP),
    ("cdrs.started_at", "2026-08-25T24:00", STAMP),
    ("cdrs.started_at", "2026-08-25T23:59:60", STAMP),
    ("cdrs.started_at", "2026-08-25", STAMP),
    ("cdrs.started_at", "2026-02-30T10:00", NO_DAY),
    ("cdrs.started_at", "2026-02-30T10:00Z", NO_DAY),
    ("cdrs.started_at", "2026-03-29T01:59:59", at(2026, 3, 29, 0, 59, 59)),
    ("cdrs.started_at", "2026-03-29T02:00", SKIPPED),
    ("cdrs.started_at", "2026-03-29T02:59:59", SKIPPED),
    ("cdrs.started_at", "2026-03-29T03:00", at(2026, 3, 29, 1)),
    ("cdrs.started_at", "2026-10-25T01:59:59", at(2026, 10, 24, 23, 59, 59)),
    ("cdrs.started_at", "2026-10-25T02:00", TWICE),
    ("cdrs.started_at", "2026-10-25T02:59:59", TWICE),
    ("cdrs.started_at", "2026-10-25T03:00", at(2026, 10, 25, 2)),
    ("cdrs.started_at", "2026-10-25T02:30+02:00", at(2026, 10, 25, 0, 30)),
    ("cdrs.started_at", "2026-10-25T02:30+01:00", at(2026, 10, 25, 1, 30)),
    ("cdrs.destination", "+34900", "34900"),
    ("cdrs.destination", "34900", "34900"),
    ("cdrs.destination", "++34", Why("not 1 to 15 digits (a leading + is allowed)")),
    ("zones.prefix", "1" * 15, "1" * 15),
    ("zones.prefix", "1" * 16, Why("not 1 to 15 digits (without +)")),
    ("zones.prefix", "+34", Why("not 1 to 15 digits (without +)")),
    ("zones.prefix", "٣", Why("not 1 to 15 digits (without +)")),
    ("allowances.zones", "*", "*"),
    ("allowances.zones", "es|fr", "es|fr"),
    ("allowances.zones", "es|*", Why("not identifiers joined by `|` (each without surrounding blanks), nor `*`")),
    ("allowances.zones", "es| fr", Why("not identifiers joined by `|` (each without surrounding blanks), nor `*`")),
    ("allowances.zones", "es|", Why("not identifiers joined by `|` (each without surrounding blanks), nor `*`")),
    ("rates.zone", "*", "*"),
]


def column(path: str) -> Column:
    """The column `table.name`."""
    table, name = path.split(".")
    return INPUTS[table].column(name)


def judged(asked: Column, text: str | None, style: Style = EURO) -> tuple[Any, str | None]:
    """Value and reason of one cell."""
    cell = pl.lit(text, dtype=pl.String)
    return pl.select(value(asked, cell, style).alias("value"), reason(asked, cell, style).alias("reason")).row(0)


@pytest.mark.parametrize(("path", "text", "expected"), CELLS)
def test_a_cell_has_a_value_or_a_reason(path: str, text: str | None, expected: Any) -> None:  # noqa: ANN401 - of any type
    assert judged(column(path), text) == ((None, expected) if isinstance(expected, Why) else (expected, None))


FEES = ("tariffs.monthly_fee", "tariffs.internet_fee", "rates.connect_fee", "rates.price", "rates.minimum_charge",
        "promises.price")  # fmt: skip
UNITS = ("rates.from_unit", "allowances.quantity", "cdrs.quantity")
STEPS = ("rates.per", "rates.first_increment", "rates.increment")
MONEY = ("invoices.net_total", "invoices.tax_total", "invoices.gross_total", "invoice_lines.net_amount",
         "prior_credits.net_amount")  # fmt: skip
CLAIMED = ("disputes.gross_amount", "disputes.justified_gross")

MILLION_MILLIONS = "1000000000000"
BOUNDS: list[tuple[tuple[str, ...], tuple[str, int], tuple[str, int]]] = [
    (FEES, ("0", 0), ("100000", 10**11)),
    (UNITS, ("0", 0), (MILLION_MILLIONS, 10**18)),
    (STEPS, ("0.000001", 1), (MILLION_MILLIONS, 10**18)),
    (("invoice_lines.quantity",), (f"-{MILLION_MILLIONS}", -(10**18)), (MILLION_MILLIONS, 10**18)),
    (("cdrs.charged",), ("-100000", -(10**11)), ("100000", 10**11)),
    (MONEY, ("-999999999.99", -99_999_999_999), ("999999999.99", 99_999_999_999)),
    (CLAIMED, ("0", 0), ("999999999.99", 99_999_999_999)),
    (("invoice_lines.tax_rate",), ("0", 0), ("100", 1_000_000)),
]
"""Every column of money, prices, quantities and rates, with the least and the most that it takes: text and value."""

BOUNDED = [(path, least, most) for paths, least, most in BOUNDS for path in paths]


@pytest.mark.parametrize(("path", "least", "most"), BOUNDED, ids=[path for path, _, _ in BOUNDED])
def test_numbers_are_taken_up_to_their_bounds_and_not_beyond(
    path: str, least: tuple[str, int], most: tuple[str, int]
) -> None:
    """One unit beyond a bound is rejected, and so is what 64 bits would wrap around to a small number."""
    asked = column(path)
    decimals = {Kind.MONEY: 2, Kind.MICRO: 6, Kind.PERCENT: 4}[asked.kind]
    unit = Decimal(1).scaleb(-decimals)
    for text, bound in (least, most):
        assert judged(asked, text) == (bound, None)
    wrapped = Decimal(2**64 + 5).scaleb(-decimals)
    too_small, too_large = Decimal(least[0]) - unit, Decimal(most[0]) + unit
    for number, words in (
        (too_large, ("larger than billadjust computes exactly (at most ", "must be at most 100")),
        (wrapped, ("larger than billadjust computes exactly (at most ", "must be at most 100")),
        (too_small, ("must not be negative", "must be above 0", "smaller than billadjust computes exactly")),
        (-wrapped, ("must not be negative", "smaller than billadjust computes exactly")),
    ):
        found, reason = judged(asked, f"{number:f}")
        assert found is None
        assert reason is not None
        assert reason.startswith(words), reason


def test_every_column_of_numbers_with_decimals_has_bounds_that_are_tested() -> None:
    numbers = {Kind.MONEY, Kind.MICRO, Kind.PERCENT}
    known = {f"{table.name}.{one.name}" for table in INPUTS.values() for one in table.columns if one.kind in numbers}
    assert {path for path, _, _ in BOUNDED} == known


STYLED: list[tuple[Style, str, str, Any]] = [
    (YEN, "invoices.net_total", "12", 12),
    (YEN, "invoices.net_total", "12.00", 12),
    (YEN, "invoices.net_total", "12.50", Why("must have no decimals")),
    (DINAR, "invoices.net_total", "1.005", 1005),
    (DINAR, "invoices.net_total", "1.0005", Why("has more than 3 decimals")),
    (COMMA, "invoices.net_total", "1234,50", 123_450),
    (COMMA, "invoices.net_total", "1234.50", Why("not a number such as 1234,56")),
    (COMMA, "invoices.net_total", "1.234,50", Why("not a number such as 1234,56")),
    (COMMA, "invoices.net_total", "1,505", Why("has more than 2 decimals")),
    (COMMA, "rates.price", "0,0035", 3500),
    (SPANISH, "accounts.closed_on", "25/08/2026", date(2026, 8, 25)),
    (SPANISH, "accounts.closed_on", "2026-08-25", Why("not a date in the form %d/%m/%Y")),
    (SPANISH, "accounts.closed_on", "5/8/2026", Why("not a date in the form %d/%m/%Y")),
    (SPANISH, "accounts.closed_on", "30/02/2026", NO_DAY),
    (SHORT, "accounts.closed_on", "260825", date(2026, 8, 25)),
    (SPANISH, "cdrs.started_at", "25/08/2026 14:00", at(2026, 8, 25, 12)),
    (SPANISH, "cdrs.started_at", "25/08/2026T14:00:30+00:00", at(2026, 8, 25, 14, 0, 30)),
    (SPANISH, "cdrs.started_at", "2026-08-25T14:00Z", at(2026, 8, 25, 14)),
    (SPANISH, "cdrs.started_at", "25/10/2026 02:30", TWICE),
]


@pytest.mark.parametrize(("style", "path", "text", "expected"), STYLED)
def test_a_cell_is_read_in_the_style_of_its_file(style: Style, path: str, text: str, expected: Any) -> None:  # noqa: ANN401 - of any type
    assert judged(column(path), text, style) == ((None, expected) if isinstance(expected, Why) else (expected, None))


def test_every_column_of_every_input_has_the_type_of_its_kind() -> None:
    for table in INPUTS.values():
        for asked in table.columns:
            cells = pl.LazyFrame({"text": [None, "x"]}, schema={"text": pl.String})
            assert cells.select(value(asked, pl.col("text"), EURO)).collect().dtypes == [asked.dtype]


ANY_TEXT = st.one_of(
    st.text(max_size=12),
    st.text(alphabet="0123456789.,-+eE :TZ/|", max_size=26),
    st.datetimes().map(lambda moment: moment.isoformat()),
    st.dates().map(str),
    st.decimals(allow_nan=False, places=7).map(str),
    st.integers().map(str),
)


@settings(max_examples=60, deadline=None)
@given(texts=st.lists(st.one_of(st.none(), ANY_TEXT), min_size=1, max_size=30))
def test_a_cell_never_has_both_a_value_and_a_reason_and_neither_only_if_it_may_be_empty(
    texts: list[str | None],
) -> None:
    cells = pl.DataFrame({"text": texts}, schema={"text": pl.String})
    kinds = {(asked.kind, asked.required, asked.minimum): asked for table in INPUTS.values() for asked in table.columns}
    for asked in kinds.values():
        for style in (EURO, YEN, COMMA, SPANISH):
            text = pl.col("text")
            seen = cells.select(
                value(asked, text, style).is_null().alias("nothing"),
                reason(asked, text, style).alias("reason"),
                is_missing(text).alias("missing"),
            )
            for nothing, why, missing in seen.rows():
                assert (why is not None) == (nothing and (asked.required or not missing))


NUMBERS = st.one_of(
    st.tuples(st.just(pl.UInt64()), st.integers(0, 2**64 - 1)),
    st.tuples(st.just(pl.Int64()), st.one_of(st.integers(-(2**63), 2**63 - 1), st.integers(-100, 100))),
    st.integers(0, 7).flatmap(
        lambda scale: st.tuples(
            st.just(pl.Decimal(38, scale)),
            st.one_of(st.integers(-(10**37), 10**37), st.integers(-(2**66), 2**66), st.integers(-(10**9), 10**9)).map(
                lambda number: Decimal(f"{number}E-{scale}")
            ),
        )
    ),
)


@settings(max_examples=60, deadline=None)
@given(numbers=st.lists(NUMBERS, min_size=1, max_size=10))
def test_a_number_means_what_its_text_means(numbers: list[tuple[pl.DataType, Any]]) -> None:
    asked_of = [asked for table in INPUTS.values() for asked in table.columns if asked.is_number]
    for dtype, number in numbers:
        cells = pl.DataFrame({"cell": [number, None]}, schema={"cell": dtype})
        text = pl.col("cell").cast(pl.String)
        for asked in {(each.kind, each.minimum, each.maximum, each.above_zero): each for each in asked_of}.values():
            for style in (EURO, YEN, DINAR):
                native = native_value(asked, pl.col("cell"), dtype, style)
                decimals = {Kind.MONEY: style.digits, Kind.MICRO: 6, Kind.PERCENT: 4, Kind.INTEGER: 0}[asked.kind]
                assert (native is None) == (isinstance(dtype, pl.Decimal) and dtype.scale > decimals)
                if native is not None:
                    seen = cells.select(native=native, text=value(asked, text, style))
                    assert seen["native"].equals(seen["text"]), (asked, dtype, number)
