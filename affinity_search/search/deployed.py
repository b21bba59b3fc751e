"""Whether the template that answered is the one of a configuration."""

from __future__ import annotations

from affinity_search.config.model import Config
from affinity_search.search.answer import Answer
from affinity_search.surfaces.search import build_templates

__all__ = ["other_configuration"]


def other_configuration(answer: Answer, config: Config) -> tuple[str, ...]:
    """A note where another template answered than the configuration has; none where it did, or where nothing says so.

    What a hit says of itself is true of the deployed template either way.
    """
    ours = [template.versioned_name for template in build_templates(config)]
    if answer.template is None or answer.template in ours:
        return ()
    return (
        f"{answer.template} answered, this configuration has {', '.join(ours)}: boosts and window are those deployed, "
        "not those of this file (`affinity plan` shows the difference)",
    )
