"""References between inputs: a row that names what is missing or rejected, or contradicts it, is rejected.

Tables are checked in a fixed order, each after those it refers to, so rejections cascade in one go.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal

import polars as pl

from billadjust.inputs.read import ROW

if TYPE_CHECKING:
    from collections.abc import Mapping

    from billadjust.inputs.reading import Reading


@dataclass(frozen=True)
class Reference:
    """Columns that must appear together in another input, where all of them are given.

    `what` names what is referred to. `after` is a reference that must hold before this one is looked at; `contradiction` is
    said where the parts exist, but not together.
    """

    columns: tuple[str, ...]
    target: str
    names: tuple[str, ...]
    what: str
    after: Reference | None = None
    contradiction: str | None = None


def _to(target: str, what: str, *names: str) -> Reference:
    return Reference(names, target, names, what)


ACCOUNT: Final = _to("accounts", "account", "account_id")
SUBSCRIPTION: Final = _to("subscriptions", "subscription", "subscription_id")
OWN: Final = ("subscription_id", "account_id")
OWN_SUBSCRIPTION: Final = Reference(
    OWN, "subscriptions", OWN, "subscription", SUBSCRIPTION, "the subscription belongs to another account"
)
TARIFF: Final = _to("tariffs", "tariff", "tariff_id")
INVOICE: Final = _to("invoices", "invoice", "invoice_id")
LINE: Final = _to("invoice_lines", "line of the invoice", "invoice_id", "line_no")
CDR: Final = _to("cdrs", "CDR", "cdr_id")
VERSION: Final = Reference(("tariff_id", "version"), "tariffs", ("tariff_id", "version"), "tariff version")

REFERENCES: Final[Mapping[str, tuple[Reference, ...]]] = {
    "rates": (VERSION, _to("bands", "band", "band")),
    "allowances": (VERSION,),
    "subscriptions": (ACCOUNT, TARIFF, replace(VERSION, columns=("tariff_id", "tariff_version"), after=TARIFF)),
    "invoices": (ACCOUNT,),
    "cdrs": (SUBSCRIPTION,),
    "disputes": (ACCOUNT,),
    "promises": (ACCOUNT, SUBSCRIPTION, OWN_SUBSCRIPTION),
    "collections": (ACCOUNT, SUBSCRIPTION, OWN_SUBSCRIPTION),
}
"""What the columns of an input refer to, apart from invoices and their lines."""


def check_references(readings: Mapping[str, Reading], name: str) -> None:
    """Reject the rows of one input whose references do not hold, once for each.

    A reference to an input that is missing is not checked; but a band that is not defined anywhere prices nothing.
    """
    reading = readings.get(name)
    if reading is None:
        return
    rows = reading.rows
    for reference in REFERENCES[name]:
        target = readings.get(reference.target)
        if target is not None:
            reject_unmatched(reading, rows, reference, target)
        elif reference.target == "bands":
            reading.reject(
                rows.filter(pl.col("band").is_not_null()),
                ("band",),
                "there is no such band: the input bands is missing",
            )


def reject_unmatched(reading: Reading, rows: pl.LazyFrame, reference: Reference, target: Reading) -> None:
    """Reject those of the rows that name something which is not among the accepted rows of `target`."""
    first = reference.after.columns if reference.after else ()
    rows = rows.select(ROW, *dict.fromkeys((*first, *reference.columns)))
    if reference.after is not None:
        rows = _matching(rows, reference.after, target, "semi")
    unmatched = _matching(
        rows.filter(pl.col(name).is_not_null() for name in reference.columns), reference, target, "anti"
    )
    if reference.contradiction is not None:
        reading.reject(unmatched, reference.columns, reference.contradiction)
        return
    reject_missing(reading, unmatched, reference, target)


def reject_missing(reading: Reading, unmatched: pl.LazyFrame, reference: Reference, target: Reading) -> None:
    """Reject rows that name what is not there, and say whether it is missing or rejected."""
    found = unmatched.collect(engine="streaming")
    if not found.height:
        return
    gone = target.rejected(*reference.names).select(reference.names).drop_nulls().unique().with_columns(_gone=True)
    named = found.lazy().join(gone, left_on=reference.columns, right_on=reference.names, how="left")
    why = (
        pl.when("_gone")
        .then(pl.lit(f"the {reference.what} is rejected"))
        .otherwise(pl.lit(f"there is no such {reference.what}"))
    )
    reading.reject(named, reference.columns, why)


def _matching(rows: pl.LazyFrame, reference: Reference, target: Reading, how: Literal["semi", "anti"]) -> pl.LazyFrame:
    found = target.rows.select(reference.names).unique()
    return rows.join(found, left_on=reference.columns, right_on=reference.names, how=how)
