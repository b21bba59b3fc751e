"""The query templates and index mappings that ship with the package."""

from __future__ import annotations

from pathlib import Path

__all__ = ["PACKAGE", "resource_folder"]

PACKAGE = Path(__file__).parent


def resource_folder(name: str) -> Path:
    """The folder `query_templates` or `index_mappings`: inside the package when installed, beside it in a checkout."""
    installed = PACKAGE / name
    return installed if installed.is_dir() else PACKAGE.parent / name
