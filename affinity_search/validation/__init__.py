"""The shop's last purchases replayed as searches: what `affinity init` and `affinity tune` decide by."""
