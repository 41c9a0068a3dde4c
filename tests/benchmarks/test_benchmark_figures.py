"""What is made of measured figures: fits, ratios, tables, pages, plots, and which points are measured at all."""

from __future__ import annotations

import json
import sys
from dataclasses import replace

import pytest
from budget import Budget, available_memory_bytes
from growth import exponent, growths, rows
from measuring import Figures, PointError
from peers import cells, run_together, systems_for
from sweep import Sweep, arguments, smallest_first
from tables import Table, markdown, megabytes, ratio, replace_section, significant

POINT = Figures(
    system="Duet",
    computation="fltrust",
    clients=10,
    size=1000,
    bytes_sent=[2_000_000, 1_000_000],
    messages=[3, 4],
    setup_seconds=0.5,
    online_seconds=0.25,
    cpu_seconds=[0.1, 0.2],
    peak_memory_bytes=[10_000_000, 20_000_000],
    error=2.34e-7,
    rounds=7,
    first_bytes=5_000_000,
    first_cpu_seconds=0.3,
    point_seconds=2.0,
    point_memory_bytes=1_000_000_000,
)


def point(clients: int, size: int, bytes_sent: float = 1, cpu: float = 1) -> Figures:
    return replace(POINT, clients=clients, size=size, bytes_sent=[int(bytes_sent), 0], cpu_seconds=[cpu, 0])


def test_exponent():
    assert exponent([1, 10, 100], [3, 30, 300]) == pytest.approx(1)
    assert exponent([2, 8], [5, 10]) == pytest.approx(0.5)
    # Least squares, not what goes through the ends.
    assert exponent([1, 2, 4], [1, 8, 1]) == pytest.approx(0)


def test_growths_are_fitted_along_every_row_and_column_of_the_grid():
    points = [point(n, d, 1000 * n * d**0.5, 1e-6 * n**2 * d) for n in (10, 20, 40) for d in (10_000, 1_000_000)]
    theirs = [replace(p, system="SPU", bytes_sent=[p.clients**3, 0]) for p in points]
    found = growths([*points, *theirs])
    assert len(found) == 2 * 2 * (2 + 3)
    assert [row for row in rows(found) if row[1] == "bytes"] == [
        [
            "Duet",
            "bytes",
            "n^1.00 (d = 10,000); n^1.00 (d = 1,000,000)",
            "d^0.50 (n = 10); d^0.50 (n = 20); d^0.50 (n = 40)",
        ],
        [
            "SPU",
            "bytes",
            "n^3.00 (d = 10,000); n^3.00 (d = 1,000,000)",
            "d^0.00 (n = 10); d^0.00 (n = 20); d^0.00 (n = 40)",
        ],
    ]
    assert rows(found)[0][1:3] == ["CPU", "n^2.00 (d = 10,000); n^2.00 (d = 1,000,000)"]


def test_one_point_makes_no_line():
    assert growths([point(10, 100), point(20, 200)]) == []


def test_numbers_for_people():
    assert [significant(x) for x in (0, 0.0123456, 1.5, 12345.6, 1e6)] == ["0", "0.0123", "1.5", "12,300", "1,000,000"]
    assert megabytes(10_414_436) == "10.4"
    assert [ratio(*pair) for pair in ((28, 10), (8.2, 10.4), (1234, 10))] == ["2.8x", "0.79x", "120x"]


def test_ratios_are_of_the_pair():
    theirs = replace(
        POINT,
        system="SPU",
        bytes_sent=[3_000_000, 3_000_000],
        cpu_seconds=[1, 0.9],
        setup_seconds=0,
        online_seconds=1.5,
    )
    assert cells(theirs, POINT)[:8] == ["6", "1", "1.5", "20", "2e-07", "2x", "5x", "2x"]
    assert cells(POINT, POINT)[5:] == ["", "", "", "5", "0.3"]
    assert cells(theirs, None)[5:8] == ["", "", ""]


def test_ways_of_squaring_are_compared_where_there_are_squares():
    chosen = ["SPU-CHEETAH", "SPU-CHEETAH-matrices"]
    assert systems_for("fltrust", chosen) == ["Duet", *chosen]
    assert systems_for("fedavg", chosen) == ["Duet", "SPU-CHEETAH"]


def test_tables():
    table = Table(["a", "b"])
    table.add(["1", "2"])
    assert markdown(table) == "| a | b |\n|---|---|\n| 1 | 2 |"
    with pytest.raises(ValueError, match="3 cells in a table of 2"):
        table.add(["1", "2", "3"])


