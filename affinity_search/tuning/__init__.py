"""The shop's own numbers, found on its last purchases: `init` begins with nothing, `tune` with a configuration."""
