"""Made-up usage and invoices: mostly right, often a little wrong, sometimes very wrong."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from reference import CONTRACT, IMPROVED, Policy, Rating
from reference.model import cycle, days
from world_catalogue import QUANTITIES, Shape, chance, dec
from world_tables import CENT, fill_invoices

if TYPE_CHECKING:
    from random import Random

    from reference import Row, World

MADRID: Final = ZoneInfo("Europe/Madrid")
DESTINATIONS: Final = (*["34911", "34600", "346", "3467", "44123", "900100"] * 4, None, "885", "7")


def rounded(amount: Fraction, step: Decimal = CENT) -> Decimal:
    """An exact amount as a decimal, half away from zero."""
    return (Decimal(amount.numerator) / Decimal(amount.denominator)).quantize(step, ROUND_HALF_UP)


def make_bills(rng: Random, shape: Shape, era: date, world: World) -> None:
    """Add CDRs, invoices and their lines to a world that has its catalogue."""
    for account in world["accounts"]:
        _add_invoices(rng, shape, era, world, account)
    subscriptions = {row["subscription_id"]: row["account_id"] for row in world["subscriptions"]}
    for subscription_id, account_id in subscriptions.items():
        invoices = [row for row in world["invoices"] if row["account_id"] == account_id]
        _add_cdrs(rng, shape, world, subscription_id, invoices)
    rating = Rating(world, Policy())
    _charge_cdrs(rng, world, rating)
    for invoice in world["invoices"]:
        _add_lines(rng, shape, rating, invoice)
    fill_invoices(world)
    _total_by_invoice(rng, world)


def _add_invoices(rng: Random, shape: Shape, era: date, world: World, account: Row) -> None:
    """One for each of some cycles, now and then two for the same."""
    start, end = cycle(account["bill_cycle_day"], era + timedelta(days=rng.choice((0, 20))))
    for _ in range(rng.randint(1, shape.cycles)):
        issued = rng.choice((end, end, end + timedelta(days=2), start))
        invoice_id = f"{account['account_id']}/{len(world['invoices'])}"
        world["invoices"].append(
            dict.fromkeys(("net_total", "tax_total", "gross_total"))
            | {
                "invoice_id": invoice_id,
                "account_id": account["account_id"],
                "issue_date": issued,
                "period_start": start,
                "period_end": end,
                "currency": "EUR",
                "paid_on": issued + timedelta(days=5) if chance(rng, 40) else None,
            }
        )
        if not chance(rng, 15):
            start, end = end, cycle(account["bill_cycle_day"], end)[1]


def _add_lines(rng: Random, shape: Shape, rating: Rating, invoice: Row) -> None:
    """The lines of one invoice, not always in a sensible order."""
    world = rating.world
    lines: list[Row] = []
    owners = {row["subscription_id"]: row["account_id"] for row in world["subscriptions"]}
    for subscription_id, account_id in owners.items():
        if account_id == invoice["account_id"]:
            lines += _fee_lines(rng, shape, rating, invoice, subscription_id)
            lines += _usage_lines(rng, shape, world, invoice, subscription_id)
            if shape.odd_lines:
                lines += _odd_lines(rng, invoice, subscription_id)
    if shape.stornos and chance(rng, 25):
        lines += _stornos(rng, world, invoice, lines)
    if chance(rng, 30):
        rng.shuffle(lines)
    gap = rng.choice((1, 1, 10))
    world["invoice_lines"] += [line | {"line_no": position * gap} for position, line in enumerate(lines, start=1)]


def _total_by_invoice(rng: Random, world: World) -> None:
    """Some invoices tax their total instead of their lines."""
    for invoice in world["invoices"]:
        lines = [line for line in world["invoice_lines"] if line["invoice_id"] == invoice["invoice_id"]]
        if chance(rng, 30):
            tax = sum((line["net_amount"] * line["tax_rate"] / 100 for line in lines), Decimal(0))
            invoice["tax_total"] = tax.quantize(CENT, ROUND_HALF_UP)
            invoice["gross_total"] = invoice["net_total"] + invoice["tax_total"]


def new_line(rng: Random, invoice: Row, kind: str, subscription_id: str | None, **columns: object) -> Row:
    """A line with every column, without its number."""
    return {
        "invoice_id": invoice["invoice_id"],
        "line_no": None,
        "kind": kind,
        "subscription_id": subscription_id,
        "service": None,
        "item": None,
        "description": f"{kind} line",
        "quantity": Decimal(1),
        "net_amount": Decimal("0.00"),
        "tax_rate": dec(rng, "21", "21", "21", "21", "21", "10", "0", "5.2"),
        "period_start": invoice["period_start"],
        "period_end": invoice["period_end"],
    } | columns


def _add_cdrs(rng: Random, shape: Shape, world: World, subscription_id: str, invoices: list[Row]) -> None:
    for invoice in invoices:
        for service in ("voice", "sms", "data"):
            for _ in range(rng.randint(0, shape.cdrs) if chance(rng, 60) else 0):
                started_at = _moment(rng, invoice["period_start"], invoice["period_end"])
                if world["cdrs"] and chance(rng, 8):
                    started_at = world["cdrs"][-1]["started_at"]
                destination = rng.choice(DESTINATIONS) if service != "data" or chance(rng, 10) else None
                zone = rng.choice(("national", "mobile", "abroad", "care")) if chance(rng, 30) else None
                if service == "voice" and destination is None and zone is None and chance(rng, 80):
                    destination = "34911"
                billed = rng.choice(
                    (*[invoice["invoice_id"]] * 8, None, "elsewhere", rng.choice(invoices)["invoice_id"])
                )
                world["cdrs"].append(
                    {
                        "cdr_id": f"C{len(world['cdrs']):03}",
                        "subscription_id": subscription_id,
                        "service": service,
                        "started_at": started_at,
                        "destination": destination,
                        "zone": zone,
                        "quantity": dec(rng, *QUANTITIES[service]),
                        "charged": None,
                        "invoice_id": billed,
                    }
                )


def _moment(rng: Random, start: date, end: date) -> datetime:
    """An instant in a period; often on a cycle's, day's or band's edge, or in the hour that the clock repeats or skips."""
    day = rng.choice((start, end - timedelta(days=1), start + timedelta(days=rng.randrange((end - start).days))))
    edges = [time(0), time(7, 59, 59), time(8), time(20), time(23, 59, 59), time(12), time(rng.randrange(24), 30)]
    changes = {date(2025, 10, 26), date(2026, 3, 29)} & set(days(start, end))
    if changes and chance(rng, 40):
        return datetime.combine(min(changes), time(0), UTC) + timedelta(
            minutes=rng.choice((-60, 0, 30, 59, 60, 90, 119, 120))
        )
    moment = datetime.combine(day, rng.choice(edges), MADRID).astimezone(UTC)
    return moment.astimezone(MADRID) if chance(rng, 20) else moment


