"""What names may look like: each pattern once for the machine and once in words for people."""

from __future__ import annotations

__all__ = ["ANALYZER", "FIELD_NAME", "INDEX_NAME", "NAME", "TEMPLATE_NAME", "in_words"]

NAME = r"^[a-z][a-z0-9_]{0,39}$"
INDEX_NAME = r"^[a-z0-9][a-z0-9_.-]{0,99}$"
TEMPLATE_NAME = r"^[a-z0-9][a-z0-9_-]{0,99}$"
FIELD_NAME = r"^[A-Za-z_][\w-]*(\.[\w-]+)*$"
ANALYZER = r"^[a-z][a-z0-9_]*$"

WORDS = {
    NAME: "lower-case letters, digits and _, beginning with a letter, at most 40 characters",
    INDEX_NAME: "lower-case letters, digits, _, - and ., beginning with a letter or digit, at most 100 characters",
    TEMPLATE_NAME: "lower-case letters, digits, _ and -, beginning with a letter or digit, at most 100 characters",
    FIELD_NAME: "letters, digits, _ and -, beginning with a letter, with a dot between the parts of a path",
    ANALYZER: "lower-case letters, digits and _, beginning with a letter",
}


def in_words(pattern: str) -> str:
    """What the pattern asks for in words; "another form" for one that has none here."""
    return WORDS.get(pattern, "another form")
