"""Every way in which a catalogue can be wrong: said, survived, and never turned into money (§2.1).

Each case is a tariff of its own with a customer of its own, all read in one dry run. A sound tariff owes its customer
1.40 (the fee fell from 8.30 to 6.90 on 1 June) and 0.90 (a minute at 0.10 was charged 1.00) with an indemnity of 0.09.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from operator_case import JULY, Row, Tables, invoice, night, rows_of, write_operator

if TYPE_CHECKING:
    from pathlib import Path

ALL = ("billing_error 0.90", "error_indemnity 0.09", "tariff_improvement 1.40")
"""What a customer of a sound tariff is owed."""

FEE_ALONE = ("tariff_improvement 1.40",)
"""What is left where the CDR cannot be rated."""

REQUIRED = "a value is required"
NEGATIVE = "must not be negative"
ABOVE_ZERO = "must be above 0"
AGAIN = "the key appears again with other content"
NO_WORD = "nor mapped to one with `words` in the configuration"
NO_SERVICE = f"not one of voice, sms, data, {NO_WORD}"
NO_TIME = "not a time of day such as 08:00 (or 24:00 for the end of the day)"
SAME_DAY = "another version of the tariff is effective the same day"
COVERED = "another allowance of the version covers the same service and zone"
OVERLAP = "the band overlaps another one that the same tariff version's rates name"


# In the cells of a case T, Z, D and P are the tariff, the zone, the band and the prefix of its own.
BAND: Row = {"band": "D", "weekday": "2", "start_time": "08:00", "end_time": "20:00"}
SOUND: dict[str, Row] = {
    "tariffs": {"tariff_id": "T", "version": 3, "effective_from": "2026-07-01", "monthly_fee": "6.90",
                "internet_fee": "6.90", "open_for_sale": "true"},
    "rates": {"tariff_id": "T", "version": 1, "service": "sms", "zone": "Z", "band": "", "from_unit": 0,
              "connect_fee": "0", "price": "0.10", "per": 1, "first_increment": 1, "increment": 1, "minimum_charge": "0"},
    "allowances": {"tariff_id": "T", "version": 1, "service": "sms", "zones": "Z", "quantity": 10},
    "bands": BAND,
    "zones": {"prefix": "P1", "zone": "Z"},
}  # fmt: skip
"""A row of each table that nobody needs: whatever is wrong with it, takes more along than itself."""


@dataclass(frozen=True)
class Case:
    """A row that breaks a rule.

    `row` is what it says otherwise than a sound one; `column`, `value` and `reason` are what is said of it. `own` says how
    many rows of the tariff are rejected for the same reason, `owed` what its customer is owed all the same.
    """

    table: str
    row: dict[str, str]
    column: str
    value: str
    reason: str
    own: int = 0
    owed: tuple[str, ...] = ()


def case(  # noqa: PLR0913  # what is said of a row, and what else there is
    table: str, reason: str, *, column: str = "", value: str = "", own: int = 0, owed: tuple[str, ...] = (), **row: str
) -> Case:
    """Make a case; unless they are given, the first cell of the row is the one to blame."""
    first, cell = next(iter(row.items()))
    return Case(table, row, column or first, value or cell, reason, own, owed)


KEY = "tariff_id, version"
RATE_KEY = "tariff_id, version, service, zone, band, from_unit"
NO_FRACTION = "has more than 6 decimals"
TOO_LARGE = "larger than billadjust computes exactly (at most 100000)"

CASES = [
    case("tariffs", NEGATIVE, monthly_fee="-0.01", internet_fee="0"),
    case("tariffs", NEGATIVE, internet_fee="-0.01"),
    case("tariffs", REQUIRED, monthly_fee="", internet_fee="0"),
    case("tariffs", REQUIRED, internet_fee=""),
    case("tariffs", REQUIRED, effective_from=""),
    case("tariffs", REQUIRED, version=""),
    case("tariffs", "not a whole number", version="x"),
    case("tariffs", "there is no such day in the calendar", effective_from="2026-02-30"),
    case("tariffs", "not a number such as 1234.56", monthly_fee="1e3"),
    case("tariffs", NO_FRACTION, monthly_fee="6.9000001"),
    case("tariffs", TOO_LARGE, monthly_fee="100000.000001"),
    case("tariffs", "internet_fee is more than monthly_fee, of which it is a part", internet_fee="6.91"),
    case("tariffs", f"not true or false, {NO_WORD}", open_for_sale="perhaps"),
    case("tariffs", SAME_DAY, own=1, effective_from="2026-06-01"),
    case("tariffs", AGAIN, own=1, column=KEY, value="T, 2", version="2"),
    case("rates", NEGATIVE, price="-0.01"),
    case("rates", NEGATIVE, connect_fee="-0.01"),
    case("rates", NEGATIVE, minimum_charge="-0.01"),
    case("rates", NEGATIVE, from_unit="-1"),
    case("rates", ABOVE_ZERO, per="0"),
    case("rates", ABOVE_ZERO, first_increment="0"),
    case("rates", ABOVE_ZERO, increment="0"),
    case("rates", NEGATIVE, per="-60"),
    case("rates", NEGATIVE, first_increment="-1"),
    case("rates", NEGATIVE, increment="-1"),
    case("rates", REQUIRED, price=""),
    case("rates", REQUIRED, per=""),
    case("rates", REQUIRED, first_increment=""),
    case("rates", REQUIRED, increment=""),
    case("rates", REQUIRED, service=""),
    case("rates", REQUIRED, zone=""),
    case("rates", REQUIRED, version=""),
    case("rates", NO_FRACTION, price="0.0000001"),
    case("rates", TOO_LARGE, price="100000.000001"),
    case("rates", NO_SERVICE, service="fax"),
    case("rates", "there is no such band", band="T nowhere"),
    case("rates", "the rate has no tier that starts at 0", from_unit="5"),
    case("rates", AGAIN, own=1, column=RATE_KEY, value="T, 1, voice, Z, D, 0", service="voice", band="D"),
    case("rates", NEGATIVE, price="-0.01", version="2"),
    case("rates", "there is no such tariff version", column=KEY, value="T, 9", owed=ALL, version="9"),
    case("allowances", NEGATIVE, quantity="-1"),
    case("allowances", REQUIRED, quantity=""),
    case("allowances", REQUIRED, service=""),
    case("allowances", REQUIRED, zones=""),
    case("allowances", REQUIRED, version=""),
    case("allowances", NO_SERVICE, service="fax"),
    case("allowances", NO_FRACTION, quantity="0.0000001"),
    case("allowances", "not identifiers joined by `|` (each without surrounding blanks), nor `*`", zones="Z|*"),
    case("allowances", COVERED, own=1, column="zones", value="Z", service="data"),
    case("allowances", AGAIN, own=1, column="tariff_id, version, service, zones", value="T, 1, data, *", service="data", zones="*", quantity="11"),
    case("allowances", NEGATIVE, quantity="-1", version="2"),
    case("allowances", "there is no such tariff version", column=KEY, value="T, 9", owed=ALL, version="9"),
    case("bands", "must be at most 7", weekday="8"),
    case("bands", "must be at least 1", weekday="0"),
    case("bands", REQUIRED, weekday=""),
    case("bands", REQUIRED, start_time=""),
    case("bands", REQUIRED, end_time=""),
    case("bands", NO_TIME, start_time="8:00"),
    case("bands", NO_TIME, end_time="24:01"),
    case("bands", "end_time is not after start_time: split a band that goes past midnight", end_time="08:00"),
    case("bands", OVERLAP, own=1, column="band", value="D", weekday="1", start_time="19:59"),
    case("bands", AGAIN, own=1, column="band, weekday, start_time", value="D, 1, 08:00", weekday="1", end_time="21:00"),
    case("zones", REQUIRED, owed=FEE_ALONE, zone=""),
    case("zones", "not 1 to 15 digits (without +)", owed=FEE_ALONE, prefix="+P"),
    case("zones", AGAIN, own=1, owed=FEE_ALONE, prefix="P", zone="Elsewhere"),
]  # fmt: skip
SOUND_TARIFF = len(CASES)
"""The number of a tariff with which nothing is wrong."""


def in_case(number: int, text: object) -> object:
    """Put the names of a case's own in the place of T, Z, D and P."""
    own = {"T": f"t{number}", "Z": f"z{number}", "D": f"d{number}", "P": f"{100 + number}"}
    return re.sub(r"\b[TZD]\b|P(?=1?$)", lambda name: own[name[0]], text) if isinstance(text, str) else text


