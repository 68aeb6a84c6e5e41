"""A run that nobody watches: quiet, logged, measured, and let go of when it is killed."""

from __future__ import annotations

import configparser
import json
import shlex
import signal
import subprocess
import sys
from contextlib import nullcontext
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from billadjust.ledger import lock
from operator_case import JULY, Outcome, night, operator_of, posted, program, runs, start, tree, write_operator

if TYPE_CHECKING:
    from collections.abc import Sequence

SCHEDULING = Path(__file__).parent.parent / "docs" / "scheduling"
PROGRAM = Path(sys.executable).with_name("billadjust")


def as_cron_does(command: Sequence[str | Path]) -> Outcome:
    """Run a command with an empty environment, in the root directory, without a terminal to be found anywhere."""
    done = subprocess.run(
        command, cwd="/", env={}, stdin=subprocess.DEVNULL, capture_output=True, start_new_session=True, check=False
    )
    return Outcome(done.returncode, done.stdout.decode(), done.stderr.decode())


def test_a_run_from_cron_needs_nothing_and_says_nothing(operator: Path) -> None:
    command = (PROGRAM, "run", "--quiet", "--config", operator / "billadjust.toml", "--as-of", JULY)
    assert as_cron_does(command) == Outcome(0, "", "")
    assert [run.name for run in runs(operator)] == ["20260702-0001"]


def break_ledger(directory: Path) -> None:
    for file in (directory / "ledger").glob("*.parquet"):
        file.unlink()


def reject_much(directory: Path) -> None:
    tables = operator_of(3)
    tables["disputes"][0]["opened_on"] = "01/07/2026"
    write_operator(directory, tables)


def set_limit(directory: Path) -> None:
    write_operator(directory, operator_of(4), "[limits]\nrun_gross = 1.00\n")


def lose_input(directory: Path) -> None:
    (directory / "tariffs.csv").unlink(missing_ok=True)


def bad_night(directory: Path, code: int, *options: str | Path) -> Outcome:
    """Run a night that must end with an exit code."""
    causes = {2: lose_input, 3: reject_much, 5: set_limit, 6: break_ledger}
    if code in causes:
        causes[code](directory)
    full = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))" if code == 1 else ""
    arguments = ("run", "--quiet", "--as-of", JULY, *options)
    with lock(directory / "ledger") if code == 4 else nullcontext(), start(directory, *arguments, script=full) as child:
        out, err = child.communicate()
    assert child.returncode == code, err
    return Outcome(code, out, err)


@pytest.mark.parametrize("code", [1, 2, 3, 4, 5, 6])
def test_each_failure_is_one_line_on_standard_error(operator: Path, code: int) -> None:
    posted(operator, JULY)
    outcome = bad_night(operator, code)
    assert outcome.out == ""
    assert outcome.err.startswith("billadjust: ")
    # A damaged ledger is told with a line for each damage.
    assert outcome.err.count("\n") == (2 if code == 6 else 1)
    assert len(runs(operator)) == 1


def test_a_quiet_dry_run_still_tells_its_failure(operator: Path) -> None:
    assert night(operator, JULY, "--dry-run", "--quiet") == Outcome(0, "", "")
    lose_input(operator)
    outcome = night(operator, JULY, "--dry-run", "--quiet")
    assert (outcome.code, outcome.out, outcome.err.count("\n")) == (2, "", 1)


