"""Compiled programs as Python objects."""

from __future__ import annotations

import inspect
import itertools
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from ezprivsecfl.installing import needing_tff

with needing_tff():
    import tensorflow_federated as tff

from ezprivsecfl import pace
from ezprivsecfl.backends.base import Backend, Costs
from ezprivsecfl.backends.plain.program import PlainProgram
from ezprivsecfl.backends.registry import choose
from ezprivsecfl.compiler.accounting import Accounting
from ezprivsecfl.compiler.binary_parameters import BinaryParameters
from ezprivsecfl.compiler.choices import BY_ROUND, DEFAULT_CLIENTS, DROP, EACH, MIN_CLIENTS
from ezprivsecfl.compiler.compiled import Compiled
from ezprivsecfl.compiler.grammar import relu_degree, sketch_sums
from ezprivsecfl.compiler.norm_bounds import NormBounds
from ezprivsecfl.compiler.options import Norms, Options, Relu
from ezprivsecfl.compiler.parameter_bounds import Bound, Declared, ParameterBounds
from ezprivsecfl.compiler.server_inputs import ServerInputs
from ezprivsecfl.drawing.circuit import NamedCircuit, circuit_of
from ezprivsecfl.drawing.listing import Listing
from ezprivsecfl.errors import (
    CompileError,
    DroppedClientWarning,
    IncompleteRound,
    InputError,
    PrecisionError,
    PrecisionWarning,
)
from ezprivsecfl.frontends.tff import Arguments, TracedComputation, Traces, tame_worker
from ezprivsecfl.ir.mpc.noise import AddNoise
from ezprivsecfl.ir.program import Program
from ezprivsecfl.ir.widths import SHARE_BITS
from ezprivsecfl.precision import imprecise
from ezprivsecfl.program_html import program_html
from ezprivsecfl.progress import progress
from ezprivsecfl.report import Report
from ezprivsecfl.report.facts import facts_of
from ezprivsecfl.rounds import round_bounds, wider_bounds, without_largest
from ezprivsecfl.runtime.admission import check_count
from ezprivsecfl.runtime.session import Runnable
from ezprivsecfl.runtime.statistics import Statistics, dropped_text, imprecise_text
from ezprivsecfl.variants import Variant


def compile(
    computation: Any,
    *,
    clients: int = DEFAULT_CLIENTS,
    backend: str | Backend = "duet",
    relu: str = "exact",
    norms: str = "exact",
    noise: str = EACH,
    bounds: Mapping[str, Declared] | None = None,
    scale: str = BY_ROUND,
    on_bad_client: str = DROP,
    min_clients: int = MIN_CLIENTS,
    proofs: bool = True,
    share_bits: int = SHARE_BITS,
    norm_bounds: Mapping[str, float] | None = None,
    binary: Sequence[str] = (),
    one_hot: Sequence[str] = (),
    server_inputs: Mapping[str, str] | None = None,
    name: str | None = None,
    accounting: Accounting | None = None,
) -> SecureProgram:
    """Compiles an aggregation to secure two-party computation.

    Args:
        computation: A ``tff.federated_computation`` with CLIENTS-placed parameters, or a
            ``tff.templates.AggregationProcess`` (its ``next``).
        clients: The largest number of clients that a round may have.
        backend: ``duet`` (two server processes; ``ez.Duet(link="wan")`` emulates a network between them),
            ``motion2nx`` (the same with the MOTION2NX framework; choose its protocol with ``ez.Motion2nx``), or
            ``plain`` (exact simulation in this process).
        relu: ``exact``, or ``poly:DEGREE`` for a polynomial.
        norms: ``exact``, or ``sketch:K`` to estimate norms of vectors longer than K; the report gives the error.
        noise: Noise that the server adds to secret values: ``each`` server's part is as large as the program says, or
            ``joint``, both parts together are (docs/privacy.md).
        bounds: Entries x of a parameter satisfy |x| < bounds[parameter], or lowest <= x < highest for a pair; ``""``
            stands for all CLIENTS parameters.
        scale: ``declared``: every round uses the variant of the program for the magnitudes that its clients declare,
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
        name: The program's name; by default the computation's.
        accounting: What the report computes epsilon for.

    Raises:
        CompileError: The program cannot be compiled; the message names the operations and source lines.
    """
    tame_worker()  # a script that compiles ends as quietly as the command
    options = Options(
        clients=clients,
        relu=Relu(relu_degree(relu)),
        norms=Norms(sketch_sums(norms)),
        noise=noise,
        bounds=ParameterBounds.of(bounds or {}),
        scale=scale,
        on_bad_client=on_bad_client,
        min_clients=min_clients,
        accounting=accounting,
        proofs=proofs,
        share_bits=share_bits,
        norm_bounds=NormBounds.of(norm_bounds or {}),
        binary=BinaryParameters.of(binary, one_hot),
        server_inputs=ServerInputs.of(server_inputs or {}),
    )
    traces, chosen = Traces(computation, name, owner=options.server_inputs.owner), choose(backend)
    with progress(f"tracing {name or 'the aggregation'}"):
        traced = traces.first(clients)
    if not traced.aggregates:
        raise CompileError(f"{traced.program.name} aggregates nothing; TFF itself runs such computations")
    program = SecureProgram.of(traced, options, chosen, traces)
    with _compiling(traced.program):
        program.variants.append(Variant.first(traced.program, traced.initial_state, program.options, chosen))
    return program


