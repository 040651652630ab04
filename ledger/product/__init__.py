"""The product aggregate: one per manufactured lot of cells."""
