"""Runs the aggregations that a test of TFF calls, keeps what became of each, and compares it with TFF's result."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
import tensorflow_federated as tff
import tree
from tff_verdicts import TOLERANCE

from ezprivsecfl.backends.registry import choose
from ezprivsecfl.compiler.choices import MIN_CLIENTS, first_clients
from ezprivsecfl.compiler.options import Options
from ezprivsecfl.compiler.parameter_bounds import ParameterBounds
from ezprivsecfl.errors import CompileError, EzError, InputError, UnsupportedError
from ezprivsecfl.frontends.tff import Traces, reference_context
from ezprivsecfl.ir.widths import EXACT
from ezprivsecfl.secure_context import SecureRunner

REPEATED = 8
"""How often TFF itself is run again where results differ: random ones may be the same by chance."""


@dataclass
class Call:
    """One call of a computation with CLIENTS-placed parameters.

    Args:
        clients: How many it had; 0 if none of its values says.
        status: ``ran``, ``unsupported``, ``refused``, ``single`` (client), ``invalid`` (values) or ``error``.
        reasons: Why it did not run.
        dropped: Why clients were left out.
        error: Relative error, compared with TFF's own result; None if it did not run.
        random: Whether TFF's own results differ from each other.
    """

    clients: int
    status: str = "ran"
    reasons: list[str] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    error: float | None = None
    random: bool = False

    def to_json(self) -> dict[str, Any]:
        """As a JSON object."""
        return asdict(self)


class ControlRunner(SecureRunner):
    """TFF's own context in place of ours; keeps the calls."""

    def __init__(self) -> None:
        super().__init__(choose("plain"), Options())
        self.calls: list[Call] = []

    def __call__(self, computation: Any, argument: Any) -> Any:
        self.calls.append(Call(client_count(computation, argument)))
        return reference_context().invoke(computation, argument)


class WatchedRunner(SecureRunner):
    """Simulates aggregations as the servers would compute them; keeps the calls.

    Args:
        fitted: Whether to declare for every call the bounds that its values have.
    """

    def __init__(self, *, fitted: bool) -> None:
        super().__init__(choose("plain"), Options(first_clients(None, MIN_CLIENTS)), True, self._observe)
        self.calls: list[Call] = []
        self._fitted = fitted

    def __call__(self, computation: Any, argument: Any) -> Any:
        call = Call(client_count(computation, argument))
        self.calls.append(call)
        try:
            if self._fitted:
                self._programs.clear()
                bound = fitting_bound(Traces(computation).of(argument).arguments(argument).values)
                self.options = replace(self.options, bounds=ParameterBounds.of({"": bound}))
            return super().__call__(computation, argument)
        except Exception as e:
            call.status, call.reasons = status_of(e, call.clients), reasons_of(e)
            raise

    def _observe(self, program: Any, computation: Any, argument: Any, result: Any) -> None:
        call = self.calls[-1]
        call.dropped = [generalised(str(one["reason"])) for one in program.last_statistics.dropped]
        expected = reference_context().invoke(computation, argument)
        call.error = difference(result, expected)
        if call.error > TOLERANCE:
            again = (reference_context().invoke(computation, argument) for _ in range(REPEATED))
            call.random = any(difference(one, expected) > TOLERANCE for one in again)


def client_count(computation: Any, argument: Any) -> int:
    """The number of clients of a call: the length of the first list for a CLIENTS-placed parameter."""
    return next(_counts(computation.type_signature.parameter, argument), 0)


def _counts(type_: Any, value: Any) -> Iterator[int]:
    if isinstance(type_, tff.FederatedType) and type_.placement is tff.CLIENTS and not type_.all_equal:
        if isinstance(value, list | tuple):
            yield len(value)
    elif isinstance(type_, tff.StructType):
        try:
            elements = tff.structure.to_elements(tff.structure.from_container(value))
        except TypeError:
            return
        for (_, inner), (_, element) in zip(tff.structure.to_elements(type_), elements, strict=False):
            yield from _counts(inner, element)


def fitting_bound(values: Mapping[str, Any]) -> float:
    """A power of two above the magnitudes of all clients' values, as far as a bound may be."""
    arrays = [np.asarray(one) for v in values.values() if isinstance(v, list) for one in v]
    numbers = [a.astype(np.float64) for a in arrays if a.dtype.kind in "iuf"]
    largest = max((float(np.max(np.abs(a), initial=0, where=np.isfinite(a))) for a in numbers), default=0.0)
    return min(math.ldexp(1.0, math.frexp(max(largest, 0.5))[1]), EXACT)


def status_of(error: Exception, clients: int) -> str:
    """What kind of end an exception is."""
    if isinstance(error, UnsupportedError):
        return "unsupported"
    if isinstance(error, CompileError):
        return "refused"
    if isinstance(error, InputError):
        return "single" if clients == 1 else "invalid"
    return "refused" if isinstance(error, EzError) else "error"


def reasons_of(error: Exception) -> list[str]:
    """The reasons that an error gives: one per unsupported operation if it lists them, else its first line."""
    if isinstance(error, UnsupportedError):
        lines = [line for line in str(error).splitlines() if re.match(r"  \S", line)]
        found = [re.sub(r"^  (?!at )(?:\S+:\d+: )?", "", line) for line in lines if not line.startswith("  at ")]
        if found:
            return list(dict.fromkeys(generalised(line) for line in found))
    first = str(error).splitlines()[0] if str(error) else ""
    return [generalised(first if isinstance(error, EzError) else f"{type(error).__name__}: {first}")]


def generalised(text: str) -> str:
    """A reason without the names and numbers of one program, so that equal reasons can be counted."""
    text = re.sub(r"(?:<|\()[^ ]*\.py:\d+[^ ]*", "…", text)
    text = re.sub(r"'[^']*'", "'…'", text)
    return re.sub(r"(?<![\w.])-?\d[\d.e+-]*", "N", text)[:200]


def difference(got: Any, want: Any) -> float:
    """The largest relative error of any tensor of a result; infinite if structures or element types differ."""
    got, want = _plain(got), _plain(want)
    try:
        tree.assert_same_structure(got, want, check_types=True)
    except (TypeError, ValueError):
        return math.inf
    pairs = zip(tree.flatten(got), tree.flatten(want), strict=True)
    return max((_error(np.asarray(x), np.asarray(y)) for x, y in pairs), default=0.0)


def _error(got: Any, want: Any) -> float:
    if got.dtype != want.dtype or got.shape != want.shape:
        return math.inf
    if want.dtype.kind not in "iufb" and want.dtype.name != "bfloat16":
        return 0.0 if np.array_equal(got, want) else math.inf
    got, want = got.astype(np.float64), want.astype(np.float64)
    finite = np.isfinite(want)
    if not np.array_equal(got[~finite], want[~finite], equal_nan=True) or not np.isfinite(got[finite]).all():
        return math.inf
    apart = float(np.max(np.abs(got[finite] - want[finite]), initial=0.0))
    scale = float(np.max(np.abs(want[finite]), initial=0.0))
    return apart / scale if scale > 0 else apart


def _plain(value: Any) -> Any:
    """TFF's structures as tuples, which flatten in order."""
    return tuple(_plain(v) for v in value) if isinstance(value, tff.structure.Struct) else value
