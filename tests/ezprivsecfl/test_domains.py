"""What domain values are in: what is said, and drawn, of every kind of operation."""

from __future__ import annotations

import re

from mpc_programs import every_op
from small_programs import TensorProgram

from ezprivsecfl.domains import Domain, domain_of
from ezprivsecfl.drawing.svg import STYLE
from ezprivsecfl.ir.mpc import io
from ezprivsecfl.ir.owners import Owner
from ezprivsecfl.ir.program import Level, ProgramBuilder
from ezprivsecfl.ir.types import ArithType

BY_NAME = {
    "share": Domain.CLIENTS,
    **dict.fromkeys(("open", "check_zero", "check_clients", "output"), Domain.OPENED),
}
BY_TYPE = {
    "arith": Domain.ARITHMETIC,
    "masked": Domain.ARITHMETIC,
    "boolean": Domain.BOOLEAN,
    "yao": Domain.YAO,
    "ring": Domain.PUBLIC,
}


def test_on_servers():
    program = every_op()
    expected = [BY_NAME.get(op.name) or BY_TYPE[str(op.results[0].type).partition("<")[0]] for op in program.ops]
    assert [domain_of(op) for op in program.ops] == expected
    assert set(expected) == {*BY_NAME.values(), *BY_TYPE.values()}


def test_of_an_owner():
    b = ProgramBuilder("owned", Level.MPC, 4)
    own = b.add(io.Private, path="root", owner=Owner.SERVER_0, bound=8.0, type=ArithType((3,), 8))
    assert domain_of(own.op) is Domain.PRIVATE


def test_before_there_are_domains():
    """At the tensor level values are secret or public; what is returned is what it was before."""
    b = TensorProgram("both")
    b.returns(b.total(b.clients("x", 3)), "secret")
    b.returns(b.server("y", 3), "public")
    found = {(op.name, domain_of(op)) for op in b.build().ops}
    assert ("output", Domain.SECRET) in found
    assert ("output", Domain.PUBLIC) in found
    assert {domain for _, domain in found} == {Domain.SECRET, Domain.PUBLIC}


def test_every_domain_has_a_name_and_drawings_know_its_colour():
    assert len({domain.text for domain in Domain}) == len(Domain)
    assert dict(re.findall(r"\.ez \.(\w+)\{--c:(#\w{6})\}", STYLE)).items() >= {
        (domain.style, domain.colour) for domain in Domain
    }