def _charge_cdrs(rng: Random, world: World, rating: Rating) -> None:
    """Charge each CDR what it should cost, or something near it."""
    for cdr in world["cdrs"]:
        cost = rating.costs(rng.choice((CONTRACT, CONTRACT, CONTRACT, IMPROVED)))[cdr["cdr_id"]].cost
        exact = rounded(cost or Fraction(0), Decimal("0.000001"))
        wrong = exact + dec(rng, "0.05", "0.06", "-0.02", "1.5", "0.000001", "12")
        cdr["charged"] = exact if chance(rng, 75) else wrong


def _usage_lines(rng: Random, shape: Shape, world: World, invoice: Row, subscription_id: str) -> list[Row]:
    """A line for the CDRs of each service: their sum, or off by about the tolerance, or billed twice."""
    lines = []
    for service in ("voice", "sms", "data"):
        cdrs = [
            cdr
            for cdr in world["cdrs"]
            if (cdr["invoice_id"], cdr["subscription_id"], cdr["service"])
            == (invoice["invoice_id"], subscription_id, service)
        ]
        if not (cdrs and chance(rng, 90)) and not chance(rng, 4):
            continue
        total = sum((cdr["charged"] for cdr in cdrs), Decimal(0)).quantize(CENT, ROUND_HALF_UP)
        if shape.odd_lines and chance(rng, 12):
            total += dec(rng, "0.05", "-0.05", "0.06", "3.00")
        item = "pack" if chance(rng, 15) else None
        line = new_line(
            rng, invoice, "usage", subscription_id, service=service, item=item, net_amount=total.quantize(CENT)
        )
        lines += [line, dict(line)] if shape.odd_lines and chance(rng, 3) else [line]
    return lines


