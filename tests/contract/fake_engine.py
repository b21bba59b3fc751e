"""An engine in memory for the calls that deployment makes; `test_engine_contract.py` holds it to the real one."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from affinity_search.engine import EngineInfo
from affinity_search.errors import EngineUnavailable, MissingResource, RefusedRequest

Answer = Any


@dataclass
class Index:
    mappings: dict[str, Any] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    aliases: set[str] = field(default_factory=set)
    documents: dict[str, tuple[int, Any]] = field(default_factory=dict)
    searchable: dict[str, Any] = field(default_factory=dict)
    next_seq_no: int = 0


class FakeEngine:
    """`cut(n)` breaks the connection at the nth writing call from now, before or after it is carried out.

    `instead` answers a call, named as in "PUT /products", in the place of the engine, once.
    """

    url = "http://fake"

    def __init__(self) -> None:
        self.scripts: dict[str, Any] = {}
        self.pipelines: dict[str, Any] = {}
        self.indices: dict[str, Index] = {}
        self.settings: dict[str, dict[str, str]] = {"transient": {}, "persistent": {}, "defaults": {}}
        self.calls: list[str] = []
        self.instead: dict[str, Callable[[Any], Answer]] = {}
        self.cut_in = 0
        self.cut_after = False

    def info(self) -> EngineInfo:
        return EngineInfo("opensearch", "3.8.0")

    def cut(self, calls: int, *, after: bool = False) -> None:
        self.cut_in, self.cut_after = calls, after

    def call(self, method: str, path: str, body: object = None, params: Mapping[str, str] | None = None) -> Answer:
        self.calls.append(f"{method} {path}")
        is_write = method != "GET" and not path.endswith("_search")
        self.cut_in -= is_write
        cut = is_write and self.cut_in == 0
        if cut and not self.cut_after:
            raise EngineUnavailable("cut off before")
        answer = self._answer(method, path, json.loads(json.dumps(body)), dict(params or {}))
        if cut:
            raise EngineUnavailable("cut off after")
        return json.loads(json.dumps(answer))

    def _answer(self, method: str, path: str, body: Any, params: dict[str, str]) -> Answer:
        if other := self.instead.pop(f"{method} {path}", None):
            return other(body)
        for pattern, handler in ROUTES:
            if found := re.fullmatch(pattern, f"{method} {path}"):
                return handler(self, *(unquote(part) for part in found.groups()), body, params)
        raise AssertionError(f"the fake engine does not know {method} {path}")

    def _named(self, name: str) -> tuple[str, Index]:
        for index, held in self.indices.items():
            if name == index or name in held.aliases:
                return index, held
        raise _missing(name)

    def get_script(self, name: str, _body: Any, _params: Any) -> Answer:
        if name not in self.scripts:
            raise _missing(name)
        return {"_id": name, "found": True, "script": self.scripts[name]}

    def put_script(self, name: str, body: Any, _params: Any) -> Answer:
        size = len(json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode())
        if size > 65_535:
            raise RefusedRequest(f"exceeded max allowed stored script size with size [{size}]", status=400)
        self.scripts[name] = body["script"]
        return {"acknowledged": True}

    def delete_script(self, name: str, _body: Any, _params: Any) -> Answer:
        if self.scripts.pop(name, None) is None:
            raise _missing(name)
        return {"acknowledged": True}

    def get_pipeline(self, name: str, _body: Any, _params: Any) -> Answer:
        if name not in self.pipelines:
            raise _missing(name)
        return {name: self.pipelines[name]}

    def put_pipeline(self, name: str, body: Any, _params: Any) -> Answer:
        self.pipelines[name] = body
        return {"acknowledged": True}

    def delete_pipeline(self, name: str, _body: Any, _params: Any) -> Answer:
        if self.pipelines.pop(name, None) is None:
            raise _missing(name)
        return {"acknowledged": True}

    def pipeline_settings(self, _body: Any, _params: Any) -> Answer:
        return {name: {"settings": {"index": index.settings}} for name, index in self.indices.items() if index.settings}

    def put_index(self, name: str, body: Any, _params: Any) -> Answer:
        body = body or {}
        taken = {name, *body.get("aliases", {})} & self.indices.keys()
        if taken or any(name in held.aliases for held in self.indices.values()):
            raise RefusedRequest(f"{name} already exists", status=400)
        pipelines = {k: v for k, v in body.get("settings", {}).items() if k.endswith("_pipeline")}
        mappings = _as_given_back(body.get("mappings", {}))
        self.indices[name] = Index(mappings, pipelines, set(body.get("aliases", {})))
        return {"acknowledged": True}

    def get_index(self, name: str, _body: Any, _params: Any) -> Answer:
        aliases = self.get_alias(name, None, {})
        return {n: {**aliases[n], "mappings": self.indices[n].mappings, "settings": {}} for n in aliases}

    def delete_index(self, name: str, _body: Any, _params: Any) -> Answer:
        if name not in self.indices:
            raise _missing(name)
        del self.indices[name]
        return {"acknowledged": True}

    def get_alias(self, name: str, _body: Any, _params: Any) -> Answer:
        found = {n: i for n, i in self.indices.items() if name == n or name in i.aliases}
        if not found:
            raise _missing(name)
        return {n: {"aliases": {alias: {} for alias in i.aliases}} for n, i in found.items()}

    def get_mapping(self, name: str, _body: Any, _params: Any) -> Answer:
        index, held = self._named(name)
        return {index: {"mappings": held.mappings}}

    def put_mapping(self, name: str, body: Any, _params: Any) -> Answer:
        _, held = self._named(name)
        wanted = _as_given_back(body)
        fields = held.mappings.setdefault("properties", {})
        for key, value in wanted.get("properties", {}).items():
            if key in fields and fields[key].get("type") != value.get("type"):
                raise RefusedRequest(f"mapper [{key}] cannot be changed", status=400)
            fields[key] = value
        held.mappings |= {key: value for key, value in wanted.items() if key != "properties"}
        return {"acknowledged": True}

    def post_aliases(self, body: Any, _params: Any) -> Answer:
        for action in body["actions"]:
            ((verb, what),) = action.items()
            _, held = self._named(what["index"])
            if verb == "remove" and what["alias"] not in held.aliases:
                raise _missing(what["alias"])
            (held.aliases.add if verb == "add" else held.aliases.remove)(what["alias"])
        return {"acknowledged": True}

    def get_document(self, name: str, doc_id: str, _body: Any, _params: Any) -> Answer:
        index, held = self._named(name)
        if doc_id not in held.documents:
            raise _missing(doc_id)
        seq_no, source = held.documents[doc_id]
        return {"_index": index, "_id": doc_id, "_seq_no": seq_no, "_primary_term": 1, "found": True, "_source": source}

    def create_document(self, name: str, doc_id: str, body: Any, params: Any) -> Answer:
        if doc_id in self._named(name)[1].documents:
            raise RefusedRequest(f"[{doc_id}]: version conflict, document already exists", status=409)
        return self._write(name, doc_id, body, params)

    def put_document(self, name: str, doc_id: str, body: Any, params: Any) -> Answer:
        held = self._named(name)[1].documents.get(doc_id)
        if "if_seq_no" in params and (held is None or held[0] != int(params["if_seq_no"])):
            raise RefusedRequest(f"[{doc_id}]: version conflict, required seqNo", status=409)
        return self._write(name, doc_id, body, params)

    def _write(self, name: str, doc_id: str, body: Any, params: Any) -> Answer:
        index, held = self._named(name)
        held.documents[doc_id] = held.next_seq_no, body
        held.next_seq_no += 1
        if params.get("refresh") == "true":
            self.refresh(name, None, {})
        return {"_index": index, "_id": doc_id, "_seq_no": held.documents[doc_id][0], "_primary_term": 1}

    def refresh(self, name: str, _body: Any, _params: Any) -> Answer:
        _, held = self._named(name)
        held.searchable = {doc_id: source for doc_id, (_, source) in held.documents.items()}
        return {"_shards": {"failed": 0}}

    def count(self, name: str, _body: Any, _params: Any) -> Answer:
        return {"count": len(self._named(name)[1].searchable)}

    def search(self, name: str, body: Any, _params: Any) -> Answer:
        ((key, how),) = body["sort"][0].items()
        found = sorted(self._named(name)[1].searchable.items(), key=lambda item: item[1][key])
        if how["order"] == "desc":
            found.reverse()
        return {"hits": {"hits": [{"_id": doc_id, "sort": [source[key]]} for doc_id, source in found[: body["size"]]]}}

    def cluster_settings(self, _body: Any, _params: Any) -> Answer:
        return self.settings


def _missing(name: str) -> MissingResource:
    return MissingResource(f"{name} is not there", status=404)


def _as_given_back(mappings: Any) -> Any:
    """The engine says `dynamic` as text, and leaves out empty objects."""
    if not isinstance(mappings, dict):
        return mappings
    known = {key: _as_given_back(value) for key, value in mappings.items() if value != {}}
    if isinstance(known.get("dynamic"), bool):
        known["dynamic"] = str(known["dynamic"]).lower()
    return known


NAME = "([^/_][^/]*)"
ROUTES: list[tuple[str, Callable[..., Answer]]] = [
    (f"GET /_scripts/{NAME}", FakeEngine.get_script),
    (f"PUT /_scripts/{NAME}", FakeEngine.put_script),
    (f"DELETE /_scripts/{NAME}", FakeEngine.delete_script),
    (f"GET /_ingest/pipeline/{NAME}", FakeEngine.get_pipeline),
    (f"PUT /_ingest/pipeline/{NAME}", FakeEngine.put_pipeline),
    (f"DELETE /_ingest/pipeline/{NAME}", FakeEngine.delete_pipeline),
    (r"GET /\*,-\.\*/_settings/index\.default_pipeline,index\.final_pipeline", FakeEngine.pipeline_settings),
    (f"GET /{NAME}", FakeEngine.get_index),
    (f"PUT /{NAME}", FakeEngine.put_index),
    (f"DELETE /{NAME}", FakeEngine.delete_index),
    (f"GET /{NAME}/_alias", FakeEngine.get_alias),
    (f"GET /{NAME}/_mapping", FakeEngine.get_mapping),
    (f"PUT /{NAME}/_mapping", FakeEngine.put_mapping),
    ("POST /_aliases", FakeEngine.post_aliases),
    (f"GET /{NAME}/_doc/{NAME}", FakeEngine.get_document),
    (f"PUT /{NAME}/_doc/{NAME}", FakeEngine.put_document),
    (f"PUT /{NAME}/_create/{NAME}", FakeEngine.create_document),
    (f"POST /{NAME}/_refresh", FakeEngine.refresh),
    (f"GET /{NAME}/_count", FakeEngine.count),
    (f"POST /{NAME}/_search", FakeEngine.search),
    ("GET /_cluster/settings", FakeEngine.cluster_settings),
]
