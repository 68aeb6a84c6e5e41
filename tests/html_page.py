"""An HTML page as its reader finds it: the text and the tables of each section, and what the page is made of."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

VOID: Final = frozenset({"meta", "br"})
"""Elements that have no end."""

SILENT: Final = frozenset({"style", "script"})

Row = list[str]


class Element:
    """An element: its name, its attributes, its children (elements and texts)."""

    def __init__(self, name: str, attributes: dict[str, str]) -> None:
        """Make an element without children."""
        self.name = name
        self.attributes = attributes
        self.children: list[Element | str] = []

    @property
    def text(self) -> str:
        """All that is written in it, in one line."""
        parts = (child if isinstance(child, str) else child.text for child in self.children)
        return re.sub(r"\s+", " ", "".join(parts)).strip()

    def all(self, name: str) -> list[Element]:
        """Return the elements of this name in it, in the order of the page."""
        found = []
        for child in self.children:
            if isinstance(child, Element):
                found += ([child] if child.name == name else []) + child.all(name)
        return found

    def every(self) -> list[Element]:
        """Return all elements in it."""
        inner = [child for child in self.children if isinstance(child, Element)]
        return [element for child in inner for element in (child, *child.every())]


class Page(HTMLParser):
    """A page; AssertionError if an element is not closed, or closed that is not open."""

    def __init__(self, html: str) -> None:
        """Read a page."""
        super().__init__(convert_charrefs=True)
        self.root = Element("page", {})
        self._open = [self.root]
        self.feed(html)
        self.close()
        assert self._open == [self.root], [element.name for element in self._open]

    @staticmethod
    def of(path: Path) -> Page:
        """Read the page in a file."""
        return Page(path.read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Open an element."""
        element = Element(tag, {name: value or "" for name, value in attrs})
        self._open[-1].children.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take an element that ends where it starts, as those of SVG may."""
        self._open[-1].children.append(Element(tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        """Close an element."""
        assert self._open[-1].name == tag, f"</{tag}> in <{self._open[-1].name}>"
        self._open.pop()

    def handle_data(self, data: str) -> None:
        """Take a text."""
        self._open[-1].children.append(data)

    def section(self, name: str) -> Element:
        """Return a section by its identifier; KeyError if there is none."""
        return {element.attributes.get("id"): element for element in self.root.all("section")}[name]

    def tables(self, name: str) -> list[list[Row]]:
        """Return the tables of a section: the rows of each, a text for each cell."""
        return [
            [[cell.text for cell in row.children if isinstance(cell, Element)] for row in table.all("tr")]
            for table in self.section(name).all("table")
        ]

    def first(self, name: str) -> Element:
        """Return the first element of this name."""
        return self.root.all(name)[0]

    @property
    def story(self) -> str:
        """The night in one paragraph."""
        return next(p.text for p in self.root.all("p") if p.attributes.get("class") == "story")
