"""§8.4: what a run posted by mistake is taken back, once and for good."""

from __future__ import annotations

import os
import pty
import shutil
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import polars as pl
import pytest

from billadjust.outputs.publish import verify_directory
from killing import killed_at, points
from nights import Books, make_night
from nights import posted as entries_posted
from operator_case import (
    JULY,
    PLAIN,
    Outcome,
    contents,
    json_of,
    newest,
    night,
    operator_of,
    posted,
    program,
    rows_of,
    runs,
    start,
    tree,
    write_operator,
)

if TYPE_CHECKING:
    from pathlib import Path

FIRST = "20260702-0001"
WHY = "The price list of June was wrong."


def undo(directory: Path, run_id: str, *options: str, as_of: str = JULY) -> Outcome:
    """Undo a run without being asked."""
    named = ("--config", str(directory / "billadjust.toml"), "--as-of", as_of)
    return program("undo", run_id, "--reason", WHY, *named, *(options or ("--yes",)))


def undone(directory: Path, run_id: str, as_of: str = JULY) -> Path:
    """Undo a run, which must succeed. Returns the directory of its files."""
    outcome = undo(directory, run_id, as_of=as_of)
    assert outcome.code == 0, outcome
    return newest(directory)


def balances(directory: Path) -> dict[str, int]:
    """Sum up the gross of every claim, in cents, from the files of all runs; zeros are left out."""
    sums: dict[str, int] = {}
    for run in runs(directory):
        for row in rows_of(run / "adjustments.csv"):
            sums[row["claim"]] = sums.get(row["claim"], 0) + round(float(row["gross"]) * 100)
    return {claim: gross for claim, gross in sums.items() if gross}


def test_every_claim_of_the_run_is_brought_to_zero_the_way_it_came(ran: Path) -> None:
    rows = rows_of(undone(ran, FIRST) / "adjustments.csv")
    told = [
        (row["entry_id"], row["kind"], row["settlement"], row["net"], row["tax"], row["gross"], row["bill_period"])
        for row in rows
        if row["account_id"] == "A0001"
    ]
    assert told == [
        ("dispute_refund|D0001|F0001|2|provisional|2", "undo", "provisional_credit", "-9.90", "-2.08", "-11.98", ""),
        ("outage_credit|O1|S0001|final|2", "undo", "bill_discount", "-0.69", "-0.14", "-0.83", "2026-07-01"),
        ("tariff_improvement|F0001|1|final|2", "undo", "credit_note", "-1.40", "-0.29", "-1.69", ""),
    ]
    assert len(rows) == 9
    assert balances(ran) == {}
    assert rows[0]["deadline"] == "2026-08-15"
    assert rows[0]["evidence"] == (
        '{"owed":"0.00","posted":"9.90","tax_rate":"21","net_after":"0.00","tax_before":"2.08",'
        f'"undoes":"{FIRST}","reason":"{WHY}"}}'
    )


@pytest.mark.parametrize(("as_of", "bill_period"), [("2026-07-28", "2026-07-01"), ("2026-07-29", "2026-08-01")])
def test_a_discount_is_taken_off_the_bill_that_is_not_closed_yet(ran: Path, as_of: str, bill_period: str) -> None:
    rows = rows_of(undone(ran, FIRST, as_of) / "bill_discounts.csv")
    assert [(row["bill_period"], row["gross"]) for row in rows] == [(bill_period, "-0.83")] * 3


def test_entries_of_later_runs_are_taken_back_too_and_other_claims_are_not(tmp_path: Path) -> None:
    tables = operator_of(1)
    directory = write_operator(tmp_path / "operator", {name: tables[name] for name in tables if name != "outages"})
    posted(directory, "2026-07-01")
    accepted = {"status": "accepted", "resolved_on": JULY}
    write_operator(directory, {**tables, "disputes": [{**tables["disputes"][0], **accepted}]})
    posted(directory, JULY)
    undone(directory, "20260701-0001")
    # The refund that became final and the improvement are gone; the outage is of the second run.
    assert balances(directory) == {"outage_credit|O1|S0001": 83}


def test_an_undone_claim_is_left_alone_and_listed_for_review(ran: Path) -> None:
    undone(ran, FIRST)
    after = posted(ran, "2026-09-01")
    assert rows_of(after / "adjustments.csv") == []
    listed = [row for row in rows_of(after / "review.csv") if row["topic"] == "undone_claim"]
    assert [(row["reference"], row["amount"]) for row in listed if row["account_id"] == "A0001"] == [
        ("tariff_improvement|F0001|1", "1.40"),
        ("dispute_refund|D0001|F0001|2", "9.90"),
        ("outage_credit|O1|S0001", "0.69"),
    ]


