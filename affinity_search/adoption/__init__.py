"""An index that others made and write: looked at, taken into use as it stands, and left again."""
