"""The benchmark that counts refused uploads runs, for every kind of proof, and counts a refused one."""

from __future__ import annotations

import honest_uploads
import pytest


@pytest.mark.parametrize("kind", honest_uploads.INPUTS)
def test_none_of_a_round_is_refused(kind, capsys):
    assert honest_uploads.count(kind, 1) == 0
    assert f"{honest_uploads.AT_ONCE} uploads, 0 refused" in capsys.readouterr().out


def test_what_is_refused_is_counted(monkeypatch):
    """Values that are larger than what is proved of them."""
    monkeypatch.setattr(honest_uploads, "values_of", too_large)
    assert honest_uploads.count("norm", 1) == honest_uploads.AT_ONCE


def too_large(manifest, rng, original=honest_uploads.values_of):
    values = original(manifest, rng)
    values[0] += 2**30
    return values
