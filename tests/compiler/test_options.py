"""What users choose, as text and as values."""

from __future__ import annotations

import pytest

from ezprivsecfl.compiler.choices import first_clients
from ezprivsecfl.compiler.options import Norms, Options, Relu
from ezprivsecfl.errors import CompileError


def test_relu():
    assert Relu.parse("exact") == Relu(None)
    assert Relu.parse("poly:6") == Relu(6)


@pytest.mark.parametrize("kind", ["", "poly", "poly:", "poly:3", "poly:10", "poly:04", "cubic", "exact:2"])
def test_what_is_no_relu(kind):
    with pytest.raises(CompileError, match=r"expected exact or poly:DEGREE with DEGREE 2, 4, 6 or 8") as error:
        Relu.parse(kind)
    assert str(error.value).startswith(f"--relu {kind}: ")


def test_norms():
    assert Norms.parse("exact") == Norms(None)
    assert Norms.parse("sketch:4096") == Norms(4096)


@pytest.mark.parametrize(
    "kind", ["", "sketch", "sketch:", "sketch:60", "sketch:66", "sketch:-64", "sketch:6.4e1", "ams:64"]
)
def test_what_is_no_norm(kind):
    with pytest.raises(CompileError, match=r"expected exact or sketch:K with a number of sums K from 64 on") as error:
        Norms.parse(kind)
    assert str(error.value).startswith(f"--norms {kind}: ")


def test_there_are_two_scales():
    with pytest.raises(CompileError, match="scale='small': choose from declared, fixed"):
        Options(scale="small")


def test_programs_are_first_compiled_for_some_clients():
    assert first_clients(None, 2) == 32
    assert first_clients(None, 40) == 40
    assert first_clients(5, 2) == 5
