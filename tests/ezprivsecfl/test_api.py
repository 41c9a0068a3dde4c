from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import tensorflow_federated as tff
from on_duet import declared_cost
from opened import as_opened
from tensorflow import nn, norm, reduce_sum

import ezprivsecfl as ez
from ezprivsecfl.compiler.options import Norms
from ezprivsecfl.compiler.parameter_bounds import ParameterBounds
from ezprivsecfl.errors import CompileError, DivisionError, DroppedClientWarning, InputError

VECTOR = tff.TensorType(np.float32, [4])


@tff.federated_computation(tff.FederatedType(VECTOR, tff.CLIENTS), tff.FederatedType(np.float32, tff.CLIENTS))
def weighted(values, weights):
    return tff.federated_mean(values, weights)


@tff.tensorflow.computation(VECTOR, np.float32)
def scale(x, factor):
    return x * factor


@tff.federated_computation(tff.FederatedType(VECTOR, tff.CLIENTS), tff.FederatedType(np.float32, tff.SERVER))
def scaled_sum(values, factor):
    return tff.federated_map(scale, (tff.federated_sum(values), factor))


@tff.tensorflow.computation(VECTOR)
def positive(x):
    return nn.relu(reduce_sum(x) / 8)


@tff.federated_computation(tff.FederatedType(VECTOR, tff.CLIENTS))
def positive_total(values):
    return tff.federated_sum(tff.federated_map(positive, values))


VALUES = [np.arange(4, dtype=np.float32) + i for i in range(3)]
WEIGHTS = [np.float32(w) for w in (1, 2, 5)]


@pytest.fixture(scope="module")
def program():
    return ez.compile(weighted, clients=5)


def test_run_and_simulate_agree(program):
    result, simulated = program.run(VALUES, WEIGHTS), program.simulate(VALUES, WEIGHTS)
    assert np.max(np.abs(result - simulated)) <= 2.0**-22 * np.max(np.abs(simulated))  # one place, and float32
    np.testing.assert_allclose(result, np.average(VALUES, axis=0, weights=WEIGHTS), rtol=1e-5)
    assert result.dtype == np.float32
    assert program.last_statistics.backend == "duet"


def test_arguments_as_tff_takes_them(program):
    expected = program.simulate(VALUES, WEIGHTS)
    np.testing.assert_array_equal(program.simulate(VALUES, weights=WEIGHTS), expected)
    np.testing.assert_array_equal(program.simulate(weights=WEIGHTS, values=VALUES), expected)
    np.testing.assert_array_equal(program.simulate((VALUES, WEIGHTS)), expected)
    np.testing.assert_array_equal(program.simulate({"values": VALUES, "weights": WEIGHTS}), expected)
    for arguments, named, message in (
        ((VALUES,), {}, "missing a required argument: 'weights'"),
        ((VALUES, WEIGHTS, 3), {}, "too many positional arguments"),
        ((VALUES,), {"weight": WEIGHTS}, "missing a required argument: 'weights'"),
    ):
        with pytest.raises(InputError, match=rf"weighted\(values, weights\): {message}"):
            program.run(*arguments, **named)


def test_a_program_explains_itself(program):
    text, html = repr(program), program._repr_html_()
    for part in (
        "weighted",
        "From each of 2 to 5 clients: values f32[4], weights f32",
        "Hidden from both servers and from other clients: values, weights",
        "Both servers learn result: 4 numbers opened",
        "values [n, 4]: |x| < 8",
        "AND gates, once per element of [4]",
        "in all 4790 AND gates in a round of 5 clients",
        "the 24 leading bits, counted from the largest of them",
        "Rounds have at least 2 clients: a server that colludes with all clients but one",
        "11 rounds",
    ):
        assert part in text
        assert part.replace("<", "&lt;") in html
    assert "program @weighted" in str(program.ir)
    assert {"program.cpp", "CMakeLists.txt", "manifest.json"} <= set(program.sources)
    assert "duet::Program* duet_program()" in program.sources["program.cpp"]


def test_costs_are_known_before_anything_is_run(program):
    table = program.cost("wan", clients=3)
    fixed = ez.compile(weighted, clients=5, scale="fixed")
    fixed.run(VALUES, WEIGHTS)
    fixed.run(VALUES, WEIGHTS)
    statistics = fixed.last_statistics
    lowered = fixed.variants[0].lowered
    declared = declared_cost(as_opened(lowered.secure, statistics.opened), 3, lowered.compiled)
    assert sum(statistics.bytes_sent) == declared.total_bytes
    assert abs(table.total_bytes - declared.total_bytes) < 100  # ranges are larger than results
    assert statistics.rounds == table.rounds
    assert table.delays == 14
    assert table.online_seconds > 14 * 0.02 > program.cost("lan", clients=3).online_seconds
    lines = str(table).splitlines()
    assert lines[0] == "cost of a round of 3 clients, both directions together"
    assert any(line.startswith("product ") for line in lines)
    assert "estimated for wan (44 MB/s, 40 ms round trip): setup" in lines[-1]
    with pytest.raises(CompileError, match="there is no network 'moon'; choose one of lan, wan"):
        program.cost("moon")


def test_rounds_of_fewer_clients_than_asked_for_are_refused():
    program = ez.compile(weighted, clients=5, min_clients=3, backend="plain")
    program.run(VALUES, WEIGHTS)
    with pytest.raises(InputError, match="a round needs at least 3 clients, not 2"):
        program.run(VALUES[:2], WEIGHTS[:2])
    assert "From each of 3 to 5 clients" in str(program.report)
    for wrong in (1, 6):
        with pytest.raises(CompileError, match=f"min_clients must be at least 2 .*, 5, not {wrong}"):
            ez.compile(weighted, clients=5, min_clients=wrong, backend="plain")


def test_an_emulated_network_costs_time_only(program):
    over_wan = ez.compile(weighted, clients=5, backend=ez.Duet(link="wan"))
    for _ in range(2):
        np.testing.assert_allclose(over_wan.run(VALUES, WEIGHTS), program.run(VALUES, WEIGHTS), rtol=1e-6, atol=1e-6)
    slow, fast = over_wan.last_statistics, program.last_statistics
    assert (slow.backend, fast.backend) == ("duet-wan", "duet")
    assert (slow.bytes_sent, slow.messages, slow.rounds) == (fast.bytes_sent, fast.messages, fast.rounds)
    assert slow.online_seconds > slow.rounds * 0.02  # where both send at once, a round is one delay
    assert over_wan.backend.where == "two servers over an emulated wan"


BAD = {
    "nan": VALUES[1] * np.float32("nan"),
    "out of bounds": VALUES[1] + np.float32(9),
    "double": VALUES[1].astype(np.float64),
    "too long": np.ones(5, np.float32),
    "nothing": None,
    "text": "one",
}


@pytest.mark.parametrize("kind", BAD)
def test_a_client_with_bad_values_is_left_out_with_a_warning(program, kind):
    values = [VALUES[0], BAD[kind], VALUES[2]]
    with pytest.warns(DroppedClientWarning, match="^weighted: dropped client 1: (?!.*(client|weighted))"):
        result = program.run(values, WEIGHTS)
    with pytest.warns(DroppedClientWarning, match="client 1"):
        np.testing.assert_allclose(program.simulate(values, WEIGHTS), result, rtol=1e-6)  # one place of what is opened
    np.testing.assert_allclose(result, program.simulate(VALUES[::2], WEIGHTS[::2]), rtol=1e-6)
    assert program.last_statistics.clients == 2
    assert [one["client"] for one in program.last_statistics.dropped] == [1]


@pytest.mark.parametrize("kind", BAD)
def test_on_request_a_client_with_bad_values_is_an_error(kind):
    values = [VALUES[0], BAD[kind], VALUES[2]]
    program = ez.compile(weighted, clients=5, backend="plain", on_bad_client="fail")
    with pytest.raises(InputError, match="client 1"):
        program.run(values, WEIGHTS)
    ez.set_secure_execution_context(backend="plain", on_bad_client="fail")
    if isinstance(values[1], np.ndarray) and values[1].shape == (4,):  # TFF itself refuses the others
        with pytest.raises(InputError, match="client 1"):
            weighted(values, WEIGHTS)


def test_what_happens_about_bad_clients_is_a_choice_of_two():
    with pytest.raises(CompileError, match="on_bad_client='keep': choose from drop, fail"):
        ez.compile(weighted, on_bad_client="keep")


@tff.tensorflow.computation(VECTOR)
def unit(x):
    return x / norm(x)


@tff.federated_computation(tff.FederatedType(VECTOR, tff.CLIENTS))
def mean_direction(values):
    return tff.federated_mean(tff.federated_map(unit, values))


def test_a_zero_update_is_left_out_and_the_report_says_what_is_opened():
    program = ez.compile(mean_direction, clients=5, backend="plain", proofs=False)
    with pytest.warns(DroppedClientWarning, match="dropped client 0: .*test_api.py:.* is not finite for its values"):
        result = program.run([np.zeros(4, np.float32), *VALUES[1:]])
    expected = np.mean([v / np.linalg.norm(v) for v in VALUES[1:]], axis=0)
    np.testing.assert_allclose(result, expected, rtol=1e-4)
    (line,) = (line for line in repr(program).splitlines() if "one bit for each client" in line)
    assert "test_api.py:" in line
    assert "it is dropped and named; where it is not finite, TFF's own result would be infinite or not a number" in line
    strict = ez.compile(mean_direction, clients=5, backend="plain", on_bad_client="fail", proofs=False)
    assert "it is named, and the round fails" in repr(strict)
    with pytest.raises(DivisionError, match=r"client 0: .* is not finite for its values"):
        strict.run([np.zeros(4, np.float32), *VALUES[1:]])


def test_a_zero_update_has_no_unit_vector_and_nothing_is_opened_for_it():
    program = ez.compile(mean_direction, clients=5, backend="plain")
    values = [np.zeros(4, np.float32), *VALUES[1:]]
    with pytest.warns(DroppedClientWarning, match="dropped client 0: .* has no direction to take part with"):
        result = program.run(values)
    expected = np.mean([v / np.linalg.norm(v) for v in VALUES[1:]], axis=0)
    np.testing.assert_allclose(result, expected, rtol=1e-5)
    assert "one bit for each client" not in repr(program)
    assert "values [n, 4]: proved: divided by its norm, |x|_2 = 1" in repr(program)
    strict = ez.compile(mean_direction, clients=5, backend="plain", on_bad_client="fail")
    with pytest.raises(InputError, match="client 0: 'values' is 0, and the program divides it by its norm"):
        strict.run(values)


def test_other_things_are_refused_by_name(program):
    with pytest.raises(InputError, match="compiled for at most 5: compile it with --clients 6"):
        program.run(VALUES * 2, WEIGHTS * 2)
    with pytest.raises(CompileError, match="there is no back end 'gpu'; choose one of duet, motion2nx, plain"):
        ez.compile(weighted, backend="gpu")
    with pytest.raises(CompileError, match="there is no network 'moon'; choose one of lan, wan"):
        ez.Duet(link="moon")
    with pytest.raises(CompileError, match="names no parameter of weighted: w; it has values, weights"):
        ez.compile(weighted, bounds={"w": 3.0})
    with pytest.raises(AttributeError, match="has no attribute 'compilation'"):
        _ = ez.compilation


def test_the_context_runs_aggregations_and_leaves_the_rest_to_tff():
    runner = ez.set_secure_execution_context(backend="plain")
    assert scale(np.ones(4, np.float32), 3.0).tolist() == [3.0] * 4
    np.testing.assert_allclose(scaled_sum(VALUES, 2.0), 2 * np.sum(VALUES, axis=0), rtol=1e-6)
    np.testing.assert_allclose(weighted(VALUES, WEIGHTS), np.average(VALUES, axis=0, weights=WEIGHTS), rtol=1e-5)
    assert len(runner.programs) == 2


