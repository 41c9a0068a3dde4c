"""Interval arithmetic, and that every operation's result lies within the interval that its rule gives."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ezprivsecfl.ir.interval import TRUTH, UNBOUNDED, Interval
from ezprivsecfl.ir.op import Environment, Value
from ezprivsecfl.ir.tensor import Constant, Input, Placement, TensorOp
from ezprivsecfl.ir.tensor import elementwise as ew
from ezprivsecfl.ir.tensor import structure as structure
from ezprivsecfl.ir.types import DType, Secrecy, TensorType

CLIENTS = 3
ENDS = st.sampled_from([0.0, -0.0, 1.0, -1.0, 0.5, -2.5, 3.0, 1e-9, -1e-9, 1e30, -1e30]) | st.floats(-50, 50)


def value(*shape: int | str, dtype: DType = DType.F32) -> Value:
    secrecy, placement = Secrecy.SECRET, Placement.CLIENTS
    return Input(path="x", placement=placement, bound=None, type=TensorType(("n", *shape), dtype, secrecy)).result


def constant(array: np.ndarray, dtype: DType = DType.F32) -> Value:
    return Constant(value=array, dtype=dtype).result


ATTRIBUTES = {
    "sum": {"axes": (0, 1)},
    "reduce_max": {"axes": (1,)},
    "reduce_min": {"axes": (0, 1)},
    "reduce_any": {"axes": (1,)},
    "reduce_all": {"axes": (1,)},
    "reshape": {"shape": ("n", 2, 2)},
    "transpose": {"permutation": (1, 0)},
    "broadcast": {"shape": ("n", 4)},
    "slice": {"starts": (0, 3), "sizes": ("n", 2), "strides": (1, -2)},
    "take": {"axis": 1, "positions": np.array([3, 0, 3])},
    "concat": {"axis": 1},
    "cast": {"dtype": DType.I32},
    "clients": {"dtype": DType.F32},
    "top_values": {"count": 3},
    "top_indices": {"count": 2},
    "stack": {"clients": 1},
    "sum_of_ranks": {"first": 0, "last": 2},
}
BOOLEAN = ("and", "or", "not", "reduce_any", "reduce_all")
BITS = ("bit_and", "bit_or", "bit_xor", "shift_right")
WITHOUT_OPERANDS = ("input", "constant", "output", "gate")  # a gate takes public scalars
EXACTLY_ONE = ("stack", "unstack")  # for exactly so many clients
RANDOM = ("noised", "standard_normal")  # see test_noise.py


def example(name: str) -> TensorOp:
    """An operation of that name on per-client rows of four entries."""
    kind = TensorOp.REGISTRY[name]
    dtype = DType.BOOL if name in BOOLEAN else DType.F32
    if name == "select":
        operands = [value(4, dtype=DType.BOOL), value(4), value(4)]
    elif name == "precedes":
        operands = [value(4), value(4), value(4, dtype=DType.I32), value(4, dtype=DType.I32)]
    elif name == "unstack":
        operands = [structure.Stack(operands=(value(4),), clients=1).result]
    elif name == "matmul":
        operands = [value(2, 4), value(4, 2)]
    else:
        count = (
            0
            if name == "clients"
            else kind.arity
            if issubclass(kind, ew.Elementwise)
            else 1 + (name in ("concat", "sum_of_ranks"))
        )
        operands = [value(4, dtype=dtype) for _ in range(count)]
    return kind(operands=tuple(operands), **ATTRIBUTES.get(name, {}))


def sample(data: st.DataObject, interval: Interval, shape: tuple[int, ...], dtype: DType) -> np.ndarray:
    """Entries of an interval: its ends and zero as often as numbers between."""
    if dtype is DType.BOOL:
        return np.asarray(data.draw(st.lists(st.booleans(), min_size=24, max_size=24)))[: math.prod(shape)].reshape(
            shape
        )
    special = [x for x in (interval.lo, interval.hi, 0.0, -0.0) if x in interval]
    entries = st.sampled_from(special) | st.floats(interval.lo, interval.hi)
    count = math.prod(shape)
    return np.asarray(data.draw(st.lists(entries, min_size=count, max_size=count))).reshape(shape)


def holds(interval: Interval, result: np.ndarray) -> bool:
    finite = np.asarray(result, dtype=np.float64)
    finite = finite[np.isfinite(finite)]
    slack = 1e-12 * np.abs(finite)  # sums of many numbers round
    return bool(np.all(finite >= interval.lo - slack) and np.all(finite <= interval.hi + slack))


@st.composite
def intervals(draw: st.DrawFn) -> Interval:
    a, b = draw(ENDS), draw(ENDS)
    return Interval(min(a, b), max(a, b))


@pytest.mark.parametrize("name", sorted(set(TensorOp.REGISTRY) - {*WITHOUT_OPERANDS, *BITS, *RANDOM}))
@settings(max_examples=60, deadline=None)
@given(data=st.data(), clients=st.integers(1, CLIENTS))
def test_results_lie_within_the_interval(name: str, data: st.DataObject, clients: int):
    op = example(name)
    clients = 1 if name in EXACTLY_ONE else clients
    types = [o.type for o in op.operands]
    assert all(isinstance(t, TensorType) for t in types)
    operands = [TRUTH if t.dtype is DType.BOOL else data.draw(intervals()) for t in types]
    shapes = [tuple(clients if d == "n" else d for d in t.shape) for t in types]
    args = [sample(data, i, s, t.dtype) for i, s, t in zip(operands, shapes, types, strict=True)]
    with np.errstate(all="ignore"):
        (result,) = op.evaluate(args, Environment(clients))
    found = op.interval(operands, CLIENTS)
    assert holds(found, result), (operands, args, result, found)


WHOLE = st.sampled_from([0, 1, -1, 2**62, -(2**62), 7, 8, -8, -9]) | st.integers(-70, 70) | st.integers(-(2**62), 2**62)


@pytest.mark.parametrize("name", [*BITS, "floor_div", "floor_mod"])
@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_results_of_integers_lie_within_the_interval(name: str, data: st.DataObject):
    op = TensorOp.REGISTRY[name](operands=(value(8, dtype=DType.I64), value(8, dtype=DType.I64)))
    operands, args = [], []
    for _ in range(2):
        array = np.array(data.draw(st.lists(WHOLE, min_size=8, max_size=8)))
        operands.append(Interval(float(array.min()), float(array.max())))
        args.append(array)
    with np.errstate(all="ignore"):
        (result,) = op.evaluate(args, Environment(1))
    assert result.dtype == np.int64
    found = op.interval(operands, CLIENTS)
    assert holds(found, result), (operands, args, result, found)


def test_bits_of_numbers_without_a_sign_have_none():
    x, y = Interval(0.0, 20.0), Interval(-3.0, 9.0)
    kinds = [TensorOp.REGISTRY[name](operands=(value(dtype=DType.I32),) * 2) for name in BITS]
    assert [k.interval([x, x], 1) for k in kinds] == [Interval(0.0, 31.0)] * 3 + [Interval(0.0, 20.0)]
    assert [k.interval([x, y], 1).lo for k in kinds] == [0.0, -32.0, -32.0, 0.0]
    assert [k.interval([Interval(-32.0, 31.0), y], 1).lo for k in kinds] == [-32.0] * 4
    assert all(k.interval([UNBOUNDED, y], 1) == UNBOUNDED for k in kinds)


@pytest.mark.parametrize("kind", [ew.Mul, ew.Div, ew.Sub])
def test_a_product_with_itself_is_a_square_and_nothing_else_is(kind: type[ew.Binary]):
    x, y = value(2), value(2)
    both = Interval(-2.0, 3.0)
    found = kind(operands=(x, x)).interval([both, both], 1)
    assert (found.lo >= 0) == (kind is ew.Mul)
    assert kind(operands=(x, y)).interval([both, both], 1).lo < 0


def test_inputs_lie_within_what_they_declare():
    type_ = TensorType(("n", 2), DType.F32, Secrecy.SECRET)
    declared = [
        (None, None, UNBOUNDED),
        (4.0, None, Interval(-4.0, 4.0)),
        (4.0, 0.0, Interval(0.0, 4.0)),
        (4.0, -9.0, Interval(-4.0, 4.0)),
    ]
    for bound, lowest, expected in declared:
        op = Input(path="x", placement=Placement.CLIENTS, bound=bound, lowest=lowest, type=type_)
        assert op.interval([], 5) == expected
        proved = Input(path="x", placement=Placement.CLIENTS, bound=bound, lowest=lowest, type=type_, norm=9.0)
        assert (proved.interval([], 5), proved.declared) == (Interval(-9.0, 9.0), expected)
    truth = Input(
        path="x", placement=Placement.CLIENTS, bound=None, type=TensorType(("n",), DType.BOOL, Secrecy.SECRET)
    )
    assert truth.interval([], 5) == TRUTH


def test_constants():
    assert constant(np.array([1.0, -2.0])).op.interval([], 5) == Interval(-2.0, 1.0)
    assert constant(np.zeros((0,))).op.interval([], 5) == Interval(0.0, 0.0)
    assert constant(np.array([1.0, np.nan])).op.interval([], 5) == UNBOUNDED
    assert constant(np.array([1.0, np.inf])).op.interval([], 5) == UNBOUNDED


def test_sums_over_clients_may_have_few_terms():
    total = structure.Sum(operands=(value(4),), axes=(0,))
    assert total.interval([Interval(5.0, 8.0)], 30) == Interval(5.0, 240.0)
    assert total.interval([Interval(-8.0, -5.0)], 30) == Interval(-240.0, -5.0)
    inside = structure.Sum(operands=(value(4),), axes=(1,))
    assert inside.interval([Interval(5.0, 8.0)], 30) == Interval(20.0, 32.0)


def test_ends_never_become_nan():
    zero, positive = Interval(0.0, 0.0), Interval(0.0, math.inf)
    assert zero * UNBOUNDED == zero
    assert zero / UNBOUNDED == zero
    assert UNBOUNDED - UNBOUNDED == UNBOUNDED
    assert positive / positive == positive
    assert Interval(1.0, 2.0) / Interval(0.0, 4.0) == Interval(0.25, math.inf)
    assert Interval(1.0, 2.0) / Interval(-4.0, 0.0) == Interval(-math.inf, -0.25)
    assert Interval(1.0, 2.0) / Interval(-4.0, 4.0) == UNBOUNDED
    assert Interval(math.inf, math.inf).lo < math.inf
    assert Interval(1e200, 1e200).square() - UNBOUNDED == UNBOUNDED
    with pytest.raises(ValueError, match="no interval"):
        Interval(1.0, 0.0)


def test_caps_keep_signs():
    assert Interval(-3.0, 9.0).capped(5.0) == Interval(-3.0, 5.0)
    assert Interval(2.0, math.inf).capped(5.0) == Interval(2.0, 5.0)


def test_an_operation_without_a_rule_is_no_operation():
    with pytest.raises(TypeError, match="Unruled needs a rule"):

        class Unruled(TensorOp, name="unruled"):
            """Registered without an interval."""

    assert "unruled" not in TensorOp.REGISTRY
