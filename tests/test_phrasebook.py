"""The texts for customers: complete in every language, and replaced by an operator only with what the program knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from billadjust.config import load_config
from billadjust.errors import ConfigError
from billadjust.phrasebook import LANGUAGES, figures_in, packaged, read_phrasebook

if TYPE_CHECKING:
    from pathlib import Path


def mistakes(directory: Path, toml: str, name: str = "en.toml") -> list[str]:
    """Return what is wrong with an operator's file, without its name."""
    (directory / name).write_text(toml, "utf-8")
    problems: list[str] = []
    read_phrasebook(directory, problems)
    assert all(problem.startswith(f"{directory / name}: ") for problem in problems)
    return [problem.removeprefix(f"{directory / name}: ") for problem in problems]


def test_every_language_has_the_same_texts_with_the_same_figures() -> None:
    figures = {
        language: {key: figures_in(text) for key, text in texts.items()} for language, texts in packaged().items()
    }
    assert tuple(figures) == ("es", "en") == LANGUAGES
    assert figures["en"] == figures["es"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_packages_own_texts_are_such_as_an_operator_may_write(language: str, tmp_path: Path) -> None:
    months = [f'"{packaged()[language][f"format.months.{number}"]}"' for number in range(1, 13)]
    lines = [f"format.months = [{', '.join(months)}]"]
    lines += [f"{key} = '''{text}'''" for key, text in packaged()[language].items() if ".months." not in key]
    assert mistakes(tmp_path, "\n".join(lines), f"{language}.toml") == []


def test_a_file_replaces_the_texts_that_it_names_and_no_others(tmp_path: Path) -> None:
    (tmp_path / "es.toml").write_text('[letters]\nsignature = "Su operador"\n', "utf-8")
    book = read_phrasebook(tmp_path, [])
    assert book["es"] == {**packaged()["es"], "letters.signature": "Su operador"}
    assert book["en"] == packaged()["en"]


def test_no_directory_means_the_packages_texts() -> None:
    assert read_phrasebook(None, []) is packaged()


@pytest.mark.parametrize(
    ("toml", "expected"),
    [
        ("[letters]\nsignatur = 'x'", ["letters.signatur: "]),
        ("[letters]\nsignature = 5", ["letters.signature: needs a text in quotes, not 5"]),
        ("[letters]\nsignature = ' '", ["letters.signature: needs a text in quotes, not "]),
        ("format.months = ['January']", ["format.months: "]),
        ("[letters]\ngreeting = 'Hello {nam},'", ["letters.greeting: {nam} is not one of its figures", "{name}"]),
        (
            "[letters]\nclosing = '{net}'",
            ["letters.closing: {net} is not one of its figures, which are written as they stand: it has none"],
        ),
        ("[letters]\ngreeting = 'Hello {name!r},'", ["letters.greeting: {name} is not one of its figures"]),
        ("[letters]\ngreeting = 'Hello {name:>10},'", ["letters.greeting: {name} is not one of its figures"]),
        ("[letters]\ngreeting = 'Hello {},'", ["letters.greeting: {} is not one of its figures"]),
        ("[letters]\ngreeting = 'Hello {name'", ["letters.greeting: its braces do not match"]),
        (
            "[letters.no_lock_in]\nfinal = '{minutes}'",
            ["letters.no_lock_in.final: {minutes} is not one of its figures"],
        ),
        ("[dispute_refund.credit]\nopen = '{days}'", ["dispute_refund.credit.open: {days} is not one of its figures"]),
        ("[format]\namount = '{amount}'", ["format.amount: {amount} is not one of its figures"]),
        ("letters = [", ["cannot be read as TOML in UTF-8"]),
    ],
)
def test_a_mistake_is_named_with_its_file_and_key(toml: str, expected: list[str], tmp_path: Path) -> None:
    (found,) = mistakes(tmp_path, toml)
    assert found.startswith(expected[0])
    assert all(part in found for part in expected)


@pytest.mark.parametrize(
    "toml",
    [
        "[letters.no_lock_in]\nfinal = '{charged} {gross} {invoice_id} {{so}}'",
        "[letters.dispute_refund.final]\naccepted = '{explanation} {days}'",
        "[billing_error.credit]\nany = '{gross} {subscription_id}'",
    ],
)
def test_a_text_may_name_all_figures_of_its_rule_and_of_every_entry(toml: str, tmp_path: Path) -> None:
    assert mistakes(tmp_path, toml) == []


def test_a_language_that_the_program_does_not_write_is_a_mistake(tmp_path: Path) -> None:
    assert mistakes(tmp_path, "", "fr.toml") == [
        'there are no letters in this language; name the file "es.toml" or "en.toml"'
    ]


def test_all_mistakes_are_reported_with_those_of_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "es.toml").write_text("[letters]\nx = 'y'\nsorry = '{z}'", "utf-8")
    config = tmp_path / "billadjust.toml"
    config.write_text('[outputs]\ntexts = "texts"\n', "utf-8")
    with pytest.raises(
        ConfigError, match=r"needs 2 corrections:\n.*es\.toml: letters\.x: .*\n.*es\.toml: letters\.sorry"
    ):
        load_config(config)
    config.write_text('[outputs]\ntexts = "text"\n', "utf-8")
    with pytest.raises(ConfigError, match=r"outputs\.texts: .*text is no directory; make it"):
        load_config(config)
