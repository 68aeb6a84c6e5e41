"""Invoices and what hangs on them: lines, totals, and the references to both."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from billadjust.inputs.read import ROW
from billadjust.inputs.references import CDR, INVOICE, LINE, SUBSCRIPTION, reject_missing
from billadjust.money import PERCENT, divide_half_up, to_text
from billadjust.phrases import phrase
from billadjust.staging import QUICK

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from billadjust.inputs.reading import Reading

TOLERANCE_MINOR: Final = 5
"""Tax and gross may differ by this many minor units for each line, so that rounding by line and by total both pass."""


def check_currency(invoices: Reading, currency: str) -> None:
    """Invoices are in the policy's currency."""
    invoices.reject(
        invoices.rows.filter(pl.col("currency") != currency),
        ("currency",),
        f"the currency is not the policy's, {currency}",
    )


def check_lines(readings: Mapping[str, Reading], spool: Path) -> None:
    """Give lines without a period that of their invoice, and reject those that contradict the invoice.

    The subscription of a line must at some time have been of the invoice's account. The lines are written anew in one pass.
    """
    lines, invoices, subscriptions = (readings.get(name) for name in ("invoice_lines", "invoices", "subscriptions"))
    if lines is None or subscriptions is None:
        return
    rows, owned = lines.rows, subscriptions.rows.select("subscription_id", _account="account_id", _owned=True).unique()
    if invoices is not None:
        billed = invoices.rows.select("invoice_id", _account="account_id", _start="period_start", _end="period_end")
        rows = rows.join(billed, on="invoice_id", how="left").join(
            owned, on=["subscription_id", "_account"], how="left"
        )
        rows = rows.with_columns(
            pl.col("period_start").fill_null(pl.col("_start")), pl.col("period_end").fill_null(pl.col("_end"))
        )
        orphan = pl.col("_account").is_null()
    else:
        rows = rows.join(owned.select("subscription_id", "_owned").unique(), on="subscription_id", how="left")
        orphan = pl.lit(value=False)
    backwards = (pl.col("period_end") < pl.col("period_start")).fill_null(value=False)
    alien = pl.col("subscription_id").is_not_null() & pl.col("_owned").is_null()
    judged = rows.with_columns(_orphan=orphan, _backwards=backwards, _alien=alien & ~orphan)
    sound = ~pl.any_horizontal("_orphan", "_backwards", "_alien")
    good, bad = spool / "invoice_lines.good.parquet", spool / "invoice_lines.bad.parquet"
    columns = [ROW, *lines.table.schema]
    pl.collect_all(
        [
            judged.filter(sound).select(columns).sink_parquet(good, compression=QUICK, lazy=True),
            judged.filter(~sound)
            .select(*columns, "_orphan", "_backwards", "_alien")
            .sink_parquet(bad, compression=QUICK, lazy=True),
        ],
        engine="streaming",
    )
    broken = pl.scan_parquet(bad, glob=False)
    if invoices is not None:
        reject_missing(lines, broken.filter("_orphan"), INVOICE, invoices)
    lines.reject(
        broken.filter("_backwards"),
        ("period_end",),
        "period_end is before period_start, counting the invoice's period where the line has none",
    )
    strangers, existing = broken.filter("_alien"), subscriptions.rows.select("subscription_id").unique()
    reject_missing(lines, strangers.join(existing, on="subscription_id", how="anti"), SUBSCRIPTION, subscriptions)
    lines.reject(
        strangers.join(existing, on="subscription_id", how="semi"),
        ("subscription_id",),
        "the subscription is not of the invoice's account",
    )
    lines.typed = pl.scan_parquet(good, glob=False)


