"""What a round must know of a program beside what is computed: written with the sources, read by all who run it.

Back ends make a ``Manifest`` of a compiled program; the client's side, the servers and the simulation take the same.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, TypeVar

from ezprivsecfl.errors import RunError
from ezprivsecfl.ir.images import Image, Shared
from ezprivsecfl.ir.owners import Owner
from ezprivsecfl.ir.proved_parts import Product
from ezprivsecfl.ir.text_enum import TextEnum
from ezprivsecfl.ir.types import Shape

MANIFEST = "manifest.json"
"""Its name in a source tree."""


class Proof(TextEnum):
    """What is proved of a client's value of one parameter."""

    NORM = "norm"
    """Its L2 norm, and so that no entry is larger."""
    ENTRIES = "entries"
    """That every single entry lies between the bounds."""
    BITS = "bits"
    """That all entries are 0 or 1."""
    ONE_HOT = "one_hot"
    """The same, and that exactly one of every vector along the last axis is 1."""
    UNIT = "unit"
    """That it is 1 long, together with those of all parameters that are one vector with it."""
    CLIPPED = "clipped"
    """That it is no longer than the radius, together with those."""
    NONE = "none"


@dataclass(frozen=True)
class SharedInput:
    """A CLIENTS-placed parameter, or one leaf of it.

    Args:
        path: Its name.
        shape: Of all clients' values together; the first axis is ``n``, the clients.
        frac: Fractional bits.
        bound: Entries x satisfy ``|x| < bound``.
        lowest: And ``x >= lowest``, if that is given.
        proof: What of it clients prove to the servers; all else a client only sees to by itself.
        norm: The largest L2 norm of what a client shares, if it is that.
        vector: The vector that it is a part of, or says something of, if clients share an image of that.
        image: Which.
        binary: Whether entries are 0 or 1.
        one_hot: Whether exactly one of every vector along the last axis is 1.
        radius: Of what is clipped, to which length: known in a round (``Manifest.with_radii``), and None before.
    """

    path: str
    shape: Shape
    frac: int
    bound: float
    lowest: float | None
    proof: Proof
    norm: float | None
    vector: str | None
    image: Image | None
    binary: bool = False
    one_hot: bool = False
    radius: float | None = None

    @property
    def client_shape(self) -> tuple[int, ...]:
        """Of one client's value."""
        return tuple(int(d) for d in self.shape[1:])

    @property
    def shared(self) -> Shared:
        """What is shared of which vector."""
        return Shared(self.path, self.vector, self.image, self.frac)


@dataclass(frozen=True)
class ServerInput:
    """A SERVER-placed parameter, or one leaf of it; the clear parts say what else must hold of it.

    Args:
        path: Its name.
        shape: Its shape.
        owner: Who alone knows it; None: both servers do.
    """

    path: str
    shape: Shape
    owner: Owner | None = None


@dataclass(frozen=True)
class PrivateValue:
    """A value that an owner of private inputs computes of these, and that both servers have shares of.

    Args:
        path: The output of the owner's part.
        owner: Who that is.
        shape: Its shape.
        frac: Fractional bits.
        bound: Entries x satisfy ``|x| < bound``.
        lowest: And ``x >= lowest``, if that is given.
        norm: The largest L2 norm, if there is one.
        proof: What of it a third party proves to the servers.
        location: The operation's place in the user's program.
    """

    path: str
    owner: Owner
    shape: Shape
    frac: int
    bound: float
    lowest: float | None
    norm: float | None
    proof: Proof
    location: str

    @property
    def as_upload(self) -> SharedInput:
        """The same as the parameter of a program whose only client is the third party."""
        return SharedInput(
            self.path, ("n", *self.shape), self.frac, self.bound, self.lowest, self.proof, self.norm, None, None
        )


@dataclass(frozen=True)
class PublicValue:
    """A public value of the secure part, which the prologue computes.

    Args:
        path: The prologue's output.
        shape: Its shape.
        frac: Fractional bits.
        bound: Entries x satisfy ``|x| < bound``.
        least: Entries other than 0 are at least so large in magnitude.
        location: The operation's place in the user's program.
    """

    path: str
    shape: Shape
    frac: int
    bound: float
    least: float
    location: str


@dataclass(frozen=True)
class OpenedValue:
    """A value that is opened.

    Args:
        path: The epilogue's input.
        frac: Fractional bits.
        hidden: The prologue's output next to which it is shown, if that hides places of it.
        significant: How many bits of its largest magnitude are shown; None for all.
    """

    path: str
    frac: int
    hidden: str | None
    significant: int | None


