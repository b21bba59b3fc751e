"""What `init` and `tune` do alike: the coordinate ascent, then the weights of single categories."""

from __future__ import annotations

from affinity_search.config.model import Config
from affinity_search.offline.cut import Cut, query_source
from affinity_search.offline.scorer import Scorer
from affinity_search.offline.shop import Shop
from affinity_search.tuning.acceptance import Objective
from affinity_search.tuning.ascent import Found, ascend
from affinity_search.tuning.by_category import by_category

__all__ = ["search"]


def search(config: Config, scorer: Scorer, shop: Shop, split: Cut, aim: Objective) -> Found:
    """The numbers that gain for this shop, beginning with those of `config`."""
    return by_category(ascend(config, scorer, aim), scorer, shop, _category(shop, split, config), aim)


def _category(shop: Shop, split: Cut, config: Config) -> str | None:
    """The configured attribute whose values are the shop's categories: those that the searches were made from."""
    source = query_source(shop, split)
    return next((name for name, attribute in config.attributes.items() if attribute.field == source), None)
