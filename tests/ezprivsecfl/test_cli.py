"""The command itself: as a user runs it, its help, options for both of its uses, ``doctor``."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from commands import assert_result, failed
from program_texts import MEAN, RUN

from ezprivsecfl import __version__
from ezprivsecfl.cli.main import main


def test_as_a_user_runs_it(program):
    """The real command, with its output in a pipe: nothing may hold that open, and stderr has just the table."""
    path = program(MEAN + RUN)
    command = Path(sys.executable).with_name("ezcompile")
    done = subprocess.run([command, "run", path], capture_output=True, text=True, timeout=120, check=True)
    assert_result(done.stdout, "[]")
    assert "computation" in done.stderr
    assert "Traceback" not in done.stderr


def test_version_and_help():
    for arguments, expected in (
        (["--version"], __version__),
        (["--help"], "examples:"),
        (["run", "--help"], "exit codes:"),
        (["doctor", "--version"], __version__),
    ):
        done = subprocess.run(
            [sys.executable, "-m", "ezprivsecfl.cli.main", *arguments], capture_output=True, text=True, check=True
        )
        assert expected in done.stdout


def test_doctor(capsys, monkeypatch, tmp_path):
    monkeypatch.delenv("EZ_MOTION2NX_DIR", raising=False)
    assert main(["doctor"]) == 0
    report = capsys.readouterr().out
    assert "front end tff: usable (TensorFlow Federated 0.87.0, TensorFlow 2.14.1)" in report
    assert "back end duet: usable (engine" in report
    assert "back end motion2nx: not usable: there is no MOTION2NX" in report
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("CXX", "no-such-compiler")
    assert main(["doctor"]) == 2
    assert "back end duet: not usable: no C++ compiler was found" in capsys.readouterr().out


def test_wrong_options(program, capsys):
    path = program(MEAN)
    assert (
        "--emit binary: choose from tensor, mpc, cpp, circuits, dot, svg" in failed(capsys, path, "--emit", "binary")[1]
    )
    assert "expected exact or poly:DEGREE" in failed(capsys, path, "--relu", "cubic")[1]
    assert (
        "--norms sketch:100000001: expected exact or sketch:K" in failed(capsys, path, "--norms", "sketch:100000001")[1]
    )
    assert "clients must be at least 2" in failed(capsys, path, "--clients", "1")[1]


def test_options_are_not_abbreviated(program, capsys):
    for command in (
        ["run", "--back", "plain"],
        ["--back", "plain"],
        ["opt", "--pas", "simplify"],
        ["doctor", "--verb"],
    ):
        with pytest.raises(SystemExit):
            main([*command, str(program(""))])
        assert "unrecognized arguments" in capsys.readouterr().err


def test_motion2nx_that_is_not_there(program, capsys, monkeypatch, tmp_path):
    monkeypatch.delenv("EZ_MOTION2NX_DIR", raising=False)
    for command in ([], ["run"]):
        code, message = failed(capsys, *command, "--backend", "motion2nx", program(MEAN))
        assert code == 2
        assert "there is no MOTION2NX" in message
        assert "docs/motion2nx.md" in message
    code, message = failed(capsys, program(MEAN), "--backend", "motion2nx", "--motion2nx", tmp_path)
    assert code == 2
    assert f"{tmp_path} is no usable MOTION2NX: it is no build folder of CMake" in message


def test_cost_is_printed_before_the_run(program, capsys, tmp_path):
    path = program(MEAN + RUN)
    assert main(["run", "--backend", "plain", "--cost=wan", str(path)]) == 0
    out, err = capsys.readouterr()
    assert out == "result [1.0, 2.0, 3.0, 4.0] []\n"
    assert "cost of a round of 3 clients" in err
    assert "estimated for wan" in err
    assert main([str(path), "--cost", "--emit", "tensor", "-o", str(tmp_path), "--clients", "7"]) == 0
    out = capsys.readouterr().out
    assert "cost of a round of 7 clients" in out
    assert "estimated for lan" in out


WRONG = (
    ["--relu", "cubic", "program.py"],
    ["--emit", "binary", "program.py"],
    ["run", "--scale", "none", "program.py"],
    ["run", "--bound", "wide", "program.py"],
    ["run", "--norm-bound", "1", "--proofs", "off", "program.py"],
    ["explain", "program.py", "--server-input", "root"],
    ["program.py", "--dp-delta", "2"],
    ["opt", "--no-such", "program.ir"],
)


UNKNOWN = (
    ["--no-such", "program.py"],
    ["run", "--noise", "some", "program.py"],
    ["explain", "--clients", "many", "x.py"],
)


REFUSED = (
    ["run", "--arithmetic", "foo", "program.py"],
    ["run", "--backend", "nothing", "program.py"],
    ["run", "--bound", "x=-1", "program.py"],
    ["--circuits", "first=yao", "program.py"],
    ["program.py", "--dp-delta", "2"],
    ["--emit", "binary", "program.py"],
    ["run", "--norm-bound", "0", "program.py"],
    ["--norms", "sketch:7", "program.py"],
    ["run", "--relu", "cubic", "program.py"],
    ["explain", "program.py", "--server-input", "root"],
)


@pytest.mark.parametrize("arguments", [*UNKNOWN, *REFUSED, ["--version"], ["--help"]], ids=" ".join)
def test_what_the_arguments_alone_decide_takes_no_compiler(arguments):
    """NumPy and the intermediate representation take half a second, and nothing of them is needed."""
    code = f"""\
import sys
from ezprivsecfl.cli.main import main
try:
    code = main({arguments!r})
except SystemExit as e:
    code = e.code
large = {{"numpy", "ezprivsecfl.ir.types", "ezprivsecfl.compiler.options"}}
print(code, sorted(large.intersection(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    code = 2 if arguments in UNKNOWN + REFUSED else 0
    assert done.stdout.endswith(f"{code} []\n")
    assert bool(done.stderr) == (code == 2)


@pytest.mark.parametrize("arguments", WRONG, ids=" ".join)
def test_wrong_options_are_answered_before_anything_large_is_imported(arguments):
    """TensorFlow takes ten seconds, the compiler and what shows things half of one."""
    code = f"""\
import sys
from ezprivsecfl.cli.main import main
try:
    code = main({arguments!r})
except SystemExit as e:
    code = e.code
large = {{"tensorflow", "tensorflow_federated", "rich", "jinja2", "ezprivsecfl.variants"}}
print(code, sorted(large.intersection(sys.modules)))
"""
    if arguments[0] == "opt":  # which needs the compiler to know its passes
        code = code.replace(', "rich", "jinja2", "ezprivsecfl.variants"', "")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "2 []\n"
    (option,) = [one for one in arguments if one.startswith("--")][:1]
    assert option in done.stderr or option[2:].replace("-", "_") in done.stderr
