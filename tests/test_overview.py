"""What operators ask the ledger: its runs, how things stand, and how two runs differ."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import shutil
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import polars as pl
import pytest

from billadjust import overview
from billadjust.config import load_config
from billadjust.ledger import open_ledger
from billadjust.screens.rows import show_rows
from billadjust.screens.status import show_status
from billadjust.terminal import Format, Terminal
from operator_case import JULY, Outcome, night, operator_of, posted, program, runs, write_operator

if TYPE_CHECKING:
    from pathlib import Path

    from billadjust.overview import Status

RUNS = ("20260702-0001", "20260703-0002", "20260703-0003", "20260704-0004")


@pytest.fixture(scope="module")
def nights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four runs; tests must not change them.

    On 2 July two customers get 14.50 each; on the 3rd a third one gets as much, and the dispute of the second is
    explained (-11.98); then the first run is undone (-14.50 and -2.52); the 4th has nothing to post.
    """
    directory = write_operator(tmp_path_factory.mktemp("nights") / "operator", operator_of(2))
    posted(directory, JULY)
    tables = operator_of(3)
    tables["disputes"][1] |= {"status": "explained", "resolved_on": "2026-07-03", "explanation": "Ordered by phone."}
    write_operator(directory, tables)
    posted(directory, "2026-07-03")
    assert ask(directory, "undo", RUNS[0], "--reason", "Twice.", "--yes", "--as-of", "2026-07-03").code == 0
    posted(directory, "2026-07-04")
    assert tuple(run.name for run in runs(directory)) == RUNS
    return directory


def ask(directory: Path, *arguments: str) -> Outcome:
    return program(*arguments, "--config", directory / "billadjust.toml")


def test_the_history_lists_every_run_with_what_it_posted_and_what_was_undone(nights: Path) -> None:
    outcome = ask(nights, "history", "--format", "csv")
    assert (outcome.code, outcome.err) == (0, "")
    rows = list(csv.DictReader(io.StringIO(outcome.out)))
    told = [(row["run_id"], row["as_of"], row["entries"], row["accounts"], row["gross"], row["note"]) for row in rows]
    assert told == [
        (RUNS[0], "2026-07-02", "6", "2", "29.00", f"undone by {RUNS[2]}"),
        (RUNS[1], "2026-07-03", "4", "2", "2.52", ""),
        (RUNS[2], "2026-07-03", "5", "2", "-17.02", f"undoes {RUNS[0]}"),
        (RUNS[3], "2026-07-04", "0", "0", "0.00", ""),
    ]
    records = open_ledger(nights / "ledger", "EUR").runs
    assert [row["plan_hash"] for row in rows] == [record.plan_hash for record in records]


def test_the_records_of_the_runs_say_what_their_entries_sum_up_to(nights: Path) -> None:
    sums = (
        pl.read_parquet(nights / "ledger" / "*.parquet")
        .group_by("run_id")
        .agg(pl.len(), pl.col("account_id").n_unique(), pl.col("net", "tax", "gross").sum() * 100)
    )
    runs = overview.history(open_ledger(nights / "ledger", "EUR")).filter(pl.col("entries") > 0)
    told = runs.select("run_id", "entries", "accounts", "net", "tax", "gross").rows()
    assert told == [(run_id, *map(int, amounts)) for run_id, *amounts in sums.sort("run_id").rows()]


def test_the_customers_of_a_run_whose_record_does_not_count_them_are_counted(nights: Path, tmp_path: Path) -> None:
    older = shutil.copytree(nights, tmp_path / "older")
    for commit in (older / "ledger" / "_delta_log").glob("*.json"):
        actions = [json.loads(line) for line in commit.read_text("utf-8").splitlines()]
        for about in (action["commitInfo"] for action in actions if "billadjust.run" in action.get("commitInfo", {})):
            record = json.loads(about["billadjust.run"])
            del record["accounts"]
            about["billadjust.run"] = json.dumps(record)
            about["billadjust.sha256"] = hashlib.sha256(about["billadjust.run"].encode()).hexdigest()
        commit.write_text("".join(json.dumps(action) + "\n" for action in actions), "utf-8")
    assert {run.accounts for run in open_ledger(older / "ledger", "EUR").runs} == {None}
    assert ask(older, "history", "--format", "csv") == ask(nights, "history", "--format", "csv")
    assert ask(older, "verify").code == 0


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--since", "2026-07-03"], {RUNS[1]: "2.52", RUNS[2]: "-17.02", RUNS[3]: "0.00"}),
        (["--until", "2026-07-03"], {RUNS[0]: "29.00", RUNS[1]: "2.52", RUNS[2]: "-17.02"}),
        (["--since", "2026-07-03", "--until", "2026-07-03"], {RUNS[1]: "2.52", RUNS[2]: "-17.02"}),
        (["--rule", "outage_credit"], {RUNS[0]: "1.66", RUNS[1]: "0.83", RUNS[2]: "-1.66"}),
        (["--account", "A0002"], {RUNS[0]: "14.50", RUNS[1]: "-11.98", RUNS[2]: "-2.52"}),
        (["--account", "A0003", "--rule", "dispute_refund"], {RUNS[1]: "11.98"}),
        (["--account", "nobody"], {}),
        (["--since", "2026-07-05"], {}),
    ],
)
def test_the_history_can_be_asked_for_dates_a_rule_and_an_account(
    nights: Path, options: list[str], expected: dict[str, str]
) -> None:
    rows = json.loads(ask(nights, "history", "--format", "json", *options).out)
    assert {row["run_id"]: row["gross"] for row in rows} == expected


