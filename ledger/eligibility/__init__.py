"""Criteria of eligibility, computed from what was found, the age and the protocol's thresholds; a family a file."""
