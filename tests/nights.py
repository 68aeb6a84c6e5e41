"""Nights made by hand: lines with their should-be charges, disputes, outages, and a ledger that grows night by night."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from billadjust.inputs.model import Inputs
from billadjust.night import Night
from billadjust.policy import Policy
from billadjust.rules import RULES
from billadjust.schemas import FOREVER, Claims, Entries, Lines, Offers, Spans, UsageParts
from billadjust.settle import Settlement, settle, undoing
from billadjust.wording import explain
from rating_tables import make_inputs

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Row = dict[str, Any]

MONEY: Final = ("charged", "contract", "improved", "prior_credit")
TABLES: Final = ("accounts", "cdrs", "disputes", "outages", "promises", "subscriptions")
DEFAULTS: Final[dict[str, Row]] = {
    "lines": {
        "invoice_id": "I",
        "account_id": "A",
        "subscription_id": "S",
        "kind": "recurring",
        "service": None,
        "item": None,
        "quantity": "1",
        "tax_rate": "21",
        "issue_date": date(2026, 3, 1),
        "period_start": date(2026, 2, 1),
        "period_end": date(2026, 3, 1),
        "prior_credit": "0",
        "contract": None,
        "improved": None,
        "contract_versions": "card/1",
        "improved_versions": "card/2",
        "unit_count": 28,
        "not_assessed": None,
        "frozen": False,
    },
    "accounts": {"account_id": "A", "language": "en"},
    "cdrs": {"cdr_id": "C", "quantity": 60, "started_at": "2026-02-10 12:00", "invoice_id": "I"},
    "disputes": {
        "dispute_id": "D",
        "account_id": "A",
        "invoice_id": "I",
        "line_no": None,
        "opened_on": "2026-03-01",
        "status": "open",
    },
    "outages": {
        "outage_id": "O",
        "service": "data",
        "started_at": "2026-08-25 14:00",
        "ended_at": "2026-08-25 15:05",
    },
    "subscriptions": {"subscription_id": "S"},
    "promises": {
        "promise_id": "P",
        "account_id": "A",
        "item": "handset",
        "price": "0",
        "valid_from": "2026-02-01",
        "evidence": "zero-cost invoice 17",
    },
    "spans": {
        "subscription_id": "S",
        "account_id": "A",
        "bill_cycle_day": 1,
        "region": None,
        "row_from": date(2026, 1, 1),
        "row_to": FOREVER,
        "tariff_id": "card",
        "tariff_version": None,
        "contract_version": 1,
        "improved_version": 1,
        "fee": "6.90",
        "rest": "0",
        "usable": True,
    },
    "offers": {
        "invoice_id": "I",
        "subscription_id": "S",
        "account_id": "A",
        "issue_date": date(2026, 3, 1),
        "mode": "credit",
        "is_newest": True,
        "frozen": False,
        "tax_rate": "21",
        "from_tariff": "card",
        "from_version": 2,
        "fees": "15.00",
        "usage_cost": "20.00",
        "cost": "35.00",
        "to_tariff": "club",
        "to_version": 1,
        "best_fees": "12.00",
        "best_usage_cost": "10.00",
        "best_cost": "22.00",
    },
}
"""What a row of a test has unless it says otherwise: one customer, one line, one invoice of February 2026."""


def make_night(  # noqa: PLR0913  # a night is what the world looks like: each part has a name
    as_of: date | str,
    *,
    lines: Sequence[Row] = (),
    invoices: Sequence[Row] | None = None,
    spans: Sequence[Row] = ({},),
    offers: Sequence[Row] = (),
    policy: Mapping[str, object] | None = None,
    missing: Sequence[str] = (),
    overlap: bool = False,
    **tables: Sequence[Row],
) -> Night:
    """Make a night of rows; amounts are text such as "9.90".

    `lines` are schemas.Lines, numbered from 1 if they do not say otherwise, and assessed if they have a `contract`.
    Their invoices follow from them, but for what `invoices` says. `spans` are schemas.Spans with the Internet `fee` and the `rest` of the monthly fee; `offers` are schemas.Offers.
    With `overlap` the inputs hold the lines too, so that a fee is seen to be billed twice. `tables` are inputs; those that are not given are empty, those in `missing` are not there at all.
    """
    full_lines = [_line(row, number) for number, row in enumerate(lines, start=1)]
    there: dict[str, Sequence[Row]] = {"accounts": [{}], "subscriptions": [{}], **tables}
    rows: dict[str, list[Row]] = {name: [DEFAULTS[name] | row for row in there.pop(name, [])] for name in TABLES}
    assert not there, there
    rows["invoices"] = _invoices(full_lines, invoices)
    if overlap:
        rows["invoice_lines"] = [_invoice_line(line) for line in full_lines]
    inputs = make_inputs(**{name: [_written(row) for row in table] for name, table in rows.items()})
    present = inputs.present - set(missing)
    return Night(
        as_of=_date(as_of),
        inputs=Inputs(**(vars(inputs) | {"present": present})),
        policy=Policy.of(policy),
        spans=pl.LazyFrame([_span(row) for row in spans], schema=Spans.create_empty().schema, orient="row"),
        usage=UsageParts.create_empty(lazy=True),
        lines=pl.LazyFrame(full_lines, schema=Lines.create_empty().schema, orient="row"),
        offers=pl.LazyFrame([_offer(row) for row in offers], schema=Offers.create_empty().schema, orient="row"),
    )


def state(night: Night) -> pl.DataFrame:
    """Return what all rules state, as schemas.Claims demands it, in the order of the claims."""
    stated = pl.concat([rule(night) for rule in RULES]).collect()
    return Claims.validate(stated).sort("claim")


def owed(night: Night, rule: str) -> dict[str, str]:
    """Return what a rule states: "final" or "final + provisional provisionally" for each claim, without the rule's name."""
    stated = state(night).filter(pl.col("rule") == rule)
    return {
        row["claim"].removeprefix(f"{rule}|"): text(row["final"])
        + (f" + {text(row['provisional'])} provisionally" if row["provisional"] else "")
        for row in stated.to_dicts()
    }


