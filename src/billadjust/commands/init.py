"""`billadjust init`: a configuration from the files that are there."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from billadjust.errors import UsageError
from billadjust.guess import as_toml, survey
from billadjust.screens.survey import show_survey
from billadjust.terminal import Terminal


def init(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="Where the exports are.")] = Path(),
    config: Annotated[
        Path | None,
        typer.Option("--config", "-c", metavar="FILE", help="The file to write (default: billadjust.toml in DIR)."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file if it is there.")] = False,
) -> None:
    """Write a commented configuration from the files in a directory, and say what was guessed and how sure it is."""
    target = config or directory / "billadjust.toml"
    if target.exists() and not force:
        raise UsageError(f"{target} is there already. Give another name with --config, or --force to replace it.")
    found = survey(directory)
    target.write_text(as_toml(found, target), "utf-8")
    show_survey(Terminal(), found, target)
