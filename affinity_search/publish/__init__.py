"""What leaves the local state for the engine: items and their signals, and shopper profiles."""
