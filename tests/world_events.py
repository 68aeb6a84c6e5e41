"""Made-up outages, disputes, promises, prior credits and collections, on and beside their boundaries."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from reference.model import months_later
from world_bills import MADRID
from world_catalogue import REGIONS, Shape, chance, dec
from world_tables import tax_on

if TYPE_CHECKING:
    from random import Random

    from reference import Row, World


def make_events(rng: Random, shape: Shape, era: date, world: World) -> None:
    """Add what happens around the bills of a world."""
    _add_outages(rng, shape, era, world)
    _add_disputes(rng, shape, world)
    if shape.promises:
        _add_promises(rng, world)
    if shape.prior_credits:
        _add_prior_credits(rng, world)
    _add_collections(rng, world)


def _add_outages(rng: Random, shape: Shape, era: date, world: World) -> None:
    starts = [row["period_start"] for row in world["invoices"]] + [row["valid_from"] for row in world["subscriptions"]]
    starts = [day for day in starts if day >= era] + [era + timedelta(days=45), date(2025, 10, 26), date(2026, 3, 29)]
    for number in range(rng.randint(0, shape.outages)):
        if world["outages"] and chance(rng, 40):
            last = world["outages"][-1]
            began = (last["ended_at"] or last["started_at"]) + timedelta(minutes=rng.choice((-30, 0, 1, 500)))
        else:
            day = rng.choice(starts) + timedelta(days=rng.choice((-1, 0, 3)))
            wall = time(rng.choice((0, 1, 14, 23)), rng.choice((0, 30)))
            began = datetime.combine(day, wall, MADRID).astimezone(UTC)
        minutes = rng.choice((0, 30, 59, 60, 61, 65, 180, 1440, 4800, 20000))
        seconds = rng.choice((0, 0, -1, 1)) if minutes else 0
        ended = None if chance(rng, 8) else began + timedelta(minutes=minutes, seconds=seconds)
        world["outages"].append(
            {
                "outage_id": f"O{rng.choice('abc')}{number}",
                "service": rng.choice(("data", "data", "all", "voice")),
                "started_at": began,
                "ended_at": ended,
                "region": rng.choice(REGIONS),
                "cause": "a cable was cut",
            }
        )


def _add_disputes(rng: Random, shape: Shape, world: World) -> None:
    invoices = {row["invoice_id"]: row for row in world["invoices"]}
    for number in range(rng.randint(0, shape.disputes) if world["invoice_lines"] else 0):
        if world["disputes"] and chance(rng, 35):
            earlier = rng.choice(world["disputes"])
            about = {name: earlier[name] for name in ("invoice_id", "line_no", "cdr_id")}
            if chance(rng, 30):
                about |= {"line_no": None, "cdr_id": None}
            anchor = earlier["resolved_on"] or earlier["opened_on"]
            opened = max(
                invoices[about["invoice_id"]]["issue_date"], anchor + timedelta(days=rng.choice((-1, 0, 0, 1)))
            )
        else:
            about = _subject(rng, world)
            opened = invoices[about["invoice_id"]]["issue_date"] + timedelta(days=rng.choice((0, 1, 1, 10)))
        status = rng.choice(("open", "open", "explained", "explained", "accepted", "withdrawn"))
        resolved = None if status == "open" else opened + timedelta(days=rng.choice((0, 5, 20, 44, 45, 46, 60)))
        partial = _disputable(world, about) * dec(rng, "0.1", "0.5", "0.9", "1", "1.5")
        justified = partial * dec(rng, "0", "0.3", "1", "2")
        world["disputes"].append(
            {
                "dispute_id": f"D{rng.choice('abc')}{number}",
                "account_id": invoices[about["invoice_id"]]["account_id"],
                "invoice_id": about["invoice_id"],
                "line_no": about["line_no"],
                "cdr_id": about["cdr_id"],
                "gross_amount": partial.quantize(Decimal("0.01")) if chance(rng, 35) else None,
                "opened_on": opened,
                "status": status,
                "resolved_on": resolved,
                "justified_gross": justified.quantize(Decimal("0.01")) if chance(rng, 40) else None,
                "explanation": "the charge was agreed" if status == "explained" else None,
            }
        )


def _subject(rng: Random, world: World) -> Row:
    """A whole invoice, a line, or a CDR."""
    invoices = {row["invoice_id"] for row in world["invoices"]}
    cdrs = [cdr for cdr in world["cdrs"] if cdr["invoice_id"] in invoices]
    if cdrs and chance(rng, 35):
        cdr = rng.choice(cdrs)
        return {"invoice_id": cdr["invoice_id"], "line_no": None, "cdr_id": cdr["cdr_id"]}
    line = rng.choice(world["invoice_lines"])
    return {
        "invoice_id": line["invoice_id"],
        "line_no": None if chance(rng, 35) else line["line_no"],
        "cdr_id": None,
    }


def _disputable(world: World, about: Row) -> Decimal:
    """Roughly the gross of what is disputed, at least 1."""
    if about["cdr_id"] is not None:
        amounts = [cdr["charged"] for cdr in world["cdrs"] if cdr["cdr_id"] == about["cdr_id"]]
    else:
        amounts = [
            line["net_amount"] + tax_on(line["net_amount"], line["tax_rate"])
            for line in world["invoice_lines"]
            if line["invoice_id"] == about["invoice_id"] and about["line_no"] in (None, line["line_no"])
        ]
    return max(Decimal(1), sum(amounts, Decimal(0)))


def _add_promises(rng: Random, world: World) -> None:
    invoices = {row["invoice_id"]: row for row in world["invoices"]}
    items = [line for line in world["invoice_lines"] if line["item"] is not None]
    for number, line in enumerate(rng.choices(items, k=rng.randint(0, 4)) if items else []):
        start, end = line["period_start"], line["period_end"]
        began, ended = rng.choice(
            (
                (start, None),
                (start + timedelta(days=1), None),
                (end, None),
                (end - timedelta(days=1), None),
                (start - timedelta(days=30), start),
                (start - timedelta(days=30), start + timedelta(days=1)),
                (start - timedelta(days=700), months_later(start, -12)),
                (start - timedelta(days=700), months_later(start, -12) - timedelta(days=1)),
            )
        )
        price = rng.choice((Decimal(0), line["net_amount"] / 2, line["net_amount"], dec(rng, "0.333333", "7.5")))
        world["promises"].append(
            {
                "promise_id": f"P{number}",
                "account_id": invoices[line["invoice_id"]]["account_id"],
                "subscription_id": line["subscription_id"] if chance(rng, 50) else None,
                "item": line["item"],
                "price": abs(price).quantize(Decimal("0.000001")),
                "valid_from": began,
                "valid_to": ended,
                "evidence": f"letter {number}",
            }
        )


def _add_prior_credits(rng: Random, world: World) -> None:
    issued = {row["invoice_id"]: row["issue_date"] for row in world["invoices"]}
    lines = [line for line in world["invoice_lines"] if line["net_amount"] > 0]
    for number, line in enumerate(rng.choices(lines, k=rng.choice((0, 0, 1, 2))) if lines else []):
        amount = line["net_amount"] * dec(rng, "0.1", "0.5", "1")
        world["prior_credits"].append(
            {
                "credit_id": f"K{number}",
                "invoice_id": line["invoice_id"],
                "line_no": line["line_no"],
                "net_amount": max(Decimal("0.01"), amount.quantize(Decimal("0.01"))),
                "granted_on": issued[line["invoice_id"]] + timedelta(days=rng.choice((0, 3, 30, 50))),
            }
        )


def _add_collections(rng: Random, world: World) -> None:
    for number, invoice in enumerate(rng.choices(world["invoices"], k=rng.randint(0, 3))):
        owners = {row["subscription_id"]: row["account_id"] for row in world["subscriptions"]}
        own = sorted(subscription for subscription, account in owners.items() if account == invoice["account_id"])
        world["collections"].append(
            {
                "event_id": f"E{number}",
                "account_id": invoice["account_id"],
                "subscription_id": rng.choice([None, *own]),
                "invoice_id": invoice["invoice_id"],
                "kind": rng.choice(("reminder", "suspension", "reconnection", "debtor_listing", "debtor_delisting")),
                "happened_on": invoice["issue_date"] + timedelta(days=rng.choice((5, 20, 40))),
            }
        )
