"""Personalisation that runs inside a shop's search engine."""
