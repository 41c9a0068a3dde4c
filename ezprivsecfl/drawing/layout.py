"""Places the nodes of an acyclic graph in layers, with few crossings and short edges.

The method of Sugiyama, Tagawa and Toda, "Methods for visual understanding of hierarchical system structures", IEEE
Transactions on Systems, Man, and Cybernetics 11(2), 1981: long edges get a node in every layer that they pass, layers
are ordered by the means of their neighbours, and nodes then move to these means as far as those beside them allow.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

SWEEPS = 8
"""Times that layers are ordered, and that their nodes move; more changes little."""

Edge = tuple[int, int]


@dataclass(frozen=True)
class Placed:
    """Where everything is; a layer's nodes have a common top.

    Args:
        x: Of every node the middle.
        y: Of every node the top.
        routes: Of every edge the points that it passes, from the bottom of its source to the top of its target.
        width: Of all.
        height: Of all.
    """

    x: list[float]
    y: list[float]
    routes: list[list[tuple[float, float]]]
    width: float
    height: float


def place(
    sizes: Sequence[tuple[float, float]],
    edges: Sequence[Edge],
    gap: tuple[float, float],
    *,
    sources_first: bool = False,
) -> Placed:
    """Places nodes.

    Args:
        sizes: Width and height of every node.
        edges: From a node to a later one in the sequence.
        gap: Between nodes of a layer, and between layers.
        sources_first: Whether nodes without an edge to them are all in the first layer, rather than near what they
            have edges to.
    """
    count = len(sizes)
    depth = _depths(count, edges, sources_first=sources_first)
    layer = list(depth)
    links: list[Edge] = []
    chains: list[list[int]] = []
    for source, target in edges:
        chain = [source]
        for level in range(depth[source] + 1, depth[target]):
            chain.append(len(layer))
            layer.append(level)
        chain.append(target)
        chains.append(chain)
        links += pairwise(chain)
    widths = [w for w, _ in sizes] + [0.0] * (len(layer) - count)
    order = _ordered(layer, links)
    x = _moved(order, links, widths, gap[0])
    tops, bottom = [], 0.0
    for nodes in order:
        tops.append(bottom)
        bottom += max((sizes[v][1] for v in nodes if v < count), default=0.0) + gap[1]
    left = min((x[v] - widths[v] / 2 for v in range(len(x))), default=0.0)
    x = [value - left for value in x]
    routes = []
    for chain in chains:
        source, *passed, target = chain
        route = [(x[source], tops[layer[source]] + sizes[source][1])]
        for v in passed:  # straight through the layer, from its top to where the next one's gap begins
            route += [(x[v], tops[layer[v]]), (x[v], tops[layer[v] + 1] - gap[1])]
        routes.append([*route, (x[target], tops[layer[target]])])
    width = max((x[v] + widths[v] / 2 for v in range(len(x))), default=0.0)
    return Placed(x[:count], [tops[level] for level in depth], routes, width, bottom - gap[1] if order else 0.0)


def _depths(count: int, edges: Sequence[Edge], *, sources_first: bool) -> list[int]:
    """The length of the longest path to every node; a source is as near to its first target as possible."""
    depth = [0] * count
    for source, target in sorted(edges, key=lambda edge: edge[1]):
        depth[target] = max(depth[target], depth[source] + 1)
    if not sources_first:
        for source in range(count):
            targets = [depth[target] for start, target in edges if start == source]
            if depth[source] == 0 and targets:
                depth[source] = min(targets) - 1
    return depth


def _neighbours(count: int, links: Sequence[Edge]) -> tuple[list[list[int]], list[list[int]]]:
    above: list[list[int]] = [[] for _ in range(count)]
    below: list[list[int]] = [[] for _ in range(count)]
    for source, target in links:
        above[target].append(source)
        below[source].append(target)
    return above, below


def _ordered(layer: Sequence[int], links: Sequence[Edge]) -> list[list[int]]:
    """The nodes of every layer from left to right."""
    above, below = _neighbours(len(layer), links)
    order: list[list[int]] = [[] for _ in range(max(layer, default=-1) + 1)]
    for v, level in enumerate(layer):
        order[level].append(v)
    for sweep in range(SWEEPS):
        near = below if sweep % 2 else above
        for nodes in reversed(order) if sweep % 2 else order:
            place = {v: i / max(len(row) - 1, 1) for row in order for i, v in enumerate(row)}
            mean = {v: sum(place[u] for u in near[v]) / len(near[v]) if near[v] else place[v] for v in nodes}
            nodes.sort(key=lambda v: mean[v])
    return order


def _moved(order: Sequence[Sequence[int]], links: Sequence[Edge], widths: Sequence[float], gap: float) -> list[float]:
    """Where the middle of every node is."""
    above, below = _neighbours(len(widths), links)
    x = [0.0] * len(widths)
    for nodes in order:
        offset = -sum(widths[v] + gap for v in nodes) / 2
        for v in nodes:
            x[v] = offset + widths[v] / 2
            offset += widths[v] + gap
    for sweep in range(SWEEPS):
        for nodes in reversed(order) if sweep % 2 else order:
            near = [[*above[v], *below[v]] for v in nodes]
            wanted = [
                sum(x[u] for u in found) / len(found) if found else x[v] for v, found in zip(nodes, near, strict=True)
            ]
            apart = [(widths[v] + widths[w]) / 2 + gap for v, w in pairwise(nodes)]
            for v, value in zip(nodes, _apart(wanted, apart), strict=True):
                x[v] = value
    return x


def _apart(wanted: Sequence[float], apart: Sequence[float]) -> list[float]:
    """The nearest positions (least squares) in the same order of which neighbours are so far apart.

    Without the distances these positions must not decrease: neighbours that would are pooled at their mean.
    """
    offsets = [0.0]
    for distance in apart:
        offsets.append(offsets[-1] + distance)
    pools: list[tuple[float, int]] = []
    for value, offset in zip(wanted, offsets, strict=False):
        total, count = value - offset, 1
        while pools and pools[-1][0] / pools[-1][1] >= total / count:
            before, number = pools.pop()
            total, count = total + before, count + number
        pools.append((total, count))
    level = [total / count for total, count in pools for _ in range(count)]
    return [value + offset for value, offset in zip(level, offsets, strict=False)]
