"""The cohort aggregate: one per dose level."""
