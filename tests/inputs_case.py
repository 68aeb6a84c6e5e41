"""A small operator as CSV files: every input, nothing rejected. Tests write over what they are about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from billadjust.inputs import Source, load
from billadjust.schemas import INPUTS

if TYPE_CHECKING:
    from pathlib import Path

    from billadjust.inputs import Loaded

REQUIRED = {"accounts", "subscriptions", "tariffs"}

CLEAN = {
    "accounts": """account_id,name,language
A1,Ada Example,en
A2,Bea Example,es
""",
    "subscriptions": """subscription_id,valid_from,account_id,tariff_id,valid_to,tariff_version
S1,2026-01-01,A1,card,2026-03-01,
S1,2026-03-01,A1,card,,1
S2,2026-01-01,A2,flat,,
""",
    "tariffs": """tariff_id,version,effective_from,monthly_fee,internet_fee
card,1,2026-01-01,9.90,6.90
card,2,2026-06-01,8.30,6.90
flat,1,2026-01-01,20.00,20.00
""",
    "rates": """tariff_id,version,service,zone,band,from_unit,price,per,first_increment,increment
card,1,voice,es,night,0,0.05,60,60,1
card,1,voice,es,,0,0.10,60,60,1
card,1,voice,es,,600,0.08,60,60,1
card,2,voice,*,,0,0.10,60,60,1
flat,1,data,*,,0,0,1048576,1,1
""",
    "allowances": """tariff_id,version,service,zones,quantity
card,1,voice,es|fr,6000
card,1,voice,care,600
""",
    "zones": """prefix,zone
34,es
33,fr
""",
    "bands": """band,weekday,start_time,end_time
night,1,00:00,08:00
night,1,22:00,24:00
day,1,08:00,22:00
""",
    "invoices": """invoice_id,account_id,issue_date,period_start,period_end,currency,net_total,tax_total,gross_total
F1,A1,2026-02-01,2026-01-01,2026-02-01,EUR,12.90,2.71,15.61
F2,A2,2026-02-01,2026-01-01,2026-02-01,EUR,20.00,4.20,24.20
""",
    "invoice_lines": """invoice_id,line_no,kind,subscription_id,service,net_amount,tax_rate,period_start,period_end
F1,1,recurring,S1,,9.90,21,,
F1,2,usage,S1,voice,3.00,21,2026-01-05,2026-01-20
F2,1,recurring,S2,internet,20.00,21,,
""",
    "cdrs": """cdr_id,subscription_id,service,started_at,destination,quantity,charged,invoice_id
C1,S1,voice,2026-01-07T10:00:00+01:00,+34000000001,1800,3,F1
C2,S2,data,2026-01-08T10:00:00Z,,1048576,0,F2
""",
    "outages": """outage_id,service,started_at,ended_at
O1,data,2026-01-25T14:00,2026-01-25T15:05
""",
    "disputes": """dispute_id,account_id,invoice_id,line_no,cdr_id,opened_on,status
D1,A1,F1,2,C1,2026-02-03,open
""",
    "promises": """promise_id,account_id,subscription_id,item,price,valid_from,evidence
P1,A1,S1,handset,0,2026-01-01,invoice 7
""",
    "collections": """event_id,account_id,subscription_id,invoice_id,kind,happened_on
E1,A1,S1,F1,suspension,2026-02-20
""",
    "prior_credits": """credit_id,invoice_id,line_no,net_amount,granted_on
K1,F1,1,1.00,2026-02-10
""",
}


def sources(place: Path, **settings: Any) -> dict[str, Source]:  # noqa: ANN401 - fields of a source by input
    """A source for every input: `place/NAME.csv`, unless settings give another path or style."""
    given = {}
    for name in INPUTS:
        plain: Any = {"name": name, "path": str(place / f"{name}.csv"), "configured": name in settings}
        given[name] = Source(**(plain | settings.get(name, {})))
    return given


def read_few(place: Path, settings: Any = None, **tables: Any) -> Loaded:  # noqa: ANN401 - as in `read`
    """Like `read`, of the required inputs and the named ones only."""
    return read(place, settings, **(dict.fromkeys(CLEAN.keys() - REQUIRED) | tables))


def read(place: Path, settings: Any = None, **tables: Any) -> Loaded:  # noqa: ANN401 - see `sources`; text, bytes or None
    """Write the clean files, with these tables written over (None: left out), and load them."""
    for name, text in (CLEAN | tables).items():
        if text is not None:
            (place / f"{name}.csv").write_bytes(text.encode() if isinstance(text, str) else text)
    return load_from(place, sources(place, **(settings or {})))


def load_from(place: Path, given: dict[str, Source], **options: Any) -> Loaded:  # noqa: ANN401 - passed on to load
    """Load from sources, in euros and Madrid time, with a spool beside the files."""
    spool = place / "spool"
    spool.mkdir()
    usual: Any = {"currency": "EUR", "timezone": "Europe/Madrid", "spool": spool}
    return load(given, **(usual | options))


def without(name: str, *fragments: str) -> str:
    """The clean text of a table without the rows that contain one of the fragments."""
    lines = CLEAN[name].splitlines(keepends=True)
    return "".join(line for line in lines if not any(fragment in line for fragment in fragments))


def changed(name: str, *pairs: tuple[str, str]) -> str:
    """The clean text of a table with fragments replaced; each must be there."""
    text = CLEAN[name]
    for old, new in pairs:
        assert old in text, f"{old!r} is not in {name}"
        text = text.replace(old, new)
    return text


def rejections(loaded: Loaded, *inputs: str) -> list[tuple[Any, ...]]:
    """input, line, column, value, reason of what was rejected; of some inputs only, if they are named."""
    frame = loaded.rejected.filter(pl.col("input").is_in(inputs)) if inputs else loaded.rejected
    return frame.select("input", "line", "column", "value", "reason").rows()


def ids(frame: pl.LazyFrame, *columns: str) -> list[Any]:
    """The sorted values of a column, or of several as tuples."""
    rows = sorted(frame.select(columns).collect().rows())
    return [row[0] for row in rows] if len(columns) == 1 else rows
