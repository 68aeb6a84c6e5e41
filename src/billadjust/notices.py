"""Letters: one for each account with entries in a run, in the account's language (§9)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import polars as pl

from billadjust.announcements import SORRY_CASES
from billadjust.figures import fill, found, plain
from billadjust.phrasebook import DEFAULT_LANGUAGE, packaged
from billadjust.phrases import phrase
from billadjust.rules import RULES
from billadjust.wording import told

if TYPE_CHECKING:
    from collections.abc import Mapping

    from billadjust.phrasebook import Phrasebook, Texts

COLUMNS: Final = ("account_id", "name", "email", "language", "subject", "body", "gross")

BATCH: Final = 50_000
"""Letters are written for so many accounts at once, so that only the letters themselves fill the memory."""

_NEEDED: Final = (
    "entry_id",
    "rule",
    "claim",
    "bucket",
    "kind",
    "settlement",
    "account_id",
    "subscription_id",
    "invoice_id",
    "line_no",
    "bill_period",
    "deadline",
    "currency",
    "net",
    "tax",
    "gross",
    "evidence",
)
_PARAGRAPH: Final = "\n\n"
_SORRY_RULES: Final = ("billing_error", "promised_price", "no_lock_in", "outage_credit")
_SORRY_STANDINGS: Final = ("accepted", "explained", "waived", "explained_late", "posted")
_SITUATION: Final = ["language", "rule", "case", "standing", "how", "rest_case"]
_ENVELOPE: Final = ["language", "outcome", "direction", "is_sorry", "is_named"]
_ORDER: Final = ["account_id", "invoice_id", "line_no", "falls", "place", "entry_id"]
"""Of the paragraphs of a letter: line by line, and on a line what is given before what is taken."""
_ABOUT: Final = ("subscription_id", "invoice_id")
_PLACES: Final = {rule.__name__: place for place, rule in enumerate(RULES)}


def notices(
    entries: pl.DataFrame,
    recipients: pl.DataFrame,
    digits: int,
    phrasebook: Phrasebook | None = None,
    announced: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Write a letter to each account with entries: account_id, name, email, language, subject, body, gross.

    `entries`: schemas.Entries; `recipients`: account_id, name, email and language of at least these accounts (others are
    left out; an account that is not there gets a letter in Spanish without its name). `announced`: what their letters
    also tell, as of `announcements`. `gross` (minor units) is the sum of the account's entries. In the order of
    account_id.
    """
    book = packaged() if phrasebook is None else phrasebook
    accounts = (
        entries.select(pl.col("account_id").unique())
        .join(recipients.select("account_id", "name", "email", "language"), on="account_id", how="left")
        .with_columns(plain(pl.col("name", "email")), pl.col("language").fill_null(DEFAULT_LANGUAGE))
        .with_columns(pl.when(pl.col("name") != "").then("name").alias("name"))
        .sort("account_id")
        .with_columns(is_named=pl.col("name").is_not_null())
        .with_row_index("batch")
        .with_columns(pl.col("batch") // BATCH)
    )
    needed = entries.select(_NEEDED).join(accounts.select("account_id", "language", "batch"), on="account_id")
    batches = needed.partition_by("batch", as_dict=True, include_key=False)
    parts = accounts.partition_by("batch", as_dict=True, include_key=False)
    written = [
        _letters(part, batches[batch], _announced(part, announced), digits, book) for batch, part in parts.items()
    ]
    return pl.concat([_empty(), *written])


def _empty() -> pl.DataFrame:
    return pl.DataFrame(schema={name: pl.Int64() if name == "gross" else pl.String() for name in COLUMNS})


def _announced(accounts: pl.DataFrame, announced: pl.DataFrame | None) -> pl.DataFrame:
    """Return what is announced to these accounts, with their language."""
    languages = accounts.select("account_id", "language")
    if announced is None:
        return languages.clear().with_columns(case=pl.lit(None, pl.String))
    return announced.join(languages, on="account_id")


def _letters(
    accounts: pl.DataFrame, entries: pl.DataFrame, announced: pl.DataFrame, digits: int, book: Phrasebook
) -> pl.DataFrame:
    """Write the letters of some accounts."""
    matters = _matters(entries)
    told_matters = [
        part.select(*_ORDER, paragraph=_paragraph(book[key[0]], dict(zip(_SITUATION, key, strict=True)), digits))
        for key, part in matters.partition_by(_SITUATION, as_dict=True).items()
    ]
    # They come last: what they are about is no line of an invoice.
    told_matters += [
        part.select(
            "account_id",
            entry_id=phrase("{}|{}|{}", pl.lit(key[1]), *(pl.col(name).fill_null("") for name in _ABOUT)),
            paragraph=fill(book[str(key[0])][f"letters.orders.{key[1]}"], book[str(key[0])], digits),
        )
        for key, part in announced.partition_by("language", "case", as_dict=True).items()
    ]
    bodies = (
        pl.concat(told_matters, how="diagonal")
        .sort(_ORDER, nulls_last=True)
        .group_by("account_id", maintain_order=True)
        .agg(pl.col("paragraph").str.join(_PARAGRAPH))
    )
    undone = announced.filter(pl.col("case").is_in(SORRY_CASES)).select("account_id", was_wronged=True).unique()
    envelopes = (
        accounts.join(_outcomes(entries, matters), on="account_id")
        .join(bodies, on="account_id")
        .join(undone, on="account_id", how="left")
        .with_columns(is_sorry=pl.col("is_sorry") | pl.col("was_wronged").fill_null(value=False))
    )
    written = [
        part.with_columns(**_written(book[key[0]], dict(zip(_ENVELOPE, key, strict=True)), digits))
        for key, part in envelopes.partition_by(_ENVELOPE, as_dict=True).items()
    ]
    return pl.concat(written).sort("account_id").select(*COLUMNS[:-1], gross="total")


def _matters(entries: pl.DataFrame) -> pl.DataFrame:
    """Return what a letter tells one by one: the entries, but a provisional credit that becomes final is one matter.

    `case` is provisional, final, reversal, reclassification or undo; `returned` what was provisional before (null:
    nothing), and `rest` what of that did not become final.
    """
    to_final = (pl.col("bucket") == "final") & (pl.col("net") > 0)
    ended = entries.filter((pl.col("bucket") == "provisional") & (pl.col("net") < 0) & (pl.col("kind") != "undo"))
    final = entries.filter(to_final).select("claim")
    fallen = ended.select("claim", returned=-pl.col("gross"), fall="kind")
    alone = entries.join(ended.join(final, on="claim", how="semi").select("entry_id"), on="entry_id", how="anti")
    case = (
        pl.when(pl.col("kind") == "undo")
        .then(pl.lit("undo"))
        .when((pl.col("net") < 0) & (pl.col("kind") == "reclassification"))
        .then(pl.lit("reclassification"))
        .when(pl.col("net") < 0)
        .then(pl.lit("reversal"))
        .otherwise("bucket")
    )
    is_kept = pl.col("returned").is_not_null()
    how = (
        pl.when(pl.col("case") == "undo")
        .then(phrase("undo_{}", "settlement"))
        .when(pl.col("case") != "final")
        .then(pl.lit(None, pl.String))
        .when(is_kept)
        .then(pl.when(pl.col("returned") < pl.col("gross")).then(pl.lit("kept_more")).otherwise(pl.lit("kept")))
        .otherwise("settlement")
    )
    rest_case = pl.when(pl.col("fall") == "reversal").then(pl.lit("reversal")).otherwise(pl.lit("other"))
    is_dispute = pl.col("rule") == "dispute_refund"
    return (
        alone.join(fallen, on="claim", how="left")
        .with_columns(pl.when(to_final).then(pl.col("returned", "fall")))
        .with_columns(case=case, rest=pl.col("returned") - pl.col("gross"))
        .with_columns(
            how=how,
            rest_case=pl.when(pl.col("rest") > 0).then(rest_case),
            standing=pl.when(is_dispute)
            .then(found("standing").fill_null("posted"))
            .when(found("billed_before").is_not_null())
            .then(pl.lit("billed_before"))
            .otherwise(found("basis")),
            days=pl.when(is_dispute).then(
                (pl.col("deadline") - found("opened_on").str.to_date("%Y-%m-%d")).dt.total_days()
            ),
            falls=pl.col("net") < 0,
            place=pl.col("rule").replace_strict(_PLACES, default=len(_PLACES), return_dtype=pl.Int64),
        )
    )


def _paragraph(texts: Texts, situation: Mapping[str, str | None], digits: int) -> pl.Expr:
    """Tell a matter: what happened, how the money comes, and what becomes of the rest of a provisional credit."""
    rule, case = situation["rule"], situation["case"]
    own = f"letters.{rule}.{case}"
    keys = [f"{own}.{situation['standing']}", f"{own}.any", own, f"letters.any.{case}"]
    parts = [told(texts, keys, str(rule), digits)]
    parts += [
        fill(texts[f"letters.{place}.{situation[column]}"], texts, digits)
        for place, column in (("how", "how"), ("rest", "rest_case"))
        if situation[column] is not None
    ]
    return pl.concat_str(parts, separator=" ")


def _outcomes(entries: pl.DataFrame, matters: pl.DataFrame) -> pl.DataFrame:
    """Return of each account what its letter is about in all, and whether that calls for an apology.

    `evidence` is that of one entry: all entries of a run that undoes another one give the same reason.
    """
    rises = pl.col("case").is_in(["provisional", "final"])
    sorry = pl.col("rule").is_in(_SORRY_RULES) | pl.col("standing").is_in(_SORRY_STANDINGS)
    is_kept = pl.col("returned").is_not_null()
    totals = entries.group_by("account_id").agg(pl.col("currency", "evidence").first(), total=pl.col("gross").sum())
    facts = matters.group_by("account_id").agg(
        several=pl.len() > 1,
        is_sorry=((pl.col("case") == "final") & sorry).any(),
        only_provisional=(pl.col("case") == "provisional").sum() == rises.sum(),
        undone=(pl.col("case") == "undo").any(),
        ended=((pl.col("case") == "reversal") | (pl.col("rest_case") == "reversal")).any(),
        has_kept=is_kept.any(),
        kept=pl.col("gross").filter(is_kept).sum(),
    )
    outcome = (
        pl.when("undone")
        .then(pl.lit("undo"))
        .when((pl.col("total") > 0) & pl.col("only_provisional"))
        .then(pl.lit("provisional"))
        .when(pl.col("total") > 0)
        .then(pl.lit("refund"))
        .when("ended")
        .then(pl.lit("settled"))
        .when("has_kept")
        .then(pl.lit("kept"))
        .otherwise(pl.lit("unchanged"))
    )
    sign = pl.when(pl.col("total") > 0).then(pl.lit("up")).when(pl.col("total") < 0).then(pl.lit("down"))
    return totals.join(facts, on="account_id").with_columns(
        outcome=outcome, direction=pl.when("several").then(sign.otherwise(pl.lit("same")))
    )


def _written(texts: Texts, envelope: Mapping[str, Any], digits: int) -> dict[str, pl.Expr]:
    """Put subject and body around the paragraphs of letters of one kind."""
    greeting = "letters.greeting" if envelope["is_named"] else "letters.greeting_nameless"
    opening = texts[f"letters.opening.{envelope['outcome']}"]
    if envelope["is_sorry"]:
        opening = f"{opening} {texts['letters.sorry']}"
    after = [texts["letters.closing"], texts["letters.signature"]]
    if envelope["direction"] is not None:
        after = [texts[f"letters.total.{envelope['direction']}"], *after]
    body = [
        *(fill(text, texts, digits) for text in (texts[greeting], opening)),
        pl.col("paragraph"),
        *(fill(text, texts, digits) for text in after),
    ]
    return {
        "subject": fill(texts[f"letters.subject.{envelope['outcome']}"], texts, digits),
        "body": pl.concat_str(body, separator=_PARAGRAPH),
    }