def events_of(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_the_log_has_an_event_a_line_from_start_to_end(operator: Path) -> None:
    tables = operator_of(3)
    tables["disputes"].append({**tables["disputes"][0], "dispute_id": "D0004", "opened_on": "01/07/2026"})
    write_operator(operator, tables, "[limits]\nrejected_share = 25\n")
    outcome = night(operator, JULY, "--quiet", "--log-format", "json")
    assert (outcome.code, outcome.out) == (0, "")
    events = events_of(outcome.err)
    assert all(list(event)[:3] == ["timestamp", "level", "event"] for event in events)
    assert {event["level"] for event in events} == {"info"}
    first, *between, last = events
    assert (first["event"], first["command"], first["dry_run"]) == ("start", "run", False)
    assert (last["event"], last["exit_code"]) == ("end", 0)
    said = {event["event"]: event for event in between}
    # The rejected dispute freezes the line that it names: 43.50 without the refund of 11.98 on it.
    assert list(said) == ["step", "read", "rejected", "stage", "limits", "posted"]
    assert said["read"]["inputs"]["disputes"] == {"rows": 4, "accepted": 3, "rejected": 1, "repeats": 0}
    assert (said["rejected"]["rows"], said["rejected"]["inputs"]) == (1, {"disputes": 1})
    assert (said["limits"]["beyond"], said["limits"]["plan_hash"]) == ([], said["posted"]["plan_hash"])
    assert said["posted"]["run_id"] == "20260702-0001"
    assert said["posted"]["posted"] == {"entries": 8, "net": "26.07", "tax": "5.45", "gross": "31.52"}
    stages = {event["stage"]: event["rows"] for event in between if event["event"] == "stage"}
    # Three customers have an Internet and an alert line each, and three claims.
    assert (stages["lines"], stages["claims"]) == (6, 9)
    steps = [event for event in between if event["event"] == "step"]
    assert "Applying the rules" in {event["step"] for event in steps}
    assert 0 < sum(event["seconds"] for event in steps) <= last["seconds"] + 0.001 * len(steps)


@pytest.mark.parametrize("code", [2, 3, 4, 5, 6])
def test_a_failure_is_told_in_the_log_and_nowhere_else(operator: Path, code: int) -> None:
    posted(operator, JULY)
    outcome = bad_night(operator, code, "--log-format", "json")
    assert outcome.out == ""
    events = events_of(outcome.err)
    [failed] = [event for event in events if event["event"] == "failed"]
    assert failed["level"] == "error"
    assert (events[-1]["event"], events[-1]["exit_code"]) == ("end", code)
    told = {2: "tariffs", 3: "Too many rows", 4: "Another run holds", 5: "beyond a limit", 6: "is damaged"}
    assert told[code] in failed["message"]


def metrics_of(path: Path) -> dict[str, str]:
    """Return the values of a metrics file by their names with labels."""
    lines = [line for line in path.read_text("utf-8").splitlines() if not line.startswith("#")]
    return dict(line.rsplit(" ", 1) for line in lines)


def test_the_metrics_tell_what_a_run_did(operator: Path) -> None:
    write_operator(operator, operator_of(3), '[outputs]\nmetrics = "billadjust.prom"\n')
    posted(operator, JULY)
    metrics = metrics_of(operator / "billadjust.prom")
    assert metrics['billadjust_runs_total{exit_code="0"}'] == "1.0"
    assert metrics["billadjust_run_exit_code"] == "0.0"
    assert metrics['billadjust_run_input_rows{input="invoice_lines",state="accepted"}'] == "6.0"
    labels = 'kind="credit",rule="tariff_improvement",settlement="credit_note"'
    # Three times 1.40 + 0.29.
    assert metrics[f"billadjust_run_gross{{{labels}}}"] == "5.07"
    assert metrics[f"billadjust_run_entries{{{labels}}}"] == "3.0"
    assert metrics["billadjust_last_success_timestamp_seconds"] == metrics["billadjust_last_run_timestamp_seconds"]
    assert float(metrics["billadjust_run_duration_seconds"]) > 0
    assert float(metrics['billadjust_run_step_duration_seconds{step="Posting"}']) > 0


@pytest.mark.parametrize("code", [2, 3, 4, 5, 6])
def test_after_a_failure_the_metrics_keep_the_last_success_and_count_on(operator: Path, code: int) -> None:
    path = operator / "billadjust.prom"
    posted(operator, JULY, "--metrics", path)
    success = metrics_of(path)["billadjust_last_success_timestamp_seconds"]
    bad_night(operator, code, "--metrics", path)
    bad_night(operator, code, "--metrics", path)
    metrics = metrics_of(path)
    assert metrics["billadjust_last_success_timestamp_seconds"] == success
    assert metrics["billadjust_last_run_timestamp_seconds"] > success
    assert metrics["billadjust_run_exit_code"] == f"{code}.0"
    counts = {name: value for name, value in metrics.items() if name.startswith("billadjust_runs_total")}
    assert counts == {
        'billadjust_runs_total{exit_code="0"}': "1.0",
        f'billadjust_runs_total{{exit_code="{code}"}}': "2.0",
    }
    assert not any(name.startswith("billadjust_run_gross") for name in metrics)


def test_a_configuration_that_cannot_be_read_is_measured_too(operator: Path) -> None:
    path = operator / "billadjust.prom"
    (operator / "billadjust.toml").write_text("[limits", "utf-8")
    assert night(operator, JULY, "--metrics", path).code == 2
    assert metrics_of(path)["billadjust_run_exit_code"] == "2.0"
    assert "billadjust_last_success_timestamp_seconds" not in metrics_of(path)


def test_a_metrics_file_that_is_none_is_replaced(operator: Path) -> None:
    path = operator / "billadjust.prom"
    path.write_bytes(b"billadjust_runs_total{exit_code= 7\n\xff")
    posted(operator, JULY, "--metrics", path)
    assert metrics_of(path)['billadjust_runs_total{exit_code="0"}'] == "1.0"


def test_metrics_that_cannot_be_written_are_a_line_and_do_not_change_what_the_run_did(operator: Path) -> None:
    outcome = night(operator, JULY, "--quiet", "--metrics", operator / "nowhere" / "billadjust.prom")
    assert (outcome.code, outcome.out, outcome.err.count("\n")) == (0, "", 1)
    assert outcome.err.startswith(
        f"billadjust: The metrics {operator / 'nowhere' / 'billadjust.prom'} cannot be written"
    )
    assert len(runs(operator)) == 1


def test_a_dry_run_is_not_measured(operator: Path) -> None:
    write_operator(operator, operator_of(3), '[outputs]\nmetrics = "billadjust.prom"\n')
    before = tree(operator)
    assert night(operator, JULY, "--dry-run").code == 0
    assert night(operator, JULY, "--dry-run", "--metrics", operator / "b.prom").code == 2
    assert tree(operator) == before


def undo(directory: Path, *options: str | Path) -> Outcome:
    """Undo the first run of the operator."""
    config = directory / "billadjust.toml"
    return program("undo", "20260702-0001", "--reason", "A test.", "--as-of", JULY, "--config", config, *options)


def test_an_undo_is_logged_and_measured_like_a_run(operator: Path) -> None:
    path = operator / "billadjust.prom"
    write_operator(operator, operator_of(3), '[outputs]\nmetrics = "billadjust.prom"\n')
    posted(operator, JULY)
    outcome = undo(operator, "--yes", "--log-format", "json")
    assert outcome.code == 0, outcome
    events = events_of(outcome.err)
    assert (events[0]["event"], events[0]["command"], events[0]["undoes"]) == ("start", "undo", "20260702-0001")
    assert (events[-1]["event"], events[-1]["exit_code"]) == ("end", 0)
    [said] = [event for event in events if event["event"] == "posted"]
    # Three customers had 11.99 net and 2.51 tax each.
    assert (said["run_id"], said["posted"]["entries"], said["posted"]["gross"]) == ("20260702-0002", 9, "-43.50")
    steps = [event["step"] for event in events if event["event"] == "step"]
    assert steps == ["Checking the ledger", "Working out what to take back", "Posting", "Writing files"]
    metrics = metrics_of(path)
    assert metrics['billadjust_runs_total{exit_code="0"}'] == "2.0"
    assert not any(name.startswith("billadjust_run_input_rows") for name in metrics)
    total = sum(float(value) for name, value in metrics.items() if name.startswith("billadjust_run_gross"))
    assert round(total, 2) == -43.50


def test_an_undo_that_fails_is_logged_and_measured_and_one_that_posts_nothing_is_not(operator: Path) -> None:
    path = operator / "billadjust.prom"
    failed = undo(operator, "--yes", "--log-format", "json", "--metrics", path)
    [message] = [event["message"] for event in events_of(failed.err) if event["event"] == "failed"]
    assert (failed.code, message.partition(" in")[0]) == (2, "There is no run 20260702-0001")
    assert metrics_of(path)["billadjust_run_exit_code"] == "2.0"
    write_operator(operator, operator_of(3), '[outputs]\nmetrics = "billadjust.prom"\n')
    posted(operator, JULY)
    before = tree(operator)
    assert undo(operator, "--dry-run", "--log-format", "json").code == 0
    assert undo(operator, "--dry-run", "--metrics", path).code == 2
    asked = undo(operator, "--log-format", "json")
    assert (asked.code, asked.err.partition(".")[0]) == (
        2,
        "billadjust: A log in JSON is no place to ask whether the run is to be undone",
    )
    assert tree(operator) == before


HOLD = """
import sys

def hold(event, arguments):
    if event == "open" and str(arguments[0]).endswith("accounts.csv"):
        print("held", flush=True)
        sys.stdin.readline()

sys.addaudithook(hold)
"""


def test_the_lock_of_a_run_that_was_killed_does_not_hold_the_next_one(operator: Path) -> None:
    with start(operator, "run", "--as-of", JULY, script=HOLD) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "held\n"
        assert night(operator, JULY).code == 4
        child.send_signal(signal.SIGKILL)
        child.communicate()
    assert (operator / "ledger" / ".lock").exists()
    assert night(operator, JULY, "--quiet") == Outcome(0, "", "")


def moved(command: str, directory: Path) -> list[str]:
    """Return the words of an example's command, with this program and another configuration in their places."""
    words = shlex.split(command)
    assert words[0] == "/opt/billadjust/bin/billadjust"
    here = [word.replace("/srv/billing", str(directory)) for word in words[1:]]
    return [str(PROGRAM), *here, "--as-of", JULY]


def test_the_line_of_the_crontab_example_runs(operator: Path) -> None:
    lines = (SCHEDULING / "crontab").read_text("utf-8").splitlines()
    [line] = [line for line in lines if line and line[0].isdigit()]
    minute, hour, *days, command = line.split(maxsplit=5)
    assert (0 <= int(minute) < 60, int(hour) > 3, days) == (True, True, ["*", "*", "*"])
    assert as_cron_does(moved(command, operator)) == Outcome(0, "", "")


def test_the_command_of_the_systemd_example_runs(operator: Path) -> None:
    unit = configparser.ConfigParser(interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]  # the names of systemd have capitals
    unit.read_string((SCHEDULING / "billadjust.service").read_text("utf-8"))
    assert unit["Service"]["Type"] == "oneshot"
    outcome = as_cron_does(moved(unit["Service"]["ExecStart"], operator))
    assert (outcome.code, outcome.out) == (0, "")
    assert events_of(outcome.err)[-1]["event"] == "end"


def test_the_help_names_what_a_scheduler_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    text = program("run", "--help").out
    for option in ("--quiet", "--log-format", "--metrics"):
        assert option in text


@pytest.mark.parametrize("command", ["check", "init", "undo", "simulate", "status", "explain"])
def test_help_breaks_its_lines_only_where_they_end(monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    about = program(command, "--help").out.partition("╭")[0]
    lines = [line.rstrip() for line in about.splitlines()]
    for line, following in pairwise(lines):
        if line and following:
            assert len(line) + 1 + len(following.split()[0]) > 99, (line, following)
