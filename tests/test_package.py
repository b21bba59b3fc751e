"""Builds source archive and wheel, installs the wheel with the core packages only, and runs the command there."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from importlib.metadata import Distribution, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parent.parent
IN_WHEEL = {
    "affinity_search/py.typed",
    "affinity_search/config/example.yaml",
    "affinity_search/engine/embedded/jars.lock.json",
    "affinity_search/engine/embedded/launcher/affinity-node.jar",
    *(f"affinity_search/query_templates/{path.name}" for path in (ROOT / "query_templates").iterdir()),
    *(f"affinity_search/index_mappings/{path.name}" for path in (ROOT / "index_mappings").iterdir()),
}
IN_ARCHIVE = {
    *(".ci/run", "CHANGELOG.md", "LICENSE", "Makefile", "README.md", "pyproject.toml", "requirements.lock"),
    *("docs/reference/request.md", "index_mappings/products.json", "query_templates/search.json.j2"),
    "tests/test_package.py",
}


def run(*command: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    hidden = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")
    clean = {name: value for name, value in os.environ.items() if name not in hidden}
    return subprocess.run(command, cwd=cwd, env=clean, capture_output=True, text=True, timeout=300, check=False)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with both archives; the wheel is built from the unpacked source archive."""
    folder = tmp_path_factory.mktemp("dist")
    done = run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, ROOT, cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="module")
def installed(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `bin` of an environment with the wheel and what it requires without extras, taken from this environment."""
    home = tmp_path_factory.mktemp("clean") / "env"
    [wheel] = built.glob("*.whl")
    made = run(sys.executable, "-m", "venv", home, cwd=built)
    assert made.returncode == 0, made.stdout + made.stderr
    python = home / "bin" / "python"
    site = Path(run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=built).stdout.strip())
    for found in core_distributions():
        link(found, site)
    done = run(python, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", wheel, cwd=built)
    assert done.returncode == 0, done.stdout + done.stderr
    return python.parent


def core_distributions() -> list[Distribution]:
    """The distributions that the project requires without any extra, and what those require."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    found: dict[str, Distribution] = {}
    waiting = [Requirement(text) for text in project["dependencies"]]
    while waiting:
        needed = waiting.pop()
        if needed.name in found or (needed.marker and not needed.marker.evaluate({"extra": ""})):
            continue
        found[needed.name] = distribution(needed.name)
        waiting += [Requirement(text) for text in found[needed.name].requires or ()]
    return list(found.values())


def link(found: Distribution, site: Path) -> None:
    for name in {file.parts[0] for file in found.files or () if file.parts[0] not in ("..", "__pycache__")}:
        if not (site / name).exists():
            (site / name).symlink_to(str(found.locate_file(name)))


def test_the_wheel_has_code_templates_mappings_and_launcher(built: Path) -> None:
    [wheel] = built.glob("affinity_search-*-py3-none-any.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    files = {
        path for path in (ROOT / "affinity_search").rglob("*") if path.is_file() and "__pycache__" not in path.parts
    }
    assert (IN_WHEEL | {str(path.relative_to(ROOT)) for path in files}) - names == set()
    assert {name.split("/")[0] for name in names if ".dist-info" not in name} == {"affinity_search"}
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)


def test_the_source_archive_has_what_a_checkout_has(built: Path) -> None:
    [archive] = built.glob("affinity_search-*.tar.gz")
    with tarfile.open(archive) as content:
        names = {name.partition("/")[2] for name in content.getnames()}
    assert IN_ARCHIVE - names == set()
    assert not [name for name in names if name.startswith((".venv", ".git/", "dist"))]


def test_the_package_is_the_installed_one_and_its_requirements_are_met(installed: Path, tmp_path: Path) -> None:
    code = "import affinity_search, importlib.util as u; print(affinity_search.__file__, u.find_spec('duckdb'))"
    where, extra = run(installed / "python", "-c", code, cwd=tmp_path).stdout.split()
    assert Path(where).is_relative_to(installed.parent.resolve())
    assert extra == "None"
    checked = run(installed / "python", "-m", "pip", "check", cwd=tmp_path)
    assert checked.stdout == "No broken requirements found.\n"


def test_the_command_runs_from_an_empty_folder(installed: Path, tmp_path: Path) -> None:
    helped = run(installed / "affinity", "--help", cwd=tmp_path)
    assert (helped.returncode, helped.stderr) == (0, "")
    assert helped.stdout.startswith("Usage: affinity [OPTIONS] COMMAND")
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert run(installed / "affinity", "--version", cwd=tmp_path).stdout == f"affinity, version {version}\n"


def test_a_configuration_is_validated_and_rendered_without_extras(installed: Path, tmp_path: Path) -> None:
    missing = run(installed / "affinity", "validate", cwd=tmp_path)
    assert (missing.returncode, missing.stdout) == (2, "")
    assert missing.stderr.startswith("error: affinity.yaml: expected a file, found none\n")
    example = run(installed / "affinity", "validate", "--example", cwd=tmp_path)
    assert (example.returncode, example.stderr) == (0, "")
    (tmp_path / "affinity.yaml").write_text(example.stdout, encoding="utf-8")
    valid = run(installed / "affinity", "validate", cwd=tmp_path)
    assert (valid.returncode, valid.stderr) == (0, "")
    assert valid.stdout.startswith("affinity.yaml: valid; ")
    rendered = run(installed / "affinity", "render", cwd=tmp_path)
    assert (rendered.returncode, rendered.stderr) == (0, "")
    assert '"match_all": {"_name": "template|affinity-search-' in rendered.stdout
