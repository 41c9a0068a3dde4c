"""Coarse formats are told, with what is affected and by how much; what is exact or fine is not."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import tensorflow_federated as tff
from tensorflow import cast, float64, reduce_min, reduce_sum, where
from tensorflow.math import ceil

import ezprivsecfl as ez
from ezprivsecfl.errors import PrecisionWarning
from ezprivsecfl.ir.mpc.io import Output, Share

F = np.float64
VECTOR = tff.TensorType(F, [4])
VECTORS = tff.FederatedType(VECTOR, tff.CLIENTS)


@tff.federated_computation(VECTORS)
def total(values):
    return tff.federated_sum(values)


@tff.tensorflow.computation(VECTOR)
def positives(x):
    return reduce_sum(cast(x > 0, float64))


@tff.federated_computation(VECTORS)
def total_positives(values):
    return tff.federated_sum(tff.federated_map(positives, values))


@tff.tensorflow.computation(VECTOR, F)
def cubes(x, other):
    return where(x > 0, x, other) ** 3


def compiled(computation: object) -> ez.SecureProgram:
    """At a bound of 8 in every round, which gives 32 fractional bits at most."""
    return ez.compile(computation, clients=4, backend="plain", scale="fixed")


def told(program: ez.SecureProgram, values: list[np.ndarray]) -> list[dict[str, object]]:
    program.run(values)
    return program.last_statistics.imprecise


def rows(*largest: float) -> list[np.ndarray]:
    return [np.array([0, -x, x / 2, 0], F) for x in largest]


def unit() -> float:
    """Of the last place of the clients' values, and so of their total."""
    (share,) = compiled(total).compiled.secure.of(Share)
    return 2.0**-share.type.frac


@pytest.mark.parametrize("units", [1024, 5000])
def test_what_is_fine_is_not_told(units):
    assert told(compiled(total), rows(units * unit(), units * unit())) == []


def test_the_client_with_the_coarsest_values_is_named():
    with pytest.warns(PrecisionWarning, match=r"total: parameter values of client 2 .*relative error of up to 1.0e-02"):
        found = told(compiled(total), rows(1.0, 1000 * unit(), 100 * unit(), 0.0))
    assert found == [
        {"what": "parameter values of client 2 (and less of 1 more)", "relative_error": pytest.approx(0.01)}
    ]


def test_a_result_that_underflows_is_told():
    with pytest.warns(PrecisionWarning, match="total: result result: relative error of up to 5.0e-01"):
        found = told(compiled(total), rows(unit() / 8, unit() / 8))
    assert found == [
        {"what": "parameter values of client 0 (and less of 1 more)", "relative_error": 1.0},
        {"what": "result result", "relative_error": 0.5},
    ]


def test_a_result_smaller_than_its_terms_is_told():
    ones = np.ones(4)
    with pytest.warns(PrecisionWarning):
        found = told(compiled(total), [ones, 100 * unit() - ones])
    assert found == [{"what": "result result", "relative_error": 0.01}]


@pytest.mark.filterwarnings("error::ezprivsecfl.errors.PrecisionWarning")
def test_zeros_and_counts_are_exact():
    assert told(compiled(total), rows(0.0, 0.0)) == []
    assert told(compiled(total_positives), rows(1.0, 2.0)) == []
    assert told(compiled(total_positives), [-np.ones(4, F)] * 2) == []


@tff.federated_computation(VECTORS, tff.FederatedType(F, tff.SERVER))
def chosen(values, other):
    return tff.federated_sum(tff.federated_map(cubes, (values, tff.federated_broadcast(other))))


def test_a_real_number_without_fractional_bits_is_not_taken_for_a_count():
    """Cubes of what may be chosen leave no room for the fraction of a small entry."""
    program = ez.compile(chosen, clients=2, backend="plain", scale="fixed", bounds={"other": 2.0**20})
    with pytest.warns(PrecisionWarning):
        program.run([np.full(4, 1.5)] * 2, 0.0)
    (told,) = program.last_statistics.imprecise
    assert told["what"] == "result result"
    assert told["relative_error"] > 0.1


def test_the_servers_say_how_large_what_they_opened_was():
    program = ez.compile(total, clients=4, scale="fixed")
    with pytest.warns(PrecisionWarning):
        found = told(program, rows(64 * unit(), 64 * unit()))
    assert found == [
        {"what": "parameter values of client 0 (and less of 1 more)", "relative_error": 2.0**-6},
        {"what": "result result", "relative_error": 2.0**-7},
    ]


@pytest.mark.parametrize(("power", "coarse"), [(1, False), (2, False), (3, True), (4, True)])
def test_what_asks_for_the_sign_of_small_products_is_told(power, coarse):
    @tff.tensorflow.computation(VECTOR)
    def signs(x):
        return ceil(x**power) + where(x**power > 0, x, 0)

    @tff.federated_computation(VECTORS)
    def counts(values):
        return tff.federated_sum(tff.federated_map(signs, values))

    program = ez.compile(counts, clients=2, backend="plain")
    values = [np.array([1, 0.5, 1e-7, 2.0**-60], F)] * 2
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PrecisionWarning)
        result = program.run(values)
    texts = [one["what"] for one in program.last_statistics.imprecise if "smaller ones count as zero" in one["what"]]
    if coarse:
        assert ["(Ceil): products" in texts[0], "(Greater): products" in texts[1]] == [True, True]
    else:
        np.testing.assert_allclose(result, 2 * np.ceil(values[0] ** power) + 2 * values[0], atol=1e-6)
        assert not texts


@tff.tensorflow.computation(VECTOR)
def least_cube(x):
    return reduce_min(x * x * x)


@tff.federated_computation(VECTORS)
def least_cubes(values):
    return tff.federated_sum(tff.federated_map(least_cube, values))


def test_results_not_much_larger_than_what_was_truncated_are_told():
    """The least of a client's cubes is opened with more places than the squares beside it were left with."""
    program = ez.compile(least_cubes, clients=2, backend="plain")
    (lost,) = program.compiled.lost.results.values()
    (output,) = program.compiled.secure.of(Output)
    assert lost > 2.0 ** -output.operands[0].type.frac
    with pytest.warns(PrecisionWarning, match="result result: relative error of up to"):
        found = told(program, [np.array([1, 2, 7, (100 * lost) ** (1 / 3)], F)] * 2)
    assert [one["what"] for one in found] == ["result result"]
    assert found[0]["relative_error"] > 1e-3


def test_of_no_entries_there_is_nothing_to_tell() -> None:
    last = tff.tensorflow.computation(lambda x: (x[4:], x), VECTOR)

    @tff.federated_computation(VECTORS)
    def totals(values):
        return tff.federated_sum(tff.federated_map(last, values))

    assert told(compiled(totals), rows(1.0, 2.0)) == []
