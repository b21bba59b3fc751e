"""Profiles that cannot be read: the client answers generically and says so; nothing else fails."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest
from click.testing import CliRunner

from affinity_search.cli import main
from affinity_search.engine import Engine
from affinity_search.engine.aliases import resolve_alias
from affinity_search.errors import EngineError
from tests.live.shop import BIRCH_FAN, Shop, open_shop


@pytest.fixture
def own_shop(engine_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A shop of the test's own, to be broken."""
    with open_shop(engine_url, tmp_path_factory.mktemp("broken"), f"broken-{os.getpid()}") as found:
        yield found


def delete(engine: Engine, alias: str) -> None:
    engine.call("DELETE", f"/{index_of(engine, alias)}")


def close(engine: Engine, alias: str) -> None:
    engine.call("POST", f"/{index_of(engine, alias)}/_close")


def lose_the_shard(engine: Engine, alias: str) -> None:
    """Puts an index in its place that no node may hold."""
    index = index_of(engine, alias)
    engine.call("DELETE", f"/{index}")
    nowhere = {"index.routing.allocation.require._name": "no-such-node"}
    body = {"settings": nowhere, "aliases": {alias: {}}}
    engine.call("PUT", f"/{index}", body, {"wait_for_active_shards": "0"})


def index_of(engine: Engine, alias: str) -> str:
    (index,) = resolve_alias(engine, alias)
    return index


@pytest.mark.parametrize(("harm", "status"), [(delete, 404), (close, 400), (lose_the_shard, 503)])
def test_the_answer_is_generic_and_says_so(own_shop: Shop, harm: Callable[[Engine, str], None], status: int) -> None:
    generic = own_shop.client.search("running shoes")
    harm(own_shop.engine, own_shop.config.lookup_index)

    with pytest.raises(EngineError) as refused:
        parameters = {"q": "running shoes", "user_id": BIRCH_FAN}
        body = {"id": own_shop.config.search.template, "params": parameters}
        own_shop.engine.call("POST", f"/{own_shop.config.items.index}/_search/template", body)
    found = own_shop.client.search("running shoes", user_id=BIRCH_FAN)
    printed = CliRunner().invoke(
        main, ["search", "running shoes", "--user", BIRCH_FAN, "-c", str(own_shop.config_path)]
    )

    assert refused.value.status == status
    assert [(hit.id, hit.score) for hit in found.hits] == [(hit.id, hit.score) for hit in generic.hits]
    assert found.notes[0].startswith("generic order, profiles unreadable: ")
    assert not found.personalised
    assert printed.exit_code == 0
    assert "note: generic order, profiles unreadable: " in printed.output
