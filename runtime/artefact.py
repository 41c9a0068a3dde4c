"""A built program in its folder: the source tree, the shared object, and the record of what was built.

A shared object is code of whoever could write it: it is loaded only if it and its folder are the user's own, and if
all files are those that were built, in this place and with the engine that is installed.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import stat
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from ezprivsecfl.errors import RunError
from ezprivsecfl.runtime import _duet
from ezprivsecfl.runtime.manifest import MANIFEST, Manifest

FORMAT = 2
"""Version of the layout of an artefact's folder."""

LIBRARY = "program.so"
LOG = "build.log"
RECORD = "built.json"


@dataclass(frozen=True)
class Artefact:
    """A built program.

    Args:
        folder: Source tree, shared object and record.
        manifest: What a round must know of it.
        program_hash: SHA-256 of the source tree: what the two servers compare when they meet.
        build_seconds: How long building took; 0 if it was built before.
    """

    folder: Path
    manifest: Manifest
    program_hash: bytes
    build_seconds: float = 0.0

    @property
    def library(self) -> Path:
        """The shared object."""
        return self.folder / LIBRARY

    @staticmethod
    def open(folder: Path) -> Artefact:
        """The artefact in a folder, after all checks of what it is.

        Raises:
            RunError: There is none; or it is not the user's own, or not what was built there, with this engine.
        """
        library = folder / LIBRARY
        if not (library.is_file() and (folder / RECORD).is_file()):
            raise RunError(f"there is no built program in {folder}: compile it again")
        why = distrusted(folder) or distrusted(library)
        if why:
            raise RunError(f"the program is not loaded: {why}")
        record = Record.read(folder)
        why = record.difference(folder)
        if why:
            raise RunError(f"the program in {folder} is not loaded: {why}. Compile it again")
        tree = read_tree(folder, record.files.keys() - {LIBRARY})
        return Artefact(folder, Manifest.parse(tree[MANIFEST]), tree_hash(tree))


@dataclass(frozen=True)
class Record:
    """What was built: lies beside it, and says whether it still is that.

    Args:
        format: ``FORMAT`` of the version that has built it.
        key: Hash of everything that the result depends on; the same key needs no new build.
        place: The folder that it was built for, in which it finds its circuits.
        engine: ``engine_stamp()`` at that time.
        files: SHA-256 of every file that was built, or built from, by its path in the folder.
    """

    format: int
    key: str
    place: str
    engine: str
    files: dict[str, str]

    @staticmethod
    def of(folder: Path, names: Iterable[str], key: str, place: Path) -> Record:
        """Of files as they are in a folder, which is or will be at ``place``."""
        return Record(FORMAT, key, str(place), engine_stamp(), {name: _file_hash(folder / name) for name in names})

    @staticmethod
    def read(folder: Path) -> Record:
        """Reads the record of a folder; one that is missing, damaged or laid out otherwise is of format 0."""
        try:
            fields = json.loads((folder / RECORD).read_text("utf-8"))
            return Record(**{**fields, "files": dict(fields["files"])})
        except (OSError, ValueError, TypeError, KeyError):
            return Record(0, "", "", "", {})

    def write(self, folder: Path) -> None:
        """Writes it into a folder."""
        (folder / RECORD).write_text(json.dumps(asdict(self), indent=2) + "\n", "utf-8")

    def difference(self, folder: Path) -> str | None:
        """In words, why what is in a folder now is not what was built there for this machine; None if it is."""
        if self.format != FORMAT:
            return f"{RECORD} is damaged, or of another version of EZPrivSecFL"
        if self.engine != engine_stamp():
            return f"it was built for another machine or another engine ({self.engine}, here {engine_stamp()})"
        if self.place != str(folder.resolve()):
            return f"it was built in {self.place}, where it looks for its circuits"
        for name, expected in self.files.items():
            if not (folder / name).is_file():
                return f"{name} is missing"
            if _file_hash(folder / name) != expected:
                return f"{name} is not what was built"
        return None


def engine_stamp() -> str:
    """Changes whenever the installed engine does, and with the kind of machine."""
    return f"{platform.machine()}:{_duet.__version__}:{Path(str(_duet.__file__)).stat().st_mtime_ns}"


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


def read_tree(folder: Path, names: Iterable[str] | None = None) -> dict[str, str]:
    """Reads a source tree back: the files of these names, or all that there are."""
    if names is None:
        names = [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]
    return {name: (folder / name).read_bytes().decode() for name in names}