def test_the_history_for_people_sums_up_and_says_what_was_undone(nights: Path) -> None:
    lines = ask(nights, "history").out.splitlines()
    plans = [record.plan_hash[:12] for record in open_ledger(nights / "ledger", "EUR").runs]
    assert lines == [
        "Runs, in EUR:",
        f"  {RUNS[0]}: entries 6, accounts 2, net 23.98, gross 29.00, plan {plans[0]}, note undone by {RUNS[2]}",
        f"  {RUNS[1]}: entries 4, accounts 2, net 2.09, gross 2.52, plan {plans[1]}",
        f"  {RUNS[2]}: entries 5, accounts 2, net -14.08, gross -17.02, plan {plans[2]}, note undoes {RUNS[0]}",
        f"  {RUNS[3]}: entries 0, accounts 0, net 0.00, gross 0.00, plan {plans[3]}",
        "4 runs: 15 entries, 14.50 EUR gross.",
    ]


def test_a_rule_that_does_not_exist_is_refused_with_the_nearest_one(nights: Path) -> None:
    outcome = ask(nights, "history", "--rule", "outage_credits")
    assert outcome == Outcome(
        2, "", "billadjust: --rule outage_credits: there is no such rule; did you mean `outage_credit`?\n"
    )


def test_two_runs_are_compared_by_rule_claim_and_account(nights: Path) -> None:
    lines = ask(nights, "diff", RUNS[0], RUNS[1]).out.splitlines()
    one, two = RUNS[:2]
    # The dispute of the second customer is in both; the third customer's three claims are new.
    assert lines == [
        "Gross by rule, in EUR:",
        f"  tariff_improvement: {one} 3.38, {two} 1.69, difference -1.69",
        f"  dispute_refund: {one} 23.96, {two} 0.00, difference -23.96",
        f"  outage_credit: {one} 1.66, {two} 0.83, difference -0.83",
        f"  total: {one} 29.00, {two} 2.52, difference -26.48",
        f"1 claim in both, 5 only in {one}, 3 only in {two}.",
        f"1 account in both, 1 only in {one}, 1 only in {two}.",
        "Accounts with the greatest difference:",
        f"  A0002: {one} 14.50, {two} -11.98, difference -26.48",
        f"  A0001: {one} 14.50, {two} 0.00, difference -14.50",
        f"  A0003: {one} 0.00, {two} 14.50, difference 14.50",
    ]


def test_the_difference_of_two_runs_can_be_had_claim_by_claim(nights: Path) -> None:
    rows = {row["claim"]: row for row in json.loads(ask(nights, "diff", RUNS[0], RUNS[1], "--format", "json").out)}
    assert len(rows) == 9
    assert rows["dispute_refund|D0002|F0002|2"] == {
        "claim": "dispute_refund|D0002|F0002|2",
        "rule": "dispute_refund",
        "account_id": "A0002",
        "in_one": True,
        "in_two": True,
        "gross_one": "11.98",
        "gross_two": "-11.98",
        "difference": "-23.96",
    }


def test_csv_on_standard_output_is_as_safe_for_a_spreadsheet_as_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    show_rows(Terminal(), pl.DataFrame({"account_id": ["=1+1", 'a "b"'], "gross": [-1450, 5]}), Format.CSV, 2)
    assert capsys.readouterr().out == 'account_id,gross\n\'=1+1,-14.50\n"a ""b""",0.05\n'


