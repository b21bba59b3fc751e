"""Deployment: what the configuration wants in the engine, planned, applied, recorded, reversed; and the item index."""

from affinity_search.deploy.applying import apply, refuse_foreign, rollback
from affinity_search.deploy.artefact import Artefact, artefacts
from affinity_search.deploy.changes import Change
from affinity_search.deploy.ledger import LedgerEntry
from affinity_search.deploy.overview import Status, status
from affinity_search.deploy.planned import Plan
from affinity_search.deploy.planning import plan, plan_artefacts
from affinity_search.deploy.removal import remove_deployment
from affinity_search.deploy.reversal import plan_rollback
from affinity_search.deploy.wrapping import plan_wrap, wrap_diff

__all__ = [
    "Artefact",
    "Change",
    "LedgerEntry",
    "Plan",
    "Status",
    "apply",
    "artefacts",
    "plan",
    "plan_artefacts",
    "plan_rollback",
    "plan_wrap",
    "refuse_foreign",
    "remove_deployment",
    "rollback",
    "status",
    "wrap_diff",
]
