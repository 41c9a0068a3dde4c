"""Clients that cannot take part are left out and named; the round is that of the others, with and without servers."""

from __future__ import annotations

import re

import numpy as np
import pytest
from on_duet import on_duet
from opened import assert_as_opened
from rounds import random_round
from small_programs import TensorProgram, fltrust, weighted_layers

from ezprivsecfl.backends.plain.program import PlainProgram
from ezprivsecfl.compiler.options import Options
from ezprivsecfl.compiler.parameter_bounds import ParameterBounds
from ezprivsecfl.compiler.pipeline import compile_program
from ezprivsecfl.errors import CompileError, DivisionError, InputError
from ezprivsecfl.ir.tensor import Constant
from ezprivsecfl.ir.tensor.elementwise import Mul, Sqrt, Sub
from ezprivsecfl.ir.tensor.structure import Sum
from ezprivsecfl.ir.types import DType

CLIENTS, SIZE = 6, 8


@pytest.fixture(params=["duet", "plain"])
def make(request, cluster):
    """Compiles a program for one of two back ends."""

    def compiled(program, on_bad_client="drop", bounds=()):
        made = compile_program(
            # Without proofs: with them a zero vector is not even uploaded, and of directions no bound is asked.
            program,
            Options(
                clients=CLIENTS, on_bad_client=on_bad_client, bounds=ParameterBounds.of(dict(bounds)), proofs=False
            ),
        )
        return on_duet(cluster, made) if request.param == "duet" else PlainProgram(made)

    return compiled


def changed(rows, **clients):
    """The rows of a round with some replaced: ``changed(rows, c3=...)``."""
    return {"updates": [clients.get(f"c{i}", row) for i, row in enumerate(rows)]}


BAD = {
    "zero": (np.zeros(SIZE), r"div .*is not finite for its values, or beyond the range"),
    "nan": (np.full(SIZE, np.nan), r"'updates' at \[0\] is nan: only finite numbers"),
    "infinite": (np.full(SIZE, -np.inf), r"is -inf: only finite numbers"),
    "out of bounds": (np.full(SIZE, 8.0), r"'updates' at \[0\] is 8, but the program was compiled for \|x\| < 8"),
    "too short": (np.ones(SIZE - 1), r"'updates' has shape \[7\], expected \[8\]"),
    "too long": (np.ones(SIZE + 1), r"has shape \[9\], expected \[8\]"),
    "other rank": (np.ones((1, SIZE)), r"has shape \[1, 8\], expected \[8\]"),
    "scalar": (np.float32(1), r"has shape \[\], expected \[8\]"),
    "text": (np.array(["1.0"] * SIZE), r"has element type <U3: only real numbers"),
    "complex": (np.ones(SIZE, complex), r"has element type complex128: only real numbers"),
    "objects": (np.array([None] * SIZE), r"has element type object: only real numbers"),
    "refused before": (InputError("it is none"), "it is none"),
}


@pytest.mark.parametrize("kind", BAD)
def test_the_round_is_that_of_the_others(make, kind):
    value, reason = BAD[kind]
    program = make(fltrust(SIZE))
    given, server, _ = random_round(fltrust(SIZE), CLIENTS)
    rows = given["updates"]
    expected = program.run({"updates": rows[:3] + rows[4:]}, server)
    got = program.run(changed(rows, c3=value), server)
    assert_as_opened(got.outputs, expected.outputs)
    assert (got.statistics.clients, len(got.statistics.dropped)) == (CLIENTS - 1, 1)
    (dropped,) = got.statistics.dropped
    assert dropped["client"] == 3
    assert re.search(reason, dropped["reason"])
    assert "client" not in dropped["reason"]  # it stands beside it
    assert expected.statistics.dropped == []


@pytest.mark.parametrize("kind", BAD)
def test_on_request_a_bad_client_fails_the_round(make, kind):
    value, reason = BAD[kind]
    program = make(fltrust(SIZE), "fail")
    given, server, _ = random_round(fltrust(SIZE), CLIENTS)
    with pytest.raises(DivisionError if kind == "zero" else InputError, match=reason) as caught:
        program.run(changed(given["updates"], c3=value), server)
    assert str(caught.value).count("client 3: ") == str(caught.value).count("client") == 1
    assert program.run(given, server).statistics.dropped == []


