"""A small made-up operator: its exports as tables of rows, written as CSV files, and the program run on them."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from unittest import mock

from billadjust.cli import main

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

Row = dict[str, object]
Tables = dict[str, list[Row]]

JULY: Final = "2026-07-02"
"""The night on which the operator of `operator_of` runs."""


def operator_of(accounts: int) -> Tables:
    """Make an operator whose customers all have the same story, so that totals can be worked out in the head.

    Each one was billed on 1 July the June fee of 8.30, although it had fallen to 6.90 on 1 June, and an alert service of
    9.90 that they dispute; on 25 June the Internet failed everywhere for 70 minutes. So on 2 July each one is owed
    1.40 + 0.29 (fee), 9.90 + 2.08 provisionally, and 0.69 + 0.14 (outage): 11.99 + 2.51 tax, 14.50 in three entries.
    """
    numbers = [f"{number:04}" for number in range(1, accounts + 1)]
    return {
        "accounts": [{"account_id": f"A{n}", "name": f"Customer {n}", "language": "en"} for n in numbers],
        "subscriptions": [
            {"subscription_id": f"S{n}", "valid_from": "2026-01-01", "account_id": f"A{n}", "tariff_id": "net"}
            for n in numbers
        ],
        "tariffs": [
            tariff("net", 1, "2025-01-01", "8.30"),
            tariff("net", 2, "2026-06-01", "6.90"),
        ],
        "invoices": [invoice(f"F{n}", f"A{n}", "2026-07-01", "18.20") for n in numbers],
        "invoice_lines": [
            line
            for n in numbers
            for line in (
                {**LINE, "invoice_id": f"F{n}", "subscription_id": f"S{n}", "net_amount": "8.30"},
                {
                    **LINE,
                    "invoice_id": f"F{n}",
                    "line_no": 2,
                    "kind": "one_off",
                    "item": "alerts",
                    "net_amount": "9.90",
                },
            )
        ],
        "disputes": [dispute(f"D{n}", f"F{n}", "2026-07-01", account_id=f"A{n}", line_no=2) for n in numbers],
        "outages": [
            {
                "outage_id": "O1",
                "service": "data",
                "started_at": "2026-06-25T14:00:00",
                "ended_at": "2026-06-25T15:10:00",
            }
        ],
    }


LINE: Final[Row] = {"line_no": 1, "kind": "recurring", "tax_rate": "21"}


def tariff(tariff_id: str, version: int, since: str, fee: str, internet: str | None = None) -> Row:
    """Make a tariff version; without `internet` all of the fee pays for Internet access."""
    return {
        "tariff_id": tariff_id,
        "version": version,
        "effective_from": since,
        "monthly_fee": fee,
        "internet_fee": fee if internet is None else internet,
    }


def invoice(invoice_id: str, account_id: str, issued: str, net: str, **more: object) -> Row:
    """Make an invoice of June 2026, with 21 % tax."""
    cents = int(net.replace(".", ""))
    tax = (cents * 21 + 50) // 100
    return {
        "invoice_id": invoice_id,
        "account_id": account_id,
        "issue_date": issued,
        "period_start": "2026-06-01",
        "period_end": "2026-07-01",
        "currency": "EUR",
        "net_total": net,
        "tax_total": f"{tax // 100}.{tax % 100:02}",
        "gross_total": f"{(cents + tax) // 100}.{(cents + tax) % 100:02}",
        **more,
    }


def dispute(dispute_id: str, invoice_id: str, opened: str, **more: object) -> Row:
    """Make an open dispute."""
    return {"dispute_id": dispute_id, "invoice_id": invoice_id, "opened_on": opened, "status": "open", **more}


def write_operator(directory: Path, tables: Mapping[str, Sequence[Row]], config: str = "") -> Path:
    """Write the tables and `billadjust.toml` into a directory, in place of those that are there. Returns it."""
    directory.mkdir(parents=True, exist_ok=True)
    for old in directory.glob("*.csv"):
        old.unlink()
    for name, rows in tables.items():
        write_table(directory / f"{name}.csv", rows)
    (directory / "billadjust.toml").write_text(config, "utf-8")
    return directory


def write_table(path: Path, rows: Sequence[Row]) -> None:
    """Write rows as a CSV file; columns that a row lacks are empty in it."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


