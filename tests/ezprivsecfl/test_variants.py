"""Rounds of different magnitudes: which variant they use, how precise they are, and what is told when they are not."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_federated as tff
from opened import assert_as_opened

import ezprivsecfl as ez
from ezprivsecfl.aggregators.clipping import centred_clipping
from ezprivsecfl.compiler.parameter_bounds import Bound
from ezprivsecfl.errors import DroppedClientWarning, InputError, PrecisionError, PrecisionWarning
from ezprivsecfl.rounds import wider_bounds, without_largest

F = np.float32
VECTOR = tff.TensorType(F, [4])
VECTORS, SCALARS = tff.FederatedType(VECTOR, tff.CLIENTS), tff.FederatedType(F, tff.CLIENTS)


@tff.federated_computation(VECTORS, SCALARS)
def weighted(values, weights):
    return tff.federated_mean(values, weights)


@tff.federated_computation(SCALARS, SCALARS)
def mean_loss(loss, examples):
    return tff.federated_mean(loss, examples)


@tff.federated_computation(VECTORS)
def total(values):
    return tff.federated_sum(values)


@tff.federated_computation(tff.FederatedType(np.int32, tff.CLIENTS))
def count(values):
    return tff.federated_sum(values)


@tff.tensorflow.computation(F, F, F)
def product(x, y, z):
    return x * y * z


@tff.federated_computation(SCALARS, SCALARS, SCALARS)
def products(x, y, z):
    return tff.federated_sum(tff.federated_map(product, (x, y, z)))


@tff.tensorflow.computation(VECTOR, VECTOR)
def distance(x, model):
    return x - model


@tff.tensorflow.computation(VECTOR, VECTOR)
def moved(model, step):
    return model + step


@tff.federated_computation(VECTORS, tff.FederatedType(VECTOR, tff.SERVER))
def towards(values, model):
    """A model that moves to the mean of the clients' values."""
    steps = tff.federated_map(distance, (values, tff.federated_broadcast(model)))
    return tff.federated_map(moved, (model, tff.federated_mean(steps)))


def some_values(clients: int, scale: float = 1.0) -> list[np.ndarray]:
    rng = np.random.default_rng(1)
    return [(rng.normal(size=4) * scale).astype(F) for _ in range(clients)]


def weights_of(clients: int, scale: float = 1.0) -> list[np.float32]:
    return [F(w) for w in (1 + np.arange(clients)) * scale]


def relative_error(got: object, expected: object) -> float:
    return float(np.max(np.abs(np.subtract(got, expected))) / np.max(np.abs(expected)))