@dataclass(frozen=True)
class Check:
    """Bits that are opened before any result: whether one would be undefined.

    Args:
        what: The operation.
        location: Its place in the user's program.
        per_client: Whether there is one for each client, rather than for all together.
    """

    what: str
    location: str
    per_client: bool


@dataclass(frozen=True)
class Manifest:
    """What a round must know of a program; all sequences are in the program's order.

    Args:
        name: The computation's name.
        backend: The back end that has made it, for statistics.
        max_clients: The largest number of clients of a round.
        exact_clients: The only number that its results may be of, after some have been left out; None: any.
        min_clients: The smallest number, also after some have been left out.
        drop_bad_clients: Whether a client whose upload or values cannot be used is left out, or ends the round.
        shares: CLIENTS-placed inputs.
        server: SERVER-placed inputs.
        publics: What the secure part takes of the prologue.
        outputs: What is opened.
        checks: What is opened before that.
        share_bits: Of the shares of clients' values (``runtime/proofs.py``).
        products: The inner products of parts of parameters of which the secure part takes shares, after those of the
            parameters.
        private: What owners share of private SERVER-placed inputs; the secure part takes it after those.
    """

    name: str
    backend: str
    max_clients: int
    exact_clients: int | None
    min_clients: int
    drop_bad_clients: bool
    shares: tuple[SharedInput, ...]
    server: tuple[ServerInput, ...]
    publics: tuple[PublicValue, ...]
    outputs: tuple[OpenedValue, ...]
    checks: tuple[Check, ...]
    share_bits: int
    products: tuple[Product, ...]
    private: tuple[PrivateValue, ...] = ()

    @property
    def parameters(self) -> list[SharedInput]:
        """What clients have: all that they share but what they compute of it themselves."""
        return [s for s in self.shares if s.image is None or s.shared.is_part]

    @property
    def third_party(self) -> Manifest | None:
        """What a third party uploads, as the only client of a program; None if there is no such party."""
        shares = tuple(p.as_upload for p in self.private if p.owner is Owner.THIRD_PARTY)
        return replace(self, shares=shares, products=(), max_clients=1) if shares else None

    def given_by(self, owner: Owner) -> list[str]:
        """The paths of an owner's private inputs."""
        return [s.path for s in self.server if s.owner is owner]

    @property
    def clipped(self) -> list[str]:
        """The vectors of which each round has a radius."""
        return list(dict.fromkeys(s.vector for s in self.shares if s.vector and s.image is Image.CLIPPED))

    def with_radii(self, radii: Mapping[str, float]) -> Manifest:
        """The same for a round: by vector the length that it is cut to."""
        shares = (replace(s, radius=radii.get(s.vector)) if s.vector else s for s in self.shares)
        return replace(self, shares=tuple(shares))

    @property
    def text(self) -> str:
        """As JSON; ``parse`` reads it."""
        return json.dumps(asdict(self), indent=2) + "\n"

    @staticmethod
    def parse(text: str) -> Manifest:
        """Reads what ``text`` has written.

        Raises:
            RunError: It is no manifest of this version.
        """
        try:
            fields: dict[str, Any] = json.loads(text)
            fields |= {name: _read(kind, fields[name]) for name, kind in _LISTS.items()}
            return Manifest(**fields)
        except (ValueError, TypeError, KeyError, AttributeError) as e:
            raise RunError(f"{MANIFEST} is none of this version of EZPrivSecFL ({e}): compile the program again") from e


_LISTS: dict[str, type[Any]] = {
    "shares": SharedInput,
    "server": ServerInput,
    "private": PrivateValue,
    "publics": PublicValue,
    "outputs": OpenedValue,
    "checks": Check,
    "products": Product,
}

_ENUMERATIONS: dict[str, type[TextEnum]] = {"proof": Proof, "image": Image, "owner": Owner}

_Entry = TypeVar("_Entry")


def _read(kind: type[_Entry], entries: list[dict[str, Any]]) -> tuple[_Entry, ...]:
    """Entries of one kind; JSON has no tuples, which shapes are, and no enumerations."""

    def meant(name: str, value: object) -> object:
        if name in _ENUMERATIONS and value is not None:
            return _ENUMERATIONS[name](str(value))
        return tuple(value) if isinstance(value, list) else value

    return tuple(kind(**{name: meant(name, value) for name, value in one.items()}) for one in entries)
