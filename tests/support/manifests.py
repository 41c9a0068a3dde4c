"""Manifests of programs that are only taken in, not run."""

from __future__ import annotations

from ezprivsecfl.runtime.manifest import Manifest, SharedInput


def manifest_of(
    *, name: str = "p", clients: int = 5, min_clients: int = 2, drop_bad_clients: bool = True, **shapes: tuple[int, ...]
) -> Manifest:
    """With one CLIENTS-placed parameter of each name and shape."""
    shares = tuple(SharedInput(path, ("n", *shape), 8, 8.0, None) for path, shape in shapes.items())
    return Manifest(name, "duet", clients, min_clients, drop_bad_clients, shares, (), (), (), ())
