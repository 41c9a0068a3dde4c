from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from program_texts import MEAN, PREAMBLE, RUN

from ezprivsecfl import __version__
from ezprivsecfl.cli.main import main


def failed(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str]:
    """Exit code and message of a command that fails; nothing may look like a stack trace of ours."""
    code = main([str(a) for a in arguments])
    message = capsys.readouterr().err
    assert "site-packages" not in message
    return code, message


def assert_result(out: str, arguments: str) -> None:
    """What ``RUN`` prints, from two servers: within a unit of the last opened place."""
    numbers, rest = re.fullmatch(r"result \[(.*?)\] (.*)\n", out).groups()
    assert [float(n) for n in numbers.split(", ")] == pytest.approx([1.0, 2.0, 3.0, 4.0], abs=4 * 2.0**-23)
    assert rest == arguments


def test_run_leaves_the_programs_output_alone(program, capsys, tmp_path):
    path = program(MEAN + RUN)
    report = tmp_path / "report.json"
    code = main(["run", "--check", "--report", str(report), str(path), "--epochs", "3"])
    out, err = capsys.readouterr()
    assert code == 0
    assert_result(out, "['--epochs', '3']")
    assert "mean" in err
    (call,) = json.loads(report.read_text())
    assert call["computation"] == "mean"
    assert call["backend"] == "duet"
    assert call["clients"] == 3
    assert call["max_relative_error"] < 1e-6
    (opened,) = call["opened"]
    assert (opened["output"], opened["elements"]) == ("result", 4)
    assert 24 < opened["bits"] < 64
    opening = -(-opened["bits"] // 16)
    assert call["rounds"] == 1 + 2 + opening + 1  # who takes part, the proofs of these, and the confirmation
    assert call["compile_seconds"] > 0
    assert len(call["bytes_sent"]) == len(call["messages"]) == len(call["cpu_seconds"]) == 2
    assert all(b > 0 for b in call["bytes_sent"])


DIRECTION = """\
@tff.tensorflow.computation(VECTOR)
def unit(x):
    return x / tf.norm(x)

@tff.federated_computation(tff.FederatedType(VECTOR, tff.CLIENTS))
def direction(values):
    return tff.federated_mean(tff.federated_map(unit, values))

if __name__ == "__main__":
    values = [np.arange(4, dtype=np.float32) + i for i in range(5)] + [np.ones(4, np.float32)]
    values[1] = np.zeros(4, np.float32)
    values[4] = values[4] * np.float32("nan")
    print("result", (100 * direction(values)).round().tolist())
"""


@pytest.mark.parametrize(
    ("proofs", "reason"), [("on", "it has no direction to take part with"), ("off", "program.py:9")]
)
@pytest.mark.parametrize("backend", ["duet", "plain"])
def test_bad_clients_are_dropped_named_and_left_out_of_the_comparison(
    program, capsys, tmp_path, backend, proofs, reason
):
    report = tmp_path / "report.json"
    path = program(DIRECTION)
    options = ["--backend", backend, "--proofs", proofs, "--check", "--report", str(report)]
    assert main(["run", *options, str(path)]) == 0
    out, err = capsys.readouterr()
    assert out == "result [27.0, 40.0, 53.0, 66.0]\n"
    (call,) = json.loads(report.read_text())
    assert call["clients"] == 4
    assert [one["client"] for one in call["dropped"]] == [1, 4]
    assert reason in call["dropped"][0]["reason"]
    assert "is nan: only finite numbers" in call["dropped"][1]["reason"]
    assert call["max_relative_error"] < 1e-3
    assert "ezcompile: direction: dropped client 1: " in err
    assert "ezcompile: direction: dropped client 4: 'values' of client 4" in err
    assert "ezcompile: direction: compared with TFF's result for the 4 other clients" in err
    assert "Warning" not in err


def test_bad_clients_can_fail_the_round(program, capsys):
    path = program(DIRECTION)
    options = ["--backend", "plain", "--on-bad-client", "fail"]
    code, message = failed(capsys, "run", *options, "--proofs", "off", path)
    assert code == 3
    assert "'values' of client 4 at [0] is nan" in message
    path = program(DIRECTION.replace("values[4] =", "values[5] =").replace('np.float32("nan")', "1"))
    code, message = failed(capsys, "run", *options, "--proofs", "off", path)
    assert code == 3
    assert "client 1: " in message
    assert "is not finite for its values" in message
    code, message = failed(capsys, "run", *options, path)
    assert code == 3
    assert "'values' of client 1 is 0, and the program divides it by its norm" in message


def test_run_with_the_plain_back_end(program, capsys):
    assert main(["run", "--backend", "plain", str(program(MEAN + RUN))]) == 0
    assert "result [1.0, 2.0, 3.0, 4.0]" in capsys.readouterr().out


def test_compile_writes_what_it_says(program, capsys, tmp_path):
    path, out = program(MEAN), tmp_path / "out"
    assert main([str(path), "--clients", "7", "-o", str(out)]) == 0
    report = capsys.readouterr().out
    for text in ("Who learns what", "Hidden from both servers", "fractional bits", "Boolean circuits", "8 rounds\n"):
        assert text in report
    written = {str(p.relative_to(out)) for p in out.rglob("*") if p.is_file()}
    expected = {"report.txt", "tensor.ir", "optimised.ir", "mpc.ir", "program.cpp", "CMakeLists.txt", "manifest.json"}
    expected |= {"prologue.ir", "epilogue.ir", "secure.ir", "program.so", "built.json", "build.log"}
    assert {f"mean/{name}" for name in expected} == written
    again = tmp_path / "again"
    assert main([str(out / "mean" / "tensor.ir"), "-o", str(again), "--emit", "mpc"]) == 0
    assert (again / "mean" / "mpc.ir").exists()
    assert not (again / "mean" / "program.cpp").exists()


def test_compile_one_of_several(program, capsys, tmp_path):
    path = program(MEAN + MEAN.replace("def mean", "def other"))
    assert main([f"{path}:other", "-o", str(tmp_path / "out"), "--emit", "tensor"]) == 0
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["other"]
    code, message = failed(capsys, f"{path}:third")
    assert code == 2
    assert "has no aggregation 'third'; found: mean, other" in message


def test_what_compiles_is_written_although_another_does_not(program, capsys, tmp_path):
    broken = """\
@tff.tensorflow.computation(VECTOR)
def odd(x):
    return tf.math.digamma(x)

@tff.federated_computation(tff.FederatedType(VECTOR, tff.CLIENTS))
def strange(values):
    return tff.federated_sum(tff.federated_map(odd, values))

"""
    code, message = failed(capsys, program(broken + MEAN), "-o", tmp_path / "out", "--emit", "tensor")
    assert code == 2
    assert "strange cannot be compiled: " in message
    assert "Digamma" in message
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["mean"]


def test_nothing_opened(program, capsys):
    path = program(
        """@tff.federated_computation(tff.FederatedType(VECTOR, tff.CLIENTS), tff.FederatedType(VECTOR, tff.SERVER))
def nothing(values, root):
    return root
"""
    )
    code, message = failed(capsys, path)
    assert code == 2
    assert "no result of nothing depends on a CLIENTS-placed value" in message


def test_a_program_that_ends_as_it_is_imported(program, capsys):
    code, message = failed(capsys, program(MEAN + "raise SystemExit(4)\n"))
    assert code == 1
    assert "ended itself while it was imported (exit code 4); put what it does when it is run below" in message


def test_an_interrupted_program(program, capsys):
    assert main(["run", str(program("raise KeyboardInterrupt\n"))]) == 130
    assert "KeyboardInterrupt" in capsys.readouterr().err


def test_a_report_that_cannot_be_written_costs_no_run(program, capsys, tmp_path):
    code, message = failed(capsys, "run", "--report", tmp_path / "no" / "report.json", program("print('ran')\n"))
    assert code == 2
    assert "cannot write the report" in message


def test_a_bound_that_nothing_uses_is_told(program, capsys):
    assert main(["run", "--backend", "plain", "--bound", "updates=3", str(program(MEAN + RUN))]) == 0
    assert "--bound: no aggregation that ran has a parameter updates" in capsys.readouterr().err


def test_missing_file(capsys, tmp_path):
    for command in ([], ["run"]):
        code, message = failed(capsys, *command, tmp_path / "nothing.py")
        assert code == 2
        assert "cannot read" in message
        assert "No such file" in message


@pytest.mark.parametrize("command", [[], ["run"]])
def test_syntax_error(program, capsys, command):
    path = program("def broken(:\n    pass\n")
    code, message = failed(capsys, *command, path)
    assert code == 2
    assert "is not valid Python: invalid syntax" in message
    assert "def broken(:\n" in message
    assert f"{path}:7" in message


def test_no_aggregation(program, capsys):
    code, message = failed(capsys, program("x = 1\n"))
    assert code == 2
    assert "has no aggregation at module level: expected a tff.federated_computation" in message


def test_a_program_that_calls_no_aggregation(program, capsys):
    assert main(["run", str(program("print('hello')\n"))]) == 0
    out, err = capsys.readouterr()
    assert out == "hello\n"
    assert "called no aggregation" in err


def test_unsupported_operations_are_listed_with_their_lines(program, capsys):
    path = program(
        """\
@tff.tensorflow.computation(VECTOR)
def odd(x):
    y = tf.math.digamma(x)
    return tf.math.lgamma(y)

@tff.federated_computation(tff.FederatedType(VECTOR, tff.CLIENTS))
def strange(values):
    return tff.federated_sum(tff.federated_map(odd, values))
"""
    )
    code, message = failed(capsys, path)
    assert code == 2
    assert f"{path}:9" in message
    assert "Digamma" in message
    assert f"{path}:10" in message
    assert "Lgamma" in message
    assert "Supported are" in message


def test_the_programs_own_failure_is_pythons_traceback(program, capsys):
    path = program(MEAN + "def f():\n    raise RuntimeError('mine')\n\nf()\n")
    for command in ([], ["run"]):
        assert main([*command, str(path)]) == 1
        message = capsys.readouterr().err
        assert message.startswith("Traceback (most recent call last):\n")
        assert f'File "{path}", line 14, in <module>' in message
        assert "RuntimeError: mine" in message
        assert "program_file.py" not in message


def test_exit_codes_of_the_program_pass_through(program, capsys):
    assert main(["run", str(program("import sys; sys.exit(7)\n"))]) == 7
    assert main(["run", str(program("import sys; sys.exit('why')\n"))]) == 1
    assert "why" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ("[np.full(4, 9.0, np.float32)] * 3", r"'values' of client 0 at [0] is 9, but"),
        ("[np.full(4, np.nan, np.float32)] * 3", "is nan: only finite numbers"),
        ("[np.zeros(4, np.float32)]", "a round needs at least 2 clients, not 1"),
        ("[]", "there are no clients"),
        ("[np.zeros(4, np.float32), np.zeros(5, np.float32)]", "client 1"),
        ("[np.zeros(4, np.float32), np.zeros(4, np.int32)]", "client 1"),
    ],
)
def test_bad_inputs_are_named(program, capsys, values, message):
    path = program(MEAN + f"mean({values})\n")
    code, text = failed(capsys, "run", path)
    assert code == 3
    assert message in text


