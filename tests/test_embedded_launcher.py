"""The compiled launcher is the source that stands beside it."""

from __future__ import annotations

import struct
import zipfile
from pathlib import Path

import pytest

from affinity_search.engine.embedded import build_launcher
from affinity_search.engine.embedded.build_launcher import build
from affinity_search.engine.embedded.launch import JAR, SOURCE
from affinity_search.errors import EmbeddedEngineError

JAVA_21 = 65


def test_the_jar_was_made_from_the_source_beside_it() -> None:
    with zipfile.ZipFile(JAR) as jar:
        assert jar.namelist() == [
            "AffinityNode$ClassPathNode.class",
            "AffinityNode$Neighbours.class",
            "AffinityNode.class",
            "AffinityNode.java",
        ]
        assert jar.read("AffinityNode.java") == SOURCE.read_bytes(), "run build_launcher again"
        for name in jar.namelist()[:3]:
            magic, _, version = struct.unpack(">IHH", jar.read(name)[:8])
            assert (magic, version) == (0xCAFEBABE, JAVA_21)


@pytest.fixture
def javac(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A compiler that notes its options and "compiles" into one file, or refuses."""
    monkeypatch.setattr(build_launcher, "fetch_jars", lambda **_: [Path("a.jar"), Path("b.jar")])
    program = tmp_path / "bin" / "javac"
    program.parent.mkdir()
    program.write_text(
        '#!/bin/sh\n[ -e refuse ] && { echo "no such class" >&2; exit 1; }\n'
        'while [ "$1" != -d ]; do shift; done; echo class > "$2/AffinityNode.class"\n'
    )
    program.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    return program


def test_a_build_is_the_same_bytes_every_time(javac: Path, tmp_path: Path) -> None:
    build(javac, tmp_path / "one.jar")
    build(javac, tmp_path / "two.jar")
    assert (tmp_path / "one.jar").read_bytes() == (tmp_path / "two.jar").read_bytes()
    with zipfile.ZipFile(tmp_path / "one.jar") as jar:
        assert {name: jar.read(name) for name in jar.namelist()} == {
            "AffinityNode.class": b"class\n",
            "AffinityNode.java": SOURCE.read_bytes(),
        }


def test_the_compilers_words_are_passed_on(javac: Path, tmp_path: Path) -> None:
    (tmp_path / "refuse").write_text("")
    with pytest.raises(EmbeddedEngineError) as refused:
        build(javac, tmp_path / "one.jar")
    assert str(refused.value) == f"{SOURCE}: does not compile with {javac}\nno such class\n"
    assert not (tmp_path / "one.jar").exists()


def test_the_command_asks_for_a_jdk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JAVA_HOME", raising=False)
    with pytest.raises(SystemExit, match="JAVA_HOME: expected a JDK 21 or later, it is not set"):
        build_launcher.main()
