"""The structured documents of a run: e-invoices of its credit notes, and the payment order of its transfers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import polars as pl

from billadjust.documents.einvoices import FORMATS, einvoices, possible
from billadjust.documents.sepa import CURRENCY, payment_order
from billadjust.finance import credit_note_lines
from billadjust.issuer import Issuer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from billadjust.config import Config
    from billadjust.ledger import RunRecord
    from billadjust.outputs.publish import Content

ISSUER: Final = "issuer"
"""Detail of a run's record: its documents are written again as the company was that issued them."""

PAYMENT_ORDER: Final = "bank_transfers.xml"
LEFT_OUT: Final = "left_out.csv"


def kept_issuer(config: Config) -> dict[str, Any] | None:
    """Return what the record of a run keeps of the company that issues its documents."""
    return None if config.issuer is None else config.issuer.model_dump(exclude_defaults=True)


def documents(
    record: RunRecord, entries: pl.DataFrame, kept: Mapping[str, pl.DataFrame], currency: str, digits: int
) -> dict[str, Content]:
    """Return the structured documents of a run by file name; none if the run was made without an issuer.

    `entries`: the run's schemas.Entries; `kept`: the tables that it kept, credit_notes and bank_transfers among them. What
    no document could be made of is in `left_out.csv`.
    """
    company = record.details.get(ISSUER)
    if company is None:
        return {}
    issuer, notes = Issuer(**company), kept["credit_notes"]
    lines = credit_note_lines(entries.lazy(), notes.lazy()).collect()
    archives, unwritten = einvoices(notes, lines, issuer, currency, digits)
    files: dict[str, Content] = {**archives}
    left_out = [unwritten]
    if _pays(issuer, currency):
        order, unpaid = payment_order(kept["bank_transfers"], issuer, record.run_id, record.as_of)
        left_out.append(unpaid)
        if order is not None:
            files[PAYMENT_ORDER] = order
    files[LEFT_OUT] = pl.concat(left_out).sort("format", "reference")
    return files


def switched_off(config: Config) -> list[str]:
    """Say, a sentence each, which structured documents the configuration does not allow."""
    if config.issuer is None:
        return ["e-invoices and the payment order are not written: the configuration has no [issuer]."]
    made = possible(config.issuer, config.currency, config.policy.digits)
    sentences = [f"{form.name}: not written; {form.limits}." for form in FORMATS if form not in made]
    if not _pays(config.issuer, config.currency):
        why = "issuer.iban is not set" if config.currency == CURRENCY else f"SEPA is for {CURRENCY} only"
        sentences.append(f"the payment order is not written: {why}.")
    return sentences


def _pays(issuer: Issuer, currency: str) -> bool:
    return issuer.iban is not None and currency == CURRENCY
