"""What several test modules share: the sample's nights, run once, and a small operator before and after its run."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from filelock import FileLock

from init_case import FIRST_RUN
from operator_case import JULY, operator_of, posted, write_operator

SAMPLE = Path(__file__).parent.parent / "sample_data"
NIGHTS = sorted(path.name for path in (SAMPLE / "nights").iterdir() if path.name.startswith("20"))


def run_night(directory: Path, night: str, *options: str) -> Path:
    """Run a night of the copied sample and return the newest directory of outputs."""
    config = directory / "nights" / night / "billadjust.toml"
    command = [sys.executable, "-m", "billadjust", "run", "--config", str(config), "--as-of", night, *options]
    subprocess.run(command, check=True, capture_output=True, text=True)
    return max((directory / "out").iterdir(), key=lambda path: path.name.partition("-")[2])


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Run all nights of the sample with one ledger; return each night's outputs. Whoever runs more copies `root(sample)`.

    The workers of a parallel run share them.
    """
    base = tmp_path_factory.getbasetemp()
    shared = (base.parent if base.name.startswith("popen-") else base) / "sample"
    with FileLock(f"{shared}.lock"):
        if not (shared / "done").exists():
            shutil.copytree(SAMPLE / "nights", shared / "nights")
            for night in NIGHTS:
                run_night(shared, night)
            (shared / "done").touch()
    directories = sorted((shared / "out").iterdir(), key=lambda path: path.name.partition("-")[2])
    return dict(zip(NIGHTS, directories, strict=True))


def root(sample: dict[str, Path]) -> Path:
    """Return the directory that holds nights, ledger and outputs of the sample."""
    return sample[NIGHTS[0]].parent.parent


@pytest.fixture
def operator(tmp_path: Path) -> Path:
    """An operator before its first run; three customers are owed 14.50 each."""
    return write_operator(tmp_path / "operator", operator_of(3))


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An operator with one run, of 14.50 in three entries for each of three customers; tests must not change it."""
    directory = write_operator(tmp_path_factory.mktemp("once") / "operator", operator_of(3))
    posted(directory, JULY)
    return directory


@pytest.fixture
def ran(once: Path, tmp_path: Path) -> Path:
    """A copy of an operator with one run."""
    return shutil.copytree(once, tmp_path / "ran")


@pytest.fixture
def foreign(tmp_path: Path) -> Path:
    """The exports of the documentation, without their configuration."""
    return shutil.copytree(FIRST_RUN, tmp_path / "exports", ignore=shutil.ignore_patterns("*.toml"))
