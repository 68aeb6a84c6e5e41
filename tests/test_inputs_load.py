"""All inputs together: nothing is lost, counts add up, the order is fixed."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import pytest

from billadjust.errors import InputError
from billadjust.inputs.load import SKIPPED
from billadjust.schemas import INPUTS, Rejected
from inputs_case import CLEAN, ids, load_from, read, rejections, sources, without

if TYPE_CHECKING:
    from pathlib import Path


def test_clean_inputs_are_accepted_whole(tmp_path: Path) -> None:
    loaded = read(tmp_path)
    assert rejections(loaded) == []
    assert loaded.remarks == []
    assert loaded.inputs.present == set(INPUTS)
    assert {row["input"]: row["accepted"] for row in loaded.counts.to_dicts()} == {
        name: text.count("\n") - 1 for name, text in CLEAN.items()
    }


@pytest.mark.parametrize("name", INPUTS)
def test_every_table_has_exactly_the_columns_of_its_schema(tmp_path: Path, name: str) -> None:
    loaded = read(tmp_path)
    assert getattr(loaded.inputs, name).collect_schema() == INPUTS[name].schema
    assert getattr(loaded.inputs, name).collect().schema == INPUTS[name].schema


def test_amounts_fees_and_times_are_in_the_units_of_their_kinds(tmp_path: Path) -> None:
    inputs = read(tmp_path).inputs
    assert inputs.invoice_lines.filter(line_no=2).select("net_amount", "tax_rate", "quantity").collect().row(0) == (
        300,
        210_000,
        1_000_000,
    )
    assert ids(inputs.tariffs.filter(tariff_id="card"), "monthly_fee", "internet_fee", "open_for_sale") == [
        (8_300_000, 6_900_000, True),
        (9_900_000, 6_900_000, True),
    ]
    assert ids(inputs.bands, "band", "start_time", "end_time") == [
        ("day", 28_800, 79_200),
        ("night", 0, 28_800),
        ("night", 79_200, 86_400),
    ]
    assert ids(inputs.cdrs, "started_at", "destination") == [
        (datetime(2026, 1, 7, 9, tzinfo=UTC), "34000000001"),
        (datetime(2026, 1, 8, 10, tzinfo=UTC), None),
    ]


def test_a_line_without_a_period_has_that_of_its_invoice(tmp_path: Path) -> None:
    lines = read(tmp_path).inputs.invoice_lines
    assert ids(lines, "invoice_id", "line_no", "period_start", "period_end") == [
        ("F1", 1, date(2026, 1, 1), date(2026, 2, 1)),
        ("F1", 2, date(2026, 1, 5), date(2026, 1, 20)),
        ("F2", 1, date(2026, 1, 1), date(2026, 2, 1)),
    ]


def test_an_optional_input_that_is_missing_is_said_and_empty(tmp_path: Path) -> None:
    loaded = read(tmp_path, outages=None)
    assert loaded.remarks == ["outages: there is no such input; no outage is credited."]
    assert "outages" not in loaded.inputs.present
    assert loaded.inputs.outages.collect().is_empty()
    assert "outages" not in loaded.counts["input"].to_list()


@pytest.mark.parametrize("name", ["rates", "allowances", "zones", "bands"])
def test_a_catalogue_with_a_header_only_counts_as_missing(tmp_path: Path, name: str) -> None:
    header = CLEAN[name].partition("\n")[0] + "\n"
    loaded = read(tmp_path, **{name: header})
    assert name not in loaded.inputs.present
    assert f"{name}: the input has no rows; {SKIPPED[name]}." in loaded.remarks
    assert loaded.counts.filter(input=name)["rows"].to_list() == [0]


def test_an_input_with_a_header_only_is_present(tmp_path: Path) -> None:
    loaded = read(tmp_path, outages="outage_id,service,started_at")
    assert loaded.remarks == []
    assert "outages" in loaded.inputs.present
    assert loaded.counts.filter(input="outages").row(0) == ("outages", 1, 0, 0, 0, 0)


@pytest.mark.parametrize("name", ["accounts", "subscriptions", "tariffs"])
def test_a_required_input_that_is_missing_stops_the_run(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError) as caught:
        read(tmp_path, **{name: None})
    assert str(caught.value) == (
        f"The input {name} is missing: put {name}.csv beside the configuration, or give its path under [inputs]."
    )


def test_references_to_an_input_that_is_missing_are_not_checked(tmp_path: Path) -> None:
    everything_else = dict.fromkeys(set(CLEAN) - {"accounts", "subscriptions", "tariffs", "disputes", "collections"})
    loaded = read(tmp_path, **everything_else, disputes=CLEAN["disputes"] + "D2,A2,F99,3,C99,2026-02-03,open\n")
    assert rejections(loaded) == []
    assert ids(loaded.inputs.disputes, "dispute_id") == ["D1", "D2"]


def test_what_is_rejected_is_in_a_fixed_order_and_counted_by_row(tmp_path: Path) -> None:
    loaded = read(
        tmp_path,
        accounts=CLEAN["accounts"] + "A3,,fr\nA4,,en\n",
        zones="prefix,zone\nx,\n34,es\n",
        outages="outage_id,service,started_at\nO1,fax,2026-01-01\n",
    )
    assert rejections(loaded) == [
        ("accounts", 4, "language", "fr", "not one of es, en, nor mapped to one with `words` in the configuration"),
        ("zones", 2, "prefix", "x", "not 1 to 15 digits (without +)"),
        ("zones", 2, "zone", None, "a value is required"),
        (
            "outages",
            2,
            "service",
            "fax",
            "not one of voice, sms, data, all, nor mapped to one with `words` in the configuration",
        ),
        ("outages", 2, "started_at", "2026-01-01", "not a timestamp such as 2026-08-25T14:00:00+02:00"),
    ]
    Rejected.validate(loaded.rejected)
    counts = {row["input"]: (row["rows"], row["accepted"], row["rejected"]) for row in loaded.counts.to_dicts()}
    assert counts["accounts"] == (4, 3, 1)
    assert counts["zones"] == (2, 1, 1)
    assert counts["outages"] == (1, 0, 1)


def test_an_extra_column_is_ignored_and_said_once(tmp_path: Path) -> None:
    place = tmp_path / "accounts"
    place.mkdir()
    for number in (1, 2):
        (place / f"{number}.csv").write_text(f"account_id,segment\nA{number},gold\n")
    loaded = read(tmp_path, {"accounts": {"path": str(place)}}, accounts=None)
    assert loaded.remarks == ["accounts: the column segment is not used."]
    assert rejections(loaded) == []


def test_nothing_but_parquet_stays_in_the_spool(tmp_path: Path) -> None:
    read(tmp_path, {"accounts": {"encoding": "latin-1"}}, outages=CLEAN["outages"] + '"O2,data,2026-01-01T10:00Z,\n')
    assert {path.suffix for path in (tmp_path / "spool").iterdir()} == {".parquet"}


def test_progress_is_told_what_is_read(tmp_path: Path) -> None:
    for name, text in CLEAN.items():
        (tmp_path / f"{name}.csv").write_text(text)
    told: list[str] = []
    load_from(tmp_path, sources(tmp_path), progress=told.append)
    assert told[:2] == ["reading accounts", "reading subscriptions"]
    assert told[-1] == "comparing the inputs with each other"


def test_an_account_that_is_rejected_takes_what_refers_to_it_with_it(tmp_path: Path) -> None:
    loaded = read(tmp_path, accounts=without("accounts", "A2"))
    assert rejections(loaded) == [
        ("subscriptions", 4, "account_id", "A2", "there is no such account"),
        ("invoices", 3, "account_id", "A2", "there is no such account"),
        ("invoice_lines", 4, "invoice_id", "F2", "the invoice is rejected"),
        ("cdrs", 3, "subscription_id", "S2", "the subscription is rejected"),
    ]
