"""The trial aggregate."""
