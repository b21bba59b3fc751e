"""`affinity profiles`: taste profiles from the daily buckets, into the engine, and one of them to look at."""

from __future__ import annotations

import json
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from affinity_search.cli.options import config_option, force_option, json_option, mode_of, verify_option
from affinity_search.cli.stderr import progress_of, warn
from affinity_search.config import load_config
from affinity_search.engine import connect
from affinity_search.errors import MissingResource
from affinity_search.profiles.build import build_profiles
from affinity_search.profiles.report import BuildReport
from affinity_search.publish.profiles import publish_profiles
from affinity_search.publish.readable import read_profile
from affinity_search.publish.report import PublishReport
from affinity_search.state import open_state

__all__ = ["profiles"]

VALUES_SHOWN = 10


@click.group()
def profiles() -> None:
    """Build the shoppers' profiles, publish them to the engine, show one."""


@profiles.command()
@click.option("--as-of", type=click.DateTime(["%Y-%m-%d"]), help="Day that ages count from; without it the newest one.")
@config_option
@json_option
def build(as_of: datetime | None, config_path: Path, as_json: bool) -> None:
    """Compute all profiles from the events held; nothing is sent to the engine."""
    shop = load_config(config_path)
    with open_state(shop.state.path) as connection:
        report = build_profiles(
            connection,
            shop,
            now_ms=time.time_ns() // 1_000_000,
            as_of=as_of.date() if as_of else None,
            progress=progress_of("partitions"),
        )
    click.echo(json.dumps(report.as_json()) if as_json else _build_text(report))
    warn(report.warnings)


@profiles.command()
@config_option
@json_option
@verify_option
@force_option
@click.option("--take-over", is_flag=True, help="Publish though another state file published to these indexes last.")
def publish(config_path: Path, as_json: bool, verify: bool, force: bool, take_over: bool) -> None:
    """Bring the profiles in the engine up to date with the last build; what did not change is not sent."""
    shop = load_config(config_path)
    with open_state(shop.state.path) as connection:
        report = publish_profiles(
            connect(shop.engine),
            connection,
            shop,
            progress=progress_of("shoppers"),
            mode=mode_of(verify, force),
            take_over=take_over,
        )
    click.echo(json.dumps(report.as_json()) if as_json else _publish_text(report))
    warn(report.warnings)


@profiles.command()
@click.argument("user")
@config_option
@json_option
def show(user: str, config_path: Path, as_json: bool) -> None:
    """Show the profile of USER as the engine has it; exits with 5 where there is none."""
    shop = load_config(config_path)
    profile = read_profile(connect(shop.engine), shop, user)
    if as_json:
        click.echo(json.dumps(profile, ensure_ascii=False))
    elif profile is not None:
        click.echo(_profile_text(profile))
    if profile is None:
        raise MissingResource(f"{user}: no profile: this shopper gets the generic order", status=404)


def _build_text(report: BuildReport) -> str:
    as_of = f" as of {report.as_of}" if report.as_of else ""
    lines = [f"build {report.build}{as_of}: {report.shoppers:,} shoppers, {report.entries:,} entries"]
    for name, found in report.attributes.items():
        cut = f", cut {found.entries_cut:,} of {found.shoppers_cut:,} shoppers" if found.entries_cut else ""
        clipped = f", clipped {found.clipped_share:.1%}" if found.clipped else ""
        lines.append(f"  {name}: {found.entries:,} entries of {found.shoppers:,} shoppers{cut}{clipped}")
    if report.known.events:
        lines.append(f"  {report.known}")
    return "\n".join(lines)


def _publish_text(report: PublishReport) -> str:
    lines = [
        f"shoppers: changed {report.changed:,}, unchanged {report.unchanged:,}, removed {report.removed:,}",
        f"documents: written {report.written:,}, superseded {report.superseded:,}, "
        f"absent {report.absent:,}, refused {report.refused:,}",
        *(f"  refused {refusal.id}: {refusal.status} {refusal.reason}" for refusal in report.reasons),
    ]
    if report.finding:
        lines.append(
            f"compared {report.compared:,} documents ({report.finding}): {report.repaired:,} shoppers had others than "
            "this state published"
        )
    return "\n".join(lines)


def _profile_text(profile: dict[str, Any]) -> str:
    as_of = f", as of {profile['as_of']}" if "as_of" in profile else ""
    lines = [f"{profile['user_id']}: {profile['events']:,.0f} events{as_of}"]
    for name, entries in profile["affinities"].items():
        lines += ["", f"{name:<40} level  weight    count"]
        lines += [
            f"  {entry['value']:<38} {entry['level']:>5} {entry['weight']:>7.2f} {entry['count']:>8.2f}"
            for entry in entries[:VALUES_SHOWN]
        ]
        if len(entries) > VALUES_SHOWN:
            lines.append(f"  and {len(entries) - VALUES_SHOWN:,} more")
    return "\n".join(lines)
