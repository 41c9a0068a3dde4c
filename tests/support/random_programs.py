"""Random programs of the tensor level, as a front end would trace them: operations and idioms, composed by type.

Everything is drawn from a ``random.Random``: hypothesis gives one whose choices shrink, ``scripts/fuzz-programs`` one
with a seed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from random import Random

import numpy as np

from ezprivsecfl.errors import Location, VerifyError
from ezprivsecfl.ir.op import Value
from ezprivsecfl.ir.program import Level, Program, ProgramBuilder
from ezprivsecfl.ir.rewrite import drop_unused
from ezprivsecfl.ir.tensor import Constant, Input, Output, Placement, ordering
from ezprivsecfl.ir.tensor import elementwise as ew
from ezprivsecfl.ir.tensor import structure as st
from ezprivsecfl.ir.tensor.values import tensor_type
from ezprivsecfl.ir.types import CLIENTS_DIM, DType, Secrecy, Shape, TensorType

N = CLIENTS_DIM
NEXT = "next/"
"""Results with this prefix are the state: inputs of the next round."""

FLOAT, INT, BOOL = DType.F32, DType.I32, DType.BOOL
CONSTANTS = (0.5, 1.0, 2.0, 3.0, -1.0, 0.1, 0.01, 1e-3, 1e-6, 10.0, 0.0)
UNARY = (ew.Neg, ew.Abs, ew.Sign, ew.Relu, ew.Square)
BINARY = (ew.Add, ew.Sub, ew.Mul, ew.Maximum, ew.Minimum, ew.Add, ew.Mul)
COMPARE = (ew.Less, ew.LessEqual, ew.Greater, ew.GreaterEqual, ew.Equal, ew.NotEqual)
SMOOTH = (ew.Exp, ew.Sigmoid, ew.Tanh, ew.Erf, ew.Softplus)
ON_INTEGERS = (ew.BitAnd, ew.BitOr, ew.BitXor, ew.ShiftRight, ew.FloorDiv, ew.FloorMod)
ON_PUBLIC = (ew.Exp, ew.Log, ew.Floor, ew.Ceil, ew.RoundEven)


class SkipError(Exception):
    """There are no operands for what was drawn."""


class RandomProgram:
    """Grows one program.

    Args:
        random: What decides.
        steps: How many operations or idioms are added to the inputs.
    """

    def __init__(self, random: Random, steps: int) -> None:
        self.random = random
        self.b = ProgramBuilder("random", Level.TENSOR)
        self.values: list[Value] = []
        self.line = 0
        self.state: list[tuple[str, Value]] = []
        self._inputs()
        for _ in range(steps):
            self._step()
        self._outputs()

    def program(self) -> Program:
        """The finished program."""
        return self.b.build()

    # Inputs and outputs.

    def _inputs(self) -> None:
        d = self.random.choice((1, 2, 3, 4, 6, 12))  # of more than 8 entries clients prove the norm alone
        self.d = d
        self.client("x", (d,))
        for path, likely in (("w", 0.7), ("count", 0.3), ("y", 0.3), ("flag", 0.15), ("m", 0.15)):
            if self.random.random() < likely:
                dtype = INT if path == "count" and self.random.random() < 0.5 else BOOL if path == "flag" else FLOAT
                shape = {"y": (d,), "m": (d, self.random.choice((2, 3)))}.get(path, ())
                self.client(path, shape, dtype)
        for path, shape in (("g", (d,)), ("s", ())):
            if self.random.random() < 0.35:
                value = self.server(path, shape)
                if self.random.random() < 0.5:
                    self.state.append((path, value))

    def client(self, path: str, shape: Shape, dtype: DType = FLOAT) -> Value:
        """A CLIENTS-placed input."""
        type_ = TensorType((N, *shape), dtype, Secrecy.SECRET)
        return self._input(path, Placement.CLIENTS, type_)

    def server(self, path: str, shape: Shape) -> Value:
        """A SERVER-placed input."""
        return self._input(path, Placement.SERVER, TensorType(shape, FLOAT, Secrecy.PUBLIC))

    def _input(self, path: str, placement: Placement, type_: TensorType) -> Value:
        value = self.b.add(Input, path=path, placement=placement, bound=None, type=type_)
        self.values.append(value)
        return value

    def _outputs(self) -> None:
        """Returns what nothing uses, and sometimes more; values of clients are first reduced."""
        uses = self.b.build().uses()
        last = [v for v in self.values if not uses[v] and v.type.shape is not None][-4:]
        some = [v for v in self.values if self.random.random() < 0.1]
        count = 0
        for path, state in self.state:
            new = [v for v in self.values if v.type.shape == state.type.shape and dtype_of(v) is FLOAT]
            self.b.append(Output(operands=(new[-1],), path=f"{NEXT}{path}", location=self._place("Output")))
        for value in dict.fromkeys([*last, *some][: self.random.choice((1, 2, 3, 5))]):
            result = value
            if N in value.type.shape:
                try:
                    result = self.aggregate(value)
                except (SkipError, VerifyError):
                    continue
            if isinstance(result.op, Constant) or N in result.type.shape:
                continue
            self.b.append(Output(operands=(result,), path=f"result{count}", location=self._place("Output")))
            count += 1

    # Steps.

    def _step(self) -> None:
        recipe = self.random.choice(RECIPES)
        self.line += 1
        with self.b.at(self._place(recipe.__name__.strip("_"))):
            try:
                made = recipe(self)
            except (SkipError, VerifyError):
                return
        if math.prod(4 if d == N else int(d) for d in made.type.shape) <= 4 * 64:
            self.values.append(made)

    def _place(self, what: str) -> Location:
        return Location("random.py", self.line, what)

    def add(self, kind: type, *operands: Value, **attributes: object) -> Value:
        """Adds an operation."""
        return self.b.add(kind, *operands, **attributes)

    def constant(self, value: object, dtype: DType = FLOAT) -> Value:
        """A constant."""
        return self.add(Constant, value=np.asarray(value), dtype=dtype)

    def pick(self, fits: Callable[[Value], bool]) -> Value:
        """A value that fits, more likely a late one."""
        found = [v for v in self.values if fits(v)]
        if not found:
            raise SkipError
        return found[max(self.random.randrange(len(found)), self.random.randrange(len(found)))]

    def numbers(self, fits: Callable[[Shape], bool] = lambda shape: True) -> Value:
        """A float value whose shape fits."""
        return self.pick(lambda v: dtype_of(v) is FLOAT and fits(v.type.shape))

    def like(self, value: Value) -> Value:
        """A float value of the same shape, or a scalar or constant that broadcasts."""
        draw = self.random.random()
        if draw < 0.2:
            return self.constant(self.random.choice(CONSTANTS))
        if draw < 0.35:
            return self.numbers(lambda s: s == ())
        if draw < 0.5 and value.type.shape[:1] == (N,) and len(value.type.shape) > 1:
            return self.column(self.numbers(lambda s: s == (N,)), len(value.type.shape))
        return self.numbers(lambda s: s == value.type.shape)

    def vectors(self) -> Value:
        """One vector for every client."""
        return self.numbers(lambda s: s == (N, self.d))

    def scalars(self) -> Value:
        """One number for every client."""
        return self.numbers(lambda s: s == (N,))

    def column(self, scalars: Value, rank: int = 2) -> Value:
        """Numbers of clients that broadcast along the other axes."""
        return self.add(st.Reshape, scalars, shape=(N, *(1,) * (rank - 1)))

    def spread(self, value: Value, shape: Shape) -> Value:
        """A value without clients axis as one that clients' values may meet."""
        return self.add(st.Broadcast, value, shape=shape)

    def all_but_clients(self, value: Value) -> tuple[int, ...]:
        """The axes of every client's entry."""
        return tuple(i for i, d in enumerate(value.type.shape) if d != N)

    def squares(self, value: Value) -> Value:
        """Sum of squares per client (or of everything)."""
        kind = self.random.random() < 0.5
        square = self.add(ew.Square, value) if kind else self.add(ew.Mul, value, value)
        return self.add(st.Sum, square, axes=self.all_but_clients(value))

    def norm(self, value: Value) -> Value:
        """Euclidean norm per client (or of everything)."""
        return self.add(ew.Sqrt, self.squares(value))

    def total(self, value: Value) -> Value:
        """Sum over clients."""
        return self.add(st.Sum, value, axes=(value.type.shape.index(N),))

    def clients(self) -> Value:
        """How many there are."""
        return self.add(st.Clients, dtype=FLOAT)

    def mean(self, value: Value) -> Value:
        """Mean over clients."""
        return self.add(ew.Div, self.total(value), self.clients())

    def divide(self, x: Value, y: Value) -> Value:
        """One of the ways that programs divide."""
        draw = self.random.randrange(6)
        if draw == 0:
            return self.add(ew.DivNoNan, x, y)
        if draw == 1:
            return self.add(ew.Div, x, self.add(ew.Maximum, y, self.constant(self.random.choice((1e-6, 1e-3, 1.0)))))
        if draw == 2:
            return self.add(ew.Div, x, self.add(ew.Add, y, self.constant(self.random.choice((1e-6, 1e-3, 1.0)))))
        if draw == 3:
            positive = self.add(ew.Greater, y, self.constant(0.0))
            quotient = self.add(ew.Div, x, y)
            return self.add(ew.Select, positive, quotient, self.constant(self.random.choice((0.0, 1.0))))
        if draw == 4:
            return self.add(ew.Mul, x, self.add(ew.Reciprocal, y))
        return self.add(ew.Div, x, y)

    def aggregate(self, value: Value) -> Value:
        """Clients' values as the server's."""
        if dtype_of(value) is BOOL:
            return self.total(self.add(ew.Cast, value, dtype=self.random.choice((INT, FLOAT))))
        draw = self.random.random()
        if dtype_of(value) is INT or draw < 0.35 or value.type.shape[0] != N:
            return self.total(value)
        if draw < 0.6:
            return self.mean(value)
        if draw < 0.7:
            kind = self.random.choice((st.ReduceMax, st.ReduceMin))
            return self.add(kind, value, axes=(0,))
        return self.weighted_mean(value)

    def weighted_mean(self, value: Value) -> Value:
        """Mean over clients, weighted by one of their numbers."""
        weights = self.weights()
        rank = len(value.type.shape)
        weighted = self.add(ew.Mul, value, self.column(weights, rank) if rank > 1 else weights)
        total = self.total(weights)
        return self.add(self.random.choice((ew.Div, ew.DivNoNan)), self.total(weighted), total)

    def weights(self) -> Value:
        """A number of every client, perhaps made non-negative."""
        value = self.pick(lambda v: v.type.shape == (N,))
        if dtype_of(value) is not FLOAT:
            return self.add(ew.Cast, value, dtype=FLOAT)
        draw = self.random.random()
        return self.add(self.random.choice((ew.Relu, ew.Abs, ew.Square)), value) if draw < 0.3 else value

    # Operations.

    def _unary(self) -> Value:
        return self.add(self.random.choice(UNARY), self.numbers())

    def _root(self) -> Value:
        x = self.numbers()
        kind = self.random.choice((ew.Square, ew.Abs, ew.Relu))
        under = self.add(kind, x)
        if self.random.random() < 0.3:
            return self.add(ew.Rsqrt, self.add(ew.Add, under, self.constant(self.random.choice((1e-6, 1e-3, 1.0)))))
        return self.add(ew.Sqrt, under)

    def _smooth(self) -> Value:
        return self.add(self.random.choice(SMOOTH), self.numbers())

    def _real_power(self) -> Value:
        x, exponent = self.numbers(), self.random.choice((1.5, 0.3, 2.7, -0.5, -1.2))
        positive = self.add(self.random.choice((ew.Abs, ew.Relu, ew.Exp)), x)
        return self.add(ew.Pow, positive, self.constant(exponent))

    def _softmax(self) -> Value:
        x = self.vectors()
        largest = self.column(self.add(st.ReduceMax, x, axes=(1,)))
        below = self.add(ew.Minimum, self.add(ew.Sub, x, largest), self.constant(0.0))
        exponentials = self.add(ew.Exp, below)
        return self.divide(exponentials, self.column(self.add(st.Sum, exponentials, axes=(1,))))

    def _binary(self) -> Value:
        x = self.numbers()
        operands = [x, self.like(x)]
        if self.random.random() < 0.3:
            operands.reverse()
        return self.add(self.random.choice(BINARY), *operands)

    def _integers(self) -> Value:
        x = self.pick(lambda v: dtype_of(v) is INT)
        if self.random.random() < 0.5:
            y = self.constant(self.random.choice((0, 1, 2, 5)), INT)
        else:
            y = self.pick(lambda v: dtype_of(v) is INT and v.type.shape == x.type.shape)
        return self.add(self.random.choice((*BINARY, *COMPARE, *ON_INTEGERS)), x, y)

    def _compare(self) -> Value:
        x = self.numbers()
        return self.add(self.random.choice(COMPARE), x, self.like(x))

    def _logical(self) -> Value:
        x = self.pick(lambda v: dtype_of(v) is BOOL)
        if self.random.random() < 0.3:
            return self.add(ew.Not, x)
        y = self.pick(lambda v: dtype_of(v) is BOOL and v.type.shape == x.type.shape)
        return self.add(self.random.choice((ew.And, ew.Or)), x, y)

    def _select(self) -> Value:
        x = self.numbers()
        shape = x.type.shape
        try:
            condition = self.pick(lambda v: dtype_of(v) is BOOL and v.type.shape == shape)
        except SkipError:
            condition = self.add(self.random.choice(COMPARE), x, self.like(x))
        return self.add(ew.Select, condition, x, self.like(x))

    def _cast(self) -> Value:
        x = self.pick(lambda v: True)
        others = [t for t in (FLOAT, INT, BOOL) if t is not dtype_of(x)]
        return self.add(ew.Cast, x, dtype=self.random.choice(others if dtype_of(x) is not FLOAT else [INT, INT, BOOL]))

    def _reduce(self) -> Value:
        x = self.numbers(lambda s: s != ())
        axes = [i for i in range(len(x.type.shape)) if self.random.random() < 0.5] or [len(x.type.shape) - 1]
        kind = self.random.choice((st.Sum, st.Sum, st.ReduceMax, st.ReduceMin))
        return self.add(kind, x, axes=tuple(axes))

    def _reduce_bool(self) -> Value:
        x = self.pick(lambda v: dtype_of(v) is BOOL and v.type.shape != ())
        axes = (self.random.randrange(len(x.type.shape)),)
        return self.add(self.random.choice((st.ReduceAny, st.ReduceAll)), x, axes=axes)

    def _transpose(self) -> Value:
        x = self.numbers(lambda s: len(s) > 1)
        permutation = list(range(len(x.type.shape)))
        self.random.shuffle(permutation)
        return self.add(st.Transpose, x, permutation=tuple(permutation))

    def _reshape(self) -> Value:
        x = self.numbers(lambda s: s != ())
        shape = list(x.type.shape)
        if 1 in shape and self.random.random() < 0.5:
            shape.remove(1)
        else:
            shape.insert(self.random.randint(0, len(shape)), 1)
        return self.add(st.Reshape, x, shape=tuple(shape))

    def _flatten(self) -> Value:
        x = self.numbers(lambda s: len(s) > 2 and s[0] == N)
        return self.add(st.Reshape, x, shape=(N, math.prod(int(d) for d in x.type.shape[1:])))

    def _slice(self) -> Value:
        x = self.numbers(lambda s: any(d != N and d > 1 for d in s))
        starts, sizes, strides = [], [], []
        for d in x.type.shape:
            if d == N:
                starts, sizes, strides = [*starts, 0], [*sizes, N], [*strides, 1]
                continue
            size = self.random.randint(1, int(d))
            start = self.random.randint(0, int(d) - size)
            backwards = self.random.random() < 0.3
            starts.append(start + size - 1 if backwards else start)
            sizes.append(size)
            strides.append(-1 if backwards else 1)
        return self.add(st.Slice, x, starts=tuple(starts), sizes=tuple(sizes), strides=tuple(strides))

    def _take(self) -> Value:
        x = self.numbers(lambda s: any(d != N for d in s))
        axis = self.random.choice([i for i, d in enumerate(x.type.shape) if d != N])
        size = int(x.type.shape[axis])
        positions = [self.random.randrange(size) for _ in range(self.random.randint(1, size + 1))]
        return self.add(st.Take, x, axis=axis, positions=np.array(positions))

    def _concat(self) -> Value:
        x = self.numbers(lambda s: any(d != N for d in s))
        y = self.numbers(lambda s: s == x.type.shape)
        axis = self.random.choice([i for i, d in enumerate(x.type.shape) if d != N])
        return self.add(st.Concat, x, y, axis=axis)

    def _broadcast(self) -> Value:
        x = self.numbers(lambda s: len(s) < 3)
        size, shape = self.random.choice((2, 3)), x.type.shape
        if shape[:1] != (N,) or self.random.random() < 0.2:
            return self.spread(x, (size, *shape))
        column = self.add(st.Reshape, x, shape=(N, 1, *shape[1:]))
        return self.spread(column, (N, size, *shape[1:]))

    def _matmul(self) -> Value:
        x = self.numbers(lambda s: len(s) == 2)
        swapped = self.add(st.Transpose, x, permutation=(1, 0))
        draw = self.random.random()
        if draw < 0.4:
            y = self.numbers(lambda s: len(s) == 2 and s[0] == x.type.shape[0])
            return self.add(st.MatMul, swapped, y)
        if draw < 0.7 and x.type.shape[0] == N:
            return self.add(st.MatMul, self.add(st.Reshape, self.scalars(), shape=(1, N)), x)
        if draw < 0.9 and x.type.shape[1] != N:
            size = (int(x.type.shape[1]), 2)
            values = [[self.random.choice((-1.0, 0.25, 0.5, 2.0, 0.1)) for _ in range(2)] for _ in range(size[0])]
            return self.add(st.MatMul, x, self.constant(values))
        return self.add(st.MatMul, x, swapped)

    def _public(self) -> Value:
        x = self.numbers(lambda s: N not in s)
        return self.add(self.random.choice(ON_PUBLIC), x)

    def _scale(self) -> Value:
        x = self.numbers()
        kind = self.random.choice((ew.Mul, ew.Add, ew.Div, ew.Maximum, ew.Minimum, ew.Sub))
        values = [c for c in CONSTANTS if c or kind is not ew.Div]
        return self.add(kind, x, self.constant(self.random.choice(values)))

    def _rounded(self) -> Value:
        return self.add(self.random.choice((ew.Floor, ew.Ceil, ew.RoundEven)), self.numbers())

    def _largest(self) -> Value:
        x = self.pick(lambda v: dtype_of(v) is not BOOL and v.type.shape[-1:] not in ((), (N,)))
        size = int(x.type.shape[-1])
        count = self.random.choice((1, size, self.random.randint(1, size)))
        if self.random.random() < 0.5:
            return self.add(ordering.TopValues, x, count=count)
        places = self.add(ordering.TopIndices, x, count=count)
        return places if self.random.random() < 0.3 else self.add(ew.Cast, places, dtype=FLOAT)

    # Idioms.

    def _sorted_by_size(self) -> Value:
        """Both the largest entries and where they were, put back there."""
        x = self.vectors()
        size, count = int(x.type.shape[-1]), self.random.randint(1, int(x.type.shape[-1]))
        values = self.add(ordering.TopValues, x, count=count)
        rows = self.add(st.Reshape, self.add(ordering.TopIndices, x, count=count), shape=(*x.type.shape[:-1], count, 1))
        hot = self.add(ew.Equal, rows, self.constant(list(range(size)), INT))
        row = self.add(st.Reshape, values, shape=(*x.type.shape[:-1], 1, count))
        found = self.add(st.MatMul, row, self.add(ew.Cast, hot, dtype=FLOAT))
        return self.add(st.Reshape, found, shape=x.type.shape)

    def _one_hot(self) -> Value:
        x = self.pick(lambda v: dtype_of(v) is INT)
        column = self.add(st.Reshape, x, shape=(*x.type.shape, 1))
        hot = self.add(ew.Equal, column, self.constant(list(range(self.random.choice((2, 3)))), INT))
        return self.add(ew.Cast, hot, dtype=FLOAT)

    def _running_sum(self) -> Value:
        x = self.numbers(lambda s: s[-1:] not in ((), (N,)) and s[-1:] != (1,))
        *front, size = x.type.shape
        starts, strides = (0,) * len(front), (1,) * (len(front) + 1)
        first = self.add(st.Slice, x, starts=(*starts, 0), sizes=(*front, 1), strides=strides)
        before = self.add(st.Slice, x, starts=(*starts, 0), sizes=(*front, int(size) - 1), strides=strides)
        after = self.add(st.Slice, x, starts=(*starts, 1), sizes=(*front, int(size) - 1), strides=strides)
        return self.add(st.Concat, first, self.add(ew.Add, before, after), axis=len(front))

    def _normalise(self) -> Value:
        x = self.vectors()
        return self.divide(x, self.column(self.norm(x)))

    def _clip_by_norm(self) -> Value:
        x = self.vectors()
        norm, limit = self.norm(x), self.constant(self.random.choice((0.1, 1.0, 4.0)))
        if self.random.random() < 0.5:
            factor = self.add(ew.Minimum, self.constant(1.0), self.add(ew.Div, limit, norm))
        else:
            factor = self.add(ew.Div, limit, self.add(ew.Maximum, norm, limit))
        return self.add(ew.Mul, x, self.column(factor))

    def _clip_by_value(self) -> Value:
        x = self.numbers()
        limit = self.random.choice((0.1, 1.0, 4.0, 1e-3))
        return self.add(ew.Minimum, self.add(ew.Maximum, x, self.constant(-limit)), self.constant(limit))

    def _shares_of_total(self) -> Value:
        """t / Σt over the clients or over the entries."""
        x = self.scalars() if self.random.random() < 0.6 else self.vectors()
        kinds = (ew.Relu, ew.Abs, ew.Square, None)
        kind = self.random.choice(kinds)
        t = self.add(kind, x) if kind else x
        if len(t.type.shape) == 1 or self.random.random() < 0.5:
            return self.divide(t, self.total(t))
        return self.divide(t, self.column(self.add(st.Sum, t, axes=(1,))))

    def _quotient(self) -> Value:
        x = self.numbers()
        return self.divide(x, self.like(x))

    def _per_unit(self) -> Value:
        return self.divide(self.vectors(), self.column(self.weights()))

    def _standardise(self) -> Value:
        x = self.numbers(lambda s: s in ((N,), (N, self.d)))
        centred = self.add(ew.Sub, x, self.mean(x))
        variance = self.mean(self.add(ew.Square, centred))
        return self.divide(centred, self.add(ew.Sqrt, variance))

    def _variance(self) -> Value:
        x = self.numbers(lambda s: s in ((N,), (N, self.d)))
        if self.random.random() < 0.5:
            variance = self.mean(self.add(ew.Square, self.add(ew.Sub, x, self.mean(x))))
        else:
            variance = self.add(ew.Sub, self.mean(self.add(ew.Square, x)), self.add(ew.Square, self.mean(x)))
        return self.add(ew.Sqrt, variance) if self.random.random() < 0.4 else variance

    def _cosine(self) -> Value:
        x = self.vectors()
        y = self.numbers(lambda s: s in ((self.d,), (N, self.d)))
        dot = self.add(st.Sum, self.add(ew.Mul, x, y), axes=(1,))
        cosine = self.divide(dot, self.add(ew.Mul, self.norm(x), self.norm(y)))
        return self.add(ew.Relu, cosine) if self.random.random() < 0.5 else cosine

    def _weighted(self) -> Value:
        return self.weighted_mean(self.numbers(lambda s: s[:1] == (N,)))

    def _aggregate(self) -> Value:
        return self.aggregate(self.pick(lambda v: N in v.type.shape))

    def _power(self) -> Value:
        x = self.numbers()
        square = self.add(ew.Mul, x, x)
        return self.add(ew.Mul, square, square if self.random.random() < 0.3 else x)

    def _product_of_scalars(self) -> Value:
        x = self.numbers(lambda s: s in ((N,), ()))
        return self.add(ew.Mul, x, self.numbers(lambda s: s == x.type.shape))

    def _masked_mean(self) -> Value:
        x = self.vectors()
        scalars = self.scalars()
        keep = self.add(self.random.choice(COMPARE), scalars, self.like(scalars))
        kept = self.add(ew.Cast, keep, dtype=FLOAT)
        if self.random.random() < 0.5:
            masked = self.add(ew.Mul, x, self.column(kept))
        else:
            wide = self.spread(self.column(keep), x.type.shape)
            masked = self.add(ew.Select, wide, x, self.spread(self.constant(0.0), x.type.shape))
        count = self.total(kept)
        if self.random.random() < 0.5:
            return self.add(ew.DivNoNan, self.total(masked), count)
        return self.add(ew.Div, self.total(masked), self.add(ew.Maximum, count, self.constant(1.0)))

    def _count(self) -> Value:
        x = self.numbers(lambda s: s[:1] == (N,))
        condition = self.add(self.random.choice(COMPARE), x, self.like(x))
        return self.total(self.add(ew.Cast, condition, dtype=self.random.choice((INT, FLOAT))))

    def _weiszfeld(self) -> Value:
        """A step towards the geometric median."""
        x = self.vectors()
        centre = self.numbers(lambda s: s == (self.d,)) if self.random.random() < 0.5 else self.mean(x)
        distance = self.norm(self.add(ew.Sub, x, centre))
        inverse = self.add(
            ew.Div, self.constant(1.0), self.add(ew.Maximum, distance, self.constant(self.random.choice((1e-6, 1e-3))))
        )
        total = self.total(self.add(ew.Mul, x, self.column(inverse)))
        return self.add(ew.Div, total, self.total(inverse))

    def _largest_entry(self) -> Value:
        x = self.vectors()
        return self.divide(x, self.column(self.add(st.ReduceMax, self.add(ew.Abs, x), axes=(1,))))

    def _sign_scaled(self) -> Value:
        """The sign of every entry times the mean magnitude."""
        x = self.vectors()
        mean = self.add(ew.Div, self.add(st.Sum, self.add(ew.Abs, x), axes=(1,)), self.constant(float(self.d)))
        return self.add(ew.Mul, self.add(ew.Sign, x), self.column(mean))

    def _momentum(self) -> Value:
        """The next state of a process."""
        state = self.numbers(lambda s: s in ((), (self.d,)))
        update = self.numbers(lambda s: s == state.type.shape)
        return self.add(ew.Add, self.add(ew.Mul, state, self.constant(0.9)), update)


RECIPES: Sequence[Callable[[RandomProgram], Value]] = [
    getattr(RandomProgram, name)
    for name in vars(RandomProgram)
    if name.startswith("_")
    and not name.startswith("__")
    and name not in ("_inputs", "_input", "_outputs", "_step", "_place")
]


def dtype_of(value: Value) -> DType:
    """Element type."""
    return tensor_type(value).dtype


def random_program(random: Random, steps: int) -> Program:
    """A program with some operations or idioms beyond its inputs; a result depends on clients' values."""
    while True:
        live = drop_unused(RandomProgram(random, steps).program(), Output)
        if any(tensor_type(op.operands[0]).is_secret for op in live.of(Output)):
            return live
