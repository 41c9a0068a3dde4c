"""The execution context that runs aggregations on two servers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ezprivsecfl.installing import needing_tff

with needing_tff():
    import tensorflow_federated as tff
    from tensorflow_federated.python.core.impl.context_stack.runtime_error_context import RuntimeErrorContext

from ezprivsecfl.api import SecureProgram
from ezprivsecfl.backends.base import Backend
from ezprivsecfl.backends.registry import choose
from ezprivsecfl.compiler.binary_parameters import BinaryParameters
from ezprivsecfl.compiler.choices import BY_ROUND, DROP, EACH, MIN_CLIENTS, first_clients
from ezprivsecfl.compiler.grammar import relu_degree, sketch_sums
from ezprivsecfl.compiler.norm_bounds import NormBounds
from ezprivsecfl.compiler.options import Norms, Options, Relu
from ezprivsecfl.compiler.parameter_bounds import Declared, ParameterBounds
from ezprivsecfl.compiler.server_inputs import ServerInputs
from ezprivsecfl.frontends.tff import (
    SecureContext,
    TracedComputation,
    Traces,
    has_clients_parameter,
    install_source_tracking,
    reference_context,
    tame_worker,
)
from ezprivsecfl.ir.widths import SHARE_BITS
from ezprivsecfl.runtime.admission import check_count
from ezprivsecfl.variants import Variant

Observer = Callable[[SecureProgram, Any, Any, Any], None]


@dataclass(repr=False)
class SecureRunner:
    """Compiles every aggregation on its first call and runs it; shown in a notebook, it says what it has compiled.

    Args:
        backend: Where aggregations run.
        options: What all are compiled with; each with those bounds that it has parameters for.
        grows: Whether programs are compiled anew for rounds of more clients than the options allow.
        observer: Told after every call: the program, the computation, the argument, the result.
        announce: Told after a computation was compiled, before it is run: the variant, the number of clients.
    """

    backend: Backend
    options: Options
    grows: bool = False
    observer: Observer | None = None
    announce: Callable[[Variant, int], None] = lambda variant, clients: None
    _traces: dict[int, Traces] = field(default_factory=dict)
    _programs: dict[int, SecureProgram] = field(default_factory=dict)

    @property
    def programs(self) -> list[SecureProgram]:
        """What has been compiled so far; the report of each says who learns what."""
        return [program for program in self._programs.values() if program.variants]

    def unused_parameters(self) -> dict[str, list[str]]:
        """By option the parameters that it names and that no aggregation has had so far."""
        unused: dict[str, list[str]] = {}
        for declared in self.options.declared:
            for key in declared.unused(p.traced.program for p in self.programs):
                unused.setdefault(declared.option(key), []).append(key)
        return unused

    def __repr__(self) -> str:
        names = ", ".join(program.compiled.name for program in self.programs) or "nothing yet"
        return f"<TFF aggregations run on {self.backend.where}; compiled: {names}>"

    def __call__(self, computation: Any, argument: Any) -> Any:
        """The result of a call of an aggregation."""
        # TFF computations compare by identity; what they are traced to keeps them alive, so ids stay unique.
        traces = self._traces.setdefault(id(computation), Traces(computation, owner=self.options.server_inputs.owner))
        traced = traces.of(argument, self._admit)
        program = self._programs.get(id(traced)) or self._uncompiled(traced, traces)
        given = program.traced.arguments(argument)
        if not program.traced.aggregates:
            return program.traced.in_clear(given)
        self._admit(program.traced.program.name, given.clients)
        if self.grows and given.clients > program.options.clients:
            options = replace(program.options, clients=_power_of_two(given.clients))
            program = SecureProgram.of(traced, options, self.backend, traces, self._programs)
        known = len(program.variants)
        variant = program.variant(given.values)
        self._programs[id(traced)] = program
        if len(program.variants) > known:
            self.announce(variant, given.clients)
        result = program.invoke_on(variant, given)
        if self.observer is not None:
            self.observer(program, computation, argument, result)
        return result

    def _admit(self, name: str, clients: int) -> None:
        check_count(name, clients, self.options.min_clients, clients if self.grows else self.options.clients)

    def _uncompiled(self, traced: TracedComputation, traces: Traces) -> SecureProgram:
        """A program that is not compiled yet, with the declared bounds of parameters that it has."""
        return SecureProgram.of(traced, self.options.fitting(traced.program), self.backend, traces, self._programs)


def _power_of_two(clients: int) -> int:
    return 1 << (clients - 1).bit_length()


def set_secure_execution_context(
    *,
    backend: str | Backend = "duet",
    relu: str = "exact",
    norms: str = "exact",
    noise: str = EACH,
    bounds: Mapping[str, Declared] | None = None,
    clients: int | None = None,
    scale: str = BY_ROUND,
    on_bad_client: str = DROP,
    min_clients: int = MIN_CLIENTS,
    proofs: bool = True,
    share_bits: int = SHARE_BITS,
    norm_bounds: Mapping[str, float] | None = None,
    binary: Sequence[str] = (),
    one_hot: Sequence[str] = (),
    server_inputs: Mapping[str, str] | None = None,
) -> SecureRunner:
    """From here on, calling an aggregation runs it in secure two-party computation.

    Calls of TFF computations that have CLIENTS-placed parameters run on two servers; all others run in the context that
    was chosen before, with its options, such as the number of clients where no argument tells it.

    Args:
        backend: ``duet`` (two server processes; ``ez.Duet(link="wan")`` emulates a network between them),
            ``motion2nx`` (the same with the MOTION2NX framework; choose its protocol with ``ez.Motion2nx``), or
            ``plain`` (exact simulation in this process).
        relu: ``exact``, or ``poly:DEGREE`` for a polynomial.
        norms: ``exact``, or ``sketch:K`` to estimate norms of vectors longer than K.
        noise: ``each`` or ``joint``: how large each server's part of noise is.
        bounds: Entries x of a parameter satisfy |x| < bounds[parameter], or lowest <= x < highest for a pair; ``""``
            stands for all CLIENTS parameters.
        clients: The largest number of clients; by default programs are compiled anew as rounds get larger.
        scale: ``declared``: every round uses the variant of a program for the magnitudes that its clients declare,
            up to these bounds; ``fixed``: one variant, for the bounds.
        on_bad_client: What happens about a client whose values cannot be used: ``drop`` leaves it out of the round,
            with a warning that names it; ``fail`` ends the round.
        min_clients: The smallest number of clients that a round may have; smaller ones are refused with InputError.
        proofs: Whether clients prove to the servers that their values are within bounds: every entry of parameters of
            up to 8 entries, the L2 norm of others; without proofs they only say so.
        share_bits: Of the shares of clients' values: 80, or more where that takes; or exactly 64 or 72 (see the report
            for what each tells).
        norm_bounds: The L2 norm of one client's entries of a parameter (of more than 8) is at most
            norm_bounds[parameter]; ``""`` stands for all CLIENTS parameters.
        binary: CLIENTS parameters whose entries are all 0 or 1; clients prove that.
        one_hot: The same of which exactly one entry is 1 along the last axis, such as votes; clients prove that, too.
        server_inputs: Who knows a parameter of the server, or a part of it: ``public`` (both servers, the default),
            ``server0`` or ``server1`` (that one alone), or ``shared`` (neither: a third party shares it between them).

    Raises:
        CompileError: There is no such back end or choice.
    """
    install_source_tracking()
    tame_worker()
    options = Options(
        clients=first_clients(clients, min_clients),
        relu=Relu(relu_degree(relu)),
        norms=Norms(sketch_sums(norms)),
        noise=noise,
        bounds=ParameterBounds.of(bounds or {}),
        scale=scale,
        on_bad_client=on_bad_client,
        min_clients=min_clients,
        proofs=proofs,
        share_bits=share_bits,
        norm_bounds=NormBounds.of(norm_bounds or {}),
        binary=BinaryParameters.of(binary, one_hot),
        server_inputs=ServerInputs.of(server_inputs or {}),
    )
    runner = SecureRunner(choose(backend), options, grows=clients is None)
    tff.framework.set_default_context(secured(runner, tff.framework.get_context_stack().current))
    return runner


class RunnerContext(SecureContext):
    """The TFF context that hands aggregations to a runner.

    Args:
        runner: Computes them.
        chosen: The context that computes everything else; by default TFF's own.
    """

    def __init__(self, runner: SecureRunner, chosen: Any = None) -> None:
        super().__init__(runner, None if chosen is None else chosen.invoke)
        self.runner = runner
        self.chosen = chosen


class AwaitedContext(tff.framework.AsyncContext):  # type: ignore[misc]
    """The same for programs that await results.

    Args:
        runner: Computes aggregations.
        chosen: The asynchronous context that computes everything else.
    """

    def __init__(self, runner: SecureRunner, chosen: Any) -> None:
        self.runner = runner
        self.chosen = chosen

    async def invoke(self, comp: Any, arg: Any) -> Any:
        """The result of a call."""
        if has_clients_parameter(comp):
            return self.runner(comp, arg)
        return await self.chosen.invoke(comp, arg)


def secured(runner: SecureRunner, chosen: Any) -> Any:
    """A context that computes aggregations with a runner, and all else in the context that a program chose.

    Results are awaited, or are references as in ``tff.program``, if those of the chosen context are.
    """
    if isinstance(chosen, RunnerContext | AwaitedContext):
        return secured(runner, chosen.chosen)
    if isinstance(chosen, tff.program.NativeFederatedContext):
        return tff.program.NativeFederatedContext(secured(runner, chosen._context))
    if isinstance(chosen, tff.framework.AsyncContext):
        return AwaitedContext(runner, chosen)
    return RunnerContext(runner, None if isinstance(chosen, RuntimeErrorContext) else chosen)


def runner_of(context: Any) -> SecureRunner | None:
    """The runner that computes aggregations in a context; None if they run in the clear."""
    inner = context._context if isinstance(context, tff.program.NativeFederatedContext) else context
    return inner.runner if isinstance(inner, RunnerContext | AwaitedContext) else None


def leave_to_tff() -> None:
    """Makes TFF's own execution the default, with its worker process tamed."""
    tff.framework.set_default_context(reference_context())
