"""Private inputs of the server, from TFF programs to results: every choice, on the simulation and on two servers."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_federated as tff

import ezprivsecfl as ez
from ezprivsecfl.aggregators import build_fltrust
from ezprivsecfl.compiler.choices import WHO
from ezprivsecfl.errors import CompileError, InputError, LeakageError, PrecisionWarning

SIZE, CLIENTS = 40, 4
VECTOR = tff.TensorType(np.float32, [SIZE])
INTEGERS = tff.TensorType(np.int32, [5])
MODEL = tff.StructType([("kernel", tff.TensorType(np.float32, [3, 4])), ("bias", tff.TensorType(np.float32, [4]))])
PRIVATE = WHO[1:]

rng = np.random.default_rng(5)
DIRECTION = rng.normal(0.0, 0.5, SIZE)
UPDATES = [(DIRECTION + rng.normal(0.0, 0.5, SIZE)).astype(np.float32) for _ in range(CLIENTS)]
ROOTS = [(DIRECTION + rng.normal(0.0, 0.2, SIZE)).astype(np.float32) for _ in range(2)]

fltrust = build_fltrust(VECTOR)


@tff.federated_computation(tff.FederatedType(INTEGERS, tff.CLIENTS), tff.FederatedType(np.int32, tff.SERVER))
def beyond(counts, limit):
    @tff.tensorflow.computation(INTEGERS, np.int32)
    def compared(total, most):
        return total > most, 3 * total + most

    return tff.federated_map(compared, (tff.federated_sum(counts), limit))


@tff.federated_computation(tff.FederatedType(MODEL, tff.CLIENTS), tff.FederatedType(MODEL, tff.SERVER))
def moved(deltas, model):
    @tff.tensorflow.computation(MODEL, MODEL)
    def added(delta, before):
        return {"kernel": before["kernel"] - delta["kernel"], "bias": before["bias"] - delta["bias"]}

    return tff.federated_map(added, (tff.federated_mean(deltas), model))


@tff.federated_computation(tff.FederatedType(VECTOR, tff.CLIENTS), tff.FederatedType(VECTOR, tff.SERVER))
def tells(updates, root):
    @tff.tensorflow.computation(VECTOR)
    def length(x):
        return tf.norm(x)

    return tff.federated_mean(updates), tff.federated_map(length, root)


@tff.federated_computation(tff.FederatedType(VECTOR, tff.CLIENTS), tff.FederatedType(np.int32, tff.SERVER))
def repeated(updates, times):
    @tff.tensorflow.computation(VECTOR, np.int32)
    def tiled(x, n):
        return tf.reduce_sum(tf.reshape(tf.tile(x, [n]), [-1, SIZE]), axis=0)

    return tff.federated_map(tiled, (tff.federated_sum(updates), times))


@tff.federated_computation(tff.FederatedType(np.float32, tff.SERVER), tff.FederatedType(VECTOR, tff.CLIENTS))
def counted(state, updates):
    @tff.tensorflow.computation(np.float32)
    def next_state(number):
        return number + 1

    measured = tff.federated_value((), tff.SERVER)
    return tff.templates.MeasuredProcessOutput(
        tff.federated_map(next_state, state), tff.federated_mean(updates), measured
    )


@ez.robust_aggregation(server={"rate": tff.TensorType(np.float32)})
def part_of_the_way(updates, root, rate):
    """From the server's own update part of the way to the mean of those that point its way."""
    scores = tf.nn.relu(tf.linalg.matvec(updates, root))
    return root + rate * (tf.linalg.matvec(updates, scores, transpose_a=True) / tf.reduce_sum(scores) - root)


def error(found, expected) -> float:
    pairs = zip(tf.nest.flatten(found), tf.nest.flatten(expected), strict=True)
    pairs = [(np.asarray(a, np.float64), np.asarray(b, np.float64)) for a, b in pairs]
    return max(np.max(np.abs(a - b)) / max(np.max(np.abs(b)), 1e-9) for a, b in pairs)


