"""``--bound``, ``--norm-bound``, ``--proofs`` and ``--share-bits``."""

from __future__ import annotations

import re

import pytest
from commands import failed
from program_texts import MEAN, RUN

from ezprivsecfl.cli.main import main


def test_a_declared_bound_lets_larger_values_in(program, capsys):
    path = program(MEAN + "print(mean([np.full(4, 9.0, np.float32)] * 3).tolist())\n")
    assert main(["run", "--bound", "values=16", str(path)]) == 0
    assert capsys.readouterr().out == "[9.0, 9.0, 9.0, 9.0]\n"
    assert failed(capsys, path, "--bound", "weights=16")[1].count("no such parameter; there are values")


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
    assert "client 0: 'values' has 16 entries of 1 along the last axis, but exactly one must be" in text


BESIDE = """\
TWO = tff.FederatedType(VECTOR, tff.CLIENTS)

@tff.federated_computation(TWO, TWO)
def both(large, small):
    @tff.tensorflow.computation(VECTOR, VECTOR)
    def added(x, y):
        return x + y
    return tff.federated_sum(tff.federated_map(added, (large, small)))

"""


def test_a_program_that_has_no_room_is_told_which_bound_makes_some(program, capsys, tmp_path):
    """The large one's: a lower bound of the other would take more room."""
    path, given = str(program(BESIDE)), ["--emit", "tensor", "-o", str(tmp_path)]
    code, text = failed(capsys, path, *given, "--bound", "large=35184372088832")
    assert code == 2
    assert "does not fit the 64-bit ring" in text
    (advised,) = re.findall(r"--bound (\S+);", text)
    assert advised.startswith("large=")
    assert main([path, *given, "--bound", advised]) == 0


def test_bounds_may_be_intervals(program, capsys, tmp_path):
    path = program(MEAN + "mean([np.full(4, -0.5, np.float32)] * 3)\n")
    code, text = failed(capsys, "run", "--bound", "values=0:16", path)
    assert code == 3
    assert "client 0: 'values' at [0] is -0.5, but the program was compiled for x >= 0." in text
    assert main([str(program(MEAN)), "--bound", "0:16", "--emit", "tensor", "-o", str(tmp_path)]) == 0
    assert "values [n, 4]: 0 <= x < 16" in capsys.readouterr().out


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


def test_a_bound_that_nothing_uses_is_told(program, capsys):
    assert main(["run", "--backend", "plain", "--bound", "updates=3", str(program(MEAN + RUN))]) == 0
    assert "--bound: no aggregation that ran has a parameter updates" in capsys.readouterr().err


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
