"""Every error this package raises on purpose, and the exit code the command line gives it.

AffinityError                 1   base of all below
├── ConfigError               2   affinity.yaml (or a command's options) cannot be used
├── DataError                 6   an input file or the local state cannot be used
├── EngineError               5   the search engine answered, and the answer is no
│   ├── EngineUnavailable     4   nobody answered: try again
│   │   └── BrokenAnswer      4   the answer broke off, or is no JSON
│   ├── EngineOverloaded      4   the engine asks for patience (429)
│   ├── EngineFailed          4   the engine failed (5xx)
│   ├── MissingResource       5   an index, alias, document or template is not there (404)
│   ├── RefusedRequest        5   the engine refused the request (other 4xx)
│   └── UnsupportedEngine     5   a version or distribution this package does not know
└── EmbeddedEngineError       7   the embedded engine could not be fetched, started or stopped

Exit code 3 is no error: `affinity plan --check` uses it to say "there is drift".
"""

from __future__ import annotations

__all__ = [
    "AffinityError",
    "BrokenAnswer",
    "ConfigError",
    "DataError",
    "EmbeddedEngineError",
    "EngineError",
    "EngineFailed",
    "EngineOverloaded",
    "EngineUnavailable",
    "MissingResource",
    "RefusedRequest",
    "UnsupportedEngine",
]


class AffinityError(Exception):
    """Base of all errors raised on purpose: one clear line, and what to do in `hint`."""

    exit_code = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n  {self.hint}" if self.hint else self.message


class ConfigError(AffinityError):
    """The configuration or a command's options cannot be used; the message names address, expectation, finding."""

    exit_code = 2


class DataError(AffinityError):
    """An input file or the local state cannot be used."""

    exit_code = 6


class EngineError(AffinityError):
    """The search engine answered, and the answer is no; `status` is the HTTP status, 0 where there was none."""

    exit_code = 5

    def __init__(self, message: str, *, hint: str = "", status: int = 0) -> None:
        super().__init__(message, hint=hint)
        self.status = status


class EngineUnavailable(EngineError):
    """Nobody answered at the address."""

    exit_code = 4


class BrokenAnswer(EngineUnavailable):
    """The answer broke off before its end, or is no JSON."""


class EngineOverloaded(EngineError):
    """The engine rejected the request for want of room (429)."""

    exit_code = 4


class EngineFailed(EngineError):
    """The engine failed (5xx)."""

    exit_code = 4


class MissingResource(EngineError):
    """An index, alias, document or template is not there (404)."""


class RefusedRequest(EngineError):
    """The engine refused the request (a 4xx other than 404 and 429)."""


class UnsupportedEngine(EngineError):
    """The engine answers, but its version or distribution is not one this package knows."""


class EmbeddedEngineError(AffinityError):
    """The embedded engine could not be fetched, started or stopped."""

    exit_code = 7
