"""What users write on the command line, or in Python as text, and what is refused."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from ezprivsecfl.compiler import grammar
from ezprivsecfl.compiler.parameter_bounds import Bound
from ezprivsecfl.errors import CompileError

READ: list[tuple[Callable[[str], object], str, object]] = [
    (grammar.relu_degree, "exact", None),
    (grammar.relu_degree, "poly:6", 6),
    (grammar.sketch_sums, "exact", None),
    (grammar.sketch_sums, "sketch:4096", 4096),
    (grammar.bound, "a/b=2", ("a/b", 2.0)),
    (grammar.bound, "0:3", ("", (0.0, 3.0))),
    (grammar.bound, "a=-2:2", ("a", (-2.0, 2.0))),
    (grammar.norm_bound, "a/b=2", ("a/b", 2.0)),
    (grammar.norm_bound, "0.5", ("", 0.5)),
    (grammar.server_input, "model/bias=public", ("model/bias", "public")),
    (grammar.server_input, "root=server1", ("root", "server1")),
]


@pytest.mark.parametrize(("read", "text", "value"), READ)
def test_what_is_written(read: Callable[[str], object], text: str, value: object) -> None:
    assert read(text) == value


@pytest.mark.parametrize("kind", ["", "poly", "poly:", "poly:3", "poly:10", "poly:04", "cubic", "exact:2"])
def test_what_is_no_relu(kind: str) -> None:
    with pytest.raises(CompileError, match=f"^--relu {kind}: expected exact or poly:DEGREE with DEGREE 2, 4, 6 or 8$"):
        grammar.relu_degree(kind)


@pytest.mark.parametrize(
    "kind", ["", "sketch", "sketch:", "sketch:60", "sketch:66", "sketch:-64", "sketch:6.4e1", "ams:64"]
)
def test_what_is_no_sketch(kind: str) -> None:
    with pytest.raises(CompileError, match=f"^--norms {kind}: expected exact or sketch:K with .* K from 64 on"):
        grammar.sketch_sums(kind)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a=", "expected \\[PARAMETER=\\]NUMBER"),
        ("a=1:x", "or \\[PARAMETER=\\]LOWEST:HIGHEST"),
        ("a=-1", "must be positive"),
        ("a=3:2", "lowest value must be above -2 and below 2"),
    ],
)
def test_what_is_no_bound(text: str, message: str) -> None:
    with pytest.raises(CompileError, match=f"^--bound {text}: .*{message}"):
        grammar.bound(text)


@pytest.mark.parametrize("lowest", [-17.0, -16.0, -15.5, 0.0, 15.5, 16.0, math.nan])
@pytest.mark.parametrize("highest", [16.0, 0.0, 2.0**53, math.nan])
def test_what_is_read_is_a_bound(lowest: float, highest: float) -> None:
    try:
        key, interval = grammar.bound(f"{lowest}:{highest}")
    except CompileError:
        with pytest.raises(CompileError):
            Bound.of((lowest, highest))
    else:
        assert (key, Bound.of(interval)) == ("", Bound.of((lowest, highest)))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a=", r"--norm-bound a=: expected \[PARAMETER=\]NUMBER, a norm, not ''"),
        ("a=wide", "--norm-bound a=wide: expected"),
        ("a=0:1", "--norm-bound a=0:1: expected"),
        ("a=0", "--norm-bound a=0: a norm must be positive and finite, not 0"),
        ("-1", "--norm-bound -1: a norm must be positive"),
        ("nan", "--norm-bound nan: a norm must be positive"),
        ("inf", "--norm-bound inf: a norm must be positive"),
    ],
)
def test_what_is_no_norm(text: str, message: str) -> None:
    with pytest.raises(CompileError, match=message):
        grammar.norm_bound(text)


@pytest.mark.parametrize("text", ["root", "=server0", "root=server2", "root="])
def test_who_knows_no_parameter(text: str) -> None:
    with pytest.raises(CompileError, match=f"--server-input {text}: expected a parameter .* one of public, server0"):
        grammar.server_input(text)
