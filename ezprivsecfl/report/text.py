"""A report in words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from ezprivsecfl.cells import with_cells
from ezprivsecfl.compiler.analyses.leakage import Check, Leakage
from ezprivsecfl.compiler.analyses.norms import CONFIDENCE, deviation, largest_error
from ezprivsecfl.compiler.choices import FAIL, FIXED
from ezprivsecfl.compiler.options import CLASS_FACTOR
from ezprivsecfl.errors import Location
from ezprivsecfl.ir.mpc.protocol import client_message
from ezprivsecfl.ir.owners import Owner
from ezprivsecfl.ir.types import CLIENTS_DIM, RingType, Type, resolve, shape_text
from ezprivsecfl.report.facts import Facts, Tensor
from ezprivsecfl.report.privacy import noise_statements
from ezprivsecfl.report.proofs import proof_statements

INITIAL_STATE = (
    "Shown is a round with the state that the process's initialize returns: bounds for all states would be too wide. "
    "Every round is compiled for the state that it has"
)


class Topic(Enum):
    """What a part of a report is about: where a notebook shows it."""

    LEARNED = "Who learns what"
    PRECISION = "Precision"
    CIRCUITS = "Circuits"
    COST = "Cost"


@dataclass(frozen=True)
class Section:
    """A part of a report: a title and statements."""

    title: str
    statements: list[str]
    topic: Topic = Topic.LEARNED


def as_text(facts: Facts) -> str:
    """The report as text, without a line break at the end."""
    parts = [facts.name]
    for section in sections(facts):
        parts.append(f"  {section.title}")
        parts += [f"    {statement}" for statement in section.statements]
    return with_cells("\n".join(parts))


def sections(facts: Facts) -> list[Section]:
    """All parts, in order."""
    return [
        Section("Computes", _computed(facts)),
        *([Section("The boundary", list(facts.boundary))] if facts.boundary else []),
        Section("Who learns what", [*_learned(facts.leakage), *_magnitudes(facts)]),
        *([Section("Noise", noise_statements(facts))] if facts.noise or facts.options.accounting else []),
        Section("What clients prove", proof_statements(facts.proofs, facts.plan)),
        *([Section("What the third party proves", _of_third_party(facts))] if facts.third_party else []),
        Section("Precision", _precision(facts), Topic.PRECISION),
        Section("Boolean circuits", _circuits(facts), Topic.CIRCUITS),
        Section(
            f"Expected traffic of a round of {facts.options.most_clients} clients", list(facts.traffic), Topic.COST
        ),
    ]


def _of_third_party(facts: Facts) -> list[str]:
    assert facts.third_party is not None
    return [
        *proof_statements(
            facts.third_party_proofs, facts.third_party, "the third party", "ends the round, and is named"
        ),
        "It proves no more of what it computes of its values: it could share numbers that follow from none",
    ]


def _computed(facts: Facts) -> list[str]:
    options = facts.options
    exact = options.exact_clients
    clients = f"{options.min_clients} to {options.clients}" if exact is None else f"exactly {exact}"
    return [
        f"From each of {clients} clients: {_listed(facts.inputs_of_clients)}",
        *([f"From the server: {_listed(facts.inputs_of_server)}"] if facts.inputs_of_server else []),
        *([INITIAL_STATE] if facts.of_initial_state else []),
        f"Results: {_listed(facts.results)}",
        f"{facts.tensor_operations} tensor operations; {facts.secure_operations} operations on shares, wires and "
        "public values",
    ]


def _listed(tensors: Sequence[Tensor]) -> str:
    """Parameters or results with their types at one client, or at the server."""
    shapes = [tuple(d for d in one.type.shape if d != CLIENTS_DIM) for one in tensors]
    return ", ".join(
        f"{one.path} {one.type.dtype.value}{shape_text(shape) if shape else ''}"
        for one, shape in zip(tensors, shapes, strict=True)
    )


def _learned(leakage: Leakage) -> list[str]:
    return [
        f"Hidden from both servers and from other clients: {', '.join(leakage.secret)}",
        f"Known to both servers beforehand: {', '.join((*leakage.public, 'the number of clients'))}",
        *(_private(owner, paths) for owner, paths in leakage.private.items()),
        *(
            f"Both servers learn {' and '.join(o.results)}: {_numbers(o.type)} opened{_at(o.location)}, "
            f"{_precisely(o.significant)}"
            for o in leakage.opened
        ),
        *(_checked(check, leakage.on_bad_client) for check in leakage.checks),
        "Clients learn nothing: results are for the servers",
        f"Rounds have at least {leakage.min_clients} clients: a server that colludes with all clients but one learns "
        "what that one's value adds to what is opened; with all but k, what those k add together",
        "Assumed: the servers do not collude, and each follows the protocol",
    ]


def _private(owner: Owner, paths: Sequence[str]) -> str:
    if owner.party is None:
        return f"Known to neither server, but shared by a third party: {', '.join(paths)}"
    return f"Known to server {owner.party} alone: {', '.join(paths)}; server {1 - owner.party} gets no message about it"


def _checked(check: Check, on_bad_client: str) -> str:
    if not check.per_client:
        return (
            f"Both servers learn one bit: whether {check.what}{_at(check.location)} was infinite or not a number; "
            "if so, the round fails, and no result is opened"
        )
    then = "it is named, and the round fails" if on_bad_client == FAIL else "it is dropped and named"
    return (
        f"Both servers learn one bit for each client, before any result: whether {client_message(check.what)}. "
        f"If so, {then}; where it is not finite, TFF's own result would be infinite or not a number"
    )


def _numbers(type_: Type) -> str:
    count = math.prod(d for d in type_.shape if isinstance(d, int))
    return "1 number" if count == 1 else f"{count} numbers"


def _precisely(significant: int | None) -> str:
    if significant is None:
        return "all bits of each"
    return f"the {significant} leading bits, counted from the largest of them"


def _at(location: Location) -> str:
    return f" ({location.file}:{location.line})" if location.line else ""


def _magnitudes(facts: Facts) -> list[str]:
    """What the clients declare so that formats can follow it."""
    if not facts.classified:
        return []
    return [
        f"Both servers learn, for every parameter ({', '.join(facts.classified)}), the magnitude class (a factor of "
        f"{CLASS_FACTOR:g}) of the largest entry over all clients of the round, and whether all its entries "
        f"are non-negative; with --scale {FIXED} clients declare nothing"
    ]


def _precision(facts: Facts) -> list[str]:
    return [
        *(f"{f.path} {shape_text(f.shape)}: {f.bound}, {f.fractional_bits} fractional bits" for f in facts.formats),
        *(
            f"opened for {' and '.join(o.results)}: {o.type.frac} fractional bits"
            for o in facts.leakage.opened
            if isinstance(o.type, RingType)
        ),
        *_sketches(facts),
        *(
            f"ReLU ({p.location}): polynomial of degree {p.degree} on [-{p.bound:g}, {p.bound:g}], worst error "
            f"{p.error:.3g}"
            for p in facts.polynomials
        ),
    ]


def _sketches(facts: Facts) -> list[str]:
    norms = facts.options.norms
    if norms.sums is None:
        return []
    if not facts.sketches:
        return [f"squared norms: all exact, since none is of more than {norms.sums} secret values"]
    return [
        *(
            f"squared norms ({s.location}) of {shape_text(s.shape)}: sketched to {s.sums} sums; relative error at most "
            f"{largest_error(norms):.3g} with probability {CONFIDENCE:.0%} each (deviation {deviation(norms):.3g}), "
            "that of norms about half of it"
            for s in facts.sketches
        ),
        "what goes into which sum is random, public, and drawn after the clients have uploaded",
    ]


def _circuits(facts: Facts) -> list[str]:
    if not facts.circuits:
        return ["none"]
    clients = facts.options.most_clients
    statements, total = [], 0
    for use in facts.circuits:
        often = f"once per element of {shape_text(use.shape)}" if use.shape else "once"
        how = "garbled" if use.garbled else f"on Boolean shares in {use.depth} layers"
        statements.append(f"{use.name}: {use.and_gates} AND gates, {often}, {how}")
        total += use.and_gates * math.prod(resolve(use.shape, clients))
    return [*statements, f"in all {total} AND gates in a round of {clients} clients"]
