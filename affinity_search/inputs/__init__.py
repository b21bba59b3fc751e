"""What events and items share in reading files: bounded lines, CSV rows, JSON of bounded depth, plain numbers, ids."""
