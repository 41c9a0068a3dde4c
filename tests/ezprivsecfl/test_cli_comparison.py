from __future__ import annotations

import math
from collections import OrderedDict

import numpy as np
import pytest
import tensorflow_federated as tff

from ezprivsecfl.cli.comparison import FARTHEST, deviations, relative_errors


@pytest.mark.parametrize(
    ("got", "expected", "error"),
    [
        ([1.0, 2.5], [1.0, 2.0], 0.25),
        ([0.0, 0.125], [0.0, 0.0], 0.125),
        ([1.0, math.nan], [1.0, 2.0], math.inf),
        ([1.0, 2.0], [1.0, math.nan], math.inf),
        ([1.0, math.nan], [1.0, math.nan], 0.0),
        ([1.0, math.inf], [1.0, math.inf], 0.0),
        ([1.0, -math.inf], [1.0, math.inf], math.inf),
        ([1.0, math.inf], [1.0, 2.0], math.inf),
        ([], [], 0.0),
    ],
)
def test_relative_errors(got, expected, error):
    assert relative_errors(np.array(got), np.array(expected)) == {"result": error}


def test_outputs_are_named():
    got = OrderedDict(a=np.float32(1.5), b=(np.array([100.0, 201.0]),))
    expected = tff.structure.Struct([("a", np.float32(1.0)), ("b", (np.array([100.0, 200.0]),))])
    assert relative_errors(got, expected) == {"result/a": 0.5, "result/b/0": 1 / 200}


def test_strings_are_compared_too():
    assert relative_errors((b"ab", "c"), (b"ab", "c")) == {"result/0": 0.0, "result/1": 0.0}
    assert relative_errors((b"ab", "c"), (b"abc", "d"))["result/0"] == math.inf


@pytest.mark.parametrize(
    ("got", "same"),
    [
        (np.array([b"ab", b"c"], object), True),
        (np.array(["ab", "c"]), True),
        (np.array([b"ab", b"d"]), False),
        (np.array([b"ab", b"c", b"c"]), False),
        (np.array([], object), False),
    ],
)
def test_arrays_of_strings_are_compared(got, same):
    (error,) = relative_errors(got, np.array([b"ab", b"c"], object)).values()
    assert (error == 0.0) == same
    assert same or error > 1e-3


def test_noise_that_decides_on_a_shape():
    noisy = [np.array([b"a"]), np.array([b"a", b"b"])]
    assert deviations(np.array([b"a", b"b"]), np.array([b"a"]), noisy) == {"result": 0.0}
    assert deviations(np.array([b"a", b"b", b"c"]), np.array([b"a"]), noisy) == {"result": math.inf}


def test_distances_are_in_standard_deviations_of_simulated_noise():
    quiet = OrderedDict(a=np.array([1.0, 100.0]), b=np.float32(10.0))
    noisy = [OrderedDict(a=np.array([1.0 + sign, 100.0 + 20 * sign]), b=np.float32(10.0)) for sign in (1, -1)]
    found = deviations(OrderedDict(a=np.array([4.0, 140.0]), b=np.float32(10.0)), quiet, noisy)
    assert found == {"result/a": 3.0, "result/b": 0.0}
    exact = deviations(OrderedDict(a=np.array([1.0, 100.0]), b=np.float32(10.02)), quiet, noisy)
    assert exact["result/b"] > FARTHEST  # without noise, 1e-3 is the limit as ever
