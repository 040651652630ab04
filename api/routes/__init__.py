"""What may be written and read, one file a resource family."""
