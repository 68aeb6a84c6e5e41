"""The ledger as runs use it: read, post, read again."""

from __future__ import annotations

import hashlib
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from deltalake import DeltaTable
from polars.testing import assert_frame_equal

from billadjust.errors import BilladjustError, ConfigError, LedgerBusyError, LedgerDamagedError, UsageError
from billadjust.ledger import RunRecord, append, damages, lock, open_ledger, plan_hash
from billadjust.schemas import Entries
from ledger_case import DAY, entry, frame, post

if TYPE_CHECKING:
    from pathlib import Path


def test_a_ledger_that_does_not_exist_yet_is_empty_and_reading_it_writes_nothing(tmp_path: Path) -> None:
    snapshot = open_ledger(tmp_path / "ledger", "EUR")
    assert snapshot.runs == ()
    assert snapshot.newest is None
    assert snapshot.entries.collect().is_empty()
    assert snapshot.next_run_id(DAY) == "20260301-0001"
    assert damages(snapshot, deep=True) == []
    assert list(tmp_path.iterdir()) == []


def test_what_was_posted_is_read_back_with_its_record(tmp_path: Path) -> None:
    first, second = (
        entry(),
        entry(claim="no_lock_in|F/2|3", line_no=None, net=7500, tax=1575, deadline=date(2026, 4, 1)),
    )
    record = post(tmp_path, second, first)
    snapshot = open_ledger(tmp_path, "EUR")
    assert_frame_equal(snapshot.entries.sort("entry_id").collect(), frame(first, second), check_column_order=True)
    assert snapshot.runs == (record,)
    assert (record.run_id, record.number, record.as_of, record.inputs) == ("20260301-0001", 1, DAY, ("accounts",))
    assert (record.entries, record.net, record.tax, record.gross) == (2, 8490, 1783, 10273)
    assert damages(snapshot, deep=True) == []


def test_run_numbers_count_all_runs_and_sort(tmp_path: Path) -> None:
    for day in (1, 1, 4):
        post(tmp_path, as_of=date(2026, 3, day))
    snapshot = open_ledger(tmp_path, "EUR")
    assert [run.run_id for run in snapshot.runs] == ["20260301-0001", "20260301-0002", "20260304-0003"]
    assert snapshot.newest == snapshot.runs[-1]
    assert snapshot.run("20260301-0002") == snapshot.runs[1]


def test_a_run_that_is_not_there_is_named_with_the_newest_one(tmp_path: Path) -> None:
    post(tmp_path)
    with pytest.raises(UsageError, match=r"no run 20260301-0009 in the ledger .* newest one is 20260301-0001"):
        open_ledger(tmp_path, "EUR").run("20260301-0009")
    with pytest.raises(UsageError, match="It has no runs yet"):
        open_ledger(tmp_path / "other", "EUR").run("20260301-0001")


def test_a_run_without_entries_records_its_inputs(tmp_path: Path) -> None:
    record = post(tmp_path)
    assert record.entries == 0
    assert open_ledger(tmp_path, "EUR").newest == record
    assert damages(open_ledger(tmp_path, "EUR"), deep=True) == []


@pytest.mark.parametrize(
    ("currency", "net", "shown"),
    [
        ("JPY", 990, Decimal(990)),
        ("EUR", 990, Decimal("9.90")),
        ("KWD", 990, Decimal("0.990")),
        ("EUR", -5, Decimal("-0.05")),
    ],
)
def test_the_table_holds_decimals_of_the_currency(tmp_path: Path, currency: str, net: int, shown: Decimal) -> None:
    post(tmp_path, entry(net=1000), as_of=DAY, currency=currency)
    post(tmp_path, entry(2, net=net), as_of=DAY, currency=currency)
    stored = pl.scan_delta(str(tmp_path)).filter(pl.col("entry_id").str.ends_with("|2")).collect()
    assert stored["net"].item() == shown
    assert stored["net"].dtype == pl.Decimal(18, -int(shown.as_tuple().exponent))
    assert stored["tax_rate"].item() == Decimal("21.0000")
    assert open_ledger(tmp_path, currency).entries.select("net").sort("net").collect()["net"].to_list() == sorted(
        [1000, net]
    )


@pytest.mark.parametrize("amount", [10**11 - 1, 1, -(10**11) + 1])
def test_amounts_at_the_edge_come_back_to_the_cent(tmp_path: Path, amount: int) -> None:
    post(tmp_path, entry(net=10**11 - 1, tax=-amount))
    assert open_ledger(tmp_path, "EUR").entries.select("tax").collect()["tax"].item() == -amount


