"""One random round: compiled, simulated, compared with the reference, and checked operation by operation."""

from __future__ import annotations

import math
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random

import numpy as np
from random_inputs import random_inputs, varied_inputs
from random_programs import NEXT, random_program

from ezprivsecfl.backends.duet.backend import Duet
from ezprivsecfl.backends.plain.program import PlainProgram
from ezprivsecfl.compiler.checking import check_compiled, check_tensor, encoded_inputs, optimised_inputs
from ezprivsecfl.compiler.compiled import Compiled
from ezprivsecfl.compiler.options import Options
from ezprivsecfl.compiler.parameter_bounds import Bound, ParameterBounds
from ezprivsecfl.errors import CompileError, EzError, InputError, RunError, VerifyError
from ezprivsecfl.ir.checking import Findings
from ezprivsecfl.ir.interpreter import run_tensor
from ezprivsecfl.ir.mpc.checking import check_mpc
from ezprivsecfl.ir.mpc.interpreter import run_mpc
from ezprivsecfl.ir.op import Array, Environment, Value, as_float
from ezprivsecfl.ir.program import Program
from ezprivsecfl.ir.structural import SumOp
from ezprivsecfl.ir.tensor import Input, Output, Placement
from ezprivsecfl.ir.tensor.base import NUMPY_DTYPE
from ezprivsecfl.ir.tensor.elementwise import Compare
from ezprivsecfl.ir.tensor.structure import MatMul
from ezprivsecfl.precision import imprecise
from ezprivsecfl.rounds import round_bounds
from ezprivsecfl.variants import Variant

TOLERANCE = 1e-3
"""Relative L-infinity error that a result may have."""

SPREAD = 1e-4
"""A result is meaningful if the rounding of float32 moves it by less than this."""

GROSS = 0.1
"""Errors from here on are wrong results, smaller ones imprecise."""

ROUNDINGS = 8
"""Random ones: each finds with 1/2 that the floor of a quotient that is 1 may be 0."""

FLOAT32 = 2.0**-22
"""How much each operation's result is moved to find that out: a few roundings of float32."""


@dataclass(frozen=True)
class Case:
    """A program and the inputs of one round.

    Args:
        program: A traced program with ``max_clients``. Where inputs have bounds, these are what the user has declared.
        inputs: Values by path, those of clients stacked.
        clients: How many there are.
        rounds: A result ``next/PATH`` is input ``PATH`` of the next round.
        duet: Whether to check the program as Duet evaluates it, too.
    """

    program: Program
    inputs: Mapping[str, Array]
    clients: int
    rounds: int = 1
    duet: bool = False

    def options(self) -> Options:
        """What it is compiled with, but for the bounds of a round."""
        assert self.program.max_clients is not None
        bounds = {op.path: Bound(op.bound) for op in self.program.of(Input) if op.bound is not None}
        return Options(clients=self.program.max_clients, bounds=ParameterBounds(bounds))

    def values(self) -> tuple[dict[str, list[Array]], dict[str, Array]]:
        """What every client has, and what the server has."""
        clients: dict[str, list[Array]] = {}
        server: dict[str, Array] = {}
        for op in self.program.of(Input):
            if op.placement is Placement.CLIENTS:
                clients[op.path] = list(self.inputs[op.path])
            else:
                server[op.path] = self.inputs[op.path]
        return clients, server

    def without(self, dropped: Sequence[int]) -> Case:
        """The case without some clients."""
        clients, server = self.values()
        kept = [c for c in range(self.clients) if c not in dropped]
        inputs = {path: np.stack([values[c] for c in kept]) for path, values in clients.items()}
        return replace(self, inputs={**inputs, **server}, clients=len(kept))

    def next_round(self) -> Case:
        """The case with the state that a round leaves (that of the reference, as float32)."""
        after = run_tensor(self.program, self.inputs, self.clients)
        with np.errstate(over="ignore"):
            state = {p.removeprefix(NEXT): v.astype(np.float32) for p, v in after.items() if p.startswith(NEXT)}
        return replace(self, inputs={path: state.get(path, value) for path, value in self.inputs.items()})


RIGHT, REFUSED, ERROR, ILL, COARSE, DROPPED = "right", "refused", "error", "ill", "coarse", "dropped"
FAULTS = ("wrong", "imprecise", "crash", "claim", "missed", "front end")


@dataclass(frozen=True)
class Outcome:
    """What became of a case.

    Args:
        kind: ``right``; ``refused`` at compile time; a typed ``error`` at run time; ``ill``, where float32 itself does
            not determine the result; ``coarse``, an imprecise result that the run has declared to be; ``dropped``,
            where clients were left out although the result is finite with them. All else is a fault: ``wrong``,
            ``imprecise``, ``crash``, ``claim`` (one that the run refutes), ``missed`` (the reference is infinite or
            NaN and the result is not), ``front end`` (TFF has another result).
        why: For people.
        findings: What the checking evaluation saw.
        reason: A short name of ``why``, to count by.
    """

    kind: str
    why: str = ""
    findings: Findings = field(default_factory=Findings)
    reason: str = ""

    @property
    def is_fault(self) -> bool:
        """Whether the compiler must be changed."""
        return self.kind in FAULTS