def tariff_of(number: int) -> Tables:
    """Make a sound tariff with its customer: two versions, which differ in the fee alone."""
    both = (1, 2)
    voice: Row = {**SOUND["rates"], "service": "voice", "per": 60, "first_increment": 60}
    fees = ((1, "2025-01-01", "8.30"), (2, "2026-06-01", "6.90"))
    tables: Tables = {
        "accounts": [{"account_id": "T", "language": "en"}],
        "subscriptions": [{"subscription_id": "T", "valid_from": "2026-01-01", "account_id": "T", "tariff_id": "T"}],
        "tariffs": [
            {**SOUND["tariffs"], "version": version, "effective_from": day, "monthly_fee": fee, "internet_fee": fee}
            for version, day, fee in fees
        ],
        "rates": [
            {**voice, "version": version, **other}
            for version in both
            for other in ({}, {"band": "D"}, {"from_unit": 600, "price": "0.05"})
        ],
        "allowances": [{**SOUND["allowances"], "version": version, "service": "data", "zones": "*"} for version in both],
        "bands": [{**BAND, "weekday": 1}],
        "zones": [{"prefix": "P", "zone": "Z"}],
        "invoices": [invoice("T", "T", "2026-07-01", "9.30")],
        "invoice_lines": [
            {"invoice_id": "T", "subscription_id": "T", "tax_rate": "21", **line}
            for line in (
                {"line_no": 1, "kind": "recurring", "net_amount": "8.30"},
                {"line_no": 2, "kind": "usage", "service": "voice", "net_amount": "1.00"},
            )
        ],
        "cdrs": [
            {"cdr_id": "T", "subscription_id": "T", "service": "voice", "started_at": "2026-06-10T12:00",
             "destination": "P1", "quantity": 60, "charged": "1", "invoice_id": "T"}
        ],
    }  # fmt: skip
    return {
        name: [{column: in_case(number, cell) for column, cell in row.items()} for row in rows]
        for name, rows in tables.items()
    }


