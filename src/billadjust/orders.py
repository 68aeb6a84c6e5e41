"""Desired state for other departments: complete each night, so that importing a file twice is harmless (§9)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from billadjust.money import MICRO, divide_half_up, tax_of
from billadjust.rules import LINE_RULES
from billadjust.rules.disputes import disputed_lines, repeats, standings

if TYPE_CHECKING:
    from billadjust.night import Night

ORDER_WITHOUT_VERSION_DAYS = 31
"""For how long a change is ordered where provisioning does not say which version it has in force."""


def tariff_changes(night: Night) -> pl.LazyFrame:
    """Subscriptions in force today whose version is not the improved one that holds when the notice has passed.

    Columns: subscription_id, account_id, tariff_id, from_version, to_version, effective_from, old_monthly_fee,
    new_monthly_fee (millionths).
    """
    policy = night.policy
    today = pl.lit(night.as_of)
    notice = pl.duration(days=policy.expr("tariff_improvement.notice_days", today))
    row = ["subscription_id", "row_from"]
    on_day = (pl.col("day_from") <= pl.col("target_day")) & (pl.col("day_to") > pl.col("target_day"))
    current = (
        night.spans.filter((pl.col("day_from") <= today) & (pl.col("day_to") > today) & pl.col("usable"))
        .filter(policy.expr("tariff_improvement.enabled", today))
        .join(night.inputs.accounts.select("account_id", "closed_on"), on="account_id")
        .filter(pl.col("closed_on").is_null() | (pl.col("closed_on") > today))
        .with_columns(
            target_day=pl.min_horizontal(today + notice, pl.col("row_to") - pl.duration(days=1)),
            from_version=pl.coalesce("tariff_version", "contract_version"),
        )
        .select(*row, "account_id", "tariff_id", "tariff_version", "from_version", "target_day")
    )
    target = night.spans.select(*row, "day_from", "day_to", "usable", to_version="improved_version")
    versions = night.inputs.tariffs.select("tariff_id", "version", "effective_from", "monthly_fee")
    known = pl.col("tariff_version").is_not_null()
    recent = today <= pl.col("effective_from") + pl.duration(days=ORDER_WITHOUT_VERSION_DAYS)
    return (
        current.join(target, on=row)
        .filter(on_day & pl.col("usable") & (pl.col("from_version") != pl.col("to_version")))
        .join(
            versions.select("tariff_id", from_version="version", old_monthly_fee="monthly_fee"),
            on=["tariff_id", "from_version"],
        )
        .join(
            versions.select("tariff_id", "effective_from", to_version="version", new_monthly_fee="monthly_fee"),
            on=["tariff_id", "to_version"],
        )
        .filter(known | recent)
        .select(
            "subscription_id",
            "account_id",
            "tariff_id",
            "from_version",
            "to_version",
            "effective_from",
            "old_monthly_fee",
            "new_monthly_fee",
        )
        .sort("subscription_id")
    )


def tariff_advice(night: Night) -> pl.LazyFrame:
    """The newest bill of each current subscription that another tariff would have made cheaper (§6.7).

    Columns: invoice_id, subscription_id, account_id, from_tariff, from_version, to_tariff, to_version, cost, best_cost,
    difference (minor units). Whoever has that tariff by now, or is no customer any more, needs no advice.
    """
    today = pl.lit(night.as_of)
    current = (
        night.spans.filter((pl.col("day_from") <= today) & (pl.col("day_to") > today))
        .join(night.inputs.accounts.select("account_id", "closed_on"), on="account_id")
        .filter(pl.col("closed_on").is_null() | (pl.col("closed_on") > today))
        .select("subscription_id", "tariff_id", "contract_version")
    )
    moved = (pl.col("tariff_id") == pl.col("to_tariff")) & (
        (pl.col("from_tariff") != pl.col("to_tariff"))
        | (pl.col("contract_version") == pl.col("to_version")).fill_null(value=False)
    )
    return (
        night.offers.filter(pl.col("is_newest") & pl.col("best_cost").is_not_null())
        .join(current, on="subscription_id")
        .filter(~moved)
        .select(
            "invoice_id",
            "subscription_id",
            "account_id",
            "from_tariff",
            "from_version",
            "to_tariff",
            "to_version",
            "cost",
            "best_cost",
            difference=pl.col("cost") - pl.col("best_cost"),
        )
        .sort("subscription_id")
    )


def holds(night: Night, ledger: pl.LazyFrame) -> pl.LazyFrame:
    """Disputes that are open today and not waived: what must not be dunned, suspended for or listed.

    Columns: account_id, invoice_id, dispute_id, amount_gross (minor units), since, until (null if not minor). Where
    the invoice is not in the inputs any more the amount is what was posted for the dispute. `ledger`: schemas.Entries.
    """
    disputed = disputed_lines(night)
    repeated = repeats(disputed).select("dispute_id", repeated=True).unique()
    amounts = disputed.group_by("dispute_id").agg(pl.col("disputed_gross").first())
    posted = (
        ledger.filter(pl.col("rule") == "dispute_refund")
        .group_by(dispute_id="source_ref")
        .agg(posted_gross=pl.col("gross").sum())
    )
    charges = night.inputs.cdrs.join(
        night.inputs.disputes.select("cdr_id").drop_nulls().unique(), on="cdr_id", how="semi"
    ).select("cdr_id", cdr_net=divide_half_up(pl.col("charged"), MICRO // 10**night.policy.digits))
    cdr_gross = pl.col("cdr_net") + tax_of(pl.col("cdr_net"), night.policy.expr("tax_rate", pl.col("opened_on")))
    read = night.inputs.invoices.select("invoice_id", read=True)
    gross = (
        pl.when(pl.col("read").is_null())
        .then("posted_gross")
        .otherwise(pl.coalesce("disputed_gross", pl.min_horizontal(pl.col("gross_amount"), cdr_gross)))
    )
    minor = (pl.col("amount_gross") <= pl.col("minor_limit")) & pl.col("repeated").is_null()
    return (
        standings(night)
        .filter(pl.col("standing").is_in(["open", "waived"]))
        .join(amounts, on="dispute_id", how="left")
        .join(repeated, on="dispute_id", how="left")
        .join(posted, on="dispute_id", how="left")
        .join(charges, on="cdr_id", how="left")
        .join(read, on="invoice_id", how="left")
        .with_columns(amount_gross=gross.fill_null(0).clip(lower_bound=0))
        .with_columns(until=pl.when(minor & pl.col("enabled")).then("deadline"))
        .filter((pl.col("standing") == "open") | pl.col("until").is_null())
        .select("account_id", "invoice_id", "dispute_id", "amount_gross", since="opened_on", until="until")
        .sort("dispute_id")
    )


UNDONE_BY = {"suspension": ("reconnection", "reconnect"), "debtor_listing": ("debtor_delisting", "delist")}
"""For what collections did to a customer: the event that undoes it, and the order to do so."""


def collection_orders(night: Night, ledger: pl.LazyFrame, on_hold: pl.LazyFrame) -> pl.LazyFrame:
    """Suspensions and debtor listings that still stand over an invoice of which too little is left.

    Columns: order (reconnect, delist), account_id, subscription_id, invoice_id, event_id, left_gross (minor units),
    reason. `ledger`: schemas.Entries with those of this run; `on_hold`: as of `holds`.
    """
    left = _left_of_invoices(night, ledger, on_hold)
    least = night.policy.expr("collections.min_gross", pl.col("happened_on"))
    orders = []
    for done, (undone, order) in UNDONE_BY.items():
        latest = (
            night.inputs.collections.filter(pl.col("kind").is_in([done, undone]))
            .group_by("account_id", "subscription_id")
            .agg(pl.col("kind", "invoice_id", "event_id", "happened_on").sort_by("happened_on", "event_id").last())
            .filter(pl.col("kind") == done)
        )
        orders.append(latest.with_columns(order=pl.lit(order)))
    reason = (
        pl.when("paid")
        .then(pl.lit("The invoice is paid."))
        .when(pl.col("held_gross") > 0)
        .then(pl.lit("What is in dispute must not be collected; what is left beside it is too little."))
        .otherwise(pl.lit("After what was given back too little is left of the invoice."))
    )
    return (
        pl.concat(orders)
        .join(left, on=["invoice_id", "account_id"])
        .filter(pl.col("left_gross") < least)
        .select("order", "account_id", "subscription_id", "invoice_id", "event_id", "left_gross", reason=reason)
        .sort("order", "event_id")
    )


def _left_of_invoices(night: Night, ledger: pl.LazyFrame, on_hold: pl.LazyFrame) -> pl.LazyFrame:
    """Return (invoice_id, account_id, paid, held_gross, left_gross): what may still be collected of each invoice.

    Its total less what was posted finally on its lines, what others gave back, and what is in dispute; 0 if it is paid.
    A negative fee line of the invoice itself is in its total already and does not count again.
    """
    returned = (
        ledger.filter(pl.col("rule").is_in(LINE_RULES) & (pl.col("bucket") == "final"))
        .group_by("invoice_id")
        .agg(returned_gross=pl.col("gross").sum())
    )
    credit = pl.col("prior_credit") + tax_of(pl.col("prior_credit"), pl.col("tax_rate"))
    own = pl.when((pl.col("kind") == "recurring") & (pl.col("charged") < 0)).then("gross").otherwise(0)
    given = night.lines.group_by("invoice_id").agg(given_gross=(credit.sum() + own.sum()).clip(lower_bound=0))
    held = on_hold.group_by("invoice_id").agg(held_gross=pl.col("amount_gross").sum())
    paid = pl.col("paid_on").is_not_null()
    rest = pl.col("gross_total") - pl.col("returned_gross") - pl.col("given_gross") - pl.col("held_gross")
    return (
        night.inputs.invoices.join(returned, on="invoice_id", how="left")
        .join(given, on="invoice_id", how="left")
        .join(held, on="invoice_id", how="left")
        .with_columns(pl.col("returned_gross", "given_gross", "held_gross").fill_null(0))
        .select(
            "invoice_id",
            "account_id",
            "held_gross",
            paid=paid,
            left_gross=pl.when(paid).then(0).otherwise(rest.clip(lower_bound=0)),
        )
    )