class CaseCompiler:
    """Compiles a program for the magnitudes of a round, once for all rounds of the same."""

    def __init__(self) -> None:
        self.variants: list[Variant] = []

    def compile(self, case: Case) -> Variant:
        """The variant for a case; raises CompileError."""
        clients, server = case.values()
        bounds = round_bounds(case.program, {**clients, **server}, case.options())
        for variant in self.variants:
            if variant.serves(bounds):
                return variant
        options = replace(case.options(), bounds=ParameterBounds(bounds))
        self.variants.append(Variant.compile(case.program, options, Duet()))
        return self.variants[-1]


def random_case(random: Random, steps: int) -> Case:
    """A program and inputs."""
    program = random_program(random, steps)
    clients = random.choice((2, 2, 3, 4, 5, 20))
    inputs = random_inputs(random, program, clients)
    most = random.choice((clients, clients, 20, 100))
    keeps_state = any(op.path.startswith(NEXT) for op in program.of(Output))
    rounds, duet = 3 if keeps_state else 1, random.random() < 0.1
    return Case(replace(program, max_clients=most), inputs, clients, rounds, duet)


def run_case(case: Case) -> Outcome:
    """Compiles, simulates, compares and checks."""
    return _run(case, CaseCompiler())


def run_variations(random: Random, case: Case, variations: int = 3) -> Iterator[tuple[Case, Outcome]]:
    """The case, and the same program on other inputs of about the same magnitude, with what became of each."""
    compiler = CaseCompiler()
    outcome = _run(case, compiler)
    yield case, outcome
    if compiler.variants:
        for _ in range(variations):
            varied = replace(case, inputs=varied_inputs(random, case.program, case.inputs), duet=False)
            yield varied, _run(varied, compiler)


def _run(case: Case, compiler: CaseCompiler) -> Outcome:
    """All rounds of a case, up to the first that fails."""
    findings = Findings()
    try:
        for number in range(case.rounds):
            case = case.next_round() if number else case
            outcome = run_round(case, compiler.compile(case).compiled, findings)
            if outcome.kind not in (RIGHT, ILL):
                break
        return outcome
    except VerifyError as e:
        return Outcome("crash", traceback.format_exc(), findings, _reason(e))
    except CompileError as e:
        return Outcome(REFUSED, str(e), findings, _reason(e))
    except (InputError, RunError) as e:
        return Outcome(ERROR, str(e), findings, _reason(e))
    except Exception as e:
        return Outcome("crash", traceback.format_exc(), findings, type(e).__name__)


def run_round(case: Case, compiled: Compiled, findings: Findings) -> Outcome:
    """One round; ``findings`` takes what is checked."""
    clients, server = case.values()
    try:
        round_ = PlainProgram(compiled).run(clients, server)
    except RunError as e:
        # Not the mpc program: what is computed with a value that ends the round need not keep to its range.
        check_tensor(compiled, case.inputs, case.clients, findings)
        return _refuted(findings) or Outcome(ERROR, str(e), findings, _reason(e))
    dropped = [one["client"] for one in round_.statistics.dropped]
    kept = case.without(dropped)
    check_compiled(compiled, kept.inputs, kept.clients, findings)
    refuted = _refuted(findings)
    if refuted is not None:
        return refuted
    if case.duet and not same_on_duet(kept, compiled, findings):
        return Outcome("wrong", "the program for Duet opens other values", findings, "duet")
    outcome = compare(kept, compiled, round_.outputs, findings)
    coarse = imprecise(compiled, clients, server, round_.magnitudes)
    if outcome.kind in ("imprecise", "wrong") and outcome.reason == "result" and coarse:
        return replace(outcome, kind=COARSE, why=f"{outcome.why}; {coarse}")
    if outcome.kind == RIGHT and dropped and _is_finite(run_tensor(case.program, case.inputs, case.clients)):
        return replace(outcome, kind=DROPPED, why=str(round_.statistics.dropped), reason="with a finite result")
    return outcome


def _refuted(findings: Findings) -> Outcome | None:
    if not findings.violations:
        return None
    first = findings.violations[0]
    return Outcome("claim", "\n".join(map(str, findings.violations)), findings, f"{first.op.name}: {first.claim}")


def _is_finite(outputs: Mapping[str, Array]) -> bool:
    return all(np.all(np.isfinite(as_float(value))) for value in outputs.values())


