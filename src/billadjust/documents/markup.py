"""XML documents made from whole columns: a template is an expression, and what stands in it is text, never markup."""

from __future__ import annotations

from string import Formatter
from typing import Final

import polars as pl

DECLARATION: Final = '<?xml version="1.0" encoding="UTF-8"?>\n'

_ESCAPES: Final = (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;"))
"""The ampersand first, so that it is escaped once."""


def render(template: str) -> pl.Expr:
    """Return an expression that fills a template's `{column}` with the column's text, escaped.

    `{column:xml}` puts a column in as it stands: XML that another template made. A null makes the whole result null, so
    that an element without content can be left out with `fill_null("")`. Line ends and indentation of the template
    between elements are left out.
    """
    parts: list[pl.Expr] = []
    for literal, name, kind, _ in Formatter().parse("".join(line.strip() for line in template.splitlines())):
        parts.append(pl.lit(literal))
        if name is not None:
            parts.append(pl.col(name) if kind == "xml" else escaped(pl.col(name).cast(pl.String)))
    return pl.concat_str(parts)


def escaped(text: pl.Expr) -> pl.Expr:
    """Write a text as the content of an element or attribute: any parser gives the same text back.

    What no XML document can hold (control characters but tab and line ends, U+FFFE, U+FFFF) becomes U+FFFD, the
    replacement character. A carriage return is written as a reference, because parsers turn it into a line feed.
    """
    for sign, entity in _ESCAPES:
        text = text.str.replace_all(sign, entity, literal=True)
    return text.str.replace_all("\r", "&#13;", literal=True).str.replace_all(
        "[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]", "\ufffd"
    )
