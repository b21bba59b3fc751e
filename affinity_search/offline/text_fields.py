"""The texts of items by field: what a query is looked up in, and what queries are made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from affinity_search.config.items import Items
from affinity_search.items.item import Item, values_at

__all__ = ["DEFAULT_TEXT_FIELDS", "Texts", "item_texts", "judge_text_fields"]

DEFAULT_TEXT_FIELDS: Mapping[str, float] = Items().text_fields
LOOKED_AT = 10_000
FEWEST_WORDS, FEWEST_DIFFERENT = 2.0, 0.5
TITLE_BOOST, TEXT_BOOST = 2.0, 1.0


@dataclass(frozen=True)
class Texts:
    """One text field of all items, in their order, and what a word in it counts."""

    boost: float
    texts: Sequence[str]


def item_texts(items: Iterable[Item], fields: Mapping[str, float]) -> tuple[Texts, ...]:
    """The texts of these fields, the one with the highest boost (of equals the first) in front: it names the item."""
    found = list(items)
    order = sorted(fields, key=lambda name: -fields[name])
    return tuple(Texts(fields[name], [_text(item, name) for item in found]) for name in order)


def _text(item: Item, field: str) -> str:
    return item.title if field == "title" else " ".join(values_at(item, field))


def judge_text_fields(items: Iterable[Item]) -> Mapping[str, float]:
    """The text fields of these items with boosts: `title` and `text`, or what stands for them where no item has either.

    That is every field of several words that differ from item to item; the one of the shortest texts is the title.
    """
    some = list(islice(items, LOOKED_AT))
    if any(item.title or item.fields.get("text") for item in some):
        return DEFAULT_TEXT_FIELDS
    names = dict.fromkeys(name for item in some for name, value in item.fields.items() if isinstance(value, str))
    words = {name: found for name in names if (found := _words(some, name))}
    if not words:
        return DEFAULT_TEXT_FIELDS
    title = min(words, key=lambda name: words[name])
    return {title: TITLE_BOOST, **{name: TEXT_BOOST for name in words if name != title}}


def _words(items: Sequence[Item], name: str) -> float:
    """How many words the field has on average; 0 where it holds no texts of its own for most items."""
    texts = [value for item in items if isinstance(value := item.fields.get(name), str)]
    mean = sum(len(text.split()) for text in texts) / len(texts)
    several = mean >= FEWEST_WORDS and len(texts) >= len(items) / 2
    return mean if several and len({*texts}) >= FEWEST_DIFFERENT * len(texts) else 0.0
