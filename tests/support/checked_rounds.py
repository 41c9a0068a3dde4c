"""One random round: compiled, simulated, compared with the reference, and checked operation by operation."""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from random import Random

import numpy as np
from random_inputs import random_inputs, with_bounds
from random_programs import random_program

from ezprivsecfl.backends.plain.program import PlainProgram
from ezprivsecfl.compiler.checking import check_compiled
from ezprivsecfl.compiler.options import Options
from ezprivsecfl.compiler.pipeline import Compiled, compile_program
from ezprivsecfl.errors import CompileError, EzError, InputError, RunError, VerifyError
from ezprivsecfl.ir.checking import Findings
from ezprivsecfl.ir.interpreter import run_tensor
from ezprivsecfl.ir.op import Array, Round
from ezprivsecfl.ir.program import Program
from ezprivsecfl.ir.tensor import Input, Placement

TOLERANCE = 1e-3
"""Relative L-infinity error that a result may have."""

SPREAD = 1e-4
"""A result is meaningful if the rounding of float32 moves it by less than this."""

FLOAT32 = 2.0**-22
"""How much each operation's result is moved to find that out: a few roundings of float32."""


@dataclass(frozen=True)
class Case:
    """A program with bounds and the inputs of one round.

    Args:
        program: A traced program; its inputs have bounds, and ``max_clients`` is set.
        inputs: Values by path, those of clients stacked.
        clients: How many there are.
    """

    program: Program
    inputs: Mapping[str, Array]
    clients: int

    def options(self) -> Options:
        """What it is compiled with."""
        assert self.program.max_clients is not None
        bounds = {op.path: op.bound for op in self.program.of(Input) if op.bound is not None}
        return Options(clients=self.program.max_clients, bounds=bounds)


@dataclass(frozen=True)
class Outcome:
    """What became of a case.

    Args:
        kind: ``right``, ``refused`` (at compile time), ``error`` (typed, at run time), ``ill`` (float32 itself does
            not determine the result); all else is a fault: ``wrong``, ``imprecise``, ``crash``, ``claim``, ``missed``
            (the reference is infinite or NaN and the result is not).
        why: For people.
        findings: What the checking interpreter saw.
        reason: A short name of ``why``, to count by.
    """

    kind: str
    why: str = ""
    findings: Findings | None = None
    reason: str = ""

    @property
    def is_fault(self) -> bool:
        """Whether the compiler must be changed."""
        return self.kind in ("wrong", "imprecise", "crash", "claim", "missed")


def random_case(random: Random, steps: int) -> Case:
    """A program and inputs."""
    program = random_program(random, steps)
    clients = random.choice((2, 3, 4, 5))
    inputs = random_inputs(random, program, clients)
    bounded = with_bounds(program, inputs)
    most = random.choice((clients, clients, 20, 100))
    return Case(replace(bounded, max_clients=most), inputs, clients)


def run_case(case: Case) -> Outcome:
    """Compiles, simulates, compares and checks."""
    try:
        compiled = compile_program(case.program, case.options())
    except VerifyError as e:
        return Outcome("crash", traceback.format_exc(), reason=_reason(e))
    except CompileError as e:
        return Outcome("refused", str(e), reason=_reason(e))
    except Exception as e:
        return Outcome("crash", traceback.format_exc(), reason=type(e).__name__)
    try:
        return _run(case, compiled)
    except VerifyError as e:
        return Outcome("crash", traceback.format_exc(), reason=_reason(e))
    except EzError as e:
        return Outcome("error", str(e), reason=_reason(e))
    except Exception as e:
        return Outcome("crash", traceback.format_exc(), reason=type(e).__name__)


