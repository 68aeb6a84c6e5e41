"""How the cells of an input's files are written."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from billadjust.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

ISO_DATE: Final = r"[1-9][0-9]{3}-[0-9]{2}-[0-9]{2}"
DATE_PARTS: Final = {"%Y": "[1-9][0-9]{3}", "%y": "[0-9]{2}", "%m": "[0-9]{2}", "%d": "[0-9]{2}"}
"""What a date format may be made of, and the shape of each part."""


@dataclass(frozen=True)
class Style:
    """How the cells of a file are written.

    `digits` is how many decimals money has, `timezone` what local times mean. `words` says, by column, what words of the
    file mean; they come before our own.
    """

    digits: int
    timezone: str
    decimal_comma: bool = False
    date_format: str | None = None
    words: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @property
    def native(self) -> Style:
        """How the same file writes what is no text in it: as the program itself does."""
        return replace(self, decimal_comma=False, date_format=None)

    @property
    def date_shape(self) -> str:
        """The regular expression of a date.

        Raises:
            InputError: The format has a part that is not a year, month or day in figures.
        """
        if self.date_format is None:
            return ISO_DATE
        parts = re.findall(r"%.|[^%]", self.date_format)
        if unknown := [part for part in parts if part.startswith("%") and part not in DATE_PARTS]:
            raise InputError(
                f"The date_format {self.date_format} has {unknown[0]}: use only {', '.join(DATE_PARTS)} and what stands between them."
            )
        return "".join(DATE_PARTS.get(part, re.escape(part)) for part in parts)
