"""Made-up customers, tariffs, prices and lines, small and near their boundaries."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from world_tables import complete

if TYPE_CHECKING:
    from random import Random

    from reference import Row, World

ERAS: Final = (date(2025, 9, 1), date(2026, 2, 1))
"""First days of four months; in the second month of each the clock changes."""
REGIONS: Final = (None, "north", "south")
ZONES: Final = {"34": "national", "346": "mobile", "3460": "national", "44": "abroad", "900": "care", "88": "nowhere"}
BANDS: Final = {
    "night": (0, 8 * 3600, range(1, 8)),
    "day": (8 * 3600, 20 * 3600, range(1, 6)),
    "late": (20 * 3600, 86400, (5, 6)),
}
QUANTITIES: Final = {
    "voice": ("0", "1", "29", "30", "31", "59", "60", "61", "90", "119.5", "120", "600"),
    "sms": ("0", "1", "2", "10", "99"),
    "data": ("0", "1", "1023", "1024", "1025", "2048", "100000"),
}
PER: Final = {"voice": (60, 1), "sms": (1,), "data": (1024, 1_048_576, 1000)}
STEPS: Final = {"voice": (1, 10, 30, 60), "sms": (1,), "data": (1, 1024, 2048)}
TIERS: Final = {"voice": (60, 90), "sms": (5, 10), "data": (2048, 5000)}


@dataclass(frozen=True)
class Shape:
    """How much of everything a world has; smaller is simpler."""

    accounts: int = 2
    subscriptions: int = 2
    tariffs: int = 2
    versions: int = 3
    cycles: int = 3
    cdrs: int = 3
    outages: int = 4
    disputes: int = 4
    bands: bool = True
    tiers: bool = True
    allowances: bool = True
    row_changes: bool = True
    odd_lines: bool = True
    stornos: bool = True
    promises: bool = True
    prior_credits: bool = True


def chance(rng: Random, percent: int) -> bool:
    """Whether something happens that happens this often."""
    return rng.randrange(100) < percent


def dec(rng: Random, *values: str) -> Decimal:
    """One of these numbers."""
    return Decimal(rng.choice(values))


def make_catalogue(rng: Random, shape: Shape) -> tuple[date, World]:
    """Return the era's first day, and a world with accounts, tariffs and subscriptions and nothing else."""
    era = rng.choice(ERAS)
    tariffs: list[Row] = []
    rates: list[Row] = []
    allowances: list[Row] = []
    for number in range(shape.tariffs):
        _add_tariff(rng, shape, era, f"T{number}", (tariffs, rates, allowances))
    accounts = [_account(rng, era, number) for number in range(shape.accounts)]
    subscriptions = [
        row
        for account in accounts
        for number in range(rng.randint(1, shape.subscriptions))
        for row in _subscription(
            rng,
            shape,
            era,
            {"account_id": account["account_id"], "subscription_id": f"{account['account_id']}-{number}"},
            tariffs,
        )
    ]
    bands = [
        {"band": band, "weekday": weekday, "start_time": start, "end_time": end}
        for band, (start, end, weekdays) in BANDS.items()
        for weekday in weekdays
    ]
    return era, complete(
        accounts=accounts,
        subscriptions=subscriptions,
        tariffs=tariffs,
        rates=rates,
        allowances=allowances,
        zones=[{"prefix": prefix, "zone": zone} for prefix, zone in ZONES.items()],
        bands=bands if shape.bands else [],
    )


def _account(rng: Random, era: date, number: int) -> Row:
    closed = era + timedelta(days=rng.randint(60, 130)) if chance(rng, 10) else None
    return {
        "account_id": f"A{number}",
        "name": f"Customer {number}",
        "email": f"customer{number}@example.org",
        "language": rng.choice(("es", "en")),
        "bill_cycle_day": rng.choice((1, 1, 15, 16, 26, 28)),
        "closed_on": closed,
    }


