"""Where in the user's program an operation stands.

TFF keeps no such thing: what it serializes has neither tracebacks nor line numbers. While a program is traced by TFF
(its decorators run when the program's module is executed), ``install_source_tracking`` adds them:

- every TensorFlow operation gets an attribute with the innermost line of the stack that is the user's (of what a
  library's aggregator computes, TFF's or ours, that is the line that asks for the aggregator);
- every operator of a federated computation is bound to a name that is unique in the process, and a table has its line;
- every federated computation gets an attribute with the line and the parameter names of the Python function it is from.

What was traced before is looked for in the modules that are loaded: see ``definitions.py``.
"""

from __future__ import annotations

import ast
import inspect
import itertools
import json
import linecache
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, wraps
from pathlib import Path
from typing import Any

import tensorflow as tf
import tensorflow_federated as tff
from tensorflow.core.framework import attr_value_pb2
from tensorflow.python.framework import ops
from tensorflow_federated.python.core.impl.federated_context.federated_computation_context import (
    FederatedComputationContext,
)

from ezprivsecfl.cells import is_cell, lasting
from ezprivsecfl.errors import Location

OPERATION_ATTRIBUTE = "_ezprivsecfl_source"
COMPUTATION_ATTRIBUTE = "_ezprivsecfl_definition"


@dataclass(frozen=True)
class Definition:
    """The Python function that a federated computation was made of; without a name if a library made it."""

    name: str
    location: Location
    parameters: tuple[str, ...]


class _Tracing(threading.local):
    """Whether the thread is inside the body of a TensorFlow computation of a TFF program."""

    active = False


_tracing = _Tracing()
_symbols: dict[str, Location] = {}
_counter = itertools.count()


@cache
def install_source_tracking() -> None:
    """Makes TFF remember source lines from now on; call it before the program's module is executed.

    What TFF or TensorFlow no longer have in another release is left out: then locations are coarser.
    """
    for install in (_track_federated, _track_tensorflow):
        try:
            install()
        except AttributeError:
            continue


def symbol_location(name: str) -> Location | None:
    """The place where the value of that name in a federated computation was made."""
    return _symbols.get(name)


def operation_location(op: Any, fallback: Location) -> Location:
    """The place of a TensorFlow operation; ``fallback`` if it does not carry its own."""
    try:
        file, line = json.loads(op.get_attr(OPERATION_ATTRIBUTE))
    except ValueError:  # what TensorFlow raises for an attribute that is not there
        file, line = fallback.file, fallback.line
    return Location(file, line, op.type)


def definition_of(computation: Any) -> Definition | None:
    """The function that a computation was made of, if it was made while tracking."""
    found: Definition | None = getattr(computation, COMPUTATION_ATTRIBUTE, None)
    return found


def user_line(frames: Iterable[tuple[str, int]]) -> tuple[str, int] | None:
    """The first frame, innermost first, that is in no library; of a decorator there the function that it is of."""
    return next(((lasting(file), _written(file, line)) for file, line in frames if not is_library(file)), None)


def _written(file: str, line: int) -> int:
    """The line that a user means: Python counts a function from its first decorator on, and calls these there."""
    return _decorated(file).get(line, line)


@cache
def _decorated(file: str) -> dict[int, int]:
    """By line of a decorator in a file that of the function or class below; cells of a notebook are files, too."""
    try:
        tree = ast.parse("".join(linecache.getlines(file)))
    except (SyntaxError, ValueError):
        return {}
    return {
        line: node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        for decorator in node.decorator_list
        for line in range(decorator.lineno, (decorator.end_lineno or decorator.lineno) + 1)
    }


@cache
def is_library(file: str) -> bool:
    """Whether a file is part of Python, of an installed package, of this front end, or one of our aggregators."""
    if is_cell(file) or file.startswith("<"):
        return not is_cell(file)
    here, path = Path(__file__).resolve(), Path(file)
    if not {"site-packages", "dist-packages"}.isdisjoint(path.parts):
        return True
    roots = {here.parent, here.parents[2] / "aggregators", Path(inspect.__file__).parent}
    roots |= {Path(module.__file__).parents[1] for module in (tf, tff)}
    return not roots.isdisjoint((*path.parents, *path.resolve().parents))


def _python_frames() -> Iterator[tuple[str, int]]:
    frame = sys._getframe(1)
    while frame is not None:
        yield frame.f_code.co_filename, frame.f_lineno
        frame = frame.f_back  # type: ignore[assignment]


def _track_federated() -> None:
    wrapper = tff.federated_computation
    trace = wrapper._wrapper_fn

    @wraps(trace)
    def tracked(function: Any, *args: Any, **kwargs: Any) -> Any:
        computation = trace(function, *args, **kwargs)
        definition = _definition(function) or _caller()
        if definition is not None:
            setattr(computation, COMPUTATION_ATTRIBUTE, definition)
        return computation

    start, bind = FederatedComputationContext.__init__, FederatedComputationContext.bind_computation_to_reference

    @wraps(start)
    def unique(self: Any, context_stack: Any, suggested_name: str | None = None, parent: Any = None) -> None:
        start(self, context_stack, f"{suggested_name or 'FEDERATED'}_{next(_counter)}", parent)

    @wraps(bind)
    def located(self: Any, *args: Any, **kwargs: Any) -> Any:
        reference = bind(self, *args, **kwargs)
        found = user_line(_python_frames())
        if found is not None:
            _symbols[reference.name] = Location(*found)
        return reference

    wrapper._wrapper_fn = tracked
    FederatedComputationContext.__init__ = unique
    FederatedComputationContext.bind_computation_to_reference = located


def _definition(function: Any) -> Definition | None:
    target = inspect.unwrap(getattr(function, "python_function", function))
    code = getattr(target, "__code__", None)
    if code is None or is_library(code.co_filename):
        return None
    names = tuple(inspect.signature(getattr(function, "python_function", function)).parameters)
    line = _written(code.co_filename, code.co_firstlineno)
    return Definition(target.__name__, Location(lasting(code.co_filename), line), names)


def _caller() -> Definition | None:
    # A library's function, such as the next of an aggregator: what matters is where the user asked for it.
    found = user_line(_python_frames())
    return Definition("", Location(*found), ()) if found else None


def _track_tensorflow() -> None:
    wrapper = tff.tensorflow.computation
    trace, create = wrapper._wrapper_fn, ops.Graph._create_op_internal

    @wraps(trace)
    def tracked(function: Any, *args: Any, **kwargs: Any) -> Any:
        with _active():
            return trace(function, *args, **kwargs)

    @wraps(create)
    def located(self: Any, *args: Any, **kwargs: Any) -> Any:
        op = create(self, *args, **kwargs)
        if _tracing.active:
            _mark(op)
        return op

    wrapper._wrapper_fn = tracked
    ops.Graph._create_op_internal = located


@contextmanager
def _active() -> Iterator[None]:
    before, _tracing.active = _tracing.active, True
    try:
        yield
    finally:
        _tracing.active = before


def _mark(op: Any) -> None:
    # TensorFlow's own traceback leads through functions that AutoGraph has rewritten to the user's lines.
    found = user_line((frame.filename, frame.lineno) for frame in reversed(list(op.traceback)))
    if found is not None:
        value = attr_value_pb2.AttrValue(s=json.dumps(found).encode())
        op._set_attr(OPERATION_ATTRIBUTE, value)
