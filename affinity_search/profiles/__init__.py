"""Profiles: daily integer buckets, the formula over them, and how levels are encoded for the engine. No engine here."""