def _subscription(rng: Random, shape: Shape, era: date, identity: Row, tariffs: list[Row]) -> list[Row]:
    """One to three rows, with and without gaps, some provisioned, some ended."""
    rows: list[Row] = []
    start = era - timedelta(days=rng.choice((400, 400, 40, 0, -10)))
    count = rng.choice((1, 1, 2, 3)) if shape.row_changes else 1
    tariff_ids = sorted({row["tariff_id"] for row in tariffs})
    for position in range(count):
        tariff_id = rows[-1]["tariff_id"] if rows and chance(rng, 40) else rng.choice(tariff_ids)
        versions = [row["version"] for row in tariffs if row["tariff_id"] == tariff_id]
        last = position == count - 1
        length = rng.choice((20, 31, 45, 60)) + max(0, (era - start).days)
        end = None if last and chance(rng, 80) else start + timedelta(days=length)
        rows.append(
            identity
            | {
                "valid_from": start,
                "tariff_id": tariff_id,
                "valid_to": end,
                "tariff_version": rng.choice(versions) if chance(rng, 40) else None,
                "region": rng.choice(REGIONS),
            }
        )
        if end is not None:
            start = end + timedelta(days=rng.choice((0, 0, 0, 1, 12)))
    return rows


Tables = tuple[list["Row"], list["Row"], list["Row"]]
Plan = dict[str, Any]


def _add_tariff(rng: Random, shape: Shape, era: date, tariff_id: str, tables: Tables) -> None:
    """Add a tariff with its versions: each is its predecessor with a change for the better, the worse, or both."""
    count = rng.choice((1, *[shape.versions] * 3, rng.randint(1, shape.versions)))
    numbers = list(range(1, count + 1))
    if chance(rng, 15):
        rng.shuffle(numbers)
    first = era - timedelta(days=500 if chance(rng, 90) else rng.randint(-40, 30))
    later = sorted(rng.sample(range(-5, 60), count - 1))
    plan = _first_plan(rng, shape)
    for number, offset in zip(numbers, [None, *later], strict=True):
        effective = first if offset is None else max(first, era) + timedelta(days=6 + offset)
        key = {"tariff_id": tariff_id, "version": number}
        tables[0].append(
            key
            | plan["fees"]
            | {"effective_from": effective, "open_for_sale": chance(rng, 80), "name": f"Tariff {tariff_id}"}
        )
        tables[1].extend(key | rate for tiers in plan["rates"].values() for rate in tiers)
        tables[2].extend(key | allowance for allowance in plan["allowances"])
        plan = _next_plan(rng, shape, plan)


def _first_plan(rng: Random, shape: Shape) -> Plan:
    monthly = dec(rng, "9.90", "8.30", "0.75", "31", "20.5", "6.666667")
    internet = rng.choice((Decimal(0), monthly, monthly * Decimal("0.5").quantize(Decimal("0.1"))))
    rates = {}
    for service in ("voice", "sms", "data"):
        zones = {"voice": ("national", "mobile", "*"), "sms": ("national", "*"), "data": ("data", "*")}[service]
        for zone in zones:
            bands = [None, "night", "late"] if shape.bands else [None]
            for band in rng.sample(bands, rng.choice((1, 1, 2)) if shape.bands else 1):
                if chance(rng, 88):
                    rates[service, zone, band] = _tiers(rng, shape, service, zone, band)
    plan: Plan = {
        "fees": {"monthly_fee": monthly, "internet_fee": internet.quantize(Decimal("0.000001"))},
        "rates": rates,
    }
    plan["allowances"] = [_allowance(rng, service) for service in ("voice", "sms", "data") if chance(rng, 50)]
    if not shape.allowances:
        plan["allowances"] = []
    return plan


def _allowance(rng: Random, service: str) -> Row:
    zones = rng.choice(
        {"voice": ("*", "national", "national|mobile"), "sms": ("*", "national"), "data": ("*", "data")}[service]
    )
    return {"service": service, "zones": zones, "quantity": dec(rng, "1", "60", "100", "2048", "119.5")}


