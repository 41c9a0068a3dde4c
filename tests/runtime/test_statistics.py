"""Statistics for people: in a line or a few, and as a table."""

from __future__ import annotations

import re
from dataclasses import replace

from ezprivsecfl.drawing.page import BAR
from ezprivsecfl.runtime.statistics import Statistics

ROUND = Statistics(
    computation="mean<x>",
    backend="duet",
    clients=3,
    dropped=[{"client": 4, "reason": "its proof does not hold"}],
    bytes_sent=[4000, 1000],
    messages=[5, 10],
    rounds=8,
    compile_seconds=0.0,
    setup_seconds=0.5,
    online_seconds=0.25,
    cpu_seconds=[0.1, 0.2],
    peak_memory_bytes=[50_000_000, 50_000_000],
    opened=[{"output": "result", "elements": 7, "bits": 24}],
    imprecise=[{"what": "x", "relative_error": 0.01}],
)


def test_in_a_few_lines():
    assert repr(ROUND) == str(ROUND)
    first, *others = repr(ROUND).splitlines()
    assert first.startswith("mean<x> on duet: 3 clients, 5.0 kB in 8 rounds, setup 0.5 s, online 0.25 s")
    assert others == ["  dropped client 4: its proof does not hold", "  imprecise: x: relative error of up to 1.0e-02"]
    assert len(repr(replace(ROUND, dropped=[], imprecise=[])).splitlines()) == 1


def test_rounds_that_depend_on_timing_are_called_so():
    assert "5.0 kB in about 8 rounds" in repr(replace(ROUND, backend="motion2nx-beavy"))


def test_bars_compare_the_servers_and_nothing_else():
    html = ROUND._repr_html_()
    widths = [float(w) for w in re.findall(r'style="width:([\d.]+)px', html)]
    assert widths == [BAR, BAR / 2, BAR / 2, BAR, BAR / 4, BAR, BAR, BAR]
    assert "result: 7 numbers of 24 bits" in html
    assert "mean&lt;x&gt;" in html
    assert "its proof does not hold" in html


def test_where_there_are_no_servers_there_are_no_rows():
    alone = replace(ROUND, bytes_sent=[], messages=[], cpu_seconds=[], peak_memory_bytes=[])
    assert 'style="width:' not in alone._repr_html_()