def places(tables: Tables, table: str) -> int:
    """Say in which line the next row of a table will stand."""
    return len(tables[table]) + 2


@dataclass(frozen=True)
class Night:
    """A dry run: which lines are a case's own and which is its broken row, what was rejected, and what would be posted."""

    own: list[range]
    broken: list[int]
    rejected: list[dict[str, str]]
    owed: dict[str, list[str]]


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> Night:
    """Read all cases in one dry run."""
    place = tmp_path_factory.mktemp("catalogue")
    tables: Tables = {name: [] for name in tariff_of(0)}
    own, broken = [], []
    for number, wrong in enumerate([*CASES, None]):
        begin = {name: places(tables, name) for name in tables}
        for name, rows in tariff_of(number).items():
            tables[name] += rows
        if wrong is not None:
            own.append(range(begin[wrong.table], places(tables, wrong.table)))
            broken.append(places(tables, wrong.table))
            row = {**SOUND[wrong.table], **wrong.row}
            tables[wrong.table].append({name: in_case(number, cell) for name, cell in row.items()})
    return dry_run(write_operator(place / "operator", tables, "[limits]\nrejected_share = 100\n"), own, broken)


def dry_run(directory: Path, own: list[range], broken: list[int]) -> Night:
    """Run a night without posting it, which must succeed."""
    outcome = night(directory, JULY, "--dry-run", "--preview", directory / "preview")
    assert outcome.code == 0, outcome
    owed: dict[str, list[str]] = {}
    for entry in shown(directory, "adjustments"):
        owed.setdefault(entry["account_id"], []).append(f"{entry['rule']} {entry['net']}")
    return Night(own, broken, shown(directory, "rejected"), owed)


def shown(directory: Path, name: str) -> list[dict[str, str]]:
    """Read a file of the preview, without what marks it as one and what keeps a spreadsheet from computing cells."""
    return [
        {column.removeprefix("PREVIEW_"): cell.removeprefix("'") for column, cell in row.items()}
        for row in rows_of(directory / "preview" / f"PREVIEW_{name}.csv")
    ]


@pytest.mark.parametrize("number", range(len(CASES)), ids=[f"{one.table}-{at}" for at, one in enumerate(CASES)])
def test_a_broken_row_is_rejected_with_its_reason_and_its_tariff_turns_into_no_money(read: Night, number: int) -> None:
    wrong = CASES[number]
    of_table = [row for row in read.rejected if row["input"] == wrong.table]
    said = [row for row in of_table if int(row["line"]) == read.broken[number]]
    [row] = said
    assert (row["file"], row["column"], row["value"]) == (
        f"{wrong.table}.csv",
        wrong.column,
        in_case(number, wrong.value),
    )
    assert row["reason"].partition(" (tariffs.csv")[0].partition(f" ({wrong.table}.csv")[0] == wrong.reason
    own = [row for row in of_table if int(row["line"]) in read.own[number]]
    assert [row["reason"].partition(f" ({wrong.table}.csv")[0] for row in own] == [wrong.reason] * wrong.own
    assert sorted(read.owed.get(f"t{number}", [])) == sorted(wrong.owed)


def test_a_sound_tariff_beside_them_owes_what_it_owes(read: Night) -> None:
    assert sorted(read.owed[f"t{SOUND_TARIFF}"]) == list(ALL)


@pytest.mark.parametrize(
    ("table", "name", "owed"),
    [
        ("tariffs", "tariff_id", ()),
        ("rates", "tariff_id", ()),
        ("allowances", "tariff_id", ()),
        ("bands", "band", ()),
        ("zones", "prefix", FEE_ALONE),
    ],
)
def test_a_broken_row_that_does_not_say_of_what_it_is_may_be_of_anything(
    tmp_path: Path, table: str, name: str, owed: tuple[str, ...]
) -> None:
    tables = tariff_of(1)
    line = places(tables, table)
    tables[table].append({**{column: in_case(1, cell) for column, cell in SOUND[table].items()}, name: ""})
    seen = dry_run(write_operator(tmp_path / "operator", tables, "[limits]\nrejected_share = 100\n"), [], [])
    said = [
        (row["input"], row["file"], row["line"], row["column"], row["value"], row["reason"]) for row in seen.rejected
    ]
    assert said == [(table, f"{table}.csv", str(line), name, "", REQUIRED)]
    assert sorted(seen.owed.get("t1", [])) == sorted(owed)
