"""A whole phase I trial, played over HTTP in a few seconds. Every patient in it is invented."""
