"""A protocol version as data: `load` reads one, `document` is its schema, `nct07256210.yaml` the bundled trial."""