@dataclass
class Books:
    """A ledger, from its first run on."""

    entries: pl.DataFrame = field(default_factory=Entries.create_empty)
    runs: int = 0

    def settle(self, night: Night) -> Settlement:
        """Return what a run would post."""
        return settle(night, state(night).lazy(), self.entries.lazy(), lambda _, frame: frame.collect().lazy())

    def post(self, night: Night) -> Settlement:
        """Post what a run owes."""
        settlement = self.settle(night)
        self.runs += 1
        explained = explain(settlement.entries, night.policy.digits)
        new = explained.with_columns(run_id=pl.lit(f"{night.as_of:%Y%m%d}-{self.runs:04}"))
        self.entries = Entries.validate(pl.concat([self.entries, new.select(Entries.column_names())]))
        return settlement

    def undo(self, *claims: str) -> None:
        """Bring claims to zero for good, on the day of the newest entry."""
        self.runs += 1
        as_of, run_id = self.entries.select(pl.col("as_of", "run_id").last()).row(0)
        entries, named = self.entries.lazy(), pl.LazyFrame({"claim": claims})
        figures = {"undoes": run_id, "reason": "A wrong list of prices was read."}
        undone = undoing(entries, named, Policy.of(), as_of, figures).collect()
        new = explain(undone.with_columns(language=pl.lit("en")), 2).with_columns(
            run_id=pl.lit(f"{as_of:%Y%m%d}-{self.runs:04}")
        )
        self.entries = Entries.validate(pl.concat([self.entries, new.select(Entries.column_names())]))

    @property
    def balances(self) -> dict[str, str]:
        """What every claim has got, net and tax, by claim and bucket; nothing is left out but zeros."""
        sums = self.entries.group_by("claim", "bucket").agg(pl.col("net", "tax").sum()).sort("claim", "bucket")
        return {
            f"{row['claim']} {row['bucket']}": f"{text(row['net'])} + {text(row['tax'])}"
            for row in sums.to_dicts()
            if row["net"] or row["tax"]
        }


