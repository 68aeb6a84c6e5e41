"""What tests of `billadjust init` share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from billadjust.guess import survey
from operator_case import Outcome, program

if TYPE_CHECKING:
    from billadjust.guess import Guess

FIRST_RUN = Path(__file__).parent.parent / "docs" / "first_run"


def init(directory: Path, *options: str | Path) -> Outcome:
    """Run the command on a directory."""
    return program("init", directory, *options)


def write(directory: Path, **files: str | bytes) -> Path:
    """Write files (`Clientes_csv` is Clientes.csv) into a new directory."""
    directory.mkdir()
    for name, content in files.items():
        path = directory / name.replace("_", ".")
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return directory


def guessed(directory: Path, name: str) -> Guess:
    """What is guessed of one input."""
    return next(guess for guess in survey(directory).guesses if guess.table.name == name)
