"""Older versions of events, brought up to date as they are read. Stored bytes are never rewritten.

A step turns the content of one stored name into the content of a newer one. It may add, rename and split; it may not
invent a clinical value: what was not asked then is *not asked*, not a default. Steps are taken one after another, so
that each needs to know only its successor. Once released, a step is as fixed as the bytes that it reads.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

Step = Callable[[dict[str, Any]], tuple[str, dict[str, Any]]]
"""From the content under an old name to the newer name and its content."""


def _training_was_not_asked(data: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    return "trial.role-delegated.v2", {**data, "training": None}


STEPS: Mapping[str, Step] = MappingProxyType({"trial.role-delegated.v1": _training_was_not_asked})
"""Stored name -> the step that leads on from it."""


def upcast(name: str, data: dict[str, Any], steps: Mapping[str, Step] = STEPS) -> tuple[str, dict[str, Any]]:
    """The newest name of an event and its content under that name."""
    while (step := steps.get(name)) is not None:
        name, data = step(data)
    return name, data
