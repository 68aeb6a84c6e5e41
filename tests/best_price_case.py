"""A bill of June 2026 and another tariff on sale, for tests of the best price (§6.7)."""

from __future__ import annotations

from datetime import date
from typing import Any

from billadjust.night import Night, make_night
from billadjust.policy import Policy
from billadjust.schemas import Offers
from nights import text
from rating_tables import make_inputs

Row = dict[str, Any]

INVOICE: Row = {"net_total": "20.00", "tax_total": "4.20", "gross_total": "24.20"}
FEE: Row = {"net_amount": "20.00"}
INTERNET: Row = {"line_no": 1, "service": "internet", "net_amount": "8.00"}
VOICE: Row = {"line_no": 2, "service": "voice", "net_amount": "12.00"}
OWN: Row = {"monthly_fee": "20.00", "internet_fee": "8.00", "open_for_sale": False}
OTHER: Row = {"tariff_id": "club", "monthly_fee": "12.00"}


def june(**changes: Any) -> Night:  # noqa: ANN401  # rows and values of the policy
    """A night after a bill of June 2026: a fee of 20.00; another tariff has one of 12.00, and both have no usage."""
    policy = Policy.of(changes.pop("policy", {}))
    tables = {
        "invoices": [INVOICE],
        "invoice_lines": [FEE],
        "tariffs": [OWN, OTHER],
    } | changes
    return make_night(make_inputs(**tables), policy, date(2026, 7, 2), lambda _, frame: frame.collect().lazy())


def compared(night: Night) -> dict[str, str]:
    """Each bill with what it costs and what the cheapest other tariff would have cost."""
    rows = Offers.validate(night.offers.collect()).sort("invoice_id", "subscription_id").to_dicts()
    return {
        f"{row['invoice_id']} {row['subscription_id']}": f"{row['from_tariff']}/{row['from_version']} {text(row['cost'])}"
        + (f" > {row['to_tariff']}/{row['to_version']} {text(row['best_cost'])}" if row["to_tariff"] else "")
        for row in rows
    }


FEE_LINE: Row = {"charged": "15.00", "contract": "15.00"}
CALLS_LINE: Row = {"charged": "20.00", "contract": "20.00", "kind": "usage", "service": "voice"}
