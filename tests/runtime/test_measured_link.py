"""How fast the connection between the servers is, as they measure it."""

from __future__ import annotations

from ezprivsecfl.runtime.session import Link, measure_link


def test_an_emulated_link_is_found(cluster):
    bytes_per_second, round_trip = measure_link(cluster, Link("slow", 40e6, 0.01))
    assert 1e6 < bytes_per_second < 41e6
    assert 0.02 <= round_trip < 1


def test_without_a_link_it_is_as_fast_as_the_machine(cluster):
    bytes_per_second, round_trip = measure_link(cluster)
    assert bytes_per_second > 20e6
    assert 0 < round_trip < 0.02
