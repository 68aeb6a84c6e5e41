"""The fifteen inputs as data: the reader checks files against them, and the documentation's tables are made from them."""

from __future__ import annotations

from typing import Final

from billadjust.phrasebook import DEFAULT_LANGUAGE, LANGUAGES
from billadjust.schemas.columns import Column, Kind, Table

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
                Column("address", Kind.TEXT, "street and number, for fiscal documents"),
                Column("post_code", Kind.TEXT, "for fiscal documents"),
                Column("town", Kind.TEXT, "for fiscal documents"),
                Column("province", Kind.TEXT, "for fiscal documents"),
                Column("country", Kind.TEXT, "two capitals (ISO 3166); empty: the country of the company"),
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
