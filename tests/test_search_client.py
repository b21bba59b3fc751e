"""The client against a scripted engine: what it sends, and what it does when profiles cannot be read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from affinity_search.engine import EngineInfo
from affinity_search.errors import EngineFailed, EngineUnavailable, MissingResource, RefusedRequest
from affinity_search.search import Client

HIT = {"_id": "s1", "_score": 2.0, "matched_queries": ["template|affinity-search-1a2b3c4d"]}


@dataclass
class ScriptedEngine:
    answers: list[Any]
    url: str = "http://scripted"
    sent: list[tuple[str, str, Any]] = field(default_factory=list)

    def info(self) -> EngineInfo:
        return EngineInfo("opensearch", "3.8.0")

    def call(self, method: str, path: str, body: object = None, params: Mapping[str, str] | None = None) -> Any:
        self.sent.append((method, path, body))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    @property
    def parameters(self) -> list[Any]:
        return [body["params"] for _, _, body in self.sent]


def found(*hits: Any) -> dict[str, Any]:
    return {"took": 1, "hits": {"hits": list(hits)}}


def client(*answers: Any) -> tuple[Client, ScriptedEngine]:
    engine = ScriptedEngine(list(answers))
    return Client(engine, "products", "affinity-search"), engine


def test_one_request_with_the_stored_template() -> None:
    asker, engine = client(found(HIT))

    asker.search("shoes", user_id="u42", from_=20, size=5, filters={"brand": ["Birch"]})

    assert engine.sent == [
        (
            "POST",
            "/products/_search/template",
            {
                "id": "affinity-search",
                "params": {"q": "shoes", "user_id": "u42", "from": 20, "size": 5, "filters": {"brand": ["Birch"]}},
            },
        )
    ]


def test_ranks_go_on_over_pages() -> None:
    asker, _ = client(found(HIT))

    assert [hit.rank for hit in asker.search("shoes", from_=20).hits] == [21]


def test_without_a_hit_for_all_words_any_of_them_will_do_and_it_is_said() -> None:
    asker, engine = client(found(), found(HIT))

    answer = asker.search("red shoes")

    assert engine.parameters == [{"q": "red shoes"}, {"q": "red shoes", "operator": "or"}]
    assert answer.notes == ("no hit has every word; these have some of them",)


@pytest.mark.parametrize("options", [{"operator": "and"}, {"from_": 10}])
def test_an_asked_for_operator_and_a_later_page_are_left_alone(options: Any) -> None:
    asker, engine = client(found())

    assert asker.search("red shoes", **options).hits == ()
    assert len(engine.sent) == 1


@pytest.mark.parametrize(
    "error",
    [
        MissingResource("no such index [affinity-lookup]", status=404),
        RefusedRequest("closed", status=400),
        EngineFailed("no shard available", status=503),
    ],
)
def test_unreadable_profiles_give_the_generic_answer_and_it_is_said(error: Exception) -> None:
    asker, engine = client(error, found(HIT))

    answer = asker.search("shoes", user_id="u42")

    assert engine.parameters == [{"q": "shoes", "user_id": "u42"}, {"q": "shoes"}]
    assert [hit.id for hit in answer.hits] == ["s1"]
    assert answer.notes == (f"generic order, profiles unreadable: {error}",)


def test_what_fails_generically_too_is_raised() -> None:
    asker, _ = client(MissingResource("no profiles", status=404), MissingResource("no items", status=404))

    with pytest.raises(MissingResource, match="no items"):
        asker.search("shoes", user_id="u42")


def test_a_generic_request_is_not_sent_twice() -> None:
    asker, engine = client(MissingResource("no items", status=404))

    with pytest.raises(MissingResource):
        asker.search("shoes")
    assert len(engine.sent) == 1


@pytest.mark.parametrize("error", [EngineUnavailable("down"), EngineFailed("broken", status=500)])
def test_an_engine_in_trouble_is_not_asked_again(error: Exception) -> None:
    asker, engine = client(error)

    with pytest.raises(type(error)):
        asker.search("shoes", user_id="u42")
    assert len(engine.sent) == 1


def test_any_word_is_said_as_data_and_only_where_it_found_something() -> None:
    assert client(found(), found(HIT))[0].search("red shoes").any_word
    nothing = client(found(), found())[0].search("red shoes")
    assert (nothing.any_word, nothing.notes) == (True, ())


def test_an_empty_shopper_is_said() -> None:
    asker, engine = client(found(HIT))
    assert asker.search("shoes", user_id="").notes == ("personalisation is off because `user_id` is empty",)
    assert engine.parameters == [{"q": "shoes", "user_id": ""}]


def test_a_total_is_asked_for() -> None:
    asker, engine = client({"took": 1, "hits": {"total": {"value": 7, "relation": "eq"}, "hits": []}})
    assert asker.search("", track_total_hits=True).total == 7
    assert engine.parameters == [{"q": "", "track_total_hits": True}]
