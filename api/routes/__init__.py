"""One file a resource family."""
