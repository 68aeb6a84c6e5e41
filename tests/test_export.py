"""The books for other programs, and the check of a directory before it is imported (§9)."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import shutil
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings

from billadjust.chart import PGC
from billadjust.finance import journal
from billadjust.outputs.plaintext import FORMS, write_books
from finance_case import Row, customers, line, run
from ledger_case import DAY
from operator_case import JULY, contents, json_of, operator_of, posted, program, rows_of, runs, write_operator
from test_layouts import NASTY

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

BIN = Path(sys.executable).parent


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An operator with two runs, an undo and all layouts; tests must not change it."""
    directory = write_operator(
        tmp_path_factory.mktemp("once") / "operator",
        operator_of(2),
        '[outputs]\nlayouts = ["odoo", "a3", "diario_fijo"]\n[accounts]\ncustomers = "430.001"\n',
    )
    posted(directory, JULY)
    config = directory / "billadjust.toml"
    options = ("--reason", "Wrong prices", "--as-of", "2026-07-03", "--yes", "--config", config)
    assert program("undo", "20260702-0001", *options).code == 0
    write_operator(directory, operator_of(3), config.read_text())
    posted(directory, "2026-07-04")
    return directory


def export(directory: Path, form: str, *options: str) -> Path:
    """Write the books of an operator."""
    file = directory.parent / f"books.{form}"
    config = ("--config", directory / "billadjust.toml")
    outcome = program("export", "--format", form, "--output", file, *config, *options)
    assert outcome.code == 0, outcome
    return file


def balances(journals: Sequence[Path]) -> dict[str, Decimal]:
    """Sum up the accounts of journals, debits above zero; accounts at zero are left out."""
    sums: dict[str, Decimal] = {}
    for path in journals:
        for row in rows_of(path):
            amount = Decimal(row["debit"]) - Decimal(row["credit"])
            sums[row["account_code"]] = sums.get(row["account_code"], Decimal(0)) + amount
    return {code: amount for code, amount in sums.items() if amount}


def beancount(file: Path) -> dict[str, Decimal]:
    """Let beancount check the books, and return its balances by account code."""
    checked = subprocess.run([BIN / "bean-check", file], capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, "")
    query = "SELECT account, sum(number) AS total GROUP BY account"
    asked = subprocess.run(
        [BIN / "bean-query", "--format", "csv", file, query], capture_output=True, text=True, check=True
    )
    rows = csv.DictReader(io.StringIO(asked.stdout))
    sums = {row["account"].strip().partition(":")[2].replace("-", "."): Decimal(row["total"]) for row in rows}
    return {code: amount for code, amount in sums.items() if amount}


def test_beancount_accepts_the_books_of_all_runs_and_its_balances_are_ours(once: Path) -> None:
    ours = balances([directory / "journal.csv" for directory in runs(once)])
    # The first run was undone, and its claims are left alone: what is left is the third customer's.
    assert ours == {
        "430.001": Decimal("-14.50"),
        "4309": Decimal("11.98"),
        "477": Decimal("0.43"),
        "708": Decimal("2.09"),
    }
    assert beancount(export(once, "beancount")) == ours


def test_the_books_of_one_run_are_that_run_s(once: Path) -> None:
    first = runs(once)[0]
    assert beancount(export(once, "beancount", "--run", first.name)) == balances([first / "journal.csv"])


@settings(max_examples=8, deadline=None)
@given(NASTY)
def test_beancount_accepts_whatever_a_customer_is_called(tmp_path_factory: pytest.TempPathFactory, name: str) -> None:
    directory = tmp_path_factory.mktemp("nasty")
    identifier = "".join(sign for sign in name if sign.isprintable() and sign != "|").strip()[:64] or "A"
    owner: Row = {"account_id": identifier}
    made = run(
        directory / "ledger",
        "2026-03-01",
        line(990, 208, invoice=f"={identifier}"[:64], **owner),
        inputs=customers([owner]),
    )
    entries, dates, notes = (made[table].lazy() for table in ("entries", "invoice_dates", "credit_notes"))
    booked = journal(entries, dates, notes, PGC).collect()
    write_books([booked], list(PGC.values()), DAY, "EUR", 2, FORMS["beancount"], directory / "books.beancount")
    assert beancount(directory / "books.beancount") == {
        "708": Decimal("9.90"),
        "477": Decimal("2.08"),
        "430": Decimal("-11.98"),
    }


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--format", "beancont"), "--format beancont: there is no such format; did you mean `beancount`?"),
        (("--format", "hledger", "--run", "20260702-0009"), "There is no run 20260702-0009"),
    ],
)
def test_a_wrong_export_is_refused(once: Path, options: tuple[str, ...], message: str) -> None:
    config = ("--config", once / "billadjust.toml")
    outcome = program("export", "--output", once.parent / "none", *config, *options)
    assert outcome.code == 2
    assert message in outcome.err


def test_the_books_of_a_ledger_without_runs_are_refused(tmp_path: Path) -> None:
    directory = write_operator(tmp_path / "new", operator_of(1))
    config = ("--config", directory / "billadjust.toml")
    outcome = program("export", "--format", "hledger", "--output", tmp_path / "books", *config)
    assert (outcome.code, (tmp_path / "books").exists()) == (2, False)
    assert "has no runs yet" in outcome.err


def test_the_layouts_of_the_configuration_are_in_every_run_and_stay_as_they_were(ran: Path) -> None:
    first = runs(ran)[0]
    files = contents(first)
    assert {"odoo_account_move.csv", "diario.csv", "diario_fijo.txt"} <= set(files)
    shutil.rmtree(first)
    (ran / "billadjust.toml").write_text('[accounts]\ncustomers = "43000"\n[credit_notes]\nprefix = "X-"\n')
    assert program("publish", first.name, "--config", ran / "billadjust.toml").code == 0
    assert contents(first) == files