def test_the_context_grows_with_the_rounds_and_follows_public_inputs():
    runner = ez.set_secure_execution_context(backend="plain")
    assert runner.grows
    scaled_sum(VALUES, 2.0)
    np.testing.assert_allclose(scaled_sum(VALUES * 20, 2.0), 40 * np.sum(VALUES, axis=0), rtol=1e-6)
    large = 3e7
    np.testing.assert_allclose(scaled_sum(VALUES, large), large * np.sum(VALUES, axis=0), rtol=1e-6)
    (program,) = runner.programs
    assert program.compiled.options.clients == 64


def test_the_context_says_what_it_compiled():
    runner = ez.set_secure_execution_context(backend="plain", bounds={"values": 16.0, "other": 3.0})
    assert "compiled: nothing yet" in repr(runner)
    scaled_sum(VALUES, np.float32(2))
    assert repr(runner) == "<TFF aggregations run on exact simulation; compiled: scaled_sum>"
    assert [p.options.bounds for p in runner.programs] == [ParameterBounds.of({"values": 16.0})]
    assert runner.unused_parameters() == {"--bound": ["other"]}


def test_a_zero_public_factor_opens_nothing():
    program = ez.compile(scaled_sum, clients=3, backend="plain")
    assert program.run(VALUES, 0.0).tolist() == [0.0] * 4


def test_polynomial_relu_reports_its_error():
    program = ez.compile(positive_total, clients=3, relu="poly:4", backend="plain")
    exact = sum(max(float(v.sum()) / 8, 0.0) for v in VALUES)
    assert "polynomial of degree 4 on [-4, 4], worst error 0.135" in repr(program)
    assert abs(program.run(VALUES) - exact) <= 3 * 0.14


def test_sketched_norms_report_their_error():
    long = tff.TensorType(np.float32, [200])
    square = tff.tensorflow.computation(lambda x: reduce_sum(x * x), long)

    @tff.federated_computation(tff.FederatedType(long, tff.CLIENTS))
    def energy(values):
        return tff.federated_sum(tff.federated_map(square, values))

    program = ez.compile(energy, clients=3, norms="sketch:128", backend="plain")
    assert "of [n, 200]: sketched to 128 sums; relative error at most 1.25 with probability 99% each" in repr(program)
    assert "(deviation 0.125)" in program._repr_html_()
    assert "public, and drawn after the clients have uploaded" in repr(program)
    assert program.run([np.ones(200, np.float32)] * 3) == pytest.approx(600, rel=0.75)  # six deviations
    exact = ez.compile(energy, clients=3, norms="sketch:256", backend="plain")
    assert "squared norms: all exact, since none is of more than 256 secret values" in repr(exact)
    assert "squared norms" not in repr(ez.compile(energy, clients=3, backend="plain"))
    runner = ez.set_secure_execution_context(backend="plain", norms="sketch:128")
    assert energy([np.ones(200, np.float32)] * 3) == pytest.approx(600, rel=0.75)  # six deviations
    assert [p.compiled.options.norms for p in runner.programs] == [Norms(128)]


def test_importing_the_package_needs_no_tensorflow():
    code = "import sys, ezprivsecfl; assert not any(m.startswith('tensorflow') for m in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


SCRIPT = """
import numpy as np
import tensorflow_federated as tff

import ezprivsecfl as ez
from ezprivsecfl.aggregators import build_fltrust

program = ez.compile(build_fltrust(tff.TensorType(np.float32, [3])), clients=3)
print(program.simulate([np.ones(3, np.float32)] * 3, np.ones(3, np.float32)).round(3))
"""


def test_a_script_ends_without_a_traceback():
    """TFF's destructors fail while Python is shutting down, unless it is told to let go before."""
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, timeout=120, check=True)
    assert done.stdout == b"[1. 1. 1.]\n"
    assert b"Exception ignored" not in done.stderr
