"""report.html in a real browser: it asks for nothing, complains about nothing, sorts, and fits every width and scheme."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from browser import Browser
from operator_case import newest, program

if TYPE_CHECKING:
    from collections.abc import Iterator

SAMPLE = Path(__file__).parent.parent.parent / "sample_data" / "nights"
NIGHTS = ("2026-03-01", "2026-03-05", "2026-03-10", "2026-04-15")

COLOURS = """
(() => {
  const light = (colour) => {
    const [r, g, b] = colour.match(/[0-9.]+/g).map(Number).map((part) => part / 255)
      .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (a, b) => (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  const card = light(getComputedStyle(document.querySelector("section")).backgroundColor);
  const of = (selector, name) => [...document.querySelectorAll(selector)]
    .map((element) => contrast(light(getComputedStyle(element)[name]), card));
  return { text: Math.min(...of("section p, section td, section th, section h2", "color")),
           axes: Math.min(...of("svg text", "fill")), bars: Math.min(...of("figure rect, .key rect", "fill")) };
})()
"""
"""The least contrast (WCAG) of texts, of the axes' texts and of bars against the card that they stand on."""


@pytest.fixture(scope="module", params=["en", "es"])
def report(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of 15 April, in a language."""
    directory = tmp_path_factory.mktemp("sample")
    shutil.copytree(SAMPLE, directory / "nights")
    for night in NIGHTS:
        config = directory / "nights" / night / "billadjust.toml"
        text = config.read_text("utf-8").replace("[outputs]", f'[outputs]\nreport_language = "{request.param}"')
        config.write_text(text, "utf-8")
        assert program("run", "--config", config, "--as-of", night).code == 0
    return newest(directory) / "report.html"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A browser for all the tests."""
    with Browser(tmp_path_factory.mktemp("profile")) as started:
        yield started


def shown(browser: Browser, report: Path, *, width: int = 1240, scheme: str = "light", media: str = "") -> Browser:
    """Open the report at a width, in a colour scheme, on a medium."""
    browser.call("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=width < 600)
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.call("Emulation.setEmulatedMedia", media=media, features=features)
    browser.open(report)
    return browser


def test_the_page_asks_for_nothing_and_complains_about_nothing(browser: Browser, report: Path) -> None:
    shown(browser, report).run("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    asked = [
        event["params"]["request"]["url"] for event in browser.events if event["method"] == "Network.requestWillBeSent"
    ]
    assert asked == [report.as_uri()]
    complaints = ("Log.entryAdded", "Runtime.consoleAPICalled", "Runtime.exceptionThrown")
    assert [event for event in browser.events if event["method"] in complaints] == []


def test_the_browser_reports_what_the_page_does_not_allow(browser: Browser, report: Path, tmp_path: Path) -> None:
    """The two tests above and below would not notice anything if it did not."""
    tampered = tmp_path / "report.html"
    added = '<script>console.log("here")</script><img src="https://example.org/x.png"></body>'
    tampered.write_text(report.read_text("utf-8").replace("</body>", added), "utf-8")
    shown(browser, tampered)
    entries = [event["params"]["entry"]["text"] for event in browser.events if event["method"] == "Log.entryAdded"]
    assert len(entries) == 2
    assert all("Content Security Policy" in text for text in entries)
    assert not [event for event in browser.events if event["method"] == "Runtime.consoleAPICalled"]


def test_a_click_on_a_heading_sorts_by_value_and_another_one_the_other_way(browser: Browser, report: Path) -> None:
    shown(browser, report)
    read = "[...document.querySelectorAll('#refunds table')[2].tBodies[0].rows].map((row) => row.cells[{}].textContent.trim())"
    click = "document.querySelectorAll('#refunds table')[2].tHead.rows[0].cells[{}].querySelector('button').click()"
    state = "document.querySelectorAll('#refunds table')[2].tHead.rows[0].cells[{}].ariaSort"
    assert browser.run(read.format(3)) == ["R-0003", "R-0002", "R-0003"]
    amounts = [text.strip("€ ").replace(",", ".").strip() for text in browser.run(read.format(6))]
    assert [amount.replace("\N{NO-BREAK SPACE}", "") for amount in amounts] == ["18.15", "11.98", "6.05"]
    browser.run(click.format(6))
    assert browser.run(state.format(6)) == "descending"
    browser.run(click.format(6))
    assert browser.run(state.format(6)) == "ascending"
    assert browser.run(read.format(5)) == ["1", "2", "2"]
    browser.run(click.format(3))
    assert browser.run(read.format(3)) == ["R-0002", "R-0003", "R-0003"]
    assert browser.run(state.format(6)) is None


def test_every_table_can_be_sorted_by_the_keyboard(browser: Browser, report: Path) -> None:
    shown(browser, report)
    headings = "document.querySelectorAll('table.sortable thead th:not(.fixed)')"
    assert browser.run(
        f"{headings}.length > 20 && [...{headings}].every((th) => th.querySelector('button').tabIndex === 0)"
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 390, 760, 1240, 1920])
def test_the_page_fits_every_width(browser: Browser, report: Path, width: int, scheme: str) -> None:
    shown(browser, report, width=width, scheme=scheme)
    assert browser.run("document.documentElement.scrollWidth") <= width
    cut = "[...document.querySelectorAll('h1, h2, h3, p, li, .tiles a')].filter((one) => one.scrollWidth > one.clientWidth + 1)"
    assert (
        browser.run(f"{cut}.filter((one) => getComputedStyle(one).display !== 'inline').map((one) => one.textContent)")
        == []
    )


@pytest.mark.parametrize(("scheme", "media"), [("light", ""), ("dark", ""), ("dark", "print")])
def test_texts_and_bars_stand_out_in_both_schemes_and_on_paper(
    browser: Browser, report: Path, scheme: str, media: str
) -> None:
    least = shown(browser, report, scheme=scheme, media=media).run(COLOURS)
    assert least["text"] >= 4.5
    assert least["axes"] >= 4.5
    assert least["bars"] >= 1.6
    background = browser.run("getComputedStyle(document.querySelector('section')).backgroundColor")
    assert (background == "rgb(255, 255, 255)") == (scheme == "light" or media == "print")


def test_on_paper_there_is_nothing_to_click(browser: Browser, report: Path) -> None:
    shown(browser, report, width=794, media="print")
    assert browser.run("[...document.querySelectorAll('nav, summary, .screen')].every((one) => one.offsetHeight === 0)")
    assert browser.run("document.querySelectorAll('section').length") == 11
