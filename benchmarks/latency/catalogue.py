"""A made-up shop: items with invented words, the same ones in every run, and the searches people might type in it.

Words and attribute values follow Zipf's law: the k-th most frequent one is drawn 1 / k^0.9 times as often as the first.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import NamedTuple

from affinity_search.items.item import Item

__all__ = ["VALUES", "Catalogue", "Listed", "catalogue", "item_id", "query_candidates", "zipf_draw"]

# Values per attribute.
VALUES = {"brand": 4000, "category": 1500, "collection": 6000, "maker": 3000, "theme": 2000}
WORDS = 20_000
EXPONENT = 0.9
CONSONANTS, VOWELS, ENDINGS = "bdfgklmnprtvz", "aeiou", "aou"  # such endings pass an English stemmer unchanged


class Listed(NamedTuple):
    """An item with its popularity: events of all time and of the last weeks."""

    item: Item
    popularity: int
    recent: int


@dataclass(frozen=True)
class Catalogue:
    """`size` items, the words of their titles, most frequent first, and the values of each attribute, likewise."""

    size: int
    words: Sequence[str]
    values: Mapping[str, Sequence[str]]

    def items(self) -> Iterator[Listed]:
        """The items, always the same ones in the same order."""
        rng = random.Random("items")
        for number in range(self.size):
            title = zipf_draw(rng, self.words, rng.randint(3, 6))
            text = zipf_draw(rng, self.words, rng.randint(6, 10))
            attrs = {name: (zipf_draw(rng, values, 1)[0],) for name, values in self.values.items()}
            fields = {"sku": item_id(number), "title": " ".join(title), "text": " ".join(text)}
            price = rng.randrange(100, 20_000) / 100
            popularity = min(50_000, int(rng.paretovariate(0.9)))
            yield Listed(Item(item_id(number), fields["title"], attrs, price, fields), popularity, popularity // 12)


def catalogue(size: int) -> Catalogue:
    """The shop with that many items; a larger one begins with the items of a smaller one."""
    rng = random.Random("words")
    values = {name: invented_words(rng, count) for name, count in VALUES.items()}
    return Catalogue(size, invented_words(rng, WORDS), values)


def item_id(number: int) -> str:
    """The id of an item by its place in the catalogue."""
    return f"p{number:06d}"


def invented_words(rng: random.Random, count: int) -> list[str]:
    """That many different words of two to four syllables."""
    words: dict[str, None] = {}
    while len(words) < count:
        syllables = [rng.choice(CONSONANTS) + rng.choice(VOWELS) for _ in range(rng.randint(1, 3))]
        words["".join(syllables) + rng.choice(CONSONANTS) + rng.choice(ENDINGS)] = None
    return list(words)


_weights: dict[int, list[float]] = {}


def zipf_draw(rng: random.Random, values: Sequence[str], count: int) -> list[str]:
    """`count` draws, with repetition, in which the k-th value has the weight 1 / k^0.9."""
    size = len(values)
    if size not in _weights:
        _weights[size] = list(accumulate(rank**-EXPONENT for rank in range(1, size + 1)))
    return rng.choices(values, cum_weights=_weights[size], k=count)


def query_candidates(shop: Catalogue, count: int) -> list[str]:
    """Different searches, most of one word, every third of two frequent ones that may or may not meet in an item."""
    rng = random.Random("queries")
    found: dict[str, None] = {}
    while len(found) < count:
        if rng.random() < 1 / 3:
            first, second = rng.sample(range(100), 2)
            found[f"{shop.words[first]} {shop.words[second]}"] = None
        else:
            found[shop.words[int(len(shop.words) ** rng.random()) - 1]] = None
    return list(found)
