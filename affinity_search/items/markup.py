"""The text of HTML: what a person reads, without tags, scripts and styles."""

from __future__ import annotations

from html.parser import HTMLParser

__all__ = ["text_of_html"]

UNSEEN = frozenset({"script", "style", "template", "head"})
INLINE = frozenset({"a", "abbr", "b", "bdi", "bdo", "em", "font", "i", "mark", "s", "small", "span", "strong", "sub"})
INLINE |= {"sup", "u"}


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._unseen = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._unseen += tag in UNSEEN
        self._part(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in UNSEEN and self._unseen:
            self._unseen -= 1
        self._part(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._part(tag)

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self.parts.append(data)

    def _part(self, tag: str) -> None:
        """Words on both sides of a tag are two, unless it only changes how they look."""
        if tag not in INLINE:
            self.parts.append(" ")


def text_of_html(markup: str) -> str:
    """What stands between the tags, entities resolved, with single blanks; the text itself where it has no markup."""
    parser = _Text()
    parser.feed(markup)
    parser.close()
    return " ".join("".join(parser.parts).split())
