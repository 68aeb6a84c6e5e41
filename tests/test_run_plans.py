"""Dry runs and previews, plans beyond a limit and their approval, and too many rejected rows (§2.1, §8.3)."""

from __future__ import annotations

import csv
import re
from typing import TYPE_CHECKING

import pytest

from billadjust.outputs.columns import OUTPUTS
from operator_case import (
    JULY,
    Outcome,
    contents,
    json_of,
    newest,
    night,
    operator_of,
    posted,
    rows_of,
    runs,
    tree,
    write_operator,
)

if TYPE_CHECKING:
    from pathlib import Path


def plan_of(outcome: Outcome) -> str:
    """Return the plan's hash that a dry run showed."""
    match = re.search(r"^Plan: ([0-9a-f]{64})$", outcome.out, re.MULTILINE)
    assert match, outcome
    return match[1]


def test_a_dry_run_writes_nothing_before_the_first_run_and_after_it(operator: Path) -> None:
    for _ in range(2):
        before = tree(operator.parent)
        outcome = night(operator, JULY, "--dry-run")
        assert outcome.code == 0
        assert outcome.out.endswith("Nothing was posted.\n")
        assert tree(operator.parent) == before
        posted(operator, JULY)


def test_a_preview_is_written_to_its_directory_only_and_nothing_in_it_looks_like_an_export(
    operator: Path, tmp_path: Path
) -> None:
    before = tree(operator)
    preview = tmp_path / "new" / "preview"
    outcome = night(operator, JULY, "--dry-run", "--preview", preview)
    assert outcome.code == 0
    assert tree(operator) == before
    run = posted(operator, JULY)
    exports = contents(run)
    shown = contents(preview)
    assert {name.removeprefix("PREVIEW_") for name in shown} == exports.keys() - {"manifest.json", "_SUCCESS"}
    assert all(name.startswith("PREVIEW_") for name in shown)
    for name in OUTPUTS:
        with (preview / f"PREVIEW_{name}.csv").open(newline="", encoding="utf-8") as file:
            header, *rows = csv.reader(file)
        assert header[0] == "PREVIEW"
        assert all(column.startswith("PREVIEW_") for column in header[1:])
        assert all(row[0] == "not posted" for row in rows)
        with (run / f"{name}.csv").open(newline="", encoding="utf-8") as file:
            exported = list(csv.reader(file))
        assert not [row for row in (header, *rows) if row in exported]
        assert len(rows) == len(rows_of(run / f"{name}.csv"))
    assert run.name.encode() not in b"".join(shown.values())
    summary = json_of(preview / "PREVIEW_summary.json")
    assert summary["preview"] == "not posted"
    assert summary["posted"] == json_of(run / "summary.json")["posted"]


def test_a_run_posts_the_plan_that_the_dry_run_showed(operator: Path) -> None:
    plan = plan_of(night(operator, JULY, "--dry-run"))
    run = posted(operator, JULY, "--approve", plan)
    assert json_of(run / "manifest.json")["plan_hash"] == plan
    assert json_of(run / "summary.json")["plan_hash"] == plan


def test_a_plan_other_than_the_approved_one_is_not_posted(operator: Path) -> None:
    plan = plan_of(night(operator, JULY, "--dry-run"))
    write_operator(operator, operator_of(2))
    other = plan_of(night(operator, JULY, "--dry-run"))
    outcome = night(operator, JULY, "--approve", plan)
    assert (outcome.code, outcome.out, runs(operator)) == (5, "", [])
    where = operator / "out" / "not_posted"
    assert outcome.err == (
        f"billadjust: This is not the approved plan. Nothing was posted. What would have been is in {where}; "
        f"if it is right, run with --approve {other}.\n"
    )
    assert json_of(where / "PREVIEW_summary.json")["plan_hash"] == other


@pytest.mark.parametrize(
    ("limit", "sentence"),
    [
        ("run_gross = 43.50", None),
        (
            "run_gross = 43.49",
            (
                "The run gives 43.50 EUR; limits.run_gross is 43.49 EUR. "
                "The largest changes: A0001 14.50 EUR, A0002 14.50 EUR, A0003 14.50 EUR."
            ),
        ),
        ("account_gross = 14.50", None),
        (
            "account_gross = 14.49",
            "Accounts beyond limits.account_gross of 14.49 EUR: 3, A0001 14.50 EUR, A0002 14.50 EUR, A0003 14.50 EUR.",
        ),
        # Billed are 3 × 22.02 = 66.06; 43.50 of it are 65.8492 %.
        ("share_of_billed = 65.8493", None),
        (
            "share_of_billed = 65.8492",
            (
                "The run gives 43.50 EUR of 66.06 EUR billed; limits.share_of_billed is 65.8492 %. "
                "The largest changes: A0001 14.50 EUR, A0002 14.50 EUR, A0003 14.50 EUR."
            ),
        ),
    ],
)
def test_a_run_beyond_a_limit_posts_only_after_approval(operator: Path, limit: str, sentence: str | None) -> None:
    write_operator(operator, operator_of(3), f"[limits]\n{limit}\n")
    outcome = night(operator, JULY)
    if sentence is None:
        assert outcome.code == 0
        assert "Limits: within all of them." in outcome.out
        return
    dry = night(operator, JULY, "--dry-run")
    told = [line.removeprefix("Limit: ") for line in dry.out.splitlines() if line.startswith("Limit: ")]
    assert (dry.code, " ".join(told)) == (0, sentence)
    plan = plan_of(dry)
    assert (outcome.code, outcome.out, runs(operator)) == (5, "", [])
    where = operator / "out" / "not_posted"
    assert outcome.err == (
        f"billadjust: The plan is beyond a limit. {sentence} Nothing was posted. What would have been is in {where}; "
        f"if it is right, run with --approve {plan}.\n"
    )
    assert len(rows_of(where / "PREVIEW_adjustments.csv")) == 9
    approved = posted(operator, JULY, "--approve", plan)
    summary = json_of(approved / "summary.json")
    assert summary["beyond_limits"] == told == [sentence]
    assert sum(taken["beyond"] for taken in summary["limits"]) == 1
    assert not where.exists()


def test_what_is_taken_back_counts_for_the_limits_and_does_not_hide_what_is_given(ran: Path) -> None:
    """Three refunds of 11.98 are explained; a fourth customer gets 14.50."""
    tables = operator_of(4)
    for row in tables["disputes"][:3]:
        row |= {"status": "explained", "resolved_on": "2026-07-03", "explanation": "Ordered by phone."}
    write_operator(ran, tables, "[limits]\nrun_gross = 35.93\naccount_gross = 11.98\n")
    outcome = night(ran, "2026-07-03", "--dry-run")
    limits = [line for line in outcome.out.splitlines() if line.startswith("Limit: ")]
    assert limits == [
        (
            "Limit: The run gives 14.50 EUR and takes back 35.94 EUR; limits.run_gross is 35.93 EUR. "
            "The largest changes: A0004 14.50 EUR, A0001 -11.98 EUR, A0002 -11.98 EUR, A0003 -11.98 EUR."
        ),
        "Limit: Accounts beyond limits.account_gross of 11.98 EUR: 1, A0004 14.50 EUR.",
    ]


def test_of_two_limits_of_a_run_the_largest_changes_are_told_with_the_first(operator: Path) -> None:
    limits = "[limits]\nrun_gross = 43.49\naccount_gross = 14.49\nshare_of_billed = 65.8492\n"
    plan = plan_of(night(write_operator(operator, operator_of(3), limits), JULY, "--dry-run"))
    summary = json_of(posted(operator, JULY, "--approve", plan) / "summary.json")
    told = summary["beyond_limits"]
    assert [taken["limit"] for taken in summary["limits"] if taken["beyond"]] == [
        "run_gross",
        "account_gross",
        "share_of_billed",
    ]
    assert ["The largest changes: " in sentence for sentence in told] == [True, False, False]
    assert [sentence.partition("limits.")[2].split()[0] for sentence in told] == [
        "run_gross",
        "share_of_billed",
        "account_gross",
    ]


def test_what_an_earlier_night_left_to_look_at_is_replaced_by_what_the_last_one_left(operator: Path) -> None:
    tables = operator_of(3)
    tables["disputes"][0]["opened_on"] = "01/07/2026"
    write_operator(operator, tables)
    where = operator / "out" / "not_posted"
    assert (night(operator, JULY).code, [path.name for path in where.iterdir()]) == (3, ["rejected.csv"])
    write_operator(operator, operator_of(3), "[limits]\nrun_gross = 1.00\n")
    assert night(operator, JULY).code == 5
    assert not (where / "rejected.csv").exists()
    assert (where / "PREVIEW_adjustments.csv").exists()
    (operator / "tariffs.csv").unlink()
    assert night(operator, JULY).code == 2
    assert (where / "PREVIEW_adjustments.csv").exists()


def test_a_dry_run_shows_the_largest_accounts_and_what_is_new_since_the_last_run(ran: Path) -> None:
    """One refund of 11.98 is explained, and a fourth customer gets 14.50 in three entries."""
    tables = operator_of(4)
    tables["disputes"][1] |= {"status": "explained", "resolved_on": "2026-07-03", "explanation": "Ordered by phone."}
    write_operator(ran, tables)
    lines = night(ran, "2026-07-03", "--dry-run").out.splitlines()
    first = lines.index("Accounts, the largest first, in EUR:")
    assert lines[first + 1 : first + 4] == [
        "  A0004: entries 3, gross 14.50",
        "  A0002: entries 1, gross -11.98",
        (
            "Since the last run: 3 entries, 14.50 EUR gross, of claims that had none before; 1 entry, -11.98 EUR gross, of "
            "known claims."
        ),
    ]
    summary = json_of(posted(ran, "2026-07-03") / "summary.json")
    assert summary["new_claims"] == {"entries": 3, "net": "11.99", "tax": "2.51", "gross": "14.50"}
    assert summary["known_claims"] == {"entries": 1, "net": "-9.90", "tax": "-2.08", "gross": "-11.98"}


@pytest.mark.parametrize(("share", "code"), [("25", 0), ("24.9999", 3)])
def test_a_run_posts_with_as_many_rejected_rows_as_are_allowed_and_not_with_more(
    operator: Path, share: str, code: int
) -> None:
    tables = operator_of(3)
    tables["disputes"].append({**tables["disputes"][0], "dispute_id": "D0004", "opened_on": "01/07/2026"})
    write_operator(operator, tables, f"[limits]\nrejected_share = {share}\n")
    outcome = night(operator, JULY)
    assert outcome.code == code
    where = newest(operator) if code == 0 else operator / "out" / "not_posted"
    [rejected] = rows_of(where / "rejected.csv")
    assert list(rejected.values())[:5] == ["disputes", "disputes.csv", "5", "opened_on", "01/07/2026"]
    if code:
        assert outcome.out == ""
        assert outcome.err == (
            "billadjust: Too many rows were rejected: disputes (1 of 4 rows). Nothing was posted. "
            f"The reasons are in {where / 'rejected.csv'}; mend the exports, or raise limits.rejected_share.\n"
        )
        assert runs(operator) == []
        write_operator(operator, operator_of(3))
        posted(operator, JULY)
        assert not where.exists()


def test_a_dry_run_with_too_many_rejected_rows_leaves_nothing_but_them_in_the_preview(
    operator: Path, tmp_path: Path
) -> None:
    assert night(operator, JULY, "--dry-run", "--preview", tmp_path / "preview").code == 0
    tables = operator_of(3)
    tables["disputes"][0]["opened_on"] = "01/07/2026"
    write_operator(operator, tables)
    before = tree(operator)
    outcome = night(operator, JULY, "--dry-run", "--preview", tmp_path / "preview")
    assert outcome.code == 3
    assert [path.name for path in (tmp_path / "preview").iterdir()] == ["PREVIEW_rejected.csv"]
    assert "PREVIEW_rejected.csv; mend" in outcome.err
    blind = night(operator, JULY, "--dry-run")
    assert (blind.code, "Give --preview DIR to see them" in blind.err) == (3, True)
    assert tree(operator) == before
