"""Every frame that crosses a module boundary.

`INPUTS` describes the fifteen input tables as data: the reader checks files against it and the README's tables are
generated from it. The dataframely schemas below describe the frames that the program makes itself; they are validated
where a wrong frame would become money.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

import dataframely as dy
import polars as pl

from billadjust.phrasebook import DEFAULT_LANGUAGE, LANGUAGES

FOREVER: Final = date(9999, 12, 31)
"""The end of an open interval."""


class Kind(StrEnum):
    """What a column of an input holds, and so how its text is checked and what it becomes."""

    IDENTIFIER = "identifier"  # String: 1 to 64 characters, no `|`, control characters or surrounding blanks
    TEXT = "text"  # String
    ENUM = "enumeration"  # String, one of `values`
    BOOLEAN = "true/false"  # Boolean
    INTEGER = "integer"  # Int64
    DATE = "date"  # Date
    TIME = "time"  # Int64: seconds since local midnight, `24:00` is 86,400
    TIMESTAMP = "timestamp"  # Datetime("us", "UTC")
    MONEY = "money"  # Int64 minor units; as many decimals as the currency has
    MICRO = "decimal"  # Int64 millionths; up to 6 decimals (fees, prices, quantities, charged)
    PERCENT = "percent"  # Int64 ten-thousandths of a percent; up to 4 decimals
    DIGITS = "digits"  # String of 1 to 15 digits; a leading `+` is dropped where `plus` allows it
    IDENTIFIERS = "identifiers"  # String: identifiers joined by `|`, or `*`


DTYPES: Final[dict[Kind, pl.DataType]] = {
    Kind.IDENTIFIER: pl.String(),
    Kind.TEXT: pl.String(),
    Kind.ENUM: pl.String(),
    Kind.BOOLEAN: pl.Boolean(),
    Kind.INTEGER: pl.Int64(),
    Kind.DATE: pl.Date(),
    Kind.TIME: pl.Int64(),
    Kind.TIMESTAMP: pl.Datetime("us", "UTC"),
    Kind.MONEY: pl.Int64(),
    Kind.MICRO: pl.Int64(),
    Kind.PERCENT: pl.Int64(),
    Kind.DIGITS: pl.String(),
    Kind.IDENTIFIERS: pl.String(),
}


@dataclass(frozen=True)
class Column:
    """One column of an input: its kind, whether it must be there, its default and its range.

    `minimum` and `maximum` are in the unit of the file (a percent, a fee in whole currency units), and inclusive.
    `above_zero` demands a value greater than 0.
    """

    name: str
    kind: Kind
    doc: str
    required: bool = False
    default: str | None = None
    values: tuple[str, ...] = ()
    minimum: int | None = None
    maximum: int | None = None
    above_zero: bool = False
    plus: bool = False

    @property
    def dtype(self) -> pl.DataType:
        """The Polars type that the checked column has."""
        return DTYPES[self.kind]


@dataclass(frozen=True)
class Table:
    """One input: its columns, its key, and what it is."""

    name: str
    doc: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    required: bool = False

    @property
    def schema(self) -> pl.Schema:
        """The schema of the checked table (nothing but the columns of the specification)."""
        return pl.Schema({column.name: column.dtype for column in self.columns})

    def column(self, name: str) -> Column:
        """Return the column of this name; KeyError if there is none."""
        return next(column for column in self.columns if column.name == name)


MAX_PRICE: Final = 100_000
"""Fees and prices stay below this many currency units, so that a fee times the days of ten years stays in 64 bits."""
MAX_QUANTITY: Final = 10**12
"""Quantities stay at or below this many seconds, messages or bytes, so that their millionths stay in 64 bits."""


def _id(name: str, doc: str, *, required: bool = False) -> Column:
    return Column(name, Kind.IDENTIFIER, doc, required=required)


def _fee(name: str, doc: str, *, required: bool = False, default: str | None = None) -> Column:
    return Column(name, Kind.MICRO, doc, required=required, default=default, minimum=0, maximum=MAX_PRICE)


def _quantity(
    name: str, doc: str, *, above_zero: bool = False, required: bool = True, default: str | None = None
) -> Column:
    return Column(
        name,
        Kind.MICRO,
        doc,
        required=required,
        default=default,
        minimum=0,
        maximum=MAX_QUANTITY,
        above_zero=above_zero,
    )


SERVICES: Final = ("voice", "sms", "data")

INPUTS: Final[dict[str, Table]] = {
    table.name: table
    for table in (
        Table(
            "accounts",
            "customers",
            (
                _id("account_id", "the customer", required=True),
                Column("name", Kind.TEXT, "whom letters address"),
                Column("email", Kind.TEXT, "where letters go"),
                Column(
                    "language", Kind.ENUM, "of explanations and letters", default=DEFAULT_LANGUAGE, values=LANGUAGES
                ),
                Column("bill_cycle_day", Kind.INTEGER, "day on which cycles start", default="1", minimum=1, maximum=28),
                Column("closed_on", Kind.DATE, "from this day no bill will come: money goes by transfer"),
                Column("iban", Kind.TEXT, "where transfers go"),
                Column("tax_id", Kind.TEXT, "for fiscal documents"),
            ),
            key=("account_id",),
            required=True,
        ),
        Table(
            "subscriptions",
            "one row per period in which a line had a tariff",
            (
                _id("subscription_id", "the line", required=True),
                Column("valid_from", Kind.DATE, "first day", required=True),
                _id("account_id", "who pays", required=True),
                _id("tariff_id", "the tariff of the period", required=True),
                Column("valid_to", Kind.DATE, "day after the last; empty: open"),
                Column("tariff_version", Kind.INTEGER, "what provisioning has in force"),
                _id("region", "where outages count; empty: only outages everywhere"),
            ),
            key=("subscription_id", "valid_from"),
            required=True,
        ),
        Table(
            "tariffs",
            "tariff versions",
            (
                _id("tariff_id", "the tariff", required=True),
                Column("version", Kind.INTEGER, "its version", required=True),
                Column("effective_from", Kind.DATE, "first day of the version", required=True),
                _fee("monthly_fee", "per cycle", required=True),
                _fee("internet_fee", "the part of monthly_fee that pays for Internet access", required=True),
                Column("open_for_sale", Kind.BOOLEAN, "whether new customers can order it", default="true"),
                Column("name", Kind.TEXT, "what customers call it"),
            ),
            key=("tariff_id", "version"),
            required=True,
        ),
        Table(
            "rates",
            "prices of usage; rows that differ only in from_unit are the tiers of one rate",
            (
                _id("tariff_id", "the tariff", required=True),
                Column("version", Kind.INTEGER, "its version", required=True),
                Column("service", Kind.ENUM, "what is priced", required=True, values=SERVICES),
                _id("zone", "the zone, or `*`", required=True),
                _id("band", "the time band; empty: any"),
                _quantity("from_unit", "where the tier starts", required=False, default="0"),
                _fee("connect_fee", "per CDR", default="0"),
                _fee("price", "of `per` units", required=True),
                _quantity("per", "units that price pays for: 60, 1, 1048576", above_zero=True),
                _quantity("first_increment", "the least that is counted", above_zero=True),
                _quantity("increment", "steps beyond it", above_zero=True),
                _fee("minimum_charge", "per CDR that is charged", default="0"),
            ),
            key=("tariff_id", "version", "service", "zone", "band", "from_unit"),
        ),
        Table(
            "allowances",
            "usage that the fee includes, per cycle",
            (
                _id("tariff_id", "the tariff", required=True),
                Column("version", Kind.INTEGER, "its version", required=True),
                Column("service", Kind.ENUM, "what is included", required=True, values=SERVICES),
                Column("zones", Kind.IDENTIFIERS, "zone names joined by `|`, or `*`", required=True),
                _quantity("quantity", "seconds, messages or bytes"),
            ),
            key=("tariff_id", "version", "service", "zones"),
        ),
        Table(
            "zones",
            "number prefixes",
            (
                Column("prefix", Kind.DIGITS, "E.164 digits, no `+`", required=True),
                _id("zone", "its zone", required=True),
            ),
            key=("prefix",),
        ),
        Table(
            "bands",
            "times of the week",
            (
                _id("band", "the band", required=True),
                Column("weekday", Kind.INTEGER, "1 Monday to 7 Sunday", required=True, minimum=1, maximum=7),
                Column("start_time", Kind.TIME, "local time", required=True),
                Column("end_time", Kind.TIME, "local time, `24:00` allowed", required=True),
            ),
            key=("band", "weekday", "start_time"),
        ),
        Table(
            "invoices",
            "bills that were sent",
            (
                _id("invoice_id", "the invoice", required=True),
                _id("account_id", "who was billed", required=True),
                Column("issue_date", Kind.DATE, "date of the invoice", required=True),
                Column("period_start", Kind.DATE, "first day billed", required=True),
                Column("period_end", Kind.DATE, "day after the last", required=True),
                _id("currency", "ISO 4217, that of the policy", required=True),
                Column("net_total", Kind.MONEY, "sum of its lines", required=True),
                Column("tax_total", Kind.MONEY, "tax on them", required=True),
                Column("gross_total", Kind.MONEY, "what the customer was asked for", required=True),
                Column("paid_on", Kind.DATE, "when it was paid"),
            ),
            key=("invoice_id",),
        ),
        Table(
            "invoice_lines",
            "their lines",
            (
                _id("invoice_id", "the invoice", required=True),
                Column("line_no", Kind.INTEGER, "number of the line", required=True),
                Column(
                    "kind",
                    Kind.ENUM,
                    "what is billed",
                    required=True,
                    values=("recurring", "usage", "device", "one_off", "exit_fee", "switch_fee", "discount"),
                ),
                _id("subscription_id", "for which line"),
                Column("service", Kind.ENUM, "of a fee's part or of usage", values=("internet", *SERVICES)),
                _id("item", "what promises name; on a recurring line: an add-on"),
                Column("description", Kind.TEXT, "as printed"),
                Column("quantity", Kind.MICRO, "how many", default="1", minimum=-MAX_QUANTITY, maximum=MAX_QUANTITY),
                Column("net_amount", Kind.MONEY, "what was charged", required=True),
                Column("tax_rate", Kind.PERCENT, "in percent: 21", required=True, minimum=0, maximum=100),
                Column("period_start", Kind.DATE, "first day (default: the invoice's)"),
                Column("period_end", Kind.DATE, "day after the last (default: the invoice's)"),
            ),
            key=("invoice_id", "line_no"),
        ),
        Table(
            "cdrs",
            "usage events",
            (
                _id("cdr_id", "the event", required=True),
                _id("subscription_id", "who used", required=True),
                Column("service", Kind.ENUM, "what", required=True, values=SERVICES),
                Column("started_at", Kind.TIMESTAMP, "when", required=True),
                Column("destination", Kind.DIGITS, "E.164, with or without `+`", plus=True),
                _id("zone", "overrides the look-up by prefix"),
                _quantity("quantity", "seconds, messages or bytes"),
                Column(
                    "charged",
                    Kind.MICRO,
                    "what the bill asks for it",
                    required=True,
                    minimum=-MAX_PRICE,
                    maximum=MAX_PRICE,
                ),
                _id("invoice_id", "where it was billed; empty: not yet invoiced"),
            ),
            key=("cdr_id",),
        ),
        Table(
            "outages",
            "interruptions of service",
            (
                _id("outage_id", "the outage", required=True),
                Column("service", Kind.ENUM, "what failed", required=True, values=(*SERVICES, "all")),
                Column("started_at", Kind.TIMESTAMP, "from when", required=True),
                Column("ended_at", Kind.TIMESTAMP, "until when; empty: still going on"),
                _id("region", "where; empty: everywhere"),
                Column("cause", Kind.TEXT, "in words"),
            ),
            key=("outage_id",),
        ),
        Table(
            "disputes",
            "complaints about bills",
            (
                _id("dispute_id", "the complaint", required=True),
                _id("account_id", "whose", required=True),
                _id("invoice_id", "about which invoice", required=True),
                Column("line_no", Kind.INTEGER, "which line; empty: the whole invoice"),
                _id("cdr_id", "which CDR"),
                Column("gross_amount", Kind.MONEY, "how much; empty: all of it", minimum=0),
                Column("opened_on", Kind.DATE, "when it was made", required=True),
                Column(
                    "status",
                    Kind.ENUM,
                    "where it stands",
                    required=True,
                    values=("open", "explained", "accepted", "withdrawn"),
                ),
                Column("resolved_on", Kind.DATE, "required unless open"),
                Column("justified_gross", Kind.MONEY, "how much was shown to be right; empty: all of it", minimum=0),
                Column("explanation", Kind.TEXT, "required when explained"),
            ),
            key=("dispute_id",),
        ),
        Table(
            "promises",
            "prices promised to a customer",
            (
                _id("promise_id", "the promise", required=True),
                _id("account_id", "to whom", required=True),
                _id("subscription_id", "for which line; empty: any"),
                _id("item", "for what", required=True),
                _fee("price", "net, per unit", required=True),
                Column("valid_from", Kind.DATE, "first day", required=True),
                Column("valid_to", Kind.DATE, "day after the last"),
                Column("evidence", Kind.TEXT, "what proves it", required=True),
            ),
            key=("promise_id",),
        ),
        Table(
            "collections",
            "what collections did",
            (
                _id("event_id", "the event", required=True),
                _id("account_id", "to whom", required=True),
                _id("subscription_id", "which line"),
                _id("invoice_id", "over which invoice"),
                Column(
                    "kind",
                    Kind.ENUM,
                    "what was done",
                    required=True,
                    values=("reminder", "suspension", "reconnection", "debtor_listing", "debtor_delisting"),
                ),
                Column("happened_on", Kind.DATE, "when", required=True),
            ),
            key=("event_id",),
        ),
        Table(
            "prior_credits",
            "credits given outside this program, which its caps count",
            (
                _id("credit_id", "the credit", required=True),
                _id("invoice_id", "on which invoice", required=True),
                Column("line_no", Kind.INTEGER, "on which line", required=True),
                Column("net_amount", Kind.MONEY, "how much", required=True),
                Column("granted_on", Kind.DATE, "when", required=True),
            ),
            key=("credit_id",),
        ),
    )
}
"""The fifteen inputs, by name."""


class Rejected(dy.Schema):
    """A broken rule: one row for each, as written to rejected.csv."""

    input = dy.String()
    file = dy.String()
    line = dy.Int64()
    column = dy.String()
    value = dy.String(nullable=True)
    reason = dy.String()


class Spans(dy.Schema):
    """What a subscription had on a stretch of days: constant tariff, contract version and improved version.

    Only days with a tariff appear. Versions are null on days that have none; fees are in millionths.
    `usable` is false where a rejected row was taken along: then nothing on these days may turn into money.
    `row_from` and `row_to` bound the subscription's row, `day_from` and `day_to` the stretch; an open row ends at `FOREVER`.
    """

    subscription_id = dy.String()
    account_id = dy.String()
    bill_cycle_day = dy.Int64()
    region = dy.String(nullable=True)
    row_from = dy.Date()
    row_to = dy.Date()
    day_from = dy.Date()
    day_to = dy.Date()
    tariff_id = dy.String()
    tariff_version = dy.Int64(nullable=True)
    contract_version = dy.Int64(nullable=True)
    improved_version = dy.Int64(nullable=True)
    contract_monthly_fee = dy.Int64(nullable=True)
    contract_internet_fee = dy.Int64(nullable=True)
    improved_monthly_fee = dy.Int64(nullable=True)
    improved_internet_fee = dy.Int64(nullable=True)
    usable = dy.Bool()


class RatedCdrs(dy.Schema):
    """What each CDR should have cost under one version choice.

    `units` are the rounded units and `allowance_units` those that the allowance paid, in millionths; `cost` and
    `charged` in millionths. `unrated` names why there is no cost (null: there is one).
    """

    cdr_id = dy.String()
    subscription_id = dy.String()
    service = dy.String()
    invoice_id = dy.String(nullable=True)
    local_date = dy.Date()
    zone = dy.String(nullable=True)
    band = dy.String(nullable=True)
    tariff_id = dy.String(nullable=True)
    version = dy.Int64(nullable=True)
    units = dy.Int64(nullable=True)
    allowance_units = dy.Int64(nullable=True)
    cost = dy.Int64(nullable=True)
    charged = dy.Int64()
    unrated = dy.String(nullable=True)


class UsageParts(dy.Schema):
    """What the CDRs of a line cost, by tariff version, cycle and reason why they have no cost.

    One or more rows for each; they add up. `choice` is "contract" or "improved"; where `shared`, the improved versions
    cost the same and have no rows of their own. From `term_from` on the subscription had this tariff with these versions;
    the tariff, its versions and `cycle_start` are null on days without a tariff. `cost` and `charged` in millionths.
    `unrated` says in words why these CDRs have no cost (null: they have). CDRs that are not billed yet have no `invoice_id`.
    """

    invoice_id = dy.String(nullable=True)
    subscription_id = dy.String()
    service = dy.String()
    cycle_start = dy.Date(nullable=True)
    choice = dy.String()
    shared = dy.Bool()
    tariff_id = dy.String(nullable=True)
    contract_version = dy.Int64(nullable=True)
    improved_version = dy.Int64(nullable=True)
    term_from = dy.Date()
    cost = dy.Int64()
    charged = dy.Int64()
    unit_count = dy.Int64()
    unrated = dy.String(nullable=True)


class Charges(dy.Schema):
    """What each recurring or usage line with a charge above 0 should have cost, in minor units.

    `not_assessed` says in words why a line is not assessed; then `contract` and `improved` are null. The `_versions`
    name the tariff versions that priced it: `card/1`, or `card/1, card/2` in the order of their days.
    `unit_count` counts what was summed: days of a recurring line, CDRs of a usage line.
    """

    invoice_id = dy.String()
    line_no = dy.Int64()
    contract = dy.Int64(nullable=True)
    improved = dy.Int64(nullable=True)
    contract_versions = dy.String(nullable=True)
    improved_versions = dy.String(nullable=True)
    unit_count = dy.Int64(nullable=True)
    not_assessed = dy.String(nullable=True)


class Lines(dy.Schema):
    """The invoice lines that were read, with all that the rules need to know of them.

    `charged`, `gross`, `prior_credit`, `contract` and `improved` in minor units. `assessed` is true where the line's
    should-be charges are known; `frozen` where a rejected row forbids to post anything on the line. `prior_credit` is
    what somebody gave back on the line outside this program. The period is the line's own or that of its invoice.
    """

    invoice_id = dy.String()
    line_no = dy.Int64()
    account_id = dy.String()
    subscription_id = dy.String(nullable=True)
    kind = dy.String()
    service = dy.String(nullable=True)
    item = dy.String(nullable=True)
    quantity = dy.Int64()
    charged = dy.Int64()
    tax_rate = dy.Int64()
    gross = dy.Int64()
    issue_date = dy.Date()
    period_start = dy.Date()
    period_end = dy.Date()
    prior_credit = dy.Int64()
    contract = dy.Int64(nullable=True)
    improved = dy.Int64(nullable=True)
    contract_versions = dy.String(nullable=True)
    improved_versions = dy.String(nullable=True)
    unit_count = dy.Int64(nullable=True)
    not_assessed = dy.String(nullable=True)
    assessed = dy.Bool()
    frozen = dy.Bool()


class Offers(dy.Schema):
    """What bills cost and would cost: one row for each invoice and subscription whose tariffs are compared (§6.7).

    `cost` is what the bill's fee and usage cost under the improved versions (`from_version` is the last of them),
    `best_cost` what they would cost under the cheapest version on sale, in minor units; null, as are `to_tariff` and
    `to_version`, where none is cheaper. `mode` is "advise" or "credit". `is_newest` marks the newest bill of each current
    subscription; `frozen` is true where a rejected row forbids to post anything on one of the bill's lines. `tax_rate` is
    that of the fee.
    """

    invoice_id = dy.String()
    subscription_id = dy.String()
    account_id = dy.String()
    issue_date = dy.Date()
    mode = dy.String()
    is_newest = dy.Bool()
    frozen = dy.Bool()
    tax_rate = dy.Int64()
    from_tariff = dy.String()
    from_version = dy.Int64()
    cost = dy.Int64()
    to_tariff = dy.String(nullable=True)
    to_version = dy.Int64(nullable=True)
    best_cost = dy.Int64(nullable=True)


class Claims(dy.Schema):
    """What the rules state: one row for each claim, in minor units, as if no other rule owed anything.

    A line rule owes `min(final, what is left of the charge − to_price)`; every other rule owes `final` or
    `provisional`. Claims of one `pool` share `pool_limit` in the order of (`since`, `source_ref`). `covers` names the
    sources whose claims, of this rule and subscription, count as paid for this one. `event_on` is the date whose policy holds.
    `taken_back` is true where a provisional refund falls because the charge was explained, or the dispute withdrawn,
    in time. `evidence` is JSON: the figures from which the amount can be computed again. `variant` names the sentence
    that explains the claim. `review` is the topic under which operators must look at it, with `stated` as the amount.
    """

    rule = dy.String()
    claim = dy.String()
    account_id = dy.String()
    subscription_id = dy.String(nullable=True)
    invoice_id = dy.String(nullable=True)
    line_no = dy.Int64(nullable=True)
    source_ref = dy.String(nullable=True)
    final = dy.Int64()
    provisional = dy.Int64()
    to_price = dy.Int64(nullable=True)
    pool = dy.String(nullable=True)
    pool_limit = dy.Int64(nullable=True)
    since = dy.Datetime(time_unit="us", time_zone="UTC", nullable=True)
    covers = dy.List(dy.String(), nullable=True)
    event_on = dy.Date()
    deadline = dy.Date(nullable=True)
    tax_rate = dy.Int64()
    taken_back = dy.Bool()
    policy_ref = dy.String()
    variant = dy.String()
    evidence = dy.String()
    stated = dy.Int64()
    review = dy.String(nullable=True)


BUCKETS: Final = ("provisional", "final")
ENTRY_KINDS: Final = ("credit", "finalisation", "reversal", "reclassification", "undo")
SETTLEMENTS: Final = ("credit_note", "provisional_credit", "bill_discount", "bank_transfer")


class Entries(dy.Schema):
    """What was posted: one immutable row for each claim and bucket that a run changed (§7.5), in the order of its columns.

    `net`, `tax` and `gross` in minor units, positive in the customer's favour; `tax_rate` in ten-thousandths of a percent.
    """

    entry_id = dy.String(primary_key=True)
    run_id = dy.String()
    as_of = dy.Date()
    rule = dy.String()
    claim = dy.String()
    bucket = dy.String()
    kind = dy.String()
    settlement = dy.String()
    account_id = dy.String()
    subscription_id = dy.String(nullable=True)
    invoice_id = dy.String(nullable=True)
    line_no = dy.Int64(nullable=True)
    source_ref = dy.String(nullable=True)
    bill_period = dy.Date(nullable=True)
    deadline = dy.Date(nullable=True)
    currency = dy.String()
    net = dy.Int64()
    tax_rate = dy.Int64()
    tax = dy.Int64()
    gross = dy.Int64()
    policy_ref = dy.String()
    explanation = dy.String()
    evidence = dy.String()

    @dy.rule()
    def known_words(cls) -> pl.Expr:  # noqa: N805  # dataframely passes the schema
        """Bucket, kind and settlement are of the known ones."""
        return cls.bucket.col.is_in(BUCKETS) & cls.kind.col.is_in(ENTRY_KINDS) & cls.settlement.col.is_in(SETTLEMENTS)
