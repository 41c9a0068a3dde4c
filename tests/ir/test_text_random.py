"""Random programs: the text form keeps everything, and what is read back computes the same."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ezprivsecfl.errors import InputError, Location, VerifyError
from ezprivsecfl.ir.interpreter import run_tensor
from ezprivsecfl.ir.op import Array, Value
from ezprivsecfl.ir.program import Level, Program, ProgramBuilder
from ezprivsecfl.ir.tensor import Constant, Input, Output, Placement, TensorOp
from ezprivsecfl.ir.tensor.noise import Noised, StandardNormal
from ezprivsecfl.ir.text import parse_program, print_program
from ezprivsecfl.ir.types import DType, Secrecy, Shape, TensorType
from ezprivsecfl.ir.verifier import verify

CLIENTS = 3
NUMPY = {"f32": np.float32, "f64": np.float64, "i32": np.int32, "i64": np.int64, "bool": np.bool_}
SPECIAL = [0.0, -0.0, np.inf, -np.inf, np.nan, 1e-45, 1e30, 0.1]

shapes = st.lists(st.integers(1, 3), max_size=3).map(tuple)
dtypes = st.sampled_from(list(DType))
locations = st.builds(Location, st.text(max_size=8), st.integers(0, 999), st.text(max_size=8))
bounds = st.none() | st.floats(min_value=0.0, allow_nan=False)
KINDS = [kind for kind in TensorOp.REGISTRY.values() if kind not in (Input, Constant, Output, Noised, StandardNormal)]
ARITIES = {"matmul": 2, "concat": 2, "clients": 0, "sum_of_ranks": 3}


def dtype_of(value: Value) -> DType:
    assert isinstance(value.type, TensorType)
    return value.type.dtype


@st.composite
def arrays(draw: st.DrawFn, shape: Shape, dtype: DType) -> Array:
    generator = np.random.default_rng(draw(st.integers(0, 9)))
    sizes = tuple(CLIENTS if d == "n" else int(d) for d in shape)
    values = generator.normal(scale=3.0, size=sizes)
    if dtype.is_float and draw(st.booleans()):
        values = np.where(generator.random(sizes) < 0.3, draw(st.sampled_from(SPECIAL)), values)
    with np.errstate(all="ignore"):
        return np.asarray(values > 0 if dtype is DType.BOOL else values).astype(NUMPY[dtype.value])


@st.composite
def attributes(draw: st.DrawFn, name: str, shape: Shape) -> dict[str, Any]:
    """Attributes that mostly fit an operand of some shape."""
    rank = len(shape)
    if name in ("sum", "reduce_max", "reduce_min", "reduce_any", "reduce_all"):
        return {"axes": tuple(draw(st.sets(st.integers(0, max(rank - 1, 0)), max_size=rank)))}
    if name == "reshape":
        return {"shape": draw(st.sampled_from([(*shape, 1), (1, *shape), tuple(d for d in shape if d != 1)]))}
    if name == "broadcast":
        return {"shape": (draw(st.integers(1, 3)), *shape)}
    if name == "transpose":
        return {"permutation": tuple(draw(st.permutations(range(rank))))}
    if name == "slice":
        reverse = draw(st.booleans())
        starts = tuple(int(d) - 1 if reverse and d != "n" else 0 for d in shape)
        return {"starts": starts, "sizes": shape, "strides": tuple(-1 if s else 1 for s in starts)}
    if name == "take":
        axis = draw(st.integers(0, max(rank - 1, 0)))
        sizes = [1 if d == "n" else int(d) for d in shape] or [1]
        positions = draw(st.lists(st.integers(0, max(sizes[axis] - 1, 0)), max_size=20))
        return {"axis": axis, "positions": np.array(positions, dtype=np.int64)}
    if name == "concat":
        return {"axis": draw(st.integers(0, max(rank - 1, 0)))}
    if name in ("top_values", "top_indices"):
        return {"count": draw(st.integers(1, 3))}
    if name == "stack":
        return {"clients": CLIENTS}
    if name == "sum_of_ranks":
        first = draw(st.integers(0, 2))
        return {"first": first, "last": draw(st.integers(first + 1, 3))}
    return {"dtype": draw(dtypes)} if name in ("cast", "clients") else {}


@st.composite
def programs(draw: st.DrawFn) -> tuple[Program, dict[str, Array]]:
    """A program and inputs for it."""
    limit = draw(st.none() | st.integers(CLIENTS, 99))
    builder = ProgramBuilder(draw(st.text(max_size=8)), Level.TENSOR, limit)
    values: list[Value] = []
    inputs: dict[str, Array] = {}
    for path in draw(st.lists(st.text(max_size=5), max_size=3, unique=True)):
        placement = draw(st.sampled_from(Placement))
        at_clients = placement is Placement.CLIENTS
        shape: Shape = ("n", *draw(shapes)) if at_clients else draw(shapes)
        type_ = TensorType(shape, draw(dtypes), Secrecy.SECRET if at_clients else Secrecy.PUBLIC)
        with builder.at(draw(locations)):
            values.append(builder.add(Input, path=path, placement=placement, bound=draw(bounds), type=type_))
        inputs[path] = draw(arrays(shape, type_.dtype))
    for _ in range(draw(st.integers(1, 3))):
        dtype = draw(dtypes)
        values.append(builder.add(Constant, value=draw(arrays(draw(shapes), dtype)), dtype=dtype))
    for kind in draw(st.lists(st.sampled_from(KINDS), min_size=3, max_size=15)):
        first = draw(st.sampled_from(values))
        alike = [v for v in values if dtype_of(v) is dtype_of(first)]
        operands = [first, draw(st.sampled_from(alike)), draw(st.sampled_from(alike))]
        if kind.name == "pow" and dtype_of(first).is_integer:
            continue  # numpy refuses negative exponents of integers
        if kind.name == "unstack" and first.type.shape[:1] != (CLIENTS,):
            continue  # only in a round of another number of clients
        if kind.name == "select":
            operands[0] = draw(st.sampled_from([v for v in values if dtype_of(v) is DType.BOOL] or [first]))
        if kind.name == "matmul" and len(first.type.shape) > 1:
            rank = len(first.type.shape)
            swapped = (*range(rank - 2), rank - 1, rank - 2)
            operands[1] = builder.add(TensorOp.REGISTRY["transpose"], first, permutation=swapped)
        arity = getattr(kind, "arity", ARITIES.get(kind.name, 1))
        try:
            with builder.at(draw(locations)):
                chosen = draw(attributes(kind.name, first.type.shape))
                values.append(builder.add(kind, *operands[:arity], **chosen))
        except VerifyError:
            continue  # types that do not fit
    for i, value in enumerate(v for v in values if "n" not in v.type.shape):
        builder.append(Output(operands=(value,), path=f"{i}"))
    return builder.build(), inputs


def everything(program: Program) -> list[Any]:
    """All that a program consists of, comparable."""
    number = {value: i for i, value in enumerate(r for op in program.ops for r in op.results)}
    parts: list[Any] = [program.name, program.level, program.max_clients]
    for op in program.ops:
        parts += [op.name, [number[o] for o in op.operands], [r.type for r in op.results], op.location]
        for key, value in op.attributes().items():
            is_array = isinstance(value, np.ndarray)
            parts.append((key, (value.dtype, value.shape, value.tobytes()) if is_array else (type(value), value)))
    return parts


@settings(derandomize=True, deadline=None, max_examples=300, suppress_health_check=list(HealthCheck))
@given(programs())
def test_text_keeps_everything(case: tuple[Program, dict[str, Array]]) -> None:
    program, inputs = case
    verify(program)
    text = print_program(program)
    parsed = parse_program(text)
    verify(parsed)
    assert print_program(parsed) == text
    assert everything(parsed) == everything(program)
    try:
        expected = run_tensor(program, inputs, CLIENTS)
    except InputError:  # a public factor that no round may have
        with pytest.raises(InputError):
            run_tensor(parsed, inputs, CLIENTS)
        return
    result = run_tensor(parsed, inputs, CLIENTS)
    assert result.keys() == expected.keys()
    for path, value in expected.items():
        assert result[path].dtype == value.dtype
        assert result[path].tobytes() == value.tobytes()
