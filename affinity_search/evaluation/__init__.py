"""Evaluation: how much better the personalised order is, on queries of real shoppers, and how sure that is."""
