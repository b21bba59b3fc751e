"""Profiles: built from the daily buckets, and the documents they become. No engine here."""
