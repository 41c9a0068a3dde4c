"""The compile report: what is computed, who learns what, how precisely, and what it costs."""

from __future__ import annotations

from dataclasses import dataclass

from ezprivsecfl.report.facts import Facts
from ezprivsecfl.report.html import report_html
from ezprivsecfl.report.text import as_text


@dataclass(frozen=True, repr=False)
class Report:
    """A compiled program, explained; ``print`` shows text, a notebook a drawing and the text below it.

    Args:
        facts: What there is to say of it; see ``facts_of``.
    """

    facts: Facts

    def __str__(self) -> str:
        return as_text(self.facts)

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        return report_html(self.facts)
