"""A built program is code: what somebody else could have put there is not loaded."""

from __future__ import annotations

import os
import shutil
import stat
from dataclasses import replace

import pytest
from on_duet import as_compiled
from small_programs import weighted_mean

from ezprivsecfl.backends.building import cached
from ezprivsecfl.backends.duet.build import build
from ezprivsecfl.cli import compile as compile_command
from ezprivsecfl.cli.main import main
from ezprivsecfl.compiler.options import Options
from ezprivsecfl.compiler.pipeline import compile_program
from ezprivsecfl.errors import CompileError, RunError
from ezprivsecfl.runtime.artefact import Artefact, Record
from ezprivsecfl.runtime.program import ServerProgram

TREE = as_compiled(compile_program(weighted_mean(2), Options(clients=3))).sources()


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("EZPRIVSECFL_CACHE", str(tmp_path_factory.mktemp("built")))
        return build(TREE)


@pytest.fixture
def copied(built, tmp_path):
    """The built program in a folder of its own, which a test may spoil; as if it had been built there."""
    folder = shutil.copytree(built.folder, tmp_path / "program")
    replace(Record.read(folder), place=str(folder.resolve())).write(folder)
    return folder


@pytest.fixture
def cache(tmp_path, monkeypatch):
    folder = tmp_path / "cache"
    monkeypatch.setenv("EZPRIVSECFL_CACHE", str(folder))
    return folder


def make(work, folder):
    (work / "made").write_text("right")
    return ["made"]


def test_what_was_built_is_loaded(copied):
    assert ServerProgram.load(copied, 0).engine.name == "weighted_mean"
    assert Artefact.open(copied).library == copied / "program.so"


def test_a_changed_library_is_not_loaded(copied):
    data = bytearray((copied / "program.so").read_bytes())
    data[len(data) // 2] ^= 1
    (copied / "program.so").write_bytes(data)
    with pytest.raises(RunError, match=r"program\.so is not what was built\. Compile it again"):
        ServerProgram.load(copied, 0)


def test_without_a_record_nothing_is_loaded(copied):
    (copied / "built.json").unlink()
    with pytest.raises(RunError, match="there is no built program in"):
        ServerProgram.load(copied, 0)


def test_a_missing_program(tmp_path):
    with pytest.raises(RunError, match=r"there is no built program in .*compile it again"):
        ServerProgram.load(tmp_path, 0)


def test_a_link_to_a_library_or_folder_is_not_followed(copied, tmp_path):
    (tmp_path / "link").symlink_to(copied)
    with pytest.raises(RunError, match="link is a symbolic link"):
        ServerProgram.load(tmp_path / "link", 0)
    (copied / "program.so").rename(copied / "real.so")
    (copied / "program.so").symlink_to("real.so")
    with pytest.raises(RunError, match=r"program\.so is a symbolic link"):
        ServerProgram.load(copied, 0)


@pytest.mark.parametrize("what", ["", "program.so"])
@pytest.mark.parametrize("bit", [stat.S_IWGRP, stat.S_IWOTH])
def test_what_others_can_write_is_not_loaded(copied, what, bit):
    (copied / what).chmod((copied / what).stat().st_mode | bit)
    with pytest.raises(RunError, match=r"can be written by others .*chmod go-w"):
        ServerProgram.load(copied, 0)


def test_what_belongs_to_somebody_else_is_not_loaded(copied, monkeypatch):
    monkeypatch.setattr(os, "getuid", lambda: copied.stat().st_uid + 1)
    with pytest.raises(RunError, match="belongs to the user with the number"):
        ServerProgram.load(copied, 0)


def test_the_cache_is_made_for_the_user_alone(cache):
    folder, _ = cached("a", "made", make)
    for path in (cache, folder, folder / "made"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700


def test_a_changed_file_in_the_cache_is_made_again(cache):
    folder, _ = cached("a", "made", make)
    assert cached("a", "made", make) == (folder, 0.0)
    (folder / "made").write_text("wrong")
    again, seconds = cached("a", "made", make)
    assert again == folder
    assert seconds > 0
    assert (folder / "made").read_text() == "right"


@pytest.mark.parametrize("what", ["root", "folder", "made"])
def test_a_cache_that_others_can_write_is_an_error(cache, what):
    folder, _ = cached("a", "made", make)
    {"root": cache, "folder": folder, "made": folder / "made"}[what].chmod(0o777)
    with pytest.raises(CompileError, match=r"can be written by others .*EZPRIVSECFL_CACHE"):
        cached("a", "made", make)


def test_a_cache_of_somebody_else_is_an_error(cache, monkeypatch):
    cached("a", "made", make)
    monkeypatch.setattr(os, "getuid", lambda: cache.stat().st_uid + 1)
    with pytest.raises(CompileError, match=r"belongs to the user .*EZPRIVSECFL_CACHE"):
        cached("a", "made", make)


def test_links_inside_the_cache_are_an_error_but_the_cache_may_be_one(cache, tmp_path, monkeypatch):
    folder, _ = cached("a", "made", make)
    (tmp_path / "elsewhere").symlink_to(cache)
    monkeypatch.setenv("EZPRIVSECFL_CACHE", str(tmp_path / "elsewhere"))
    assert cached("a", "made", make)[1] == 0.0
    folder.rename(tmp_path / "moved")
    folder.symlink_to(tmp_path / "moved")
    with pytest.raises(CompileError, match=r"is a symbolic link.*EZPRIVSECFL_CACHE"):
        cached("a", "made", make)


def test_an_unusable_cache_is_an_error_that_names_the_variable(tmp_path, monkeypatch, capsys):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("EZPRIVSECFL_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(CompileError, match=r"cannot be used: .*file.*EZPRIVSECFL_CACHE"):
        build(TREE)

    def fail(*_):
        build(TREE)

    monkeypatch.setattr(compile_command, "carry_out", fail)
    assert main([str(tmp_path / "program.py")]) == 2
    assert "EZPRIVSECFL_CACHE" in capsys.readouterr().err
