"""Builds source trees with the system's compiler and CMake, once per content."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import platformdirs

from ezprivsecfl.errors import CompileError
from ezprivsecfl.runtime import _duet
from ezprivsecfl.runtime.artefact import LIBRARY, LOG, RECORD, Artefact, Record, distrusted, tree_hash, write_tree

CACHE_VARIABLE = "EZPRIVSECFL_CACHE"
COMPILERS = ("c++", "g++", "clang++")


def cache_folder() -> Path:
    """Where built programs are kept: ``$EZPRIVSECFL_CACHE`` or the user's cache folder."""
    chosen = os.environ.get(CACHE_VARIABLE)
    folder = Path(chosen) if chosen else Path(platformdirs.user_cache_dir("ezprivsecfl"))
    return folder.absolute()  # programs know where their circuits are, and the servers run in another folder


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


Make = Callable[[Path, Path], Sequence[str]]
"""Fills a folder, given that and the place where it will be in the end; returns the files that count."""


def build_program(
    tree: Mapping[str, str], stamp: str, definitions: Mapping[str, str], folder: Path | None = None
) -> Artefact:
    """Builds the source tree of a program, or finds it built before.

    Args:
        tree: Path to text; its CMakeLists.txt makes the target ``program``.
        stamp: Changes with whatever the program is built against.
        definitions: CMake variables.
        folder: Where to build it, by default in the cache. Other files there stay; nobody else can read it afterwards.

    Raises:
        CompileError: There is no C++ compiler, or it failed, or the folder cannot be used.
    """

    def make(work: Path, place: Path) -> Sequence[str]:
        write_tree(tree, work)
        cmake_build(work, work / "build", {**definitions, "CIRCUITS_DIR": str(place / "circuits")}, work / LOG)
        shutil.copy2(work / "build" / LIBRARY, work / LIBRARY)
        shutil.rmtree(work / "build")
        return [*tree, LIBRARY]

    content = f"{tree_hash(tree).hex()}:{stamp}"
    built, seconds = cached(content, LIBRARY, make) if folder is None else _built_in(folder, content, make)
    return replace(Artefact.open(built), build_seconds=seconds)


def _built_in(folder: Path, content: str, make: Make) -> tuple[Path, float]:
    """A folder that the user has named, filled now unless the same is there already; and the seconds that took."""
    folder, key = folder.resolve(), _key(content)
    record = Record.read(folder)
    if record.key == key and record.difference(folder) is None:
        return folder, 0.0
    started = time.perf_counter()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        for stale in (RECORD, LOG):
            (folder / stale).unlink(missing_ok=True)
        _finish(folder, LIBRARY, make(folder, folder), key, folder)
    except OSError as e:
        raise CompileError(f"cannot build in {folder}: {e.strerror or e}") from e
    return folder, time.perf_counter() - started


def _finish(work: Path, made: str, files: Sequence[str], key: str, place: Path) -> None:
    """Records what was made."""
    (work / made).chmod(0o700)
    Record.of(work, files, key, place).write(work)


def _key(content: str) -> str:
    return hashlib.sha256(f"{content}:{find_compiler()}".encode()).hexdigest()[:32]


def cached(content: str, made: str, make: Make) -> tuple[Path, float]:
    """A folder of the cache, made now unless it has been made before.

    Args:
        content: Describes what is in the folder; the compiler is added.
        made: The file that others use. It and all that counts must be as recorded later.
        make: Fills the folder.

    Returns:
        The folder, and the seconds that making it took now.

    Raises:
        CompileError: The cache folder cannot be used, or not only the user can write it.
    """
    key = _key(content)
    folder = cache_folder() / key
    try:
        return _cached(folder, key, made, make)
    except OSError as e:
        raise _unusable_cache(f"{e.filename or folder}: {e.strerror or e}") from e


def _cached(folder: Path, key: str, made: str, make: Make) -> tuple[Path, float]:
    folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    _check_trusted(folder.parent.resolve())  # the user may have put a link there, but not inside
    if _is_complete(folder, made):
        return folder, 0.0
    with _locked(folder.with_suffix(".lock")):
        if _is_complete(folder, made):
            return folder, 0.0
        started = time.perf_counter()
        work = folder.with_suffix(f".{os.getpid()}")
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(mode=0o700)
        place = folder.resolve()
        _finish(work, made, make(work, place), key, place)
        shutil.rmtree(folder, ignore_errors=True)
        work.rename(folder)
        return folder, time.perf_counter() - started


def _is_complete(folder: Path, made: str) -> bool:
    """Whether a folder of the cache is there and as it was made; what others could have put there is an error."""
    for path in (folder, folder / made):
        if not os.path.lexists(path):
            return False
        _check_trusted(path)
    return Record.read(folder).difference(folder) is None


def _check_trusted(path: Path) -> None:
    why = distrusted(path)
    if why:
        raise _unusable_cache(why)


def _unusable_cache(why: str) -> CompileError:
    return CompileError(
        f"the folder for built programs cannot be used: {why}. Set the environment variable {CACHE_VARIABLE} to a "
        "folder that only you can write."
    )


def cmake_build(source: Path, build: Path, definitions: Mapping[str, str], log: Path) -> None:
    """Configures and builds a CMake project; raises CompileError with the first error of the log."""
    compiler = find_compiler()
    environment = _with_tools() | {"CXX": compiler}
    configure = ["cmake", "-S", str(source), "-B", str(build), "-G", "Ninja", "-D", "CMAKE_BUILD_TYPE=Release"]
    for name, value in {"duet_DIR": _duet.cmake_dir(), **definitions}.items():
        configure += ["-D", f"{name}={value}"]
    for command in (configure, ["cmake", "--build", str(build)]):
        with log.open("ab") as stream:
            code = _ended(command, environment, stream)
        if code:
            lines = log.read_text(errors="replace").splitlines()
            first = next((line for line in lines if "error" in line.lower()), "no message")
            raise CompileError(f"the C++ compiler {compiler} failed: {first.strip()}\nThe whole log is in {log}")


def _with_tools() -> dict[str, str]:
    """The environment, with the path on which CMake and Ninja are; raises CompileError if they are not there."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    for tool in ("cmake", "ninja"):
        if shutil.which(tool, path=path) is None:
            raise CompileError(
                f"{tool} was found neither next to the Python interpreter nor in $PATH: pip install cmake ninja"
            )
    return os.environ | {"PATH": path}


def check_building() -> str:
    """The compiler with which programs can be built, tried on the engine's headers.

    Raises:
        CompileError: There is none, or it does not take them, or CMake or Ninja is missing.
    """
    compiler = find_compiler()
    command = [compiler, "-std=c++20", "-fsyntax-only", f"-I{_duet.include_dir()}", "-x", "c++", "-"]
    tried = subprocess.run(
        command, input="#include <duet/program.h>\n", env=_with_tools(), capture_output=True, text=True, check=False
    )
    if tried.returncode:
        first = next(iter(tried.stderr.splitlines()), "no message")
        raise CompileError(
            f"the C++ compiler {compiler} does not take the engine's headers: {first}. It must know C++20, as gcc "
            "does from 11 on; on Debian or Ubuntu: apt install g++"
        )
    return compiler


def _ended(command: Sequence[str], environment: Mapping[str, str], log: BinaryIO) -> int:
    """Runs a command and returns its exit code; an interrupt ends it with all that it has started."""
    process = subprocess.Popen(
        command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
    )
    try:
        return process.wait()
    except BaseException:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Holds a file lock, so that two processes do not build the same program at once."""
    with path.open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield
