"""References agree with TFF, and with the formulas that are given to SPU."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from computations import COMPUTATIONS, inputs_for, relative_error

CLIENTS, SIZE = 7, 50


@pytest.fixture
def inputs():
    return inputs_for(CLIENTS, SIZE)


@pytest.fixture
def formulas(monkeypatch):
    """benchmarks/spu/formulas.py as plain JAX."""
    experimental = ModuleType("spu.experimental")
    experimental.reveal = lambda x: x
    monkeypatch.setitem(sys.modules, "spu", ModuleType("spu"))
    monkeypatch.setitem(sys.modules, "spu.experimental", experimental)
    path = Path(__file__).parents[2] / "benchmarks" / "spu" / "formulas.py"
    spec = importlib.util.spec_from_file_location("spu_formulas", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", COMPUTATIONS)
def test_references_agree_with_tff(name, inputs, tff_reference):
    import tensorflow_federated as tff

    tff.framework.set_default_context(tff_reference)
    computation = COMPUTATIONS[name]
    program = computation.program(SIZE)
    call = getattr(program, "next", program)
    results = computation.outputs(call(*computation.arguments(program, inputs)))
    assert relative_error(results, computation.reference(inputs)) < 1e-6


@pytest.mark.parametrize("squares", ["elements", "matrices"])
@pytest.mark.parametrize("name", COMPUTATIONS)
def test_formulas_for_spu_agree_with_references(name, squares, inputs, formulas, monkeypatch):
    monkeypatch.setattr(formulas, "BLOCK", 3)  # several blocks, the last one smaller
    computation = COMPUTATIONS[name]
    arrays = [getattr(inputs, field) for field in computation.secret + computation.public]
    results = formulas.FORMULAS[name](formulas.SQUARES[squares], *arrays, *computation.constants(SIZE).values())
    results = results if isinstance(results, tuple) else (results,)
    assert relative_error([np.asarray(r) for r in results], computation.reference(inputs)) < 1e-6


def test_norm_clipping_clips_some(inputs):
    _, clipped = COMPUTATIONS["norm_clipping"].reference(inputs)
    assert clipped == 3  # updates 0, 3 and 6 are the long ones


def test_the_error_is_the_worst_over_outputs():
    good, bad = np.array([1.0, 2.0]), np.array([4.0, 10.5])
    assert relative_error([good, bad], [good, np.array([4.0, 10.0])]) == pytest.approx(0.05)
