"""Query templates: Jinja2 in, Mustache out."""

from affinity_search.templates.build import Template, build_templates

__all__ = ["Template", "build_templates"]
