"""report.html: what operators read, against figures worked out by hand in the story of the sample."""

from __future__ import annotations

import base64
import hashlib
import shutil
from decimal import Decimal
from pathlib import Path

import pytest

from billadjust.observed import RECENT_DAYS
from billadjust.phrasebook import LANGUAGES, figures_in
from billadjust.report.steps import STAGES
from billadjust.report.totals import RULE_NAMES
from billadjust.report.words import texts_of
from billadjust.review import TOPICS
from billadjust.schemas import BUCKETS, SETTLEMENTS
from html_page import Page
from operator_case import contents, json_of, newest, program, rows_of

SAMPLE = Path(__file__).parent.parent / "sample_data" / "nights"
NIGHTS = sorted(path.name for path in SAMPLE.iterdir() if path.name.startswith("20"))


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of the sample after all of its nights."""
    directory = tmp_path_factory.mktemp("sample")
    shutil.copytree(SAMPLE, directory / "nights")
    for night in NIGHTS:
        outcome = program("run", "--config", directory / "nights" / night / "billadjust.toml", "--as-of", night)
        assert outcome.code == 0, outcome
    return directory


@pytest.fixture(scope="module")
def pages(sample: Path) -> dict[str, Page]:
    """The report of each night."""
    return {json_of(run / "summary.json")["as_of"]: Page.of(run / "report.html") for run in (sample / "out").iterdir()}


def test_every_language_has_the_same_texts_with_the_same_figures() -> None:
    figures = {language: {key: figures_in(text) for key, text in texts_of(language).items()} for language in LANGUAGES}
    assert figures["en"] == figures["es"]
    assert all(text.strip() for language in LANGUAGES for text in texts_of(language).values())


@pytest.mark.parametrize("language", LANGUAGES)
def test_whatever_the_program_names_has_a_name_in_every_language(language: str) -> None:
    steps = {"ledger", "reading", *STAGES, "settling"} - {"charges"}
    needed = {
        *(f"rules.{rule}" for rule in RULE_NAMES),
        *(f"topics.{topic}.{part}" for topic in TOPICS for part in ("name", "advice")),
        *(f"settlements.{settlement}" for settlement in SETTLEMENTS),
        *(f"buckets.{bucket}" for bucket in BUCKETS),
        *(f"steps.{step}" for step in steps),
    }
    texts = texts_of(language)
    assert needed <= texts.keys()
    assert {
        key for key in texts if key.startswith(("rules.", "topics.", "settlements.", "buckets.", "steps."))
    } == needed


def test_the_night_is_told_in_one_paragraph(pages: dict[str, Page]) -> None:
    assert {night: page.story for night, page in pages.items()} == {
        "2026-03-01": "The run of 1 March 2026 gives €61.11 to 5 customers, in 7 entries: €50.52 net and €10.59 tax. Most of "
        "it is for one reason: Complaints, €60.14. 5 provisional refunds, of €60.14 in all, are open. 2 items wait for a "
        "person to look at them.",
        "2026-03-05": "The run of 5 March 2026 gives €13.37 to 2 customers, in 5 entries: €11.29 net and €2.08 tax. Most of "
        "it is for one reason: Billing errors, €16.82. 5 provisional refunds, of €55.30 in all, are open. 1 item waits for "
        "a person to look at it.",
        "2026-03-10": "The run of 10 March 2026 takes €7.14 back from 1 customer, in 1 entry. Of the 2 runs before it, half "
        "posted €13.37 or less in all, and the most was €61.11. 4 provisional refunds, of €48.16 in all, are open. 2 items "
        "wait for a person to look at them. 4 rows of the inputs were rejected and left out of the computation.",
        "2026-04-15": "The run of 15 April 2026 gives €386.37 to 4 customers and takes €11.98 back from 1 customer, in 6 "
        "entries. Of the 3 runs before it, half posted €13.37 or less in all, and the most was €61.11. 4 provisional "
        "refunds, of €39.81 in all, are open. 3 of them, of €36.18, become final within a week unless they are explained. "
        "Nothing waits for a person.",
        "2026-04-16": "The run of 16 April 2026 posts 8 entries that move credits of 3 customers from one reason to another, "
        "or make them final: nobody has more or less than before. Of the 4 runs before it, half posted €13.37 or less in "
        "all, and the most was €374.39. No provisional refund is open. 2 items wait for a person to look at them.",
        "2026-07-01": "The run of 1 July 2026 gives €55.53 to 3 customers, in 9 entries: €46.28 net and €9.25 tax. Of the 5 "
        "runs before it, half posted €13.37 or less in all, and the most was €374.39. 1 provisional refund, of €18.15, is "
        "open. 2 items wait for a person to look at them.",
        "2026-07-02": "The run of 2 July 2026 takes €18.15 back from 1 customer, in 1 entry. Of the 6 runs before it, half "
        "posted €13.37 or less in all, and the most was €374.39. No provisional refund is open. 2 items wait for a person "
        "to look at them.",
        "2026-08-28": "The run of 28 August 2026 gives €92.55 to 2 customers, in 3 entries: €76.48 net and €16.07 tax. Most "
        "of it is for one reason: Fees for leaving or changing, €90.75. Of the 7 runs before it, half posted €13.37 or less "
        "in all, and the most was €374.39. No provisional refund is open. 2 items wait for a person to look at them.",
        "2026-08-29": "The run of 29 August 2026 gives €2.49 to 3 customers, in 3 entries: €2.07 net and €0.42 tax. Of the 8 "
        "runs before it, half posted €13.37 or less in all, and the most was €374.39. No provisional refund is open. 2 "
        "items wait for a person to look at them.",
        "2026-09-02": "The run of 2 September 2026 gives €938.46 to 1 customer, in 6 entries: €788.01 net and €150.45 tax. "
        "Most of it is for one reason: Billing errors, €866.82. Of the 9 runs before it, half posted €13.37 or less in all, "
        "and the most was €374.39. No provisional refund is open. 2 items wait for a person to look at them.",
    }


def test_totals_by_rule_stand_beside_those_of_the_runs_before(pages: dict[str, Page]) -> None:
    # 1 March: complaints 60.14; 5 March: errors 16.82, complaints −4.84, indemnities 1.39; 10 March: complaints −7.14.
    assert pages["2026-03-01"].tables("rules") == [
        [
            ["rule", "gross", "net", "tax", "entries", "customers"],
            ["Billing errors", "€0.85", "€0.70", "€0.15", "1", "1"],
            ["Complaints", "€60.14", "€49.70", "€10.44", "5", "4"],
            ["Indemnities", "€0.12", "€0.12", "€0.00", "1", "1"],
            ["Total", "€61.11", "€50.52", "€10.59", "7", "5"],
        ]
    ]
    seen = "{} in this run. Over the last 3 runs: at least {}, at most {}."
    table = pages["2026-03-10"].section("rules").all("table")[0]
    assert pages["2026-03-10"].tables("rules")[0][0][:4] == [
        "rule",
        "gross",
        "median of earlier runs",
        "the last 3 runs",
    ]
    rows = [[cell.text for cell in row.all("td")[:2]] for row in table.all("tr")[1:]]
    assert rows == [["€0.00", "€0.85"], ["−€7.14", "−€4.84"], ["€0.00", "€0.12"], ["−€7.14", "€13.37"]]
    assert [svg.attributes["aria-label"] for svg in table.all("svg") if svg.attributes["class"] == "spark"] == [
        "Billing errors: " + seen.format("€0.00", "€0.00", "€16.82"),
        "Complaints: " + seen.format("−€7.14", "−€7.14", "€60.14"),
        "Indemnities: " + seen.format("€0.00", "€0.00", "€1.39"),
    ]


def test_credits_of_the_last_31_days_are_told_day_by_day(pages: dict[str, Page]) -> None:
    by_day, in_all = pages["2026-03-10"].tables("days")
    assert by_day == [
        ["day", "Billing errors", "Complaints", "Indemnities"],
        ["10 Mar 2026", "€0.00", "−€7.14", "€0.00"],
        ["5 Mar 2026", "€16.82", "−€4.84", "€1.39"],
        ["1 Mar 2026", "€0.85", "€60.14", "€0.12"],
    ]
    assert in_all == [
        ["rule", "last 31 days"],
        ["Billing errors", "€17.67"],
        ["Complaints", "€48.16"],
        ["Indemnities", "€1.51"],
        ["Total", "€67.34"],
    ]
    # 29 August is within 31 days of 2 September, and so is 28 August; 2 July is not.
    assert [row[0] for row in pages["2026-09-02"].tables("days")[0][1:]] == ["2 Sep 2026", "29 Aug 2026", "28 Aug 2026"]


def test_customers_are_counted_by_how_much_they_got(pages: dict[str, Page]) -> None:
    # Hugo 195.19, Gloria 181.50, Karla 6.05, Irene 3.63, Carla −11.98.
    steps, largest = pages["2026-04-15"].tables("accounts")
    assert steps == [
        ["gross", "customers"],
        ["less than 0 (taken back)", "1"],
        ["€2.00 to less than €5.00", "1"],
        ["€5.00 to less than €10.00", "1"],
        ["€10.00 to less than €20.00", "0"],
        ["€20.00 to less than €50.00", "0"],
        ["€50.00 to less than €100.00", "0"],
        ["€100.00 to less than €200.00", "2"],
    ]
    assert largest == [
        ["account", "entries", "gross"],
        ["C08", "2", "€195.19"],
        ["C07", "1", "€181.50"],
        ["C11", "1", "€6.05"],
        ["C09", "1", "€3.63"],
    ]
    # Darius, Elena and Irene: what was provisional became final.
    assert pages["2026-04-16"].tables("accounts") == [[["gross", "customers"], ["exactly 0", "3"]]]


def test_open_refunds_are_aged_and_those_of_this_week_are_named(pages: dict[str, Page]) -> None:
    # Opened on 1 March, out of time after 15 April: today is the last day. Irene's of 9 March has 8 days.
    by_day, by_week, urgent = pages["2026-04-15"].tables("refunds")
    assert by_day == [["days left", "refunds", "gross"], ["0", "3", "€36.18"], ["8", "1", "€3.63"]]
    assert by_week == [
        ["days left", "refunds", "gross"],
        ["0–6", "3", "€36.18"],
        ["7–13", "1", "€3.63"],
        ["Total", "4", "€39.81"],
    ]
    assert urgent == [
        ["days left", "deadline", "account", "complaint", "invoice", "line", "gross"],
        ["0", "15 Apr 2026", "C05", "R-0003", "F26/0003", "2", "€18.15"],
        ["0", "15 Apr 2026", "C04", "R-0002", "F26/0002", "2", "€11.98"],
        ["0", "15 Apr 2026", "C05", "R-0003", "F26/0003", "1", "€6.05"],
    ]
    assert "None runs out within a week." in pages["2026-03-01"].section("refunds").text
    assert "No provisional refund is open." in pages["2026-04-16"].section("refunds").text


def test_outages_are_told_with_minutes_and_amounts(pages: dict[str, Page]) -> None:
    head = ["outage", "service", "region", "cause", "began", "minutes", "lines", "net", "gross", "all runs", "note"]
    four, three = ["OUT-4", "data", "everywhere", "failed update"], ["OUT-3", "data", "norte", "cut fibre"]
    assert pages["2026-08-29"].tables("outages") == [
        [
            head,
            [*four, "25 Aug 2026, 14:00", "65", "3", "€2.07", "€2.49", "€2.49", ""],
            [*three, "10 Aug 2026, 08:00", "4,800", "0", "€0.00", "€0.00", "€1.80", ""],
        ]
    ]
    assert pages["2026-03-01"].tables("outages")[0][1] == [
        *["OUT-1", "data", "everywhere", "router restart", "10 Feb 2026, 10:00", "59", "0", "€0.00", "€0.00", "€0.00"],
        "too short for a credit",
    ]
    assert f"There was no outage in the last {RECENT_DAYS} days." in pages["2026-07-01"].section("outages").text


def test_better_prices_are_told_with_customers_and_their_cost_in_a_year(pages: dict[str, Page]) -> None:
    # Ana, Bruno and Karla pay 1.40 less, Irene has left: 3 × 12 × 1.40. Jaime will pay 12.00 instead of 20.00: 12 × 8.00.
    head = ["tariff", "version", "from", "old fee", "new fee", "customers", "lines", "lines to move"]
    assert pages["2026-08-28"].tables("improvements") == [
        [
            [*head, "cost in a year, net"],
            ["voz", "1 → 3", "15 Sep 2026", "€20.00", "€12.00", "1", "1", "1", "€96.00"],
            ["net", "1 → 2", "1 Jun 2026", "€8.30", "€6.90", "3", "3", "0", "€50.40"],
            ["Total", "4", "1", "€146.40"],
        ]
    ]
    assert "No price improved in the last twelve months." in pages["2026-03-01"].section("improvements").text


def test_rejected_rows_are_told_by_input_and_reason(pages: dict[str, Page]) -> None:
    assert pages["2026-03-10"].tables("rejected") == [
        [
            ["input", "reason", "rows", "first example"],
            ["disputes", "there is no such day in the calendar", "1", "reclamaciones.csv:7"],
            ["invoice_lines", "the invoice is rejected", "1", "invoice_lines.csv:17"],
            ["invoices", "the invoice's lines add up to …", "1", "invoices.csv:11"],
            ["outages", "ended_at is before started_at", "1", "outages.ndjson:2"],
        ]
    ]
    assert "No row was rejected." in pages["2026-03-01"].section("rejected").text


def test_review_items_stand_under_their_topic(pages: dict[str, Page]) -> None:
    section = pages["2026-03-01"].section("review")
    assert [heading.text for heading in section.all("h3")] == ["Not assessed: 1 item", "Large complaint: 1 item"]
    head = ["account", "invoice", "line", "about", "amount, net"]
    assert pages["2026-03-01"].tables("review") == [
        [head, ["C06", "F26/0004", "2", "S-FEL", "€9.90"]],
        [head, ["C07", "F26/0006", "1", "R-0005", "€150.00"]],
    ]
    assert pages["2026-07-01"].tables("review")[1] == [head, ["", "", "", "hablo/2", ""]]
    assert "Nothing waits for a person." in pages["2026-04-15"].section("review").text


def test_the_ledger_before_and_after_adds_up(pages: dict[str, Page]) -> None:
    # Before: 60.14 provisional, 0.85 + 0.12 final. Then Félix −4.84 and 4.84 + 0.40, Karla 11.98 + 0.99.
    _, settled, ledger, _ = pages["2026-03-05"].tables("control")
    assert settled == [
        ["how it is settled", "entries", "net", "tax", "gross"],
        ["Credit notes", "2", "€13.90", "€2.92", "€16.82"],
        ["Provisional credits", "1", "−€4.00", "−€0.84", "−€4.84"],
        ["Discounts on bills", "2", "€1.39", "€0.00", "€1.39"],
        ["Bank transfers", "0", "€0.00", "€0.00", "€0.00"],
        ["Total", "5", "€11.29", "€2.08", "€13.37"],
    ]
    assert ledger == [
        ["ledger", "before", "this run", "after"],
        ["provisional", "€60.14", "−€4.84", "€55.30"],
        ["final", "€0.97", "€18.21", "€19.18"],
        ["Total", "€61.11", "€13.37", "€74.48"],
    ]


def test_control_totals_of_the_inputs_are_the_sums_of_their_columns(pages: dict[str, Page]) -> None:
    # The bill F26/0010 was rejected.
    bills = rows_of(SAMPLE / "2026-03-10" / "invoices.csv")
    billed = sum(Decimal(row["gross_total"]) for row in bills if row["invoice_id"] != "F26/0010")
    inputs = {row[0]: row[1:] for row in pages["2026-03-10"].tables("control")[0]}
    assert inputs["input"] == ["rows", "accepted", "rejected", "repeats", "sum of what was accepted"]
    assert inputs["invoices"] == ["10", "9", "1", "0", f"gross_total €{billed}"]
    assert inputs["outages"] == ["2", "1", "1", "0", ""]
    assert inputs["prior_credits"] == ["1", "1", "0", "0", "net_amount €0.50"]


def test_limits_say_what_is_allowed_and_what_the_run_takes(pages: dict[str, Page]) -> None:
    # 61.11 of 351.39 billed are 17.3909… %, rounded up; of two outages one was rejected, and 50 % are allowed.
    assert pages["2026-03-01"].tables("limits") == [
        [
            ["limit", "allowed", "this run", "note"],
            ["gross of the run", "no limit", "€61.11", ""],
            ["gross of one account", "no limit", "€24.20", "account C05"],
            ["share of what was billed", "no limit", "17.391 %", "of €351.39 billed"],
            ["share of an input's rows rejected", "1 %", "0 %", "kept"],
        ]
    ]
    assert pages["2026-03-10"].tables("limits")[0][4][1:] == ["50 %", "50 %", "kept; of outages"]


def test_every_step_has_its_time(pages: dict[str, Page]) -> None:
    rows = pages["2026-03-01"].tables("timings")[0]
    assert [row[0] for row in rows] == [
        "step",
        "Checking the ledger",
        "Reading and checking the inputs",
        "Working out tariff versions",
        "Rating usage",
        "Assessing invoices",
        "Comparing tariffs",
        "Applying the rules",
        "Settling, letters and lists",
        "Total",
    ]
    assert float(rows[-1][1].removesuffix(" s")) > 0


def test_every_plot_says_what_it_shows_and_has_its_figures_as_a_table(pages: dict[str, Page]) -> None:
    figures = pages["2026-03-01"].root.all("figure")
    assert [figure.attributes["id"] for figure in figures] == ["plot-days", "plot-accounts", "plot-refunds"]
    for figure in figures:
        svg = figure.all("svg")[0]
        named = {element.attributes.get("id"): element.text for element in svg.every()}
        assert svg.attributes["role"] == "img"
        assert all(named[name] for name in svg.attributes["aria-labelledby"].split())
        assert all(rect.all("title")[0].text for rect in svg.all("rect"))
    assert len(pages["2026-03-01"].root.all("details")) == len(figures)


def test_the_page_needs_nothing_else_and_runs_no_script_but_its_own(pages: dict[str, Page]) -> None:
    page = pages["2026-03-10"]
    policy = next(meta.attributes["content"] for meta in page.root.all("meta") if "http-equiv" in meta.attributes)
    own = {
        name: base64.b64encode(hashlib.sha256("".join(map(str, page.first(name).children)).encode()).digest()).decode()
        for name in ("style", "script")
    }
    assert policy == (
        f"default-src 'none'; style-src 'sha256-{own['style']}'; script-src 'sha256-{own['script']}'; "
        "base-uri 'none'; form-action 'none'"
    )
    assert len(page.root.all("script")) == len(page.root.all("style")) == 1
    names = {name for element in page.root.every() for name in element.attributes}
    assert not names & {"src", "srcset", "style", "onclick", "onload", "onerror"}
    links = {element.attributes["href"] for element in page.root.every() if "href" in element.attributes}
    ids = {element.attributes.get("id") for element in page.root.every()}
    assert links
    assert {link[1:] for link in links} <= ids
    assert all(link.startswith("#") for link in links)


def test_a_run_is_published_again_with_the_same_report_whatever_was_posted_since(sample: Path) -> None:
    runs = sorted((sample / "out").iterdir())
    before = contents(runs[2])
    shutil.rmtree(runs[2])
    config = sample / "nights" / NIGHTS[-1] / "billadjust.toml"
    assert program("publish", runs[2].name, "--config", config).code == 0
    assert contents(runs[2]) == before


@pytest.mark.parametrize(
    ("outputs", "language", "title"),
    [
        ("", "en", "Night of 1 March 2026"),
        ('dialect = "spanish"', "es", "Noche del 1 de marzo de 2026"),
        ('report_language = "es"', "es", "Noche del 1 de marzo de 2026"),
        ('dialect = "spanish"\nreport_language = "en"', "en", "Night of 1 March 2026"),
    ],
)
def test_the_language_is_that_of_the_dialect_unless_the_configuration_names_one(
    tmp_path: Path, outputs: str, language: str, title: str
) -> None:
    shutil.copytree(SAMPLE, tmp_path / "nights")
    config = tmp_path / "nights" / NIGHTS[0] / "billadjust.toml"
    config.write_text(config.read_text("utf-8").replace("[outputs]\n", f"[outputs]\n{outputs}\n"), "utf-8")
    assert program("run", "--config", config, "--as-of", NIGHTS[0]).code == 0
    page = Page.of(newest(tmp_path) / "report.html")
    assert page.first("html").attributes["lang"] == language
    assert page.first("title").text == page.first("h1").text == title