def test_a_run_that_does_not_exist_cannot_be_compared(nights: Path) -> None:
    outcome = ask(nights, "diff", RUNS[0], "20260702-0009")
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.startswith("billadjust: There is no run 20260702-0009 in the ledger")


def stands(directory: Path, today: str) -> Status:
    config = load_config(directory / "billadjust.toml")
    return overview.status(open_ledger(config.ledger, config.currency), config.outputs, date.fromisoformat(today))


@pytest.mark.parametrize(
    ("today", "days_left", "named"), [("2026-08-08", 7, False), ("2026-08-09", 6, True), ("2026-08-15", 0, True)]
)
def test_refunds_whose_time_ends_this_week_are_named(
    nights: Path, capsys: pytest.CaptureFixture[str], today: str, days_left: int, named: bool
) -> None:
    status = stands(nights, today)
    assert status.refunds["days_left"].to_list() == [days_left]
    show_status(Terminal(), status, load_config(nights / "billadjust.toml"), datetime.now(UTC))
    lines = capsys.readouterr().out.splitlines()
    soon = int(named)
    assert f"Open refunds: 1, 11.98 EUR gross; for {soon} of them the time to explain ends within 7 days." in lines
    row = f"  D0003: account A0003, invoice F0003, line 2, gross 11.98, until 2026-08-15, days left {days_left}"
    assert (row in lines) == named


def test_the_status_tells_the_last_run_its_age_what_is_on_hold_and_how_the_ledger_is(
    nights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status = stands(nights, "2026-07-05")
    assert status.newest is not None
    assert status.newest.posted_at is not None
    config = load_config(nights / "billadjust.toml")
    show_status(Terminal(), status, config, status.newest.posted_at)
    lines = capsys.readouterr().out.splitlines()
    assert lines == [
        f"Last run: {RUNS[3]} of 2026-07-04 posted 0 entries, 0.00 EUR gross; it ended 0 minutes ago.",
        "Open refunds: 1, 11.98 EUR gross; for 0 of them the time to explain ends within 7 days.",
        # The disputes of the first and the third customer are open.
        "On hold: 2 disputes, 23.96 EUR.",
        "Ledger: 4 runs, 15 entries, all files there. `billadjust verify` checks every figure.",
    ]


def test_the_status_says_when_an_undo_came_after_the_last_night_and_when_files_are_missing(
    nights: Path, tmp_path: Path
) -> None:
    directory = shutil.copytree(nights, tmp_path / "ran")
    assert ask(directory, "undo", RUNS[1], "--reason", "Wrong.", "--yes", "--as-of", "2026-07-04").code == 0
    next(directory.glob("ledger/_runs/20260704-0005-*/published")).unlink()
    lines = ask(directory, "status").out.splitlines()
    assert lines[0].startswith(f"Last run: 20260704-0005 of 2026-07-04 undid run {RUNS[1]}, -14.50 EUR gross; it ended")
    assert lines[1].startswith(f"Last night: {RUNS[3]}, ")
    assert lines[2] == (
        "Its files are not written. The next run writes them, or `billadjust publish 20260704-0005` does."
    )


def test_the_status_says_when_a_later_run_posted_nothing(nights: Path, tmp_path: Path) -> None:
    directory = shutil.copytree(nights, tmp_path / "ran")
    write_operator(directory, operator_of(4), "[limits]\nrun_gross = 1.00\n")
    assert night(directory, "2026-07-05").code == 5
    assert (
        "A later run posted nothing: what it would have posted, or why it could not, is in "
        f"{directory / 'out' / 'not_posted'}."
    ) in ask(directory, "status").out.splitlines()


def test_before_its_first_run_a_ledger_has_no_history(tmp_path: Path) -> None:
    directory = write_operator(tmp_path / "operator", operator_of(1))
    assert ask(directory, "history") == Outcome(0, "0 runs: 0 entries, 0.00 EUR gross.\n", "")
    assert ask(directory, "status") == Outcome(0, f"The ledger {directory / 'ledger'} has no runs yet.\n", "")
    assert ask(directory, "status", "--format", "json").out == "[]\n"
    assert not (directory / "ledger").exists()


@pytest.mark.parametrize("command", ["status", "verify"])
def test_a_ledger_with_a_missing_file_ends_with_exit_code_6(nights: Path, tmp_path: Path, command: str) -> None:
    directory = shutil.copytree(nights, tmp_path / "ran")
    next(directory.glob("ledger/20260702-0001-*.parquet")).unlink()
    outcome = ask(directory, command)
    assert (outcome.code, outcome.out) == (6, "")
