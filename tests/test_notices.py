"""Letters: read by people, pinned, and never about anybody else."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import unicodedata
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import billadjust
from billadjust.errors import ConfigError
from billadjust.notices import notices
from billadjust.phrasebook import LANGUAGES, packaged
from letters import STORIES, announced, dispute, explained, gallery, newest_entries, newest_letters, on
from operator_case import (
    JULY,
    PLAIN,
    contents,
    json_of,
    newest,
    night,
    operator_of,
    posted,
    program,
    rows_of,
    write_operator,
)
from program import dated, post_nights
from worlds import make_nights, make_policy, make_world

if TYPE_CHECKING:
    from collections.abc import Sequence

GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.parametrize("language", LANGUAGES)
def test_letters_are_as_people_have_read_them(language: str) -> None:
    """`WRITE_GOLDEN=1 pytest tests/test_notices.py` writes them anew; read what changed before it is committed."""
    path = GOLDEN / f"letters.{language}.txt"
    if os.environ.get("WRITE_GOLDEN"):
        path.write_text(gallery(language), "utf-8")
    assert gallery(language) == path.read_text("utf-8")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_of_letters_is_in_one_that_people_have_read(language: str) -> None:
    read = (GOLDEN / f"letters.{language}.txt").read_text("utf-8")
    unread = {
        key
        for key, text in packaged()[language].items()
        if key.startswith("letters.") and not re.search(re.sub(r"\\\{\w+\\\}", ".+?", re.escape(text)), read)
    }
    # No rule does today what the first three tell, and a letter without a name is pinned below.
    assert unread == {
        "letters.any.provisional",
        "letters.any.reversal",
        "letters.any.undo",
        "letters.greeting_nameless",
    }


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_figure_is_left_out_of_any_letter(language: str) -> None:
    broken = {"  ", " ,", " .", "..", "()", "{", "}", "«»", "“”"}
    text = (GOLDEN / f"letters.{language}.txt").read_text("utf-8")
    assert {part for part in broken if part in text} == set()


def letter(nights: Sequence[dict[str, Any]], **account: str) -> dict[str, Any]:
    (row,) = newest_letters(nights, "en", **account).to_dicts()
    return row


def test_a_refund_that_becomes_final_is_told_once() -> None:
    body = letter([dispute(), on("2026-04-16", **dispute())])["body"]
    assert body.count("On 1 March 2026") == 1
    assert body.count("€11.98") == 1


def test_a_credit_that_only_changes_its_reason_does_not_alarm() -> None:
    told = letter(STORIES["What was accepted turned out to be an error"])
    assert told["gross"] == 0
    assert told["subject"] == "We have put your credits in order; you lose nothing"
    assert "We count it only once, and you lose nothing." in told["body"]


def test_gross_is_the_sum_of_the_accounts_entries() -> None:
    # 238.79 + 50.15 tax and an indemnity of 23.88 without tax.
    assert letter([{"lines": [{"charged": "250.00", "contract": "11.21"}]}])["gross"] == 31282


def test_a_day_and_an_amount_are_written_as_the_language_does() -> None:
    (spanish,) = newest_letters(STORIES["A line was charged above the contract"], "es").to_dicts()
    assert spanish["subject"] == "Le devolvemos 1.622,82 €"
    assert "1 de marzo de 2026" in spanish["body"]
    assert letter(STORIES["A line was charged above the contract"])["subject"] == "We are giving you back €1,622.82"


@pytest.mark.parametrize("name", ["", " ", "\u202e"])
def test_an_account_without_a_name_is_greeted_without_one(name: str) -> None:
    assert letter([dispute()], name=name)["body"].startswith("Hello,\n\n")


def test_an_account_that_is_not_in_the_inputs_gets_a_letter_in_spanish_without_its_name() -> None:
    recipients = pl.DataFrame(schema=dict.fromkeys(("account_id", "name", "email", "language"), pl.String))
    (row,) = notices(newest_entries([dispute()], "en"), recipients, 2).to_dicts()
    assert row["body"].startswith("Hola:\n\n")
    assert (row["account_id"], row["name"], row["email"], row["language"]) == ("A", None, None, "es")


def test_no_entries_are_no_letters() -> None:
    none = newest_letters([dispute()], "en").clear()
    recipients = pl.DataFrame({"account_id": ["A"], "name": ["x"], "email": ["x"], "language": ["es"]})
    assert notices(newest_entries([dispute()], "en").clear(), recipients, 2).equals(none)


@cache
def entries_of(story: str) -> pl.DataFrame:
    return newest_entries(STORIES[story], "en")


def entries_for(account: str, story: str) -> pl.DataFrame:
    """The entries of a story in which everything that can be told bears the account's own mark."""
    marked = pl.col("evidence")
    for name in ("explanation", "item", "versions", "contract_versions", "improved_versions"):
        marked = marked.str.replace(f'"{name}":"(?:[^"]*)"', f'"{name}":"{account} {name}"')
    return entries_of(story).with_columns(
        pl.format(f"{{}}|{account}", "entry_id").alias("entry_id"),
        pl.format(f"{{}}|{account}", "claim").alias("claim"),
        account_id=pl.lit(account),
        invoice_id=pl.lit(f"{account}/I"),
        subscription_id=pl.lit(f"{account}/S"),
        evidence=marked,
    )


