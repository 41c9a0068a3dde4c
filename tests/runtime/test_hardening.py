"""How the engine and emitted programs are built and run: what makes a bug in them harder to use."""

from __future__ import annotations

import os
import resource
import struct
from pathlib import Path

import pytest
from on_duet import as_compiled
from small_programs import weighted_mean

from ezprivsecfl.compiler.options import Options
from ezprivsecfl.compiler.pipeline import compile_program
from ezprivsecfl.runtime import _duet

GNU_STACK, GNU_RELRO = 0x6474E551, 0x6474E552
DYNAMIC, BIND_NOW, FLAGS, FLAGS_1 = 2, 24, 30, 0x6FFFFFFB
WRITABLE_EXECUTABLE = 0b011


def segments(elf: bytes) -> list[tuple[int, int, int, int]]:
    """Type, flags, offset and size in the file of the segments of a 64-bit ELF file (System V ABI, chapter 5)."""
    assert elf[:6] == b"\x7fELF\x02\x01"
    (start,) = struct.unpack_from("<Q", elf, 32)
    size, count = struct.unpack_from("<HH", elf, 54)
    headers = [struct.unpack_from("<IIQQQQ", elf, start + i * size) for i in range(count)]
    return [(type_, flags, offset, length) for type_, flags, offset, _, _, length in headers]


def dynamic(elf: bytes) -> dict[int, int]:
    """Entries of the dynamic section."""
    ((_, _, offset, size),) = [s for s in segments(elf) if s[0] == DYNAMIC]
    return dict(struct.iter_unpack("<qQ", elf[offset : offset + size]))


@pytest.fixture(scope="module")
def program():
    return as_compiled(compile_program(weighted_mean(2), Options(clients=3))).build().library


@pytest.mark.parametrize("which", ["module", "engine", "program"])
def test_relocations_are_read_only_and_the_stack_is_guarded(which, program):
    module = Path(str(_duet.__file__))
    elf = {"module": module, "engine": module.parent / "libduet.so", "program": program}[which].read_bytes()
    types = {type_ for type_, _, _, _ in segments(elf)}
    assert GNU_RELRO in types
    entries = dynamic(elf)
    assert BIND_NOW in entries or entries.get(FLAGS, 0) & 8 or entries.get(FLAGS_1, 0) & 1
    assert b"__stack_chk_fail" in elf
    assert all(flags & WRITABLE_EXECUTABLE != WRITABLE_EXECUTABLE for _, flags, _, _ in segments(elf))
    ((_, flags, _, _),) = [s for s in segments(elf) if s[0] == GNU_STACK]
    assert not flags & 1


def test_the_engine_is_built_with_fortified_functions():
    """The flag itself leaves no trace where all sizes are known; it is in what emitted programs are built with, too."""
    targets = Path(_duet.cmake_dir(), "duet-config.cmake").read_text()
    assert "-D_FORTIFY_SOURCE=2" in targets
    assert "-fstack-protector-strong" in targets
    assert "-Wl,-z,relro,-z,now" in targets


def test_servers_leave_no_core_dumps(cluster):
    """A dump would hold shares and keys."""
    cluster.start()
    for pid in cluster.pids:
        assert resource.prlimit(pid, resource.RLIMIT_CORE) == (0, 0)
    assert os.getpid() not in cluster.pids
