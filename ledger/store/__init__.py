"""Facts as canonical bytes, written once."""
