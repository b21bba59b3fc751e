"""What the local state keeps up to date in the engine: the profiles of shoppers and the popularity of items."""
