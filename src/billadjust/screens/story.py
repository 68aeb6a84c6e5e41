"""What `billadjust explain` shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from billadjust.story import Grid, Heading
from billadjust.terminal import add_row, make_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from billadjust.story import Block
    from billadjust.terminal import Terminal


def show_story(terminal: Terminal, blocks: Sequence[Block]) -> None:
    """Print a story: headings, sentences and tables."""
    for block in blocks:
        if isinstance(block, Heading):
            terminal.show_heading(block.text, is_title=block.level == 1)
        elif isinstance(block, Grid):
            table = make_table(block.title, *block.columns)
            for row in block.rows:
                add_row(table, *row)
            terminal.show_table(table)
        else:
            terminal.show_line(block.text)
