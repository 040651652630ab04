"""The pages that the code writes say what the code says."""

import pytest

from tests.architecture.pages import DOCS, PAGES

WHOLE_CODE = {"traceability.md"}
"""Pages for which every file is read."""


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow if name in WHOLE_CODE else ()) for name in PAGES]
)
def test_a_page_is_as_the_code_writes_it(name: str) -> None:
    assert (DOCS / name).read_text(encoding="utf-8") == PAGES[name]()
