"""Compiles the launcher: `python -m affinity_search.engine.embedded.build_launcher` (needs a JDK 21 or later).

launcher/affinity-node.jar is part of the package because a JRE cannot compile; it carries the source it was made
from, and a test compares that with the source beside it. The same JDK gives the same bytes.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
import zipfile
from pathlib import Path

from affinity_search.engine.embedded.java import OLDEST
from affinity_search.engine.embedded.launch import JAR, SOURCE, fetch_jars
from affinity_search.errors import EmbeddedEngineError

__all__ = ["build", "main"]


def build(javac: Path, out: Path) -> None:
    """Write the launcher's jar to `out`; raises EmbeddedEngineError with the compiler's words where it refuses."""
    jars = os.pathsep.join(str(jar) for jar in fetch_jars(locales=True, mirror=None))
    options = ["--release", str(OLDEST), "-g:none", "-proc:none", "-Xlint:all,-classfile"]
    with tempfile.TemporaryDirectory() as folder:
        command = [str(javac), *options, "-cp", jars, "-d", folder, str(SOURCE)]
        run = subprocess.run(command, capture_output=True, text=True, check=False)
        if run.returncode:
            raise EmbeddedEngineError(f"{SOURCE}: does not compile with {javac}\n{run.stdout}{run.stderr}")
        _pack([*sorted(Path(folder).glob("*.class")), SOURCE], out)


def _pack(files: list[Path], out: Path) -> None:
    draft = out.with_suffix(".draft")
    with zipfile.ZipFile(draft, "w") as jar:
        for file in files:
            jar.writestr(zipfile.ZipInfo(file.name), file.read_bytes(), zipfile.ZIP_DEFLATED)
    draft.replace(out)  # never rewritten in place: an engine that runs has the old one open


def main() -> None:
    """Compile with the JDK at JAVA_HOME."""
    if "JAVA_HOME" not in os.environ:
        raise SystemExit(f"JAVA_HOME: expected a JDK {OLDEST} or later, it is not set")
    build(Path(os.environ["JAVA_HOME"], "bin", "javac"), JAR)
    print(JAR)


if __name__ == "__main__":
    main()