@pytest.mark.parametrize("backend", ["plain", "duet"])
@pytest.mark.parametrize("choice", WHO)
def test_fltrust(choice, backend):
    program = ez.compile(fltrust, clients=CLIENTS, backend=backend, server_inputs={"root_update": choice})
    for root in (*ROOTS, ROOTS[0]):  # also the same value in several rounds
        assert error(program.run(UPDATES, root), fltrust(UPDATES, root)) < 1e-4
    report = str(program)
    said = {
        "public": "Known to both servers beforehand: root_update",
        "server0": "Known to server 0 alone: root_update; server 1 gets no message about it",
        "server1": "Known to server 1 alone: root_update; server 0 gets no message about it",
        "shared": "Known to neither server, but shared by a third party: root_update",
    }
    assert [text in report for text in said.values()] == [one == choice for one in said]
    assert ("What the third party proves" in report) == (choice == "shared")


@pytest.mark.parametrize("choice", PRIVATE)
def test_integers_and_truth_values(choice):
    program = ez.compile(beyond, clients=CLIENTS, backend="plain", server_inputs={"limit": choice})
    counts = [rng.integers(-50, 50, 5).astype(np.int32) for _ in range(CLIENTS)]
    compiled = []
    for limit in (-7, 3, 90_000):  # it is secret, so the program is not compiled for it
        found, expected = program.run(counts, limit), beyond(counts, limit)
        assert all(np.array_equal(a, b) for a, b in zip(found, expected, strict=True))
        compiled.append(len(program.variants))
    assert len(set(compiled)) == 1


@pytest.mark.parametrize("choice", PRIVATE)
def test_structures_of_which_a_part_is_public(choice):
    declared = {"model": choice, "model/bias": "public"}
    program = ez.compile(moved, clients=CLIENTS, backend="plain", server_inputs=declared)

    def weights():
        return {path: rng.normal(size=size).astype(np.float32) for path, size in (("kernel", (3, 4)), ("bias", 4))}

    deltas, model = [weights() for _ in range(CLIENTS)], weights()
    assert error(program.run(deltas, model), moved(deltas, model)) < 1e-4
    assert list(program.report.facts.leakage.private.values()) == [("model/kernel",)]


@pytest.mark.parametrize("choice", PRIVATE)
def test_a_rule_over_all_updates(choice):
    computation = part_of_the_way.computation(VECTOR)
    declared = {"root": choice, "rate": choice}
    bounds = {"rate": 1.0}
    program = ez.compile(computation, clients=CLIENTS, backend="plain", server_inputs=declared, bounds=bounds)
    assert error(program.run(UPDATES, ROOTS[0], 0.25), computation(UPDATES, ROOTS[0], 0.25)) < 1e-3


def test_what_only_the_private_input_decides_is_refused():
    for choice in PRIVATE:
        with pytest.raises(LeakageError, match="output 1 would open what"):
            ez.compile(tells, clients=CLIENTS, backend="plain", server_inputs={"root": choice})
        with pytest.raises(LeakageError, match=r"would open what .* alone knows"):  # so that TensorFlow could go on
            ez.compile(repeated, clients=CLIENTS, backend="plain", server_inputs={"times": choice})


def test_the_state_of_a_process_stays_public():
    first = tff.federated_computation(lambda: tff.federated_value(np.float32(0), tff.SERVER))
    counting = tff.templates.AggregationProcess(first, counted)
    with pytest.raises(CompileError, match=r"is part of the state of .* it cannot be private"):
        ez.compile(counting, clients=CLIENTS, backend="plain", server_inputs={"state": "server0"})
    assert ez.compile(counting, clients=CLIENTS, backend="plain").run(np.float32(1), UPDATES).state == 2


def test_values_that_are_missing_or_not_expected():
    program = ez.compile(fltrust, clients=CLIENTS, backend="plain", server_inputs={"root_update": "server1"})
    with pytest.raises(InputError, match="root_update"):
        program.run(UPDATES)
    with pytest.raises(InputError, match="shape"):
        program.run(UPDATES, ROOTS[0][1:])
    with pytest.raises(InputError, match="which server 1 alone knows, is not finite or not within"):
        program.run(UPDATES, ROOTS[0] * 100)
    assert error(program.run(UPDATES, ROOTS[0]), fltrust(UPDATES, ROOTS[0])) < 1e-4


def test_coarse_private_values_are_reported():
    declared = {"server_inputs": {"root_update": "shared"}, "bounds": {"root_update": 2.0**30}}
    program = ez.compile(fltrust, clients=CLIENTS, backend="plain", **declared)
    with pytest.warns(PrecisionWarning, match="what a third party shares of its own"):
        program.run(UPDATES, ROOTS[0] * np.float32(1e-9))
