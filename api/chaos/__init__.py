"""Faults, injected on purpose into the real program, and a judge of what is left: `trial-ledger chaos`."""
