"""Building: where, with what, and what if that is missing."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import pytest
from on_duet import as_compiled
from small_programs import weighted_mean

from ezprivsecfl.backends.building import cache_folder, find_compiler
from ezprivsecfl.backends.duet.build import build
from ezprivsecfl.compiler.options import Options
from ezprivsecfl.compiler.pipeline import compile_program
from ezprivsecfl.errors import CompileError
from ezprivsecfl.runtime import _duet
from ezprivsecfl.runtime.artefact import read_tree, tree_hash, write_tree

TREE = as_compiled(compile_program(weighted_mean(2), Options(clients=3))).sources()


def test_two_processes_build_a_program_once(tmp_path, monkeypatch):
    monkeypatch.setenv("EZPRIVSECFL_CACHE", str(tmp_path / "a folder"))
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        first, second = pool.map(build, [TREE, TREE])
    assert first.folder == second.folder
    assert sorted(a.build_seconds > 0 for a in (first, second)) == [False, True]
    assert read_tree(first.folder, TREE) == TREE
    assert [p.suffix for p in sorted(first.folder.parent.iterdir())] == ["", ".lock"]


def test_a_relative_cache_folder_is_fixed_at_once(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EZPRIVSECFL_CACHE", "here")
    assert cache_folder() == tmp_path / "here"
    artefact = build(TREE)
    assert (tmp_path / "here").samefile(artefact.folder.parent)
    monkeypatch.chdir("/")  # as the servers do: the program must find its circuits all the same
    sessions = _duet.local_pair()
    programs = [_duet.load(str(artefact.library)) for _ in sessions]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda p, s: p.setup(s, 2), programs, sessions))


def test_an_interrupt_ends_all_that_a_build_has_started(tmp_path, monkeypatch):
    """The compiler is a grandchild, which nobody else would end; the next build works."""
    monkeypatch.setenv("EZPRIVSECFL_CACHE", str(tmp_path / "cache"))
    compiler = tmp_path / "slow-c++"
    pids = tmp_path / "pids"
    compiler.write_text(f"#!/bin/sh\necho $$ >> {pids}\nsleep 60\n")
    compiler.chmod(0o700)
    with monkeypatch.context() as patched:
        patched.setenv("CXX", str(compiler))
        # A shell starts what runs in its background with interrupts ignored.
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        interrupt = threading.Thread(target=interrupt_once_there, args=(pids,), daemon=True)
        interrupt.start()
        try:
            with pytest.raises(KeyboardInterrupt):
                build(TREE)
            interrupt.join()
        finally:
            signal.signal(signal.SIGINT, before)
    started = [int(pid) for pid in pids.read_text().split()]
    deadline = time.monotonic() + 5
    while any(alive(pid) for pid in started) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert started
    assert not any(map(alive, started))
    assert build(TREE).library.exists()


def interrupt_once_there(pids):
    """However long CMake takes on a busy machine until it starts a compiler."""
    deadline = time.monotonic() + 60
    while not (pids.exists() and pids.read_text().strip()) and time.monotonic() < deadline:
        time.sleep(0.05)
    os.kill(os.getpid(), signal.SIGINT)


def alive(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_no_compiler(monkeypatch, tmp_path):
    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CompileError, match=r"no C\+\+ compiler was found .*apt install g\+\+.*--backend plain"):
        find_compiler()


@pytest.mark.parametrize("missing", ["cmake", "ninja"])
def test_no_build_tools(monkeypatch, tmp_path, missing):
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "python").symlink_to(sys.executable)
    for tool in {"cmake", "ninja"} - {missing}:
        (tools / tool).symlink_to(str(shutil.which(tool)))
    monkeypatch.setenv("EZPRIVSECFL_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("CXX", find_compiler())
    monkeypatch.setenv("PATH", str(tools))
    monkeypatch.setattr(sys, "executable", str(tools / "python"))
    with pytest.raises(CompileError, match=f"{missing} was found neither .*pip install cmake ninja"):
        build(TREE)


def test_the_hash_covers_names_and_texts_and_survives_the_disk(tmp_path):
    tree = {"a": "bc", "d/e.txt": "größe\r\n\n"}
    write_tree(tree, tmp_path)
    assert read_tree(tmp_path) == tree
    hashes = {tree_hash(t) for t in (tree, {"ab": "c", "d/e.txt": "größe\r\n\n"}, {"a": "bc"}, {})}
    assert len(hashes) == 4


def test_the_hash_does_not_depend_on_the_locale(tmp_path):
    code = (
        "import sys; from pathlib import Path; from ezprivsecfl.runtime.artefact import *; "
        "t = {'a': 'gr\\u00f6\\u00dfe'}; write_tree(t, Path(sys.argv[1])); assert read_tree(Path(sys.argv[1])) == t"
    )
    for index, flags in enumerate((["-X", "utf8=0"], ["-X", "utf8=1"])):
        folder = tmp_path / str(index)
        subprocess.run(
            [sys.executable, *flags, "-c", code, str(folder)],
            check=True,
            env={**os.environ, "LC_ALL": "C", "PYTHONCOERCECLOCALE": "0"},
        )
        assert Path(folder, "a").read_bytes() == "größe".encode()
