"""Nights whose letters people have read: one for each rule, kind and outcome of a dispute, in every language."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from billadjust.announcements import announcements
from billadjust.notices import notices
from nights import Books, make_night, text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Night = dict[str, Any]

NAMES: Final = {"es": "Ana García", "en": "Anne Baker"}

FEE: Final[Night] = {"lines": [{"charged": "9.90"}]}
BOTH: Final[Night] = {"lines": [{"charged": "10.00"}, {"charged": "30.00"}]}


def dispute(charge: str = "9.90", **how: str) -> Night:
    """A night with a dispute of a line; `how` it was resolved."""
    return {"lines": [{"charged": charge}], "disputes": [{"line_no": 1, **how}]}


def explained(on: str, **more: str) -> dict[str, str]:
    """How a dispute was explained."""
    why = "The charge is the fee for the alert service that you ordered on 3 February."
    return {"status": "explained", "resolved_on": on, "explanation": why, **more}


def on(day: str, **night: Any) -> Night:  # noqa: ANN401  # as `make_night` takes it
    """A night of another date."""
    return {"on": day, **night}


def by_law(scheme: str) -> Night:
    """What a night has where outages owe by a scheme: a monthly fee of 20.00, 6.90 of it for Internet access."""
    return {"policy": {"outage_credit.schemes": [scheme]}, "spans": [{"rest": "13.10"}]}


LONG_OUTAGE: Final = {"outage_id": "L", "started_at": "2026-08-03 00:00", "ended_at": "2026-08-09 00:00"}
ALL_OUT: Final = LONG_OUTAGE | {"service": "all"}
CALLS: Final = {"charged": "80.00", "kind": "usage", "service": "voice", "issue_date": "2026-08-01"}
A_PART: Final = on("2026-08-04", outages=[ALL_OUT | {"ended_at": "2026-08-03 01:05"}], **by_law("us-att-fiber"))
LEGAL_OUTAGES: Final[dict[str, Night]] = {
    "An outage by Spanish law": on("2026-08-29", outages=[ALL_OUT], **by_law("es-rd899-art16")),
    "An outage by Spanish law, by the average bill": on(
        "2026-08-29", outages=[ALL_OUT], lines=[CALLS], **by_law("es-rd899-art15")
    ),
    "An outage by German law": on("2026-08-29", outages=[ALL_OUT], **by_law("de-tkg58")),
    "An outage by American custom": on("2026-08-29", outages=[ALL_OUT], **by_law("us-att-wireless")),
    "An outage by Dutch law, at least a euro": on(
        "2026-08-29", outages=[ALL_OUT | {"ended_at": "2026-08-03 13:00"}], **by_law("nl-tw71a")
    ),
}
HANDSET: Final = {"charged": "149.00", "kind": "device", "item": "handset"}

STORIES: Final[dict[str, Sequence[Night]]] = {
    "A line was charged above the contract": [{"lines": [{"charged": "1250.00", "contract": "11.21"}]}],
    "A month was billed twice": [
        {
            "lines": [
                {"charged": "6.90", "contract": "6.90", "invoice_id": "H", "issue_date": "2026-02-28"},
                {"charged": "6.90", "contract": "0.00"},
            ],
            "overlap": True,
        }
    ],
    "A month was billed twice, and part had been given back before": [
        {
            "lines": [
                {"charged": "6.90", "contract": "6.90", "invoice_id": "H", "issue_date": "2026-02-28"},
                {"charged": "6.90", "contract": "0.00", "prior_credit": "2.00"},
            ],
            "overlap": True,
        }
    ],
    "Part of the error had been given back before": [
        {"lines": [{"charged": "250.00", "contract": "11.21", "prior_credit": "200.00"}]}
    ],
    "A handset was promised at zero": [{"lines": [HANDSET], "promises": [{}]}],
    "A line was charged above its contract and above a promise": [
        {
            "lines": [{"charged": "30.00", "contract": "20.00", "kind": "usage", "item": "calls"}],
            "promises": [{"item": "calls", "price": "18.00"}],
        }
    ],
    "An exit fee was charged": [{"lines": [{"charged": "75.00", "kind": "exit_fee"}]}],
    "Part of an exit fee had been given back before": [
        {"lines": [{"charged": "75.00", "kind": "exit_fee", "prior_credit": "50.00"}]}
    ],
    "The tariff became cheaper": [{"lines": [{"charged": "8.30", "contract": "8.30", "improved": "6.90"}]}],
    "The tariff became cheaper, and part had been given back before": [
        {"lines": [{"charged": "8.30", "contract": "8.30", "improved": "6.90", "prior_credit": "1.00"}]}
    ],
    "A short outage": [on("2026-08-29", outages=[{}])],
    "A long outage": [on("2026-08-29", outages=[LONG_OUTAGE])],
    "Outages that together reach the fee": [
        on(
            "2026-09-02",
            outages=[
                LONG_OUTAGE,
                {"outage_id": "M", "started_at": "2026-08-10 00:00", "ended_at": "2026-08-31 00:00"},
                {"outage_id": "N", "started_at": "2026-08-31 06:00", "ended_at": "2026-08-31 07:05"},
                {"outage_id": "O", "started_at": "2026-08-31 14:00", "ended_at": "2026-08-31 15:05"},
            ],
        )
    ],
    "An outage of an account that is closed": [on("2026-08-29", outages=[{}], accounts=[{"closed_on": "2026-08-28"}])],
    **{story: [night] for story, night in LEGAL_OUTAGES.items()},
    **{f"{story}, of which a part was credited before": [A_PART, night] for story, night in LEGAL_OUTAGES.items()},
    "A complaint was made": [dispute()],
    "A complaint was explained in time": [dispute(), on("2026-03-10", **dispute(**explained("2026-03-10")))],
    "A complaint was withdrawn in time": [
        dispute(),
        on("2026-03-10", **dispute(status="withdrawn", resolved_on="2026-03-10")),
    ],
    "A complaint is now about less": [dispute(), on("2026-03-10", **dispute(gross_amount="5.00"))],
    "A complaint was accepted": [dispute(), on("2026-03-10", **dispute(status="accepted", resolved_on="2026-03-10"))],
    "A complaint was explained in part": [
        dispute(),
        on("2026-03-10", **dispute(**explained("2026-03-10", justified_gross="6.00"))),
    ],
    "A complaint was not explained within 45 days": [dispute(), on("2026-04-16", **dispute())],
    "A complaint was explained too late": [dispute(), on("2026-04-16", **dispute(**explained("2026-04-16")))],
    "A complaint was withdrawn too late": [
        dispute(),
        on("2026-04-16", **dispute(status="withdrawn", resolved_on="2026-04-16")),
    ],
    "A complaint's time passed after its invoice was gone": [
        dispute(),
        on("2026-04-16", disputes=[{"line_no": 1}], missing=["invoices"]),
    ],
    "A large complaint was accepted": [dispute("250.00", status="accepted", resolved_on="2026-03-01")],
    "A large complaint was explained in part": [dispute("250.00", **explained("2026-03-01", justified_gross="200.00"))],
    "A complaint was first seen when its time had passed": [on("2026-04-16", **dispute())],
    "A complaint was first seen explained too late": [on("2026-04-16", **dispute(**explained("2026-04-16")))],
    "A complaint was first seen withdrawn too late": [
        on("2026-04-16", **dispute(status="withdrawn", resolved_on="2026-04-16"))
    ],
    "Part of a complaint turned out to be an error": [
        dispute(),
        on("2026-03-05", lines=[{"charged": "9.90", "contract": "5.90"}], disputes=[{"line_no": 1}]),
    ],
    "Part of a complaint turned out to be an error, and the rest was explained": [
        dispute(),
        on("2026-03-05", lines=[{"charged": "9.90", "contract": "5.90"}], disputes=[{"line_no": 1}]),
        on(
            "2026-03-10",
            lines=[{"charged": "9.90", "contract": "5.90"}],
            disputes=[{"line_no": 1, **explained("2026-03-10")}],
        ),
    ],
    "A complaint was accepted and part of it was an error": [
        dispute(),
        on(
            "2026-03-05",
            lines=[{"charged": "9.90", "contract": "5.90"}],
            disputes=[{"line_no": 1, "status": "accepted", "resolved_on": "2026-03-05"}],
        ),
    ],
    "All of a complaint was given back by somebody else": [
        dispute(),
        on("2026-03-05", lines=[{"charged": "9.90", "prior_credit": "9.90"}], disputes=[{"line_no": 1}]),
    ],
    "What was accepted turned out to be an error": [
        dispute(status="accepted", resolved_on="2026-03-01"),
        on(
            "2026-03-05",
            policy={"error_indemnity.enabled": False},
            lines=[{"charged": "9.90", "contract": "0.00"}],
            disputes=[{"line_no": 1, "status": "accepted", "resolved_on": "2026-03-01"}],
        ),
    ],
    "Another tariff would have been cheaper": [{"lines": [{"charged": "35.00"}], "offers": [{}]}],
    "Another tariff would have been cheaper, and most of the bill had been given back before": [
        {"lines": [{"charged": "35.00", "prior_credit": "25.00"}], "offers": [{}]}
    ],
    "A refund was undone": [dispute(), {"undo": ["dispute_refund|D|I|1"]}],
    "A run of every rule was undone": [
        on(
            "2026-09-02",
            lines=[
                {"charged": "30.00", "contract": "20.00", "improved": "15.00", "kind": "usage", "item": "calls"},
                {"charged": "75.00", "kind": "exit_fee", "service": None},
                {"charged": "10.00"},
            ],
            promises=[{"item": "calls", "price": "18.00"}],
            disputes=[{"line_no": 3, "status": "accepted", "resolved_on": "2026-03-05"}],
            outages=[{}],
            offers=[{"best_usage_cost": "22.00", "best_cost": "34.00"}],
        ),
        {"undo": None},
    ],
    "What was to be transferred was undone": [
        on("2026-08-29", outages=[{}], accounts=[{"closed_on": "2026-08-28"}]),
        {"undo": None},
    ],
    "Two complaints became final": [
        BOTH | {"disputes": [{"line_no": 1}, {"dispute_id": "E", "line_no": 2}]},
        on("2026-04-16", **BOTH, disputes=[{"line_no": 1}, {"dispute_id": "E", "line_no": 2}]),
    ],
    "Two complaints were explained in time": [
        BOTH | {"disputes": [{"line_no": 1}, {"dispute_id": "E", "line_no": 2}]},
        on(
            "2026-03-10",
            **BOTH,
            disputes=[
                {"line_no": 1, **explained("2026-03-10")},
                {"dispute_id": "E", "line_no": 2, **explained("2026-03-10")},
            ],
        ),
    ],
    "A complaint about a part was accepted for all": [
        dispute(gross_amount="5.00"),
        on("2026-03-10", **dispute(status="accepted", resolved_on="2026-03-10")),
    ],
    "An error turned out to be greater": [
        {"lines": [{"charged": "250.00", "contract": "200.00"}]},
        on("2026-03-05", lines=[{"charged": "250.00", "contract": "11.21"}]),
    ],
    "An error turned out to be a broken promise": [
        {"lines": [{"charged": "30.00", "contract": "20.00", "kind": "usage", "item": "calls"}]},
        on(
            "2026-03-05",
            lines=[{"charged": "30.00", "contract": "30.00", "kind": "usage", "item": "calls"}],
            promises=[{"item": "calls", "price": "20.00"}],
        ),
    ],
    "Everything at once": [
        {
            "lines": [
                {"charged": "30.00", "contract": "20.00", "improved": "15.00"},
                {"charged": "75.00", "kind": "exit_fee", "service": None},
                {"charged": "10.00"},
            ],
            "disputes": [{"line_no": 3}],
            "on": "2026-09-02",
            "outages": [{}],
        }
    ],
}


ORDERS: Final[dict[str, list[dict[str, Any]]]] = {
    "A handset was promised at zero": [{"order": "reconnect", "subscription_id": "S", "invoice_id": "I"}],
    "An exit fee was charged": [{"order": "reconnect", "subscription_id": None, "invoice_id": "I"}],
    "A line was charged above the contract": [{"order": "delist", "subscription_id": None, "invoice_id": "I"}],
}
"""The collection orders of the newest night of some stories."""

CHANGES: Final[dict[str, list[dict[str, Any]]]] = {
    "The tariff became cheaper": [{"old_monthly_fee": 8_300_000, "new_monthly_fee": 6_900_000}],
    "A short outage": [{"old_monthly_fee": 8_300_000, "new_monthly_fee": 8_300_000}],
}
"""The tariff changes that are ordered on the newest night of some stories."""


def announced(story: str) -> pl.DataFrame:
    """Return what the letter of a story also tells."""
    orders = pl.DataFrame(
        [{"account_id": "A", **row} for row in ORDERS.get(story, [])],
        schema=dict.fromkeys(("account_id", "order", "subscription_id", "invoice_id"), pl.String()),
    )
    changes = pl.DataFrame(
        [
            {
                "account_id": "A",
                "subscription_id": "S",
                "tariff_id": "net",
                "effective_from": date(2026, 6, 1),
                **row,
            }
            for row in CHANGES.get(story, [])
        ],
        schema={
            "account_id": pl.String(),
            "subscription_id": pl.String(),
            "tariff_id": pl.String(),
            "effective_from": pl.Date(),
            "old_monthly_fee": pl.Int64(),
            "new_monthly_fee": pl.Int64(),
        },
    )
    return announcements(orders, changes, "EUR")


def newest_entries(nights: Sequence[Night], language: str) -> pl.DataFrame:
    """Return what the newest of some nights posted (schemas.Entries)."""
    books = Books()
    for night in nights:
        if "undo" in night:
            books.undo(*(night["undo"] or books.entries["claim"].unique()))
            continue
        parts = {"on": "2026-03-01", **night}
        parts["accounts"] = [{"language": language} | changes for changes in night.get("accounts", [{}])]
        books.post(make_night(parts.pop("on"), **parts))
    return books.entries.filter(pl.col("run_id") == books.entries["run_id"][-1])


def newest_letters(nights: Sequence[Night], language: str, story: str = "", **account: str) -> pl.DataFrame:
    """Return the letters of the newest of some nights, with the orders of a story."""
    who = {"account_id": "A", "name": NAMES[language], "email": "customer@example.com", "language": language}
    recipients = pl.DataFrame([who | account])
    return notices(newest_entries(nights, language), recipients, 2, announced=announced(story))


def gallery(language: str, stories: Mapping[str, Sequence[Night]] = STORIES) -> str:
    """Show the letters of all stories as a person reads them."""
    return "\n".join(
        f"==== {story} ({text(row['gross'])})\n\n{row['subject']}\n\n{row['body']}\n"
        for story, nights in stories.items()
        for row in newest_letters(nights, language, story).to_dicts()
    )
