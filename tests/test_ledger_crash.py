"""The ledger when runs are killed, or meet."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from polars.testing import assert_frame_equal

from billadjust.ledger import damages, lock, open_ledger
from ledger_case import entry, post

if TYPE_CHECKING:
    import pytest

CHILD = """
import os, signal, sys
from pathlib import Path
import polars as pl
from ledger_case import DAY, entry, frame
from billadjust.errors import BilladjustError
from billadjust.ledger import RunRecord, append, lock, open_ledger

path, mode, point = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])

def plan(row):
    snapshot = open_ledger(path, "EUR")
    run_id = snapshot.next_run_id(DAY)
    entries = frame(row | {"run_id": run_id})
    return snapshot, entries, RunRecord.of(run_id, DAY, [], entries), {"a.txt": b"a", "b.parquet": pl.DataFrame({"x": [1]})}

def watch(event, arguments):
    # Every file that is opened and every directory that is made is a point at which the run may be killed.
    global point
    if event in ("open", "os.mkdir") and str(path) in str(arguments[0]):
        point -= 1
        if point == 0:
            if mode == "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            append(*plan(entry(claim="no_lock_in|F/1|8")))

try:
    if mode == "overtaken":
        planned = plan(entry(claim="no_lock_in|F/1|9"))
        sys.addaudithook(watch)
        append(*planned)
    else:
        with lock(path):
            planned = plan(entry(claim="no_lock_in|F/1|9"))
            print("ready", flush=True)
            if mode == "hold":
                sys.stdin.readline()
            if mode == "kill":
                sys.addaudithook(watch)
            append(*planned)
except BilladjustError as error:
    print(error)
    sys.exit(error.exit_code)
"""


def start(path: Path, mode: str, point: int = 0) -> subprocess.Popen[str]:
    """Start a run that posts one entry in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-c", CHILD, str(path), mode, str(point)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={"PYTHONPATH": ":".join(sys.path)},
    )


def runs_after_crash(path: Path) -> int:
    """Check that the ledger is sound and that the next run tidies up; return how many runs it has."""
    snapshot = open_ledger(path, "EUR")
    assert damages(snapshot, deep=True) == []
    assert snapshot.entries.collect().height == len(snapshot.runs)
    stems = {run.stem for run in snapshot.runs}
    with lock(path):
        assert {file.stem for file in path.glob("*.parquet")} == stems
        assert {file.name for file in path.glob("_runs/*")} <= stems
        assert list(path.glob("_delta_log/*#*")) == []
    assert_frame_equal(open_ledger(path, "EUR").entries.collect(), snapshot.entries.collect(), check_row_order=False)
    return len(snapshot.runs)


def test_a_run_killed_at_any_file_it_touches_is_posted_whole_or_not_at_all(tmp_path: Path) -> None:
    seen = []
    for point in range(1, 100):
        path = tmp_path / str(point)
        if point % 2:
            post(path, entry())
        before = point % 2
        with start(path, "kill", point) as child:
            child.communicate()
        after = runs_after_crash(path) - before
        if child.returncode == 0:
            assert after == 1
            break
        assert child.returncode == -9
        seen.append(after)
    assert seen.count(0) >= 8
    assert seen.count(1) >= 1


def test_a_run_killed_at_any_moment_is_posted_whole_or_not_at_all(tmp_path: Path) -> None:
    for milliseconds in range(0, 48, 6):
        path = tmp_path / str(milliseconds)
        with start(path, "time") as child:
            assert child.stdout is not None
            assert child.stdout.readline() == "ready\n"
            time.sleep(milliseconds / 1000)
            child.kill()
        assert runs_after_crash(path) in (0, 1)


def test_of_two_runs_at_once_the_second_ends_with_exit_code_4_and_posts_nothing(tmp_path: Path) -> None:
    with start(tmp_path, "hold") as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "ready\n"
        with start(tmp_path, "time") as second:
            output, _ = second.communicate()
        assert second.returncode == 4
        assert "Another run holds the ledger" in output
        first.communicate("go on\n")
    assert first.returncode == 0
    assert runs_after_crash(tmp_path) == 1


def test_a_killed_run_lets_go_of_the_lock(tmp_path: Path) -> None:
    with start(tmp_path, "hold") as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        child.kill()
    post(tmp_path, entry())
    assert runs_after_crash(tmp_path) == 1


def test_when_a_run_is_posted_the_disk_holds_its_files_before_its_commit_and_then_the_commit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: dict[bool, list[str]] = {False: [], True: []}
    confirm = os.fsync

    def note(descriptor: int) -> None:
        committed = (path / "_delta_log" / f"{1:020d}.json").exists()
        synced[committed].append(str(Path(f"/proc/self/fd/{descriptor}").readlink()))
        confirm(descriptor)

    path = tmp_path / "new" / "ledger"
    monkeypatch.setattr(os, "fsync", note)
    record = post(path, entry(), attachments={"a.txt": b"a"})
    files = [f"{path}/{record.stem}.parquet", f"{path}/_runs/{record.stem}/a.txt"]
    directories = [tmp_path, tmp_path / "new", path, path / "_runs", record.directory(path), path / "_delta_log"]
    assert {*files, *map(str, directories), f"{path}/_delta_log/{0:020d}.json"} <= set(synced[False])
    assert synced[True][:2] == [f"{path}/_delta_log/{1:020d}.json", f"{path}/_delta_log"]


def test_a_run_that_is_overtaken_at_any_file_it_touches_loses(tmp_path: Path) -> None:
    for point in (1, 4, 7):
        path = tmp_path / str(point)
        post(path, entry())
        with start(path, "overtaken", point) as child:
            output, _ = child.communicate()
        assert child.returncode == 4
        assert "was changed by another run" in output
        assert runs_after_crash(path) == 2
        claims = open_ledger(path, "EUR").entries.collect()["claim"].to_list()
        assert sorted(claims) == ["billing_error|F/1|1", "no_lock_in|F/1|8"]
