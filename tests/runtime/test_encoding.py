"""Fixed point: what is refused, how it is said, and that nothing is clamped or rounded the wrong way."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from manifests import manifest_with, shared_input
from small_programs import clipped_mean

from ezprivsecfl.backends.plain.program import PlainProgram
from ezprivsecfl.backends.tree import manifest
from ezprivsecfl.compiler.options import Options
from ezprivsecfl.compiler.parameter_bounds import ParameterBounds
from ezprivsecfl.compiler.pipeline import compile_program
from ezprivsecfl.errors import InputError
from ezprivsecfl.ir.mpc.fixed_point import decode, encode
from ezprivsecfl.runtime import _duet
from ezprivsecfl.runtime.artefact import Artefact
from ezprivsecfl.runtime.encoding import check_bound
from ezprivsecfl.runtime.local_cluster import LocalCluster
from ezprivsecfl.runtime.manifest import Proof
from ezprivsecfl.runtime.session import TwoServerProgram
from ezprivsecfl.runtime.sharing import checked

REFUSED = {
    "entry": (
        np.array([[0.0, 9.25]]),
        "'w/bias' at [0, 1] is 9.25, but the program was compiled for |x| < 8. If such values are "
        "legitimate, raise the bound: --bound w/bias=16 (in Python: bounds={'w/bias': ...})",
    ),
    "the bound itself": (
        np.array(-8.0),
        "'w/bias' is -8, but the program was compiled for |x| < 8. If such values are "
        "legitimate, raise the bound: --bound w/bias=16 (in Python: bounds={'w/bias': ...})",
    ),
    "nan": (np.array([np.nan]), "'w/bias' at [0] is nan: only finite numbers can be aggregated"),
    "inf": (np.array([0, -np.inf]), "'w/bias' at [1] is -inf: only finite numbers can be aggregated"),
}


def test_the_lowest_value_is_checked_too():
    text = (
        "'w' at [1] is -0.5, but the program was compiled for x >= 0. If such values are legitimate, "
        "declare a bound without a lowest value: --bound w=8 (in Python: bounds={'w': ...})"
    )
    manifest = manifest_with(shared_input("w", 2, frac=20, lowest=0.0))
    with pytest.raises(InputError) as info:
        checked(manifest, {"w": np.array([0.0, -0.5])})
    assert str(info.value) == text
    with pytest.raises(InputError, match=r"is -9, but .* \|x\| < 8.*--bound w=16"):
        checked(manifest, {"w": np.array([0.0, -9.0])})
    for value in (0.0, -0.0, 7.9):
        checked(manifest, {"w": np.full(2, value)})
    check_bound(np.array(1.0), 8.0, "w", lowest=1.0)


@pytest.mark.parametrize("value", [-0.5, 1.0])
def test_everybody_who_encodes_checks_the_declared_interval(value):
    """The client on two servers, the client in simulation, and the servers for public values."""
    bounds = {"value": 8.0, "limit": (2, 8)} if value > 0 else {"value": (0, 8), "limit": 8.0}
    options = Options(clients=3, bounds=ParameterBounds.of(bounds), proofs=value > 0)  # with proofs clients clip
    compiled = compile_program(clipped_mean(3), options)
    values, limit = [np.full(3, value)] * 2, np.array(1.0)
    message = r"'limit' is 1, but .* x >= 2" if value > 0 else r"'value' at \[0\] is -0.5, but .* x >= 0"
    with pytest.raises(InputError, match=message):
        PlainProgram(compiled).run({"value": values}, {"limit": limit})
    if value < 0:
        servers = TwoServerProgram(LocalCluster(), Artefact(Path(), manifest(compiled, compiled.secure, "duet"), b""))
        with pytest.raises(InputError, match=message):
            servers.run({"value": values}, {"limit": limit})  # before any server is started


@pytest.mark.parametrize("case", REFUSED)
def test_the_whole_text_of_a_refusal(case):
    value, text = REFUSED[case]
    with pytest.raises(InputError) as info:
        checked(manifest_with(shared_input("w/bias", *value.shape, frac=20)), {"w/bias": value})
    assert str(info.value) == text


def test_what_is_within_the_bound_is_taken():
    check_bound(np.array([np.nextafter(8.0, 0), -np.nextafter(8.0, 0)]), 8.0, "x")
    check_bound(np.zeros((0, 3)), 8.0, "x")
    check_bound(np.array([True, False]), 8.0, "x")


def test_the_bound_that_is_proposed_suffices():
    for value in (8.0, 9.0, 15.9, 16.0, 2.0**20):
        with pytest.raises(InputError) as info:
            check_bound(np.array(value), 8.0, "x")
        proposed = float(str(info.value).split("--bound x=")[1].split()[0])
        check_bound(np.array(value), proposed, "x")


@given(st.lists(st.floats(-8, 8, width=64), max_size=20), st.integers(0, 58))
def test_client_and_simulation_encode_alike(values, frac):
    array = np.array(values, dtype=np.float64)
    np.testing.assert_array_equal(_duet.encode(array, frac).view(np.uint64), encode(array, frac))
    assert np.all(np.abs(decode(encode(array, frac), frac) - array) <= 1 / 2.0**frac)


@pytest.mark.parametrize("frac", [2, 20])
def test_ties_go_to_even(frac):
    ties = np.array([1.5, 2.5, -1.5, -2.5]) / 2.0**frac
    np.testing.assert_array_equal(encode(ties, frac).astype(np.int64), [2, 2, -2, -2])


@pytest.mark.parametrize("frac", [-8, 0, 8])
def test_only_zero_becomes_zero(frac):
    values = np.array([1e-30, -1e-30, 0.0, -0.0])
    np.testing.assert_array_equal(encode(values, frac).astype(np.int64), [1, -1, 0, 0])


@given(st.lists(st.floats(-100, 100, width=32)), st.integers(1, 30))
def test_rounding_and_comparing_with_integers_is_exact_after_encoding(values, frac):
    array = np.array(values, dtype=np.float64)
    decoded = decode(encode(array, frac), frac)
    np.testing.assert_array_equal(np.floor(decoded), np.floor(array))
    np.testing.assert_array_equal(np.ceil(decoded), np.ceil(array))
    for whole in (-3, 0, 5):
        np.testing.assert_array_equal(decoded > whole, array > whole)


@pytest.mark.parametrize("dtype", [np.int8, np.int32, np.int64, np.uint8, np.bool_])
def test_integers_are_exact(dtype):
    values = np.array([0, 1, 100 if dtype is not np.bool_ else 1]).astype(dtype)
    np.testing.assert_array_equal(decode(encode(values, 0), 0), values.astype(np.int64))
    np.testing.assert_array_equal(decode(encode(values, 8), 8), values.astype(np.float64))
    for frac in (0, 8):
        manifest = manifest_with(shared_input("x", 3, frac=frac, bound=1000.0, proof=Proof.NONE))
        np.testing.assert_array_equal(checked(manifest, {"x": values}).view(np.uint64), encode(values, frac))
