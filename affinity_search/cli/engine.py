"""`affinity engine`: a real OpenSearch on this machine."""

from __future__ import annotations

import json
from pathlib import Path

import click

from affinity_search.engine import embedded

__all__ = ["engine"]

HOME = click.option(
    "--home",
    type=click.Path(file_okay=False, path_type=Path),
    help="Data folder, an engine each.  [default: $AFFINITY_ENGINE_HOME or the user's data folder]",
)


@click.group()
def engine() -> None:
    """Run a real OpenSearch on this machine (for those without a cluster)."""


@engine.command()
@HOME
@click.option("--port", type=click.IntRange(1, 65535), help="HTTP port.  [default: the first free one from 9200 on]")
@click.option("--nodes", type=click.IntRange(1, 9), default=1, show_default=True, help="Nodes of the cluster.")
@click.option("--memory-mb", type=int, default=1024, show_default=True, help="Heap of all nodes together.")
@click.option("--mirror", help="Maven repository to fetch from.  [default: $AFFINITY_MAVEN_MIRROR or Maven Central]")
def start(home: Path | None, port: int | None, nodes: int, memory_mb: int, mirror: str | None) -> None:
    """Start the engine; one that runs already is left as it is."""
    found, fresh = embedded.ensure(home, port=port, nodes=nodes, memory_mb=memory_mb, mirror=mirror)
    click.echo(_line(found) + ("" if fresh else " (it was already running)"))


@engine.command()
@HOME
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object.")
def status(home: Path | None, as_json: bool) -> None:
    """Tell whether the engine runs: exit code 0 if it does, 1 if not."""
    found = embedded.status(home)
    if as_json:
        click.echo(json.dumps(_facts(found)))
    else:
        click.echo(_line(found) if found else "not running")
    if found is None:
        raise SystemExit(1)


@engine.command()
@HOME
def stop(home: Path | None) -> None:
    """Stop the engine; its data stays."""
    click.echo("stopped" if embedded.stop(home) else "not running")


def _line(found: embedded.RunningEngine) -> str:
    return f"{' '.join(found.urls)}  OpenSearch {found.version}  pid {found.pid}  data in {found.home}"


def _facts(found: embedded.RunningEngine | None) -> dict[str, object]:
    if found is None:
        return {"running": False}
    return {
        "running": True,
        "url": found.url,
        "urls": list(found.urls),
        "pid": found.pid,
        "home": str(found.home),
        "version": found.version,
        "nodes": found.nodes,
    }
