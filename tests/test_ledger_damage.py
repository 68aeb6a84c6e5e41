"""What `verify` says about a ledger that is not what the runs have posted."""

from __future__ import annotations

import shutil
from datetime import date
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from billadjust.errors import LedgerDamagedError
from billadjust.ledger import contradictions, damages, open_ledger, verify
from billadjust.ledger.entries import to_table
from ledger_case import entry, frame, post

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def data_file(path: Path) -> Path:
    return min(path.glob("*.parquet"))


def commit_file(path: Path, number: int) -> Path:
    return path / "_delta_log" / f"{number:020d}.json"


def replace_bytes(file: Path, old: bytes, new: bytes) -> None:
    content = file.read_bytes()
    assert old in content
    file.write_bytes(content.replace(old, new, 1))


def delete_data(path: Path) -> None:
    data_file(path).unlink()


def truncate_data(path: Path) -> None:
    data_file(path).write_bytes(data_file(path).read_bytes()[:-1])


def garble_data(path: Path) -> None:
    content = bytearray(data_file(path).read_bytes())
    content[4:-8] = bytes(len(content) - 12)
    data_file(path).write_bytes(content)


def rewrite_data(path: Path, **values: Any) -> None:  # noqa: ANN401  # any column of an entry
    """Write other entries of the same size of file: padding makes it as long as it was."""
    file = data_file(path)
    size = file.stat().st_size
    rows = frame(entry(**values))
    while True:
        to_table(rows, 2).write_parquet(file, compression="uncompressed", statistics=False)
        lacking = size - file.stat().st_size
        if lacking == 0:
            return
        assert lacking > 0
        rows = rows.with_columns(evidence=pl.col("evidence") + "x" * max(1, lacking // 2))


def delete_commit(path: Path) -> None:
    commit_file(path, 2).unlink()


def empty_last_commit(path: Path) -> None:
    commit_file(path, 4).write_bytes(b"")


def truncate_commit(path: Path) -> None:
    commit_file(path, 2).write_bytes(commit_file(path, 2).read_bytes()[:-20])


def change_record(path: Path) -> None:
    replace_bytes(commit_file(path, 1), b'\\"net\\": 990', b'\\"net\\": 991')


def forget_record(path: Path) -> None:
    replace_bytes(commit_file(path, 2), b"billadjust.run", b"billadjust.ruin")


def delete_log(path: Path) -> None:
    shutil.rmtree(path / "_delta_log")


def sound_ledger(path: Path) -> Path:
    """Post three runs; the second is later than the first, and the third has no entries."""
    post(path, entry(), attachments={"holds.parquet": pl.DataFrame({"x": [1]})})
    post(path, entry(2), as_of=date(2026, 3, 2))
    post(path, as_of=date(2026, 3, 2))
    post(path, entry(3), as_of=date(2026, 3, 3))
    return path


DAMAGES: list[tuple[Callable[[Path], None], str]] = [
    (delete_data, r"20260301-0001-\w+\.parquet is missing\."),
    (truncate_data, r"20260301-0001-\w+\.parquet has [\d,]+ bytes; it was written with [\d,]+\."),
    (garble_data, "The entries cannot be read"),
    (delete_commit, "The ledger .* cannot be read|lacks commit 2"),
    (
        empty_last_commit,
        r"lacks commit 4: .*4\.json is missing or empty\. If it is empty and the last one, power failed",
    ),
    (truncate_commit, "The ledger .* cannot be read: "),
    (change_record, "The record of commit 1 was changed after it was written"),
    (forget_record, "should have runs 1 to 4, but its log describes 20260301-0001, 20260302-0003, 20260303-0004"),
    (delete_log, "has files of runs, but its log _delta_log is missing"),
]


@pytest.mark.parametrize(("damage", "message"), DAMAGES, ids=[damage.__name__ for damage, _ in DAMAGES])
def test_a_damaged_ledger_is_reported_with_exit_code_6(
    tmp_path: Path, damage: Callable[[Path], None], message: str
) -> None:
    damage(sound_ledger(tmp_path))
    with pytest.raises(LedgerDamagedError, match=message) as raised:
        verify(open_ledger(tmp_path, "EUR"))
    assert raised.value.exit_code == 6
    assert "restore" in str(raised.value).casefold()


def test_an_empty_last_commit_can_be_removed_as_the_message_says(tmp_path: Path) -> None:
    empty_last_commit(sound_ledger(tmp_path))
    commit_file(tmp_path, 4).unlink()
    assert post(tmp_path, entry(3), as_of=date(2026, 3, 3)).number == 4
    assert damages(open_ledger(tmp_path, "EUR"), deep=True) == []


@pytest.mark.parametrize(
    ("values", "quick", "deep"),
    [
        (
            {"net": 991},
            r"posted 1 entries \(net 9\.90, tax 2\.08, gross 11\.98\), but the ledger holds 1 entries \(net 9\.91,",
            None,
        ),
        (
            {"run_id": "20260301-0005"},
            r"gross 11\.98\) of run 20260301-0005, 2026-03-01, in EUR, belong to no recorded run",
            None,
        ),
        ({"explanation": "another"}, None, "The entries of run 20260301-0001 are not those that it posted"),
        ({"account_id": "A2"}, None, "The entries of run 20260301-0001 are not those that it posted"),
    ],
    ids=["amount", "run", "explanation", "account"],
)
def test_entries_that_were_changed_are_found(
    tmp_path: Path, values: dict[str, Any], quick: str | None, deep: str | None
) -> None:
    sound_ledger(tmp_path)
    rewrite_data(tmp_path, **values)
    snapshot = open_ledger(tmp_path, "EUR")
    if quick is None:
        assert damages(snapshot) == []
    with pytest.raises(LedgerDamagedError, match=quick or deep):
        verify(snapshot, deep=True)


def test_attachments_are_checked_in_the_deep_part(tmp_path: Path) -> None:
    sound_ledger(tmp_path)
    next(tmp_path.glob("_runs/*/holds.parquet")).write_bytes(b"")
    assert damages(open_ledger(tmp_path, "EUR")) == []
    (line,) = damages(open_ledger(tmp_path, "EUR"), deep=True)
    assert "holds.parquet: was changed after run 20260301-0001 wrote it" in line


LATER: dict[str, Any] = {"run_id": "20260302-0002"}

CONTRADICTIONS: list[tuple[str, list[dict[str, Any]], list[str]]] = [
    ("a claim that rises and falls to zero", [entry(), entry(2, net=-990, tax=-208, **LATER)], []),
    ("both buckets of a claim", [entry(), entry(bucket="provisional")], []),
    (
        "one cent taken too much",
        [entry(), entry(2, net=-991, tax=-208, **LATER)],
        [
            "Claim billing_error|F/1|1, bucket final stands at -0.01 after entry billing_error|F/1|1|final|2: more was taken back than given."
        ],
    ),
    (
        "nothing given, one cent taken",
        [entry(net=-1, tax=0)],
        [
            "Claim billing_error|F/1|1, bucket final stands at -0.01 after entry billing_error|F/1|1|final|1: more was taken back than given."
        ],
    ),
    (
        "below zero only for one run",
        [entry(), entry(2, net=-1000, **LATER), entry(3, net=10, run_id="20260303-0003")],
        [
            "Claim billing_error|F/1|1, bucket final stands at -0.10 after entry billing_error|F/1|1|final|2: more was taken back than given."
        ],
    ),
    (
        "a wrong sum",
        [entry(gross=1199)],
        ["Entry billing_error|F/1|1|final|1: gross 11.99 is not net 9.90 + tax 2.08."],
    ),
    (
        "the identifier of another claim",
        [entry(entry_id="billing_error|F/1|2|final|1")],
        [
            "Entry billing_error|F/1|2|final|1 is of claim billing_error|F/1|1, bucket final: its identifier must be the two and a number."
        ],
    ),
    (
        "no number",
        [entry(entry_id="billing_error|F/1|1|final|01")],
        [
            "Entry billing_error|F/1|1|final|01 is of claim billing_error|F/1|1, bucket final: its identifier must be the two and a number.",
            "Claim billing_error|F/1|1, bucket final: its 1 entries have 1 different numbers up to None; they must count from 1 without gap.",
        ],
    ),
    (
        "a gap",
        [entry(), entry(3, **LATER)],
        [
            "Claim billing_error|F/1|1, bucket final: its 2 entries have 2 different numbers up to 3; they must count from 1 without gap."
        ],
    ),
    (
        "the same entry twice",
        [entry(), entry()],
        [
            "Claim billing_error|F/1|1, bucket final: its 2 entries have 1 different numbers up to 1; they must count from 1 without gap.",
            "Entry billing_error|F/1|1|final|1 is of run 20260301-0001, but the entry before it of run 20260301-0001: later entries are of later runs.",
        ],
    ),
    (
        "a later entry of an earlier run",
        [entry(**LATER), entry(2)],
        [
            "Entry billing_error|F/1|1|final|2 is of run 20260301-0001, but the entry before it of run 20260302-0002: later entries are of later runs."
        ],
    ),
]


@pytest.mark.parametrize(
    ("rows", "lines"), [case[1:] for case in CONTRADICTIONS], ids=[case[0] for case in CONTRADICTIONS]
)
def test_entries_contradict_each_other_or_not(rows: list[dict[str, Any]], lines: list[str]) -> None:
    others = [entry(claim="a|1|1"), entry(claim="z|1|1")]
    assert contradictions(frame(*rows, *others).lazy(), 2) == lines
    assert contradictions(frame(*others, *reversed(rows)).lazy(), 2) == lines


def test_many_contradictions_are_counted() -> None:
    rows = [entry(claim=f"billing_error|F/{number:02d}|1", gross=1) for number in range(12)]
    lines = contradictions(frame(*rows).lazy(), 2)
    assert len(lines) == 11
    assert lines[-1] == "… and 2 more like this."