def test_a_declared_bound_lets_larger_values_in(program, capsys):
    path = program(MEAN + "print(mean([np.full(4, 9.0, np.float32)] * 3).tolist())\n")
    assert main(["run", "--bound", "values=16", str(path)]) == 0
    assert capsys.readouterr().out == "[9.0, 9.0, 9.0, 9.0]\n"
    assert failed(capsys, path, "--bound", "weights=16")[1].count("no such parameter; there are values")


@pytest.mark.parametrize(
    ("bound", "message"),
    [
        ("values=large", "--bound values=large: expected [PARAMETER=]NUMBER or [PARAMETER=]LOWEST:HIGHEST"),
        ("values=0:", "--bound values=0:: expected"),
        ("0:1:2", "--bound 0:1:2: expected"),
        ("values=0", "--bound values=0: a bound must be positive and at most 2^53"),
        ("values=16:0", "--bound values=16:0: a bound must be positive"),
        ("values=-17:16", "--bound values=-17:16: the lowest value must be above -16 and below 16, not -17"),
        ("other=0:1", "--bound other: no such parameter; there are values"),
    ],
)
def test_bounds_that_are_none(program, capsys, bound, message):
    for command in ([], ["run"]):
        if "other" not in bound or not command:
            code, text = failed(capsys, *command, "--bound", bound, program(MEAN))
            assert code == 2
            assert message in text


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--norm-bound", "values=long"], "--norm-bound values=long: expected [PARAMETER=]NUMBER, a norm"),
        (["--norm-bound", "values=0"], "--norm-bound values=0: a norm must be positive"),
        (["--norm-bound", "values=2"], "values has at most 8 entries, and clients prove the bound of every single one"),
        (["--norm-bound", "other=2"], "--norm-bound other: no such parameter; there are values"),
        (["--norm-bound", "2", "--proofs", "off"], "with --proofs off nobody enforces it"),
        (["--binary", "other"], "--binary other: no such parameter; there are values"),
        (["--one-hot", "values", "--one-hot", "other"], "--one-hot other: no such parameter; there are values"),
        (
            ["--binary", "values", "--bound", "values=0.5"],
            "--bound values: entries of values are 0 or 1, and |x| < 0.5",
        ),
        (["--one-hot", "values", "--norm-bound", "values=2"], "every entry of values is 0 or 1, so its norm needs no"),
    ],
)
def test_declarations_that_are_none(program, capsys, options, message):
    code, text = failed(capsys, *options, program(MEAN))
    assert code == 2
    assert message in text


