"""Elements of SVG as text, and what all drawings look like."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from ezprivsecfl.domains import Domain

CHARACTER = 6.7
"""Width of a character of 12 pixels, generously: what is wider in the reader's font must still fit its box."""

ACCENT = "#9061f9"
"""Of what is in no domain, such as numbers of messages."""

COLOURS = {**{domain.style: domain.colour for domain in Domain}, "accent": ACCENT}

STYLE = f"""\
{"".join(f".ez .{style}{{--c:{colour}}}" for style, colour in COLOURS.items())}
.ez{{font:12px/1.45 system-ui,sans-serif}}
.ez .area{{fill:var(--c);fill-opacity:.2;stroke:var(--c)}}
.ez .frame{{fill:currentColor;fill-opacity:.03;stroke:currentColor;stroke-opacity:.4}}
.ez .line{{fill:none;stroke:currentColor;stroke-opacity:.5;stroke-width:1.2}}
.ez .flow{{fill:none;stroke:var(--c);stroke-width:1.8}}.ez .tip{{fill:var(--c)}}
.ez text{{fill:currentColor;font:12px system-ui,sans-serif}}
.ez .small{{font-size:11px;fill-opacity:.75}}.ez .strong{{font-weight:600}}
.ez .code{{font:11px ui-monospace,monospace;fill-opacity:.75}}
"""
"""For drawings in a page, whose colour they take."""

ALONE = """\
svg.ez{color-scheme:light dark;color:#1f2328}
@media (prefers-color-scheme:dark){svg.ez{color:#e6edf3;background:#0d1117}}
"""
"""For a drawing that is a file of its own."""


def tag(name: str, *body: str, **attributes: object) -> str:
    """An element; of attributes' names, ``class_`` is ``class``, and ``_`` stands for ``-``; None leaves one out."""
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(_value(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    return f"<{name}{written}>{''.join(body)}</{name}>" if body else f"<{name}{written}/>"


def words(x: float, y: float, text: str, class_: str | None = None, anchor: str | None = None) -> str:
    """A line of text."""
    return tag("text", escape(text), x=x, y=y, class_=class_, text_anchor=anchor)


def tooltip(text: str) -> str:
    """What is shown where the pointer rests on the element around it."""
    return tag("title", escape(text))


def picture(width: float, height: float, body: Iterable[str], *, alone: bool = False, label: str = "") -> str:
    """The drawing.

    Args:
        width: In pixels.
        height: In pixels.
        body: Its elements.
        alone: Whether it is a file of its own, with all that it looks like; else the page has ``STYLE``.
        label: What it shows, for readers who do not see it.
    """
    style = [tag("style", ALONE, STYLE)] if alone else []
    return tag(
        "svg",
        *(*style, *body),
        xmlns="http://www.w3.org/2000/svg",
        class_="ez",
        role="img",
        aria_label=label,
        width=round(width),
        height=round(height),
        viewBox=f"0 0 {round(width)} {round(height)}",
    )


def arrow(points: str, class_: str, tip: tuple[float, float], towards: tuple[int, int]) -> str:
    """A line with a tip at its end.

    Args:
        points: The line as a path.
        class_: Gives its colour.
        tip: Where it ends.
        towards: The direction there: (1, 0) is to the right, (0, 1) down.
    """
    (x, y), (dx, dy) = tip, towards
    corners = [(x, y), (x - 7 * dx - 4 * dy, y - 7 * dy - 4 * dx), (x - 7 * dx + 4 * dy, y - 7 * dy + 4 * dx)]
    return tag(
        "g",
        tag("path", d=points, class_="flow"),
        tag("polygon", points=" ".join(f"{_value(a)},{_value(b)}" for a, b in corners), class_="tip"),
        class_=class_,
    )


def shortened(text: str, width: int) -> str:
    """At most ``width`` characters, with an ellipsis for what is left out."""
    return text if len(text) <= width else text[: width - 1] + "…"


def width_of(text: str) -> float:
    """Of a line of text."""
    return CHARACTER * len(text)


def _value(value: object) -> str:
    return f"{value:.1f}".removesuffix(".0") if isinstance(value, float) else str(value)
