"""The TFF contexts: ours, and TFF's own as the reference."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import tensorflow_federated as tff

from ezprivsecfl.frontends.tff import SecureContext, has_clients_parameter

AT_CLIENTS = tff.FederatedType(np.float32, tff.CLIENTS)
AT_SERVER = tff.FederatedType(np.float32, tff.SERVER)


@tff.federated_computation(AT_CLIENTS, AT_SERVER)
def aggregate(values: Any, public: Any) -> Any:
    return tff.federated_sum(values), public


@tff.federated_computation(AT_SERVER)
def on_server(x: Any) -> Any:
    return tff.federated_map(tff.tensorflow.computation(lambda v: v + 1), x)


def test_has_clients_parameter() -> None:
    assert has_clients_parameter(aggregate)
    assert not has_clients_parameter(on_server)
    assert not has_clients_parameter(tff.tensorflow.computation(lambda: 1.0))
    process = tff.aggregators.SumFactory().create(tff.TensorType(np.float32))
    assert has_clients_parameter(process.next)
    assert not has_clients_parameter(process.initialize)
    everywhere_the_same = tff.FederatedType(np.float32, tff.CLIENTS, all_equal=True)
    assert not has_clients_parameter(tff.federated_computation(lambda x: x, everywhere_the_same))


def test_only_aggregations_go_to_the_handler(tff_reference: Any) -> None:
    calls = []

    def run(computation: Any, argument: Any) -> Any:
        calls.append((computation, argument))
        return "from the handler"

    process = tff.aggregators.SumFactory().create(tff.TensorType(np.float32))
    with tff.framework.get_context_stack().install(SecureContext(run)):
        assert aggregate([1.0, 2.0], 3.0) == "from the handler"
        assert on_server(2.0) == 3.0
        state = process.initialize()
        assert process.next(state, [1.0]) == "from the handler"
    assert [computation for computation, _ in calls] == [aggregate, process.next]
    assert calls[0][1] == tff.structure.Struct([("values", [1.0, 2.0]), ("public", 3.0)])


SCRIPT = """
import numpy as np
import tensorflow_federated as tff
from ezprivsecfl.frontends.tff import reference_context

total = tff.federated_computation(lambda x: tff.federated_sum(x), tff.FederatedType(np.float32, tff.CLIENTS))
print(reference_context().invoke(total, [1.0, 2.0]))
"""


def test_the_reference_ends_where_interrupts_are_ignored() -> None:
    """As in a background job, and with a pipe behind it that must see its end."""
    done = subprocess.run(
        ["sh", "-c", 'trap \'\' INT; exec "$0" -c "$1"', sys.executable, SCRIPT],  # no code between fork and exec
        capture_output=True,
        timeout=120,
        check=True,
    )
    assert done.stdout == b"3.0\n"
    assert b"Exception ignored" not in done.stderr
