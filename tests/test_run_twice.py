"""Runs after each other, missing inputs and published files (§2, §8)."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

from operator_case import (
    JULY,
    contents,
    json_of,
    newest,
    night,
    operator_of,
    posted,
    program,
    rows_of,
    runs,
    start,
    tree,
    write_operator,
)

if TYPE_CHECKING:
    from pathlib import Path


def claims_of(run: Path) -> dict[str, str]:
    return {row["claim"]: row["gross"] for row in rows_of(run / "adjustments.csv")}


def without_run_id(run: Path) -> list[dict[str, str]]:
    return [{name: cell for name, cell in row.items() if name != "run_id"} for row in rows_of(run / "adjustments.csv")]


def test_a_second_run_on_the_same_inputs_posts_nothing_and_orders_the_same(ran: Path) -> None:
    [first] = runs(ran)
    second = posted(ran, JULY)
    assert second.name == "20260702-0002"
    assert len(rows_of(first / "adjustments.csv")) == 9
    assert rows_of(second / "adjustments.csv") == []
    for name in ("holds.csv", "tariff_changes.csv", "collection_orders.csv"):
        assert (first / name).read_bytes() == (second / name).read_bytes()


def test_late_inputs_are_posted_exactly(ran: Path) -> None:
    write_operator(ran, operator_of(4))
    assert {claim.rpartition("0004")[1] for claim in claims_of(posted(ran, "2026-07-03"))} == {"0004"}


def test_a_run_before_the_newest_one_is_refused_and_a_dry_run_is_not(ran: Path) -> None:
    before = tree(ran / "out"), tree(ran / "ledger" / "_delta_log")
    outcome = night(ran, "2026-07-01")
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err == (
        "billadjust: The ledger's newest run is of 2026-07-02, so a run of 2026-07-01 would come before it. "
        "Give a later --as-of, or preview with --dry-run.\n"
    )
    assert night(ran, "2026-07-01", "--dry-run").code == 0
    assert (tree(ran / "out"), tree(ran / "ledger" / "_delta_log")) == before


def test_the_summary_counts_the_rows_of_files_alone(ran: Path) -> None:
    undone = program("undo", "20260702-0001", "--reason", "A test.", "--yes", "--config", ran / "billadjust.toml")
    assert undone.code == 0, undone
    for run in runs(ran):
        files = json_of(run / "manifest.json")["files"]
        for name, rows in json_of(run / "summary.json")["tables"].items():
            assert files[f"{name}.csv"]["rows"] == rows


def test_an_input_that_the_newest_run_had_must_be_there_or_be_allowed_to_be_missing(ran: Path) -> None:
    (ran / "disputes.csv").unlink()
    outcome = night(ran, "2026-08-20")
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err == (
        "billadjust: The newest run read disputes, and this one finds none. Nothing was posted. Export it again; "
        "if it is gone on purpose, run with --allow-missing disputes.\n"
    )
    assert len(runs(ran)) == 1
    run = posted(ran, "2026-08-15", "--allow-missing", "disputes", "--allow-missing", "outages")
    assert rows_of(run / "adjustments.csv") == []
    assert rows_of(run / "holds.csv") == []


def test_a_catalogue_that_has_become_empty_is_missing(ran: Path) -> None:
    header = "tariff_id,version,service,zone,price,per,first_increment,increment\n"
    (ran / "rates.csv").write_text(header + "net,1,voice,*,0.10,60,60,60\n", "utf-8")
    posted(ran, "2026-08-16")
    (ran / "rates.csv").write_text(header, "utf-8")
    outcome = night(ran, "2026-08-20")
    assert (outcome.code, outcome.out) == (2, "")
    assert "The newest run read rates, and this one finds none. Nothing was posted." in outcome.err


def test_a_refund_whose_deadline_has_passed_is_made_final_without_its_dispute(ran: Path) -> None:
    (ran / "disputes.csv").unlink()
    run = posted(ran, "2026-08-16", "--allow-missing", "disputes")
    assert sorted((row["bucket"], row["kind"], row["net"]) for row in rows_of(run / "adjustments.csv")) == [
        *[("final", "finalisation", "9.90")] * 3,
        *[("provisional", "finalisation", "-9.90")] * 3,
    ]


def test_two_missing_inputs_are_named_together(ran: Path) -> None:
    for name in ("disputes", "outages"):
        (ran / f"{name}.csv").unlink()
    outcome = night(ran, JULY)
    assert outcome.code == 2
    assert "read disputes, outages, and" in outcome.err
    assert "--allow-missing disputes --allow-missing outages" in outcome.err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--allow-missing", "cheese"], "--allow-missing cheese: there is no such input. The inputs are accounts, "),
        (["--preview", "somewhere"], "--preview goes with --dry-run. Add --dry-run, or leave --preview out."),
        (
            ["--dry-run", "--preview", "{0}/out/preview"],
            "--preview {0}/out/preview is in {0}/out, where only posted runs",
        ),
        (["--dry-run", "--preview", "{0}/ledger"], "--preview {0}/ledger is in {0}/ledger, where only posted runs"),
        (["--dry-run", "--approve", "abc"], "--approve posts a plan and --dry-run does not. Leave one of them out."),
    ],
)
def test_options_that_make_no_sense_are_refused(operator: Path, options: list[str], message: str) -> None:
    before = tree(operator)
    outcome = night(operator, JULY, *(option.format(operator) for option in options))
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.startswith(f"billadjust: {message.format(operator)}")
    assert tree(operator) == before


def test_published_files_are_written_again_byte_for_byte_after_later_runs(ran: Path) -> None:
    [first] = runs(ran)
    kept = contents(first)
    write_operator(ran, operator_of(5), '[outputs]\ndialect = "spanish"\n')
    posted(ran, "2026-07-03")
    shutil.rmtree(first)
    config = ran / "billadjust.toml"
    outcome = program("publish", first.name, "--config", config)
    assert (outcome.code, outcome.out) == (0, f"The files of run {first.name} are in {first}.\n")
    assert contents(first) == kept
    assert program("publish", first.name, "--config", config).code == 0
    assert contents(first) == kept


def test_changed_files_are_not_overwritten(ran: Path) -> None:
    [first] = runs(ran)
    with (first / "holds.csv").open("a", encoding="utf-8") as file:
        file.write("mine\n")
    kept = contents(first)
    outcome = program("publish", first.name, "--config", ran / "billadjust.toml")
    assert (outcome.code, outcome.out) == (2, "")
    assert f"{first / 'holds.csv'} was changed after it was published." in outcome.err
    assert contents(first) == kept


def test_a_run_that_does_not_exist_cannot_be_published(ran: Path) -> None:
    outcome = program("publish", "20260702-0009", "--config", ran / "billadjust.toml")
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err == (
        f"billadjust: There is no run 20260702-0009 in the ledger {ran / 'ledger'}. The newest one is 20260702-0001; "
        "the directory of a run's files has its name.\n"
    )


def test_a_run_whose_files_cannot_be_written_says_that_it_is_posted_and_the_next_run_writes_them(
    operator: Path,
) -> None:
    (operator / "out").write_text("in the way")
    outcome = night(operator, JULY)
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.startswith(
        f"billadjust: Run 20260702-0001 is posted, but its files are not written: {operator / 'out' / '20260702-0001'} "
        "cannot be written"
    )
    assert "Mend the cause; the next run writes them, or `billadjust publish 20260702-0001` does." in outcome.err
    (operator / "out").unlink()
    again = night(operator, JULY)
    assert again.out.startswith(
        f"The last run had ended before its files were written; they are now in {operator / 'out' / '20260702-0001'}.\n"
    )
    assert [len(rows_of(run / "adjustments.csv")) for run in runs(operator)] == [9, 0]


def test_python_m_billadjust_is_the_program(operator: Path) -> None:
    with start(operator, "run", "--as-of", JULY) as child:
        out, err = child.communicate()
    assert (child.returncode, err) == (0, "")
    assert out.endswith(f"Files: {operator / 'out' / '20260702-0001'}\n")


def test_a_plan_is_the_same_whatever_the_ledger_is_called(operator: Path, ran: Path) -> None:
    config = '[ledger]\npath = "other/books"\n[outputs]\npath = "other/files"\n'
    write_operator(operator, operator_of(3), config)
    assert night(operator, JULY).code == 0
    [run] = runs(ran)
    assert without_run_id(operator / "other" / "files" / run.name) == without_run_id(run)


@pytest.mark.parametrize("name", ["facturación de junio", "100 % of #7", "50%off?", "{a=b}*;&c,d:<e>`'\""])
def test_directories_may_be_named_as_people_name_them(tmp_path: Path, name: str) -> None:
    config = (
        f"[ledger]\npath = {json.dumps(f'{name}/libro mayor')}\n[outputs]\nmetrics = {json.dumps(f'{name}/a.prom')}\n"
    )
    directory = write_operator(tmp_path / name, operator_of(3), config)
    assert len(rows_of(posted(directory, JULY) / "adjustments.csv")) == 9
    first = contents(newest(directory))
    assert rows_of(posted(directory, JULY) / "adjustments.csv") == []
    assert {path.name for path in tmp_path.iterdir()} == {name}
    verified = program("verify", "--config", directory / "billadjust.toml")
    assert (verified.code, "2 runs" in verified.out) == (0, True), verified
    shutil.rmtree(directory / "out")
    assert program("publish", "20260702-0001", "--config", directory / "billadjust.toml").code == 0
    assert contents(newest(directory)) == first
