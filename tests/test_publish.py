"""Publishing: a directory that is complete and can be checked, or not there."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
import pytest

from billadjust.errors import UsageError
from billadjust.outputs.publish import Export, publish, verify_directory

if TYPE_CHECKING:
    from collections.abc import Callable

ENTRIES = pl.DataFrame(
    {"entry_id": ["a|1", "b|1"], "net": [Decimal("9.90"), Decimal("-0.05")], "tax_rate": [Decimal(21), Decimal(21)]},
    schema={"entry_id": pl.String, "net": pl.Decimal(18, 2), "tax_rate": pl.Decimal(7, 4)},
)
CSV = b"entry_id,net,tax_rate\na|1,9.90,21.0000\nb|1,-0.05,21.0000\n"
HEADER = {"run_id": "20260301-0001", "plan_hash": "abc"}


def publish_sample(directory: Path) -> Path:
    return publish(directory, Export({"report.html": "<p>ñ</p>", "adjustments.csv": ENTRIES}, HEADER))


def test_a_run_is_published_with_a_manifest_of_its_files(tmp_path: Path) -> None:
    directory = publish_sample(tmp_path / "out" / "20260301-0001")
    names = ["_SUCCESS", "adjustments.csv", "manifest.json", "report.html"]
    assert sorted(path.name for path in directory.iterdir()) == names
    manifest = hashlib.sha256((directory / "manifest.json").read_bytes()).hexdigest()
    assert (directory / "_SUCCESS").read_text() == f"{manifest}  manifest.json\n"
    assert (directory / "adjustments.csv").read_bytes() == CSV
    assert (directory / "report.html").read_bytes() == b"<p>\xc3\xb1</p>"
    assert json.loads((directory / "manifest.json").read_text()) == {
        "run_id": "20260301-0001",
        "plan_hash": "abc",
        "files": {
            "adjustments.csv": {
                "bytes": len(CSV),
                "rows": 2,
                "sha256": hashlib.sha256(CSV).hexdigest(),
                "totals": {"net": "9.85"},
            },
            "report.html": {"bytes": 9, "sha256": hashlib.sha256(b"<p>\xc3\xb1</p>").hexdigest()},
        },
    }
    assert [path.name for path in directory.parent.iterdir()] == ["20260301-0001"]
    assert verify_directory(directory) == []


def test_two_places_get_the_same_bytes(tmp_path: Path) -> None:
    one, two = publish_sample(tmp_path / "a" / "run"), publish_sample(tmp_path / "b" / "run")
    for path in one.iterdir():
        assert path.read_bytes() == (two / path.name).read_bytes()


def test_publishing_the_same_again_changes_nothing(tmp_path: Path) -> None:
    directory = publish_sample(tmp_path / "run")
    before = {path: path.stat().st_mtime_ns for path in directory.iterdir()}
    assert publish_sample(directory) == directory
    assert {path: path.stat().st_mtime_ns for path in directory.iterdir()} == before
    assert list(tmp_path.iterdir()) == [directory]


def test_a_published_directory_with_other_content_is_not_overwritten(tmp_path: Path) -> None:
    directory = publish_sample(tmp_path / "run")
    with pytest.raises(
        UsageError, match=r"manifest\.json describes other files\.\nIt was not overwritten\. Move it away"
    ):
        publish(directory, Export({"adjustments.csv": ENTRIES.head(1)}, HEADER))
    assert (directory / "adjustments.csv").read_bytes() == CSV
    assert list(tmp_path.iterdir()) == [directory]


def change(directory: Path) -> None:
    (directory / "adjustments.csv").write_bytes(CSV.replace(b"9.90", b"9.91"))


def remove(directory: Path) -> None:
    (directory / "report.html").unlink()


def add(directory: Path) -> None:
    (directory / "notes.txt").write_text("mine")


def forget(directory: Path) -> None:
    (directory / "manifest.json").unlink()


def cut_off(directory: Path) -> None:
    (directory / "_SUCCESS").unlink()


def add_to_manifest(directory: Path) -> None:
    manifest = directory / "manifest.json"
    manifest.write_text(manifest.read_text().replace("abc", "abd"))


def break_manifest(directory: Path) -> None:
    (directory / "manifest.json").write_text("[]")


@pytest.mark.parametrize(
    ("tamper", "line"),
    [
        (change, "adjustments.csv was changed after it was published."),
        (remove, "report.html is missing."),
        (add, "notes.txt is not in the manifest."),
        (cut_off, "_SUCCESS is missing: the directory was not copied completely."),
        (add_to_manifest, "manifest.json was changed after it was published."),
        (forget, "manifest.json is missing or cannot be read."),
        (break_manifest, "manifest.json is missing or cannot be read."),
    ],
)
def test_a_directory_that_was_changed_is_found_and_left_alone(
    tmp_path: Path, tamper: Callable[[Path], None], line: str
) -> None:
    directory = publish_sample(tmp_path / "run")
    tamper(directory)
    assert verify_directory(directory) == [f"{directory}/{line}"]
    kept = {path: path.read_bytes() for path in directory.iterdir()}
    with pytest.raises(UsageError, match="is there already and is not what the ledger says") as raised:
        publish_sample(directory)
    assert line in str(raised.value)
    assert {path: path.read_bytes() for path in directory.iterdir()} == kept


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    with pytest.raises(UsageError, match=r"out/run cannot be written: .*\. Check outputs\.path"):
        publish_sample(tmp_path / "out" / "run")


def test_the_disk_holds_every_file_before_the_directory_gets_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: dict[bool, list[str]] = {False: [], True: []}
    confirm = os.fsync

    def note(descriptor: int) -> None:
        opened = Path(f"/proc/self/fd/{descriptor}").readlink()
        synced[(tmp_path / "run").exists()].append(opened.name.partition(".tmp-")[0])
        confirm(descriptor)

    monkeypatch.setattr(os, "fsync", note)
    publish_sample(tmp_path / "run")
    assert synced == {
        False: ["adjustments.csv", "report.html", "manifest.json", "_SUCCESS", ".run"],
        True: [tmp_path.name],
    }


CHILD = """
import os, signal, sys
from pathlib import Path
from test_publish import publish_sample

directory, point = Path(sys.argv[1]), int(sys.argv[2])

def watch(event, arguments):
    global point
    if event in ("open", "os.mkdir", "os.rename") and directory.name in str(arguments[0]):
        point -= 1
        if point == 0:
            os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(watch)
publish_sample(directory)
"""


def test_a_crash_leaves_nothing_that_looks_published_and_the_next_time_tidies_up(tmp_path: Path) -> None:
    killed = 0
    for point in range(1, 50):
        directory = tmp_path / str(point) / "20260301-0001"
        command = [sys.executable, "-c", CHILD, str(directory), str(point)]
        child = subprocess.run(command, check=False, env={"PYTHONPATH": os.pathsep.join(sys.path)})
        if child.returncode == 0:
            break
        assert child.returncode == -signal.SIGKILL
        killed += 1
        assert not directory.exists() or verify_directory(directory) == []
        assert verify_directory(publish_sample(directory)) == []
        assert list(directory.parent.iterdir()) == [directory]
    assert killed >= 8
