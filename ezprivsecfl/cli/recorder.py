"""What ``ezcompile run`` keeps of every call."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from ezprivsecfl.cli.comparison import TOLERANCE, relative_errors
from ezprivsecfl.cli.messages import say
from ezprivsecfl.cli.progress import progress
from ezprivsecfl.runtime.statistics import Statistics, dropped_text, imprecise_text


@dataclass
class Recorder:
    """Keeps the statistics of every call; compares results with TFF's own if asked to."""

    check: bool
    calls: list[Statistics] = field(default_factory=list)
    wrong: bool = False

    def __call__(self, program: Any, computation: Any, argument: Any, result: Any) -> None:
        """Told after every call."""
        statistics = program.last_statistics
        for one in statistics.dropped:
            say(f"{statistics.computation}: dropped {dropped_text(one)}")
        for one in statistics.imprecise:
            say(f"{statistics.computation}: {imprecise_text(one)}")
        if self.check:
            error = self._checked(program, computation, argument, result)
            statistics = replace(statistics, max_relative_error=error)
        self.calls.append(statistics)

    def _checked(self, program: Any, computation: Any, argument: Any, result: Any) -> float:
        """The largest relative error; says which outputs are wrong."""
        from ezprivsecfl.frontends.tff import reference_context

        statistics = program.last_statistics
        if statistics.dropped:
            say(f"{statistics.computation}: compared with TFF's result for the {statistics.clients} other clients")
            argument = program.traced.signature.without(argument, [one["client"] for one in statistics.dropped])
        with progress(f"computing {statistics.computation} in TFF, too"):
            expected = reference_context().invoke(computation, argument)
        errors = relative_errors(result, expected)
        for output, error in errors.items():
            if error > TOLERANCE:
                self.wrong = True
                say(
                    f"call {len(self.calls) + 1}, of {statistics.computation}: {output} differs from TFF's by a "
                    f"relative error of {error:.1e}, more than {TOLERANCE:g}"
                )
        return max(errors.values(), default=0.0)
