"""Benchmarks: each prints ratios against a peer that runs beside it."""