@settings(max_examples=12, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(sorted(STORIES)), st.sampled_from(LANGUAGES)), min_size=2, max_size=12),
    st.integers(0, 1000),
)
def test_no_letter_contains_another_accounts_data(accounts: list[tuple[str, str]], seed: int) -> None:
    ids = [f"MARK{number:02}" for number in range(len(accounts))]
    recipients = pl.DataFrame(
        {
            "account_id": ids,
            "name": [f"{one} name" for one in ids],
            "email": [f"{one}@example.com" for one in ids],
            "language": [language for _, language in accounts],
        }
    )
    own = [entries_for(one, story) for one, (story, _) in zip(ids, accounts, strict=True)]
    together = notices(pl.concat(own).sample(fraction=1, shuffle=True, seed=seed), recipients, 2)
    for row in together.to_dicts():
        told = f"{row['subject']} {row['body']} {row['email']} {row['name']}"
        assert set(re.findall(r"MARK\d\d", told)) == {row["account_id"]}
    assert together.equals(pl.concat(notices(one, recipients, 2) for one in own))


HOSTILE = st.text(st.characters(codec="utf-8"), max_size=40) | st.sampled_from(
    ["{total}", "{", "}}", "=1+1", "a\r\n\r\nb", "\u202eevil", "\u2028", "\u2066x", '","standing":"open', "\\", "|"]
)


@settings(max_examples=60, deadline=None)
@given(HOSTILE, HOSTILE, HOSTILE)
def test_text_of_the_inputs_stays_in_its_place(name: str, explanation: str, email: str) -> None:
    entries = entries_of("A complaint was explained in time")
    figures = json.loads(entries["evidence"][0]) | {"explanation": explanation}
    evidence = json.dumps(figures, ensure_ascii=False, separators=(",", ":"))
    recipients = pl.DataFrame({"account_id": ["A"], "name": [name], "email": [email], "language": ["en"]})
    (row,) = notices(entries.with_columns(evidence=pl.lit(evidence)), recipients, 2).to_dicts()
    lines = row["body"].split("\n\n")
    greeting = "Hello," if row["name"] is None else f"Hello {row['name']},"
    assert len(lines) == 5
    assert lines[0] == greeting
    assert re.fullmatch(
        r"On 1 March 2026 you disputed a charge on line 1 of your invoice I, .* explanation: “.*”\. So the provisional credit "
        r"of that amount is cancelled, and it is part of your invoice again\.",
        lines[2],
    )
    assert lines[3:] == [packaged()["en"]["letters.closing"], packaged()["en"]["letters.signature"]]
    for cell in (row["subject"], row["body"].replace("\n\n", ""), row["email"]):
        assert {unicodedata.category(sign) for sign in cell} & {"Cc", "Cf", "Zl", "Zp"} == set()


def test_braces_in_a_name_are_no_figures() -> None:
    assert letter([dispute()], name="{total} {x}")["body"].startswith("Hello {total} {x},")


def test_an_explanation_of_several_lines_stays_in_its_paragraph() -> None:
    text = 'It is "right":\r\n\r\n{net}, see page\u202e 2.'
    told = letter([dispute(), on("2026-03-10", **dispute(**explained("2026-03-10", explanation=text)))])
    assert 'This is the explanation: “It is "right": {net}, see page 2”. So' in told["body"]


def test_a_run_writes_a_letter_to_each_account_with_entries(tmp_path: Path) -> None:
    tables = operator_of(3)
    tables["accounts"][1] |= {"language": "es", "email": "two@example.com"}
    run = posted(write_operator(tmp_path, tables), JULY)
    rows = rows_of(run / "notices.csv")
    # 1.40 + 0.29, 9.90 + 2.08 and 0.69 + 0.14 each, as `operator_of` works out.
    assert [(row["account_id"], row["email"], row["language"], row["subject"], row["gross"]) for row in rows] == [
        ("A0001", "", "en", "We are giving you back €14.50", "14.50"),
        ("A0002", "two@example.com", "es", "Le devolvemos 14,50 €", "14.50"),
        ("A0003", "", "en", "We are giving you back €14.50", "14.50"),
    ]
    assert rows[1]["body"].startswith("Hola, Customer 0002:\n\n")
    assert json_of(run / "manifest.json")["files"]["notices.csv"]["totals"] == {"gross": "43.50"}


def test_a_night_without_entries_writes_no_letters(tmp_path: Path) -> None:
    write_operator(tmp_path, operator_of(1))
    posted(tmp_path, JULY)
    assert rows_of(posted(tmp_path, JULY) / "notices.csv") == []


