"""The books as plain text for beancount and hledger, so that another program can check them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import polars as pl

from billadjust.figures import plain
from billadjust.money import to_text
from billadjust.phrases import laid_out

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date
    from pathlib import Path

    from billadjust.chart import Account

_ROWS: Final = 100_000


@dataclass(frozen=True)
class Form:
    """What a program reads: the head of the file, an account, and what comes before the legs of a transaction.

    `replaced` are the signs that mean something in a text to the program, and what is written instead.
    """

    head: str
    account: str
    transaction: str
    replaced: tuple[tuple[str, str], ...]


FORMS: Final = {
    "beancount": Form(
        'option "title" "billadjust"\noption "operating_currency" "{currency}"\n',
        '{opened} open {account}\n  name: "{name}"\n',
        '\n{date} * "{customer}" "{text}"\n  entry: "{entry_id}"\n  run: "{run_id}"\n  number: {number}\n',
        (("\\", "\\\\"), ('"', '\\"')),
    ),
    "hledger": Form(
        "decimal-mark .\ncommodity 1.{zeros} {currency}\n",
        "account {account}  ; {name}, from {opened}\n",
        "\n{date} * ({run_id}/{number}) {customer} | {text}  ; {entry_id}\n",
        ((";", ","),),
    ),
}
"""The programs that the books can be written for."""


def write_books(  # noqa: PLR0913, PLR0917  # all that a file of books consists of
    journals: Iterable[pl.DataFrame],
    accounts: Iterable[Account],
    opened: date,
    currency: str,
    digits: int,
    form: Form,
    path: Path,
) -> None:
    """Write the journals of runs (schemas.Journal): their accounts, open from a date on, and a transaction for each entry.

    An account is named by its code below Assets, Liabilities, Income or Expenses. Texts stand in one line.
    """
    names = {account.code: account_name(account) for account in accounts}
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write(form.head.format(currency=currency, zeros="0" * digits))
        for account in {account.code: account for account in accounts}.values():
            name = pl.select(_escaped(pl.lit(account.name), form)).item()
            file.write(form.account.format(opened=opened, account=names[account.code], name=name))
        for journal in journals:
            lines = journal.lazy().select(_leg(names, digits, form)).collect(engine="streaming")
            for part in lines.iter_slices(_ROWS):
                file.write(part.to_series().str.join("\n").item() + "\n")


def account_name(account: Account) -> str:
    """Return what an account is called in the books: Income:708, with `-` for a dot, which beancount does not take."""
    return f"{account.root}:{account.code.replace('.', '-')}"


def _leg(names: dict[str, str], digits: int, form: Form) -> pl.Expr:
    """Write a leg of an entry, after the head of its transaction if it is the first."""
    fields = {name: _escaped(pl.col(name), form) for name in ("customer", "text", "entry_id", "run_id")}
    head = laid_out(
        form.transaction,
        date=pl.col("date").dt.to_string("%Y-%m-%d"),
        number=pl.col("number").cast(pl.String),
        **fields,
    )
    leg = laid_out(
        "  {account}  {amount} {currency}",
        account=pl.col("account_code").replace_strict(names, return_dtype=pl.String),
        amount=to_text(pl.col("debit") - pl.col("credit"), digits),
        currency=pl.col("currency"),
    )
    return pl.when(pl.col("leg") == 1).then(head).otherwise(pl.lit("")) + leg


def _escaped(text: pl.Expr, form: Form) -> pl.Expr:
    text = plain(text)
    for sign, instead in form.replaced:
        text = text.str.replace_all(sign, instead, literal=True)
    return text