def test_a_claim_that_stood_at_zero_already_is_left_alone_as_well(tmp_path: Path) -> None:
    tables = operator_of(1)
    only_dispute = {name: tables[name] for name in tables if name != "outages"} | {"tariffs": tables["tariffs"][:1]}
    directory = write_operator(tmp_path / "operator", only_dispute)
    posted(directory, "2026-07-01")
    withdrawn = {**tables["disputes"][0], "status": "withdrawn", "resolved_on": JULY}
    write_operator(directory, {**only_dispute, "disputes": [withdrawn]})
    posted(directory, JULY)
    assert rows_of(undone(directory, "20260701-0001") / "adjustments.csv") == []
    write_operator(directory, only_dispute)
    assert rows_of(posted(directory, JULY) / "adjustments.csv") == []


def test_the_tax_of_a_line_that_another_claim_shares_still_adds_up() -> None:
    # An error of 0.12 + 0.03, then 0.12 of a complaint: 0.24 carry 0.05, so 0.02 more. Of the 0.12 left, 0.03 are tax.
    books = Books()
    line = {"charged": "10.00", "contract": "9.88"}
    books.post(make_night("2026-03-01", lines=[line]))
    both = make_night("2026-03-02", lines=[line], disputes=[{"line_no": 1, "gross_amount": "0.29"}])
    assert entries_posted(books.post(both)) == ["dispute_refund|D|I|1 provisional credit 0.12 + 0.02"]
    books.undo("billing_error|I|1")
    last = books.entries.row(-1, named=True)
    assert (last["claim"], last["net"], last["tax"]) == ("billing_error|I|1", -12, -2)


def test_the_letter_tells_what_was_posted_by_mistake_and_why(ran: Path) -> None:
    rows = rows_of(undone(ran, FIRST) / "notices.csv")
    assert [(row["account_id"], row["language"], row["gross"]) for row in rows] == [
        ("A0001", "en", "-14.50"),
        ("A0002", "en", "-14.50"),
        ("A0003", "en", "-14.50"),
    ]
    body = rows[0]["body"]
    assert body.startswith("Hello Customer 0001,\n\nWe gave you a credit by mistake")
    assert "What happened: The price list of June was wrong.\n" in body
    assert "For line 1 of your invoice F0001 we had given you back €1.69" in body


def test_its_credit_notes_take_back_what_the_runs_notes_gave(ran: Path) -> None:
    notes = [tuple(row.values()) for row in rows_of(undone(ran, FIRST, "2026-07-28") / "credit_notes.csv")]
    assert notes == [
        (
            f"R-2026-00000{3 + n}",
            "2026-07-28",
            f"F000{n}",
            "2026-07-01",
            f"A000{n}",
            "83",
            "EUR",
            "-1.40",
            "-0.29",
            "-1.69",
        )
        for n in (1, 2, 3)
    ]


def test_its_directory_has_no_desired_state_and_can_be_written_again(ran: Path) -> None:
    """An empty holds.csv would say that nothing is on hold."""
    directory = undone(ran, FIRST)
    files = contents(directory)
    assert {"holds.csv", "tariff_changes.csv", "collection_orders.csv", "tariff_advice.csv"}.isdisjoint(files)
    assert {"adjustments.csv", "bill_discounts.csv", "notices.csv", "summary.json", "manifest.json"} <= set(files)
    assert verify_directory(directory) == []
    summary = json_of(directory / "summary.json")
    assert (summary["undoes"], summary["reason"]) == (FIRST, WHY)
    assert summary["posted"] == {"entries": 9, "net": "-35.97", "tax": "-7.53", "gross": "-43.50"}
    shutil.rmtree(directory)
    config = ran / "billadjust.toml"
    assert program("publish", directory.name, "--config", config).code == 0
    assert contents(directory) == files
    assert program("verify", "--config", config).code == 0


def test_the_next_run_still_misses_an_input_that_the_last_night_had(ran: Path) -> None:
    undone(ran, FIRST)
    (ran / "outages.csv").unlink()
    outcome = night(ran, JULY)
    assert outcome.code == 2
    assert "The newest run read outages, and this one finds none." in outcome.err


@pytest.mark.parametrize(
    ("reason", "message"),
    [
        ("none", "There is no run 20260702-0009 in the ledger"),
        ("twice", f"Run {FIRST} was undone by run 20260702-0002 already."),
        ("an undo", f"Run 20260702-0002 undid run {FIRST}, and what was undone stays undone"),
        ("empty", "Run 20260702-0003 posted no entries."),
        ("before", "The ledger's newest run is of 2026-07-02, so a run of 2026-07-01 would come before it."),
        ("future", "9999-01-01 has not come yet"),
    ],
)
def test_what_cannot_be_undone_is_refused_with_exit_code_2_and_nothing_is_posted(
    once: Path, tmp_path: Path, reason: str, message: str
) -> None:
    directory = shutil.copytree(once, tmp_path / "ran")
    undone(directory, FIRST)
    posted(directory, JULY)
    asked = {
        "none": ("20260702-0009", JULY),
        "twice": (FIRST, JULY),
        "an undo": ("20260702-0002", JULY),
        "empty": ("20260702-0003", JULY),
        "before": (FIRST, "2026-07-01"),
        "future": (FIRST, "9999-01-01"),
    }
    before = tree(directory)
    run_id, as_of = asked[reason]
    outcome = undo(directory, run_id, as_of=as_of)
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.startswith(f"billadjust: {message}")
    assert outcome.err.count("\n") == 1
    assert tree(directory) == before


