"""Everything a caller touches; imported by nobody."""
