"""A starting configuration suggested by the shop's own data, each number with its reason."""

from affinity_search.suggest.files import Looked, suggest_from_files
from affinity_search.suggest.suggestion import Suggestion, suggest
from affinity_search.suggest.write import write_yaml

__all__ = ["Looked", "Suggestion", "suggest", "suggest_from_files", "write_yaml"]
