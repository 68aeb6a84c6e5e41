"""Rows for other programs, in place of what people read."""

from __future__ import annotations

import json
from io import BytesIO
from typing import TYPE_CHECKING, Final

import polars as pl

from billadjust.money import to_decimal, to_text
from billadjust.outputs.csvfile import write_csv
from billadjust.terminal import Format

if TYPE_CHECKING:
    from billadjust.terminal import Terminal

AMOUNTS: Final = ("net", "tax", "gross", "gross_one", "gross_two", "difference", "amount_gross")


def show_rows(terminal: Terminal, frame: pl.DataFrame, form: Format, digits: int) -> None:
    """Print a frame as JSON, or as CSV of the standard dialect; amounts, in minor units, get the currency's decimals."""
    amounts = [name for name in AMOUNTS if name in frame.columns]
    if form is Format.CSV:
        text = BytesIO()
        write_csv(frame.with_columns(to_decimal(pl.col(name), digits) for name in amounts), text)
        terminal.show_text(text.getvalue().decode())
        return
    shown = frame.with_columns(
        *(to_text(pl.col(name), digits).alias(name) for name in amounts), pl.col(pl.Date).dt.to_string("%Y-%m-%d")
    )
    terminal.show_text(json.dumps(shown.to_dicts(), ensure_ascii=False, indent=2) + "\n")
