"""Published grading scales, one file each, the table in the docstring."""
