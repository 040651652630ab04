"""How a walk says that something may not be."""


class Found(AssertionError):
    """Something is on record, was permitted, or was refused, that may not be."""


def claim(holds: bool, otherwise: str) -> None:
    """Nothing where it holds; else `Found`, with what is the case instead."""
    if not holds:
        raise Found(otherwise)
