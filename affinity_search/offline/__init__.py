"""The shop's log cut in time and its last purchases replayed as searches: what `init`, `tune` and `evaluate` go by."""
