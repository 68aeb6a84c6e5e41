"""Telling a scene: what was charged, what should have been, why, what was posted, and what is still open."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import polars as pl

from billadjust.rules import RULES
from billadjust.story.translation import translated
from billadjust.story.usage import told_usage
from billadjust.story.voice import Grid, Heading, Sentence, Voice

if TYPE_CHECKING:
    from collections.abc import Iterator

    from billadjust.phrasebook import Texts
    from billadjust.story.scene import Scene
    from billadjust.story.voice import Block

_ORDER = {rule.__name__: place for place, rule in enumerate(RULES)}


def tell(scene: Scene, texts: Texts) -> list[Block]:
    """Tell a scene in a language: what is about the subject as a whole, each matter, and what is still open."""
    voice = Voice(texts, scene.currency, scene.digits)
    blocks: list[Block] = [*_opening(scene, voice)]
    for heading, lines, entries in _matters(scene, voice):
        blocks += [Heading(heading), *_charged(scene, lines, voice), *_posted(scene, entries, voice)]
    return [*blocks, *_closing(scene, voice)]


def _opening(scene: Scene, voice: Voice) -> Iterator[Block]:
    """Say what the story is about, and how much of it could be read."""
    subject = scene.subject
    yield Heading(voice.say(f"title.{subject.kind}", name=subject.name), level=1)
    who = scene.account or {}
    key = "named" if who.get("name") else "nameless"
    yield Sentence(voice.say(f"customer.{key}", account_id=subject.account_id, name=who.get("name")))
    yield Sentence(voice.say("as_of", as_of=scene.as_of))
    if not scene.is_read:
        yield Sentence(voice.say("ledger_alone"))
    elif not who:
        yield Sentence(voice.say("account_gone"))
    for what in scene.unread:
        yield Sentence(voice.say("unread", what=what))
    if subject.kind == "invoice":
        yield from _invoice(scene, voice)
    if scene.entries.is_empty():
        yield Sentence(voice.say("nothing_posted"))
        return
    yield Sentence(voice.say("total", **_sums(scene.entries)))


def _invoice(scene: Scene, voice: Voice) -> Iterator[Block]:
    invoice = scene.invoices.get(scene.subject.name)
    if invoice is None:
        if scene.is_read:
            yield Sentence(voice.say("invoice_gone"))
        return
    yield Sentence(
        voice.say(
            "invoice",
            issue_date=invoice["issue_date"],
            first_day=invoice["period_start"],
            last_day=max(invoice["period_start"], invoice["period_end"] - timedelta(days=1)),
            net=invoice["net_total"],
            tax=invoice["tax_total"],
            gross=invoice["gross_total"],
        )
    )
    paid = "paid" if invoice["paid_on"] else "unpaid"
    yield Sentence(voice.say(f"invoice_is.{paid}", paid_on=invoice["paid_on"]))


def _matters(scene: Scene, voice: Voice) -> Iterator[tuple[str, list[dict[str, Any]], pl.DataFrame]]:
    """Return what is told one by one: an invoice line, an outage, or the best price of a bill, each with its entries."""
    entries = scene.entries.with_columns(
        place=pl.when(pl.col("line_no").is_null()).then("claim"),
        order=pl.col("rule").replace_strict(_ORDER, default=len(_ORDER), return_dtype=pl.Int64),
    )
    lines = {(row["invoice_id"], row["line_no"]): row for row in scene.lines.to_dicts()}
    keys = entries.select("invoice_id", "line_no", "place", "order").unique(["invoice_id", "line_no", "place"])
    order: list[tuple[Any, ...]] = [(*row[:3], row[3]) for row in keys.rows()]
    posted = {(row[0], row[1]) for row in order}
    order += [(*key, None, 0) for key in lines if key not in posted]
    for invoice_id, line_no, place, _ in sorted(order, key=lambda row: (*_last(row[:2]), row[3], str(row[2]))):
        own = entries.filter(
            pl.col("invoice_id").eq_missing(pl.lit(invoice_id)),
            pl.col("line_no").eq_missing(pl.lit(line_no, pl.Int64)),
            pl.col("place").eq_missing(pl.lit(place, pl.String)),
        ).sort("run_id", "order", "bucket", "entry_id")
        line = lines.get((invoice_id, line_no))
        yield _heading(own, line, invoice_id, line_no, voice), [line] if line else [], own


def _last(place: tuple[str | None, int | None]) -> tuple[bool, str, bool, int]:
    """Order places: line by line, and what has no line last."""
    invoice_id, line_no = place
    return (invoice_id is None, invoice_id or "", line_no is None, line_no or 0)


def _heading(
    own: pl.DataFrame, line: dict[str, Any] | None, invoice_id: str | None, line_no: int | None, voice: Voice
) -> str:
    if line_no is not None:
        what = _what(line, voice) if line else ""
        key = "described" if what else "line"
        return voice.say(f"heading.{key}", invoice_id=invoice_id, number=line_no, what=what)
    first = own.row(0, named=True)
    figures = json.loads(first["evidence"])
    key = first["rule"] if f"explain.heading.{first['rule']}" in voice.texts else "other"
    return voice.say(
        f"heading.{key}",
        invoice_id=invoice_id,
        line=first["subscription_id"],
        source=first["source_ref"],
        started_at=figures.get("started_at"),
    )


def _what(line: dict[str, Any], voice: Voice) -> str:
    """Return what a line bills: its description as printed, else its kind, and for which line."""
    named = line["description"] or voice.word("kind_of_line", line["kind"])
    return f"{named}, {line['subscription_id']}" if line["subscription_id"] else str(named)


def _charged(scene: Scene, lines: list[dict[str, Any]], voice: Voice) -> Iterator[Block]:
    """Say what a line charged, what it should have cost and by which version, and which CDRs weigh most."""
    for line in lines:
        yield Sentence(voice.say("charged", charged=line["charged"]))
        if line["assessed"]:
            yield from _due(scene, line, voice)
        elif line["not_assessed"]:
            reason = translated("reason", line["not_assessed"], voice.texts)
            yield Sentence(voice.say("not_assessed", reason=reason))
        yield from told_usage(scene, line, voice)


def _due(scene: Scene, line: dict[str, Any], voice: Voice) -> Iterator[Block]:
    """Say what a line should have cost: by the contract, and by the better version if there is one."""
    charged, contract, improved = line["charged"], line["contract"], line["improved"]
    if charged == improved < contract:
        yield from _price("right", "improved", scene, line, voice)
        return
    too_little = "undercharged" if charged < min(contract, improved) else "contract"
    yield from _price("right" if charged == contract else too_little, "contract", scene, line, voice)
    if improved < contract:
        yield from _price("improved", "improved", scene, line, voice)


def _price(key: str, choice: str, scene: Scene, line: dict[str, Any], voice: Voice) -> Iterator[Block]:
    """Say what a line costs under a version choice, and how that adds up."""
    versions = _versions(scene, line[f"{choice}_versions"], voice)
    yield Sentence(voice.say(f"due.{key}", contract=line["contract"], improved=line["improved"], versions=versions))
    if line["billed_before"] is not None:
        yield Sentence(voice.say("due.again", before=line["billed_before"]))
    elif " " in (line[f"{choice}_fees"] or ""):
        yield Sentence(voice.say("due.fees", fees=line[f"{choice}_fees"]))


def _versions(scene: Scene, versions: str | None, voice: Voice) -> str:
    """Name tariff versions such as "net/1, net/2", with the days from which they are in force."""
    told = []
    for version in (versions or "").split(", "):
        tariff_id, _, number = version.rpartition("/")
        row = scene.tariffs.get((tariff_id, int(number))) if number.isdigit() else None
        if row is None:
            told.append(version)
            continue
        name = f"{row['name']} ({tariff_id})" if row["name"] else tariff_id
        told.append(voice.say("version", tariff=name, number=number, effective_from=row["effective_from"]))
    return voice.listed(told)


def _posted(scene: Scene, entries: pl.DataFrame, voice: Voice) -> Iterator[Block]:
    """Show what was posted when, explain it, and say what it rests on."""
    if entries.is_empty():
        if scene.subject.kind != "invoice":
            yield Sentence(voice.say("nothing_posted"))
        return
    columns = [
        [str(day) for day in entries["as_of"]],
        [voice.word("rule", name) for name in entries["rule"]],
        [voice.word("entry", kind) for kind in entries["kind"]],
        *(_signed(voice.column(f"{{{name}}}", entries), entries[name], voice) for name in ("net", "tax", "gross")),
        _how(entries, voice),
    ]
    names = ("date", "rule", "entry", ">net", ">tax", ">gross", "how")
    heads = tuple(_head(name, voice) for name in names)
    yield Grid(voice.say("posted"), heads, tuple(zip(*columns, strict=True)))
    asked = entries.filter(pl.col("entry_id") == scene.subject.name) if scene.subject.kind == "entry" else entries
    for row in asked.select("rule", "explanation", "policy_ref").unique(maintain_order=True).to_dicts():
        clauses = dict.fromkeys(filter(None, (scene.clauses.get(row["rule"]), row["policy_ref"])))
        clause = "; ".join(translated("clause", each, voice.texts) for each in clauses)
        yield Sentence(voice.say("why", said=row["explanation"], clause=clause))
    yield from _provisional(entries, voice)


def _head(name: str, voice: Voice) -> str:
    mark = ">" if name.startswith(">") else ""
    return mark + voice.texts[f"explain.column.{name.removeprefix('>')}"]


def _signed(cells: list[str], amounts: pl.Series, voice: Voice) -> list[str]:
    """Put a minus before what was taken back: texts write amounts without a sign."""
    return [
        f"{voice.texts['explain.minus']}{cell}" if amount < 0 else cell
        for cell, amount in zip(cells, amounts, strict=True)
    ]


def _how(entries: pl.DataFrame, voice: Voice) -> list[str]:
    """Say by which way each entry reaches the customer."""
    return [
        voice.say(f"how.{row['settlement']}", bill_period=row["bill_period"])
        for row in entries.select("settlement", "bill_period").to_dicts()
    ]


def _provisional(entries: pl.DataFrame, voice: Voice) -> Iterator[Block]:
    """Say what may still be taken back, and until when."""
    still = (
        entries.filter(pl.col("bucket") == "provisional")
        .group_by("claim", maintain_order=True)
        .agg(pl.col("gross").sum(), pl.col("deadline").last())
        .filter(pl.col("gross") > 0)
    )
    for row in still.to_dicts():
        yield Sentence(voice.say("provisional", gross=row["gross"], deadline=row["deadline"]))


def _closing(scene: Scene, voice: Voice) -> Iterator[Block]:
    """Say what collections must leave alone or undo, and whether anything is still open."""
    theirs = {scene.subject.name} if scene.subject.kind == "invoice" else set(scene.entries["invoice_id"].drop_nulls())
    everything = scene.subject.kind == "account"
    held = [row for row in scene.holds if everything or row["invoice_id"] in theirs]
    ordered = [row for row in scene.orders if everything or row["invoice_id"] in theirs]
    is_open = scene.entries.filter(pl.col("bucket") == "provisional")["gross"].sum() > 0
    if not (held or ordered or scene.entries.height):
        return
    yield Heading(voice.say("open"))
    for row in held:
        until = "until" if row["until"] else "open"
        yield Sentence(
            voice.say(
                f"hold.{until}",
                dispute=row["dispute_id"],
                invoice_id=row["invoice_id"],
                gross=row["amount_gross"],
                opened_on=row["since"],
                deadline=row["until"],
            )
        )
    for row in ordered:
        yield Sentence(voice.say(f"order.{row['order']}", invoice_id=row["invoice_id"], gross=row["left_gross"]))
    if not is_open:
        has_some = scene.entries["gross"].sum() > 0
        yield Sentence(voice.say("nothing_provisional" if has_some else "nothing_left"))


def _sums(entries: pl.DataFrame) -> dict[str, int]:
    return {name: int(entries[name].sum()) for name in ("net", "tax", "gross")}
