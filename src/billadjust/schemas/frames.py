"""The frames that the program makes itself; they are validated where a wrong frame would become money."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Final

import dataframely as dy

if TYPE_CHECKING:
    import polars as pl

FOREVER: Final = date(9999, 12, 31)
"""The end of an open interval."""


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
    `to_version`, where none is cheaper. Of a bill whose difference is credited both are split into the terms of their fee
    (`fees`, `best_fees`, such as "15.00 × 16/31") and what its usage costs exactly (`usage_cost`, `best_usage_cost`, in
    millionths): their sum, rounded once. `mode` is "advise" or "credit". `is_newest` marks the newest bill of each current
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
    fees = dy.String(nullable=True)
    usage_cost = dy.Int64(nullable=True)
    cost = dy.Int64()
    to_tariff = dy.String(nullable=True)
    to_version = dy.Int64(nullable=True)
    best_fees = dy.String(nullable=True)
    best_usage_cost = dy.Int64(nullable=True)
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
