"""What analyses must know of an operation stands on the operation, and none can be left out."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from ezprivsecfl.ir.tensor import elementwise as ew
from ezprivsecfl.ir.tensor.base import Holds, TensorOp
from ezprivsecfl.ir.tensor.elementwise import FloatUnary, Floor, Maximum, Unary

REGISTERED = sorted(TensorOp.REGISTRY)


@pytest.fixture(autouse=True)
def _registry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TensorOp, "REGISTRY", dict(TensorOp.REGISTRY))


def test_interval_is_demanded():
    with pytest.raises(TypeError, match="Halves needs a rule for the interval of its results"):

        class Halves(FloatUnary, name="halves"):
            non_negative = Holds.OF_ALL
            integral = Holds.UNKNOWN


@pytest.mark.parametrize("left_out", ["non_negative", "integral"])
def test_signs_and_integers_are_demanded(left_out):
    facts = {
        "non_negative": Holds.OF_ALL,
        "integral": Holds.UNKNOWN,
        "interval": lambda self, operands, clients: operands[0],
    }
    del facts[left_out]
    with pytest.raises(TypeError, match=f"Halves must say when its results are {left_out}"):
        type("Halves", (Unary,), {"__module__": __name__, **facts}, name="halves")
    assert "halves" not in TensorOp.REGISTRY


@pytest.mark.parametrize("name", REGISTERED)
def test_every_operation_says_both(name):
    op = TensorOp.REGISTRY[name]
    assert isinstance(op.non_negative, Holds)
    assert isinstance(op.integral, Holds)


ELEMENTWISE = [n for n in REGISTERED if issubclass(TensorOp.REGISTRY[n], ew.Elementwise) and n != "cast"]
NUMBERS = {"non_negative": [0.0, 0.25, 1.0, 3.5], "integral": [-3.0, 0.0, 1.0, 2.0]}
OTHERS = {"non_negative": [-2.0, -0.5], "integral": [0.3, -1.7]}


def _holds(fact: str, value: np.ndarray) -> bool:
    finite = value[np.isfinite(value)].astype(np.float64)
    return bool(np.all(finite >= 0) if fact == "non_negative" else np.all(finite == np.rint(finite)))


@pytest.mark.parametrize("fact", sorted(NUMBERS))
@pytest.mark.parametrize("name", ELEMENTWISE)
def test_what_operations_say_is_true(name, fact):
    """On all operands of which the rule says so: signs that are wrong would be left out of circuits."""
    kind = TensorOp.REGISTRY[name]
    assert issubclass(kind, ew.Elementwise)
    for operands in itertools.product([*NUMBERS[fact], *OTHERS[fact]], repeat=kind.arity):
        if getattr(kind, fact).given([x in NUMBERS[fact] for x in operands]):
            with np.errstate(all="ignore"):
                value = kind.function(*np.array(operands))
            assert _holds(fact, np.asarray(value)), operands


def test_when_something_holds():
    cases = [[], [True], [False], [True, False], [True, True]]
    assert [Holds.ALWAYS.given(c) for c in cases] == [True] * 5
    assert [Holds.OF_ALL.given(c) for c in cases] == [True, True, False, False, True]
    assert [Holds.OF_ANY.given(c) for c in cases] == [False, True, False, True, True]
    assert [Holds.UNKNOWN.given(c) for c in cases] == [False] * 5
    assert (Floor.integral, Maximum.non_negative) == (Holds.ALWAYS, Holds.OF_ANY)
