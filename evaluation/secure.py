"""A rule on two servers: the compiled program's run, round after round."""

from __future__ import annotations

import time
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ezprivsecfl.installing import needing_tff

with needing_tff():
    import tensorflow_federated as tff

import ezprivsecfl as ez
from ezprivsecfl.aggregators.fltrust import build_fltrust
from ezprivsecfl.aggregators.rule import STATE, RobustAggregation
from ezprivsecfl.errors import DroppedClientWarning
from ezprivsecfl.evaluation.rules import Array, Cost, fltrust, positional


class OnTwoServers:
    """See ``rules.Aggregator``; clients with values out of range are dropped and named in the cost.

    Args:
        rule: The rule; of FLTrust the library's federated computation is compiled.
        parameters: All of its parameters.
        clients: Of a round.
        entries: Of an update.
        examples: The shape of the server's rows, [r, features], for rules that take them.
        backend: Of ``ez.compile``.

    Raises:
        CompileError: The rule cannot be compiled for so many clients and entries.
    """

    def __init__(
        self,
        rule: RobustAggregation,
        parameters: Mapping[str, Any],
        clients: int,
        entries: int,
        examples: Sequence[int] = (),
        backend: str = "duet",
    ) -> None:
        self._rule, self._entries = rule, entries
        self._positional = positional(rule)
        update = tff.TensorType(np.float32, [entries])
        types = {"examples": tff.TensorType(np.float32, examples)} if "examples" in self._positional else {}
        computation = build_fltrust(update) if rule is fltrust else rule.computation(update, **types, **parameters)
        self._program = ez.compile(computation, clients=clients, backend=backend, name=rule.name)

    def __call__(self, updates: Array, inputs: Mapping[str, Array], state: Any) -> tuple[Array, Any, Cost]:
        """See ``rules.Aggregator``."""
        make = self._rule.initial_state
        if make is not None and state is None:
            state = np.asarray(make(self._entries))
        others = [np.asarray(state if name == STATE else inputs[name], np.float32) for name in self._positional]
        began = time.perf_counter()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DroppedClientWarning)  # they are in the cost
            returned = self._program.run(list(updates.astype(np.float32)), *others)
        took = time.perf_counter() - began
        result, state = returned if make is not None else (returned, None)
        statistics = self._program.last_statistics
        assert statistics is not None
        cost = Cost(
            sent_bytes=sum(statistics.bytes_sent),
            seconds=took - statistics.compile_seconds,
            compile_seconds=statistics.compile_seconds,
            dropped={one["client"]: one["reason"] for one in statistics.dropped if one["client"] is not None},
        )
        return np.asarray(result), None if state is None else np.asarray(state), cost
