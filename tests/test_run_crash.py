"""A run that is killed at any point leaves nothing that the next run does not complete or tidy up."""

from __future__ import annotations

import random
import shutil
import signal
import time
from typing import TYPE_CHECKING

import pytest

from billadjust.outputs.publish import verify_directory
from killing import killed_at, points
from operator_case import JULY, operator_of, posted, program, rows_of, runs, start, write_operator

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

STRIDE = 40


def new_ledger(directory: Path) -> Path:
    return write_operator(directory, operator_of(3))


def grown_ledger(directory: Path) -> Path:
    """One customer less had exports when the ledger's first run was made."""
    posted(write_operator(directory, operator_of(2)), "2026-07-01")
    return write_operator(directory, operator_of(3))


def check_after_crash(directory: Path) -> int:
    """Run again, and check that ledger and outputs are those of runs that nobody killed; return how many there are."""
    posted(directory, JULY)
    assert program("verify", "--config", directory / "billadjust.toml").code == 0
    entries = [row for run in runs(directory) for row in rows_of(run / "adjustments.csv")]
    assert len({row["entry_id"] for row in entries}) == len(entries) == 9
    notes = [row["credit_note"] for run in runs(directory) for row in rows_of(run / "credit_notes.csv")]
    assert notes == ["R-2026-000001", "R-2026-000002", "R-2026-000003"]
    assert sum(int(row["gross"].replace(".", "")) for row in entries) == 3 * 1450
    assert all(verify_directory(run) == [] for run in runs(directory))
    assert sorted((directory / "out").iterdir()) == runs(directory)
    attachments = {path.name for path in (directory / "ledger" / "_runs").iterdir()}
    assert {stem[:13] for stem in attachments} == {run.name for run in runs(directory)}
    assert {path.stem for path in (directory / "ledger").glob("*.parquet")} <= attachments
    return len(runs(directory))


@pytest.mark.parametrize(("ledger", "first"), [(new_ledger, 4), (grown_ledger, 12)])
def test_a_run_killed_at_any_file_it_touches_is_completed_or_tidied_up_by_the_next(
    tmp_path: Path, ledger: Callable[[Path], Path], first: int
) -> None:
    made = ledger(tmp_path / "made")
    before = len(runs(made))
    whole = shutil.copytree(made, tmp_path / "whole")
    code, touched = killed_at(whole, 0, "run", "--as-of", JULY)
    assert code == 0
    seen = set()
    for point in points(touched, first, STRIDE):
        directory = shutil.copytree(made, tmp_path / str(point))
        code, _ = killed_at(directory, point, "run", "--as-of", JULY)
        assert code == -signal.SIGKILL
        seen.add(check_after_crash(directory) - before)
    assert seen == {1, 2}


def test_a_run_killed_at_any_moment_is_completed_or_tidied_up_by_the_next(tmp_path: Path) -> None:
    moments = random.Random(8)  # noqa: S311  # the same moments each time, nothing secret
    made = new_ledger(tmp_path / "made")
    for number in range(3):
        directory = shutil.copytree(made, tmp_path / str(number))
        with start(directory, "run", "--as-of", JULY) as child:
            time.sleep(moments.uniform(0.4, 1.2))
            child.kill()
            child.communicate()
        assert check_after_crash(directory) in {1, 2}


def test_files_that_were_moved_away_by_their_importers_are_not_written_again(tmp_path: Path) -> None:
    directory = new_ledger(tmp_path / "operator")
    shutil.rmtree(posted(directory, "2026-07-01"))
    posted(directory, JULY)
    assert [run.name for run in runs(directory)] == ["20260702-0002"]
