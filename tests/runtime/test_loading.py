"""A built program runs from its folder, and only if that is as it was built, where it was built."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from on_duet import as_compiled, on_duet
from opened import assert_as_opened
from rounds import random_round
from small_programs import clipped_mean, weighted_mean

from ezprivsecfl.backends.plain.program import PlainProgram
from ezprivsecfl.compiler.options import Options
from ezprivsecfl.compiler.pipeline import compile_program
from ezprivsecfl.errors import InputError, RunError
from ezprivsecfl.runtime import load
from ezprivsecfl.runtime.artefact import FORMAT, Record
from ezprivsecfl.runtime.manifest import Manifest

COMPILED = compile_program(clipped_mean(5), Options(clients=6, proofs=False))  # so that it has circuits


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("out") / "clipped_mean"
    as_compiled(COMPILED).build(made)
    return made


@pytest.fixture
def spoilt(folder):
    """The same folder, put back after a test has spoilt it."""
    kept = folder.with_name("kept")
    shutil.copytree(folder, kept)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)
    kept.rename(folder)


def test_a_loaded_program_gives_what_the_compiled_one_gives(cluster, folder):
    given, server, _ = random_round(COMPILED.tensor, 4)
    loaded, compiled = load(folder, cluster), on_duet(cluster, COMPILED)
    got, expected = [[program.run(given, server) for _ in range(2)][1] for program in (loaded, compiled)]
    assert_as_opened(got.outputs, PlainProgram(COMPILED).run(given, server).outputs)
    assert got.magnitudes == pytest.approx(expected.magnitudes, rel=2.0**-22)  # the last opened place is random
    for field in ("computation", "backend", "clients", "dropped", "bytes_sent", "messages", "rounds", "opened"):
        assert getattr(got.statistics, field) == getattr(expected.statistics, field)


def test_a_program_without_server_inputs_takes_one_argument(cluster, tmp_path):
    compiled = compile_program(weighted_mean(2), Options(clients=3))
    as_compiled(compiled).build(tmp_path)
    given, _, stacked = random_round(compiled.tensor, 3)
    expected = np.sum(stacked["value"] * stacked["weight"][:, None], axis=0) / np.sum(stacked["weight"])
    got = load(str(tmp_path), cluster).run(given)
    np.testing.assert_allclose(got.outputs["result"], expected, rtol=1e-5)


def test_inputs_are_checked_as_those_of_the_compiled_program(cluster, folder):
    program = load(folder, cluster)
    given, server, _ = random_round(COMPILED.tensor, 4)
    with pytest.raises(InputError, match="clipped_mean: parameter 'value' is missing"):
        program.run({}, server)
    with pytest.raises(InputError, match="clipped_mean: parameter 'limit' is missing"):
        program.run(given)
    with pytest.raises(InputError, match=r"'limit' has shape \[2\], expected \[\]"):
        program.run(given, {"limit": np.ones(2)})
    with pytest.raises(InputError, match=r"'limit' has element type <U1: only real numbers"):
        program.run(given, {"limit": np.array("1")})
    with pytest.raises(InputError, match="a round needs at least 2 clients, not 1"):
        program.run({"value": given["value"][:1]}, server)
    with pytest.raises(InputError, match="a round of 7 clients, but the program was compiled for at most 6"):
        program.run({"value": given["value"][:1] * 7}, server)


def test_loading_imports_no_compiler(folder):
    code = (
        "import sys; from ezprivsecfl.runtime import load; load(sys.argv[1]); bad = [m for m in sys.modules if "
        "m.startswith(('ezprivsecfl.compiler', 'ezprivsecfl.backends', 'ezprivsecfl.frontends', 'tensorflow'))]; "
        "assert not bad, bad"
    )
    subprocess.run([sys.executable, "-c", code, str(folder)], check=True)


def test_what_is_there_is_not_built_again(folder):
    before = (folder / "program.so").stat().st_mtime_ns
    assert as_compiled(COMPILED).build(folder).build_seconds == 0
    assert (folder / "program.so").stat().st_mtime_ns == before


def test_another_program_takes_the_folder_over_and_leaves_other_files(cluster, spoilt):
    (spoilt / "notes.txt").write_text("mine")
    other = compile_program(weighted_mean(2), Options(clients=3))
    assert as_compiled(other).build(spoilt).build_seconds > 0
    assert (spoilt / "notes.txt").read_text() == "mine"
    assert load(spoilt, cluster).manifest.name == "weighted_mean"


FILES = ["manifest.json", "prologue.ir", "epilogue.ir", "secure.ir", "program.cpp", "circuits/sqrt_greater.txt"]


@pytest.mark.parametrize("name", [*FILES, "program.so"])
def test_a_changed_or_missing_file_is_named(cluster, spoilt, name):
    data = (spoilt / name).read_bytes()
    (spoilt / name).write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    with pytest.raises(RunError, match=rf"is not loaded: {name} is not what was built\. Compile it again"):
        load(spoilt, cluster)
    (spoilt / name).unlink()
    with pytest.raises(RunError, match=rf"{name} is missing|there is no built program in"):
        load(spoilt, cluster)


def test_a_manifest_that_says_something_else_does_not_run(cluster, spoilt):
    """Fewer clients than the compiler was told would open what it promised to hide."""
    program = load(spoilt, cluster)
    manifest = spoilt / "manifest.json"
    manifest.write_text(replace(Manifest.parse(manifest.read_text()), min_clients=1).text)
    with pytest.raises(RunError, match=r"manifest\.json is not what was built"):
        load(spoilt, cluster)
    given, server, _ = random_round(COMPILED.tensor, 4)
    with pytest.raises(RunError, match=r"manifest\.json is not what was built"):
        program.run(given, server)  # nor in the servers, which look for themselves


FIELDS = '"format": 2, "key": "", "place": "", "engine": ""'


@pytest.mark.parametrize("text", ["", "[]", '{"files": {}}', f"{{{FIELDS}}}", f'{{{FIELDS}, "files": 3}}'])
def test_a_damaged_record_is_told(cluster, spoilt, text):
    (spoilt / "built.json").write_text(text)
    with pytest.raises(RunError, match=r"built\.json is damaged, or of another version of EZPrivSecFL"):
        load(spoilt, cluster)


def test_another_version_is_told(cluster, spoilt):
    replace(Record.read(spoilt), format=FORMAT + 1).write(spoilt)
    with pytest.raises(RunError, match=r"of another version of EZPrivSecFL\. Compile it again"):
        load(spoilt, cluster)


def test_what_was_built_for_another_machine_is_not_loaded(cluster, spoilt):
    replace(Record.read(spoilt), engine="riscv64:9.9:1").write(spoilt)
    with pytest.raises(RunError, match=r"built for another machine or another engine \(riscv64:9.9:1, here "):
        load(spoilt, cluster)


def test_what_was_moved_is_not_loaded(cluster, spoilt, tmp_path):
    """It would look for its circuits where it was built: whatever is there now."""
    shutil.copytree(spoilt, tmp_path / "copy")
    with pytest.raises(RunError, match=rf"it was built in {spoilt}, where it looks for its circuits"):
        load(tmp_path / "copy", cluster)


def test_there_is_nothing_to_load(cluster, tmp_path):
    for place in (tmp_path, tmp_path / "none"):
        with pytest.raises(RunError, match=rf"there is no built program in {place}: compile it again"):
            load(place, cluster)
    (tmp_path / "manifest.json").write_text(as_compiled(COMPILED).sources()["manifest.json"])
    with pytest.raises(RunError, match="there is no built program in"):
        load(tmp_path, cluster)  # emitted, but not built


@pytest.mark.parametrize("change", ["[]", "{}", "no JSON", {"shares": [{"path": "x"}]}, {"clients": 3}])
def test_a_manifest_of_another_layout_is_told(change):
    text = as_compiled(COMPILED).sources()["manifest.json"]
    assert Manifest.parse(text).text == text
    with pytest.raises(RunError, match=r"manifest\.json is none of this version of EZPrivSecFL"):
        Manifest.parse(change if isinstance(change, str) else json.dumps({**json.loads(text), **change}))
