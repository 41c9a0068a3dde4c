"""What identifies a program: the hash of its source tree, which each server computes of the files that it loads."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

LIBRARY = "program.so"
LOG = "build.log"
BUILT = (LIBRARY, LOG)
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
