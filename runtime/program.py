"""One program on one server: the clear prologue, its half of the protocol, the clear epilogue."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ezprivsecfl.errors import DivisionError, IncompleteRound, InputError
from ezprivsecfl.ir.dependences import results_by_input
from ezprivsecfl.ir.interpreter import evaluate_ops, run_tensor
from ezprivsecfl.ir.mpc.fixed_point import decode, encode
from ezprivsecfl.ir.mpc.noise import too_little_noise
from ezprivsecfl.ir.mpc.opening import lowest_place
from ezprivsecfl.ir.mpc.protocol import client_message, division_message, invalid_clients
from ezprivsecfl.ir.op import Environment
from ezprivsecfl.ir.owners import Owner
from ezprivsecfl.ir.program import Program
from ezprivsecfl.ir.radii import radii, radii_program
from ezprivsecfl.ir.tensor import Input
from ezprivsecfl.ir.text import parse_program
from ezprivsecfl.ir.types import DType, resolve
from ezprivsecfl.runtime import _duet
from ezprivsecfl.runtime.artefact import Artefact
from ezprivsecfl.runtime.encoding import check_bound
from ezprivsecfl.runtime.manifest import Manifest
from ezprivsecfl.runtime.participants import PROOF_FAILS, Inbox, agree, arrays_digest, on_valid_clients, reasons
from ezprivsecfl.runtime.private import Encoded, owned_values
from ezprivsecfl.runtime.proofs import ProofPlan, plan_of, round_id, upload_context
from ezprivsecfl.runtime.sharing import THIRD_PARTY
from ezprivsecfl.runtime.third_party import ThirdParty

Arrays = dict[str, NDArray[Any]]


@dataclass
class Clear:
    """The parts of a program that are computed in the clear.

    Args:
        manifest: Of the program.
        prologue: Both servers compute it before a round.
        epilogue: And this after it.
        owned: What owners of private inputs compute.
    """

    manifest: Manifest
    prologue: Program
    epilogue: Program
    owned: Mapping[Owner, Program] = field(default_factory=dict)

    @staticmethod
    def load(artefact: Artefact) -> Clear:
        """Reads an artefact's clear parts."""
        return Clear.of_folder(artefact.manifest, artefact.folder)

    @staticmethod
    def of_folder(manifest: Manifest, folder: Path) -> Clear:
        """Reads the clear parts of a program that is emitted into a folder."""

        def part(name: str) -> Program:
            file = folder / f"{name}.ir"
            return parse_program(file.read_text("utf-8"), file.name)

        owners = dict.fromkeys(p.owner for p in manifest.private)
        return Clear(manifest, part("prologue"), part("epilogue"), {owner: part(owner) for owner in owners})

    def server_inputs(self) -> list[str]:
        """Paths of the SERVER-placed inputs that either part takes."""
        opened = {output.path for output in self.manifest.outputs}
        paths = [op.path for part in (self.prologue, self.epilogue) for op in part.of(Input)]
        return [p for p in dict.fromkeys(paths) if p not in opened]

    def owned_values(self, owner: Owner | None, given: Mapping[str, NDArray[Any]]) -> Encoded:
        """What an owner shares of its private inputs, if it has any: see ``runtime.private.owned_values``."""
        part = None if owner is None else self.owned.get(owner)
        return {} if owner is None or part is None else owned_values(self.manifest, part, owner, given)

    def prepared(self, server: Mapping[str, NDArray[Any]], clients: int) -> Arrays:
        """What the prologue computes of the SERVER-placed inputs, by path.

        Raises:
            InputError: An input of what will be encoded is beyond its bound.
        """
        encoding = {public.path for public in self.manifest.publics}
        uses = results_by_input(self.prologue)
        for op in self.prologue.of(Input):
            if op.bound is not None and op.type.dtype is not DType.BOOL and encoding.intersection(uses[op.path]):
                check_bound(server[op.path], op.bound, op.path, lowest=op.lowest)
        needed = {op.path: np.asarray(server[op.path]) for op in self.prologue.of(Input)}
        return evaluate_ops(self.prologue, needed, Environment(clients))

    def of_round(self, server: Mapping[str, NDArray[Any]]) -> Manifest:
        """The manifest with the lengths that vectors are cut to, which follow from the SERVER-placed inputs.

        Raises:
            InputError: One is no length, or is computed of an input that is beyond its bound.
        """
        clipped = self.manifest.clipped
        if not clipped:
            return self.manifest
        part = radii_program(self.prologue, clipped)
        for op in part.of(Input):
            if op.bound is not None and op.type.dtype is not DType.BOOL:
                check_bound(server[op.path], op.bound, op.path, lowest=op.lowest)
        found = radii(part, server, clipped)
        for vector, radius in found.items():
            if not 0.0 <= radius < math.inf:
                raise InputError(
                    f"{self.manifest.name} clips {vector!r} to a norm of {radius:g}: it must be finite and not negative"
                )
        return self.manifest.with_radii(found)

    def publics(self, prepared: Arrays) -> list[NDArray[np.uint64]]:
        """The encoded public values of the secure part.

        Raises:
            InputError: One is not finite, beyond what the program was compiled for, or too small for noise.
        """
        encoded = []
        for public in self.manifest.publics:
            value = prepared[public.path]
            magnitudes = np.abs(np.asarray(value, dtype=np.float64))
            if np.any((magnitudes > 0) & (magnitudes < public.least)):
                raise InputError(f"{public.location}: {too_little_noise(float(np.max(magnitudes)), public.frac)}")
            if not np.all(magnitudes < public.bound):
                raise InputError(
                    f"a public value at {public.location} is not finite or reaches {public.bound:g}, more than "
                    "the program was compiled for: check the SERVER-placed inputs it is computed from"
                )
            encoded.append(encode(value, public.frac))
        return encoded

    def lowest(self, prepared: Arrays) -> list[int]:
        """For each output the place below which nothing is opened."""
        return [
            0
            if o.hidden is None or o.significant is None
            else lowest_place(float(prepared[o.hidden]), o.significant, o.frac)
            for o in self.manifest.outputs
        ]

    def magnitudes(self, opened: Sequence[NDArray[np.uint64]]) -> dict[str, int]:
        """The largest entry of every opened value, in units of its last place."""
        outputs = self.manifest.outputs
        values = {o.path: v.astype(np.int64) for o, v in zip(outputs, opened, strict=True)}
        return {path: max(-int(v.min(initial=0)), int(v.max(initial=0))) for path, v in values.items()}

    @property
    def may_drop(self) -> bool:
        """Whether a client may turn out to have values without a defined result."""
        return any(check.per_client for check in self.manifest.checks)

    def check(self, opened: Sequence[NDArray[np.uint64]]) -> None:
        """Judges the bits that are opened before any output.

        Raises:
            DivisionError: A result would not be finite; ``clients`` says whose values are to blame, if they are some's.
        """
        for check, bits in zip(self.manifest.checks, opened, strict=True):
            if check.per_client:
                found = invalid_clients(check.what, bits)
                if found:
                    raise DivisionError(client_message(check.what), found)
            elif np.any(bits):
                raise DivisionError(division_message(f"{check.what} at {check.location}"))

    def opened(self, bits: Sequence[int], sizes: Sequence[int]) -> list[dict[str, Any]]:
        """What was opened of the outputs, for the statistics: the results, numbers, and bits of each number."""
        results = results_by_input(self.epilogue)
        return [
            {"output": " and ".join(results[o.path]), "elements": size, "bits": count}
            for o, count, size in zip(self.manifest.outputs, bits, sizes, strict=True)
        ]

    def results(self, opened: Sequence[NDArray[np.uint64]], server: Mapping[str, NDArray[Any]], clients: int) -> Arrays:
        """Decodes and finishes the opened outputs."""
        outputs = self.manifest.outputs
        return self.finished({o.path: decode(v, o.frac) for o, v in zip(outputs, opened, strict=True)}, server, clients)

    def finished(self, opened: Mapping[str, NDArray[Any]], server: Mapping[str, NDArray[Any]], clients: int) -> Arrays:
        """What the epilogue makes of the opened outputs, numbers by path."""
        prepared: Arrays = {}
        for op in self.epilogue.of(Input):
            value = np.asarray(opened[op.path] if op.path in opened else server[op.path])
            if op.type.dtype is DType.BOOL:
                value = value.astype(np.bool_)
            elif op.type.dtype.is_integer:
                value = value.astype(np.int64)
            prepared[op.path] = value.astype(np.float64) if op.type.dtype.is_float else value
        return run_tensor(self.epilogue, prepared, clients)


