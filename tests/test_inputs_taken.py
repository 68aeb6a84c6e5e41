"""What rejected rows take along, so that nothing that rests on them turns into money."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from billadjust.inputs import Taken
from inputs_case import CLEAN, changed, ids, load_from, read, sources, without

if TYPE_CHECKING:
    from pathlib import Path

CARD, FLAT = [("card", 1), ("card", 2)], [("flat", 1)]

TARIFFS = [
    ("tariffs", "card,3,2026-07-01,x,1", CARD),  # a version takes its whole tariff
    ("tariffs", " card ,3,2026-07-01,7,1", CARD),  # blanks are no hiding place
    ("tariffs", "none,3,2026-07-01,x,1", []),
    ("tariffs", ",3,2026-07-01,7,1", CARD + FLAT),  # a version of any tariff
    ("tariffs", "card,x,2026-07-01,7,1", CARD),
    ("tariffs", "card,2,2026-06-01,8.31,6.90", [("card", 1)]),  # the key again: both versions 2 are rejected
    ("rates", "card,1,fax,es,,0,1,1,1,1", [("card", 1)]),
    ("rates", "card, 2,sms,es,,0,1,1,1,1", [("card", 2)]),
    ("rates", "card,x,sms,es,,0,1,1,1,1", CARD),
    ("rates", "a|b,2,sms,es,,0,1,1,1,1", CARD + FLAT),
    ("rates", "card,1,sms,es,,0,0,05,1,1,1", [("card", 1)]),  # a decimal comma: one field too many
    ("rates", "card,1,sms,es,,5,1,1,1,1", [("card", 1)]),  # no tier that starts at 0
    ("allowances", "flat,1,data,*,-1", FLAT),
    ("allowances", "card,1,voice,es,1", [("card", 1)]),
    ("bands", "night,9,08:00,09:00", [("card", 1)]),
    ("bands", "day,9,08:00,09:00", []),  # no rate names it
    ("bands", ",1,08:00,09:00", [("card", 1)]),  # any band that a rate names
]


@pytest.mark.parametrize(("name", "row", "expected"), TARIFFS)
def test_a_rejected_row_of_the_catalogue_takes_tariff_versions(
    tmp_path: Path, name: str, row: str, expected: list[tuple[str, int]]
) -> None:
    loaded = read(tmp_path, **{name: f"{CLEAN[name]}{row}\n"})
    assert ids(loaded.inputs.taken.tariffs, "tariff_id", "version") == expected


def test_clean_inputs_take_nothing(tmp_path: Path) -> None:
    taken, nothing = read(tmp_path).inputs.taken, Taken.nothing()
    for name in ("subscriptions", "tariffs", "prefixes", "cdrs", "lines"):
        frame = getattr(taken, name).collect()
        assert frame.is_empty()
        assert frame.schema == getattr(nothing, name).collect_schema()


SUBSCRIPTIONS = [
    ("S2,2026-02-31,A2,flat,,", ["S2"]),
    (" S2,2027-01-01,A2,flat,,", ["S2"]),
    ("S2,2026-02-01,A2,flat,,", ["S2"]),  # overlaps
    ("S2,2025-01-01,A2,flat,2026-01-01,9", ["S2"]),  # no such version
    (",2027-01-01,A1,card,,", ["S1"]),  # any subscription of the account
    (",2027-01-01, A1 ,card,,", ["S1"]),
    (",2027-01-01,,card,,", ["S1", "S2"]),  # any subscription
    (",2027-01-01,A9,card,,", []),
    ("S3,2027-01-01,A9,card,,", ["S3"]),
]


@pytest.mark.parametrize(("row", "expected"), SUBSCRIPTIONS)
def test_a_rejected_period_takes_its_subscription(tmp_path: Path, row: str, expected: list[str]) -> None:
    loaded = read(tmp_path, subscriptions=f"{CLEAN['subscriptions']}{row}\n")
    assert ids(loaded.inputs.taken.subscriptions, "subscription_id") == expected


PREFIXES = [
    ("349,", ["349"]),
    (" 349 ,es", ["349"]),
    ("+349,es", ["349"]),
    ("349x,es", ["349"]),
    ("34,it", ["34"]),  # the key again with other content
    (",es", [""]),  # every number begins with nothing
    ("x,es", [""]),
]


@pytest.mark.parametrize(("row", "expected"), PREFIXES)
def test_a_rejected_prefix_is_known_as_far_as_it_can_be_read(tmp_path: Path, row: str, expected: list[str]) -> None:
    loaded = read(tmp_path, zones=f"{CLEAN['zones']}{row}\n")
    assert ids(loaded.inputs.taken.prefixes, "prefix") == expected


AT = datetime(2026, 1, 9, 10, tzinfo=UTC)
CDRS = [
    ("C9,S1,voice,2026-01-09T10:00Z,,-1,0,F1", ("S1", "voice", AT, "F1")),
    ("C9, S1,voice ,2026-01-09T10:00Z,,-1,0, F1", ("S1", "voice", AT, "F1")),
    ("C9,S1,fax,2026-01-09,,1,0,", ("S1", None, None, None)),
    ("C9,S9,voice,2026-01-09T10:00Z,,1,0,F1", ("S9", "voice", AT, "F1")),
    ("C9,S1,voice,2026-01-09T10:00Z,,0,05,0,F1", ("S1", "voice", AT, "0")),
]


@pytest.mark.parametrize(("row", "expected"), CDRS)
def test_a_rejected_cdr_is_known_as_far_as_it_can_be_read(tmp_path: Path, row: str, expected: tuple[Any, ...]) -> None:
    loaded = read(tmp_path, cdrs=f"{CLEAN['cdrs']}{row}\n")
    assert loaded.inputs.taken.cdrs.collect().rows() == [expected]


CREDITS = [
    ("K9,F1,2,x,2026-02-10", [("F1", 2, False)]),
    ("K9, F1, 2 ,1,2026-02-10", [("F1", 2, False)]),
    ("K9,F1,,1,2026-02-10", [("F1", None, False)]),
    ("K9,F1,x,1,2026-02-10", [("F1", None, False)]),
    ("K9,,2,1,2026-02-10", []),
    ("K9,F1,7,1,2026-02-10", [("F1", 7, False)]),
    ("K1,F1,2,1,2026-02-10", [("F1", 1, False), ("F1", 2, False)]),  # the key again with other content
]


@pytest.mark.parametrize(("row", "expected"), CREDITS)
def test_a_rejected_prior_credit_freezes_its_line(
    tmp_path: Path, row: str, expected: list[tuple[str, int | None, bool]]
) -> None:
    loaded = read(tmp_path, prior_credits=f"{CLEAN['prior_credits']}{row}\n")
    assert ids(loaded.inputs.taken.lines, "invoice_id", "line_no", "usage_only") == expected


DISPUTES = [
    ("D9,A1,F1,2,,2026-02-33,open", [("F1", 2, False)]),
    ("D9,A1,F1,2,C1,2026-02-33,open", [("F1", 2, False)]),
    ("D9,A1,F1,,C1,2026-02-33,open", [("F1", None, True)]),
    ("D9,A1,F1,,C|,2026-02-03,open", [("F1", None, True)]),
    ("D9,A1,F1,,,2026-02-33,open", [("F1", None, False)]),
    ("D9,A1,F1,x,C1,2026-02-03,open", [("F1", None, False)]),
    ("D9, A1, F1,1,,2026-02-03,open", [("F1", 1, False)]),
    ("D9,A2,F1,1,,2026-02-03,open", []),  # another account's invoice: nobody freezes what is not theirs
    ("D9,A|2,F1,1,,2026-02-03,open", []),
    ("D9,A1,F9,1,,2026-02-03,open", []),
    ("D9,A1,,1,,2026-02-03,open", []),
]


@pytest.mark.parametrize(("row", "expected"), DISPUTES)
def test_a_rejected_dispute_freezes_the_lines_it_names_of_its_own_account(
    tmp_path: Path, row: str, expected: list[tuple[str, int | None, bool]]
) -> None:
    loaded = read(tmp_path, disputes=f"{CLEAN['disputes']}{row}\n")
    assert ids(loaded.inputs.taken.lines, "invoice_id", "line_no", "usage_only") == expected


def test_a_rejected_dispute_of_an_invoice_that_only_the_ledger_knows_freezes_it(tmp_path: Path) -> None:
    for name, text in CLEAN.items():
        (tmp_path / f"{name}.csv").write_text(text)
    (tmp_path / "disputes.csv").write_text(CLEAN["disputes"] + "D8,A1,F7,1,,2026-02-33,open\nD9,A2,F7,2,,x,open\n")
    known = pl.LazyFrame({"invoice_id": ["F7"], "account_id": ["A1"]})
    loaded = load_from(tmp_path, sources(tmp_path), known_invoices=known)
    assert ids(loaded.inputs.taken.lines, "invoice_id", "line_no") == [("F7", 1)]


@pytest.mark.parametrize("name", ["subscriptions", "tariffs", "rates", "allowances", "bands"])
def test_a_row_of_empty_cells_takes_nothing_along(tmp_path: Path, name: str) -> None:
    header = CLEAN[name].partition("\n")[0]
    loaded = read(tmp_path, **{name: CLEAN[name] + "," * header.count(",") + "\n"})
    assert loaded.rejected.height
    assert loaded.inputs.taken.tariffs.collect().is_empty()
    assert loaded.inputs.taken.subscriptions.collect().is_empty()


STORNOS = [
    ("F9,1,recurring,S2,internet,-20.00,121,,", ["F2"]),  # the days of its invoice, January
    ("F9,1,recurring,S2,internet,-20.00,21,2026-02-31,", ["F2"]),  # any days
    ("F9,1,recurring,S2,internet,x,21,,", ["F2"]),  # any amount
    ("F9,1,x,S2,internet,-20.00,21,,", ["F2"]),  # any kind
    ("F9,1,recurring,S2,internet,-20.01,21,,", ["F2"]),  # it does not add up to its invoice
    ("F8,1,recurring,S2,internet,-20.00,121,,", ["F2"]),  # without its invoice it may be of any days
    ("F9,1,recurring,S2,internet,-20.00,121,2026-02-01,2026-03-01", []),
    ("F9,1,recurring,S2,internet,20.00,121,,", []),
    ("F9,1,discount,S2,internet,-20.00,121,,", []),
    ("F9,1,recurring,S9,internet,-20.00,21,,", []),
]


@pytest.mark.parametrize(("row", "expected"), STORNOS)
def test_a_rejected_storno_freezes_the_fees_that_it_gives_back(tmp_path: Path, row: str, expected: list[str]) -> None:
    storno = "F9,A2,2026-02-02,2026-01-01,2026-02-01,EUR,-20.00,-4.20,-24.20\n"
    loaded = read(tmp_path, invoices=CLEAN["invoices"] + storno, invoice_lines=f"{CLEAN['invoice_lines']}{row}\n")
    assert ids(loaded.inputs.taken.lines, "invoice_id") == expected
    assert loaded.rejected.filter(pl.col("input") == "invoice_lines").height


def test_what_is_taken_along_is_not_rejected_and_may_be_referred_to(tmp_path: Path) -> None:
    loaded = read(tmp_path, tariffs=changed("tariffs", ("card,2,2026-06-01,8.30", "card,2,2026-06-01,-8.30")))
    assert ids(loaded.inputs.taken.tariffs, "tariff_id", "version") == [("card", 1)]
    assert ids(loaded.inputs.subscriptions, "subscription_id") == ["S1", "S1", "S2"]
    assert ids(loaded.inputs.tariffs, "tariff_id", "version") == [("card", 1), ("flat", 1)]


def test_a_cdr_of_a_rejected_subscription_is_rejected_and_known(tmp_path: Path) -> None:
    loaded = read(tmp_path, subscriptions=without("subscriptions", "S2"))
    assert ids(loaded.inputs.taken.cdrs, "subscription_id", "invoice_id") == [("S2", "F2")]
