from __future__ import annotations

import math
from collections import OrderedDict

import numpy as np
import pytest
import tensorflow_federated as tff

from ezprivsecfl.cli.comparison import relative_errors


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
