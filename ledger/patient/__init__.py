"""The patient aggregate."""