def test_a_snapshot_does_not_see_later_runs(tmp_path: Path) -> None:
    post(tmp_path, entry())
    snapshot = open_ledger(tmp_path, "EUR")
    post(tmp_path, entry(2))
    assert snapshot.entries.collect().height == 1
    assert open_ledger(tmp_path, "EUR").entries.collect().height == 2


def test_a_snapshot_that_is_not_the_newest_cannot_be_posted_on(tmp_path: Path) -> None:
    empty = open_ledger(tmp_path, "EUR")
    post(tmp_path, entry())
    old = open_ledger(tmp_path, "EUR")
    post(tmp_path, as_of=DAY)
    for snapshot in (empty, old):
        run_id = snapshot.next_run_id(DAY)
        entries = frame(entry(claim="no_lock_in|F/1|2", run_id=run_id))
        with pytest.raises(LedgerBusyError, match=r"was changed by another run .* Nothing was posted\. Run again\."):
            append(snapshot, entries, RunRecord.of(run_id, DAY, [], entries), {})
    assert open_ledger(tmp_path, "EUR").entries.collect().height == 1


def test_the_lock_is_refused_while_another_run_holds_it(tmp_path: Path) -> None:
    with (
        lock(tmp_path),
        pytest.raises(LedgerBusyError, match=r"Another run holds the ledger .* Wait until it has ended"),
        lock(tmp_path),
    ):
        pass
    with lock(tmp_path):
        pass


def test_a_ledger_where_a_file_is_in_the_way_is_refused(tmp_path: Path) -> None:
    (tmp_path / "ledger").write_text("not a directory")
    with pytest.raises(UsageError, match=r"cannot be written: .* Check ledger\.path"), lock(tmp_path / "ledger"):
        pass


def test_attachments_are_true_with_the_commit_and_are_checked_when_read(tmp_path: Path) -> None:
    holds = pl.DataFrame({"account_id": ["A1"], "amount": [1198]})
    post(tmp_path, attachments={"holds.parquet": holds, "summary.json": b"{}"})
    snapshot = open_ledger(tmp_path, "EUR")
    record = snapshot.runs[0]
    assert record.attachments["summary.json"] == hashlib.sha256(b"{}").hexdigest()
    assert_frame_equal(pl.read_parquet(snapshot.attachment(record, "holds.parquet")), holds)
    snapshot.attachment(record, "summary.json").write_bytes(b"{ }")
    with pytest.raises(LedgerDamagedError, match=r"summary\.json: was changed after run 20260301-0001 wrote it"):
        snapshot.attachment(record, "summary.json")
    (record.directory(tmp_path) / "summary.json").unlink()
    with pytest.raises(LedgerDamagedError, match=r"summary\.json: cannot be read \(No such file or directory\)"):
        snapshot.attachment(record, "summary.json")


def test_a_run_that_cannot_write_its_files_posts_nothing(tmp_path: Path) -> None:
    post(tmp_path, entry())
    with pytest.raises(
        BilladjustError, match=r"could not be written: .*No such file or directory.* Nothing was posted\."
    ):
        post(tmp_path, entry(2), attachments={"no/such/directory.txt": b""})
    assert open_ledger(tmp_path, "EUR").entries.collect().height == 1


def test_a_ledger_of_another_currency_is_refused(tmp_path: Path) -> None:
    post(tmp_path)
    with pytest.raises(ConfigError, match=r"holds EUR, but the configuration says JPY"):
        open_ledger(tmp_path, "JPY")


def test_a_table_that_is_no_ledger_is_refused(tmp_path: Path) -> None:
    pl.DataFrame({"x": [1]}).write_delta(tmp_path)
    with pytest.raises(ConfigError, match="is a Delta Lake table, but no ledger of this program"):
        open_ledger(tmp_path, "EUR")


def test_runs_and_their_records_outlive_checkpoints_and_compaction(tmp_path: Path) -> None:
    post(tmp_path, entry())
    for _ in range(118):
        post(tmp_path)
    post(tmp_path, entry(2))
    table = DeltaTable(tmp_path)
    table.create_checkpoint()
    table.optimize.compact()
    post(tmp_path, entry(3))
    snapshot = open_ledger(tmp_path, "EUR")
    assert [run.number for run in snapshot.runs] == list(range(1, 122))
    assert snapshot.entries.collect().height == 3
    assert damages(snapshot, deep=True) == []


