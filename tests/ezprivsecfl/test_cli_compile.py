"""``ezcompile PROGRAM.py``: what is written, and what cannot be compiled."""

from __future__ import annotations

from commands import failed
from program_texts import MEAN

from ezprivsecfl.cli.main import main


def test_compile_writes_what_it_says(program, capsys, tmp_path):
    path, out = program(MEAN), tmp_path / "out"
    assert main([str(path), "--clients", "7", "-o", str(out)]) == 0
    report = capsys.readouterr().out
    for text in ("Who learns what", "Hidden from both servers", "fractional bits", "Boolean circuits", "8 rounds\n"):
        assert text in report
    written = {str(p.relative_to(out)) for p in out.rglob("*") if p.is_file()}
    expected = {"report.txt", "tensor.ir", "optimised.ir", "mpc.ir", "program.cpp", "CMakeLists.txt", "manifest.json"}
    expected |= {
        "graph.dot",
        "graph.svg",
        "prologue.ir",
        "epilogue.ir",
        "secure.ir",
        "program.so",
        "built.json",
        "build.log",
    }
    assert {f"mean/{name}" for name in expected} == written
    again = tmp_path / "again"
    assert main([str(out / "mean" / "tensor.ir"), "-o", str(again), "--emit", "mpc"]) == 0
    assert {p.name for p in (again / "mean").iterdir()} == {"report.txt", "mpc.ir", "secure.ir"}


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


def test_no_aggregation(program, capsys):
    code, message = failed(capsys, program("x = 1\n"))
    assert code == 2
    assert "has no aggregation at module level: expected a tff.federated_computation" in message


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


def test_no_compiler_on_the_machine(program, capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("CXX", "no-such-compiler")
    code, message = failed(capsys, program(MEAN), "-o", tmp_path / "out")
    assert code == 2
    assert "no C++ compiler was found" in message
    assert "apt install g++" in message