LONG_MEAN = MEAN.replace("VECTOR", "tff.TensorType(np.float32, [16])")


@pytest.mark.parametrize(
    ("options", "stated"),
    [
        ([], "values [n, 16]: proved: |x|_2 <= 32\n"),
        (["--norm-bound", "values=2.5"], "values [n, 16]: proved: |x|_2 <= 2.5\n"),
        (["--proofs", "off"], "values [n, 16]: not proved (--proofs off)\n"),
        (["--binary", "values"], "values [n, 16]: proved: 0 or 1\n"),
        (["--one-hot", "values"], "values [n, 16]: proved: 0 or 1, and exactly one 1 along the last axis\n"),
        (["--binary", "values", "--proofs", "off"], "values [n, 16]: not proved (--proofs off)\n"),
    ],
)
def test_the_report_says_what_is_proved(program, tmp_path, capsys, options, stated):
    path = program(LONG_MEAN)
    assert main([str(path), "--emit", "tensor", "-o", str(tmp_path / "out"), *options]) == 0
    assert stated in capsys.readouterr().out


def test_narrow_shares_are_chosen_and_the_report_says_what_they_tell(program, tmp_path, capsys):
    path, told = program(LONG_MEAN), {}
    for bits in (64, 72, 80):
        assert main([str(path), "--emit", "tensor", "-o", str(tmp_path / "out"), "--share-bits", str(bits)]) == 0
        told[bits] = float(re.search(r"statistical distance of 2\^(-?[\d.]+)", capsys.readouterr().out)[1])
    assert told[80] <= -40 < told[64]
    assert told[64] - told[72] == pytest.approx(8.0, abs=0.25)
    with pytest.raises(SystemExit) as refused:
        main([str(path), "--share-bits", "65"])
    assert refused.value.code == 2
    assert "--share-bits: invalid choice: 65 (choose from 64, 72, 80)" in capsys.readouterr().err


