"""Whatever a computation, a circuit or a file is called, the emitted program is correct C++."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace

import pytest
from on_duet import as_compiled
from small_programs import weighted_mean

from ezprivsecfl.backends.cpp import circuit_files, class_name, literal, plain
from ezprivsecfl.compiler.options import Options
from ezprivsecfl.compiler.pipeline import compile_program
from ezprivsecfl.ir.circuits import bristol, words
from ezprivsecfl.ir.circuits.builder import CircuitBuilder
from ezprivsecfl.ir.circuits.circuit import Circuit
from ezprivsecfl.ir.mpc import io, protocol
from ezprivsecfl.ir.program import Level, ProgramBuilder
from ezprivsecfl.ir.types import ArithType, FixedFormat
from ezprivsecfl.runtime import _duet

COMPILED = compile_program(weighted_mean(3), Options(clients=4))
# Classes of the engine, words of C++, no letters at all, attempts to break out.
NAMES = ["program", "session", "tensor", "mask", "product", "circuit", "ring", "shape", "class", "int", "_1", "λ", ""]
NAMES += ['a"; evil(); "', "line\nint evil;", "ends with \\", "tri??/graph", "{{ jinja }} {% x %}", "*/ // \u2028 x"]


@pytest.mark.skipif(shutil.which("g++") is None, reason="needs g++")
def test_every_name_makes_a_program_that_compiles(tmp_path):
    parts = ['#define CIRCUITS_DIR "c"\n']
    for i, name in enumerate(NAMES):
        named = replace(COMPILED, name=name, secure=replace(COMPILED.secure, name=name))
        text = as_compiled(named).sources()["program.cpp"]
        (tmp_path / f"{i}.cpp").write_text(text.replace("duet_program()", f"duet_program{i}()"), encoding="utf-8")
        if not i:
            parts += [f"{line}\n" for line in text.splitlines() if line.startswith("#include")]
        # All in one translation unit, each in a namespace of its own: the engine's headers are read once.
        parts.append(f'namespace p{i} {{\n#include "{i}.cpp"\n}}\n')
    (tmp_path / "all.cpp").write_text("".join(parts))
    command = ["g++", "-std=c++20", "-fsyntax-only", "-Wall", "-Wextra", "-Werror", f"-I{_duet.include_dir()}"]
    command.append("all.cpp")
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("fltrust", "FltrustProgram"),
        ("weighted_mean", "WeightedMeanProgram"),
        ("", "CompiledProgram"),
        ("1st", "Compiled1stProgram"),
        ("λ", "CompiledProgram"),
    ],
)
def test_class_names(name, expected):
    assert class_name(name) == expected


def test_literals_keep_every_byte():
    text = 'quote " backslash \\ newline \n nul \0 question ?? λ 7'
    written = literal(text)
    assert written.isascii()
    assert written.isprintable()
    assert written[1:-1].encode().decode("unicode_escape").encode("latin-1").decode() == text


def test_comments_stay_on_their_line():
    assert plain("a\nb\\\u2028c") == "a?b??c"


def test_circuits_whose_names_look_alike_get_different_files():
    names = ["a.b", "a b", "a_b", "a_b_"]
    b = ProgramBuilder("alike", Level.MPC, 4)
    b.circuits = {name: max_with(i) for i, name in enumerate(names)}
    x = b.add(io.Share, path="weight", bound=8.0, type=ArithType((), 8))
    wires = b.add(protocol.ToYao, x, width=20)
    for name in names:
        wires = b.add(protocol.Circuit, wires, circuit=name, formats=(FixedFormat(20, 8),))
    b.append(io.Output(operands=(b.add(protocol.Open, b.add(protocol.FromYao, wires)),), path="y"))
    files = circuit_files(secure := b.build())
    assert len(set(files.values())) == 4
    tree = as_compiled(replace(COMPILED, secure=secure)).sources()
    for name, circuit in secure.circuits.items():
        assert bristol.parse(tree[f"circuits/{files[name]}"]) == circuit


def max_with(number: int) -> Circuit:
    """The larger one of a word and a number."""
    b = CircuitBuilder()
    b.output(words.max_(b, b.input(20), words.constant(b, number, 20)))
    return b.build()
