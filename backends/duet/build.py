"""Builds emitted programs with the system's compiler, once per content."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from ezprivsecfl.errors import CompileError
from ezprivsecfl.runtime import _duet
from ezprivsecfl.runtime.artefact import LIBRARY, LOG, tree_hash, write_tree

COMPILERS = ("c++", "g++", "clang++")


@dataclass(frozen=True)
class Artefact:
    """A built program.

    Args:
        folder: Source tree and shared object.
        program_hash: SHA-256 of the source tree: what the two servers compare when they meet.
        build_seconds: How long building took; 0 if it was built before.
    """

    folder: Path
    program_hash: bytes
    build_seconds: float

    @property
    def library(self) -> Path:
        """The shared object."""
        return self.folder / LIBRARY


def cache_folder() -> Path:
    """Where built programs are kept: ``$EZPRIVSECFL_CACHE`` or the user's cache folder."""
    chosen = os.environ.get("EZPRIVSECFL_CACHE")
    folder = Path(chosen) if chosen else Path(platformdirs.user_cache_dir("ezprivsecfl"))
    return folder.absolute()  # programs know where their circuits are, and the servers run in another folder


def build(tree: Mapping[str, str]) -> Artefact:
    """Builds a source tree, or finds it built before.

    Raises:
        CompileError: There is no C++ compiler, or it failed.
    """
    program_hash = tree_hash(tree)
    compiler = find_compiler()
    key = hashlib.sha256(program_hash + f"{_duet.__version__}:{_engine_stamp()}:{compiler}".encode()).hexdigest()[:32]
    folder = cache_folder() / key
    if (folder / LIBRARY).exists():
        return Artefact(folder, program_hash, 0.0)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with _locked(folder.with_suffix(".lock")):
        if (folder / LIBRARY).exists():
            return Artefact(folder, program_hash, 0.0)
        started = time.perf_counter()
        work = folder.with_suffix(f".{os.getpid()}")
        shutil.rmtree(work, ignore_errors=True)
        write_tree(tree, work)
        _compile(work, folder / "circuits", compiler)
        shutil.rmtree(work / "build")
        shutil.rmtree(folder, ignore_errors=True)
        work.rename(folder)
        return Artefact(folder, program_hash, time.perf_counter() - started)


def find_compiler() -> str:
    """The system's C++ compiler: ``$CXX``, or the first of c++, g++, clang++."""
    for name in filter(None, (os.environ.get("CXX"), *COMPILERS)):
        found = shutil.which(name)
        if found:
            return found
    raise CompileError(
        "no C++ compiler was found (looked for $CXX, c++, g++, clang++); on Debian or Ubuntu: apt install g++. "
        "Without one, --backend plain runs programs without servers."
    )


def _compile(work: Path, circuits: Path, compiler: str) -> None:
    log = work / LOG
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
        "CXX": compiler,
        "duet_DIR": _duet.cmake_dir(),
    }
    configure = ["cmake", "-S", ".", "-B", "build", "-G", "Ninja", "-D", "CMAKE_BUILD_TYPE=Release"]
    configure += ["-D", "CMAKE_CXX_FLAGS_RELEASE=-O1", "-D", f"CIRCUITS_DIR={circuits}"]
    for tool in ("cmake", "ninja"):
        if shutil.which(tool, path=environment["PATH"]) is None:
            raise CompileError(
                f"{tool} was found neither next to the Python interpreter nor in $PATH: pip install cmake ninja"
            )
    for command in (configure, ["cmake", "--build", "build"]):
        with log.open("ab") as stream:
            result = subprocess.run(
                command, cwd=work, env=environment, stdin=subprocess.DEVNULL, stdout=stream, stderr=stream, check=False
            )
        if result.returncode:
            lines = log.read_text(errors="replace").splitlines()
            first = next((line for line in lines if "error" in line.lower()), "no message")
            raise CompileError(f"the C++ compiler {compiler} failed: {first.strip()}\nThe whole log is in {log}")
    shutil.copy2(work / "build" / LIBRARY, work / LIBRARY)


def _engine_stamp() -> int:
    """Changes whenever the installed engine does."""
    return Path(str(_duet.__file__)).stat().st_mtime_ns


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Holds a file lock, so that two processes do not build the same program at once."""
    with path.open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield
