"""`billadjust simulate`: what a planned price change would have cost, with figures worked out by hand."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import polars as pl
import pytest

from billadjust.inputs import Inputs, Loaded
from billadjust.simulation import Simulation
from operator_case import Outcome, Row, Tables, program, rows_of, tariff, tree, write_operator, write_table

if TYPE_CHECKING:
    from pathlib import Path

AS_OF = "2026-07-02"

RATE: Row = {
    "tariff_id": "card",
    "version": 1,
    "service": "voice",
    "zone": "es",
    "price": "0.10",
    "per": 60,
    "first_increment": 60,
    "increment": 60,
}
"""0.10 for each minute begun."""


def invoice(invoice_id: str, account_id: str, month: int, net: str) -> Row:
    """Make an invoice of a month of 2026 without tax, issued on the first day of the next."""
    return {
        "invoice_id": invoice_id,
        "account_id": account_id,
        "issue_date": f"2026-{month + 1:02}-01",
        "period_start": f"2026-{month:02}-01",
        "period_end": f"2026-{month + 1:02}-01",
        "currency": "EUR",
        "net_total": net,
        "tax_total": "0",
        "gross_total": net,
    }


def line(invoice_id: str, line_no: int, kind: str, subscription_id: str, net: str, **more: object) -> Row:
    """Make an invoice line without tax."""
    ids = {"invoice_id": invoice_id, "line_no": line_no, "kind": kind, "subscription_id": subscription_id}
    return {**ids, "net_amount": net, "tax_rate": "0", **more}


def minutes(cdr_id: str, subscription_id: str, number: int, invoice_id: str, destination: str = "34911") -> Row:
    """Make a call of so many minutes on 10 June, charged at 0.10 a minute."""
    return {
        "cdr_id": cdr_id,
        "subscription_id": subscription_id,
        "service": "voice",
        "started_at": "2026-06-10T12:00:00",
        "destination": destination,
        "quantity": number * 60,
        "charged": f"{number / 10:.2f}",
        "invoice_id": invoice_id,
    }


def operator() -> Tables:
    """An operator with two Internet customers and two who call.

    N1 was billed 8.30 in April, May and June, N2 in June alone: their fee is 6.90 since 1 June. C1 pays 10.00 in June and
    called for 30 minutes (3.00), C2 for 60 (6.00); C2 has called for another 5 minutes that no invoice has yet.
    """
    return {
        "accounts": [{"account_id": name} for name in ("N1", "N2", "C1", "C2")],
        "subscriptions": [
            {"subscription_id": f"S-{name}", "account_id": name, "tariff_id": plan, "valid_from": "2026-01-01"}
            for name, plan in (("N1", "net"), ("N2", "net"), ("C1", "card"), ("C2", "card"))
        ],
        "tariffs": [
            tariff("net", 1, "2025-01-01", "8.30"),
            tariff("net", 2, "2026-06-01", "6.90"),
            tariff("card", 1, "2025-01-01", "10.00", "0"),
        ],
        "rates": [RATE],
        "zones": [{"prefix": "34", "zone": "es"}, {"prefix": "33", "zone": "fr"}],
        "invoices": [
            *(invoice(f"N1-{month}", "N1", month, "8.30") for month in (4, 5, 6)),
            invoice("N2-6", "N2", 6, "8.30"),
            invoice("C1-6", "C1", 6, "13.00"),
            invoice("C2-6", "C2", 6, "16.00"),
        ],
        "invoice_lines": [
            *(line(f"N1-{month}", 1, "recurring", "S-N1", "8.30") for month in (4, 5, 6)),
            line("N2-6", 1, "recurring", "S-N2", "8.30"),
            line("C1-6", 1, "recurring", "S-C1", "10.00"),
            line("C1-6", 2, "usage", "S-C1", "3.00", service="voice"),
            line("C2-6", 1, "recurring", "S-C2", "10.00"),
            line("C2-6", 2, "usage", "S-C2", "6.00", service="voice"),
        ],
        "cdrs": [
            minutes("k1", "S-C1", 30, "C1-6"),
            minutes("k2", "S-C2", 60, "C2-6"),
            minutes("k3", "S-C2", 5, ""),
        ],
    }


def simulate(directory: Path, planned: Tables, *options: str | Path) -> Outcome:
    """Write a planned catalogue beside the operator and run the command."""
    plan = directory.parent / "planned"
    plan.mkdir(exist_ok=True)
    for old in plan.iterdir():
        old.unlink()
    for name, rows in planned.items():
        write_table(plan / f"{name}.csv", rows)
    return program("simulate", "--tariffs", plan, "--config", directory / "billadjust.toml", "--as-of", AS_OF, *options)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """The operator as files."""
    return write_operator(tmp_path / "operator", operator())


CHEAPER: Tables = {"tariffs": [tariff("net", 3, "2027-01-01", "5.90")]}
"""A fee of 5.90 from next year on."""

MIXED: Tables = {
    "tariffs": [tariff("card", 2, "2027-01-01", "8.00", "0")],
    "rates": [{**RATE, "version": 2, "price": "0.15"}],
}
"""A lower fee, but dearer minutes."""


def test_a_lower_fee_costs_its_difference_for_each_monthly_bill(directory: Path) -> None:
    """April and May: 8.30 (in force then) - 5.90; June, for two customers: 6.90 - 5.90. In all 2 × 2.40 + 2 × 1.00 = 6.80."""
    before = tree(directory)
    outcome = simulate(directory, CHEAPER)
    assert (outcome.code, outcome.err) == (0, "")
    out = outcome.out
    assert "  net: in force 1, planned 3" not in out
    assert "  net: in force 2, planned 3, what it is better: all are moved, subscriptions 2\n" in out
    assert "  net: accounts 2, better off 2, worse off 0, before 30.40, after 23.60, change -6.80\n" in out
    assert "  card: accounts 2, better off 0, worse off 0, before 29.00, after 29.00, change +0.00\n" in out
    assert "  total: accounts 4, before 59.40, after 52.60, change -6.80\n" in out
    assert "  2026-04: before 8.30, after 5.90, change -2.40\n" in out
    assert "  2026-06: before 42.80, after 40.80, change -2.00\n" in out
    assert "  usage not billed yet: before 0.50, after 0.50, change +0.00\n" in out
    assert "Better off: 2 accounts of 4, by 6.80 EUR in 3 months, each by 1.00 to 5.80.\n" in out
    assert "A year of such months: 27.20 EUR less revenue (net).\n" in out
    assert "Undecided" not in out
    assert out.endswith("Nothing was posted.\n")
    assert tree(directory) == before


@pytest.mark.parametrize(
    ("months", "saved", "yearly"), [("1", "2.00", "24.00"), ("2", "4.40", "26.40"), ("9", "6.80", "27.20")]
)
def test_the_newest_months_that_have_bills_are_looked_at(directory: Path, months: str, saved: str, yearly: str) -> None:
    out = simulate(directory, CHEAPER, "--months", months).out
    assert f"by {saved} EUR in" in out
    assert f"A year of such months: {yearly} EUR less revenue (net).\n" in out


def test_a_mixed_change_moves_nobody_and_what_it_would_do_is_said(directory: Path) -> None:
    """C1: 8.00 + 30 × 0.15 = 12.50 instead of 13.00; C2: 8.00 + 60 × 0.15 = 17.00 instead of 16.00."""
    out = simulate(directory, MIXED).out
    assert "  card: in force 1, planned 2, what it is mixed: nobody is moved, subscriptions 2\n" in out
    assert "  total: accounts 4, before 59.40, after 59.40, change +0.00\n" in out
    assert "No customer would have paid anything else.\n" in out
    assert (
        "Undecided: 2 accounts would keep the version in force, because the planned one is not better in everything. "
        "Moved all the same, 1 would have paid 0.50 EUR less, 1 would have paid 1.00 EUR more.\n"
    ) in out


def test_an_improvement_after_a_mixed_version_moves_everybody(directory: Path) -> None:
    """Version 3 is better than version 1 in everything: 7.00 and 0.10. Two customers save 3.00 each in June."""
    planned: Tables = {
        "tariffs": [*MIXED["tariffs"], tariff("card", 3, "2027-02-01", "7.00", "0")],
        "rates": [*MIXED["rates"], {**RATE, "version": 3}],
    }
    out = simulate(directory, planned).out
    assert "  card: in force 1, planned 3, what it is better: all are moved, subscriptions 2\n" in out
    assert "Better off: 2 accounts of 4, by 6.00 EUR in 3 months, each by 3.00 to 3.00.\n" in out
    assert "Undecided" not in out


def test_cheaper_minutes_save_what_was_called_also_where_it_is_not_billed_yet(directory: Path) -> None:
    """0.06 instead of 0.10: 30 minutes save 1.20, 60 save 2.40, the 5 unbilled ones 0.20."""
    planned: Tables = {
        "tariffs": [tariff("card", 2, "2027-01-01", "10.00", "0")],
        "rates": [{**RATE, "version": 2, "price": "0.06"}],
    }
    out = simulate(directory, planned).out
    assert "  card: accounts 2, better off 2, worse off 0, before 29.00, after 25.40, change -3.60\n" in out
    assert "  usage not billed yet: before 0.50, after 0.30, change -0.20\n" in out


def test_a_planned_version_without_rates_is_doubted(directory: Path) -> None:
    out = simulate(directory, {"tariffs": [tariff("card", 2, "2027-01-01", "8.00", "0")]}).out
    assert "Note: card, version 2, has no rates of its own; none are taken over from another version.\n" in out
    assert "what it is mixed: nobody is moved" in out
    assert "Note:" not in simulate(directory, MIXED).out


def test_a_dearer_version_moves_nobody(directory: Path) -> None:
    """11.00 instead of 10.00, each once in June."""
    out = simulate(
        directory, {"tariffs": [tariff("card", 2, "2027-01-01", "11.00", "0")], "rates": [{**RATE, "version": 2}]}
    ).out
    assert "what it is worse: nobody is moved" in out
    assert "0 would have paid 0.00 EUR less, 2 would have paid 2.00 EUR more.\n" in out


def test_other_zones_change_what_everybody_pays(tmp_path: Path) -> None:
    """A call of 10 minutes to France costs 0.10 a minute as zone es, and 0.25 as zone fr, where it is put by the plan."""
    tables = operator()
    tables["rates"] = [RATE, {**RATE, "zone": "fr", "price": "0.25"}]
    tables["zones"] = [{"prefix": "34", "zone": "es"}, {"prefix": "33", "zone": "es"}]
    tables["cdrs"][0] = minutes("k1", "S-C1", 20, "C1-6")
    tables["cdrs"].append(minutes("k4", "S-C1", 10, "C1-6", destination="33123"))
    directory = write_operator(tmp_path / "operator", tables)
    out = simulate(directory, {"zones": [{"prefix": "34", "zone": "es"}, {"prefix": "33", "zone": "fr"}]}).out
    assert "  card: accounts 2, better off 0, worse off 1, before 29.00, after 30.50, change +1.50\n" in out
    assert "Worse off: 1 account of 4, by 1.50 EUR in 3 months, each by 1.50 to 1.50.\n" in out


def test_fees_that_were_given_back_and_lines_that_cannot_be_priced_count_as_billed(tmp_path: Path) -> None:
    """N2's June fee was given back: only N1 saves. Of C1's usage a CDR is missing: 3.00 stay 3.00 on both sides."""
    tables = operator()
    tables["invoices"].append(invoice("N2-7", "N2", 6, "-8.30"))
    tables["invoice_lines"].append(line("N2-7", 1, "recurring", "S-N2", "-8.30"))
    del tables["cdrs"][0]
    directory = write_operator(tmp_path / "operator", tables)
    out = simulate(directory, CHEAPER, "--months", "1").out
    assert "Better off: 1 account of 4, by 1.00 EUR in 1 month, each by 1.00 to 1.00.\n" in out
    # 8.30 - 8.30 + 3.00
    assert "Not priced: 3 lines, 3.00 EUR, count as billed on both sides" in out


@pytest.mark.parametrize(
    ("saved", "months", "yearly"), [(1_276_126_26, 1, 15_313_515_12), (5, 8, 8), (-5, 8, -8), (1, 7, 2), (1, 9, 1)]
)
def test_a_year_is_twelve_average_months_however_large(saved: int, months: int, yearly: int) -> None:
    """7.5 is 8 and -7.5 is -8; 12 ÷ 7 is 1.7, 12 ÷ 9 is 1.3."""
    by_month = pl.DataFrame({"before": [saved], "after": [0]})
    nothing = pl.DataFrame()
    loaded = Loaded(Inputs.of({}), nothing, nothing, [])
    months_seen = (date(2026, 1, 1),) * months
    result = Simulation(loaded, months_seen, nothing, nothing, by_month, nothing, (0, 0), (0, 0))
    assert result.saved_yearly == yearly


def test_a_plan_may_hold_the_versions_in_force_as_well(directory: Path) -> None:
    everything: Tables = {"tariffs": [*operator()["tariffs"], *CHEAPER["tariffs"]], "rates": [RATE]}
    assert simulate(directory, everything).out == simulate(directory, CHEAPER).out


def test_files_and_a_plot_are_written_on_request(directory: Path, tmp_path: Path) -> None:
    output = tmp_path / "simulation"
    outcome = simulate(directory, MIXED | {"tariffs": MIXED["tariffs"] + CHEAPER["tariffs"]}, "--output", output)
    assert outcome.out.endswith(f"Files: {output}\n")
    accounts = {
        row["account_id"]: (row["before"], row["after"], row["if_moved"])
        for row in rows_of(output / "simulation_accounts.csv")
    }
    assert accounts == {
        "N1": ("23.50", "17.70", ""),
        "N2": ("6.90", "5.90", ""),
        "C1": ("13.00", "13.00", "12.50"),
        "C2": ("16.00", "16.00", "17.00"),
    }
    [card, net] = rows_of(output / "simulation_tariffs.csv")
    assert (card["tariff_id"], card["before"], net["tariff_id"], net["after"]) == ("card", "29.00", "net", "23.60")
    assert [row["month"] for row in rows_of(output / "simulation_months.csv")] == [
        "2026-04-01",
        "2026-05-01",
        "2026-06-01",
    ]
    assert {row["verdict"] for row in rows_of(output / "simulation_versions.csv")} == {"mixed", "better"}
    picture = ET.fromstring((output / "simulation.svg").read_text("utf-8"))  # noqa: S314  # our own file
    texts = [text.text for text in picture.iter("{http://www.w3.org/2000/svg}text")]
    assert texts[0] == "Revenue by tariff, 2026-04 to 2026-06, EUR net"
    # what changes most stands first
    assert texts[3:6] == ["net", "30.40", "23.60 (-6.80)"]
    bars = [int(bar.attrib["width"]) for bar in picture.iter("{http://www.w3.org/2000/svg}rect")][2:]
    # the longest bar is 420 long and stands for 30.40
    assert bars == [420, 23_60 * 420 // 30_40, 29_00 * 420 // 30_40, 29_00 * 420 // 30_40]


def test_a_plan_in_the_operator_s_own_form_is_read_like_its_inputs(tmp_path: Path) -> None:
    tables = operator()
    del tables["tariffs"]
    config = """
        [inputs.tariffs]
        path = "Tarifas.csv"
        separator = ";"
        decimal_comma = true
        columns = { tariff_id = "Tarifa", monthly_fee = "Cuota" }
    """
    directory = write_operator(tmp_path / "operator", tables, config)
    header = "Tarifa;version;effective_from;Cuota;internet_fee\n"
    (directory / "Tarifas.csv").write_text(
        header + "net;1;2025-01-01;8,30;8,30\nnet;2;2026-06-01;6,90;6,90\ncard;1;2025-01-01;10;0\n"
    )
    plan = tmp_path / "planned"
    plan.mkdir()
    (plan / "Tarifas.csv").write_text(header + "net;3;2027-01-01;5,90;5,90\n")
    outcome = program("simulate", "--tariffs", plan, "--config", directory / "billadjust.toml", "--as-of", AS_OF)
    assert "by 6.80 EUR in 3 months" in outcome.out


MISTAKES: dict[str, tuple[Tables, str]] = {
    "nothing": ({}, "holds no planned catalogue: put tariffs.csv, rates.csv"),
    "known": ({"tariffs": operator()["tariffs"]}, "has no version of a tariff that customers have"),
    "other fee": ({"tariffs": [tariff("net", 2, "2026-06-01", "5.90")]}, "gives tariff net, version 2, other prices"),
    "other price": (
        {
            "tariffs": [*CHEAPER["tariffs"], tariff("card", 1, "2025-01-01", "10.00", "0")],
            "rates": [{**RATE, "price": "0.09"}],
        },
        "gives tariff card, version 1, other prices than it has in force",
    ),
    "rejected": (
        {"tariffs": [tariff("net", 3, "1/1/2027", "5.90")]},
        "are rejected (1); the first is in tariffs.csv, line 2: effective_from: not a date",
    ),
}


@pytest.mark.parametrize("case", MISTAKES)
def test_a_plan_that_cannot_be_simulated_ends_in_a_message(directory: Path, case: str) -> None:
    planned, message = MISTAKES[case]
    outcome = simulate(directory, planned)
    assert (outcome.code, outcome.out) == (2, "")
    assert message in outcome.err


def test_without_bills_there_is_nothing_to_simulate(tmp_path: Path) -> None:
    tables = {name: rows for name, rows in operator().items() if name not in {"invoices", "invoice_lines"}}
    outcome = simulate(write_operator(tmp_path / "operator", tables), CHEAPER)
    assert outcome.code == 2
    assert "There is no invoice issued by 2026-07-02" in outcome.err


def test_files_do_not_go_where_posted_runs_are(directory: Path) -> None:
    outcome = simulate(directory, CHEAPER, "--output", directory / "out" / "x")
    assert outcome.code == 2
    assert "is where only posted runs belong" in outcome.err
