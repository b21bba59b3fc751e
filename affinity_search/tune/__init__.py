"""Tuning: the shop's own numbers, found on purchases cut out of the training period, with an interval for each."""