def simulated(program: ez.SecureProgram, *arguments: object) -> tuple[object, list[str]]:
    """The result, and what it was warned of."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        result = program.simulate(*arguments)
    return result, [str(w.message) for w in caught if w.category is PrecisionWarning]


def test_rounds_of_the_same_classes_share_a_variant():
    program = ez.compile(weighted, clients=5, backend="plain")
    seconds = []
    for scale in (1.0, 0.9, 0.1, 1.0):
        program.run(some_values(3, scale), weights_of(3))
        seconds.append(program.last_statistics.compile_seconds)
    declared, *of_rounds = [v.compiled.options.bounds.by_key for v in program.variants]
    assert declared == {}
    assert of_rounds == [
        {"values": Bound(8.0), "weights": Bound(16.0, 0.0)},
        {"values": Bound(0.5), "weights": Bound(16.0, 0.0)},
    ]
    assert [s > 0 for s in seconds] == [True, False, True, False]


def test_a_program_shows_itself_at_the_declared_bounds():
    program = ez.compile(weighted, clients=5, backend="plain")
    before = str(program), program.ir, str(program.cost())
    program.run(some_values(3, 1e-2), weights_of(3))
    assert (str(program), program.ir, str(program.cost())) == before
    assert "values [n, 4]: |x| < 8" in before[0]
    assert "weights [n]: 0 <= x < 1.04858e+06" in before[0]


def test_the_report_says_what_clients_declare():
    told = (
        "Both servers learn, for every parameter (values, weights), the magnitude class (a factor of 16) of the "
        "largest entry over all clients of the round, and whether all its entries are non-negative"
    )
    assert told in str(ez.compile(weighted, backend="plain"))
    fixed = ez.compile(weighted, clients=5, backend="plain", scale="fixed")
    assert "magnitude class" not in str(fixed)
    fixed.run(some_values(3, 1e-2), weights_of(3))
    assert len(fixed.variants) == 1


@pytest.mark.parametrize("loss", [0.5, 0.05, 0.005])
@pytest.mark.parametrize("most", [500, 10])
def test_a_metric_is_right_at_default_bounds(loss, most):
    rng = np.random.default_rng(1)
    losses = [F(abs(v) * loss) for v in rng.normal(size=20)]
    counts = [F(v) for v in rng.integers(1, most, 20)]
    result, told = simulated(ez.compile(mean_loss, backend="plain"), losses, counts)
    assert relative_error(result, np.average(losses, weights=counts)) < 1e-3
    assert told == []


@pytest.mark.parametrize("scale", [1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6])
def test_fractional_weights_are_right_or_the_round_says_so(scale):
    values, weights = some_values(40), [F(w) for w in np.random.default_rng(2).random(40) * scale]
    result, told = simulated(ez.compile(weighted, backend="plain"), values, weights)
    assert relative_error(result, np.average(values, axis=0, weights=weights)) < 1e-3 or told


def test_negative_values_are_refused_only_where_that_was_declared():
    losses, counts = [F(-0.5), F(0.25), F(0.125)], weights_of(3)
    result = ez.compile(mean_loss, backend="plain").simulate(losses, counts)
    assert relative_error(result, np.average(losses, weights=counts)) < 1e-3
    declared = ez.compile(mean_loss, backend="plain", bounds={"loss": (0, 4)})
    refused = r"client 0: 'loss' is -0.5, but .* x >= 0\. .*--bound loss="
    with pytest.warns(DroppedClientWarning, match=refused):
        result = declared.simulate(losses, counts)
    assert relative_error(result, np.average(losses[1:], weights=counts[1:])) < 1e-3
    declared = ez.compile(mean_loss, backend="plain", bounds={"loss": (0, 4)}, on_bad_client="fail")
    with pytest.raises(InputError, match=refused):
        declared.simulate(losses, counts)


def test_integers_stay_exact_in_every_class():
    program = ez.compile(count, clients=4, backend="plain")
    for values in ([3, 5], [0, 0], [-7, 2], [2**19, 2**20 - 1, 1]):
        assert program.simulate([np.int32(v) for v in values]) == sum(values)
    of_rounds = [v.compiled.options.bounds.by_key["values"] for v in program.variants[1:]]
    assert of_rounds == [Bound(16.0, 0.0), Bound(1.0, 0.0), Bound(16.0)]  # the largest numbers take the first variant


def test_the_context_compiles_for_the_round_alone():
    factors = [F(0.5), F(0.25)], [F(0.75), F(0.5)], [F(0.125), F(0.25)]
    runner = ez.set_secure_execution_context(backend="plain", bounds={"x": (0, 4)})
    assert products(*factors) == pytest.approx(0.5 * 0.75 * 0.125 + 0.25 * 0.5 * 0.25, rel=1e-3)
    (program,) = runner.programs
    assert program.compiled.options.bounds.by_key == {"x": Bound(4.0, 0.0), "y": Bound(1.0, 0.0), "z": Bound(1.0, 0.0)}
    assert runner.unused_parameters() == {}


@pytest.mark.parametrize("scale", ["declared", "fixed"])
def test_a_public_model_may_grow_out_of_its_default_bound(scale):
    runner = ez.set_secure_execution_context(backend="plain", scale=scale, bounds={"values": 1e5})
    values = some_values(3, 3e4)
    model = np.zeros(4, F)
    for goal in (1e-3, 1.0, 1e-1, 1.0):
        given = [F(goal) * v for v in values]
        model = towards(given, model)
        assert relative_error(model, np.mean(given, axis=0)) < 1e-3
    (program,) = runner.programs
    assert len(program.variants) == 4


def test_no_client_stops_a_round_by_values_that_are_large_for_the_state():
    """The ring has no room for entries of both sizes at full precision: the state is encoded for a larger bound."""
    rng, entries = np.random.default_rng(3), 3000
    program = ez.compile(
        centred_clipping.computation(tff.TensorType(F, [entries]), radius=1.0), clients=4, backend="plain"
    )
    state = (1e-3 * rng.normal(size=entries)).astype(F)
    honest = [(0.01 * rng.normal(size=entries)).astype(F) for _ in range(3)]
    refused = []
    for attackers in (rng.uniform(-7, 7, size=entries), rng.uniform(-6, 6, size=entries)):
        updates = [attackers.astype(F), *honest]
        away = np.subtract(updates, state)
        lengths = np.linalg.norm(away, axis=1, keepdims=True)
        expected = state + np.mean(away * np.minimum(1, 1 / lengths), 0)
        (result, _), seconds = program.run(updates, state), program.last_statistics.compile_seconds
        assert relative_error(result, expected) < 1e-3
        refused.append(len(program.refused))
    declared, used = program.variants
    assert declared.compiled.options.bounds.by_key == {}
    assert used.compiled.options.bounds.by_key["updates"] == Bound(8.0)
    assert used.compiled.options.bounds.by_key["state"].highest > 2**-7
    assert seconds == 0  # the second round's bounds are known, also those without room
    assert refused[0] == refused[1] > 0


def test_a_few_clients_too_large_for_the_ring_are_left_out():
    """The context has not compiled for the bound, which has no room for anything beside it."""
    runner = ez.set_secure_execution_context(backend="plain", bounds={"large": 2.0**50}, proofs=False)
    small, large = some_values(5)[::-1], some_values(5)
    large[3] = F(2.0**47) * large[3]
    left = [0, 1, 2, 4]
    expected = np.sum(np.square(np.subtract([large[c] for c in left], [small[c] for c in left])), 0)
    for _ in range(2):
        with pytest.warns(DroppedClientWarning, match="dropped client 3: 'large' at .* was compiled for"):
            assert relative_error(squares_of_sums(large, small), expected) < 1e-3
    (program,) = runner.programs
    assert len(program.variants) == 1


def test_what_most_clients_have_is_not_left_out():
    values = {"values": [F(size) * value for size, value in zip([7, 7, 0.4, 1e-3, 1e-6], some_values(5), strict=True)]}
    program = ez.compile(total, clients=5, backend="plain")
    left = [
        [one is not None for one in found["values"]]
        for found in without_largest(program.traced.program, values, program.options)
    ]
    assert left == [[False, False, True, True, True]]
    # A client whose weight is tiny makes the others' no large ones.
    both = {"values": [F(size) * v for size, v in zip([0.1, 0.1, 0.1, 0.1, 7], some_values(5), strict=True)]}
    both["weights"] = [F(1e-5), F(1), F(1), F(1), F(1)]
    program = ez.compile(weighted, clients=5, backend="plain")
    first = next(without_largest(program.traced.program, both, program.options))
    assert [one is None for one in first["values"]] == [one is None for one in first["weights"]]
    assert [one is None for one in first["values"]] == [False, False, False, False, True]
    half = {"values": values["values"][:2] + values["values"][3:]}
    program = ez.compile(total, clients=5, backend="plain")
    assert list(without_largest(program.traced.program, half, program.options)) == []


@tff.federated_computation(VECTORS, VECTORS)
def squares_of_sums(large, small):
    sums = tff.federated_map(distance, (large, small))
    return tff.federated_sum(tff.federated_map(tff.tensorflow.computation(lambda x: x * x, VECTOR), sums))


def test_where_the_caps_have_no_room_either_a_round_is_refused():
    ez.set_secure_execution_context(backend="plain", bounds={"large": 2.0**50}, proofs=False)
    large, small = ([F(size) * value for value in some_values(3)] for size in (2.0**47, 1.0))
    with pytest.raises(PrecisionError, match="does not fit"):
        squares_of_sums(large, small)


def test_wider_bounds_end_at_the_caps():
    program = ez.compile(towards, clients=3, backend="plain")
    of_round = {"values": Bound(8.0), "model": Bound(2.0**-9, 2.0**-11)}
    found = list(wider_bounds(program.traced.program, of_round, program.options))
    assert [bounds["model"] for bounds in found] == [
        Bound(8 / 256, 2.0**-11),
        Bound(8 / 16, 2.0**-11),
        Bound(8.0, 2.0**-11),
    ]
    assert all(bounds["values"] == Bound(8.0) for bounds in found)
    assert list(wider_bounds(program.traced.program, found[-1], program.options)) == []


def test_public_values_that_the_secure_part_does_not_need_make_no_variant():
    @tff.federated_computation(VECTORS, tff.FederatedType(VECTOR, tff.SERVER))
    def offset(values, start):
        return tff.federated_map(moved, (start, tff.federated_sum(values)))

    program = ez.compile(offset, clients=3, backend="plain")
    for start in (1.0, 3.0, 1e9):
        np.testing.assert_allclose(
            program.run(some_values(3), np.full(4, start, F)), start + np.sum(some_values(3), 0), 1e-5
        )
    assert len(program.variants) == 1


def test_simulation_and_servers_use_the_same_variant():
    program = ez.compile(weighted, clients=5)
    values, weights = some_values(3, 1e-2), weights_of(3)
    one, other = program.run(values, weights), program.simulate(values, weights)
    assert_as_opened({"result": one}, {"result": other})
    program.prepare(3)
    assert len(program.variants) == 2
    assert [v.is_built for v in program.variants] == [False, True]


@tff.tensorflow.computation(VECTOR)
def direction(x):
    return x / tf.norm(x)


@tff.federated_computation(VECTORS)
def mean_direction(values):
    return tff.federated_mean(tff.federated_map(direction, values))


def test_vectors_of_any_size_have_one_variant_where_directions_count():
    """Clients declare no magnitudes then, and none is too large."""
    program = ez.compile(mean_direction, clients=4, backend="plain")
    size = int(np.prod(VECTOR.shape))
    values = np.random.default_rng(1).normal(size=(3, size)).astype(np.float32)
    expected = program.run(list(values))
    for scale in (1e-6, 1e3, 1e12):
        scaled = [(scale * (i + 1) * row).astype(np.float32) for i, row in enumerate(values)]
        np.testing.assert_allclose(program.run(scaled), expected, atol=1e-5)
    assert len(program.variants) == 1
    assert "magnitude" not in str(program.report)