def same_on_duet(case: Case, compiled: Compiled, findings: Findings) -> bool:
    """Whether the program as Duet evaluates it, checked as well, opens the same ring elements."""
    inputs = encoded_inputs(compiled, case.inputs, case.clients)
    opened = run_mpc(compiled.secure, inputs, case.clients)
    lowered = Duet(circuits=("auto", "boolean")[case.clients % 2]).lower(compiled)
    found, _ = check_mpc(lowered.program, inputs, case.clients, findings)
    return opened.keys() == found.keys() and all(np.array_equal(opened[path], found[path]) for path in opened)


def compare(case: Case, compiled: Compiled, results: Mapping[str, Array], findings: Findings) -> Outcome:
    """Whether the results, and those of the optimised program in float64, are the reference's."""
    reference = run_tensor(case.program, case.inputs, case.clients)
    moved = float32_spread(case, reference)
    optimised = run_tensor(compiled.optimised, optimised_inputs(compiled, case.inputs), case.clients)
    ill = False
    for path, expected in reference.items():
        finite = np.isfinite(as_float(expected))
        if moved[path] > SPREAD:
            ill = True
        elif not finite.all():
            if not np.array_equal(np.isfinite(as_float(results[path])), finite):
                return Outcome("missed", f"{path}: {expected} became {results[path]}", findings, "not finite")
        else:
            for what, found in (("passes", optimised[path]), ("result", results[path])):
                error = relative_error(found, expected)
                if not error <= TOLERANCE:
                    kind = "imprecise" if what == "result" and error < GROSS else "wrong"
                    return Outcome(kind, f"{path} ({what}): {error:.2g}: {expected} became {found}", findings, what)
    return Outcome(ILL if ill else RIGHT, "", findings)


def relative_error(found: Array, expected: Array) -> float:
    """Largest difference over the largest entry; where nothing but zeros is expected, the largest entry itself."""
    a, b = as_float(found), as_float(expected)
    if a.shape != b.shape:
        return math.inf
    if a.size == 0:
        return 0.0
    with np.errstate(invalid="ignore"):
        difference, size = float(np.max(np.abs(a - b))), float(np.max(np.abs(b)))
    return difference / size if size else difference


def float32_spread(case: Case, reference: Mapping[str, Array]) -> dict[str, float]:
    """How far the roundings of float32 move each result, relative to its largest entry.

    Infinite where they decide whether an entry is finite; entries that are not in any case do not count.
    """
    found = dict.fromkeys(reference, 0.0)
    for round_ in (_to_float32, *(_at_random(seed) for seed in range(ROUNDINGS))):
        for path, value in _rounded(case, round_).items():
            finite, same = np.isfinite(as_float(reference[path])), np.isfinite(as_float(value))
            error = relative_error(value[finite], reference[path][finite]) if np.array_equal(finite, same) else math.inf
            found[path] = max(found[path], error)
    return found


Rounding = Callable[[Array, Array], Array]
"""Of a result, and of the magnitude of what it has been computed from, a result that float32 might have had."""


def _to_float32(value: Array, size: Array) -> Array:
    """To nearest."""
    return np.asarray(value.astype(np.float32).astype(np.float64))


def _at_random(seed: int) -> Rounding:
    """Off by a few units, or 0 for subnormal numbers and, first, for what may be nothing but the rounding of sums."""
    rng = np.random.default_rng(seed)

    def moved(value: Array, size: Array) -> Array:
        rounded = FLOAT32 * np.nan_to_num(size, posinf=0.0)
        off = value + rounded * rng.uniform(-1, 1, value.shape)
        least = np.maximum(np.finfo(np.float32).tiny, 0.0 if seed else rounded)
        return np.where(np.abs(value) < least, 0.0, off)

    return moved


def _rounded(case: Case, round_: Rounding) -> dict[str, Array]:
    """The reference with every operation's result rounded; sums by a part of what they add up, as there in between."""
    values: dict[Value, Array] = {}
    outputs: dict[str, Array] = {}
    for op in case.program.ops:
        if isinstance(op, Output):
            outputs[op.path] = values[op.operands[0]]
            continue
        with np.errstate(all="ignore"):
            if isinstance(op, Input):
                value = np.asarray(case.inputs[op.path]).astype(NUMPY_DTYPE[op.type.dtype])
            else:
                args = [values[o] for o in op.operands]
                if isinstance(op, Compare) and round_ is _to_float32:  # numbers that may be equal are
                    args[1] = np.where(np.isclose(*args, rtol=8 * FLOAT32, atol=0.0), args[0], args[1])
                (value,) = op.evaluate(args, Environment(case.clients))
            size = np.abs(value)
            if isinstance(op, SumOp | MatMul):
                (size,) = op.evaluate([np.abs(values[o]) for o in op.operands], Environment(case.clients))
            values[op.result] = np.asarray(round_(value, size) if value.dtype.kind == "f" else value)
    return outputs


def _reason(error: EzError) -> str:
    """The first words of a message, without numbers and places."""
    text = str(error).split("\n")[0]
    words = [w for w in text.split() if not any(c.isdigit() for c in w)]
    return f"{type(error).__name__}: {' '.join(words[:9])}"
