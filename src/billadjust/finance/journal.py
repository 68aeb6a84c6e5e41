"""The journal: every entry of a run in balanced double entry (§9)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import polars as pl

from billadjust.figures import plain
from billadjust.finance.credit_notes import NOTE
from billadjust.schemas import Journal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from billadjust.chart import Account


@dataclass(frozen=True)
class Posting:
    """How one sort of entries is booked: a rise debits the account `debit`, and VAT with its tax, and credits customers.

    A fall is the contra-entry: debit and credit change sides. `amount` is what goes to `debit`: the net, or the gross
    of a refund for which there is no fiscal document yet, and so no VAT. `sort` says in words which entries these are.
    """

    sort: str
    debit: str
    amount: Literal["net", "gross"] = "net"


POSTINGS: Final = {
    "provisional": Posting("provisional refunds", "suspense", "gross"),
    "indemnity": Posting("indemnities, whose tax is 0", "indemnities"),
    "error": Posting("errors, broken promises and exit fees on an invoice of the run's year", "errors"),
    "credit": Posting("all others: better prices, complaints, outages, errors of an earlier year", "credits"),
}
"""How entries are booked, by the name that `_posting` gives each entry."""

ERRORS: Final = ("billing_error", "promised_price", "no_lock_in")
"""The rules by which a line was charged that should not have been."""

_OF_ENTRY: Final = ("number", "entry_id", "run_id", "customer", "date", "currency", "text", "invoice_id", "credit_note")


def journal(
    entries: pl.LazyFrame, dates: pl.LazyFrame, notes: pl.LazyFrame, chart: Mapping[str, Account]
) -> pl.LazyFrame:
    """Book the entries of a run (schemas.Entries): schemas.Journal, by number and leg.

    A final credit of 10.00 + 2.10 is 708 10.00 and 477 2.10 to 430 12.10. A provisional refund is 4309 12.10 to 430
    12.10; when it becomes final, its fall is 430 12.10 to 4309 12.10, and the final rise books revenue and tax. No
    amount is below zero and no leg is zero. `dates`: schemas.InvoiceDates; `notes`: schemas.CreditNotes.
    """
    booked = _booked(entries, dates, notes)
    accounts = {name: chart[posting.debit] for name, posting in POSTINGS.items()}
    code, name = (
        pl.col("posting").replace_strict(
            {posting: getattr(account, field) for posting, account in accounts.items()}, return_dtype=pl.String
        )
        for field in ("code", "name")
    )
    in_gross = pl.col("posting").is_in([name for name, posting in POSTINGS.items() if posting.amount == "gross"])
    vat, customers = chart["vat"], chart["customers"]
    taxed = ~in_gross & (pl.col("tax") != 0)
    legs = (
        (pl.lit(1), pl.when(in_gross).then("gross").otherwise("net"), code, name, pl.lit(customers.code)),
        (
            pl.lit(2),
            pl.when(taxed).then("tax").otherwise(0),
            pl.lit(vat.code),
            pl.lit(vat.name),
            pl.lit(customers.code),
        ),
        (2 + taxed.cast(pl.Int32), -pl.col("gross"), pl.lit(customers.code), pl.lit(customers.name), code),
    )
    booked_legs = [
        booked.select(
            *_OF_ENTRY,
            leg=number.cast(pl.Int64),
            account_code=account_code,
            account_name=account_name,
            counter_code=counter_code,
            debit=amount.clip(lower_bound=0),
            credit=(-amount).clip(lower_bound=0),
        ).filter((pl.col("debit") != 0) | (pl.col("credit") != 0))
        for number, amount, account_code, account_name, counter_code in legs
    ]
    return pl.concat(booked_legs).select(Journal.column_names()).sort("number", "leg")


def trial_balance(journal: pl.LazyFrame) -> pl.LazyFrame:
    """Return (account_code, account_name, debit, credit) of every account that is booked on, by code."""
    by = ("account_code", "account_name")
    return journal.group_by(by).agg(pl.col("debit", "credit").sum()).sort(by)


def _booked(entries: pl.LazyFrame, dates: pl.LazyFrame, notes: pl.LazyFrame) -> pl.LazyFrame:
    """Number the entries, and say how each is booked and with which text."""
    on_note = pl.col("settlement") == "credit_note"
    numbered = notes.select("credit_note", "invoice_id", takes_back=pl.col("net") < 0)
    kind = pl.when(pl.col("kind") != "credit").then(pl.lit(" (") + pl.col("kind") + pl.lit(")"))
    about = pl.col("claim").str.replace_all("|", " ", literal=True)
    return (
        entries.sort("entry_id")
        .with_row_index("number", offset=1)
        .with_columns(pl.col("number").cast(pl.Int64), takes_back=pl.when(on_note).then(pl.col("net") < 0))
        .join(dates, on="invoice_id", how="left")
        .join(numbered, on=NOTE, how="left")
        .with_columns(
            posting=_posting(),
            customer="account_id",
            date="as_of",
            text=plain(
                pl.concat_str(pl.concat_str("credit_note", pl.lit(" ")).fill_null(""), about, kind.fill_null(""))
            ),
        )
    )


def _posting() -> pl.Expr:
    """Name the posting of each entry."""
    same_year = (pl.col("invoice_date").dt.year() == pl.col("as_of").dt.year()).fill_null(value=False)
    return (
        pl.when(pl.col("bucket") == "provisional")
        .then(pl.lit("provisional"))
        .when(pl.col("rule") == "error_indemnity")
        .then(pl.lit("indemnity"))
        .when(pl.col("rule").is_in(ERRORS) & same_year)
        .then(pl.lit("error"))
        .otherwise(pl.lit("credit"))
    )