def test_a_letter_is_published_again_as_it_was_written_whatever_the_texts_and_inputs_say_since(tmp_path: Path) -> None:
    (tmp_path / "texts").mkdir()
    config = '[outputs]\ntexts = "texts"\n'
    own = tmp_path / "texts" / "en.toml"
    own.write_text('[letters]\nsignature = "Your friends at the shop"\n', "utf-8")
    run = posted(write_operator(tmp_path, operator_of(2), config), JULY)
    before = contents(run)
    assert before["notices.csv"].count(b"Your friends at the shop") == 2
    run.rename(tmp_path / "taken")
    own.write_text('[letters]\nsignature = "Somebody else"\n', "utf-8")
    (tmp_path / "accounts.csv").write_text("account_id,name\nA0001,Other\n", "utf-8")
    outcome = program("publish", run.name, "--config", tmp_path / "billadjust.toml")
    assert outcome.code == 0, outcome
    assert contents(newest(tmp_path)) == before


def test_a_mistake_in_an_operators_texts_stops_the_run_before_anything_is_read(tmp_path: Path) -> None:
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "es.toml").write_text('[letters]\nsorry = "{who}"\n', "utf-8")
    outcome = night(write_operator(tmp_path, operator_of(1), '[outputs]\ntexts = "texts"\n'), JULY)
    assert outcome.code == ConfigError.exit_code
    assert "es.toml: letters.sorry: {who} is not one of its figures" in " ".join(outcome.err.split())
    assert not (tmp_path / "ledger").exists()


def test_orders_are_told_to_whom_they_are_about_and_to_nobody_without_a_letter() -> None:
    entries = entries_of("A complaint was made")
    ordered = announced("A handset was promised at zero")
    others = pl.concat([ordered, ordered.with_columns(account_id=pl.lit("B"), invoice_id=pl.lit("J"))])
    recipients = pl.DataFrame({"account_id": ["A"], "name": ["x"], "email": ["x"], "language": ["en"]})
    (row,) = notices(entries, recipients, 2, announced=others).to_dicts()
    assert row["body"].count("we have ordered that your line be reconnected") == 1
    assert "over your invoice I." in row["body"]
    # It was cut off wrongly, and the letter says sorry.
    assert packaged()["en"]["letters.sorry"] in row["body"]


@pytest.mark.parametrize("seed", range(4))
def test_no_letter_of_a_whole_night_names_anything_of_another_account(seed: int) -> None:
    """Worlds of several accounts: whatever identifies another one stands in no letter but its own."""
    ledger = post_nights(make_nights(seed, make_world(seed)), dated(make_policy(seed)))
    world = make_world(seed)
    recipients = pl.DataFrame(
        [
            {"account_id": row["account_id"], "name": f"Name of {row['account_id']}!", "email": None, "language": "en"}
            for row in world["accounts"]
        ],
        schema=dict.fromkeys(("account_id", "name", "email", "language"), pl.String()),
    )
    owner = {row["invoice_id"]: row["account_id"] for row in world["invoices"]}
    owner |= {row["subscription_id"]: row["account_id"] for row in world["subscriptions"]}
    letters = 0
    for _, run in ledger.group_by("run_id"):
        for row in notices(run, recipients, 2).to_dicts():
            letters += 1
            words = set(re.split(r"[\s,.;:!()]+", row["body"]))
            assert {owner[word] for word in words & owner.keys()} <= {row["account_id"]}
            assert set(re.findall(r"Name of (\S+)!", row["body"])) == {row["account_id"]}
    assert letters


def test_a_very_long_text_is_told_whole_and_stays_in_its_paragraph() -> None:
    long = "x{net} " * 20_000
    told = letter([dispute(), on("2026-03-10", **dispute(**explained("2026-03-10", explanation=long)))])
    assert f"“{long.strip()}”" in told["body"]
    assert len(told["body"].split("\n\n")) == 5


def test_another_language_is_one_more_file(tmp_path: Path) -> None:
    """The package with a made-up language: an account may have it, and gets its letters in it."""
    package = Path(billadjust.__file__).parent
    shutil.copytree(package, tmp_path / "billadjust", ignore=shutil.ignore_patterns("__pycache__"))
    english = (package / "texts" / "en.toml").read_text("utf-8")
    (tmp_path / "billadjust" / "texts" / "xx.toml").write_text(english.replace('= "', '= "§'), "utf-8")
    tables = operator_of(1)
    tables["accounts"][0]["language"] = "xx"
    write_operator(tmp_path / "operator", tables)
    command = [sys.executable, "-m", "billadjust", "run", "--as-of", JULY]
    subprocess.run(
        command, check=True, capture_output=True, cwd=tmp_path / "operator", env={**PLAIN, "PYTHONPATH": str(tmp_path)}
    )
    (row,) = rows_of(newest(tmp_path / "operator") / "notices.csv")
    assert row["language"] == "xx"
    assert row["body"].startswith("§Hello Customer 0001,\n\n§We have checked your bills")
