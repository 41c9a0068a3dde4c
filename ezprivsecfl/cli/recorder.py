"""What ``ezcompile run`` keeps of every call."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from ezprivsecfl.cli.comparison import FARTHEST, SIMULATIONS, TOLERANCE, deviations, relative_errors
from ezprivsecfl.cli.messages import say
from ezprivsecfl.progress import progress
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
        from ezprivsecfl.frontends.tff import reference_context, without_noise

        statistics = program.last_statistics
        if statistics.dropped:
            say(f"{statistics.computation}: compared with TFF's result for the {statistics.clients} other clients")
            argument = program.traced.signature.without(argument, [one["client"] for one in statistics.dropped])
        if program.has_noise:
            result = self._without_noise(program, argument, result)
            computation = without_noise(computation)
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

    def _without_noise(self, program: Any, argument: Any, result: Any) -> Any:
        """The result of the same round without noise, simulated, which can be compared with TFF's.

        What the servers returned is compared with it, too: it must be as far from it as simulated noise is.
        """
        name = program.last_statistics.computation
        with progress(f"simulating {name} with noise and without"):
            quiet = program.simulate_call(argument, noise=False)
            noisy = [program.simulate_call(argument, noise=True) for _ in range(SIMULATIONS)]
        apart = deviations(result, quiet, noisy)
        say(
            f"{name} has noise: compared with TFF's result, without its noise, is that of a simulation without; the "
            f"servers' result is {max(apart.values(), default=0.0):.2g} standard deviations of the noise from that"
        )
        for output, distance in apart.items():
            if distance > FARTHEST:
                self.wrong = True
                say(
                    f"call {len(self.calls) + 1}, of {name}: {output} is {distance:.1e} standard deviations of the "
                    f"noise from the result without, more than {FARTHEST:g}"
                )
        return quiet