def test_another_reader_of_the_table_sees_the_same(tmp_path: Path) -> None:
    post(tmp_path, entry(), entry(claim="no_lock_in|F/1|2", deadline=date(2026, 4, 15)))
    table = DeltaTable(tmp_path).to_pyarrow_table().sort_by("entry_id")
    assert table.column_names == Entries.column_names()
    assert table["gross"].to_pylist() == [Decimal("11.98"), Decimal("11.98")]
    assert table["deadline"].to_pylist() == [None, date(2026, 4, 15)]


def test_the_table_refuses_to_forget(tmp_path: Path) -> None:
    post(tmp_path, entry())
    with pytest.raises(Exception, match="append-only"):
        DeltaTable(tmp_path).delete()


REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("a gross that is not the sum", {"gross": 1}, r"gross 0\.01 is not net 9\.90 \+ tax 2\.08"),
    ("a number out of turn", {"entry_id": "billing_error|F/1|1|final|3"}, "must count from 1 without gap"),
    ("a claim below zero", {"net": -991, "gross": -783}, r"stands at -0\.01 after entry"),
    ("another run's identifier", {"run_id": "20260301-0007"}, "1 entries are of another run, date or currency"),
    ("another currency", {"currency": "JPY"}, "1 entries are of another run, date or currency"),
]


@pytest.mark.parametrize(("values", "message"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_a_plan_that_would_damage_the_ledger_is_not_posted(
    tmp_path: Path, values: dict[str, Any], message: str
) -> None:
    post(tmp_path, entry())
    snapshot = open_ledger(tmp_path, "EUR")
    run_id = snapshot.next_run_id(DAY)
    entries = frame(entry(2, **({"run_id": run_id} | values)))
    with pytest.raises(BilladjustError, match=message):
        append(snapshot, entries, RunRecord.of(run_id, DAY, [], entries), {})
    assert open_ledger(tmp_path, "EUR").entries.collect().height == 1


def test_a_record_that_does_not_fit_is_not_posted(tmp_path: Path) -> None:
    post(tmp_path, as_of=date(2026, 3, 2))
    snapshot = open_ledger(tmp_path, "EUR")
    nothing = Entries.create_empty()
    for record, message in (
        (
            RunRecord.of("20260302-0001", date(2026, 3, 2), [], nothing),
            "The run is 20260302-0001, but the next one is 20260302-0002",
        ),
        (
            RunRecord.of("20260301-0002", DAY, [], nothing),
            "The date 2026-03-01 is before that of the newest run, 2026-03-02",
        ),
        (
            RunRecord.of("20260302-0002", date(2026, 3, 2), [], frame(entry())),
            "The record is not that of these entries",
        ),
    ):
        with pytest.raises(BilladjustError, match=message):
            append(snapshot, nothing, record, {})


def test_the_plan_hash_is_the_sha256_of_the_sorted_entries_without_their_run() -> None:
    rows = [entry(claim="no_lock_in|F/1|2"), entry(source_ref="", deadline=date(2026, 4, 15))]
    text = (
        "billing_error|F/1|1|final|1,2026-03-01,billing_error,billing_error|F/1|1,final,credit,credit_note,A1,S1,F/1,1,"
        '"",,2026-04-15,EUR,990,210000,208,1198,price list,"Cobramos ""de más"", lo devolvemos.","{""charged"": ""9.90""}"\n'
        "no_lock_in|F/1|2|final|1,2026-03-01,billing_error,no_lock_in|F/1|2,final,credit,credit_note,A1,S1,F/1,1,"
        ',,,EUR,990,210000,208,1198,price list,"Cobramos ""de más"", lo devolvemos.","{""charged"": ""9.90""}"\n'
    )
    expected = hashlib.sha256(text.encode()).hexdigest()
    assert plan_hash(frame(*rows)) == expected
    assert plan_hash(frame(*reversed(rows)).with_columns(run_id=pl.lit("20270101-0042"))) == expected
    assert plan_hash(frame(*rows).with_columns(net=pl.col("net") + 1)) != expected
    assert plan_hash(Entries.create_empty()) == hashlib.sha256(b"").hexdigest()


def test_a_record_keeps_texts_with_every_kind_of_line_end(tmp_path: Path) -> None:
    text = "a\u2028b\x85c\x0bd\r\ne"
    with lock(tmp_path):
        record = RunRecord.of("20260301-0001", DAY, ["accounts"], frame(), {"reason": text})
        append(open_ledger(tmp_path, "EUR"), frame(), record, {})
    assert [run.details["reason"] for run in open_ledger(tmp_path, "EUR").runs] == [text]
