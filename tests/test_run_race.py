"""Two runs at once: one posts, the other ends with exit code 4 and has posted nothing (§8.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from operator_case import JULY, night, operator_of, program, rows_of, runs, start, tree, write_operator

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator
    from pathlib import Path

HOLD = """
import sys

held = False

def hold(event, arguments):
    # The run has read the ledger and begins to read its inputs.
    global held
    if event == "open" and str(arguments[0]).endswith("accounts.csv") and not held:
        held = True
        print("held", flush=True)
        sys.stdin.readline()

sys.addaudithook(hold)
"""


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return write_operator(tmp_path / "operator", operator_of(3))


@pytest.fixture
def held(directory: Path) -> Iterator[subprocess.Popen[str]]:
    """A run that holds the ledger until it reads a line."""
    with start(directory, "run", "--as-of", JULY, script=HOLD) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "held\n"
        yield first
        first.kill()


def test_the_second_of_two_runs_ends_with_exit_code_4_and_has_posted_nothing(
    directory: Path, held: subprocess.Popen[str]
) -> None:
    before = tree(directory)
    with start(directory, "run", "--as-of", JULY) as second:
        out, err = second.communicate()
    assert (second.returncode, out) == (4, "")
    assert err == (
        f"billadjust: Another run holds the ledger {directory / 'ledger'}. Nothing was posted. "
        "Wait until it has ended, then run again.\n"
    )
    assert tree(directory) == before
    held.communicate("go on\n")
    assert held.returncode == 0
    assert [len(rows_of(run / "adjustments.csv")) for run in runs(directory)] == [9]


def test_while_a_run_holds_the_ledger_a_dry_run_can_look_at_it_but_no_files_are_published(
    directory: Path, held: subprocess.Popen[str]
) -> None:
    assert night(directory, JULY, "--dry-run").code == 0
    held.communicate("go on\n")
    [run] = runs(directory)
    with start(directory, "run", "--as-of", JULY, script=HOLD) as later:
        assert later.stdout is not None
        assert later.stdout.readline() == "held\n"
        outcome = program("publish", run.name, "--config", directory / "billadjust.toml")
        assert outcome.code == 4
        later.communicate("go on\n")
    assert later.returncode == 0


def test_a_run_whose_ledger_was_changed_behind_its_lock_ends_with_exit_code_4(
    directory: Path, held: subprocess.Popen[str]
) -> None:
    (directory / "ledger" / ".lock").unlink()
    assert night(directory, JULY).code == 0
    kept = tree(directory / "out")
    out, err = held.communicate("go on\n")
    assert (held.returncode, out) == (4, "")
    assert err == (
        f"billadjust: The ledger {directory / 'ledger'} was changed by another run since this one read it. "
        "Nothing was posted. Run again.\n"
    )
    assert tree(directory / "out") == kept
    assert program("verify", "--config", directory / "billadjust.toml").out == (
        f"The ledger {directory / 'ledger'} is sound: 1 run.\n"
    )
    write_operator(directory, operator_of(4))
    assert night(directory, JULY).code == 0
    assert [len(rows_of(run / "adjustments.csv")) for run in runs(directory)] == [9, 3]
    # The run that was refused had counted on 1 to 3 as well.
    notes = [row["credit_note"] for run in runs(directory) for row in rows_of(run / "credit_notes.csv")]
    assert notes == [f"R-2026-00000{number}" for number in (1, 2, 3, 4)]