def test_a_dry_run_shows_what_would_be_posted_and_posts_nothing(ran: Path) -> None:
    before = tree(ran)
    outcome = undo(ran, FIRST, "--dry-run")
    assert (outcome.code, outcome.err) == (0, "")
    lines = outcome.out.splitlines()
    assert "  A0001: entries 3, gross -14.50" in lines
    assert f"To undo run {FIRST} would post 9 entries, -43.50 EUR gross, for 3 accounts." in lines
    assert lines[-1] == "Nothing was posted."
    assert tree(ran) == before


@pytest.mark.parametrize(("options", "says"), [((), "without a word"), (("--yes", "--dry-run"), "both")])
def test_without_a_terminal_somebody_must_say_yes(ran: Path, options: tuple[str, ...], says: str) -> None:
    before = tree(ran)
    with start(ran, "undo", FIRST, "--reason", WHY, "--as-of", JULY, *options) as child:
        out, err = child.communicate("y\n")
    assert (child.returncode, out) == (2, "")
    assert {
        "without a word": "billadjust: There is no terminal to ask whether the run is to be undone. Nothing was posted. "
        "Look at it with --dry-run; then say --yes.\n",
        "both": "billadjust: --yes posts and --dry-run does not. Leave one of them out.\n",
    }[says] == err
    assert tree(ran) == before


@pytest.mark.parametrize(("answer", "count"), [("y", 2), ("yes", 2), ("n", 1), ("", 1), ("maybe", 1)])
def test_on_a_terminal_only_a_yes_posts(ran: Path, answer: str, count: int) -> None:
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "billadjust", "undo", FIRST, "--reason", WHY, "--as-of", JULY],
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=ran,
        text=True,
        env=PLAIN,
    ) as child:
        os.write(ours, f"{answer}\n".encode())
        out, err = child.communicate()
    os.close(theirs)
    os.close(ours)
    assert child.returncode == 0
    assert f"Undo run {FIRST}? What is undone stays undone. [y/N]" in err
    assert ("Nothing was posted." in out) == (count == 1)
    assert len(runs(ran)) == count


def test_an_empty_reason_is_refused(ran: Path) -> None:
    outcome = program("undo", FIRST, "--reason", " ", "--yes", "--config", ran / "billadjust.toml")
    assert (outcome.code, outcome.err.partition(".")[0]) == (2, "billadjust: --reason is empty")


def test_an_undo_killed_at_any_file_it_touches_is_completed_or_tidied_up(once: Path, tmp_path: Path) -> None:
    command = ("undo", FIRST, "--reason", WHY, "--as-of", JULY, "--yes")
    code, touched = killed_at(shutil.copytree(once, tmp_path / "whole"), 0, *command)
    assert code == 0
    seen = set()
    for point in points(touched, 12, 20):
        directory = shutil.copytree(once, tmp_path / str(point))
        code, _ = killed_at(directory, point, *command)
        assert code == -signal.SIGKILL
        posted(directory, JULY)
        assert program("verify", "--config", directory / "billadjust.toml").code == 0
        assert all(verify_directory(run) == [] for run in runs(directory))
        assert sorted((directory / "out").iterdir()) == runs(directory)
        kinds = pl.concat(pl.read_csv(run / "adjustments.csv", infer_schema=False) for run in runs(directory))["kind"]
        assert kinds.to_list().count("undo") in {0, 9}
        seen.add(len(runs(directory)))
    assert seen == {2, 3}


HOLD = """
import builtins

def ask():
    # The plan is made and shown: what happens now, happens between it and its posting.
    print("asked", flush=True)
    return sys.stdin.readline()

import sys
builtins.input = ask
sys.stdin.isatty = lambda: True
"""


def test_an_undo_whose_ledger_was_changed_before_it_was_confirmed_ends_with_exit_code_4(ran: Path) -> None:
    with start(ran, "undo", FIRST, "--reason", WHY, "--as-of", JULY, script=HOLD) as child:
        assert child.stdout is not None
        while child.stdout.readline() != "asked\n":
            pass
        assert night(ran, JULY).code == 0
        kept = tree(ran / "out")
        _, err = child.communicate("y\n")
    assert child.returncode == 4
    assert err.endswith(
        f"billadjust: The ledger {ran / 'ledger'} was changed by another run since this one read it. "
        "Nothing was posted. Run again.\n"
    )
    assert tree(ran / "out") == kept
    assert program("verify", "--config", ran / "billadjust.toml").code == 0