def check_totals(readings: Mapping[str, Reading]) -> None:
    """Reject invoices with a rejected line or whose lines do not add up, and all their lines.

    Net adds up exactly; tax and gross within 0.05 for each line, against the exact sum of net × rate.
    """
    invoices, lines = readings.get("invoices"), readings.get("invoice_lines")
    if invoices is None or lines is None:
        return
    torn = lines.rejected("invoice_id").select("invoice_id").drop_nulls().unique()
    whole = invoices.rows.join(torn, on="invoice_id", how="anti")
    invoices.reject(
        invoices.rows.join(torn, on="invoice_id", how="semi"), ("invoice_id",), "a line of the invoice is rejected"
    )
    exact = (pl.col("net_amount").cast(pl.Int128) * pl.col("tax_rate")).sum()
    sums = lines.rows.group_by("invoice_id").agg(
        _lines=pl.len().cast(pl.Int128), _net=pl.col("net_amount").cast(pl.Int128).sum(), _tax=exact
    )
    compared = whole.join(sums, on="invoice_id", how="left").with_columns(pl.col("_lines", "_net", "_tax").fill_null(0))
    slack = TOLERANCE_MINOR * PERCENT * pl.col("_lines")
    gross = pl.col("_net") * PERCENT + pl.col("_tax")
    sides = {
        "net_total": (pl.col("_net"), pl.col("net_total") != pl.col("_net")),
        "tax_total": (
            divide_half_up(pl.col("_tax"), PERCENT),
            (pl.col("tax_total").cast(pl.Int128) * PERCENT - pl.col("_tax")).abs() > slack,
        ),
        "gross_total": (
            divide_half_up(gross, PERCENT),
            (pl.col("gross_total").cast(pl.Int128) * PERCENT - gross).abs() > slack,
        ),
    }
    off = [wrong.alias(f"_off_{column}") for column, (_, wrong) in sides.items()]
    differing = compared.with_columns(off).filter(pl.any_horizontal("^_off_.*$")).collect(engine="streaming").lazy()
    for column, (expected, _) in sides.items():
        amount = to_text(expected.cast(pl.Int64), invoices.style.digits)
        invoices.reject(
            differing.filter(f"_off_{column}"), (column,), phrase("the invoice's lines add up to {}", amount)
        )
    fallen = lines.rows.join(invoices.rows.select("invoice_id"), on="invoice_id", how="anti")
    lines.reject(fallen, ("invoice_id",), "the invoice is rejected")


def check_billed(readings: Mapping[str, Reading], name: str, known_invoices: pl.LazyFrame) -> None:
    """Reject rows that name an invoice, a line or a CDR which is not there, or is not of their account or invoice.

    An invoice that the ledger knows may be missing or rejected in this run, with its lines and CDRs; its account still
    counts.
    """
    reading, invoices = readings.get(name), readings.get("invoices")
    if reading is None:
        return
    rows = reading.rows.filter(pl.col("invoice_id").is_not_null())
    found = rows.join(accounts_of(rows, invoices, known_invoices), on="invoice_id", how="left")
    if invoices is not None:
        reject_missing(reading, found.filter(pl.col("_here").is_null()), INVOICE, invoices)
    if "account_id" in reading.table.schema:
        reading.reject(
            found.filter(pl.col("_billed") != pl.col("account_id")),
            ("invoice_id", "account_id"),
            "the invoice is another account's",
        )
    here = found.filter(pl.col("_here").fill_null(value=invoices is None))
    if "line_no" in reading.table.schema and (lines := readings.get("invoice_lines")):
        _check_line(reading, here, lines)
    if "cdr_id" in reading.table.schema and (cdrs := readings.get("cdrs")):
        _check_cdr(reading, here, cdrs)


def accounts_of(rows: pl.LazyFrame, invoices: Reading | None, known_invoices: pl.LazyFrame) -> pl.LazyFrame:
    """The invoices that rows name: invoice_id, `_billed` (the account), `_here` (whether this run reads it, or only the ledger knows it)."""
    # invoices are many, the rows that name one are few
    named = rows.select("invoice_id").unique()
    read = (invoices.rows if invoices else known_invoices.clear()).join(named, on="invoice_id", how="semi")
    known = known_invoices.join(named, on="invoice_id", how="semi").join(read, on="invoice_id", how="anti")
    return pl.concat(
        [
            frame.select("invoice_id", _billed="account_id", _here=here)
            for frame, here in ((read, pl.lit(value=True)), (known, pl.lit(value=False)))
        ]
    )


def _check_line(reading: Reading, here: pl.LazyFrame, lines: Reading) -> None:
    key = ["invoice_id", "line_no"]
    named = here.filter(pl.col("line_no").is_not_null())
    # the lines are many, the rows that name one are few: look for those among the lines first
    found = lines.rows.select(key).join(named.select(key).unique(), on=key, how="semi")
    reject_missing(reading, named.join(found, on=key, how="anti"), LINE, lines)


def _check_cdr(reading: Reading, here: pl.LazyFrame, cdrs: Reading) -> None:
    named = here.filter(pl.col("cdr_id").is_not_null())
    found = cdrs.rows.select("cdr_id", _invoice="invoice_id").join(
        named.select("cdr_id").unique(), on="cdr_id", how="semi"
    )
    reject_missing(reading, named.join(found, on="cdr_id", how="anti"), CDR, cdrs)
    other = named.join(found, on="cdr_id").filter(pl.col("_invoice") != pl.col("invoice_id"))
    reading.reject(other, ("cdr_id",), "the CDR is on another invoice")
