"""Every frame that crosses a module boundary: the inputs as data, and what the program makes of them."""

from __future__ import annotations

from billadjust.schemas.columns import Column, Kind, Table
from billadjust.schemas.documents import (
    CUSTOMER,
    TRANSFERRED,
    BankTransfers,
    CreditNoteLines,
    CreditNotes,
    InvoiceDates,
    Journal,
)
from billadjust.schemas.frames import (
    BUCKETS,
    ENTRY_KINDS,
    FOREVER,
    SETTLEMENTS,
    Charges,
    Claims,
    Entries,
    Lines,
    Offers,
    RatedCdrs,
    Rejected,
    Spans,
    UsageParts,
)
from billadjust.schemas.inputs import INPUTS, MAX_PRICE, MAX_QUANTITY, SERVICES

__all__ = [
    "BUCKETS",
    "CUSTOMER",
    "ENTRY_KINDS",
    "FOREVER",
    "INPUTS",
    "MAX_PRICE",
    "MAX_QUANTITY",
    "SERVICES",
    "SETTLEMENTS",
    "TRANSFERRED",
    "BankTransfers",
    "Charges",
    "Claims",
    "Column",
    "CreditNoteLines",
    "CreditNotes",
    "Entries",
    "InvoiceDates",
    "Journal",
    "Kind",
    "Lines",
    "Offers",
    "RatedCdrs",
    "Rejected",
    "Spans",
    "Table",
    "UsageParts",
]
