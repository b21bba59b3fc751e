"""Whether the popularity of items may be written to the index that the configuration names."""

from __future__ import annotations

from collections.abc import Sequence

from affinity_search.engine.mappings import read_mappings
from affinity_search.engine.ownership import mark_of
from affinity_search.engine.protocol import Engine
from affinity_search.errors import ConfigError

__all__ = ["check_recipient"]


def check_recipient(engine: Engine, name: str, owner: str, wanted: Sequence[str]) -> None:
    """Raises ConfigError where an index behind the name is not one that takes popularity from this owner.

    `wanted` are the fields of popularity and newness.

    One of another deployment never does. One that others make does, once it has the fields as `rank_feature`: that is
    how its makers ask for them, and without them the engine would add fields of its own guess.
    """
    for index, mappings in read_mappings(engine, name).items():
        other = mark_of(mappings).get("owner", owner)
        if other != owner:
            finding = f"{index}, an index of the deployment {other}"
            raise _refused(engine, name, wanted, finding, "Choose another items.index.")
        fields = mappings.get("properties", {})
        if missing := [field for field in wanted if fields.get(field, {}).get("type") != "rank_feature"]:
            hint = (
                f"Add {' and '.join(missing)} to its mapping as rank_feature (`affinity adopt {name}` does), or load "
                "the items: affinity items load"
            )
            raise _refused(engine, name, wanted, f"{index}, an index of others without them", hint)


def _refused(engine: Engine, name: str, wanted: Sequence[str], finding: str, hint: str) -> ConfigError:
    fields = " and ".join(wanted)
    return ConfigError(f"{engine.url}/{name}: expected an index that takes {fields}, got {finding}", hint=hint)
