"""Query templates: Jinja2 in, Mustache out."""

from affinity_search.surfaces.search import Template, build_templates

__all__ = ["Template", "build_templates"]
