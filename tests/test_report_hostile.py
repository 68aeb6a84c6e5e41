"""Whatever the inputs say, it stands on the page as text: it cannot add to it, break it or run."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billadjust.ledger import open_ledger
from billadjust.plan import Plan
from billadjust.report import Page as Wanted
from billadjust.report import report_page
from billadjust.review import REVIEW
from billadjust.schemas import Entries
from html_page import Page
from operator_case import JULY, night, operator_of, posted, write_operator

if TYPE_CHECKING:
    from pathlib import Path

HOSTILE = [
    "</td></tr></table><script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '" onmouseover="alert(1)" x="\' onfocus=\'alert(1)',
    "&lt;b&gt; & &amp; &#60;i&#62;",
    "{{ 7 * 7 }} {% include 'x' %} {# no #}",
    "<!-- <![CDATA[ ]]> --> <?php",
    "</title></style></svg><style>*{display:none}</style>",
    "javascript:alert(1)",
]


def outline(page: Page) -> list[tuple[str, tuple[str, ...]]]:
    """Return what a page is made of, its texts aside."""
    return [(element.name, tuple(element.attributes)) for element in page.root.every()]


def hostile_run(directory: Path, text: str, *options: str) -> str:
    """Run an operator whose every identifier and text is one such text, which its inputs accept; return its report."""
    name = text.replace("|", "/")[:64].strip()
    tables = operator_of(1)
    known = {"A0001": name, "S0001": name, "F0001": name, "D0001": name, "net": name, "O1": name}
    for rows in tables.values():
        for row in rows:
            row.update(
                {column: known[value] for column, value in row.items() if isinstance(value, str) and value in known}
            )
    tables["outages"][0] |= {"cause": text, "region": name}
    tables["subscriptions"][0] |= {"region": name}
    tables["disputes"] += [{**tables["disputes"][0], "dispute_id": "D2", "opened_on": text}]
    config = "[limits]\nrejected_share = 100\naccount_gross = 1\n"
    write_operator(directory, tables, config)
    preview = directory.parent / f"{directory.name}-preview"
    outcome = night(directory, JULY, "--dry-run", "--preview", preview, *options)
    assert outcome.code == 0, outcome
    return (preview / "PREVIEW_report.html").read_text("utf-8")


def test_a_page_of_hostile_texts_is_made_of_what_one_of_plain_texts_is(tmp_path: Path) -> None:
    plain = Page(hostile_run(tmp_path / "plain", "plain"))
    for number, text in enumerate(HOSTILE):
        page = Page(hostile_run(tmp_path / str(number), text))
        assert outline(page) == outline(plain)
        shown = text[:64].strip()
        assert page.tables("outages")[0][1][0] == " ".join(shown.split())
        assert page.tables("accounts")[1][1][0] == " ".join(shown.split())
        assert page.tables("outages")[0][1][3] == " ".join(text.split())


def plan_of(text: str) -> Plan:
    """Make a plan in which every text that can come from an input is this one."""
    entries: dict[str, Any] = {
        "entry_id": "dispute_refund|D|F|1|provisional|1",
        "run_id": "20260702-0001",
        "as_of": date(2026, 7, 2),
        "rule": "dispute_refund",
        "claim": "dispute_refund|D|F|1",
        "bucket": "provisional",
        "kind": "credit",
        "settlement": "provisional_credit",
        **dict.fromkeys(["account_id", "subscription_id", "invoice_id", "source_ref"], text),
        "line_no": 1,
        "bill_period": None,
        "deadline": date(2026, 7, 3),
        "currency": "EUR",
        "net": 100,
        "tax_rate": 210_000,
        "tax": 21,
        "gross": 121,
        **dict.fromkeys(["policy_ref", "explanation", "evidence"], text),
    }
    item = dict.fromkeys(["account_id", "invoice_id", "reference", "message"], text)
    outage = {"service": "data", **dict.fromkeys(["outage_id", "region", "cause", "part_of"], text), "why_not": None}
    money = {"minutes": "65", "lines": 1, "net": "1.00", "gross": "1.21", "total_gross": "1.21"}
    when = {"started_at": "2026-06-25T14:00:00+02:00", "ended_at": "2026-06-25T15:05:00+02:00"}
    fees = {
        "effective_from": "2026-06-01",
        "old_monthly_fee": "8.30",
        "new_monthly_fee": "6.90",
        "yearly_cost": "16.80",
    }
    tariff = {"tariff_id": text, "from_version": 1, "to_version": 2, "customers": 1, "lines": 1, "to_move": 1}
    limit = {"limit": "account_gross", "allowed": "1.00", "found": "1.21", "beyond": True, "of": text}
    summary = {
        "posted": {"entries": 1, "net": "1.00", "tax": "0.21", "gross": "1.21"},
        "accounts": 1,
        "inputs": {"cdrs": {"rows": 2, "accepted": 1, "rejected": 1, "repeats": 0}},
        "remarks": [text],
        "tables": {"review": 1},
        "review": {"not_assessed": 1},
        "rejected": [{"input": "cdrs", "reason": text, "rows": 1, "file": text, "line": 2}],
        "outages": [{**outage, **when, **money}],
        "improvements": [{**tariff, **fees}],
        "open_refunds": [{"days_left": 1, "refunds": 1, "gross": "1.21"}],
        "control_totals": {},
        "limits": [limit],
        "beyond_limits": [text],
    }
    review = pl.DataFrame([{"topic": "not_assessed", "line_no": 1, "amount": 1, **item}], schema=REVIEW)
    frame = pl.DataFrame([entries], schema=Entries.create_empty().schema)
    return Plan("20260702-0001", date(2026, 7, 2), (), frame, {"review": review}, summary, "hash")


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_text_stands_as_it_is_wherever_the_page_shows_it(text: str, tmp_path: Path) -> None:
    snapshot = open_ledger(tmp_path / "ledger", "EUR")
    page = Page(report_page(plan_of(text), snapshot, Wanted("en", {"reading": 1.0})))
    assert outline(page) == outline(Page(report_page(plan_of("plain"), snapshot, Wanted("en", {"reading": 1.0}))))
    shown = [cell.text for name in ("td", "li") for cell in page.root.all(name) if " ".join(text.split()) in cell.text]
    # The largest account 1, the refund 3, the outage 4, the tariff 1, review 3, rejected 2, limits 2, notes 1.
    assert len(shown) == 17


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(st.characters(exclude_categories=["Cs"]), max_size=300))
def test_any_text_leaves_the_page_whole(text: str, tmp_path: Path) -> None:
    snapshot = open_ledger(tmp_path / "ledger", "EUR")
    html = report_page(plan_of(text), snapshot, Wanted("es", {"reading": 1.0}))
    assert outline(Page(html)) == outline(Page(report_page(plan_of("plain"), snapshot, Wanted("es", {"reading": 1.0}))))
    assert not {char for char in html if ord(char) < 32} - {"\n"}


def test_a_run_that_undoes_another_one_says_so_and_speaks_of_no_inputs(tmp_path: Path) -> None:
    plan = plan_of("plain")
    kept = {name: plan.summary[name] for name in ("posted", "accounts", "tables", "open_refunds")}
    undo = replace(plan, tables={}, summary={**kept, "undoes": "20260701-0001", "reason": "Wrong <prices>."})
    page = Page(report_page(undo, open_ledger(tmp_path / "ledger", "EUR"), Wanted("en")))
    assert page.story.startswith(
        "This run undoes the run 20260701-0001: Wrong <prices>. The run of 2 July 2026 gives €1.21"
    )
    assert [section.attributes["id"] for section in page.root.all("section")] == [
        "rules",
        "days",
        "accounts",
        "refunds",
        "control",
    ]


def test_a_preview_says_that_it_is_one_and_a_run_does_not(tmp_path: Path) -> None:
    preview = tmp_path / "preview"
    directory = write_operator(tmp_path / "operator", operator_of(1), "[limits]\nrun_gross = 14.49\n")
    assert night(directory, JULY, "--dry-run", "--preview", preview).code == 0
    page = Page.of(preview / "PREVIEW_report.html")
    assert page.first("title").text == page.first("h1").text == "PREVIEW of the night of 2 July 2026"
    marks = [div.text for div in page.root.all("div") if div.attributes.get("class") == "watermark"]
    assert marks == ["PREVIEW"]
    assert "Nothing was posted." in page.root.text
    assert page.story.startswith(
        "A run of 2 July 2026 would give €14.50 to 1 customer, in 3 entries: €11.99 net and €2.51 tax."
    )
    assert page.story.endswith("It is beyond 1 limit and needs approval.")
    assert "To approve limits" in page.first("header").text
    assert "20260702-0001" not in page.root.text
    directory = write_operator(tmp_path / "operator", operator_of(1))
    run = Page.of(posted(directory, JULY) / "report.html")
    assert run.first("title").text == "Night of 2 July 2026"
    assert "preview" not in run.first("header").text.lower()
    assert "Run 20260702-0001" in run.root.text
