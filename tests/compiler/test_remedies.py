"""What is advised where the ring has no room makes room: whoever follows it on the command line can compile."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Sequence

import pytest
from small_programs import TensorProgram, fltrust

from ezprivsecfl.cli.arguments import add_passes, chosen_for_passes
from ezprivsecfl.compiler.options import Options
from ezprivsecfl.compiler.pipeline import compile_program
from ezprivsecfl.compiler.remedies import compile_or_advise
from ezprivsecfl.errors import CompileError, PrecisionError
from ezprivsecfl.ir.op import Value
from ezprivsecfl.ir.program import Program
from ezprivsecfl.ir.tensor.elementwise import Add, Mul
from ezprivsecfl.ir.tensor.structure import Sum

HUGE = f"{2**45}"


def total(b: TensorProgram, value: Value, *axes: int) -> Value:
    return b.add(Sum, value, axes=(*axes, 0))


def with_server(b: TensorProgram) -> Value:
    return total(b, b.add(Add, b.clients("x", 10), b.server("s", 10)))


def two_terms(b: TensorProgram) -> Value:
    return total(b, b.add(Add, b.clients("x", 10), b.clients("y", 10)))


def scaled_term(b: TensorProgram) -> Value:
    """A public number of the server times what a client has, next to a term that needs its last places."""
    return total(b, b.add(Add, b.add(Mul, b.clients("x", 10), b.server("scale")), b.clients("y", 10)))


def squared_distance(b: TensorProgram) -> Value:
    d = b.add(Add, b.clients("x", 10), b.server("s", 10))
    return total(b, b.add(Mul, b.add(Mul, d, d), b.server("t", 10)))


def long_products(b: TensorProgram) -> Value:
    """Of entries of vectors of which clients prove the norm: each could be as large as that."""
    x, y = (b.clients(path, 1_000_000) for path in "xy")
    return total(b, b.add(Mul, b.add(Mul, x, x), b.add(Mul, y, y)))


def long_squares(b: TensorProgram) -> Value:
    x = b.clients("x", 1 << 36)
    return b.add(Sum, b.add(Sum, b.add(Mul, x, x), axes=(1,)), axes=(0,))


def built(build: Callable[[TensorProgram], Value]) -> Program:
    b = TensorProgram(build.__name__)
    b.returns(build(b))
    return b.build()


def chosen(arguments: Sequence[str]) -> Options:
    parser = argparse.ArgumentParser()
    parser.add_argument("--clients", type=int, default=100)
    add_passes(parser)
    parsed = parser.parse_args(arguments)
    return chosen_for_passes(parsed, parsed.clients)


def refused(program: Program, arguments: Sequence[str]) -> str:
    with pytest.raises(PrecisionError, match="does not fit the 64-bit ring") as caught:
        compile_or_advise(program, chosen(arguments))
    return str(caught.value)


def advised(text: str) -> list[list[str]]:
    """The options of the command line that an error names, each with what is to follow it."""
    return [found.split() for found in re.findall(r"(--[a-z-]+ [^;)]+)", text)]


CASES = {
    "a client's term": (two_terms, ["--bound", f"x={HUGE}"], {"--bound x", "--norm-bound x", "--clients"}),
    "the server's term": (with_server, ["--bound", f"s={HUGE}"], {"--bound s", "--clients"}),
    "a term beside the server's": (
        with_server,
        ["--bound", f"x={HUGE}", "--proofs", "off", "--clients", "4"],
        {"--bound x"},
    ),
    "a public factor": (
        scaled_term,
        ["--bound", f"scale={HUGE}", "--proofs", "off"],
        {"--bound scale", "--bound x", "--clients"},
    ),
    "an interval": (two_terms, ["--bound", f"x=1:{HUGE}", "--proofs", "off"], {"--bound x", "--clients"}),
    "a square": (squared_distance, ["--bound", f"x={HUGE}", "--proofs", "off"], {"--bound x"}),
    "norms": (
        long_products,
        ["--clients", "2"],
        {"--norm-bound x", "--norm-bound y", "--proofs"},
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_every_advice_helps(case: str) -> None:
    """And none is about a parameter whose bound does not matter, or would have to be raised.

    Where the entries' bound is lowered, the norm that follows from it is, too: that is no remedy of "norms".
    """
    build, arguments, expected = CASES[case]
    program = built(build)
    found = advised(refused(program, arguments))
    assert {" ".join((option, *value.split("=")[:-1])) for option, value in found} == expected
    for option in found:
        kept = [] if option == ["--proofs", "off"] else arguments
        compile_program(program, chosen([*kept, *option]))


def test_more_sums_are_an_advice_for_sketches() -> None:
    program, arguments = fltrust(250_000_000), ["--norms", "sketch:64", "--proofs", "off", "--clients", "2"]
    (option,) = [one for one in advised(refused(program, arguments)) if one[0] == "--norms"]
    compile_program(program, chosen([*arguments, *option]))


def test_where_no_option_helps_none_is_named() -> None:
    """The same relative precision of smaller entries takes as many bits."""
    text = refused(built(long_squares), ["--proofs", "off"])
    assert not advised(text)
    assert "No bound of a parameter and no number of clients was found that makes room" in text


def test_the_program_for_one_number_of_clients_is_not_told_to_have_fewer() -> None:
    program, options = built(two_terms), chosen(["--bound", f"x={HUGE}"])
    with pytest.raises(PrecisionError, match="--bound x=") as caught:
        compile_or_advise(program, Options(exact_clients=100, bounds=options.bounds))
    assert "--clients" not in str(caught.value)


def test_other_errors_are_left_as_they_are() -> None:
    with pytest.raises(CompileError) as caught:
        compile_or_advise(built(two_terms), chosen(["--bound", "z=1"]))
    with pytest.raises(CompileError) as plain:
        compile_program(built(two_terms), chosen(["--bound", "z=1"]))
    assert str(caught.value) == str(plain.value)


def test_no_more_is_given_up_than_makes_room() -> None:
    text = refused(built(two_terms), ["--bound", f"x={HUGE}", "--proofs", "off"])
    assert "11 fractional bits, 1 more than there are" in text
    assert advised(text) == [["--bound", "x=1.8e+13"], ["--clients", "50"]]
