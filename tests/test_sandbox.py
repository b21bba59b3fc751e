"""A data folder's files, and the names that keep a sandbox apart from the shop in use."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from affinity_search.config import parse_config
from affinity_search.errors import DataError
from affinity_search.evaluation.folder import FROM_CLASSES, _own_name, _test
from affinity_search.sandbox import Files, find_files, sandbox_names
from tests.live.evaluate_shops import Shop, write_shop

CONFIG = "{events: {types: {purchase: {weight: 1}}}, items: {index: shop, text_fields: {name: 3}}}"


def test_files_are_found_by_their_names(tmp_path: Path) -> None:
    for name in ("items.csv", "events.jsonl.gz", "events.jsonl", "queries.jsonl", "other.csv"):
        (tmp_path / name).touch()
    assert find_files(tmp_path) == Files(
        tmp_path / "items.csv", tmp_path / "events.jsonl.gz", tmp_path / "queries.jsonl"
    )
    (tmp_path / "queries.jsonl").unlink()
    assert find_files(tmp_path).queries is None
    (tmp_path / "items.csv").unlink()
    (tmp_path / "items.csv").mkdir()
    with pytest.raises(
        DataError, match=r"expected items\.jsonl or items\.csv \(also ndjson, json, tsv, parquet and \.gz\), found none"
    ):
        find_files(tmp_path)


def test_every_name_in_the_engine_is_the_sandboxes_own() -> None:
    own = sandbox_names(parse_config(CONFIG), "http://127.0.0.1:9200", "sandbox-1")
    assert (own.items.index, own.items.text_fields) == ("sandbox-1-products", {"name": 3.0})
    assert (own.lookup_index, own.profile_index, own.ledger_index) == (
        "sandbox-1-lookup",
        "sandbox-1-profiles",
        "sandbox-1-ledger",
    )
    assert own.search.template == "sandbox-1-search"
    assert own.engine.url == "http://127.0.0.1:9200"


@pytest.mark.parametrize(
    ("shop", "start"),
    [("Grocery A", "evaluate-grocery-a-"), ("Ü", "evaluate-shop-"), ("x" * 90, f"evaluate-{'x' * 30}-")],
)
def test_evaluations_have_names_of_their_own(shop: str, start: str) -> None:
    first, second = _own_name(shop), _own_name(shop)
    assert first.startswith(start)
    assert first != second
    assert (
        sandbox_names(parse_config(CONFIG), "http://h", first).model_dump()
        == parse_config(
            f"{{events: {{types: {{purchase: {{weight: 1}}}}}}, engine: {{url: 'http://h', prefix: {first}}}, "
            f"items: {{index: {first}-products, text_fields: {{name: 3}}}}, search: {{template: {first}-search}}}}"
        ).model_dump()
    )


def test_a_split_comes_before_the_files_queries(tmp_path: Path) -> None:
    data = write_shop(tmp_path / "data", Shop(love=2.0, again=0.5, shoppers=12, purchases=12))
    files = find_files(data)
    given = _test(files, tmp_path, None, None)
    assert (given.training, given.origin, given.derived) == (files, FROM_CLASSES, True)
    cut = _test(files, tmp_path, date(2026, 4, 1), None)
    assert cut.training == Files(files.items, tmp_path / "events.jsonl", files.queries, cut=True)
    assert (cut.origin, cut.derived) == ("derived from the purchases since 2026-04-01", True)
    assert len(cut.queries) > len(given.queries) / 2
    (data / "queries.jsonl").write_text('{"user": "u000", "query": "red tent", "relevant": []}', encoding="utf-8")
    real = _test(files, tmp_path, None, None)
    assert (real.origin, real.derived, len(real.queries)) == ("from queries.jsonl", False, 1)
    without = _test(Files(files.items, files.events, None), tmp_path, None, None)
    assert without.derived
    assert without.origin.startswith("derived from the purchases since 2026-0")
