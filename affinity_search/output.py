"""Files that commands write: whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from affinity_search.errors import ConfigError

__all__ = ["expect_folder", "write_whole"]


def expect_folder(path: Path | None) -> None:
    """Raises ConfigError where the folder of a file that is to be written is not there, or takes no file."""
    if path and not (path.parent.is_dir() and os.access(path.parent, os.W_OK)):
        raise ConfigError(f"{path}: expected a folder to write to, {path.parent} is none")


def write_whole(path: Path, text: str) -> None:
    """Writes the text beside the file and moves it there; raises ConfigError where that cannot be done.

    Whoever reads the file sees the old text or the new one, never a part.
    """
    try:
        handle, fresh = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
            Path(fresh).chmod(0o644)
            Path(fresh).replace(path)
        except BaseException:
            Path(fresh).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise ConfigError(f"{path}: expected to write it, got {error.strerror or error}") from None
