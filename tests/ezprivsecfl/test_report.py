"""What a report states, and how it says it."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from small_programs import TensorProgram, clipped_mean, fltrust

from ezprivsecfl.backends.registry import choose
from ezprivsecfl.compiler.choices import FIXED
from ezprivsecfl.compiler.norm_bounds import NormBounds
from ezprivsecfl.compiler.options import Norms, Options, Relu
from ezprivsecfl.compiler.parameter_bounds import Bound, ParameterBounds
from ezprivsecfl.compiler.pipeline import compile_program
from ezprivsecfl.ir.program import Program
from ezprivsecfl.ir.tensor.elementwise import Cast
from ezprivsecfl.ir.tensor.structure import Sum
from ezprivsecfl.ir.types import DType
from ezprivsecfl.report import Report
from ezprivsecfl.report.facts import CircuitUse, Facts, facts_of
from ezprivsecfl.report.proofs import Proved


def facts(program: Program, **options: object) -> Facts:
    return facts_of(choose("plain").lower(compile_program(program, Options(clients=9, **options))))


def test_parameters_and_results():
    found = facts(fltrust(20))
    assert [(t.path, str(t.type)) for t in found.inputs_of_clients] == [("updates", "secret<f32[n, 20]>")]
    assert [(t.path, str(t.type)) for t in found.inputs_of_server] == [("root", "public<f32[20]>")]
    assert [t.path for t in found.results] == ["result"]
    text = str(Report(found))
    assert text.startswith("fltrust\n  Computes\n    From each of 2 to 9 clients: updates f32[20]\n")
    assert "    From the server: root f32[20]\n    Results: result f32[20]\n" in text


def test_formats_have_the_bounds_that_apply():
    found = facts(clipped_mean(5), bounds=ParameterBounds.of({"value": (-1, 4)}))
    (value,) = found.formats
    assert (value.path, value.shape, value.bound) == ("value", ("n", 5), Bound(4.0, -1.0))
    assert f"value [n, 5]: -1 <= x < 4, {value.fractional_bits} fractional bits" in str(Report(found))


@pytest.mark.parametrize(("options", "classified"), [({}, ["x"]), ({"scale": FIXED}, [])])
def test_numbers_are_classified_truth_values_are_not(options, classified):
    b = TensorProgram("flags")
    b.returns(b.add(Sum, b.clients("x", 3), axes=(0,)), "numbers")
    b.clients("flag", dtype=DType.BOOL)
    found = facts(b.build(), **options)
    assert found.classified == classified
    assert ("the magnitude class" in str(Report(found))) == bool(classified)


def test_what_is_proved_of_every_parameter():
    b = TensorProgram("proved")
    for path, shape, dtype in (
        ("long", (9,), DType.F32),
        ("many", (3, 3), DType.I32),
        ("few", (8,), DType.F32),
        ("flags", (9,), DType.BOOL),
    ):
        value = b.clients(path, *shape, dtype=dtype)
        b.returns(b.add(Sum, b.add(Cast, value, dtype=DType.F32) if dtype is DType.BOOL else value, axes=(0,)), path)
    program = b.build()
    bounds = {"bounds": ParameterBounds.of({"": 8.0})}
    proved = facts(program, **bounds, norm_bounds=NormBounds.of({"long": 5.0}))
    assert [(p.path, p.proved, p.norm) for p in proved.proofs] == [
        ("long", Proved.NORM, 5.0),
        ("many", Proved.NORM, 24.0),
        ("few", Proved.ENTRIES, None),
        ("flags", Proved.TRUTH, None),
    ]
    assert (
        "  What clients prove\n"
        "    long [n, 9]: proved: |x|_2 <= 5\n"
        "    many [n, 3, 3]: proved: |x|_2 <= 24\n"
        "    few [n, 8]: proved: every entry\n"
        "    flags [n, 9]: proved: 0 or 1\n"
    ) in str(Report(proved))
    nothing = facts(program, **bounds, proofs=False)
    assert {p.proved for p in nothing.proofs} == {Proved.NOTHING}
    assert "    flags [n, 9]: not proved (--proofs off)\n" in str(Report(nothing))


def test_a_direction_is_proved_to_be_one_long():
    found = facts(fltrust(20))
    assert [(p.path, p.proved, p.norm) for p in found.proofs] == [("updates", Proved.UNIT, None)]
    assert "    updates [n, 20]: proved: divided by its norm, |x|_2 = 1\n" in str(Report(found))


WORTH = re.compile(
    r"    A false statement is accepted with a probability of at most 2\^(-[\d.]+); .*\n"
    r"    An upload and its proof tell each server no more than a statistical distance of 2\^(-?[\d.]+)\n"
    r"    A client uploads 16 bytes to server 0 and (\S+ \S+) to server 1, ([\d.]+) bytes per entry\n"
)


def sum_of(size: int) -> Program:
    b = TensorProgram("sum")
    b.returns(b.add(Sum, b.clients("x", size), axes=(0,)))
    return b.build()


@pytest.mark.parametrize("size", [100, 10_000, 1_000_000])
@pytest.mark.parametrize("program", [sum_of, fltrust], ids=["norm", "unit"])
def test_proofs_are_worth_what_the_report_says(program: Callable[[int], Program], size: int):
    """Soundness and privacy at the default widths; with 64 bits much is given away, and said to be."""
    soundness, privacy, _, bytes_ = WORTH.search(str(Report(facts(program(size))))).groups()
    assert -60 < float(soundness) <= -45
    assert -64 < float(privacy) <= -40
    assert 10 <= float(bytes_) < (40 if size == 100 else 14)
    narrow = {}
    for bits in (64, 72):
        found = WORTH.search(str(Report(facts(program(size), share_bits=bits)))).groups()
        assert found[0] == soundness, "whatever the shares"
        narrow[bits] = float(found[1])
    assert narrow[64] > -40
    assert narrow[64] - narrow[72] == pytest.approx(8.0, abs=0.25)


def test_shares_of_large_values_have_as_many_bits_as_it_takes():
    """Up to 104, and inputs get no more places than these hide; where exactly 72 are too few, it is said."""
    large = {"bounds": ParameterBounds.of({"": 2.0**23})}
    for size, options, fewest, most, enough in (
        (1000, {}, 12.0, 14.5, True),
        (100_000, {}, 13.0, 13.3, True),
        (10_000, {"share_bits": 72}, 9.0, 9.5, False),
    ):
        _, privacy, _, bytes_ = WORTH.search(str(Report(facts(sum_of(size), **large, **options)))).groups()
        assert (float(privacy) <= -40) == enough
        assert fewest <= float(bytes_) <= most


def test_without_proofs_there_is_nothing_they_are_worth():
    text = str(Report(facts(sum_of(100), proofs=False)))
    assert "accepted with a probability" not in text
    assert "statistical distance" not in text
    assert "    A client uploads 16 bytes to server 0 and 800 B to server 1, 8.00 bytes per entry\n" in text


def test_approximations_are_stated_only_if_there_are_any():
    exact = facts(fltrust(200), proofs=False)
    assert not exact.sketches
    assert not exact.polynomials
    rough = facts(fltrust(200), norms=Norms(64), relu=Relu(4), proofs=False)
    assert [(s.shape, s.sums) for s in rough.sketches] == [(("n", 200), 64)]
    assert [p.degree for p in rough.polynomials] == [4]


def test_circuits_are_counted_once_per_element():
    found = facts(fltrust(20))
    assert found.circuits
    assert all(use.garbled for use in found.circuits)
    once = [CircuitUse("wide", 10, 3, ("n", 2), True), CircuitUse("deep", 7, 2, (), False)]
    text = str(Report(Facts(**{**vars(found), "circuits": once})))
    assert "wide: 10 AND gates, once per element of [n, 2], garbled\n" in text
    assert "deep: 7 AND gates, once, on Boolean shares in 2 layers\n" in text
    assert "in all 187 AND gates in a round of 9 clients" in text


def test_html_is_escaped():
    found = facts(fltrust(20))
    html = Report(Facts(**{**vars(found), "name": "<fltrust>", "traffic": ["1 & 2"]}))._repr_html_()
    assert "<h4>&lt;fltrust&gt;</h4>" in html
    assert 'aria-label="who learns what in &lt;fltrust&gt;"' in html
    assert html.endswith("<ul><li>1 &amp; 2</li></ul></div>")
