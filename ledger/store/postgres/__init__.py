"""A trial's log in a schema of a PostgreSQL database, for installations of several servers. Nothing here is imported
unless one is configured."""
