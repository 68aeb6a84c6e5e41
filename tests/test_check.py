"""`billadjust check`: what is wrong with inputs and configuration, without the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from billadjust.checkup import OTHERWISE, advice
from operator_case import Outcome, Tables, operator_of, program, rows_of, tree, write_operator

if TYPE_CHECKING:
    from pathlib import Path


def check(directory: Path, *options: str | Path) -> Outcome:
    """Run the command on the operator in a directory."""
    return program("check", "--config", directory / "billadjust.toml", *options)


def changed(name: str, row: int, **cells: object) -> Tables:
    """The small operator with other cells in one row."""
    tables = operator_of(3)
    tables[name][row] |= cells
    return tables


def test_sound_inputs_are_listed_with_their_days_and_what_is_skipped_and_nothing_is_written(tmp_path: Path) -> None:
    directory = write_operator(tmp_path / "operator", operator_of(3))
    before = tree(directory)
    outcome = check(directory)
    assert (outcome.code, outcome.err) == (0, "")
    assert "  invoice_lines: rows 6, accepted 6, rejected 0, repeats 0\n" in outcome.out
    assert "  invoices: column issue_date, first 2026-07-01, last 2026-07-01\n" in outcome.out
    assert "  outages: column started_at, first 2026-06-25, last 2026-06-25\n" in outcome.out
    assert "Note: cdrs: there is no such input; usage lines are not assessed.\n" in outcome.out
    assert "  the default policy: `billadjust policy` shows it\n" in outcome.out
    assert outcome.out.endswith("All rows are sound.\n")
    assert tree(directory) == before


def test_what_is_wrong_is_put_together_by_file_and_reason_with_examples_and_advice(tmp_path: Path) -> None:
    tables = operator_of(5)
    for row in tables["invoices"][:4]:
        row["issue_date"] = "01/07/2026"
    tables["accounts"][4]["language"] = "ca"
    directory = write_operator(tmp_path / "operator", tables, "[limits]\nrejected_share = 100\n")
    outcome = check(directory)
    assert outcome.code == 0
    assert (
        "invoices, in invoices.csv:\n"
        "  issue_date: not a date such as 2026-08-25 (4 rows)\n"
        '    line 2: "01/07/2026"\n'
        '    line 3: "01/07/2026"\n'
        '    line 4: "01/07/2026"\n'
        '    What to do: say how the file writes dates, such as `date_format = "%d/%m/%Y"` in [inputs.invoices].\n'
    ) in outcome.out
    assert (
        "accounts, in accounts.csv:\n"
        "  language: not one of es, en, nor mapped to one with `words` in the configuration (1 row)\n"
        '    line 6: "ca"\n'
        '    What to do: say under [inputs.accounts.words.language] what it means, such as `"ca" = "…"`; '
        "or let the export write one of these words.\n"
    ) in outcome.out
    # the fifth account's subscription, invoice and dispute, and of each other invoice its two lines and its dispute
    assert "Left out with them: 1 row of subscriptions: the account is rejected.\n" in outcome.out
    assert "Left out with them: 4 rows of disputes: the invoice is rejected.\n" in outcome.out
    assert outcome.out.count("    line ") == 4


def test_keys_that_appear_again_are_one_finding_wherever_their_like_stands(tmp_path: Path) -> None:
    tables = operator_of(3)
    tables["accounts"] += [{**row, "name": "Somebody else"} for row in tables["accounts"]]
    outcome = check(write_operator(tmp_path / "operator", tables))
    assert "  account_id: the key appears again with other content (6 rows)\n" in outcome.out
    assert 'line 2: "A0001"' in outcome.out


@pytest.mark.parametrize(("sound", "code"), [(99, 0), (98, 3)])
def test_one_percent_of_rejected_rows_is_within_the_limit_and_more_is_beyond_it(
    tmp_path: Path, sound: int, code: int
) -> None:
    tables = operator_of(1)
    tables["promises"] = [
        {
            "promise_id": f"P{number}",
            "account_id": "A0001",
            "item": "handset",
            "price": "0" if number < sound else "none",
            "valid_from": "2026-01-01",
            "evidence": "letter",
        }
        for number in range(sound + 1)
    ]
    outcome = check(write_operator(tmp_path / "operator", tables))
    assert outcome.code == code
    last = {
        0: "A run would go ahead without the 1 rejected row and what rests on them.",
        3: "A run would post nothing: Too many rows were rejected: promises (1 of 99 rows).",
    }
    assert outcome.out.splitlines()[-1] == last[code]


@pytest.mark.parametrize(("dialect", "header"), [("standard", "input,file"), ("spanish", "\ufeffinput;file")])
def test_all_rejected_rows_are_written_on_request(tmp_path: Path, dialect: str, header: str) -> None:
    tables = changed("invoice_lines", 0, net_amount="8.305")
    directory = write_operator(tmp_path / "operator", tables, f'[outputs]\ndialect = "{dialect}"\n')
    target = tmp_path / "rejected.csv"
    outcome = check(directory, "--rejected", target)
    assert outcome.code == 3
    assert f"Rejected rows: {target}\n" in outcome.out
    text = target.read_text("utf-8")
    assert text.startswith(header)
    # the line, its invoice, the invoice's other line, and the dispute about that one
    assert len(text.splitlines()) == 1 + 4
    if dialect == "standard":
        assert {"line": "2", "value": "8.305", "reason": "has more than 2 decimals"}.items() <= rows_of(target)[
            1
        ].items()


def test_all_inputs_that_cannot_be_read_are_in_one_message(tmp_path: Path) -> None:
    directory = write_operator(tmp_path / "operator", operator_of(1))
    (directory / "tariffs.csv").write_text("id;fee\n1;2\n", "utf-8")
    (directory / "invoices.csv").write_bytes("invoice_id,account_id\n\xcd,2\n".encode("latin-1"))
    (directory / "accounts.csv").unlink()
    outcome = check(directory)
    assert outcome.code == 2
    assert "The input accounts is missing" in outcome.err
    assert "Is `,` its separator?" in outcome.err
    assert "invoices.csv has no column issue_date" in outcome.err


def test_dates_that_have_not_come_and_inputs_that_begin_too_late_are_doubted(tmp_path: Path) -> None:
    tables = operator_of(1)
    tables["disputes"][0]["opened_on"] = "9000-01-07"
    tables["subscriptions"][0]["valid_from"] = "2026-07-01"
    outcome = check(write_operator(tmp_path / "operator", tables))
    assert (
        "Note: disputes: the newest opened_on is 9000-01-07, which has not come yet. "
        "Are day and month the right way round?\n"
    ) in outcome.out
    assert (
        "Note: subscriptions: the oldest valid_from is 2026-07-01, in a later month than the oldest billed day "
        "(2026-06-01): on a day without a tariff no fee is due. Export it further back.\n"
    ) in outcome.out
    assert outcome.code == 0


def test_inputs_that_begin_in_the_oldest_billed_month_are_not_doubted(tmp_path: Path) -> None:
    outcome = check(
        write_operator(tmp_path / "operator", changed("subscriptions", 0, valid_from="2026-06-30")),
        "--rejected",
        tmp_path / "r",
    )
    assert "Export it further back" not in outcome.out


def test_a_parameter_without_a_value_on_a_date_that_needs_it_is_found(tmp_path: Path) -> None:
    config = '[policy]\nrating.tolerance = [{ from = 2026-07-02, value = 0.05, reference = "letter" }]\n'
    outcome = check(write_operator(tmp_path / "operator", operator_of(1), config))
    assert outcome.code == 2
    assert "rating.tolerance" in outcome.err


def test_advice_fits_the_reason() -> None:
    assert "decimal_comma = true` in [inputs.rates]" in advice("rates", "not a number such as 1234.56")
    assert "leave `decimal_comma` out of [inputs.rates]" in advice("rates", "not a number such as 1234,56")
    assert '[inputs.disputes.words.status] what it means, such as `"Abierta" = "open"`' in advice(
        "disputes", "not one of open, explained", "status", "Abierta"
    )
    assert advice("rates", "struck by lightning") == OTHERWISE