def _run(case: Case, compiled: Compiled) -> Outcome:
    reference = run_tensor(case.program, case.inputs, case.clients)
    clients, server = {}, {}
    for op in case.program.of(Input):
        (clients if op.placement is Placement.CLIENTS else server)[op.path] = case.inputs[op.path]
    error: EzError | None = None
    try:
        results = PlainProgram(compiled).run({p: list(v) for p, v in clients.items()}, server).outputs
    except (RunError, InputError) as e:
        error = e
    findings = Findings()
    with suppress(RunError, InputError):
        check_compiled(compiled, case.inputs, case.clients, findings)
    if findings.violations:
        first = findings.violations[0]
        return Outcome("claim", "\n".join(map(str, findings.violations)), findings, f"{first.op.name}: {first.claim}")
    if error is not None:
        return Outcome("error", str(error), findings, _reason(error))
    return _compare(case, compiled, reference, results, findings)


def _compare(
    case: Case, compiled: Compiled, reference: Mapping[str, Array], results: Mapping[str, Array], findings: Findings
) -> Outcome:
    spread = _spread(case, reference)
    optimised = run_tensor(compiled.optimised, case.inputs, case.clients)
    ill = False
    for path, expected in reference.items():
        if not np.all(np.isfinite(expected.astype(np.float64))):
            if np.array_equal(np.isfinite(results[path].astype(np.float64)), np.isfinite(expected.astype(np.float64))):
                continue
            return Outcome("missed", f"{path}: {expected} became {results[path]}", findings, "not finite")
        if spread[path] > SPREAD:
            ill = True
            continue
        for what, found in (("passes", optimised[path]), ("result", results[path])):
            error = relative_error(found, expected)
            if not error <= TOLERANCE:
                kind = "wrong" if what == "passes" or not error < 0.1 else "imprecise"
                return Outcome(kind, f"{path} ({what}): {error:.2g}: {expected} became {found}", findings, what)
    return Outcome("ill" if ill else "right", "", findings)


def relative_error(found: Array, expected: Array) -> float:
    """Largest difference over the largest entry; an expected zero may be off by what rounds to nothing."""
    a, b = found.astype(np.float64), expected.astype(np.float64)
    if a.shape != b.shape:
        return float("inf")
    if a.size == 0:
        return 0.0
    difference, size = float(np.max(np.abs(a - b))), float(np.max(np.abs(b)))
    return 0.0 if difference <= 1e-12 else difference / size if size else difference


def _spread(case: Case, reference: Mapping[str, Array]) -> dict[str, float]:
    """How far the rounding of float32 moves each result, relative to its largest entry."""
    found = dict.fromkeys(reference, 0.0)
    for seed in range(3):
        rng = np.random.default_rng(seed)

        def disturb(value: Array, rng: np.random.Generator = rng) -> Array:
            if value.dtype.kind != "f":
                return value
            return np.asarray(value * (1 + FLOAT32 * rng.uniform(-1, 1, value.shape)))

        disturbed = disturbed_run(case, disturb)
        for path, value in disturbed.items():
            error = relative_error(value, reference[path])
            found[path] = max(found[path], error if error == error else float("inf"))
    return found


def disturbed_run(case: Case, disturb: object) -> dict[str, Array]:
    """The reference with every result moved a little."""
    values: dict[object, Array] = {}
    outputs: dict[str, Array] = {}
    round_ = Round(case.clients)
    for op in case.program.ops:
        args = [values[o] for o in op.operands]
        if isinstance(op, Input):
            value = np.asarray(case.inputs[op.path])
            value = value.astype(np.float64 if op.type.dtype.is_float else value.dtype)
            values[op.result] = disturb(value)  # type: ignore[operator]
        elif op.results:
            with np.errstate(all="ignore"):
                (value,) = op.evaluate(args, round_)
            values[op.result] = disturb(value)  # type: ignore[operator]
        else:
            outputs[op.path] = args[0]  # type: ignore[attr-defined]
    return outputs


def _reason(error: EzError) -> str:
    """The first words of a message, without numbers and places."""
    text = str(error).split("\n")[0]
    words = [w for w in text.split() if not any(c.isdigit() for c in w)]
    return f"{type(error).__name__}: {' '.join(words[:9])}"
