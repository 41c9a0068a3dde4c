"""The table at the end of ``ezcompile run``."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ezprivsecfl.cli.summary import WIDTH, print_summary
from ezprivsecfl.runtime.statistics import Statistics, seconds_text, size_text

CALL = Statistics(
    computation="mean",
    backend="duet",
    clients=30,
    dropped=[],
    bytes_sent=[40_000, 60_000],
    messages=[5, 5],
    rounds=8,
    compile_seconds=2.5,
    setup_seconds=0.00004,
    online_seconds=0.02,
    cpu_seconds=[0.5, 0.25],
    peak_memory_bytes=[60_000_000, 61_000_000],
    opened=[],
    max_relative_error=1e-9,
)


def table(capsys, calls, *, check=False, each=False) -> list[str]:
    """The lines, with one space between words."""
    print_summary(calls, check=check, each=each)
    lines = capsys.readouterr().err.splitlines()
    assert max(map(len, lines)) <= WIDTH
    return [" ".join(line.split()) for line in lines]


def test_one_row_for_each_computation(capsys):
    dropped = [{"client": 3, "reason": "late"}]
    second = replace(CALL, compile_seconds=0.0, clients=29, dropped=dropped, rounds=10, online_seconds=0.06)
    slower = replace(second, bytes_sent=[100_000, 300_000], cpu_seconds=[0.1, 1.5], peak_memory_bytes=[9, 70_000_000])
    other = replace(CALL, computation="fltrust")
    heading, _, mean, fltrust, *caption = table(capsys, [CALL, other, second, slower], check=True)
    assert heading == "computation calls clients dropped sent rounds compile setup online CPU memory error"
    assert mean == "mean 3 29-30 2 0.2 MB 8-10 2.50 s 40 µs 47 ms 0.83 s 70.0 MB 1.0e-09"
    assert fltrust == "fltrust 1 30 0 0.1 MB 8 2.50 s 40 µs 20 ms 0.50 s 61.0 MB 1.0e-09"
    assert "averages" in " ".join(caption)


def test_a_row_for_every_call_if_asked_for(capsys):
    rows = table(capsys, [CALL, replace(CALL, computation="fltrust"), CALL], each=True)
    assert [row.split()[0] for row in rows[2:]] == ["mean", "fltrust", "mean"]


def test_the_largest_error_counts(capsys):
    calls = [CALL, replace(CALL, max_relative_error=0.5), replace(CALL, max_relative_error=None)]
    assert table(capsys, calls, check=True)[2].split()[-1] == "5.0e-01"
    assert table(capsys, calls[2:], check=True)[2].split()[-1] == "-"


def test_back_ends_are_not_mixed(capsys):
    assert [row.split()[1] for row in table(capsys, [CALL, replace(CALL, backend="plain")])[2:]] == ["1", "1"]


def test_wide_rows_fit(capsys):
    large = replace(
        CALL,
        computation="a_computation_with_a_very_long_name_" * 3,
        bytes_sent=[10**10, 10**10],
        setup_seconds=123456.0,
        online_seconds=12345.0,
        cpu_seconds=[99999.0, 1.0],
        peak_memory_bytes=[5 * 10**10, 1],
        clients=1000,
        rounds=12345,
    )
    print_summary([large] * 1000, check=True, each=False)
    lines = capsys.readouterr().err.splitlines()
    assert max(map(len, lines)) <= WIDTH
    values = "1000 1000 0 20.0 GB 12345 2500 s 123456 s 12345 s 99999 s 50.0 GB 1.0e-09"
    assert [" ".join(line.split()[1:]) for line in lines].count(values) == 1


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "0 s"),
        (4e-7, "0 µs"),
        (4.2e-5, "42 µs"),
        (3.42e-3, "3.4 ms"),
        (0.0421, "42 ms"),
        (0.421, "0.42 s"),
        (4.215, "4.21 s"),
        (421.4, "421 s"),
    ],
)
def test_times(seconds: float, text: str):
    assert seconds_text(seconds) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 B"), (16, "16 B"), (999, "999 B"), (1234, "1.2 kB"), (123456, "0.1 MB"), (12 * 10**8, "1.2 GB")],
)
def test_sizes(count: int, text: str):
    assert size_text(count) == text
