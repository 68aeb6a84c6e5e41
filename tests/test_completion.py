"""Shell completion, asked as the shells ask for it: through the environment of a process of its own."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING, Final

import pytest
import typer.main

from billadjust.cli import app
from operator_case import JULY, PLAIN, operator_of, posted, write_operator

if TYPE_CHECKING:
    from pathlib import Path

COMMANDS = sorted(typer.main.get_command(app).commands)  # type: ignore[attr-defined]  # the group's type is not public

SHELLS: Final = ("bash", "zsh", "fish")


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An operator with one run, 20260702-0001."""
    directory = write_operator(tmp_path_factory.mktemp("ran") / "operator", operator_of(1))
    posted(directory, JULY)
    return directory


def offered(shell: str, line: str, directory: Path) -> set[str]:
    """Ask what completes the last word of a line; return the words without their descriptions."""
    words = line.split(" ")
    asked = {
        "bash": {"COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1)},
        "zsh": {"_TYPER_COMPLETE_ARGS": line},
        "fish": {"_TYPER_COMPLETE_ARGS": line, "_TYPER_COMPLETE_FISH_ACTION": "get-args"},
    }[shell]
    done = subprocess.run(
        [sys.executable, "-c", "import sys; sys.argv[0] = 'billadjust'; from billadjust.cli import main; main()"],
        cwd=directory,
        env={**PLAIN, "_BILLADJUST_COMPLETE": f"complete_{shell}", **asked},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    if shell == "zsh":
        inner = re.fullmatch(r"_arguments '\*: :\(\((.*)\)\)'\n?", done.stdout, re.DOTALL)
        return set(re.findall(r'^"([^"]*)"', inner[1], re.MULTILINE)) if inner else set()
    return {row.split("\t")[0] for row in done.stdout.splitlines() if row}


@pytest.mark.parametrize("shell", SHELLS)
def test_commands_are_offered(ran: Path, shell: str) -> None:
    assert offered(shell, "billadjust ", ran) >= set(COMMANDS)
    assert offered(shell, "billadjust pu", ran) == {"publish"}


@pytest.mark.parametrize("shell", SHELLS)
def test_options_are_offered(ran: Path, shell: str) -> None:
    assert offered(shell, "billadjust run --dr", ran) == {"--dry-run"}
    assert offered(shell, "billadjust simulate --ta", ran) == {"--tariffs"}


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("command", ["publish", "undo"])
def test_runs_of_the_ledger_are_offered(ran: Path, shell: str, command: str) -> None:
    assert offered(shell, f"billadjust {command} ", ran) == {"20260702-0001"}
    assert offered(shell, f"billadjust {command} 2025", ran) == set()


@pytest.mark.parametrize("shell", SHELLS)
def test_runs_of_the_ledger_of_a_named_configuration_are_offered(ran: Path, tmp_path: Path, shell: str) -> None:
    line = f"billadjust publish --config {ran / 'billadjust.toml'} "
    assert offered(shell, line, tmp_path) == {"20260702-0001"}


def test_where_no_ledger_can_be_read_nothing_is_offered_and_nothing_said(tmp_path: Path) -> None:
    assert offered("bash", "billadjust publish ", tmp_path) == set()


@pytest.mark.parametrize("shell", SHELLS)
def test_words_of_options_are_offered(ran: Path, shell: str) -> None:
    assert offered(shell, "billadjust run --allow-missing in", ran) == {"invoices", "invoice_lines"}
    assert offered(shell, "billadjust rate --choice ", ran) == {"contract", "improved"}
