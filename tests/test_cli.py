"""The commands as people and schedulers meet them: help, messages, exit codes, terminals (§8.5, §9)."""

from __future__ import annotations

import errno
import fcntl
import os
import pty
import re
import shutil
import struct
import subprocess
import sys
import termios
from typing import TYPE_CHECKING

import pytest
import typer.main

from billadjust.cli import app
from operator_case import JULY, PLAIN, night, operator_of, program, runs, start, tree, write_operator

if TYPE_CHECKING:
    from pathlib import Path

COMMANDS = sorted(typer.main.get_command(app).commands)  # type: ignore[attr-defined]  # the group's type is not public
ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def on_terminal(directory: Path, width: int, *arguments: str) -> tuple[int, list[str]]:
    """Run a command on a terminal so many columns wide; return its exit code and what is seen of its lines."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, width, 0, 0))
    environment = {name: value for name, value in PLAIN.items() if name not in {"COLUMNS", "LINES", "NO_COLOR"}}
    with subprocess.Popen(
        [sys.executable, "-m", "billadjust", *arguments],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        cwd=directory,
        env={**environment, "TERM": "xterm-256color"},
    ) as child:
        os.close(theirs)
        text = b"".join(iter(lambda: _read(ours), b"")).decode()
    os.close(ours)
    assert "\x1b[" in text
    return child.returncode, [line.rpartition("\r")[2].strip() for line in ESCAPE.sub("", text).split("\r\n")]


def _read(descriptor: int) -> bytes:
    """Read from a terminal; its end is an error on Linux."""
    try:
        return os.read(descriptor, 65536)
    except OSError as error:
        if error.errno != errno.EIO:
            raise
        return b""


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_each_command_fits_100_columns_and_has_an_example(
    command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    outcome = program(command, "--help")
    assert (outcome.code, outcome.err) == (0, "")
    assert max(map(len, outcome.out.splitlines())) <= 100
    assert re.search(rf"Example: +billadjust {command}\b", outcome.out)
    assert "--config" in outcome.out


def test_the_program_without_a_command_shows_its_commands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    outcome = program("--help")
    assert max(map(len, outcome.out.splitlines())) <= 100
    for command in COMMANDS:
        assert re.search(rf"^\W*{command} ", outcome.out, re.MULTILINE)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "--config", "elsewhere.toml"], "billadjust: elsewhere.toml not found: write one"),
        (["run", "--as-of", "29.8.2026"], "'29.8.2026' is not a date; write it as 2026-08-29."),
        (["run", "--as-of", "2026-02-30"], "'2026-02-30' is not a date"),
        (["run", "--everything"], "No such option: --everything"),
        (["fly"], "No such command 'fly'"),
        (["publish"], "Missing argument 'RUN_ID'"),
        (["publish", "20260702-0001"], "There is no run 20260702-0001"),
    ],
)
def test_wrong_usage_ends_with_exit_code_2_and_one_message_on_standard_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], message: str
) -> None:
    directory = write_operator(tmp_path / "operator", operator_of(1))
    monkeypatch.chdir(directory)
    before = tree(directory)
    outcome = program(*arguments)
    assert (outcome.code, outcome.out) == (2, "")
    assert message in re.sub(r"[\s│]+", " ", outcome.err)
    assert tree(directory) == before


def lose_data(ledger: Path) -> None:
    next(ledger.glob("*.parquet")).unlink()


def lose_log(ledger: Path) -> None:
    shutil.rmtree(ledger / "_delta_log")


def change_kept_table(ledger: Path) -> None:
    next(ledger.glob("_runs/*/holds.parquet")).write_bytes(b"")


@pytest.mark.parametrize("damage", [lose_data, lose_log])
@pytest.mark.parametrize(
    "arguments",
    [["run", "--as-of", JULY], ["run", "--as-of", JULY, "--dry-run"], ["verify"], ["publish", "20260702-0001"]],
)
def test_on_a_damaged_ledger_every_command_ends_with_exit_code_6(
    ran: Path, damage: object, arguments: list[str]
) -> None:
    assert callable(damage)
    damage(ran / "ledger")
    before = tree(ran / "out")
    outcome = program(*arguments, "--config", ran / "billadjust.toml")
    assert (outcome.code, outcome.out) == (6, "")
    assert outcome.err.startswith("billadjust: The ledger ")
    assert "Restore" in outcome.err
    assert tree(ran / "out") == before


def test_files_are_not_written_again_from_a_table_that_was_changed(ran: Path) -> None:
    change_kept_table(ran / "ledger")
    [run] = runs(ran)
    shutil.rmtree(run)
    assert program("publish", run.name, "--config", ran / "billadjust.toml").code == 6
    assert program("verify", "--config", ran / "billadjust.toml").code == 6
    assert not run.exists()


def test_a_disk_that_takes_no_more_ends_with_exit_code_1_and_one_message(ran: Path) -> None:
    full = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))"
    before = tree(ran / "out")
    with start(ran, "run", "--as-of", JULY, script=full) as child:
        out, err = child.communicate()
    assert (child.returncode, out) == (1, "")
    assert err.startswith("billadjust: ")
    assert "Traceback" not in err
    assert tree(ran / "out") == before
    assert night(ran, JULY).code == 0


def test_without_a_terminal_output_is_plain_lines(ran: Path) -> None:
    with start(ran, "run", "--as-of", JULY) as child:
        out, err = child.communicate()
    assert (child.returncode, err) == (0, "")
    assert out.isprintable() or set(out) - {"\n"} == {char for char in out if char.isprintable()}
    lines = out.splitlines()
    assert lines[:2] == ["Read:", "  accounts: rows 3, accepted 3, rejected 0, repeats 0"]
    assert lines[-4:] == [
        "  total: entries 0, net 0.00, tax 0.00, gross 0.00",
        "Limits: within all of them.",
        "Run 20260702-0002 of 2026-07-02 posted 0 entries, 0.00 EUR gross, for 0 accounts.",
        f"Files: {ran / 'out' / '20260702-0002'}",
    ]


@pytest.mark.parametrize("width", [80, 200])
def test_on_a_terminal_output_fits_it_and_100_columns(tmp_path: Path, width: int) -> None:
    directory = write_operator(tmp_path / "operator", operator_of(3))
    code, lines = on_terminal(directory, width, "run", "--as-of", JULY)
    assert code == 0
    assert max(map(len, lines)) <= min(width, 100)
    assert any(line.startswith("tariff_improvement ") for line in lines)
    text = " ".join(" ".join(lines).split())
    assert "Run 20260702-0001 of 2026-07-02 posted 9 entries, 43.50 EUR gross, for 3 accounts." in text
    assert any(re.match(r"total\s+9\s+35\.97\s+7\.53\s+43\.50$", line) for line in lines)


def test_on_a_terminal_a_message_fits_it_and_says_what_it_says_elsewhere(ran: Path) -> None:
    code, lines = on_terminal(ran, 100, "run", "--as-of", "2026-07-01")
    assert code == 2
    assert max(map(len, lines)) <= 100
    message = night(ran, "2026-07-01").err
    assert " ".join(" ".join(lines).split()).endswith(message.strip())


def test_the_policy_is_shown_as_it_is_written_with_square_brackets_too(tmp_path: Path) -> None:
    config = """
        [policy]
        tax_rate = [{ from = 2020-01-01, value = 10, reference = "letter [draft] [/]" }]
    """
    directory = write_operator(tmp_path / "operator", operator_of(1), config)
    outcome = program("policy", "--as-of", "2026-07-02", "--config", directory / "billadjust.toml")
    assert outcome.out.startswith("Policy in force on 2026-07-02:\n")
    assert "  tax_rate: value 10, unit %, since 2020-01-01, reference letter [draft] [/]\n" in outcome.out
    code, lines = on_terminal(directory, 100, "policy", "--as-of", "2026-07-02")
    assert code == 0
    assert max(map(len, lines)) <= 100
    [row] = [line for line in lines if line.startswith("tax_rate")]
    assert re.fullmatch(r"tax_rate\s+10\s+%\s+2020-01-01\s+letter \[draft\] \[/\]", row)


def test_a_header_with_control_characters_does_nothing_to_a_terminal(tmp_path: Path) -> None:
    directory = write_operator(tmp_path / "operator", operator_of(1))
    text = (directory / "tariffs.csv").read_text("utf-8")
    header, *rows = text.splitlines()
    lines = [f"{header},\x1b]0;owned", *(f"{row}," for row in rows)]
    (directory / "tariffs.csv").write_text("\n".join(lines) + "\n", "utf-8")
    outcome = night(directory, JULY, "--dry-run")
    assert outcome.code == 0
    assert "\x1b" not in outcome.out
    assert "Note: tariffs: the column \N{REPLACEMENT CHARACTER}]0;owned is not used.\n" in outcome.out


def test_a_date_that_has_not_come_is_not_posted_but_can_be_looked_at(ran: Path) -> None:
    before = runs(ran)
    outcome = night(ran, "9999-12-31")
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err == (
        "billadjust: 9999-12-31 has not come yet, and after a run of it no earlier date could be run. Nothing was "
        "posted. Correct --as-of, or look ahead with --dry-run.\n"
    )
    assert runs(ran) == before
    assert night(ran, "9999-12-30", "--dry-run").code == 0