@contextmanager
def _compiling(program: Program) -> Iterator[None]:
    """Shows that a program is compiled; how long that takes tells how long it will take the next time."""
    operations = len(program.ops)
    with progress(f"compiling {program.name}", pace.expected(pace.COMPILING, operations)) as bar:
        yield
    pace.record(pace.COMPILING, bar.elapsed, operations)


@dataclass
class SecureProgram:
    """A compiled aggregation; shown in a notebook, it explains itself.

    Args:
        traced: What the front end has traced.
        options: What it is compiled with; bounds are those of all rounds.
        backend: Where it runs.
        variants: Compiled for the bounds of different rounds, up to now. The first one is what the program shows of
            itself: from ``compile``, that of the largest bounds, or of a process's first state; see
            ``Variant.first``.
        traces: Traces the computation for calls that ``traced`` does not serve.
        others: What it has been traced to for such calls, by identity.
        refused: Bounds of rounds for which the ring has no room.
    """

    traced: TracedComputation
    options: Options
    backend: Backend
    traces: Traces = field(repr=False)
    variants: list[Variant] = field(default_factory=list)
    others: dict[int, SecureProgram] = field(default_factory=dict, repr=False)
    refused: list[Mapping[str, Bound]] = field(default_factory=list, repr=False)
    last_statistics: Statistics | None = field(default=None, repr=False)
    _last_variant: Variant | None = field(default=None, init=False, repr=False)

    @staticmethod
    def of(
        traced: TracedComputation,
        options: Options,
        backend: Backend,
        traces: Traces,
        others: dict[int, SecureProgram] | None = None,
    ) -> SecureProgram:
        """The program of a computation that has been traced, not compiled yet; see the class for arguments."""
        exact = replace(options, exact_clients=traced.clients)
        return SecureProgram(traced, exact, backend, traces, others={} if others is None else others)

    def variant(self, values: Mapping[str, Any]) -> Variant:
        """The variant for a round; it is compiled if no round before had such bounds.

        Clients do not stop a round by how large their values are. Where the ring has no room for a round's magnitudes,
        small ones are encoded for larger bounds; where it has none even so, the program is compiled without the largest
        clients, fewer than half of all, whose values are then beyond its bounds.

        Args:
            values: By path of the input one array, or for CLIENTS-placed inputs a list with one array per client.

        Raises:
            CompileError: The program cannot be compiled for values of such magnitudes, which most clients have.
        """
        program = self.traced.program
        for left in itertools.chain([values], without_largest(program, values, self.options)):
            if (found := self._roomy_variant(round_bounds(program, left, self.options))) is not None:
                return found
        return self._variant_for(round_bounds(program, values, self.options), advise=True)

    def _roomy_variant(self, bounds: Mapping[str, Bound]) -> Variant | None:
        """The variant for a round's bounds or, where the ring has no room for them, for wider ones, if there is one."""
        for wanted in (bounds, *wider_bounds(self.traced.program, bounds, self.options)):
            if wanted in self.refused:
                continue
            try:
                return self._variant_for(wanted)
            except PrecisionError:
                self.refused.append(wanted)
        return None

    def _variant_for(self, bounds: Mapping[str, Bound], *, advise: bool = False) -> Variant:
        """The variant for some bounds; it is compiled if there is none yet."""
        found = next((v for v in self.variants if v.serves(bounds)), None)
        if found is None:
            options = replace(self.options, bounds=ParameterBounds(dict(bounds)))
            with _compiling(self.traced.program):
                found = Variant.compile(self.traced.program, options, self.backend, advise=advise)
            self.variants.append(found)
        return found

    @property
    def compiled(self) -> Compiled:
        """What the compiler has made of it, for the first variant."""
        return self.variants[0].compiled

    def run(self, *args: Any, **kwargs: Any) -> Any:
        """Runs a round on the same arguments that the TFF computation takes, and returns what it returns.

        Clients whose values cannot be used are left out, with a warning that names each
        (``last_statistics.dropped``), unless the program was compiled with ``on_bad_client="fail"``.

        Raises:
            InputError: The arguments are not what the program was compiled for, or too few clients are left.
            RunError: The servers failed; the message says whether they are usable.
        """
        return self.invoke(self._argument(args, kwargs))

    def simulate(self, *args: Any, **kwargs: Any) -> Any:
        """The same round in exact ring arithmetic, without servers.

        Integers and truth values are what ``run`` returns, bit for bit. Of floats the servers open no more bits than
        the result shows: each entry of ``run`` is within one unit of the last opened place of what this returns.
        With sketched norms it draws a random map of its own, as every round does. Where the program truncates, Duet
        rounds up or down by chance: then results may differ by what the last place of those values amounts to.
        """
        return self.simulate_call(self._argument(args, kwargs), noise=True)

    @property
    def has_noise(self) -> bool:
        """Whether the servers add noise, so that results differ from round to round."""
        return bool(self.compiled.secure.of(AddNoise))

    def simulate_call(self, argument: Any, *, noise: bool) -> Any:
        """``simulate`` for the argument as a TFF context gets it.

        Args:
            argument: The argument.
            noise: Whether noise is drawn; without, results are what the program computes if all its noise is 0.
        """
        if (other := self._other(argument)) is not None:
            return other.simulate_call(argument, noise=noise)
        given = self.traced.arguments(argument)
        if not self.traced.aggregates:
            return self.traced.in_clear(given)
        self._admit(self.traced.program.name, given.clients)
        return self._simulated(given, noise=noise)

    def _simulated(self, given: Arguments, *, noise: bool) -> Any:
        variant = self.variant(given.values)
        try:
            return self._on(variant, PlainProgram(variant.compiled, noise=noise), given)[0]
        except IncompleteRound as ended:
            other, left = self._without(ended, given)
            return other._simulated(left, noise=noise)

    def prepare(self, clients: int) -> None:
        """Does now what the next round needs that does not depend on its inputs.

        Args:
            clients: How many clients that round will have; values of magnitudes as in the last one are expected.
        """
        (self._last_variant or self.variants[0]).runnable.prepare(clients)

    def invoke(self, argument: Any) -> Any:
        """``run`` for the argument as a TFF context gets it; keeps the statistics in ``last_statistics``."""
        if (other := self._other(argument)) is not None:
            result = other.invoke(argument)
            self.last_statistics, self._last_variant = other.last_statistics, other._last_variant
            return result
        given = self.traced.arguments(argument)
        if not self.traced.aggregates:
            return self.traced.in_clear(given)
        self._admit(self.traced.program.name, given.clients)
        return self.invoke_on(self.variant(given.values), given)

    def _other(self, argument: Any) -> SecureProgram | None:
        """The program for a call, if the number of clients or the server's integers decide on another one."""
        traced = self.traces.of(argument, self._admit)
        return None if traced is self.traced else self._of(traced)

    def _of(self, traced: TracedComputation) -> SecureProgram:
        if id(traced) not in self.others:
            self.others[id(traced)] = SecureProgram.of(traced, self.options, self.backend, self.traces, self.others)
        return self.others[id(traced)]

    def _admit(self, name: str, clients: int) -> None:
        check_count(name, clients, self.options.min_clients, self.options.clients)

    def _without(self, ended: IncompleteRound, given: Arguments) -> tuple[SecureProgram, Arguments]:
        """The program for the clients that are left of a round, and what it is given: they upload anew."""
        reasons = {client: why for client, why in ended.dropped.items() if client is not None}
        left = given.without(reasons)
        traced = self.traces.of_given(replace(left, values={**left.values, **self.traced.constants}), self._admit)
        return self._of(traced), left

    def invoke_on(self, variant: Variant, given: Arguments) -> Any:
        """``invoke`` for what a call was given, on the variant for its values."""
        first = not variant.is_built
        if first:
            with progress(f"building {self.compiled.name}", pace.expected(pace.BUILDING)):
                variant.runnable  # noqa: B018 - the first use builds it
            if variant.build_seconds:
                pace.record(pace.BUILDING, variant.build_seconds)
        try:
            with progress(f"{self.compiled.name}: a round of {given.clients} clients", variant.round_seconds) as bar:
                result, statistics = self._on(variant, variant.runnable, given)
            variant.round_seconds = bar.elapsed
        except IncompleteRound as ended:
            other, left = self._without(ended, given)
            result = other.invoke_on(other.variant(left.values), left)
            self.last_statistics, self._last_variant = other.last_statistics, other._last_variant
            if self.last_statistics is not None and ended.statistics is not None:
                self.last_statistics = self.last_statistics.after(ended.statistics)
            return result
        seconds = variant.compile_seconds + variant.build_seconds if first else 0.0
        self.last_statistics, self._last_variant = replace(statistics, compile_seconds=seconds), variant
        return result

    def _on(self, variant: Variant, runnable: Runnable, given: Arguments) -> tuple[Any, Statistics]:
        clients = {path: value for path, value in given.values.items() if isinstance(value, list)}
        server = {path: value for path, value in given.values.items() if not isinstance(value, list)}
        round_ = runnable.run(clients, server)
        found = imprecise(variant.compiled, clients, server, round_.magnitudes)
        for one in found:
            warnings.warn(f"{self.compiled.name}: {imprecise_text(one)}", PrecisionWarning, stacklevel=3)
        for drop in round_.statistics.dropped:
            warnings.warn(f"{self.compiled.name}: dropped {dropped_text(drop)}", DroppedClientWarning, stacklevel=3)
        dropped = [drop["client"] for drop in round_.statistics.dropped]
        result = self.traced.result(round_.outputs, given, dropped)
        return result, replace(round_.statistics, imprecise=found)

    def _argument(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """The arguments of a call as TFF packs them."""
        signature = self.traced.signature
        several = not signature.parameter_path
        elements = tff.structure.to_elements(signature.parameter) if several else [(signature.parameter_path, None)]
        names = [name or f"argument_{i}" for i, (name, _) in enumerate(elements)]
        if several and len(args) == 1 and not kwargs and isinstance(args[0], Mapping | tuple | tff.structure.Struct):
            return args[0]  # TFF takes all arguments in one structure, too
        parameters = [inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD) for name in names]
        try:
            bound = inspect.Signature(parameters).bind(*args, **kwargs)
        except TypeError as e:
            raise InputError(f"{self.compiled.name}({', '.join(names)}): {e}") from None
        values = list(bound.arguments.values())
        return tff.structure.Struct((None, v) for v in values) if several else values[0]

    @property
    def ir(self) -> Listing:
        """The program at both levels of the intermediate representation; ``print`` shows all, a notebook the gist."""
        return Listing((self.compiled.optimised, self.variants[0].lowered.secure))

    @property
    def circuits(self) -> tuple[str, ...]:
        """The names of its Boolean circuits."""
        return tuple(self.variants[0].lowered.secure.circuits)

    def circuit(self, name: str) -> NamedCircuit:
        """A Boolean circuit of the program; a notebook draws it, and ``draw().save(path)`` writes the drawing.

        Args:
            name: As the report lists it.

        Raises:
            CompileError: There is no such circuit; the message lists those that there are.
        """
        return circuit_of(self.variants[0].lowered.secure.circuits, name, self.compiled.name)

    @property
    def sources(self) -> dict[str, str]:
        """The emitted source tree: path to text."""
        return self.variants[0].lowered.sources()

    @property
    def report(self) -> Report:
        """What is computed, who learns what, precision, circuits, expected traffic."""
        first = self.variants[0]
        return Report(facts_of(first.lowered, self.traced.boundary(), of_initial_state=first.of_initial_state))

    def cost(self, network: str = "lan", clients: int | None = None) -> Costs:
        """What every operation costs on the program's back end, before anything is run; ``print`` shows a table.

        Args:
            network: ``lan``, ``wan`` or ``measured`` (between the servers): what seconds are estimated for. Bytes and
                rounds are exact for results as large as their ranges say: of smaller ones, more bits are opened.
            clients: Clients of a round, by default the largest number.

        Raises:
            CompileError: There is no such network, or the back end declares no costs.
        """
        return self.variants[0].cost(network, clients)

    def __repr__(self) -> str:
        return str(self.report)

    def _repr_html_(self) -> str:
        return program_html(self.variants[0], self.report.facts)
