"""Every pass that ``ezcompile opt`` knows, before and after: the example of its docstring, and a file of cases."""

from __future__ import annotations

from pathlib import Path

import pytest
from pass_cases import PassCase, cases, example

from ezprivsecfl.cli.opt import known_passes
from ezprivsecfl.compiler.options import Options
from ezprivsecfl.ir.passes import Pass

CASES = Path(__file__).parent / "cases"
PASSES = known_passes(Options())
FILES = {path.stem: cases(path) for path in sorted(CASES.glob("*.ir"))}


@pytest.mark.parametrize("name", PASSES)
def test_the_docstring_has_an_example_that_is_true(name: str):
    shown = example(PASSES[name])
    assert shown is not None, f"{name} has no example in its docstring"
    assert not shown.stays
    shown.check(PASSES[name])


@pytest.mark.parametrize("name", PASSES)
def test_there_is_a_program_that_it_must_not_change(name: str):
    assert any(case.stays for case in FILES[name])


def test_every_file_is_of_a_pass():
    assert FILES.keys() == PASSES.keys()


@pytest.mark.parametrize(
    ("one", "case"),
    [
        pytest.param(PASSES[name], case, id=f"{name}: {case.shows}")
        for name, found in FILES.items()
        for case in found
        if name in PASSES
    ],
)
def test_before_and_after(one: Pass, case: PassCase):
    case.check(one)
