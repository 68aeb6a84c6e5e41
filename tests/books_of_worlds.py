"""The books of made-up worlds: whether all that finance gets balances and ties, night by night.

`python tests/books_of_worlds.py 0 1000` goes through a thousand worlds and prints what does not.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from billadjust.chart import PGC
from billadjust.finance import credit_note_lines, documents, journal
from billadjust.inputs import Inputs, known_on
from billadjust.ledger import lock, open_ledger, plan_hash
from billadjust.plan import Plan, post
from billadjust.schemas import BankTransfers, CreditNotes, Journal
from program import dated, post_night
from worlds import make_nights, make_policy, make_world, typed

if TYPE_CHECKING:
    from datetime import date

    import reference
    from billadjust.policy import Policy

AMOUNTS = ("net", "tax", "gross")


def faults(seed: int) -> list[str]:
    """Run the nights of a world on a ledger of its own, and say what does not balance or tie."""
    policy = dated(make_policy(seed))
    with tempfile.TemporaryDirectory() as made:
        ledger = Path(made) / "ledger"
        lines = [
            f"world {seed}, {as_of}: {fault}"
            for as_of, world in make_nights(seed, make_world(seed))
            for fault in _night(ledger, world, policy, as_of)
        ]
        return lines + [f"world {seed}: {fault}" for fault in _ledger(ledger)]


def _night(path: Path, world: reference.World, policy: Policy, as_of: date) -> list[str]:
    with lock(path):
        snapshot = open_ledger(path, "EUR")
        run_id = snapshot.next_run_id(as_of)
        entries = post_night(world, policy, as_of, snapshot.entries.collect()).with_columns(run_id=pl.lit(run_id))
        inputs = known_on(Inputs.of(typed(world)), as_of, policy.timezone)
        tables = documents(entries, inputs, snapshot, as_of, "R-")
        record = post(Plan(run_id, as_of, ("accounts",), entries, tables, {}, plan_hash(entries)), snapshot)
    notes, transfers = tables["credit_notes"], tables["bank_transfers"]
    booked = Journal.validate(journal(entries.lazy(), tables["invoice_dates"].lazy(), notes.lazy(), PGC).collect())
    settled = {
        way: entries.filter(pl.col("settlement") == way)
        for way in ("credit_note", "bill_discount", "bank_transfer", "provisional_credit")
    }
    legs = booked.with_columns(amount=pl.col("debit") - pl.col("credit"))
    checks = {
        "each entry balances": legs.group_by("entry_id")
        .agg(pl.col("amount").sum())
        .filter(pl.col("amount") != 0)
        .height
        == 0,
        "run and currency balance": set(legs.group_by("run_id", "currency").agg(pl.col("amount").sum())["amount"])
        <= {0},
        "no leg is zero or below, or has two sides": legs.filter(
            (pl.min_horizontal("debit", "credit") != 0) | (pl.max_horizontal("debit", "credit") <= 0)
        ).height
        == 0,
        "every entry with an amount is booked": set(booked["entry_id"])
        == set(entries.filter((pl.col("gross") != 0) | (pl.col("bucket") == "final"))["entry_id"]),
        "credit notes are the entries on them": _sums(notes) == _sums(settled["credit_note"]),
        "lines are the credit notes": _sums(credit_note_lines(entries.lazy(), notes.lazy()).collect()) == _sums(notes),
        "the four ways are all entries": _plus(*map(_sums, settled.values())) == _sums(entries),
        "the record is all entries": (record.net, record.tax, record.gross) == _sums(entries),
        "transfers of entries are the entries": transfers.filter(pl.col("pays") == "entry")["gross"].sum()
        == settled["bank_transfer"]["gross"].sum(),
        "suspense is what is provisional": _account(legs, "4309") == settled["provisional_credit"]["gross"].sum(),
        "customers are credited all entries": _account(legs, "430") == -entries["gross"].sum(),
        "revenue, indemnities and VAT are all final entries": legs.filter(
            ~pl.col("account_code").is_in(["430", "4309"])
        )["amount"].sum()
        == entries.filter(pl.col("bucket") == "final")["gross"].sum(),
        "the VAT is the tax": _account(legs, "477") == entries.filter(pl.col("bucket") == "final")["tax"].sum(),
    }
    return [check for check, holds in checks.items() if not holds]


def _ledger(path: Path) -> list[str]:
    """Check what must hold over all nights: numbers without gaps, and each thing paid once."""
    snapshot = open_ledger(path, "EUR")
    notes = snapshot.kept("credit_notes", CreditNotes).collect()
    transfers = snapshot.kept("bank_transfers", BankTransfers).collect()
    numbers = [
        f"R-{year}-{n:06}"
        for (year,), part in notes.group_by(pl.col("date").dt.year(), maintain_order=True)
        for n in range(1, part.height + 1)
    ]
    credited = (
        snapshot.entries.filter(pl.col("settlement") == "credit_note").group_by("invoice_id").agg(pl.col("gross").sum())
    )
    paid = transfers.filter(pl.col("pays") == "credit_notes").group_by("invoice_id").agg(paid=pl.col("gross").sum())
    checks = {
        "credit notes are numbered without gaps": notes["credit_note"].to_list() == numbers,
        "each credit note is of one sign": (notes["net"] != 0).all(),
        "nothing is paid twice": transfers["entry_id"].is_unique().all(),
        "no invoice is paid back beyond its credits": paid.join(credited.collect(), on="invoice_id", how="left")
        .filter((pl.col("paid") > pl.col("gross")).fill_null(value=True))
        .height
        == 0,
    }
    return [check for check, holds in checks.items() if not holds]


def _sums(frame: pl.DataFrame) -> tuple[int, ...]:
    return tuple(int(frame[name].sum()) for name in AMOUNTS)


def _plus(*sums: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(map(sum, zip(*sums, strict=True)))


def _account(legs: pl.DataFrame, code: str) -> int:
    return int(legs.filter(pl.col("account_code") == code)["amount"].sum())


def main() -> None:
    """Go through the worlds that the command says, and say how far it is."""
    (first, end), found = map(int, sys.argv[1:]), 0
    for seed in range(first, end):
        lines = faults(seed)
        found += len(lines)
        if lines or (seed + 1) % 50 == 0 or seed + 1 == end:
            print(*lines, f"{seed + 1 - first:,} worlds, {found:,} faults", sep="\n", flush=True)  # noqa: T201  # what it is for
    sys.exit(found > 0)


if __name__ == "__main__":
    main()
