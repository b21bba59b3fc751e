"""Whatever answers at the address: a value of the expected kind, or an error of ours, and in time."""

from __future__ import annotations

import time

import pytest

from affinity_search.config import parse_config
from affinity_search.config.model import EngineSettings
from affinity_search.engine.opensearch import OpenSearchEngine
from affinity_search.errors import (
    BrokenAnswer,
    ConfigError,
    EngineError,
    EngineFailed,
    EngineUnavailable,
    RefusedRequest,
)
from affinity_search.offline.replay import Search, replay
from affinity_search.publish.resync import read_target
from tests.contract.odd_server import Odd, serving

BODIES = (
    b"",
    b"{}",
    b"[]",
    b"[1, 2]",
    b'"Unauthorized"',
    b"null",
    b"7",
    b"true",
    b'{"error": []}',
    b'{"error": ["no"]}',
    b'{"error": {"root_cause": []}}',
    b'{"error": {"root_cause": {}}}',
    b'{"error": {"root_cause": ["x"], "reason": 7}}',
    b'{"error": null, "status": "odd"}',
    b'{"version": "3.8.0"}',
    b'{"version": {"number": 3}}',
    b"<html>welcome</html>",
    b"{cut",
    b"\xff\xfe\x00",
    b"[" * 100_000,
)
KINDS = ("application/json", "text/html", "text/plain; charset=UTF-8", "application/octet-stream")


@pytest.mark.parametrize("status", [200, 400, 401, 404, 429, 500, 503])
@pytest.mark.parametrize("body", BODIES, ids=lambda body: repr(body[:30]))
def test_any_answer_gives_a_value_or_an_error_of_ours(status: int, body: bytes) -> None:
    for kind in KINDS:
        with serving(Odd(status, kind, body)) as url, pytest.raises(EngineError) as caught:
            OpenSearchEngine(url).info()
        assert caught.value.message.startswith(url)
        assert len(caught.value.message) < 500


def test_a_refusal_in_text_is_said() -> None:
    with serving(Odd(401, "application/json", b'"Unauthorized"')) as url, pytest.raises(RefusedRequest) as caught:
        OpenSearchEngine(url).info()
    assert caught.value.message == f"{url}: GET /: 401 Unauthorized"


def test_a_reason_is_found_where_the_engine_puts_it() -> None:
    body = b'{"error": {"root_cause": [{"reason": "no such thing"}], "reason": "all of it"}, "status": 500}'
    with serving(Odd(500, body=body)) as url, pytest.raises(EngineFailed) as caught:
        OpenSearchEngine(url).info()
    assert caught.value.message == f"{url}: GET /: 500 no such thing"


MINE = b'"mappings": {"_meta": {"affinity_search": {"owner": "shop"}}}'


@pytest.mark.parametrize(
    ("body", "finding"),
    [
        (b'{"version": "3"}', "an object at version, got '3'"),
        (b'{"name": {"mappings": []}}', "an object at name.mappings, got []"),
        (b'{"name": {%s}}' % MINE, "text at settings.index.uuid, got nothing"),
        (b'{"name": {%s, "settings": {"index": {"uuid": 3}}}}' % MINE, "text at settings.index.uuid, got 3"),
    ],
)
def test_a_publication_expects_an_index_behind_each_alias(body: bytes, finding: str) -> None:
    shop = parse_config("{engine: {prefix: shop}, events: {types: {purchase: {weight: 1}}}}")
    with serving(Odd(200, "application/json", body)) as url, pytest.raises(BrokenAnswer) as caught:
        read_target(OpenSearchEngine(url), shop)
    assert caught.value.message == f"{url}: expected an answer with {finding}"


def test_an_answer_that_never_ends_ends_with_the_timeout() -> None:
    settings = EngineSettings(timeout_seconds=0.5)
    with serving(Odd(body=b"{", drip_seconds=0.1)) as url:
        engine, begun = OpenSearchEngine(url, settings), time.monotonic()
        with pytest.raises(EngineUnavailable) as caught:
            engine.call("GET", "/")
        assert time.monotonic() - begun < 3
    assert caught.value.message == f"{url}: GET /: no answer within 0.5 s"


def test_a_website_is_no_search_engine() -> None:
    with serving(Odd(kind="text/html", body=b"<html>welcome</html>")) as url, pytest.raises(BrokenAnswer) as caught:
        OpenSearchEngine(url).info()
    assert caught.value.message == f"{url}: GET /: the answer broke off or is no JSON"


ADDRESSES = (
    "http://host:abc",
    "http://host:99999",
    "http://host:-1",
    "http://:9200",
    "http://",
    "https://[::1",
    "ftp://host",
    "host:9200",
    "http://ho st",
    "http://host/?q=1",
    "http://host/#x",
    "",
)


@pytest.mark.parametrize("url", ADDRESSES)
def test_an_address_that_is_none_is_refused_before_anything_is_sent(url: str) -> None:
    with pytest.raises(ConfigError, match=r"engine\.url"):
        parse_config(f"engine: {{url: '{url}'}}\nevents: {{types: {{purchase: {{weight: 1}}}}}}")
    with pytest.raises(ConfigError, match=r"engine\.url: expected an address"):
        OpenSearchEngine(url)


@pytest.mark.parametrize(
    "url", ["http://ann:s3cret@host:9200", "https://s3cret@host", "http://ann:s3cret@host:abc", "//ann:s3cret@host"]
)
def test_credentials_in_an_address_are_refused_and_not_repeated(url: str) -> None:
    for refused in (
        lambda: OpenSearchEngine(url),
        lambda: parse_config(f"engine: {{url: '{url}'}}\nevents: {{types: {{purchase: {{weight: 1}}}}}}"),
    ):
        with pytest.raises(ConfigError) as caught:
            refused()
        assert "s3cret" not in str(caught.value)
        assert "engine.username_env" in str(caught.value)


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b'{"responses": []}',
        b'{"responses": [{}, {}]}',
        b'{"responses": 7}',
        b'{"responses": [{"error": {"reason": "no"}}]}',
        b'{"responses": [{"_shards": {"total": 3, "failed": 1}}]}',
        b'{"responses": [{"timed_out": true}]}',
    ],
)
def test_a_replay_takes_nothing_but_a_whole_answer_to_every_search(body: bytes) -> None:
    config = parse_config("events: {types: {purchase: {weight: 1}}}")
    with serving(Odd(body=body)) as url, pytest.raises(EngineError):
        replay(OpenSearchEngine(url), config, [Search("tea")], 10)
