from __future__ import annotations

import numpy as np
import pytest

from ezprivsecfl.errors import InputError
from ezprivsecfl.ir.interpreter import evaluate_ops, run_tensor
from ezprivsecfl.ir.op import Array, Environment
from ezprivsecfl.ir.program import Level, Program
from ezprivsecfl.ir.text import parse_program

MEAN = """
program @mean (clients <= 4) tensor {
  %x = input {path = "updates", placement = clients, bound = 8.0, type = secret<f32[n, 2]>}
  %w = input {path = "scale", placement = server, bound = none, type = public<i32[]>}
  %sum = sum %x {axes = [0]}
  %n = clients {dtype = f32}
  %mean = div %sum, %n
  %f = cast %w {dtype = f32}
  %r = mul %mean, %f
  output %r {path = "result"}
  output %w {path = "scale"}
}
"""


@pytest.fixture
def mean() -> Program:
    return parse_program(MEAN)


def test_run(mean: Program) -> None:
    updates = np.array([[1, 2], [3, 4], [5, 9]], dtype=np.float32)
    outputs = run_tensor(mean, {"updates": updates, "scale": np.array(2, dtype=np.int32)}, 3)
    assert list(outputs) == ["result", "scale"]
    np.testing.assert_array_equal(outputs["result"], [6.0, 10.0])
    assert outputs["result"].dtype == np.float64
    assert outputs["scale"] == 2


def test_outputs_are_copies() -> None:
    program = parse_program(
        'program @id tensor {\n %0 = input {path = "x", placement = server, bound = none, type = public<f64[2]>}\n'
        ' %1 = broadcast %0 {shape = [2]}\n output %0 {path = "a"}\n output %1 {path = "b"}\n}'
    )
    x = np.zeros(2)
    outputs = evaluate_ops(program, {"x": x}, Environment(clients=1))
    for value in outputs.values():
        value += 1
    np.testing.assert_array_equal(x, [0.0, 0.0])


def test_infinities_are_silent() -> None:
    program = parse_program(
        "program @inf tensor {\n %0 = constant {value = array<f64[2]> [1e308, 1e308], dtype = f64}\n"
        ' %1 = sum %0 {axes = [0]}\n %2 = cast %1 {dtype = i64}\n output %1 {path = "r"}\n}'
    )
    with np.errstate(all="raise"):
        assert run_tensor(program, {}, 1)["r"] == np.inf


GOOD = {"updates": np.zeros((3, 2)), "scale": np.array(1)}


@pytest.mark.parametrize(
    ("change", "clients", "message"),
    [
        ({"updates": None}, 3, "input 'updates' is missing: mean takes 'updates', 'scale'"),
        ({"root": np.zeros(2)}, 3, "unknown input 'root': mean takes 'updates', 'scale'"),
        ({"updates": np.zeros((2, 2))}, 3, "input 'updates' has shape [2, 2], expected [3, 2]"),
        ({"updates": np.zeros(3)}, 3, "input 'updates' has shape [3], expected [3, 2]"),
        ({"scale": np.array(0.5)}, 3, "input 'scale' holds float64, expected i32"),
        ({"updates": np.full((3, 2), "a")}, 3, "input 'updates' holds <U1, expected f32"),
        ({}, 5, "mean is for at most 4 clients, not 5"),
        ({}, 0, "mean: a round needs at least 1 client, not 0"),
    ],
)
def test_bad_inputs(mean: Program, change: dict[str, Array | None], clients: int, message: str) -> None:
    inputs = {path: value for path, value in {**GOOD, **change}.items() if value is not None}
    with pytest.raises(InputError) as error:
        run_tensor(mean, inputs, clients)
    assert str(error.value) == message


def test_other_levels_are_refused() -> None:
    with pytest.raises(ValueError, match="p is a program of the mpc level"):
        run_tensor(Program("p", Level.MPC, None, ()), {}, 1)


def test_wires_of_a_single_number_stay_one() -> None:
    program = parse_program(
        'program @one mpc {\n %0 = public {path = "x", bound = 8.0, type = ring<4>[1]}\n %1 = to_yao %0 {width = 8}\n'
        ' %2 = reshape %1 {shape = []}\n %3 = from_yao %2\n %4 = open %3\n output %4 {path = "r"}\n}'
    )
    (opened,) = evaluate_ops(program, {"x": np.array([40], dtype=np.uint64)}, Environment(clients=1)).values()
    assert opened.shape == ()
    assert opened == 40
