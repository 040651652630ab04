"""Proof that the bytes are the same bytes. Imports nothing of ours."""
