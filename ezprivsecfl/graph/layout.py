"""Places the boxes of a graph in layers, from top to bottom.

The method of Sugiyama, Tagawa and Toda (1981): layers by the longest path; edges that cross layers have a bend in each;
the order within a layer follows the mean place of neighbours, in sweeps down and up.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean

Point = tuple[float, float]
Edge = tuple[int, int]

GAP, BEND, ROW_GAP = 24.0, 14.0, 38.0
"""Between boxes of a layer, the width that a bend takes, and between layers, in pixels."""

SWEEPS = 12


@dataclass(frozen=True)
class Layout:
    """Where everything is, in pixels.

    Args:
        width: Of the drawing.
        height: Of the drawing.
        nodes: The middle of every box's upper side.
        edges: The points that each edge goes through.
    """

    width: float
    height: float
    nodes: list[Point]
    edges: list[list[Point]]


def layout(sizes: Sequence[tuple[float, float]], edges: Sequence[Edge]) -> Layout:
    """The places.

    Args:
        sizes: Width and height of every box.
        edges: Pairs of positions of boxes; every box comes after those that edges lead from.
    """
    ranks = _ranks(len(sizes), edges)
    widths = [width for width, _ in sizes]
    chains = []
    links: list[Edge] = []
    for source, target in edges:
        chain = [source]
        for rank in range(ranks[source] + 1, ranks[target]):
            chain.append(len(widths))
            widths.append(BEND)
            ranks.append(rank)
        chain.append(target)
        chains.append(chain)
        links += pairwise(chain)
    layers: list[list[int]] = [[] for _ in range(max(ranks, default=-1) + 1)]
    for node, rank in enumerate(ranks):
        layers[rank].append(node)
    middles = _middles(layers, widths, links)
    heights = [max((sizes[node][1] for node in layer if node < len(sizes)), default=0.0) for layer in layers]
    tops = [sum(heights[:i]) + ROW_GAP * i for i in range(len(layers))]

    def points(chain: list[int]) -> list[Point]:
        source, *bends, target = chain
        through = [point for node in bends for point in _passing(middles[node], tops, heights, ranks[node])]
        start = (middles[source], tops[ranks[source]] + sizes[source][1])
        return [start, *through, (middles[target], tops[ranks[target]])]

    width = max((middles[node] + widths[node] / 2 for node in range(len(widths))), default=0.0)
    height = tops[-1] + heights[-1] if layers else 0.0
    nodes = [(middles[node], tops[ranks[node]]) for node in range(len(sizes))]
    return Layout(width + 1, height + 1, nodes, [points(chain) for chain in chains])


def _passing(x: float, tops: Sequence[float], heights: Sequence[float], rank: int) -> tuple[Point, Point]:
    return (x, tops[rank]), (x, tops[rank] + heights[rank])


def _ranks(count: int, edges: Sequence[Edge]) -> list[int]:
    """Layers: below all that leads to a node, and where nothing does, just above the first that takes it."""
    ranks = [0] * count
    for source, target in sorted(edges, key=lambda edge: edge[1]):
        ranks[target] = max(ranks[target], ranks[source] + 1)
    for node in set(range(count)) - {target for _, target in edges}:
        ranks[node] = min((ranks[target] for source, target in edges if source == node), default=1) - 1
    return ranks


def _middles(layers: list[list[int]], widths: Sequence[float], links: Sequence[Edge]) -> list[float]:
    """Of every node the middle, from 0 on; orders the layers on the way."""
    above: dict[int, list[int]] = {}
    below: dict[int, list[int]] = {}
    for source, target in links:
        below.setdefault(source, []).append(target)
        above.setdefault(target, []).append(source)
    middles = [0.0] * len(widths)
    for layer in layers:
        _place(layer, [0.0] * len(layer), middles, widths)
    for sweep in range(SWEEPS):
        order, neighbours = (layers, above) if sweep % 2 == 0 else (layers[::-1], below)
        for layer in order:
            wanted = {node: _mean((middles[o] for o in neighbours.get(node, ())), middles[node]) for node in layer}
            layer.sort(key=wanted.__getitem__)
            _place(layer, [wanted[node] for node in layer], middles, widths)
    left = min((middles[node] - widths[node] / 2 for layer in layers for node in layer), default=0.0)
    return [middle - left + 1 for middle in middles]


def _mean(values: Iterable[float], otherwise: float) -> float:
    found = list(values)
    return fmean(found) if found else otherwise


def _place(layer: Sequence[int], wanted: Sequence[float], middles: list[float], widths: Sequence[float]) -> None:
    """Puts a layer's nodes as near to where they are wanted as their order and widths let them.

    They are packed from the left, and from the right, each where it wants to be or beside its neighbour; the mean of
    both keeps the distances.
    """
    from_left, from_right = list(wanted), list(wanted)
    for i in range(1, len(layer)):
        apart = (widths[layer[i - 1]] + widths[layer[i]]) / 2 + GAP
        from_left[i] = max(from_left[i], from_left[i - 1] + apart)
    for i in range(len(layer) - 2, -1, -1):
        apart = (widths[layer[i + 1]] + widths[layer[i]]) / 2 + GAP
        from_right[i] = min(from_right[i], from_right[i + 1] - apart)
    for node, left, right in zip(layer, from_left, from_right, strict=True):
        middles[node] = (left + right) / 2