def posted(settlement: Settlement) -> list[str]:
    """Return the entries of a run as lines such as `billing_error|I|1 final credit 4.00 + 0.84`."""
    return [
        f"{row['claim']} {row['bucket']} {row['kind']} {text(row['net'])} + {text(row['tax'])}"
        for row in settlement.entries.to_dicts()
    ]


def text(minor: int) -> str:
    """Write minor units as people do."""
    return f"{Decimal(minor).scaleb(-2):.2f}"


def day(value: str) -> date:
    """Return a date as the configuration has it."""
    return date.fromisoformat(value)


def _line(row: Row, number: int) -> Row:
    unknown = set(row) - set(DEFAULTS["lines"]) - {"line_no", "charged"}
    assert not unknown, unknown
    full: Row = {"line_no": number, **DEFAULTS["lines"], **row}
    full["improved"] = full["improved"] if full["improved"] is not None else full["contract"]
    full |= {name: _minor(full[name]) for name in MONEY}
    full["tax_rate"] = int(Decimal(full["tax_rate"]) * 10_000)
    full["quantity"] = int(Decimal(full["quantity"]) * 1_000_000)
    full["gross"] = full["charged"] + _tax(full["charged"], full["tax_rate"])
    full["assessed"] = full["contract"] is not None
    return full | {name: _date(full[name]) for name in ("issue_date", "period_start", "period_end")}


def _invoice_line(line: Row) -> Row:
    """Return a line as the input has it."""
    given = {name: line[name] for name in ("invoice_id", "line_no", "kind", "subscription_id", "service", "item")}
    net = {"net_amount": text(line["charged"]), "tax_rate": Decimal(line["tax_rate"]).scaleb(-4)}
    return given | net | {name: line[name] for name in ("period_start", "period_end")}


def _invoices(lines: Sequence[Row], changes: Sequence[Row] | None) -> list[Row]:
    invoices: dict[str, Row] = {}
    for line in lines:
        invoice = invoices.setdefault(
            line["invoice_id"],
            {
                "invoice_id": line["invoice_id"],
                "account_id": line["account_id"],
                "issue_date": line["issue_date"],
                "gross_total": Decimal(0),
            },
        )
        invoice["gross_total"] += Decimal(line["gross"]).scaleb(-2)
    for change in changes or ():
        key = change.get("invoice_id", "I")
        invoices[key] = invoices.get(key, {"invoice_id": key}) | change
    return [invoice | {"gross_total": str(invoice["gross_total"])} for invoice in invoices.values()]


def _span(row: Row) -> Row:
    unknown = set(row) - set(DEFAULTS["spans"]) - {"day_from", "day_to"}
    assert not unknown, unknown
    full: Row = DEFAULTS["spans"] | row
    internet, rest = (int(Decimal(full.pop(name)) * 1_000_000) for name in ("fee", "rest"))
    fees = {f"{choice}_internet_fee": internet for choice in ("contract", "improved")}
    fees |= {f"{choice}_monthly_fee": internet + rest for choice in ("contract", "improved")}
    full = {"day_from": full["row_from"], "day_to": full["row_to"]} | full
    days = {name: _date(full[name]) for name in ("row_from", "row_to", "day_from", "day_to")}
    return full | days | fees


def _offer(row: Row) -> Row:
    unknown = set(row) - set(DEFAULTS["offers"])
    assert not unknown, unknown
    full: Row = DEFAULTS["offers"] | row
    full["tax_rate"] = int(Decimal(full["tax_rate"]) * 10_000)
    full |= {name: int(Decimal(full[name]) * 1_000_000) for name in ("usage_cost", "best_usage_cost")}
    return full | {name: _minor(full[name]) for name in ("cost", "best_cost")}


def _written(row: Row) -> Row:
    """Write dates as a file does."""
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in row.items()}


def _date(value: date | str) -> date:
    return date.fromisoformat(value) if isinstance(value, str) else value


def _minor(value: str | None) -> int | None:
    return None if value is None else int(Decimal(value) * 100)


def _tax(net: int, rate: int) -> int:
    """Half up, away from zero."""
    tax = (abs(net) * rate * 2 + 1_000_000) // 2_000_000
    return tax if net >= 0 else -tax
