"""``ezcompile opt``: each pass can be run and seen alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from ezprivsecfl.cli import exits
from ezprivsecfl.cli.main import main
from ezprivsecfl.cli.opt import known_passes
from ezprivsecfl.compiler.options import Options
from ezprivsecfl.compiler.parameter_bounds import ParameterBounds
from ezprivsecfl.compiler.pipeline import all_passes
from ezprivsecfl.ir.passes import run_passes
from ezprivsecfl.ir.program import Level
from ezprivsecfl.ir.text import parse_program, print_program

MEAN = """\
program @mean (clients <= 4) tensor {
  %0 = input {path = "x", placement = clients, bound = 8.0, type = secret<f32[n, 3]>} : secret<f32[n, 3]>
  %1 = input {path = "w", placement = clients, bound = 8.0, type = secret<f32[n]>} : secret<f32[n]>
  %2 = reshape %1 {shape = [n, 1]} : secret<f32[n, 1]>
  %3 = mul %0, %2 : secret<f32[n, 3]>
  %4 = sum %3 {axes = [0]} : secret<f32[3]>
  %5 = sum %1 {axes = [0]} : secret<f32[]>
  %6 = div %4, %5 : secret<f32[3]>
  output %6 {path = "result"}
}
"""


SQUARES = """\
program @squares (clients <= 4) mpc {
  %0 = share {path = "x", bound = 8.0, type = arith<8>[n, 3]} : arith<8>[n, 3]
  %1 = mask %0 : masked<8>[n, 3]
  %2 = square_sum %1 : arith<16>[n]
  %3 = sum %2 {axes = [0]} : arith<16>[]
  %4 = open %3 : ring<16>[]
  output %4 {path = "result"}
}
"""


@pytest.fixture
def mean(tmp_path: Path) -> str:
    path = tmp_path / "mean.ir"
    path.write_text(MEAN, "utf-8")
    return str(path)


def test_one_pass(mean, capsys):
    assert main(["opt", "--pass", "factor-scales", mean]) == exits.DONE
    printed = capsys.readouterr().out
    assert "matmul" in printed
    assert "bound = 8.0" in printed
    again = parse_program(printed, "printed")
    assert print_program(again) == printed


def test_passes_run_in_the_order_that_is_given(mean, capsys):
    superfluous = "reshape %0 {shape = [n, 3]}"  # factoring makes it, simplifying removes it
    assert main(["opt", "--pass", "factor-scales", "--pass", "simplify", mean]) == exits.DONE
    assert superfluous not in capsys.readouterr().out
    assert main(["opt", "--pass", "simplify", "--pass", "factor-scales", mean]) == exits.DONE
    assert superfluous in capsys.readouterr().out


def test_all_passes_are_those_of_the_compiler(mean, capsys):
    assert main(["opt", "--bound", "x=2", "--clients", "3", mean]) == exits.DONE
    printed = capsys.readouterr().out
    program = parse_program(MEAN, "mean.ir")
    chosen = Options(clients=3, bounds=ParameterBounds.of({"x": 2.0}))
    assert printed == print_program(run_passes(program, all_passes(chosen)))
    assert "(clients <= 3)" in printed
    assert "bound = 2.0" in printed


def test_list_describes_every_pass(capsys):
    assert main(["opt", "--list"]) == exits.DONE
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(known_passes(Options()))
    assert all(len(line.split(maxsplit=1)[1]) > 20 for line in lines)
    assert {"simplify", "duet-legalise", "motion2nx-legalise"} <= {line.split()[0] for line in lines}


@pytest.mark.parametrize(("name", "one"), known_passes(Options()).items())
def test_every_pass_can_be_run(tmp_path, capsys, name, one):
    path = tmp_path / "program.ir"
    path.write_text(MEAN if one.level is Level.TENSOR else SQUARES, "utf-8")
    assert main(["opt", "--pass", name, str(path)]) == exits.DONE
    printed = capsys.readouterr().out
    assert print_program(parse_program(printed, "printed")) == printed


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--pass", "inline"], "--pass inline: there is no such pass; there are declare-binary, declare-bounds, "),
        (["--relu", "cubic"], "relu"),
        (["--pass", "duet-legalise"], "Legalise is a pass of the mpc level, and mean is a program of the tensor"),
        (["--bound", "y=1"], "--bound names no parameter of mean: y; it has "),
    ],
)
def test_what_is_wrong_is_named(mean, capsys, arguments, text):
    assert main(["opt", *arguments, mean]) == exits.COMPILE
    assert text in capsys.readouterr().err


def test_files_that_cannot_be_read(tmp_path, capsys):
    assert main(["opt", str(tmp_path / "none.ir")]) == exits.COMPILE
    assert "cannot read" in capsys.readouterr().err
    assert main(["opt"]) == exits.COMPILE
    assert "ezcompile opt FILE.ir" in capsys.readouterr().err
