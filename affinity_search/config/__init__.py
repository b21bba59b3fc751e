"""The shop's configuration: its model, its limits, its loading, and the names that it gives in the engine."""

from affinity_search.config.load import config_schema, load_config, parse_config
from affinity_search.config.model import Attribute, Config, ItemAffinity

__all__ = ["Attribute", "Config", "ItemAffinity", "config_schema", "load_config", "parse_config"]
