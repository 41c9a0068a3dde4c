"""What the compiler must know of an operation stands on the operation, and none of it can be left out."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from ezprivsecfl.ir.mpc import linear
from ezprivsecfl.ir.tensor import elementwise as ew
from ezprivsecfl.ir.tensor.base import DEMANDED, TensorOp
from ezprivsecfl.ir.tensor.elementwise import Floor, Maximum, Unary
from ezprivsecfl.ir.tensor.facts import Computed, Holds, Jumps

REGISTERED = sorted(TensorOp.REGISTRY)


@pytest.fixture(autouse=True)
def _registry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TensorOp, "REGISTRY", dict(TensorOp.REGISTRY))


FACTS = {
    "interval": lambda self, operands, clients: operands[0],
    "non_negative": Holds.OF_ALL,
    "integral": Holds.UNKNOWN,
    "partial": False,
    "computed": Computed.IN_CIRCUITS,
    "on_wires": lambda self, gates, operands: operands[0],
    "jumps": Jumps.NOWHERE,
}
ON_SHARES = {**FACTS, "computed": Computed.LOCALLY, "on_shares": linear.Neg}

MISSING = {
    "interval": "needs a rule for the interval of its results",
    "non_negative": "must say when its results are non_negative",
    "integral": "must say when its results are integral",
    "partial": "must say whether it is partial: whether some numbers give an infinity or NaN",
    "computed": "must say how it is computed on secret values",
    "jumps": "must say where it jumps: where a small change of an operand makes a large one of the result",
    "on_wires": "is computed in circuits, so it needs a rule for these: a method on_wires",
    "on_shares": "is computed on shares, so it must name the operation that does it: on_shares",
}


def define(facts: dict[str, object]) -> None:
    """Registers an operation with these facts."""
    type("Halves", (Unary,), {"__module__": __name__, **facts}, name="halves")


@pytest.mark.parametrize("facts", [FACTS, ON_SHARES], ids=["in circuits", "on shares"])
def test_an_operation_with_all_facts(facts):
    define(facts)
    assert TensorOp.REGISTRY["halves"].__name__ == "Halves"


@pytest.mark.parametrize("fact", MISSING)
def test_a_fact_that_is_left_out(fact):
    facts = ON_SHARES if fact == "on_shares" else FACTS
    with pytest.raises(TypeError, match=f"^Halves {MISSING[fact]}$"):
        define({name: known for name, known in facts.items() if name != fact})
    assert "halves" not in TensorOp.REGISTRY


def test_all_demands_are_tested():
    assert set(DEMANDED) == set(MISSING) - {"on_wires", "on_shares"}


def test_how_it_is_computed_may_depend_on_attributes_and_then_needs_both_rules():
    both = {**ON_SHARES, "computed": property(lambda self: Computed.LOCALLY)}
    for fact in ("on_wires", "on_shares"):
        with pytest.raises(TypeError, match=fact):
            define({name: known for name, known in both.items() if name != fact})
    define(both)


@pytest.mark.parametrize("name", REGISTERED)
def test_every_operation_states_them(name):
    op = TensorOp.REGISTRY[name]
    assert isinstance(op.non_negative, Holds)
    assert isinstance(op.integral, Holds)
    assert isinstance(op.partial, bool)


WITH_ATTRIBUTES = ("cast", "shift_right")
ELEMENTWISE = [n for n in REGISTERED if issubclass(TensorOp.REGISTRY[n], ew.Elementwise) and n not in WITH_ATTRIBUTES]
NUMBERS = {"non_negative": [0.0, 0.25, 1.0, 3.5], "integral": [-3.0, 0.0, 1.0, 2.0]}
OTHERS = {"non_negative": [-2.0, -0.5], "integral": [0.3, -1.7]}
ALL = [*NUMBERS["non_negative"], *OTHERS["non_negative"], *NUMBERS["integral"], *OTHERS["integral"]]


def _holds(fact: str, value: np.ndarray) -> bool:
    finite = value[np.isfinite(value)].astype(np.float64)
    return bool(np.all(finite >= 0) if fact == "non_negative" else np.all(finite == np.rint(finite)))


def _value(kind: type[ew.Elementwise], operands: tuple[float, ...]) -> np.ndarray:
    with np.errstate(all="ignore"):
        return np.asarray(kind.function(*np.array(operands)))


@pytest.mark.parametrize("fact", sorted(NUMBERS))
@pytest.mark.parametrize("name", ELEMENTWISE)
def test_signs_and_integers_are_what_operations_say(name, fact):
    """On all operands of which the rule says so: signs that are wrong would be left out of circuits."""
    kind = TensorOp.REGISTRY[name]
    assert issubclass(kind, ew.Elementwise)
    for operands in itertools.product([*NUMBERS[fact], *OTHERS[fact]], repeat=kind.arity):
        if getattr(kind, fact).given([x in NUMBERS[fact] for x in operands]):
            assert _holds(fact, _value(kind, operands)), operands


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_partial_operations_are_those_without_a_finite_result(name):
    kind = TensorOp.REGISTRY[name]
    assert issubclass(kind, ew.Elementwise)
    finite = [np.all(np.isfinite(_value(kind, x).astype(float))) for x in itertools.product(ALL, repeat=kind.arity)]
    assert kind.partial == (not all(finite))


@pytest.mark.parametrize("name", [n for n in ELEMENTWISE if isinstance(TensorOp.REGISTRY[n].powers, tuple)])
def test_powers_are_those_of_the_absolute_value(name):
    kind = TensorOp.REGISTRY[name]
    assert issubclass(kind, ew.Elementwise)
    for operands in itertools.product((0.25, 1.0, 3.5), repeat=kind.arity):
        expected = np.prod([x**power for x, power in zip(operands, kind.powers, strict=True)])
        assert np.abs(_value(kind, operands)) == pytest.approx(expected)


NEAR = 1e-9
JUMPS_AT = {
    Jumps.NOWHERE: [],
    Jumps.AT_ZERO: [0.0],
    Jumps.AT_INTEGERS: [-1.0, 0.0, 2.0],
    Jumps.BEYOND_ZERO: [-1.5, 0.5],
}


@pytest.mark.parametrize("name", [n for n in ELEMENTWISE if TensorOp.REGISTRY[n].arity == 1 and n not in ("not",)])
def test_operations_jump_where_they_say(name):
    kind = TensorOp.REGISTRY[name]
    assert issubclass(kind, ew.Elementwise)
    for x in (-1.5, -1.0, -0.7, 0.0, 0.5, 0.7, 2.0):
        around = np.array([_value(kind, (x + by,)) for by in (-NEAR, NEAR)])
        if np.all(np.isfinite(around)) and np.all(np.abs(around) < 1e6):  # no pole
            assert (abs(np.diff(around)[0]) > 0.5) == (x in JUMPS_AT[kind.jumps]), x


def test_when_something_holds():
    cases = [[], [True], [False], [True, False], [True, True]]
    assert [Holds.ALWAYS.given(c) for c in cases] == [True] * 5
    assert [Holds.OF_ALL.given(c) for c in cases] == [True, True, False, False, True]
    assert [Holds.OF_ANY.given(c) for c in cases] == [False, True, False, True, True]
    assert [Holds.UNKNOWN.given(c) for c in cases] == [False] * 5
    assert [Holds.OF_BRANCHES.given(c) for c in ([False, True, True], [True, False, True])] == [True, False]
    assert (Floor.integral, Maximum.non_negative) == (Holds.ALWAYS, Holds.OF_ANY)
