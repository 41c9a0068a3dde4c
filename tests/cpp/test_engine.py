"""Builds the engine's own tests (warnings are errors) and runs them."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BUILD = ROOT / "build" / "engine-tests"


@pytest.mark.timeout(900)
def test_engine():
    configure = ["cmake", "-S", str(ROOT / "cpp"), "-B", str(BUILD), "-G", "Ninja", "-DDUET_TESTS=ON"]
    configure += ["-DCMAKE_BUILD_TYPE=Release"]
    for command in (configure, ["cmake", "--build", str(BUILD)]):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    done = subprocess.run(
        ["ctest", "--test-dir", str(BUILD), "--output-on-failure"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
    counted = re.search(r"100% tests passed.*out of (\d+)", done.stdout)
    assert counted is not None
    assert int(counted[1]) >= 20
