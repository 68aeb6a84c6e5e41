"""Whether a directory of a run's files is what the ledger says (§9)."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from billadjust.outputs.books import export_of
from billadjust.outputs.publish import MANIFEST, publish, verify_directory
from billadjust.outputs.run_files import PREVIEW

if TYPE_CHECKING:
    from collections.abc import Mapping

    from billadjust.ledger import Snapshot


def export_faults(directory: Path, snapshot: Snapshot) -> list[str]:
    """Say, a line each, where a directory is not what its manifest and the ledger say; an empty list is good news.

    The run's files are written again from the ledger and compared by their hashes.
    """
    if not directory.is_dir():
        return [f"{directory} is not there, or is no directory."]
    if any(path.name.startswith(PREVIEW) for path in directory.iterdir()):
        return [f"{directory} is a preview: nothing in it was posted."]
    lines = verify_directory(directory)
    try:
        found = json.loads((directory / MANIFEST).read_text("utf-8"))
        run_id = found["run_id"]
    except (OSError, ValueError, KeyError, TypeError):
        return lines
    record = next((record for record in snapshot.runs if record.run_id == run_id), None)
    if record is None:
        return [*lines, f"The ledger {snapshot.path} has no run {run_id}."]
    with tempfile.TemporaryDirectory(prefix="billadjust-") as made:
        written = publish(Path(made) / record.run_id, export_of(snapshot, record))
        expected = json.loads((written / MANIFEST).read_text("utf-8"))
    return lines + _differences(directory, found, expected)


def _differences(directory: Path, found: Mapping[str, Any], expected: Mapping[str, Any]) -> list[str]:
    """Compare two manifests."""
    lines = [
        f"{directory / MANIFEST} says {key} {json.dumps(found.get(key))}; in the ledger it is {json.dumps(value)}."
        for key, value in expected.items()
        if key != "files" and found.get(key) != value
    ]
    for name in sorted(expected["files"].keys() | found["files"].keys()):
        theirs, ours = (manifest["files"].get(name) for manifest in (found, expected))
        if theirs is None:
            lines.append(f"{directory / name} is missing: the run has this file.")
        elif ours is None:
            lines.append(f"{directory / name} is no file of the run.")
        elif theirs["sha256"] != ours["sha256"]:
            lines.append(f"{directory / name} has {_size(theirs)}; by the ledger it has {_size(ours)}.")
    return lines


def _size(entry: Mapping[str, Any]) -> str:
    """Say in words what a manifest says of a file."""
    rows = [f"{entry['rows']:,} rows"] if "rows" in entry else []
    totals = [f"{name} {total}" for name, total in entry.get("totals", {}).items()]
    return ", ".join([*rows, *totals, f"SHA-256 {entry['sha256'][:12]}…"])
