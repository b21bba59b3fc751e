"""What the progress bar writes, on a terminal and elsewhere."""

from __future__ import annotations

import io

from affinity_search.engine.embedded.progress import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_log_gets_a_line_per_quarter() -> None:
    out = io.StringIO()
    progress = Progress("fetching", 4_000_000, out)
    for megabytes in (0, 0.5, 1, 1.2, 3.1):
        progress.at("a", int(megabytes * 1e6))
    progress.at("b", 900_000)
    progress.close()
    assert out.getvalue() == ("fetching: 0 of 4 MB\nfetching: 1 of 4 MB\nfetching: 3 of 4 MB\nfetching: 4 of 4 MB\n")


def test_a_terminal_gets_one_line_that_is_drawn_again() -> None:
    out = Terminal()
    progress = Progress("fetching", 30_000_000, out)
    progress.at("a", 15_000_000)
    progress.at("a", 15_000_001)
    progress.at("b", 15_000_000)
    progress.close()
    assert out.getvalue() == (f"\rfetching [{'#' * 15}{'.' * 15}] 15 of 30 MB \rfetching [{'#' * 30}] 30 of 30 MB \n")


def test_a_file_that_starts_again_counts_once() -> None:
    out = io.StringIO()
    progress = Progress("fetching", 4, out)
    for count in (4, 0, 4):
        progress.at("a", count)
    assert out.getvalue() == "fetching: 0 of 0 MB\n"
