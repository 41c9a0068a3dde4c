"""A graph as a drawing in SVG that needs nothing else: no script, no style sheet, no font of its own."""

from __future__ import annotations

from collections.abc import Sequence
from xml.sax.saxutils import escape

from ezprivsecfl.graph.domains import Domain
from ezprivsecfl.graph.layout import Point, layout

WIDTH, LINE, PADDING = 270, 15, 8
"""Of a box and of a line of text in it, and the margin around the text, in pixels."""

CHARACTERS = 38
"""That fit in a line of a box."""

INK, GREY = "#1a1a1a", "#7a7a7a"
"""In boxes, which are light on every background; and beside them, to be seen on light and on dark."""


def svg_text(name: str, boxes: Sequence[tuple[Sequence[str], Domain]], edges: Sequence[tuple[int, int]]) -> str:
    """The drawing, from top to bottom.

    Args:
        name: The graph's.
        boxes: Of every node the lines in its box, and its domain.
        edges: Pairs of positions of nodes; the second comes after the first.
    """
    sizes = [(WIDTH, 2 * PADDING + LINE * len(text)) for text, _ in boxes]
    placed = layout(sizes, edges)
    used = [domain for domain in Domain if any(domain is one for _, one in boxes)]
    legend = [f"<g>{''.join(_legend(i, domain) for i, domain in enumerate(used))}</g>"]
    top = 26 * -(-len(used) // PER_ROW) + 10
    width, height = max(placed.width, min(len(used), PER_ROW) * LEGEND), placed.height + top
    drawn = [_edge([(x, y + top) for x, y in points]) for points in placed.edges]
    drawn += [
        _box(x - WIDTH / 2, y + top, size, text, domain)
        for (x, y), size, (text, domain) in zip(placed.nodes, sizes, boxes, strict=True)
    ]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" '
            f'height="{height:.0f}" role="img" font-family="sans-serif" font-size="12">',
            f"<title>{escape(name)}</title>",
            f'<defs><marker id="ez-arrow" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" '
            f'orient="auto"><path d="M0,0 L8,4 L0,8 z" fill="{GREY}"/></marker></defs>',
            *legend,
            *drawn,
            "</svg>",
            "",
        ]
    )


LEGEND, PER_ROW = 165, 4
"""Width of an entry of the legend, and how many stand in a row."""


def _legend(place: int, domain: Domain) -> str:
    x, y = LEGEND * (place % PER_ROW), 26 * (place // PER_ROW)
    return (
        f'<rect x="{x + 1}" y="{y + 5}" width="14" height="14" rx="3" fill="{domain.colour}" stroke="{GREY}"/>'
        f'<text x="{x + 21}" y="{y + 16}" fill="{GREY}">{escape(domain.text)}</text>'
    )


def _box(x: float, y: float, size: tuple[float, float], text: Sequence[str], domain: Domain) -> str:
    width, height = size
    lines = [
        f'<text x="{x + PADDING:.1f}" y="{y + PADDING + LINE * (i + 0.8):.1f}"{_style(i, len(text))} fill="{INK}">'
        f"{escape(_cut(line))}</text>"
        for i, line in enumerate(text)
    ]
    hint = escape("\n".join((*text, domain.text)))
    return (
        f'<g><title>{hint}</title><rect x="{x:.1f}" y="{y:.1f}" width="{width}" height="{height}" rx="5" '
        f'fill="{domain.colour}" stroke="{GREY}"/>{"".join(lines)}</g>'
    )


def _style(line: int, lines: int) -> str:
    """The place is bold, and the text of the program, between that and what is done, as in an editor."""
    if line == 0:
        return ' font-weight="bold"'
    return ' font-family="monospace" font-size="11"' if line < lines - 1 else ""


def _cut(text: str) -> str:
    return text if len(text) <= CHARACTERS else f"{text[: CHARACTERS - 1]}…"


def _edge(points: Sequence[Point]) -> str:
    """A curve through the points, which leaves and meets boxes straight from above."""
    (x, y), *others = points
    path = [f"M{x:.1f},{y:.1f}"]
    for to_x, to_y in others:
        middle = (y + to_y) / 2
        path.append(f"C{x:.1f},{middle:.1f} {to_x:.1f},{middle:.1f} {to_x:.1f},{to_y:.1f}")
        x, y = to_x, to_y
    return f'<path d="{" ".join(path)}" fill="none" stroke="{GREY}" stroke-width="1.3" marker-end="url(#ez-arrow)"/>'