def test_many_bad_clients_keep_their_numbers(make):
    program = make(fltrust(SIZE))
    given, server, _ = random_round(fltrust(SIZE), CLIENTS)
    rows = given["updates"]
    bad = changed(rows, c0=np.zeros(SIZE), c2=rows[2] * np.nan, c3=np.zeros(SIZE), c5=np.ones(3))
    got = program.run(bad, server)
    assert [d["client"] for d in got.statistics.dropped] == [0, 2, 3, 5]
    expected = program.run({"updates": [rows[1], rows[4]]}, server)
    assert_as_opened(got.outputs, expected.outputs)


def test_fewer_than_two_clients_left_is_an_error_that_names_all_others(make):
    program = make(fltrust(SIZE))
    given, server, _ = random_round(fltrust(SIZE), CLIENTS)
    rows = given["updates"]
    zeros = {f"c{i}": np.zeros(SIZE) for i in range(4)}
    with pytest.raises(InputError, match="1 client left, but a round needs at least 2") as caught:
        program.run(changed(rows, **zeros, c4=rows[4] * np.nan), server)
    for client in range(5):
        assert f"client {client}: " in str(caught.value)
    with pytest.raises(InputError, match="0 clients left"):
        program.run({"updates": [rows[0] * np.nan] * CLIENTS}, server)
    assert program.run(given, server).statistics.clients == CLIENTS


def test_what_is_undefined_for_every_client_is_no_clients_fault(make):
    """All updates zero: the operation is named, as for a divisor that belongs to nobody."""
    program = make(fltrust(SIZE))
    given, server, _ = random_round(fltrust(SIZE), CLIENTS)
    with pytest.raises(DivisionError, match=r"div.*: the result is infinite or not a number"):
        program.run({"updates": [np.zeros(SIZE)] * CLIENTS}, server)
    assert program.run(given, server).statistics.clients == CLIENTS


def two_roots():
    """The sum of every client's root, and the root of a sum."""
    b = TensorProgram("two_roots")
    b.returns(b.add(Sum, b.add(Sqrt, b.clients("own")), axes=(0,)), "roots")
    b.returns(b.add(Sqrt, b.add(Sum, b.clients("all"), axes=(0,))), "root")
    return b.build()


def test_a_value_of_all_clients_together_fails_the_round(make):
    program = make(two_roots(), bounds={"": 1024.0})
    good = [np.array(1.0), np.array(4.0), np.array(9.0)]
    with pytest.raises(DivisionError, match=r"sqrt.*: the result is infinite or not a number"):
        program.run({"own": good, "all": [np.array(1.0), np.array(2.0), np.array(-4.0)]}, {})
    got = program.run({"own": [np.array(-1.0), *good], "all": [np.array(-100.0), *good]}, {})
    assert [d["client"] for d in got.statistics.dropped] == [0]
    assert float(got.outputs["roots"]) == pytest.approx(6.0, rel=1e-3)
    assert float(got.outputs["root"]) == pytest.approx(14**0.5, rel=1e-3)


def test_clients_become_invalid_because_others_were_dropped(make):
    """Values may depend on all clients: then dropping goes on until nobody is left to drop."""
    b = TensorProgram("chain")
    values = b.clients("x")
    tenth = b.add(Constant, value=np.full((), 0.1), dtype=DType.F32)
    total = b.add(Mul, b.add(Sum, values, axes=(0,)), tenth)
    b.returns(b.add(Sum, b.add(Sqrt, b.add(Sub, values, total)), axes=(0,)))
    program = make(b.build(), bounds={"x": 32.0})
    got = program.run({"x": [np.array(x) for x in (8.0, -20.0, 9.0, 3.0, 16.0)]}, {})
    assert [d["client"] for d in got.statistics.dropped] == [1, 3]
    assert float(got.outputs["result"]) == pytest.approx(sum(np.sqrt(np.array([8, 9, 16]) - 3.3)), rel=1e-3)


def test_all_of_a_clients_parameters_are_left_out(make):
    program = make(weighted_layers(3), bounds={"": 8.0})
    given, server, _ = random_round(weighted_layers(3), CLIENTS)
    given["scale"] = [np.abs(value) for value in given["scale"]]
    bad = {path: list(values) for path, values in given.items()}
    bad["bias"][1] = bad["bias"][1] * np.nan
    got = program.run(bad, server)
    expected = program.run({path: v[:1] + v[2:] for path, v in given.items()}, server)
    for path, value in expected.outputs.items():
        np.testing.assert_allclose(got.outputs[path], value, rtol=1e-4)
    assert [d["client"] for d in got.statistics.dropped] == [1]


def test_there_are_two_choices():
    with pytest.raises(CompileError, match="on_bad_client='ignore': choose from drop, fail"):
        Options(on_bad_client="ignore")
