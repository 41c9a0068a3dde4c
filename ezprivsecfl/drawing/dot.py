"""A graph in Graphviz's language."""

from __future__ import annotations

from pathlib import Path

from ezprivsecfl.cells import place_text
from ezprivsecfl.drawing.graph import Box, Graph


def dot_text(graph: Graph) -> str:
    """A graph of the mpc level as text for ``dot``: boxes have the colour of the domain that their result is in."""
    lines = [
        f"digraph {_quoted(graph.name)} {{",
        '  node [shape=box, style=filled, fontname="sans-serif", fontsize=11];',
    ]
    for i, box in enumerate(graph.boxes):
        label = "\\n".join(_escaped(line) for line in _lines(box))
        lines.append(f'  n{i} [label="{label}", fillcolor="{box.parts[-1].domain.pale}"];')
    lines += [f"  n{source} -> n{target};" for source, target in graph.edges]
    return "\n".join([*lines, "}", ""])


def _lines(box: Box) -> list[str]:
    """What is written in a box: what it is, where, and by domain its operations."""
    file, line = box.location.file, box.location.line
    place = [place_text(Path(file).name, line)] if line else []
    return [box.title, *place, *(f"{part.text} ({part.domain.text})" for part in box.parts)]


def _quoted(text: str) -> str:
    return f'"{_escaped(text)}"'


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
