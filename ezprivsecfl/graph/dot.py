"""A graph in Graphviz's language."""

from __future__ import annotations

from collections.abc import Sequence

from ezprivsecfl.graph.domains import Domain


def dot_text(name: str, boxes: Sequence[tuple[Sequence[str], Domain]], edges: Sequence[tuple[int, int]]) -> str:
    """The graph as text for ``dot``.

    Args:
        name: The graph's.
        boxes: Of every node the lines in its box, and its domain.
        edges: Pairs of positions of nodes.
    """
    lines = [f"digraph {_quoted(name)} {{", '  node [shape=box, style=filled, fontname="sans-serif", fontsize=11];']
    for i, (text, domain) in enumerate(boxes):
        label = "\\n".join(_escaped(line) for line in (*text, domain.text))
        lines.append(f'  n{i} [label="{label}", fillcolor="{domain.colour}"];')
    lines += [f"  n{source} -> n{target};" for source, target in edges]
    return "\n".join([*lines, "}", ""])


def _quoted(text: str) -> str:
    return f'"{_escaped(text)}"'


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
