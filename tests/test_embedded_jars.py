"""The lock file that is shipped, and its form."""

from __future__ import annotations

import re
from pathlib import Path

from affinity_search.engine.embedded.jars import Jar, Lock, read_lock, write_lock


def test_the_shipped_lock_names_every_jar_exactly() -> None:
    lock = read_lock()
    assert lock.opensearch == "3.8.0"
    assert len({jar.name for jar in lock.jars}) == len(lock.jars) == 111
    for jar in lock.jars:
        assert re.fullmatch(r"[0-9a-f]{64}", jar.sha256)
        assert re.fullmatch(r"([A-Za-z0-9_.-]+/){3,}[A-Za-z0-9_.-]+\.jar", jar.path)
        assert jar.size > 1000


def test_the_shipped_lock_has_the_modules_and_only_one_extra_for_locales() -> None:
    lock = read_lock()
    names = {jar.name for jar in lock.jars}
    assert names >= {
        "opensearch-3.8.0.jar",
        "analysis-common-3.8.0.jar",
        "ingest-common-3.8.0.jar",
        "lang-mustache-client-3.8.0.jar",
        "lang-painless-3.8.0.jar",
        "mapper-extras-client-3.8.0.jar",
        "percolator-client-3.8.0.jar",
        "reindex-client-3.8.0.jar",
        "search-pipeline-common-3.8.0.jar",
        "transport-netty4-client-3.8.0.jar",
    }
    assert not [name for name in names if "native-quic-4" in name and not name.endswith("Final.jar")]
    assert names - {jar.name for jar in lock.needed(locales=False)} == {"icu4j-77.1.jar", "icu4j-localespi-77.1.jar"}
    assert lock.needed(locales=True) == lock.jars


def test_a_lock_is_written_one_line_a_jar_and_read_back(tmp_path: Path) -> None:
    lock = Lock("3.8.0", (Jar("org/a/1/a-1.jar", "ab", 3), Jar("com/b/2/b-2.jar", "cd", 4, locales=True)))
    write_lock(lock, tmp_path / "lock.json")
    assert (tmp_path / "lock.json").read_text() == (
        "{\n"
        '  "opensearch": "3.8.0",\n'
        '  "jars": [\n'
        '    {"path": "org/a/1/a-1.jar", "sha256": "ab", "size": 3, "locales": false},\n'
        '    {"path": "com/b/2/b-2.jar", "sha256": "cd", "size": 4, "locales": true}\n'
        "  ]\n"
        "}\n"
    )
    assert read_lock(tmp_path / "lock.json") == lock
    assert [jar.name for jar in lock.needed(locales=False)] == ["a-1.jar"]
