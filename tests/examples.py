"""How many examples hypothesis tries: all of them in the whole suite, fewer in its everyday part."""

from typing import Final

from hypothesis import settings

EVERYDAY: Final = "everyday"
EVERYDAY_EXAMPLES: Final = 20
OF_WHICH_EVERYDAY: Final = 5

settings.register_profile(EVERYDAY, max_examples=EVERYDAY_EXAMPLES)


def examples(whole: int) -> int:
    """So many in the whole suite, and a fifth of them in the everyday part."""
    return max(1, whole // OF_WHICH_EVERYDAY) if settings.get_current_profile_name() == EVERYDAY else whole
