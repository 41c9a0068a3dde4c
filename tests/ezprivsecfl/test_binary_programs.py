"""Histograms and votes as users write them, with what clients prove of them: results are exact, the report says so."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_federated as tff

import ezprivsecfl as ez
from ezprivsecfl.errors import CompileError, DroppedClientWarning, InputError

SIZE, CLIENTS = 1000, 12


@tff.federated_computation(tff.FederatedType(tff.TensorType(np.float32, [SIZE]), tff.CLIENTS))
def histogram(bucket):
    return tff.federated_sum(bucket)


@tff.federated_computation(tff.FederatedType(tff.TensorType(np.int32, [SIZE]), tff.CLIENTS))
def votes(choice):
    return tff.federated_sum(choice)


@tff.federated_computation(tff.FederatedType(tff.TensorType(np.int32, [4, 5]), tff.CLIENTS))
def survey(answers):
    return tff.federated_sum(answers)


@tff.federated_computation(tff.FederatedType(tff.TensorType(np.float32, [SIZE]), tff.CLIENTS))
def seen(flags):
    return tff.federated_mean(flags)


@tff.tensorflow.computation(tff.TensorType(np.bool_, [SIZE]))
def as_numbers(flags):
    return tf.cast(flags, tf.float32)


@tff.federated_computation(tff.FederatedType(tff.TensorType(np.bool_, [SIZE]), tff.CLIENTS))
def by_type(flags):
    return tff.federated_mean(tff.federated_map(as_numbers, flags))


def one_hot(chosen, size, dtype):
    return list(np.eye(size, dtype=dtype)[chosen])


CHOSEN = np.random.default_rng(3).integers(0, SIZE, CLIENTS)
CHOSEN[3:6] = CHOSEN[0]


@pytest.mark.parametrize(
    ("computation", "path", "dtype"), [(histogram, "bucket", np.float32), (votes, "choice", np.int32)]
)
def test_a_histogram_of_one_hot_vectors_is_exact(computation, path, dtype):
    program = ez.compile(computation, clients=CLIENTS, one_hot=[path])
    given = one_hot(CHOSEN, SIZE, dtype)
    result = program.run(given)
    assert result.dtype == dtype
    np.testing.assert_array_equal(result, np.bincount(CHOSEN, minlength=SIZE))
    np.testing.assert_array_equal(program.simulate(given), result)
    assert program.last_statistics.imprecise == []
    assert program.last_statistics.dropped == []
    text = str(program.report)
    assert f"{path} [n, 1000]: proved: 0 or 1, and exactly one 1 along the last axis\n" in text
    assert f"{path} [n, 1000]: 0 <= x < 2, 0 fractional bits\n" in text
    assert "magnitude class" not in text
    # Each server sends 64 bits of every entry of the sum; server 0 of every client 63 rows and two statements, too.
    opened, proofs = 8 * SIZE, CLIENTS * (8 * (63 + 1) + 32 * 2)
    for sent, least in zip(program.last_statistics.bytes_sent, (opened + proofs, opened), strict=True):
        assert least <= sent < least + 300
    assert sum(program.last_statistics.bytes_sent) == program.cost(clients=CLIENTS).total_bytes


def test_truth_values_by_type_cost_the_same_and_send_the_same():
    """What the program's type says need not be declared."""
    flags = np.random.default_rng(4).random((CLIENTS, SIZE)) < 0.3
    first, second = ez.compile(by_type, clients=CLIENTS), ez.compile(seen, clients=CLIENTS, binary=["flags"])
    np.testing.assert_array_equal(first.run(list(flags)), second.run(list(flags.astype(np.float32))))
    assert first.last_statistics.bytes_sent == second.last_statistics.bytes_sent
    np.testing.assert_allclose(second.run(list(flags.astype(np.float32))), flags.mean(axis=0), rtol=1e-6)
    for program in (first, second):
        assert "flags [n, 1000]: proved: 0 or 1\n" in str(program.report)
        assert "circuits" not in " ".join(program.variants[0].lowered.sources())


def test_counts_of_each_client_are_untouched():
    """A histogram of every client's own data is no one-hot vector, and nothing says so."""
    counts = [np.arange(SIZE, dtype=np.float32) % 7] * 3
    program = ez.compile(histogram, clients=3, bounds={"bucket": 16})
    np.testing.assert_allclose(program.run(counts), 3 * counts[0])
    assert "bucket [n, 1000]: proved: |x|_2 <= 506\n" in str(program.report)


ANSWERS = [one_hot(a, 5, np.int32) for a in ([0, 1, 2, 3], [4, 4, 4, 4], [0, 1, 0, 1], [2, 2, 3, 3])]


def test_a_survey_has_one_answer_to_every_question():
    """Who answers one question twice and another not at all is left out, is named, or fails the round."""
    program = ez.compile(survey, clients=4, one_hot=["answers"])
    expected = np.sum(ANSWERS, axis=0)
    np.testing.assert_array_equal(program.run([np.stack(a) for a in ANSWERS]), expected)
    twice = np.stack(ANSWERS[3])
    twice[0, 0], twice[1] = 1, 0
    given = [*(np.stack(a) for a in ANSWERS[:3]), twice]
    with pytest.warns(DroppedClientWarning, match=r"client 3: 'answers' at \[0\] has 2 entries of 1"):
        result = program.run(given)
    np.testing.assert_array_equal(result, np.sum(ANSWERS[:3], axis=0))
    strict = ez.compile(survey, clients=4, one_hot=["answers"], on_bad_client="fail", backend="plain")
    with pytest.raises(InputError, match=r"client 3: 'answers' at \[0\] has 2 entries of 1 .* exactly one must be"):
        strict.run(given)
    few = ez.compile(survey, clients=4, one_hot=["answers"], min_clients=4, backend="plain")
    with pytest.raises(InputError, match="3 clients left, but a round needs at least 4"):
        few.run(given)


@pytest.mark.parametrize("proofs", [True, False])
def test_who_has_anything_else_is_told_so(proofs):
    program = ez.compile(seen, clients=3, binary=["flags"], proofs=proofs, backend="plain")
    flags = [np.zeros(SIZE, np.float32) for _ in range(3)]
    flags[1][7] = 0.5
    flags[2][:] = 1
    with pytest.warns(
        DroppedClientWarning, match=r"client 1: 'flags' at \[7\] is 0\.5, but its entries must be 0 or 1"
    ):
        np.testing.assert_array_equal(program.run(flags), np.full(SIZE, 0.5, np.float32))


def test_of_the_execution_context():
    ez.set_secure_execution_context(backend="plain", one_hot=["choice", "nobody"], binary=["flags"])
    runner = ez.set_secure_execution_context(backend="plain", one_hot=["choice", "nobody"], binary=["flags", "none"])
    np.testing.assert_array_equal(votes(one_hot(CHOSEN, SIZE, np.int32)), np.bincount(CHOSEN, minlength=SIZE))
    assert runner.unused_parameters() == {"--one-hot": ["nobody"], "--binary": ["flags", "none"]}
    (program,) = runner.programs
    assert "exactly one 1 along the last axis" in str(program.report)


@pytest.mark.parametrize("names", [{"binary": "bucket"}, {"one_hot": "bucket"}])
def test_a_name_in_place_of_a_list_is_refused(names):
    with pytest.raises(CompileError, match="='bucket': expected a list of parameters"):
        ez.compile(histogram, **names)
