"""Files of a vendor all the way into the engine: by `init` and the commands after it, with nothing written by hand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from affinity_search.cli import main
from affinity_search.config import Config, load_config
from affinity_search.engine.opensearch import OpenSearchEngine
from affinity_search.search import Client
from tests.format_shops import FORMS, ITEMS, loved
from tests.live.shop import remove


def run(*arguments: str) -> str:
    found = CliRunner().invoke(main, list(arguments), catch_exceptions=False)
    assert found.exit_code == 0, found.output
    return found.stdout


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def adopted(file: Path, prefix: str, url: str) -> Config:
    """What `init` wrote, with names of this test's own in the engine."""
    text = file.read_text("utf-8").replace("index: products", f"index: {prefix}-products")
    text = text.replace("search:\n", f"search:\n  template: {prefix}-search\n")
    file.write_text(f"engine: {{url: {url}, prefix: {prefix}}}\n{text}", encoding="utf-8")
    return load_config(file)


@pytest.mark.parametrize("form", ["shopify", "metarank"])
def test_a_loved_brand_moves_the_hits(form: str, folder: Path, prefix: str, engine_url: str) -> None:
    written = FORMS[form](folder)
    run("init", "--items", str(written.items), "--events", str(written.events))
    config, engine = adopted(Path("affinity.yaml"), prefix, engine_url), OpenSearchEngine(engine_url)
    try:
        run("events", "ingest", str(written.events))
        assert f"loaded {len(ITEMS)}" in run("items", "load", str(written.items))
        run("profiles", "build")
        run("apply", "--yes")
        run("profiles", "publish")
        profile = json.loads(run("profiles", "show", written.user, "--json"))
        assert profile["affinities"][written.attribute][0]["value"] in loved()
        hits = Client.of(engine, config).search("shoe", user_id=written.user).hits
        assert {str(hit.source["title"]).split()[0] for hit in hits} == {"shoe"}
        assert any(reason.attribute == written.attribute for hit in hits for reason in hit.reasons)
    finally:
        remove(engine, config)
