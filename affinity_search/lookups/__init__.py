"""The contract between writer, template and reader: coding, slots, clause names."""
