"""Whether the values of a column are lists or paths written in one text, and which signs part them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

__all__ = ["HIERARCHIES", "hierarchy_of", "separators_of"]

SIGNS = ("|", ";", ",", "，", "、", "~")
HIERARCHIES = (">", "»", "›", "→", "/", "::")
TELLING = re.compile(r"tags?$|categor|genres?$|colou?rs?$|keywords?$|labels$|features$|schlagw|farben", re.IGNORECASE)
PATHS = re.compile(r"categor|department|taxonom|breadcrumb|hierarch|product.?type|kategorie", re.IGNORECASE)
FEWEST = 0.02
LONGEST_PART, MOST_WORDS = 40, 4


def separators_of(name: str, values: Sequence[str]) -> list[str]:
    """The signs that part several values in one text, as in `a, b` or `a|b`; none where a text is one value.

    A sign counts where what it parts comes again in other texts, or where the column's name promises a list.
    """
    distinct = sorted(set(values))
    return [sign for sign in SIGNS if _parts_lists(sign, distinct, bool(TELLING.search(name)))]


def hierarchy_of(name: str, values: Sequence[str]) -> str:
    """The sign that leads from a wider category to a narrower one, as in `a > b`; empty where there is none."""
    distinct = sorted(set(values))
    for sign in HIERARCHIES:
        if sign in ("/", "::") and not PATHS.search(name):
            continue
        having = [value for value in distinct if sign in value.strip(sign)]
        if having and len(having) >= FEWEST * len(distinct) and _are_names(sign, having):
            return sign
    return ""


def _parts_lists(sign: str, distinct: Sequence[str], promised: bool) -> bool:
    having = [value for value in distinct if sign in value]
    if not having or len(having) < FEWEST * len(distinct) or not _are_names(sign, having):
        return False
    if any(re.search(r"\d,\d", value) for value in having) and sign == ",":
        return False
    parts = Counter(part for value in distinct for part in {p.strip() for p in value.split(sign)})
    from_lists = {part.strip() for value in having for part in value.split(sign)}
    again = sum(1 for part in from_lists if parts[part] > 1)
    return promised or 2 * again >= len(from_lists)


def _are_names(sign: str, values: Sequence[str]) -> bool:
    """Whether the parts are as short as names; a sentence with commas is no list."""
    parts = [part.strip() for value in values for part in value.split(sign) if part.strip()]
    short = sum(1 for part in parts if len(part) <= LONGEST_PART and len(part.split()) <= MOST_WORDS)
    return bool(parts) and short >= 0.9 * len(parts)
