"""A compiled program as a notebook shows it: pages behind tabs."""

from __future__ import annotations

from html import escape

from ezprivsecfl.drawing.circuit import NamedCircuit
from ezprivsecfl.drawing.graph import graph_of, graph_svg
from ezprivsecfl.drawing.listing import Listing
from ezprivsecfl.drawing.page import framed, statements, tabs, text_block, wide
from ezprivsecfl.errors import CompileError
from ezprivsecfl.report.facts import Facts
from ezprivsecfl.report.flow import flow_svg
from ezprivsecfl.report.html import precision_html, topic_html
from ezprivsecfl.report.text import Topic
from ezprivsecfl.runtime.statistics import size_text
from ezprivsecfl.variants import Variant

NETWORKS = ("lan", "wan")

CIRCUITS = "circuits/"
"""The folder of the sources that has a page of its own."""

FEW_GATES = 60
"""The smallest circuit is drawn among the pages if it has no more; others on demand."""

MOST_TEXT = 20_000
"""Characters of sources that are shown; of files for which there is no room, the sizes are."""


def program_html(variant: Variant, facts: Facts) -> str:
    """The pages.

    Args:
        variant: What is shown.
        facts: Of its report.
    """
    lowered = variant.lowered
    pages = {
        "Who learns what": wide(flow_svg(facts, _between(variant))) + topic_html(facts, Topic.LEARNED),
        "Computation": wide(graph_svg(graph_of(lowered.secure))),
        "Cost": _costs(variant) + topic_html(facts, Topic.COST),
        "Precision": precision_html(facts) + topic_html(facts, Topic.PRECISION),
        "IR": Listing((lowered.compiled.optimised, lowered.secure)).html(),
        "Sources": _sources(lowered.sources()),
        "Circuits": topic_html(facts, Topic.CIRCUITS) + _circuits(variant),
    }
    return framed(statements(facts.name, []), tabs(pages))


def _between(variant: Variant) -> str:
    try:
        return f"{size_text(variant.cost().total_bytes)} a round"
    except CompileError:  # a back end that does not say what it sends
        return ""


def _costs(variant: Variant) -> str:
    try:
        return tabs({network.upper(): variant.cost(network).html() for network in NETWORKS})
    except CompileError as e:
        return f"<p>{escape(str(e))}</p>"


def _sources(tree: dict[str, str]) -> str:
    parts, room = [], MOST_TEXT
    for path, text in tree.items():
        size = size_text(len(text))
        if len(text) <= room and not path.startswith(CIRCUITS):
            room -= len(text)
            parts.append(f"<details><summary>{escape(path)}, {size}</summary>{text_block(text)}</details>")
        else:
            parts.append(f"<div>{escape(f'{path}, {size}: print(program.sources[{path!r}])')}</div>")
    return "".join(parts)


def _circuits(variant: Variant) -> str:
    named = [NamedCircuit(name, circuit) for name, circuit in variant.lowered.secure.circuits.items()]
    if not named:
        return ""
    smallest = min(named, key=lambda one: len(one.circuit.gates))
    drawn = wide(smallest.draw().draw(False)) if len(smallest.circuit.gates) <= FEW_GATES else ""
    return statements("program.circuit(NAME).draw() shows one", list(map(repr, named))) + drawn
