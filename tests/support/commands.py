"""The command line in this process."""

from __future__ import annotations

import re

import pytest

from ezprivsecfl.cli.main import main


def failed(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str]:
    """Exit code and message of a command that fails; nothing may look like a stack trace of ours."""
    code = main([str(a) for a in arguments])
    message = capsys.readouterr().err
    assert "site-packages" not in message
    return code, message


def assert_result(out: str, arguments: str) -> None:
    """What ``RUN`` prints, from two servers: within a unit of the last opened place."""
    numbers, rest = re.fullmatch(r"result \[(.*?)\] (.*)\n", out).groups()
    assert [float(n) for n in numbers.split(", ")] == pytest.approx([1.0, 2.0, 3.0, 4.0], abs=4 * 2.0**-23)
    assert rest == arguments
