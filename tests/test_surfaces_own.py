"""A team's own body as a template: what is put in, where, and what is refused with which words."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from affinity_search.cli import main
from affinity_search.config import Config, load_config, parse_config
from affinity_search.errors import ConfigError
from affinity_search.surfaces import Template, build_templates
from affinity_search.surfaces.fragment import personal_of
from affinity_search.surfaces.injection import injected, taken_out
from affinity_search.surfaces.mustache import parameters, render
from affinity_search.surfaces.scan import pairs, pieces
from affinity_search.surfaces.values import fields_of, personalised, without_ours

GOLDEN = Path(__file__).parent / "golden"
CONFIG = """
items: {index: catalog}
events: {types: {purchase: {weight: 1}}}
attributes: {brand: {field: brand, strength: 0.1, saturation_weight: 4, levels: 3}}
search: {FILE: body.mustache, window: 50}
"""


def config(folder: Path, body: str, file: str = "body", more: str = "") -> Config:
    (folder / "body.mustache").write_text(body, encoding="utf-8")
    (folder / "affinity.yaml").write_text(CONFIG.replace("FILE", file) + more, encoding="utf-8")
    return load_config(folder / "affinity.yaml")


def template(folder: Path, body: str, file: str = "body", more: str = "") -> Template:
    (found,) = build_templates(config(folder, body, file, more))
    return found


def rendered(source: str, **values: Any) -> Any:
    return json.loads(render(source, values, "body"))


BODIES = {
    "plain": '{"query": {"match": {"name": "{{q}}"}}, "size": 20}\n',
    "sorted_on_request": """{
  "query": {{#q}}{"match": {"name": "{{q}}"}}{{/q}}{{^q}}{"match_all": {}}{{/q}}
  {{#sort}}, "sort": [{"{{sort}}": "asc"}]{{/sort}}
}
""",
    "with_their_rescore": """{
  "query": {"match": {"name": "{{q}}"}},
  "rescore": {"window_size": 20, "query": {"rescore_query": {"match_phrase": {"name": "{{q}}"}}}}
}
""",
    "collapsed": '{"collapse": {"field": "family"}, "query": {"match": {"name": "{{q}}"}}}\n',
    "hybrid": """{
  "query": {"hybrid": {"queries": [{"match": {"name": "{{q}}"}}, {"knn": {"vector": {"vector": [1, 2], "k": 9}}}]}}
}
""",
}


@pytest.mark.parametrize("name", BODIES)
def test_the_template_is_the_one_that_was_read_and_approved(name: str, tmp_path: Path) -> None:
    found = template(tmp_path, BODIES[name])
    golden = GOLDEN / f"own_{name}.mustache"
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(found.source, encoding="utf-8")

    assert found.source == golden.read_text(encoding="utf-8")
    assert taken_out(found.source) == found.original == BODIES[name]


def test_the_version_is_that_of_body_and_configuration(tmp_path: Path) -> None:
    one, two = template(tmp_path, BODIES["plain"]), template(tmp_path, BODIES["collapsed"])
    stronger = template(tmp_path, BODIES["plain"], more="item_affinity: {strength: 1}\n")

    assert one == template(tmp_path, BODIES["plain"])
    assert len({one.version, two.version, stronger.version}) == 3
    assert f'"template|affinity-search-{one.version}"' in one.source


def test_a_body_that_is_a_template_of_ours_is_taken_as_it_was_before(tmp_path: Path) -> None:
    found = template(tmp_path, BODIES["plain"])
    assert template(tmp_path, found.source) == found


def test_without_affinities_only_the_version_is_told(tmp_path: Path) -> None:
    (tmp_path / "body.mustache").write_text(BODIES["plain"], encoding="utf-8")
    text = "{events: {types: {purchase: {weight: 1}}}, search: {body: body.mustache}}"
    (tmp_path / "affinity.yaml").write_text(text, encoding="utf-8")
    (found,) = build_templates(load_config(tmp_path / "affinity.yaml"))

    assert rendered(found.source, q="a", user_id="u") == {
        "query": {
            "bool": {
                "must": [{"match": {"name": "a"}}],
                "filter": [{"match_all": {"_name": f"template|{found.versioned_name}"}}],
            }
        },
        "size": 20,
    }


REFUSED = [
    ("", 'search.body: body.mustache: expected JSON when rendered with no parameters, got nothing'),
    ("[1]", "search.body: body.mustache: expected a JSON object, got [1]"),
    ('{"query": {"match_all": {}}', "search.body: body.mustache: expected JSON when rendered with no parameters, got "
     "'{\"query\": {\"match_all\": {}}' (Expecting ',' delimiter at 1:28)"),
    ('{"query": {{#q}}{"match_all": {}}}', "search.body: body.mustache:1:11: expected {{/q}} to close it, found none"),
    ('{"query": {{/q}}{"match_all": {}}}', "search.body: body.mustache:1:11: expected the section 'q', got none that "
     "is open"),
    ('{\n "query": {{q}', "search.body: body.mustache:2:11: expected Mustache, got a tag that is not closed"),
    ('{"query": {{> part}} }', "search.body: body.mustache:1:11: expected tags of parameters and sections, got "
     "{{> part}} (a partial)"),
    ('{"query": {"match": {"name": "{{q}}}}', "search.body: body.mustache:1:30: expected JSON, got a string that is "
     "not closed"),
    ('{"aggs": {}, "size": 0}', 'search.body: body.mustache: expected "query" at the top of the body, got aggs, size'),
    ('{"query": {"match_all": {}}, "size": 200}', "search.body: body.mustache: size: expected at most search.window "
     "(50), got 200"),
    ('{"query": {"match_all": {}}, "size": "{{size}}{{^size}}80{{/size}}"}', "search.body: body.mustache: size: "
     "expected at most search.window (50), got 80"),
    ('{"query": {"term": {"owner": "{{user_id}}"}}}', "search.body: body.mustache:1:31: expected the parameter "
     "user_id for personalisation alone, got {{user_id}}"),
    ('{"query": {"match_all": {}},\n "sort": ["price"]}', "search.body: body.mustache:2:10: sort: expected hits by "
     'relevance, got ["price"]: nothing personal can move what a field sorts'),
    ('{"query": {"match_all": {}}, "collapse": {"field": "f"}, "rescore": {"query": {"score_mode": "total", '
     '"rescore_query": {"match_all": {}}}}}', "search.body: body.mustache: rescore.query.score_mode: expected multiply "
     "beside functions that boost every hit, got total: the bound max_boost would not hold"),
    ('{"query": {"match_all": {}}, "rescore": {{#x}}{"query": {"rescore_query": {"match_all": {}}}}{{/x}}{{^x}}[]'
     "{{/x}} }", 'search.body: body.mustache:1:41: rescore: expected an object, or a list that begins with one, got '
     "{{#x}} {"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "said"), REFUSED)
def test_a_body_that_cannot_be_personalised_is_refused_with_its_place(body: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        template(tmp_path, body)
    assert caught.value.message == said


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    found = config(tmp_path, "")
    (tmp_path / "body.mustache").unlink()
    with pytest.raises(ConfigError, match=r"body\.mustache: expected a file, found none\n  search\.body names a file"):
        build_templates(found)


def test_body_and_query_are_not_given_both(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"search\.query: expected search\.body or search\.query, got both"):
        config(tmp_path, "{}", file="query: q.mustache, body")


def test_validate_says_what_works_and_may_not_be_as_meant(tmp_path: Path) -> None:
    body = '{"query": {"match": {"name": "{{{words}}}"}}, "rescore": {"query": {"rescore_query": {"match_all": {}}}}}'
    config(tmp_path, body)
    result = CliRunner().invoke(main, ["validate", "-c", str(tmp_path / "affinity.yaml")])

    assert result.exit_code == 0, result.output
    assert result.output.splitlines()[1:] == [
        "note: search.body: body.mustache:1:31: {{{words}}}: expected values that are escaped, got one that is printed "
        "raw: a value with quotes changes the query. {{name}} in quotes is escaped",
        "note: search.body: body.mustache: expected the parameter q for the words of a search, got words: name it q, "
        "or send it with `affinity search --param NAME=VALUE` (`params` of the client)",
        "note: search.body: body.mustache: rescore.query.score_mode: expected multiply, or a rescore that stands "
        "before the personal one, got total: it stays as it is and comes first, and the personal one multiplies what "
        "it made",
    ]


def test_a_query_alone_stands_in_the_ready_body(tmp_path: Path) -> None:
    found = template(tmp_path, '{"dis_max": {"queries": [{"match": {"name": "{{q}}"}}]}}', file="query")
    body = rendered(found.source, q="red shoes", user_id="u")

    assert body["query"]["bool"]["must"] == [{"dis_max": {"queries": [{"match": {"name": "red shoes"}}]}}]
    assert body["rescore"]["window_size"] == 50
    assert rendered(found.source)["query"]["bool"]["must"] == [{"match_all": {}}]


@pytest.mark.parametrize("query", ['{"query": {"match_all": {}}}', '{"hybrid": {"queries": []}}', '{"a": 1, "b": 2}'])
def test_a_body_in_place_of_a_query_is_refused(query: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="expected one query"):
        template(tmp_path, query, file="query")


def test_the_parameters_are_those_of_values_sections_and_functions() -> None:
    text = '{"a": "{{a}}", {{#b}}"c": {{{c}}}{{/b}}{{^d.e}}{{/d.e}}, "f": {{#toJson}}f{{/toJson}} {{! no }} {{.}}}'
    assert parameters(text, "t") == ("a", "b", "c", "d.e", "f")


def test_keys_are_found_under_their_sections_and_with_their_whole_value() -> None:
    text = """{ // what is sent
  {{#a}}"size": 3,{{/a}}
  "query": {{#q}}{"match": {"x": "{{q}} } ]"}}{{/q}}{{^q}}{"match_all": {}}{{/q}} /* } */
  {{#a}}{{^b}}, "sort": ["p", {"q": "asc"}]{{/b}}{{/a}},
  "aggs": {{#toJson}}aggs{{/toJson}}
}"""
    found = {pair.key: (text[pair.start : pair.end], pair.sections) for pair in pairs(text, "t")}
    assert found == {
        "size": ("3", (("a", False),)),
        "query": ('{{#q}}{"match": {"x": "{{q}} } ]"}}{{/q}}{{^q}}{"match_all": {}}{{/q}}', ()),
        "sort": ('["p", {"q": "asc"}]', (("a", False), ("b", True))),
        "aggs": ("{{#toJson}}aggs{{/toJson}}", ()),
    }


def test_branches_that_open_what_is_closed_after_both_count_once() -> None:
    text = '{"query": {{#f}}{"a": {"b": {{/f}}{{^f}}{"c": {"d": {{/f}} {"match_all": {}} }}, "size": 1}'
    assert [(pair.key, text[pair.start : pair.end]) for pair in pairs(text, "t")][1] == ("size", "1")


NAMES = st.sampled_from(["q", "brand", "sale"])
PLAIN = st.none() | st.booleans() | st.integers(-5, 5) | st.text('ab"{}[]:,/\\ é', max_size=5)
JSON = st.recursive(PLAIN, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner))
LABEL = "shop-1a2b3c4d"


def written(value: Any) -> str:
    # A `{` directly before a tag would make it a triple one, and text may hold what looks like a tag.
    return re.sub(r"\{(?=\{)", "{ ", re.sub(r"\}(?=\})", "} ", json.dumps(value)))


@st.composite
def values(draw: st.DrawFn) -> str:
    """A JSON value as Mustache: plain, filled in, or another one in each branch of a section."""
    kind = draw(st.integers(0, 3))
    if kind == 0:
        return written(draw(JSON))
    if kind == 1:
        return f'{{"match": {{"name": "x {{{{{draw(NAMES)}}}}} }}"}}}}'
    name, one, other = draw(NAMES), draw(values()), draw(values())
    return f"{{{{#{name}}}}}{one}{{{{/{name}}}}}{{{{^{name}}}}} {other}{{{{/{name}}}}}"


@st.composite
def bodies(draw: st.DrawFn) -> str:
    """A search body with a query somewhere among keys of which some stand under sections, and maybe rescorers."""
    blank = st.sampled_from(["", " ", "\n", " /* } */ ", ' // "\n'])
    parts = [f'"query":{draw(blank)}{draw(values())}{draw(blank)}']
    rescore = '{"window_size": 9, "query": {"rescore_query": {"match_all": {"boost": 2}}}}'
    keys = draw(st.lists(st.sampled_from(["size", "aggs", "rescore", "highlight"]), unique=True, max_size=3))
    for key in keys:
        value = draw(st.sampled_from([rescore, f"[{rescore}]"])) if key == "rescore" else draw(values())
        pair = f', "{key}": {value}'
        name = draw(st.none() | NAMES)
        parts.append(f"{{{{#{name}}}}}{pair}{{{{/{name}}}}}" if name else pair)
    return f"{{ {''.join(parts)}{draw(blank)} }}"


@given(bodies(), st.dictionaries(NAMES, st.sampled_from(["1", "", "x"])))
@settings(max_examples=300, deadline=None)
def test_putting_in_and_rendering_come_to_the_same_in_either_order(body: str, asked: dict[str, str]) -> None:
    personal = personal_of(load(), LABEL)
    assert personal is not None
    found = injected(body, LABEL, personal, all_hits=False, name="t")
    theirs, generic = _json(body, asked), _json(found, asked)
    ours = _json(found, {**asked, "user_id": "u1"})
    rescore = json.loads(json.dumps(personal.rescore()).replace("{{.}}", "u1"))

    assert taken_out(found) == body
    assert without_ours(generic) == without_ours(ours) == without_ours(theirs)
    assert listed(ours["rescore"]) == personalised(theirs, rescore)["rescore"]
    assert listed(generic.get("rescore", [])) == listed(theirs.get("rescore", []))
    assert (
        ours["query"]
        == generic["query"]
        == {"bool": {"must": [theirs["query"]], "filter": [{"match_all": {"_name": f"template|{LABEL}"}}]}}
    )


def listed(rescore: Any) -> list[Any]:
    return rescore if isinstance(rescore, list) else [rescore]


def load() -> Config:
    return parse_config(CONFIG.replace("FILE: body.mustache, ", ""))


def _json(text: str, asked: dict[str, str]) -> Any:
    return json.loads(" ".join(piece.text for piece in pieces(render(text, asked, "t"), "t")))


def test_the_fields_that_a_body_names_are_found_with_their_place() -> None:
    body = {
        "query": {
            "bool": {
                "must": [{"multi_match": {"query": "x", "fields": ["name^3", "text"]}}, {"match": {"titel": "x"}}],
                "filter": [{"nested": {"path": "variants", "query": {"range": {"variants.stock": {"gt": 0}}}}}],
            }
        },
        "aggs": {"brands": {"terms": {"field": "brand"}}},
        "collapse": {"field": "family"},
    }
    assert list(fields_of(body)) == [
        ("query.bool.must.multi_match", "name"),
        ("query.bool.must.multi_match", "text"),
        ("query.bool.must.match", "titel"),
        ("query.bool.filter.nested", "variants"),
        ("query.bool.filter.nested.query.range", "variants.stock"),
        ("aggs.brands.terms", "brand"),
        ("collapse", "family"),
    ]
