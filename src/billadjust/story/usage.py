"""The CDRs that weigh most on a usage line, as a person reads them."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from billadjust.money import MICRO
from billadjust.story.translation import translated
from billadjust.story.voice import Grid, Sentence

if TYPE_CHECKING:
    from collections.abc import Iterator

    from billadjust.story.scene import Scene
    from billadjust.story.voice import Block, Voice

NONE: Final = "-"

SHOWN: Final = 5
"""So many CDRs of a line are shown."""

_MEGABYTE: Final = 1 << 20
_MINUTE: Final = 60


def told_usage(scene: Scene, line: dict[str, Any], voice: Voice) -> Iterator[Block]:
    """Show the CDRs of a line that were charged most above what they should have cost."""
    if scene.cdrs.is_empty() or line["kind"] != "usage":
        return
    own = scene.cdrs.filter(pl.col("invoice_id") == line["invoice_id"], pl.col("line_no") == line["line_no"])
    heavy = own.filter(pl.col("difference") > 0)
    unrated = own.filter(pl.col("unrated").is_not_null())
    if heavy.height:
        columns = ("when", "zone", "band", ">units", "rate", ">charged", ">should_be", ">difference")
        rows = tuple(_row(row, scene, voice) for row in heavy.head(SHOWN).to_dicts())
        heads = tuple(
            (">" if name[0] == ">" else "") + voice.texts[f"explain.column.{name.lstrip('>')}"] for name in columns
        )
        yield Grid(voice.say("heaviest", shown=len(rows), count=own.height), heads, rows)
    elif own.height:
        yield Sentence(voice.say("none_too_dear", count=own.height))
    if unrated.height:
        reason = translated("reason", str(unrated["unrated"][0]), voice.texts)
        yield Sentence(voice.say("unrated", count=unrated.height, reason=reason))


def _row(cdr: dict[str, Any], scene: Scene, voice: Voice) -> tuple[str, ...]:
    return (
        f"{cdr['started_at']:%Y-%m-%d %H:%M}",
        _where(cdr),
        cdr["band"] or NONE,
        _units(cdr["service"], cdr["units"], voice),
        _rate(cdr, scene, voice),
        *(_price(cdr[name], voice) for name in ("charged", "cost", "difference")),
    )


def _where(cdr: dict[str, Any]) -> str:
    return cdr["zone"] or cdr["destination"] or NONE


def _number(value: Decimal, voice: Voice, least: int = 0) -> str:
    """Write a number without needless zeros, with the language's decimal sign."""
    text = f"{value:f}"
    whole, _, part = text.partition(".")
    part = part.rstrip("0").ljust(least, "0")
    return f"{whole}{voice.texts['format.decimal']}{part}" if part else whole


def _price(micro: int, voice: Voice) -> str:
    return _number(Decimal(micro).scaleb(-6), voice, least=scale(voice))


def scale(voice: Voice) -> int:
    """Return how many decimals a price has at least."""
    return voice.digits


def _units(service: str, units: int, voice: Voice) -> str:
    """Write rounded units: 180 seconds are 3 min, 524,288,000 bytes 500 MB."""
    exact = Decimal(units) / MICRO
    if service == "voice":
        return f"{_number((exact / _MINUTE).quantize(Decimal('0.01')), voice)} min"
    if service == "data":
        return f"{_number((exact / _MEGABYTE).quantize(Decimal('0.01')), voice)} MB"
    return _number(exact, voice)


def _rate(cdr: dict[str, Any], scene: Scene, voice: Voice) -> str:
    """Write the price that a CDR should have had: 0.12/min, after what the allowance pays, or free."""
    tiers = _tiers(cdr, scene)
    if not tiers:
        return voice.say("rate.free")
    if cdr["cost"] == 0 and cdr["allowance_units"] == cdr["units"] > 0:
        return voice.say("rate.included")
    told = " · ".join(f"{_price(tier['price'], voice)}/{_per(cdr['service'], tier['per'], voice)}" for tier in tiers)
    if tiers[0]["connect_fee"]:
        told = f"{_price(tiers[0]['connect_fee'], voice)} + {told}"
    if cdr["allowance_units"]:
        included = _units(cdr["service"], cdr["allowance_units"], voice)
        told = voice.say("rate.partly_included", included=included, rate=told)
    return told


def _per(service: str, per: int, voice: Voice) -> str:
    units = per // MICRO
    if service == "voice" and units == _MINUTE:
        return "min"
    if service == "data" and units == _MEGABYTE:
        return "MB"
    return _number(Decimal(per) / MICRO, voice) + {"voice": " s", "data": " B"}.get(service, "")


def _tiers(cdr: dict[str, Any], scene: Scene) -> list[dict[str, Any]]:
    """Return the tiers of the rate that priced a CDR (§5.3); none if it is in a free zone or has no units."""
    if not cdr["units"]:
        return []
    same = [
        row
        for row in scene.rates
        if (row["tariff_id"], row["version"], row["service"]) == (cdr["tariff_id"], cdr["version"], cdr["service"])
    ]
    for zone, band in ((cdr["zone"], cdr["band"]), (cdr["zone"], None), ("*", cdr["band"]), ("*", None)):
        tiers = [row for row in same if (row["zone"], row["band"]) == (zone, band)]
        if tiers:
            return sorted(tiers, key=lambda row: row["from_unit"])
    return []
