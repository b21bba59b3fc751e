"""The arithmetic of signals, in NumPy: the formula of a weight, and the one of related items."""