def _tiers(rng: Random, shape: Shape, service: str, zone: str, band: str | None) -> list[Row]:
    starts = [0]
    if shape.tiers and chance(rng, 30):
        starts += sorted(rng.sample(TIERS[service], rng.randint(1, 2)))
    return [
        {
            "service": service,
            "zone": zone,
            "band": band,
            "from_unit": start,
            "connect_fee": dec(rng, "0", "0", "0.10", "0.033333"),
            "price": dec(rng, "0", "0.10", "0.05", "0.0035", "0.123457", "1"),
            "per": rng.choice(PER[service]),
            "first_increment": rng.choice(STEPS[service]),
            "increment": rng.choice(STEPS[service]),
            "minimum_charge": dec(rng, "0", "0", "0.01", "0.15"),
        }
        for start in starts
    ]


def _next_plan(rng: Random, shape: Shape, plan: Plan) -> Plan:
    """A copy with none, one or two changes; most are for the better."""
    following: Plan = {
        "shape": shape,
        "fees": dict(plan["fees"]),
        "rates": {key: [dict(tier) for tier in tiers] for key, tiers in plan["rates"].items()},
        "allowances": [dict(row) for row in plan["allowances"]],
    }
    for _ in range(rng.choice((0, 1, 1, 1, 1, 2))):
        changes = [_change_fees] * 5
        if shape.allowances:
            changes += [_change_quantity, _change_allowances]
        if following["rates"]:
            changes += [_change_amount, _change_increments, _change_rates]
        rng.choice(changes)(rng, following, chance(rng, 80))
    return following


def _scaled(amount: Decimal, *, better: bool) -> Decimal:
    return (amount * Decimal("0.9" if better else "1.1")).quantize(Decimal("0.000001"))


def _change_fees(rng: Random, plan: Plan, better: bool) -> None:
    """Both fees, or only that for Internet access."""
    names = rng.choice(
        (
            ("monthly_fee", "internet_fee"),
            ("monthly_fee", "internet_fee"),
            ("monthly_fee", "internet_fee"),
            ("internet_fee",),
        )
    )
    for name in names:
        plan["fees"][name] = _scaled(plan["fees"][name], better=better)
    plan["fees"]["internet_fee"] = min(plan["fees"]["internet_fee"], plan["fees"]["monthly_fee"])


def _some_tier(rng: Random, plan: Plan) -> Row:
    tier: Row = rng.choice(rng.choice(list(plan["rates"].values())))
    return tier


def _change_amount(rng: Random, plan: Plan, better: bool) -> None:
    tier = _some_tier(rng, plan)
    name = rng.choice(("price", "price", "connect_fee", "minimum_charge"))
    tier[name] = _scaled(tier[name], better=better)


def _change_increments(rng: Random, plan: Plan, better: bool) -> None:
    tier = _some_tier(rng, plan)
    tier["increment"] = 1 if better else tier["increment"] * 2
    if chance(rng, 50):
        tier["first_increment"] = 1 if better else tier["first_increment"] + 1


def _change_rates(rng: Random, plan: Plan, better: bool) -> None:
    """Price one more zone, or one less."""
    service, zone, band = rng.choice(list(plan["rates"]))
    if better:
        plan["rates"].setdefault((service, "abroad", band), _tiers(rng, plan["shape"], service, "abroad", band))
    else:
        del plan["rates"][service, zone, band]


def _change_quantity(rng: Random, plan: Plan, better: bool) -> None:
    if plan["allowances"]:
        row = rng.choice(plan["allowances"])
        row["quantity"] = max(Decimal(1), row["quantity"] + (10 if better else -10))


def _change_allowances(rng: Random, plan: Plan, better: bool) -> None:
    """One allowance more, or one less."""
    missing = {"voice", "sms", "data"} - {row["service"] for row in plan["allowances"]}
    if missing and better:
        plan["allowances"].append(_allowance(rng, min(missing)))
    elif plan["allowances"]:
        plan["allowances"].pop()