def test_a_norm_of_no_parameter_is_told_after_the_run(program, capsys):
    path = program(LONG_MEAN + "mean([np.full(16, 0.5, np.float32)] * 3)\n")
    assert main(["run", "--norm-bound", "values=30", "--norm-bound", "others=3", str(path)]) == 0
    assert "--norm-bound: no aggregation that ran has a parameter others" in capsys.readouterr().err


def test_votes_are_checked_where_they_are_cast(program, capsys):
    """And a bound that contradicts is refused although every round has bounds of its own."""
    path = program(LONG_MEAN + "print(mean([np.eye(16, dtype=np.float32)[i] for i in (0, 0, 3, 15)]) * 4)\n")
    assert main(["run", "--check", "--one-hot", "values", "--binary", "others", str(path)]) == 0
    out, err = capsys.readouterr()
    assert out == "[2. 0. 0. 1. 0. 0. 0. 0. 0. 0. 0. 0. 0. 0. 0. 1.]\n"
    assert "--binary: no aggregation that ran has a parameter others" in err
    code, text = failed(capsys, "run", "--one-hot", "values", "--bound", "values=1", path)
    assert (code, "--bound values: entries of values are 0 or 1" in text) == (2, True)
    path = program(LONG_MEAN + "mean([np.ones(16, np.float32)] * 3)\n")
    code, text = failed(capsys, "run", "--one-hot", "values", "--on-bad-client", "fail", path)
    assert code == 3
    assert "'values' of client 0 has 16 entries of 1 along the last axis, but exactly one must be" in text


