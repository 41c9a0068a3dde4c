"""Progress: on a terminal, in a notebook, nowhere else; what is left; a bar in a bar."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
import time

import pytest
from in_notebook import executed

from ezprivsecfl import pace, progress
from ezprivsecfl.progress import Bar, seconds_text

SLOW = """
import time
from ezprivsecfl.progress import Bar, progress
with progress("short"):
    pass
with Bar("rounds", 4) as bar:
    for i in range(4):
        time.sleep(0.4)
        bar.advance()
        bar.tell(f"round {i + 1} <b>")
with progress("building", 9.0) as bar:
    with progress("inner"):
        time.sleep(1.2)
"""


class Clock:
    """Time that passes on demand."""

    def __init__(self):
        self.now = 100.0

    def monotonic(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    made = Clock()
    monkeypatch.setattr(progress, "time", made)
    return made


def test_what_is_left_follows_the_parts_done_here(clock):
    with Bar("rounds", 12) as bar:
        bar.skip(2)
        assert bar.left is None
        clock.now += 10
        bar.advance(5)
        assert bar.left == 10.0
        assert bar.text == "7 of 12, 10 s, about 10 s left"


def test_what_was_long_ago_does_not_count(clock):
    with Bar("rounds", 100) as bar:
        for _ in range(20):
            clock.now += 100
            bar.advance()
        for _ in range(60):
            clock.now += 10
            bar.advance()
        assert bar.left == pytest.approx(200, rel=0.1)


def test_what_is_left_of_a_time(clock):
    with progress.progress("building", 8.0) as bar:
        clock.now += 3
        assert (bar.done, bar.left, bar.text) == (3.0, 5.0, "3 s, about 5 s left")
        clock.now += 7
        assert (bar.left, bar.text) == (None, "10 s")
    with progress.progress("compiling") as bar:
        clock.now += 3
        assert (bar.left, bar.text) == (None, "3 s")


@pytest.mark.parametrize(("seconds", "text"), [(0.4, "0 s"), (99, "99 s"), (125, "2:05"), (3725, "1:02:05")])
def test_seconds_for_people(seconds, text):
    assert seconds_text(seconds) == text


def test_a_bar_in_a_bar_lends_it_its_text():
    with Bar("outer") as outer:
        with Bar("inner") as inner:
            assert outer.what == "inner"
            inner.tell("further")
            assert outer.what == "further"
        assert outer.what == "outer"
    with Bar("silent", show=False) as outer, Bar("next") as bar:
        assert (outer.what, bar.what) == ("silent", "next")


def test_nobody_looks_nothing_is_shown():
    done = subprocess.run([sys.executable, "-c", SLOW], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == done.stderr == ""


def test_on_a_terminal():
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", SLOW],
        stderr=theirs,
        stdout=subprocess.PIPE,
        env=os.environ | {"TERM": "xterm", "COLUMNS": "120"},
    )
    os.close(theirs)
    shown = b""
    while True:
        try:
            read = os.read(ours, 4096)
        except OSError:  # the other end is closed
            break
        shown += read
    os.close(ours)
    output, _ = process.communicate(timeout=30)
    assert (process.returncode, output) == (0, b"")
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.decode())
    assert "short" not in text
    assert re.search(r"round [1-3] <b> +\S+ +[1-3] of 4, \d s, about \d s left", text)
    assert re.search(r"inner +\S+ +1 s, about 8 s left", text)


def test_in_a_notebook(tmp_path):
    cell, after = executed([SLOW, "1 + 1"], tmp_path)
    shown = [o.data["text/html"] for o in cell.outputs if o.output_type == "display_data"]
    assert len(cell.outputs) == len(shown) == 2
    assert "round 4 &lt;b&gt; (2 s)" in shown[0]
    assert "building (1 s)" in shown[1]
    assert all("<progress" not in html for html in shown)
    assert after.outputs[0].data["text/plain"] == "2"


def test_pace_is_kept_and_scaled(tmp_path, monkeypatch):
    monkeypatch.setenv("EZPRIVSECFL_CACHE", str(tmp_path / "cache"))
    assert pace.expected(pace.COMPILING, 10) is None
    pace.record(pace.COMPILING, 3.0, 30)
    pace.record(pace.BUILDING, 7.0)
    assert pace.expected(pace.COMPILING, 10) == 1.0
    assert pace.expected(pace.BUILDING) == 7.0
    (tmp_path / "cache" / pace.FILE).write_text("[1")
    assert pace.expected(pace.BUILDING) is None
    monkeypatch.setenv("EZPRIVSECFL_CACHE", "/proc/nowhere")
    pace.record(pace.BUILDING, 7.0)
    assert pace.expected(pace.BUILDING) is None


def test_a_bar_ends_with_an_error():
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt), Bar("rounds"):
        raise KeyboardInterrupt
    assert time.monotonic() - started < 5
    with Bar("next") as bar:
        assert bar.what == "next"
