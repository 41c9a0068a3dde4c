"""The support library's own tests, built against the real framework."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from ezprivsecfl.backends.building import cmake_build
from ezprivsecfl.backends.motion2nx.installation import VARIABLE

SOURCE = Path(__file__).parents[3] / "cpp" / "motion2nx"


@pytest.mark.skipif(VARIABLE not in os.environ, reason=f"needs a built MOTION2NX: set {VARIABLE}")
@pytest.mark.timeout(1800)
def test_the_support_library(tmp_path):
    definitions = {"MOTION2NX_DIR": os.environ[VARIABLE], "EZMOTION_TESTS": "ON"}
    cmake_build(SOURCE, tmp_path / "build", definitions, tmp_path / "build.log")
    command = ["ctest", "--test-dir", str(tmp_path / "build"), "--output-on-failure"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stdout
    assert "100% tests passed" in done.stdout
