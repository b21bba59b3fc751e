"""The address of a search engine: checked before anything is sent, and never shown with credentials in it."""

from __future__ import annotations

from urllib.parse import urlsplit

__all__ = ["checked_address"]

EXPECTED = "expected an address such as https://search.example.com:9200"


def checked_address(text: str) -> str:
    """The address without a slash at its end. Raises ValueError, which never repeats a user name or password.

    Expected is http or https, a host, and nothing but a port and a path after it.
    """
    if "@" in text:
        raise ValueError(
            "expected an address without user name and password, got one with both: name the environment variables "
            "that hold them in engine.username_env and engine.password_env"
        )
    try:
        found = urlsplit(text)
        port = found.port
    except ValueError:  # its text repeats what stands in place of the port, which may be a password
        raise ValueError(f"{EXPECTED}, got one without a host, or whose port is no number up to 65535") from None
    if found.scheme not in ("http", "https") or not found.hostname or port == 0:
        raise ValueError(f"{EXPECTED}, got {text!r}")
    if found.query or found.fragment or any(letter.isspace() for letter in text):
        raise ValueError(f"expected an address without query, fragment and blanks, got {text!r}")
    return text.rstrip("/")