def test_a_section_of_a_page_is_replaced(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- grid -->\nold\n<!-- end of grid -->\nafter\n")
    replace_section(page, "grid", r"new \1")
    assert page.read_text() == "before\n<!-- grid -->\n\nnew \\1\n\n<!-- end of grid -->\nafter\n"
    with pytest.raises(ValueError, match="<!-- peers -->"):
        replace_section(page, "peers", "x")


def test_small_points_come_first():
    grid = [(10, 3372), (100, 3372), (10, 100_000), (100, 100_000)]
    assert smallest_first([100, 10], [3372, 100_000], []) == grid
    assert smallest_first([100, 10], [3372, 100_000], [(10, 10**7), (10, 3372)]) == [*grid, (10, 10**7)]


def test_one_round_is_not_enough(capsys):
    parser = arguments("")
    assert parser.parse_args(["--rounds", "2"]).rounds == 2
    with pytest.raises(SystemExit):
        parser.parse_args(["--rounds", "1"])
    assert "1 is not 2 or more rounds" in capsys.readouterr().err


def test_points_beyond_the_budget_are_skipped():
    budget = Budget(seconds=90, memory_bytes=20e9)
    assert budget.measure(lambda timeout: POINT, "fltrust", 10, 1000) is POINT
    with pytest.raises(PointError, match="about 22 GB, 20 are allowed"):
        budget.measure(lambda timeout: pytest.fail("measured"), "fltrust", 220, 1000)
    with pytest.raises(PointError, match=r"about 2 minutes, 1\.5 are allowed"):
        budget.measure(lambda timeout: pytest.fail("measured"), "fltrust", 10, 60_000)
    assert budget.measure(lambda timeout: POINT, "fedavg", 10, 60_000) is POINT, "another series"


def test_nothing_larger_is_tried_after_a_failure():
    def fail(timeout: float) -> Figures:
        raise PointError("no more memory")

    budget = Budget(seconds=100, memory_bytes=20e9)
    with pytest.raises(PointError, match="failed: no more memory"):
        budget.measure(fail, "fltrust", 10, 1000)
    with pytest.raises(PointError, match="a smaller one failed"):
        budget.measure(lambda timeout: POINT, "fltrust", 10, 2000)


def test_free_memory_is_known():
    assert 1e6 < available_memory_bytes() < 1e15


def test_both_parties_end_when_one_fails(tmp_path):
    fails = [sys.executable, "-c", "raise SystemExit('no such protocol')"]
    waits = [sys.executable, "-c", "import time; time.sleep(100)"]
    with pytest.raises(PointError, match="no such protocol"):
        run_together([waits, fails], tmp_path, timeout=50)
    with pytest.raises(PointError, match=r"stopped after 0\.2 s"):
        run_together([waits], tmp_path, timeout=0.2)
    run_together([[sys.executable, "-c", ""]] * 2, tmp_path, timeout=50)


def test_a_sweep_prints_and_saves_every_computation(tmp_path, capsys):
    page = tmp_path / "page.md"
    page.write_text("".join(f"<!-- try {c} -->\n<!-- end of try {c} -->\n" for c in ("fltrust", "fedavg")))
    options = ["--computations", "fltrust", "fedavg", "--clients", "20", "10", "--sizes", "100", "--rounds", "2"]
    options += ["--out", str(tmp_path / "out"), "--page", str(page)]

    def measure(system: str, computation: str, clients: int, size: int, rounds: int, timeout: float) -> Figures:
        if (system, clients) == ("SPU", 20):
            raise PointError("no more memory")
        sent = clients * size * rounds * 1_000_000 * (3 if system == "SPU" else 1)
        return replace(point(clients, size, sent), system=system, computation=computation)

    def cells(figures: Figures, first: Figures | None) -> list[str]:
        assert first is not None
        return [megabytes(figures.total_bytes), ratio(figures.total_bytes, first.total_bytes)]

    parsed = arguments("").parse_args(options)
    Sweep("try", parsed, lambda c: ["Duet", "SPU"], measure, ["MB", "ratio"], cells).run()
    table = """\
| n | d | system | MB | ratio |
|---|---|---|---|---|
| 10 | 100 | Duet | 2,000 | 1x |
| 10 | 100 | SPU | 6,000 | 3x |
| 20 | 100 | Duet | 4,000 | 1x |
| 20 | 100 | SPU | failed: no more memory |  |
"""
    assert capsys.readouterr().out.count(table) == 2
    saved = (tmp_path / "out" / "try-fedavg.md").read_text()
    assert saved.startswith(table)
    assert "| Duet | bytes | n^1.00 (d = 100) |  |" in saved
    assert saved in page.read_text()
    assert len(json.loads((tmp_path / "out" / "try-fltrust.json").read_text())) == 3
    assert (tmp_path / "out" / "try-fltrust.png").read_bytes().startswith(b"\x89PNG")