def test_bounds_may_be_intervals(program, capsys, tmp_path):
    path = program(MEAN + "mean([np.full(4, -0.5, np.float32)] * 3)\n")
    code, text = failed(capsys, "run", "--bound", "values=0:16", path)
    assert code == 3
    assert "'values' of client 0 at [0] is -0.5, but the program was compiled for x >= 0." in text
    assert main([str(program(MEAN)), "--bound", "0:16", "--emit", "tensor", "-o", str(tmp_path)]) == 0
    assert "values [n, 4]: 0 <= x < 16" in capsys.readouterr().out


def test_a_wrong_result_fails_the_check(program, capsys, tmp_path):
    path = program(
        """\
@tff.tensorflow.computation(VECTOR)
def positive(x):
    return tf.nn.relu(x), x

@tff.federated_computation(tff.FederatedType(VECTOR, tff.CLIENTS))
def both(values):
    rectified = tff.federated_map(positive, values)
    return tff.federated_sum(rectified[0]), tff.federated_sum(rectified[1])

for _ in range(2):
    both([np.ones(4, np.float32)] * 3)
"""
    )
    report = tmp_path / "report.json"
    plain = ["run", "--backend", "plain"]
    assert main([*plain, "--relu", "poly:2", str(path)]) == 0
    assert main([*plain, "--relu", "poly:2", "--check", "--report", str(report), str(path)]) == 3
    err = capsys.readouterr().err
    for call in (1, 2):
        assert f"call {call}, of both: result/0 differs from TFF's by a relative error of" in err
    assert "result/1" not in err
    assert all(call["max_relative_error"] > 1e-3 for call in json.loads(report.read_text()))
    assert main([*plain, "--check", str(path)]) == 0


def test_a_wrong_result_does_not_hide_the_programs_exit_code(program):
    path = program(
        """\
f = tff.tensorflow.computation(lambda x: tf.nn.relu(x), VECTOR)
values = tff.FederatedType(VECTOR, tff.CLIENTS)
total = tff.federated_computation(lambda x: tff.federated_sum(tff.federated_map(f, x)), values)
total([np.ones(4, np.float32)] * 2)
exit(7)
"""
    )
    assert main(["run", "--backend", "plain", "--relu", "poly:2", "--check", str(path)]) == 7


def test_coarse_formats_are_told(program, capsys, tmp_path):
    path, report = program(MEAN + "mean([np.full(4, 1e-20, np.float32)] * 3)\n"), tmp_path / "report.json"
    assert main(["run", "--backend", "plain", "--report", str(report), "--scale", "fixed", str(path)]) == 0
    err = capsys.readouterr().err
    assert "ezcompile: mean: parameter values of client 0 (and less of 2 more): relative error of up to" in err
    assert "PrecisionWarning" not in err
    (call,) = json.loads(report.read_text())
    assert call["imprecise"][0]["what"].startswith("parameter values of client 0")
    assert main(["run", "--backend", "plain", "--report", str(report), str(program(MEAN + RUN))]) == 0
    assert "relative error" not in capsys.readouterr().err
    assert json.loads(report.read_text())[0]["imprecise"] == []


def test_wrong_options(program, capsys):
    path = program(MEAN)
    assert "--emit binary: choose from tensor, mpc, cpp, circuits" in failed(capsys, path, "--emit", "binary")[1]
    assert "expected exact or poly:DEGREE" in failed(capsys, path, "--relu", "cubic")[1]
    assert (
        "--norms sketch:100000001: expected exact or sketch:K" in failed(capsys, path, "--norms", "sketch:100000001")[1]
    )
    assert "clients must be at least 2" in failed(capsys, path, "--clients", "1")[1]


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


def test_products_are_computed_as_chosen(program, capsys, tmp_path):
    path = program(MEAN)
    line = next(i for i, text in enumerate(path.read_text().splitlines(), 1) if "federated_mean" in text)
    assert main([str(path), "--products", "transfer", "--emit", "tensor", "-o", str(tmp_path)]) == 0
    capsys.readouterr()
    for given, expected in (
        ("ot", "products='ot': choose from auto, transfer, lattice, shares"),
        ("x=lattice", "--products x=lattice: expected [LINE=]CHOICE"),
        (f"{line}=lattice", f"has no product at line {line}; it has none"),
    ):
        code, message = failed(capsys, path, "--products", given, "-o", tmp_path)
        assert code == 2
        assert expected in message


