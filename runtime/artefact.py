"""What identifies a program: the hash of its source tree, which each server computes of the files that it loads.

A shared object is code of whoever could write it: it is loaded only if it and its folder are the user's own, and if it is
the one that was built.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ezprivsecfl.errors import RunError

LIBRARY = "program.so"
LOG = "build.log"
RECORD_SUFFIX = ".sha256"
"""Of the file beside a built one in which its hash is recorded."""
BUILT = (LIBRARY, LIBRARY + RECORD_SUFFIX, LOG)
"""Files in an artefact's folder that building adds: two compilers may make different ones of the same program."""


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


def distrusted(path: Path) -> str | None:
    """Why nobody should run what lies at a path, or None: it must be the user's own, and writable by nobody else."""
    status = path.lstat()
    if stat.S_ISLNK(status.st_mode):
        return f"{path} is a symbolic link"
    if status.st_uid != os.getuid():
        return f"{path} belongs to the user with the number {status.st_uid}, not to {os.getuid()}, who would run it"
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        return f"{path} can be written by others (chmod go-w takes that away)"
    return None


def record_hash(built: Path) -> None:
    """Writes down the hash of a built file beside it."""
    built.with_name(built.name + RECORD_SUFFIX).write_text(_file_hash(built), "ascii")


def has_recorded_hash(built: Path) -> bool:
    """Whether a built file is there, as it was when its hash was recorded."""
    record = built.with_name(built.name + RECORD_SUFFIX)
    return built.is_file() and record.is_file() and record.read_bytes() == _file_hash(built).encode()


def loadable(folder: Path) -> Path:
    """The shared object of an artefact.

    Raises:
        RunError: It or its folder is not the user's own, or it is not the one that was built.
    """
    library = folder / LIBRARY
    if not library.is_file():
        raise RunError(f"there is no program in {folder}: compile it again")
    for path in (folder, library):
        why = distrusted(path)
        if why:
            raise RunError(f"the program is not loaded: {why}")
    if not has_recorded_hash(library):
        raise RunError(
            f"the program is not loaded: {library} is not what was built; remove its folder, to build it again"
        )
    return library


def _file_hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def tree_hash(tree: Mapping[str, str]) -> bytes:
    """SHA-256 of a source tree."""
    digest = hashlib.sha256()
    for path, text in sorted(tree.items()):
        for part in (path.encode(), text.encode()):
            digest.update(len(part).to_bytes(8, "little") + part)
    return digest.digest()


def write_tree(tree: Mapping[str, str], folder: Path) -> None:
    """Writes a source tree."""
    for path, text in tree.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8", newline="")


def read_tree(folder: Path) -> dict[str, str]:
    """Reads the source tree of an artefact back."""
    files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    return {name: path.read_bytes().decode() for name, path in files.items() if name not in BUILT}