def test_the_manifest_controls_entries_settlements_and_accounts(once: Path) -> None:
    controls = json_of(runs(once)[2] / "manifest.json")["controls"]
    assert controls["entries"] == {"rows": 3, "net": "11.99", "tax": "2.51", "gross": "14.50"}
    assert controls["settlements"] == {
        "bill_discount": {"rows": 1, "net": "0.69", "tax": "0.14", "gross": "0.83"},
        "credit_note": {"rows": 1, "net": "1.40", "tax": "0.29", "gross": "1.69"},
        "provisional_credit": {"rows": 1, "net": "9.90", "tax": "2.08", "gross": "11.98"},
    }
    assert [(row["account_code"], row["debit"], row["credit"]) for row in controls["trial_balance"]] == [
        ("430.001", "0.00", "14.50"),
        ("4309", "11.98", "0.00"),
        ("477", "0.43", "0.00"),
        ("708", "2.09", "0.00"),
    ]


def verify(directory: Path, export_directory: Path) -> tuple[int, str]:
    outcome = program("verify-export", export_directory, "--config", directory / "billadjust.toml")
    return outcome.code, outcome.out + outcome.err


def test_a_directory_that_is_what_the_ledger_says_is_good(once: Path) -> None:
    for directory in runs(once):
        assert verify(once, directory) == (0, f"{directory} is complete, and what the ledger says.\n")


def change(directory: Path) -> None:
    file = directory / "journal.csv"
    file.write_bytes(file.read_bytes().replace(b"1.40", b"1.41", 1))


def change_with_manifest(directory: Path) -> None:
    """Change a file, and all that speaks of it."""
    change(directory)
    text = (directory / "manifest.json").read_text("utf-8")
    manifest = json.loads(text)
    digest = sha256(directory / "journal.csv")
    (directory / "manifest.json").write_text(text.replace(manifest["files"]["journal.csv"]["sha256"], digest), "utf-8")
    (directory / "_SUCCESS").write_text(f"{sha256(directory / 'manifest.json')}  manifest.json\n")


def sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def rename_run(directory: Path) -> None:
    text = (directory / "manifest.json").read_text("utf-8")
    (directory / "manifest.json").write_text(text.replace("20260702-0001", "20260702-0077"), "utf-8")


@pytest.mark.parametrize(
    ("tamper", "faults"),
    [
        (change, [r"journal\.csv was changed after it was published\."]),
        (
            change_with_manifest,
            [r"journal\.csv has 16 rows, credit .*, SHA-256 [0-9a-f]{12}…; by the ledger it has 16 rows, .*\."],
        ),
        (lambda made: (made / "journal.csv").unlink(), [r"journal\.csv is missing\."]),
        (lambda made: (made / "mine.txt").write_text("x"), [r"mine\.txt is not in the manifest\."]),
        (
            lambda made: (made / "_SUCCESS").unlink(),
            [r"_SUCCESS is missing: the directory was not copied completely\."],
        ),
        (
            rename_run,
            [r"manifest\.json was changed after it was published\.", r"The ledger .* has no run 20260702-0077\."],
        ),
        (lambda made: (made / "manifest.json").unlink(), [r"manifest\.json is missing or cannot be read\."]),
        (shutil.rmtree, [r".* is not there, or is no directory\."]),
    ],
)
def test_each_fault_of_a_directory_is_told_in_a_line(
    ran: Path, tamper: Callable[[Path], object], faults: list[str]
) -> None:
    directory = runs(ran)[0]
    tamper(directory)
    code, text = verify(ran, directory)
    head, *lines, remedy = text.splitlines()
    assert code == 6
    assert head == f"billadjust: {directory} is not what the ledger says. Do not import it."
    assert remedy == "Move it away and write the run's files again with `billadjust publish RUN_ID`."
    assert len(lines) == len(faults)
    for text, fault in zip(lines, faults, strict=True):
        assert re.fullmatch(f"(.*/)?{fault}", text), text


def test_a_preview_is_no_export(ran: Path, tmp_path: Path) -> None:
    options = ("--as-of", "2026-07-04", "--dry-run", "--preview", tmp_path / "preview")
    assert program("run", "--config", ran / "billadjust.toml", *options).code == 0
    code, text = verify(ran, tmp_path / "preview")
    assert code == 6
    assert f"{tmp_path / 'preview'} is a preview: nothing in it was posted." in text
    names = {path.name for path in (tmp_path / "preview").iterdir()}
    assert {"PREVIEW_journal.csv", "PREVIEW_credit_notes.csv", "PREVIEW_bank_transfers.csv"} <= names
    assert not {"manifest.json", "_SUCCESS"} & names
    assert all(name.startswith("PREVIEW_") for name in names)


def test_the_number_of_a_credit_note_in_a_preview_is_none(tmp_path: Path) -> None:
    directory = write_operator(tmp_path / "operator", operator_of(1))
    options = ("--as-of", JULY, "--dry-run", "--preview", tmp_path / "preview")
    assert program("run", "--config", directory / "billadjust.toml", *options).code == 0
    [note] = rows_of(tmp_path / "preview" / "PREVIEW_credit_notes.csv")
    [described] = rows_of(tmp_path / "preview" / "PREVIEW_credit_note_lines.csv")
    assert note["PREVIEW_credit_note"] == described["PREVIEW_credit_note"] == "PREVIEW_R-2026-000001"
    assert "PREVIEW_R-2026-000001" in (tmp_path / "preview" / "PREVIEW_journal.csv").read_text()