def test_an_emulated_network(program, capsys, tmp_path):
    path, report = program(MEAN + RUN), tmp_path / "report.json"
    assert main(["run", "--link", "wan", "--report", str(report), str(path)]) == 0
    (call,) = json.loads(report.read_text())
    assert call["backend"] == "duet-wan"
    assert call["online_seconds"] > 0.02 * call["rounds"]
    code, message = failed(capsys, "run", "--link", "lan", "--backend", "plain", path)
    assert code == 2
    assert "the back end plain has no setting link: leave out link='lan'" in message
    with pytest.raises(SystemExit):
        main(["run", "--link", "moon", str(path)])
    assert "invalid choice: 'moon' (choose from 'lan', 'wan')" in capsys.readouterr().err


def test_no_compiler_on_the_machine(program, capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("CXX", "no-such-compiler")
    code, message = failed(capsys, program(MEAN), "-o", tmp_path / "out")
    assert code == 2
    assert "no C++ compiler was found" in message
    assert "apt install g++" in message


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


def test_as_a_user_runs_it(program):
    """The real command, with its output in a pipe: nothing may hold that open, and stderr has just the table."""
    path = program(MEAN + RUN)
    command = Path(sys.executable).with_name("ezcompile")
    done = subprocess.run([command, "run", path], capture_output=True, text=True, timeout=120, check=True)
    assert_result(done.stdout, "[]")
    assert "computation" in done.stderr
    assert "Traceback" not in done.stderr


ECHO = "import sys; print(sys.argv[1:], __name__)\n"


@pytest.mark.parametrize(
    "given",
    [
        ["--check", "--", "-m", "x"],
        ["--clients", "--no-such-option=3"],
        ["a", "--epochs"],
        ["--help", "-h"],
        ["--version"],
        ["--", "--", "x"],
        ["-m", "--"],
    ],
)
def test_what_follows_the_program_is_the_programs(program, capsys, given):
    assert main(["run", "--backend", "plain", str(program(ECHO)), *given]) == 0
    out, err = capsys.readouterr()
    assert out == f"{given} __main__\n"
    ours = [one for one in given if one in ("--check", "--clients")]
    assert all(f"{one} goes to the program, since it follows PROGRAM; ours stand before it" in err for one in ours)
    assert bool(ours) == ("ours stand before it" in err)


def test_options_are_not_abbreviated(program, capsys):
    for command in (
        ["run", "--back", "plain"],
        ["--back", "plain"],
        ["opt", "--pas", "simplify"],
        ["doctor", "--verb"],
    ):
        with pytest.raises(SystemExit):
            main([*command, str(program(ECHO))])
        assert "unrecognized arguments" in capsys.readouterr().err


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package in the current folder whose modules import each other relatively."""
    folder = tmp_path / "a_package_of_programs"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "rules.py").write_text(PREAMBLE + MEAN)
    (folder / "train.py").write_text(
        f"{PREAMBLE}from .rules import mean\n{RUN}print(__name__, __package__, __file__)\n"
    )
    (folder / "__main__.py").write_text(f"{PREAMBLE}from .rules import mean\n{RUN}")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [str(Path(sys.executable).parent), *sys.path[1:]])
    yield folder
    for name in [name for name in sys.modules if name.startswith(folder.name)]:
        del sys.modules[name]


def test_a_module_of_a_package(package, capsys):
    code = main(["run", "--backend", "plain", "--check", "-m", "a_package_of_programs.train", "--epochs", "3"])
    out, err = capsys.readouterr()
    assert code == 0
    assert out == (
        f"result [1.0, 2.0, 3.0, 4.0] ['--epochs', '3']\n__main__ a_package_of_programs {package / 'train.py'}\n"
    )
    assert "mean" in err
    assert main(["run", "--backend", "plain", "-m", "a_package_of_programs"]) == 0
    assert capsys.readouterr().out == "result [1.0, 2.0, 3.0, 4.0] []\n"


def test_a_module_that_is_not_there(package, capsys):
    for name in ("no_such_package.train", ".train", ""):
        code, message = failed(capsys, "run", "-m", name)
        assert code == 2
        assert f"there is no module {name}" in message
    assert main(["run", "-m", "a_package_of_programs.nothing"]) == 1
    assert "No module named a_package_of_programs.nothing" in capsys.readouterr().err