@dataclass
class ServerProgram:
    """A loaded program with its connection to the other server.

    Args:
        party: 0 or 1.
        clear: The clear parts.
        engine: The emitted program.
        program_hash: Of the files that were loaded; the other server's must be the same.
        session: The connection; None until the servers have met.
        ready_for: The number of clients that the setup phase was run for, or None.
        rounds: How many there have been.
        kept: The clients whose values the last round's results are of.
        magnitudes: By path the largest entry of what the last round opened, in units of the last place.
        refused: Why this server could not take others, by client; those that are in none of the three, the other
            server could not take.
        invalid: Whose values had no defined result, and why, by client; both servers learn that.
        stats: What the last round took, by phase.
        private: By path this server's shares of private inputs of the server.
        opened: What the last round opened, as ``Clear.opened`` says it.
    """

    party: int
    clear: Clear
    engine: Any
    program_hash: bytes
    session: Any = None
    ready_for: int | None = None
    rounds: int = 0
    opened: list[dict[str, Any]] = field(default_factory=list)
    private: dict[str, NDArray[np.uint64]] = field(default_factory=dict, repr=False)
    kept: tuple[int, ...] = ()
    magnitudes: dict[str, int] = field(default_factory=dict)
    refused: dict[int | None, str] = field(default_factory=dict)
    invalid: dict[int | None, str] = field(default_factory=dict)
    stats: dict[str, dict[str, float]] = field(default_factory=dict)
    inbox: Inbox = field(init=False, repr=False)
    third_party: ThirdParty | None = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.inbox = Inbox(self.party, self.clear.manifest)
        shared = self.clear.manifest.third_party
        self.third_party = None if shared is None else ThirdParty(Inbox(self.party, shared))

    @staticmethod
    def load(folder: Path, party: int) -> ServerProgram:
        """Loads an artefact.

        Raises:
            RunError: It is not the user's own, or not what was built there.
        """
        artefact = Artefact.open(folder)
        return ServerProgram(party, Clear.load(artefact), _duet.load(str(artefact.library)), artefact.program_hash)

    def setup(self, clients: int) -> None:
        """Everything that does not depend on the inputs."""
        self.ready_for = None
        self.engine.setup(self.session, clients)
        self.ready_for = clients

    @property
    def round_id(self) -> bytes:
        """Of the round that is to come: no round of any other session has the same, nor any other one of this."""
        return round_id(self.session.nonce, self.rounds)

    def inbox_of(self, number: object) -> tuple[Inbox, Any]:
        """Where uploads under a number belong, and the number that they have there."""
        if self.third_party is not None and number == THIRD_PARTY:
            return self.third_party.inbox, 0
        return self.inbox, number

    def upload(self, number: object, named: object, arrays: Sequence[NDArray[Any]]) -> None:
        """Takes in what a client, or a third party, uploads for the round that it names; or refuses it."""
        inbox, client = self.inbox_of(number)
        if self.session is None:
            inbox.refuse(client, "it has uploaded something while there was no round")
        else:
            inbox.take(client, named, arrays, self.round_id.hex())

    def run(self, server: Mapping[str, NDArray[Any]], clients: int) -> Arrays:
        """One round on the uploads of clients 0 to ``clients - 1``.

        Those are left out of which one of the servers has no complete, valid upload, if the program drops bad clients.

        Args:
            server: SERVER-placed inputs.
            clients: How many clients were to upload something.

        Raises:
            IncompleteRound: Not exactly as many clients are left as the program is for; the connection lives on.
            InputError: Too few clients are left, or one that may not be left out cannot take part, or a SERVER-placed
                input is not what the program was compiled for.
            DivisionError: A secret divisor was zero.
            _duet.AgreementError: The servers differ in what they sent, received or opened; nothing is returned.
        """
        try:
            self.stats, self.invalid = {}, {}
            self.private = self._own_values(server)
            if self.third_party is not None:
                context = upload_context(self.program_hash, self.round_id, THIRD_PARTY)
                self.private |= self.third_party.shares(self.session, context)
                self._count("agreement")
            complete = self.inbox.close(clients)
            self.refused = dict(self.inbox.refused)
            agreed = agree(self.session, clients, complete, self.manifest.max_clients)
            self.kept, products = self._proved(agreed, plan_of(self.clear.of_round(server)))
            self._count("agreement")
            dropped = self._dropped(clients)
            exact = self.manifest.exact_clients in (None, len(self.kept))
            fails = not self.manifest.drop_bad_clients or len(self.kept) < self.manifest.min_clients or not exact
            if dropped and fails:
                # Otherwise a bit that was altered between the servers would be a client's fault.
                self.session.confirm_round(arrays_digest([np.array(self.kept)]))
            if dropped and not self.manifest.drop_bad_clients:
                raise InputError(f"{self.manifest.name}: clients cannot take part{reasons(dropped)}")
            outputs, self.kept, self.invalid = on_valid_clients(
                self.manifest, self.kept, dropped, lambda kept: self._computed(server, kept, products)
            )
            return outputs
        except IncompleteRound as e:
            self.invalid = {client: why for client, why in e.dropped.items() if client not in dropped}
            raise
        finally:
            self.rounds += 1  # proofs are checked once: nothing of this round is ever taken again
            self.inbox.clear()
            if self.third_party is not None:
                self.third_party.inbox.clear()

    def _own_values(self, server: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[np.uint64]]:
        """This server's shares of what servers own: one has it, and the other has zeros."""
        mine = self.clear.owned_values(next((o for o in Owner if o.party == self.party), None), server)
        owned = [p for p in self.manifest.private if p.owner.party is not None]
        found = {p.path: np.zeros(resolve(p.shape, 0), np.uint64) for p in owned}
        return found | {path: value.view(np.uint64) for path, value in mine.items()}

    def _proved(self, agreed: Sequence[int], plan: ProofPlan) -> tuple[tuple[int, ...], dict[int, NDArray[np.uint64]]]:
        """The clients whose proofs hold, and by client shares of its inner products."""
        if not plan.has_statements:
            return tuple(agreed), {}
        if self.party == 0:
            accepted, products = _duet.check_seeds(self.session, plan.layout, self._seeds(agreed))
        else:
            places = [self.inbox.place(client) for client in agreed]
            accepted, products = _duet.check_masked(self.session, plan.layout, self.inbox.store.descriptor, places)
        self.refused |= {c: PROOF_FAILS for c, holds in zip(agreed, accepted, strict=True) if not holds}
        kept = tuple(client for client, holds in zip(agreed, accepted, strict=True) if holds)
        return kept, dict(zip(agreed, plan.summed(products), strict=True))

    def _seeds(self, clients: Sequence[int]) -> list[tuple[bytes, bytes]]:
        """What some clients have uploaded to server 0, and what that is bound to."""
        contexts = [upload_context(self.program_hash, self.round_id, client) for client in clients]
        return [(self.inbox.seed_of(client), context) for client, context in zip(clients, contexts, strict=True)]

    def _computed(
        self, server: Mapping[str, NDArray[Any]], kept: tuple[int, ...], products: Mapping[int, NDArray[np.uint64]]
    ) -> Arrays:
        """The round on some clients; nothing is opened but checks unless these pass."""
        clients = len(kept)
        prepared = self.clear.prepared(server, clients)
        publics = self.clear.publics(prepared)
        if self.ready_for != clients:
            self.setup(clients)
        self.ready_for = None
        self.inbox.keep(kept)
        shares = self._shares(kept, products)
        try:
            self._judge(self.engine.online(self.session, shares, publics))
            lowest = self.clear.lowest(prepared)
            revealed = self.engine.reveal(self.session, lowest)  # only now: a pass that fails opens no output
            values = [value for value, _ in revealed]
            # What the results are made of, not the results: these may differ in a last bit between two processors.
            given = [np.asarray(server[path]) for path in self.clear.server_inputs()]
            self.session.confirm_round(arrays_digest([*values, *given]))
        finally:
            self._count("setup", "online")
        self.opened = self.clear.opened([bits for _, bits in revealed], [value.size for value in values])
        self.magnitudes = self.clear.magnitudes(values)
        return self.clear.results(values, server, clients)

    def _judge(self, checks: Sequence[NDArray[np.uint64]]) -> None:
        """Raises what the opened checks give reason for, once both servers have confirmed what led to them.

        Otherwise a bit that was altered between the servers would be a client's fault.
        """
        try:
            self.clear.check(checks)
        except DivisionError:
            self.session.confirm_round(arrays_digest(checks))
            raise

    @property
    def manifest(self) -> Manifest:
        """What a round must know of the program."""
        return self.clear.manifest

    def _dropped(self, clients: int) -> dict[int | None, str]:
        """Why clients of the round are left out, as far as this server knows."""
        elsewhere = f"server {1 - self.party} has no complete, valid upload of it"
        return {c: self.refused.get(c, elsewhere) for c in range(clients) if c not in self.kept}

    def _count(self, *phases: str) -> None:
        """Adds what the session says of its last phases to the round's figures."""
        last = self.session.stats()
        for phase in phases:
            before = self.stats.get(phase, {})
            self.stats[phase] = {name: before.get(name, 0) + value for name, value in last[phase].items()}

    def _shares(self, kept: tuple[int, ...], products: Mapping[int, NDArray[np.uint64]]) -> _duet.ClientShares:
        """This server's shares of some clients, in the order of their numbers: of parameters, and of inner products."""
        plan, shares = plan_of(self.manifest), _duet.ClientShares()
        seeds = self._seeds(kept) if self.party == 0 else []
        places = [self.inbox.place(client) for client in kept]
        for s in self.manifest.shares:
            shape = resolve(s.shape, len(kept))
            if self.party == 0:
                shares.add_seeded(plan.layout, seeds, plan.first_vector(s.path), shape)
            else:
                begin = 8 * plan.first_entry(s.path)
                shares.add_file(self.inbox.store.descriptor, [place + begin for place in places], shape)
        for i in range(len(self.manifest.products)):
            shares.add_array(np.array([products[client][i] for client in kept], dtype=np.uint64))
        for private in self.manifest.private:
            shares.add_array(self.private[private.path][None])
        return shares