def _naive_fee(rating: Rating, line: Row, choice: str) -> Decimal:
    """What a fee line should cost if no other line billed the same days."""
    part = {None: "whole", "internet": "internet", "voice": "rest"}[line["service"]]
    fees = [
        rating.day_fee(line["subscription_id"], day, part, choice)
        for day in days(line["period_start"], line["period_end"])
    ]
    return rounded(sum((fee for fee in fees if fee is not None), Fraction(0)))


def _fee_lines(rng: Random, shape: Shape, rating: Rating, invoice: Row, subscription_id: str) -> list[Row]:
    """The fee, whole or in its parts; right, out of date, off by about the tolerance, or for another period."""
    services = rng.choice(((None,), (None,), (None,), ("internet", "voice"), ("internet",), (None, "internet"), ()))
    lines = []
    for service in services if shape.odd_lines else services[:1]:
        line = new_line(rng, invoice, "recurring", subscription_id, service=service)
        if shape.stornos and chance(rng, 15):
            shift = timedelta(days=rng.choice((-31, -10, 10)))
            line |= {"period_start": line["period_start"] + shift, "period_end": line["period_end"] + shift}
        if chance(rng, 10):
            line["period_end"] = line["period_start"] + timedelta(days=rng.choice((1, 10, 45)))
        right = _naive_fee(rating, line, rng.choice((CONTRACT, CONTRACT, CONTRACT, IMPROVED)))
        line["net_amount"] = max(
            Decimal("0.00"), right + dec(rng, "0", "0", "0", "0", "0.05", "0.06", "0.04", "-0.30", "-2", "5", "9.99")
        )
        lines.append(line)
        if shape.stornos and chance(rng, 5):
            lines.append(dict(line))
    return lines


def _odd_lines(rng: Random, invoice: Row, subscription_id: str) -> list[Row]:
    """Devices, fees for leaving, discounts, add-ons and lines that nobody can assess."""
    return [
        new_line(
            rng,
            invoice,
            kind,
            subscription_id if chance(rng, owned) else None,
            service=service,
            item=item,
        )
        | {"quantity": dec(rng, "1", "1", "2", "0.5"), "net_amount": Decimal(amount)}
        for percent, kind, owned, amount, service, item in (
            (12, "device", 50, "149.00", None, "phone"),
            (8, "one_off", 80, "10.00", None, "sim"),
            (6, "exit_fee", 100, "75.00", None, None),
            (4, "switch_fee", 100, "12.50", None, "sim"),
            (8, "discount", 90, "-3.00", None, None),
            (5, "recurring", 100, "2.99", None, "pack"),
            (3, "recurring", 100, "1.50", "sms", None),
            (2, "recurring", 0, "4.00", None, None),
            (2, "usage", 0, "0.50", "voice", None),
        )
        if chance(rng, percent)
    ]


def _stornos(rng: Random, world: World, invoice: Row, billed: list[Row]) -> list[Row]:
    """Give back fee lines of this or an earlier invoice, wholly or in part, and perhaps bill them again."""
    own = {row["invoice_id"] for row in world["invoices"] if row["account_id"] == invoice["account_id"]}
    fees = [line for line in world["invoice_lines"] + billed if line["invoice_id"] in own and line["net_amount"] > 0]
    fees = [line for line in fees if line["kind"] == "recurring" and line["item"] is None and line["subscription_id"]]
    lines: list[Row] = []
    for line in rng.sample(fees, min(len(fees), rng.randint(1, 2))):
        back = line | {"invoice_id": invoice["invoice_id"], "net_amount": -line["net_amount"]}
        if chance(rng, 30):
            back["net_amount"] = (back["net_amount"] / 2).quantize(CENT)
        if chance(rng, 30):
            back["period_start"] += timedelta(days=min(5, (back["period_end"] - back["period_start"]).days - 1))
        lines.append(back)
        if chance(rng, 60):
            lines.append(
                line
                | {
                    "invoice_id": invoice["invoice_id"],
                    "net_amount": line["net_amount"] + dec(rng, "0", "0", "-1", "1"),
                }
            )
            lines[-1]["net_amount"] = max(Decimal("0.01"), lines[-1]["net_amount"])
    return lines
