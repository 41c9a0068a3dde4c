"""Builds the engine's own tests (warnings are errors) and runs them."""

import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BUILD = ROOT / "build" / "engine-tests"
BASELINE = ROOT / "cpp" / "tests" / "wire_traces.txt"


@pytest.mark.timeout(900)
def test_engine(tmp_path):
    configure = ["cmake", "-S", str(ROOT / "cpp"), "-B", str(BUILD), "-G", "Ninja", "-DDUET_TESTS=ON"]
    configure += ["-DCMAKE_BUILD_TYPE=Release"]
    for command in (configure, ["cmake", "--build", str(BUILD)]):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    found = tmp_path / "wire_traces"
    done = subprocess.run(
        ["ctest", "--test-dir", str(BUILD), "--output-on-failure"],
        env={**os.environ, "DUET_FOUND_TRACES": str(found)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    counted = re.search(r"100% tests passed.*out of (\d+)", done.stdout)
    assert counted is not None
    assert int(counted[1]) >= 20
    entries = [line for line in BASELINE.read_text().splitlines() if not line.startswith("#")]
    assert entries == sorted(found.read_text().splitlines()), "entries that no test checks, twice, or out of order"
