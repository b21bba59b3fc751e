"""Each verb of the engine sends one request and gives a value back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from affinity_search.engine import Engine
from affinity_search.engine.aliases import add_alias, remove_alias
from affinity_search.engine.documents import (
    Document,
    Fetched,
    Wanted,
    create_document,
    read_document,
    read_documents,
    read_versions,
    replace_document,
)
from affinity_search.engine.hints import curl_search_template, put_mapping, run_pipeline
from affinity_search.engine.indices import Identity, identify, refresh
from affinity_search.engine.mappings import add_to_mappings, aggregatable_fields, read_mappings, read_metas
from affinity_search.engine.pipelines import delete_pipeline, indices_using, read_pipeline, write_pipeline
from affinity_search.engine.scripts import delete_script, read_script, write_script
from affinity_search.engine.searches import render_template, search, search_template, search_templates
from affinity_search.engine.settings import read_cluster_setting, read_settings, write_settings
from affinity_search.errors import BrokenAnswer, MissingResource
from tests.test_reading import Answers

Verb = Callable[[Engine], Any]
FLAT = {"flat_settings": "true"}
PAIR = {"x": {"mappings": {"properties": {"a": {"type": "long"}}}}, "w": {"mappings": {}}}


@pytest.mark.parametrize(
    ("verb", "method", "path", "body", "params"),
    [
        (lambda e: write_script(e, "a/b", "{}"), "PUT", "/_scripts/a%2Fb",
         {"script": {"lang": "mustache", "source": "{}"}}, {}),
        (lambda e: write_pipeline(e, "p", {"processors": []}), "PUT", "/_ingest/pipeline/p", {"processors": []}, {}),
        (lambda e: add_to_mappings(e, "x", {"_meta": {}}), "PUT", "/x/_mapping", {"_meta": {}}, {}),
        (lambda e: write_settings(e, "x", {"refresh_interval": None}), "PUT", "/x/_settings",
         {"index": {"refresh_interval": None}}, {}),
        (lambda e: refresh(e, "x", "y"), "POST", "/x,y/_refresh", None, {}),
        (lambda e: add_alias(e, "x-1", "x"), "POST", "/_aliases",
         {"actions": [{"add": {"index": "x-1", "alias": "x"}}]}, {}),
        (lambda e: remove_alias(e, "x-1", "x"), "POST", "/_aliases",
         {"actions": [{"remove": {"index": "x-1", "alias": "x"}}]}, {}),
    ],
)  # fmt: skip
def test_a_verb_that_writes_sends_one_request(
    verb: Verb, method: str, path: str, body: object, params: dict[str, str]
) -> None:
    engine = Answers({"acknowledged": True})
    verb(engine)
    assert engine.requests == [(method, path, body, params)]


@pytest.mark.parametrize(
    ("verb", "answer", "value", "method", "path", "body", "params"),
    [
        (lambda e: read_script(e, "s"), {"script": {"source": "{}"}}, "{}", "GET", "/_scripts/s", None, {}),
        (lambda e: read_pipeline(e, "p"), {"p": {"version": 1}}, {"version": 1}, "GET", "/_ingest/pipeline/p", None,
         {}),
        (lambda e: indices_using(e, "p"),
         {"y": {"settings": {"index": {"final_pipeline": "p"}}},
          "x": {"settings": {"index": {"default_pipeline": "p"}}},
          "z": {"settings": {"index": {"final_pipeline": "q"}}}},
         ["x", "y"], "GET", "/*,-.*/_settings/index.default_pipeline,index.final_pipeline", None, {}),
        (lambda e: list(read_mappings(e, "x").items()), PAIR,
         [("w", {}), ("x", {"properties": {"a": {"type": "long"}}})], "GET", "/x/_mapping", None, {}),
        (lambda e: read_metas(e, "x"), {"x": {"mappings": {"_meta": {"a": 1}}}}, {"x": {"_meta": {"a": 1}}},
         "GET", "/x/_mapping", None, {"filter_path": "*.mappings._meta"}),
        (lambda e: aggregatable_fields(e, "x"),
         {"fields": {"b": {"long": {"aggregatable": True}, "text": {"aggregatable": False}},
                     "a.b": {"long": {"aggregatable": True}}}},
         ["a.b"], "GET", "/x/_field_caps", None, {"fields": "*", "filter_path": "fields.*.*.aggregatable"}),
        (lambda e: aggregatable_fields(e, "x"), {}, [], "GET", "/x/_field_caps", None,
         {"fields": "*", "filter_path": "fields.*.*.aggregatable"}),
        (lambda e: read_settings(e, "x", ("index.a", "index.b")),
         {"x-2": {"settings": {}}, "x-1": {"settings": {"index.a": "7"}}}, {"x-1": {"index.a": "7"}, "x-2": {}},
         "GET", "/x/_settings/index.a,index.b", None, FLAT),
        (lambda e: read_cluster_setting(e, "s"), {"persistent": {"s": "b"}, "defaults": {"s": "c"}, "transient": {}},
         "b", "GET", "/_cluster/settings", None, {**FLAT, "include_defaults": "true"}),
        (lambda e: read_cluster_setting(e, "s"), {"persistent": {"s": "b"}, "transient": {"s": "a"}}, "a",
         "GET", "/_cluster/settings", None, {**FLAT, "include_defaults": "true"}),
        (lambda e: read_cluster_setting(e, "s"), {}, None, "GET", "/_cluster/settings", None,
         {**FLAT, "include_defaults": "true"}),
        (lambda e: identify(e, "x"), {"x-1": {"settings": {"index": {"uuid": "u"}}}}, [Identity("x-1", "u", {})],
         "GET", "/x", None, {"filter_path": "*.settings.index.uuid,*.mappings._meta"}),
        (lambda e: identify(e, "x-*", hidden=True), {}, [], "GET", "/x-*", None,
         {"filter_path": "*.settings.index.uuid,*.mappings._meta", "expand_wildcards": "all"}),
        (lambda e: read_document(e, "x", "a/b"), {"_source": {"n": 1}, "_seq_no": 4, "_primary_term": 2},
         Document({"n": 1}, (4, 2)), "GET", "/x/_doc/a%2Fb", None, {}),
        (lambda e: create_document(e, "x", "1", {"n": 1}), {"_seq_no": 4, "_primary_term": 2}, (4, 2),
         "PUT", "/x/_create/1", {"n": 1}, {"refresh": "true"}),
        (lambda e: replace_document(e, "x", "1", {"n": 1}, (4, 2)), {"_seq_no": 5, "_primary_term": 2}, (5, 2),
         "PUT", "/x/_doc/1", {"n": 1}, {"refresh": "true", "if_seq_no": "4", "if_primary_term": "2"}),
        (lambda e: read_documents(e, [Wanted("x", "1"), Wanted("x", "2", ("v",)), Wanted("y", "3")]),
         {"docs": [{"found": True, "_source": {"n": 1}}, {"found": False}, {"error": {"reason": "no such index [y]"}}]},
         [Fetched({"n": 1}), Fetched(None), Fetched(None, "no such index [y]")], "POST", "/_mget",
         {"docs": [{"_index": "x", "_id": "1"}, {"_index": "x", "_id": "2", "_source": ["v"]},
                   {"_index": "y", "_id": "3"}]}, {}),
        (lambda e: read_versions(e, [("x", "1"), ("y", "2")]), {"docs": [{"found": True, "_version": 7}, {}]},
         [7, None], "POST", "/_mget",
         {"docs": [{"_index": "x", "_id": "1", "_source": False}, {"_index": "y", "_id": "2", "_source": False}]},
         {"filter_path": "docs._version,docs.found"}),
        (lambda e: search(e, "x", {"size": 1}), {"hits": {"hits": []}}, {"hits": {"hits": []}}, "POST", "/x/_search",
         {"size": 1}, {}),
        (lambda e: search_template(e, "x", {"id": "t"}, {"q": "a"}), {"took": 1}, {"took": 1},
         "POST", "/x/_search/template", {"id": "t", "params": {"q": "a"}}, {}),
        (lambda e: search_template(e, "x", {"source": "{}"}, {}, only="took"), {"took": 1}, {"took": 1},
         "POST", "/x/_search/template", {"source": "{}", "params": {}}, {"filter_path": "took"}),
        (lambda e: search_templates(e, "x", {"id": "t"}, [{"q": "a"}, {"q": "ü"}], only="responses.error"),
         {"responses": [{}, {"error": {}}]}, [{}, {"error": {}}], "POST", "/x/_msearch/template",
         '{}\n{"id": "t", "params": {"q": "a"}}\n{}\n{"id": "t", "params": {"q": "\\u00fc"}}\n',
         {"filter_path": "responses.error"}),
        (lambda e: render_template(e, {"id": "t"}, {"q": "a"}), {"template_output": {"query": {}}}, {"query": {}},
         "POST", "/_render/template", {"id": "t", "params": {"q": "a"}}, {}),
    ],
)  # fmt: skip
def test_a_verb_gives_a_value(
    verb: Verb, answer: Any, value: object, method: str, path: str, body: object, params: dict[str, str]
) -> None:
    engine = Answers(answer)
    assert verb(engine) == value
    assert engine.requests == [(method, path, body, params)]


class Nothing(Answers):
    """An engine that has nothing of what it is asked for."""

    def call(self, *request: Any, **options: Any) -> Any:
        raise MissingResource("404", status=404)


@pytest.mark.parametrize(
    ("verb", "value"),
    [
        (lambda e: read_script(e, "s"), None),
        (lambda e: read_pipeline(e, "p"), None),
        (lambda e: read_document(e, "x", "1"), None),
        (lambda e: delete_script(e, "s"), False),
        (lambda e: delete_pipeline(e, "p"), False),
    ],
)
def test_what_is_not_there_is_no_error(verb: Verb, value: object) -> None:
    assert verb(Nothing()) is value


@pytest.mark.parametrize("delete", [delete_script, delete_pipeline])
def test_what_was_there_is_deleted(delete: Callable[[Engine, str], bool]) -> None:
    assert delete(Answers({"acknowledged": True}), "a")


@pytest.mark.parametrize(
    ("verb", "answer", "finding"),
    [
        (lambda e: read_documents(e, [Wanted("x", "1")]), {"docs": []}, "expected 1 documents, got 0"),
        (lambda e: read_documents(e, [Wanted("x", "1")]), {}, "expected an answer with a list at docs, got nothing"),
        (lambda e: read_versions(e, [("x", "1")]), {"docs": [{"found": True, "_version": "1"}]},
         "expected an answer with a whole number at _version, got '1'"),
        (lambda e: search_templates(e, "x", {"id": "t"}, [{}, {}]), {"responses": [{}]},
         "expected 2 answers to as many searches, got 1"),
        (lambda e: render_template(e, {"id": "t"}, {}), {"template_output": "text"},
         "expected an answer with an object at template_output, got 'text'"),
        (lambda e: search(e, "x", {}), [1], "expected an answer with an object, got [1]"),
        (lambda e: read_pipeline(e, "p"), {"q": {}}, "expected an answer with an object at p, got nothing"),
        (lambda e: identify(e, "x"), {"x": {"settings": {}}},
         "expected an answer with text at settings.index.uuid, got nothing"),
    ],
)  # fmt: skip
def test_an_answer_of_another_shape_is_an_error(verb: Verb, answer: Any, finding: str) -> None:
    with pytest.raises(BrokenAnswer) as caught:
        verb(Answers(answer))
    assert caught.value.message == f"http://engine: {finding}"


def test_requests_for_people_are_written_out() -> None:
    assert put_mapping("x", {"a": {"type": "long"}}) == 'PUT /x/_mapping {"properties": {"a": {"type": "long"}}}'
    assert run_pipeline("x", "p") == "POST /x/_update_by_query?pipeline=p&refresh=true"
    assert curl_search_template("http://e:9200", "x", "t", {"q": "d'été"}) == (
        "curl -s 'http://e:9200/x/_search/template?pretty' \\",
        """-H 'Content-Type: application/json' -d '{"id": "t", "params": {"q": "d'\\''été"}}'""",
    )