@dataclass(frozen=True)
class Outcome:
    """How the program ended, and what it said."""

    code: int
    out: str
    err: str


def program(*arguments: str | Path) -> Outcome:
    """Run the program's own entry point in this process, which is quicker than to start it."""
    out, err = io.StringIO(), io.StringIO()
    code: object = 0
    with (
        mock.patch.object(sys, "argv", ["billadjust", *map(str, arguments)]),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            main()
        except SystemExit as ended:
            code = ended.code or 0
    assert isinstance(code, int), code
    return Outcome(code, out.getvalue(), err.getvalue())


def night(directory: Path, as_of: str, *options: str | Path) -> Outcome:
    """Run a night of the operator in a directory."""
    return program("run", "--config", directory / "billadjust.toml", "--as-of", as_of, *options)


def posted(directory: Path, as_of: str, *options: str | Path) -> Path:
    """Run a night that must succeed. Returns the directory of its files."""
    outcome = night(directory, as_of, *options)
    assert outcome.code == 0, outcome
    return newest(directory)


def newest(directory: Path) -> Path:
    """Return the directory of the newest run's files."""
    return max(runs(directory), key=lambda path: path.name.partition("-")[2])


def runs(directory: Path) -> list[Path]:
    """Return the directories of all runs' files."""
    return sorted(path for path in (directory / "out").glob("*") if path.name[0].isdigit())


def start(directory: Path, *arguments: str | Path, script: str = "") -> subprocess.Popen[str]:
    """Start a command of the program in a process of its own; `script` is Python code that runs before the program."""
    own = ["-c", f"{script}\nfrom billadjust.cli import main\nmain()"] if script else ["-m", "billadjust"]
    temporary = directory.parent / f"{directory.name}.tmp"
    temporary.mkdir(exist_ok=True)
    return subprocess.Popen(
        [sys.executable, *own, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=directory,
        text=True,
        env={**PLAIN, "TMPDIR": str(temporary)},
    )


PLAIN: Final = {name: value for name, value in os.environ.items() if name not in {"FORCE_COLOR", "TTY_COMPATIBLE"}}
"""The environment without what makes a pipe look like a terminal."""


def rows_of(path: Path) -> list[dict[str, str]]:
    """Read a CSV file of the standard dialect."""
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def json_of(path: Path) -> dict[str, Any]:
    """Read a JSON object."""
    content: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return content


def tree(directory: Path) -> dict[str, tuple[int, bytes | None]]:
    """Return everything below a directory: when it was changed and what it holds."""
    return {
        str(path.relative_to(directory)): (path.stat().st_mtime_ns, path.read_bytes() if path.is_file() else None)
        for path in sorted(directory.rglob("*"))
    }


def contents(directory: Path) -> dict[str, bytes]:
    """Return what each file of a directory holds."""
    return {path.name: path.read_bytes() for path in sorted(directory.iterdir())}


def but_for_time(directory: Path) -> dict[str, str]:
    """Return what each file of a run holds, without what differs from one run to another: how long it took.

    That stands in the report, so its hash and its size in the manifest differ too, and the manifest's own hash.
    """
    texts = {path.name: path.read_text("utf-8") for path in sorted(directory.iterdir()) if path.name != "_SUCCESS"}
    texts["report.html"] = re.sub(r'(?s)<section id="timings">.*?</section>', "", texts["report.html"])
    manifest = json.loads(texts["manifest.json"])
    del manifest["files"]["report.html"]
    return {**texts, "manifest.json": json.dumps(manifest)}
