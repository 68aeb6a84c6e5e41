"""`billadjust explain`: the story of an entry, a claim, an invoice or an account."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import typer

from billadjust.commands.options import CONFIG, ConfigOption, today
from billadjust.config import load_config
from billadjust.errors import UsageError
from billadjust.ledger import open_ledger
from billadjust.phrasebook import DEFAULT_LANGUAGE
from billadjust.screens.story import show_story
from billadjust.story import find_subject, read_scene, tell
from billadjust.terminal import Terminal
from billadjust.wording import retold


def explain(
    what: Annotated[
        str,
        typer.Argument(
            metavar="ENTRY_ID|CLAIM|INVOICE|ACCOUNT",
            help="What to tell of; `invoice:ID` or `account:ID` says which, where an identifier is both.",
        ),
    ],
    language: Annotated[
        str | None,
        typer.Option("--language", metavar="LANGUAGE", help="The language to tell it in (default: the account's)."),
    ] = None,
    config: ConfigOption = CONFIG,
) -> None:
    """Tell what was charged, what should have been and why, what was posted, and what is still provisional."""
    settings = load_config(config)
    book = settings.phrasebook
    if language is not None and language not in book:
        raise UsageError(f"--language {language}: there are no texts in it. The languages are {', '.join(book)}.")
    terminal = Terminal()
    with terminal.progress() as progress:
        progress("Looking for it")
        snapshot = open_ledger(settings.ledger, settings.currency)
        subject = find_subject(what, snapshot, settings)
        scene = read_scene(subject, snapshot, settings, today(settings), progress)
        own = (scene.account or {}).get("language") or DEFAULT_LANGUAGE
        if language is not None and language != own:
            scene = replace(scene, entries=retold(scene.entries, language, scene.digits, book))
        blocks = tell(scene, book[language or own])
    show_story(terminal, blocks)
