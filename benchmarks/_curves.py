"""How cost grows, as a picture: `python -m benchmarks._curves` draws `docs/cost.svg` from the figures of the last run
of `benchmarks/long_log.py`. Both axes are logarithmic: a cost in step with the length is a line at 45 degrees."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from html import escape
from itertools import pairwise
from math import ceil, floor, log10
from pathlib import Path
from typing import Final

from benchmarks._common import RESULTS

PICTURE: Final = Path(__file__).parents[1] / "docs" / "cost.svg"
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 760, 440, 70, 250, 30, 50
Figures = Mapping[str, float]

LINES: Final[Sequence[tuple[str, str, Callable[[Figures], float]]]] = (
    ("start: verify, read, fold", "#7a3e9d", lambda figures: figures["open_seconds"] * 1000),
    ("board as known then, p99", "#c03a2b", lambda figures: figures["board_p99"]),
    ("patient as known then, p99", "#d98a00", lambda figures: figures["patient_p99"]),
    ("inclusion proof, p99", "#2b7a3e", lambda figures: figures["proof_p99"]),
    ("a command of 64 callers", "#1f5fa8", lambda figures: 1000 / figures["commands_per_second"]),
)
"""What is drawn: its name, its colour, and milliseconds from the figures of a length."""


def picture(curves: Sequence[Figures]) -> str:
    """The SVG; lengths along, milliseconds upwards."""
    sizes = [figures["events"] for figures in curves]
    times = [value(figures) for _, _, value in LINES for figures in curves]
    along = _scale(min(sizes), max(sizes), LEFT, WIDTH - RIGHT)
    upwards = _scale(min(times), max(times), HEIGHT - BOTTOM, TOP)
    parts = [*_grid(min(sizes), max(sizes), min(times), max(times), along, upwards)]
    ends = _apart(sorted((upwards(value(curves[-1])), name) for name, _, value in LINES))
    for name, colour, value in LINES:
        points = [(along(figures["events"]), upwards(value(figures))) for figures in curves]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts.extend(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in points)
        last = f"{name}: {_spelled(value(curves[-1]))}"
        parts.append(_text(WIDTH - RIGHT + 12, ends[name] + 4, last, anchor="start", colour=colour))
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'font-family="sans-serif" font-size="12">\n<rect width="100%" height="100%" fill="#fff"/>\n{body}\n</svg>\n'
    )


def _scale(low: float, high: float, begin: float, end: float) -> Callable[[float], float]:
    """From a value to its place, between the powers of ten around the values."""
    first, last = floor(log10(low)), ceil(log10(high))
    return lambda value: begin + (log10(value) - first) / max(1, last - first) * (end - begin)


def _grid(
    least: float, most: float, low: float, high: float, along: Callable[[float], float], up: Callable[[float], float]
) -> Iterator[str]:
    for power in range(floor(log10(least)), ceil(log10(most)) + 1):
        x = along(10**power)
        yield f'<line x1="{x:.1f}" y1="{TOP}" x2="{x:.1f}" y2="{HEIGHT - BOTTOM}" stroke="#ddd"/>'
        yield _text(x, HEIGHT - BOTTOM + 18, f"{10**power:,}")
    for power in range(floor(log10(low)), ceil(log10(high)) + 1):
        y = up(10**power)
        yield f'<line x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}" stroke="#ddd"/>'
        yield _text(LEFT - 8, y + 4, _spelled(10.0**power), anchor="end")
    yield _text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 12, "events in the log")


def _apart(ends: Sequence[tuple[float, str]]) -> dict[str, float]:
    """Where the names stand at the right, none on another."""
    places = [place for place, _ in ends]
    for first, second in pairwise(range(len(places))):
        places[second] = max(places[second], places[first] + 16)
    return {name: place for place, (_, name) in zip(places, ends, strict=True)}


def _text(x: float, y: float, words: str, anchor: str = "middle", colour: str = "#333") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}">{escape(words)}</text>'


def _spelled(milliseconds: float) -> str:
    if milliseconds >= 1000:
        return f"{milliseconds / 1000:,.3g} s"
    return f"{milliseconds:.2g} ms" if milliseconds < 1 else f"{milliseconds:.3g} ms"


def main() -> None:
    found = json.loads((RESULTS / "long_log.json").read_text(encoding="utf-8"))
    PICTURE.write_text(picture(found["curves"]), encoding="utf-8")
    print(PICTURE)


if __name__ == "__main__":
    main()
