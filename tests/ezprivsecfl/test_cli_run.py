"""``ezcompile run``: what a run prints, reports, checks and returns."""

from __future__ import annotations

import json

import pytest
from commands import assert_result, failed
from program_texts import MEAN, RUN

from ezprivsecfl.cli.main import main


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
    assert "ezcompile: direction: dropped client 4: 'values' at [0] is nan: only finite numbers" in err
    assert "ezcompile: direction: compared with TFF's result for the 4 other clients" in err
    assert "Warning" not in err


def test_bad_clients_can_fail_the_round(program, capsys):
    path = program(DIRECTION)
    options = ["--backend", "plain", "--on-bad-client", "fail"]
    code, message = failed(capsys, "run", *options, "--proofs", "off", path)
    assert code == 3
    assert "direction: client 4: 'values' at [0] is nan" in message
    path = program(DIRECTION.replace("values[4] =", "values[5] =").replace('np.float32("nan")', "1"))
    code, message = failed(capsys, "run", *options, "--proofs", "off", path)
    assert code == 3
    assert "client 1: " in message
    assert "is not finite for its values" in message
    code, message = failed(capsys, "run", *options, path)
    assert code == 3
    assert "direction: client 1: 'values' is 0, and the program divides it by its norm" in message


def test_run_with_the_plain_back_end(program, capsys):
    assert main(["run", "--backend", "plain", str(program(MEAN + RUN))]) == 0
    assert "result [1.0, 2.0, 3.0, 4.0]" in capsys.readouterr().out


def test_an_interrupted_program(program, capsys):
    assert main(["run", str(program("raise KeyboardInterrupt\n"))]) == 130
    assert "KeyboardInterrupt" in capsys.readouterr().err


def test_a_report_that_cannot_be_written_costs_no_run(program, capsys, tmp_path):
    code, message = failed(capsys, "run", "--report", tmp_path / "no" / "report.json", program("print('ran')\n"))
    assert code == 2
    assert "cannot write the report" in message


def test_a_program_that_calls_no_aggregation(program, capsys):
    assert main(["run", str(program("print('hello')\n"))]) == 0
    out, err = capsys.readouterr()
    assert out == "hello\n"
    assert "called no aggregation" in err


def test_exit_codes_of_the_program_pass_through(program, capsys):
    assert main(["run", str(program("import sys; sys.exit(7)\n"))]) == 7
    assert main(["run", str(program("import sys; sys.exit('why')\n"))]) == 1
    assert "why" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ("[np.full(4, 9.0, np.float32)] * 3", "client 0: 'values' at [0] is 9, but"),
        ("[np.full(4, np.nan, np.float32)] * 3", "is nan: only finite numbers"),
        ("[np.zeros(4, np.float32)]", "a round needs at least 2 clients, not 1"),
        ("[]", "a round needs at least 2 clients, not 0"),
        ("[np.zeros(4, np.float32), np.zeros(5, np.float32)]", "client 1"),
        ("[np.zeros(4, np.float32), np.zeros(4, np.int32)]", "client 1"),
    ],
)
def test_bad_inputs_are_named(program, capsys, values, message):
    path = program(MEAN + f"mean({values})\n")
    code, text = failed(capsys, "run", path)
    assert code == 3
    assert message in text


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
