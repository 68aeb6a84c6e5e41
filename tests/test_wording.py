"""§7.5: one sentence with the figures, in the account's language."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from billadjust.phrasebook import LANGUAGES, packaged
from billadjust.wording import candidates, explain, first
from nights import Books, make_night

LATE = {"status": "explained", "resolved_on": "2026-04-16", "explanation": "Your fee."}


def sentences(language: str, *nights: dict[str, Any], on: str = "2026-03-01") -> list[str]:
    """Return the explanations of the newest of some nights, in the order of the entries."""
    books = Books()
    for night in nights:
        settled = books.post(make_night(night.get("on", on), accounts=[{"language": language}], **_without_date(night)))
    return explain(settled.entries, 2)["explanation"].to_list()


def _without_date(night: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in night.items() if name != "on"}


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        (
            "en",
            (
                "You disputed this charge on 1 March 2026; until we have explained it, and at the latest until 15 April 2026, "
                "€9.90 plus €2.08 tax is back with you."
            ),
        ),
        (
            "es",
            (
                "Usted reclamó este cargo el 1 de marzo de 2026; mientras no se lo expliquemos, y tenemos hasta el "
                "15 de abril de 2026, tiene de vuelta 9,90 € más 2,08 € de impuestos."
            ),
        ),
    ],
)
def test_a_refund_is_explained_in_the_accounts_language(language: str, expected: str) -> None:
    assert sentences(language, {"lines": [{"charged": "9.90"}], "disputes": [{"line_no": 1}]}) == [expected]


def test_a_reversal_carries_the_explanation_that_was_given() -> None:
    lines = [{"charged": "9.90"}]
    explained = {
        "line_no": 1,
        "status": "explained",
        "resolved_on": "2026-03-10",
        "explanation": 'See,"opened_on":"2020-01-01", page 2.',
    }
    assert sentences(
        "en",
        {"lines": lines, "disputes": [{"line_no": 1}]},
        {"on": "2026-03-10", "lines": lines, "disputes": [explained]},
    ) == [
        (
            "We explained the charge that you disputed on 1 March 2026, so its provisional refund of €9.90 plus €2.08 tax ends: "
            'See,"opened_on":"2020-01-01", page 2.'
        )
    ]


def test_an_outage_is_explained_by_its_figures() -> None:
    assert sentences("en", {"on": "2026-08-29", "outages": [{}]}) == [
        (
            "The Internet access was out for 65 minutes from 14:00 on 25 August 2026; 10 % of its fee of €6.90 is €0.69, more than "
            "the €0.01 for the time without service: €0.69 plus €0.14 tax is yours."
        )
    ]


def test_only_an_outage_that_the_months_fee_cuts_short_is_told_with_others() -> None:
    # 6 days, 21 days and twice 65 minutes: 1.34 + 4.67 + 0.69 are 6.70, so 0.20 of the fee of 6.90 is left for the last one.
    long = [
        {"outage_id": "L", "started_at": "2026-08-03 00:00", "ended_at": "2026-08-09 00:00"},
        {"outage_id": "M", "started_at": "2026-08-10 00:00", "ended_at": "2026-08-31 00:00"},
        {"outage_id": "N", "started_at": "2026-08-31 06:00", "ended_at": "2026-08-31 07:05"},
        {"outage_id": "O", "started_at": "2026-08-31 14:00", "ended_at": "2026-08-31 15:05"},
    ]
    *told_alone, cut = sentences("en", {"on": "2026-09-02", "outages": long})
    assert all("already credited" not in text for text in told_alone)
    assert cut.endswith(
        "; with what was already credited for outages, and at most €6.90 a month, €0.20 plus €0.04 tax is left and is yours."
    )


def test_what_was_given_back_before_is_not_explained_as_if_it_were_the_whole_difference() -> None:
    night = {"lines": [{"charged": "250.00", "contract": "11.21", "prior_credit": "200.00"}]}
    assert sentences("en", night)[0] == (
        "This line was charged €250.00; under your contract (card/1) it costs €11.21; of the difference we now give back "
        "€38.79 plus €8.15 tax."
    )


def test_an_error_is_explained_by_what_was_charged_and_what_it_costs() -> None:
    assert sentences("en", {"lines": [{"charged": "250.00", "contract": "11.21"}]}) == [
        "This line was charged €250.00; under your contract (card/1) it costs €11.21, so we give back €238.79 plus €50.15 tax.",
        "You were charged €238.79 wrongly; on top of its refund we pay you 10 % as compensation: €23.88.",
    ]


def test_a_currency_without_a_sign_is_named() -> None:
    entries = Books().settle(make_night("2026-03-01", lines=[{"charged": "9.90"}], disputes=[{"line_no": 1}])).entries
    swiss = explain(entries.with_columns(currency=pl.lit("CHF")), 2)["explanation"][0]
    assert "CHF9.90 plus CHF2.08 tax" in swiss


def test_no_entries_are_no_explanations() -> None:
    empty = explain(Books().settle(make_night("2026-03-01")).entries, 2)
    assert empty.is_empty()
    assert empty.schema["explanation"] == pl.String
    assert {"variant", "language"}.isdisjoint(empty.columns)


SITUATIONS = [
    ("billing_error", "credit", "credit", True),
    ("promised_price", "credit", "credit", True),
    ("no_lock_in", "credit", "credit", True),
    ("tariff_improvement", "credit", "credit", True),
    ("best_price", "credit", "credit", True),
    ("error_indemnity", "credit", "credit", True),
    ("outage_credit", "credit", "by_share", True),
    ("outage_credit", "credit", "by_time", True),
    *(("outage_credit", "credit", f"law_{member}", True) for member in ("time", "bills", "days", "periods", "least")),
    *(
        ("dispute_refund", "credit", standing, True)
        for standing in ("open", "accepted", "waived", "explained", "explained_late", "withdrawn_late", "posted")
    ),
    *(
        ("dispute_refund", "finalisation", standing, rises)
        for standing in ("accepted", "waived", "explained", "explained_late", "withdrawn_late", "posted")
        for rises in (True, False)
    ),
    *(
        ("dispute_refund", "reversal", standing, False)
        for standing in ("open", "explained", "withdrawn", "waived", "accepted", "posted")
    ),
    *(
        (rule, kind, variant, False)
        for kind in ("reclassification", "undo")
        for rule, variant in (("billing_error", "credit"), ("billing_error", "posted"), ("dispute_refund", "open"))
    ),
]
"""rule, kind, variant, and whether the amount rises: what an entry can be."""


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("rule", "kind", "variant", "rises"), SITUATIONS)
def test_every_situation_has_a_sentence(language: str, rule: str, kind: str, variant: str, rises: bool) -> None:
    texts = packaged()[language]
    text = texts[first(texts, candidates(rule, kind, variant, rises=rises))]
    assert text.endswith(".")


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_figure_is_left_out_of_any_sentence(language: str) -> None:
    lines = [
        {"charged": "30.00", "contract": "20.00", "improved": "15.00", "item": "x"},
        {"charged": "75.00", "kind": "exit_fee"},
        {"charged": "10.00"},
    ]
    night = {
        "lines": lines,
        "promises": [{"item": "x", "price": "18.00"}],
        "disputes": [{"line_no": 3} | LATE],
        "on": "2026-09-02",
    }
    long = {"outage_id": "L", "started_at": "2026-08-03 00:00", "ended_at": "2026-08-09 00:00"}
    for text in sentences(language, night | {"outages": [{}, long], "offers": [{}]}):
        assert not {"  ", " ,", " .", "()", "{", "}"} & {text[start : start + 2] for start in range(len(text))}
