"""A report as HTML, for notebooks: drawings, with the words below them."""

from __future__ import annotations

import math

from ezprivsecfl.drawing.page import Bars, framed, statements, table, wide
from ezprivsecfl.ir.types import RingType, shape_text
from ezprivsecfl.report.facts import Facts, Format
from ezprivsecfl.report.flow import flow_svg
from ezprivsecfl.report.text import Topic, sections
from ezprivsecfl.runtime.proofs import RING_BITS


def report_html(facts: Facts) -> str:
    """All of a report, in a frame."""
    parts = [topic_html(facts, topic) for topic in Topic]
    return framed(statements(facts.name, []), wide(flow_svg(facts)), *parts)


def topic_html(facts: Facts, topic: Topic) -> str:
    """What a report says of a topic in words."""
    return "".join(statements(one.title, one.statements) for one in sections(facts) if one.topic is topic)


def precision_html(facts: Facts) -> str:
    """What the bits of values are used for: of those that are shared, and of those that are opened."""
    rows: list[tuple[str | Bars, ...]] = [
        (f"{one.path} {shape_text(one.shape)}", str(one.bound), _shared(one)) for one in facts.formats
    ]
    for opened in facts.leakage.opened:
        if isinstance(opened.type, RingType):
            bits = RING_BITS if opened.significant is None else opened.significant
            what = f"{bits} opened" if opened.significant is None else f"the {bits} leading ones opened"
            rows.append((" and ".join(opened.results), "", Bars({"opened": bits}, what)))
    return table(("value", "range", f"bits, of {RING_BITS}"), rows)


def _shared(one: Format) -> Bars:
    """Before and after the binary point, and room for sums and products."""
    whole = max(0, math.ceil(math.log2(one.bound.highest)))
    room = max(0, RING_BITS - whole - one.fractional_bits)
    return Bars(
        {"arith": whole, "accent": one.fractional_bits, "public": room},
        f"{whole} before, {one.fractional_bits} after the point",
    )
