"""Who learns what, as a drawing: clients, two servers, what flows between them, and what is opened, with bits."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ezprivsecfl.cells import with_cells
from ezprivsecfl.compiler.analyses.leakage import Check, Opened
from ezprivsecfl.drawing.svg import arrow, picture, shortened, tag, tooltip, words
from ezprivsecfl.ir.owners import Owner
from ezprivsecfl.ir.types import CLIENTS_DIM, shape_text
from ezprivsecfl.report.facts import Facts, Tensor
from ezprivsecfl.runtime.statistics import size_text

LINE, MOST_LINES, LETTERS = 16, 7, 30
"""Height of a line of text; lines and letters that a box has room for."""

CLIENTS_X, SERVERS_X, OPENED_X, BOX, WIDTH = 10.0, 345.0, 680.0, 200.0, 890.0


def flow_svg(facts: Facts, between: str = "", *, alone: bool = False) -> str:
    """Draws who learns what; the report says the same in words.

    Args:
        facts: Of the program.
        between: What the servers send each other.
        alone: Whether the drawing is a file of its own.
    """
    clients, third = _clients(facts), _third_party(facts)
    opened = _opened(facts)
    servers = [_server(facts, party) for party in (0, 1)]
    tops = [46.0, 46.0 + _height(servers[0]) + 78]
    bottom = tops[1] + _height(servers[1])
    clients_top = max(46.0, (46.0 + bottom - _height(clients)) / 2 - (60 if third else 0))
    opened_top = max(46.0, (46.0 + bottom - _height(opened)) / 2)
    third_top = clients_top + _height(clients) + 34
    height = max(bottom, opened_top + _height(opened), third_top + _height(third) if third else 0, 200) + 12
    elements = [
        words(CLIENTS_X, 24, "In the clear only here", "small"),
        words(SERVERS_X, 24, "Shares: each alone looks random", "small"),
        words(OPENED_X, 24, "Both servers learn this", "small"),
        *(_behind(CLIENTS_X, clients_top, _height(clients), by) for by in (8, 4)),
        _box(clients, CLIENTS_X, clients_top, "clients"),
        *(_box(server, SERVERS_X, top, "arith") for server, top in zip(servers, tops, strict=True)),
        _box(opened, OPENED_X, opened_top, "opened"),
    ]
    middle = [top + _height(server) / 2 for top, server in zip(tops, servers, strict=True)]
    start = clients_top + _height(clients) / 2
    elements += _uploads(facts, start, middle)
    if third:
        elements.append(_box(third, CLIENTS_X, third_top, "private"))
        elements += [
            _across(CLIENTS_X + BOX, third_top + _height(third) / 2, SERVERS_X, y + 14, "private") for y in middle
        ]
    across = opened_top + _height(opened) / 2
    elements += [_across(SERVERS_X + BOX, y, OPENED_X, across, "opened") for y in middle]
    elements += _between(between, tops[0] + _height(servers[0]), tops[1])
    return picture(WIDTH, height, elements, alone=alone, label=f"who learns what in {facts.name}")


Lines = Sequence[tuple[str, str]]
"""Of a box: what each line says, and with it what does not fit."""


def _clients(facts: Facts) -> Lines:
    options = facts.options
    exact = options.exact_clients
    count = f"{options.min_clients} to {options.clients}" if exact is None else str(exact)
    own = [(f"{one.path} {_type(one)}", f"{one.path} {_type(one)}") for one in facts.inputs_of_clients]
    return [(f"{count} clients", ""), *_fitting(own), ("learn nothing", "results are for the servers")]


def _server(facts: Facts, party: int) -> Lines:
    known = [(path, f"{path}: known to both servers beforehand") for path in facts.leakage.public]
    known += [
        (f"{path} (its own)", f"{path}: known to server {party} alone")
        for owner, paths in facts.leakage.private.items()
        if owner.party == party
        for path in paths
    ]
    return [(f"server {party}", ""), *_fitting(known), ("sees who takes part", "the number of clients, and which")]


def _third_party(facts: Facts) -> Lines:
    paths = facts.leakage.private.get(Owner.THIRD_PARTY, ())
    return [("third party", ""), *_fitting([(path, path) for path in paths])] if paths else []


def _opened(facts: Facts) -> Lines:
    lines = [one for opened in facts.leakage.opened for one in _result(opened)]
    lines += [one for check in facts.leakage.checks for one in _check(check)]
    lines += [(f"size class of {path}", f"within a factor of 16, and its sign: of {path}") for path in facts.classified]
    return [("opened", ""), *_fitting(lines, 2 * MOST_LINES)]


def _result(opened: Opened) -> Lines:
    """Two lines: the results that are computed of an opened value, and how many numbers and bits it is."""
    name = " and ".join(opened.results)
    count = math.prod(d for d in opened.type.shape if d != CLIENTS_DIM)
    often = "n x " if CLIENTS_DIM in opened.type.shape else ""
    bits = "all bits" if opened.significant is None else f"{opened.significant} bits"
    numbers = f"{often}{count:,} number{'' if count == 1 and not often else 's'} x {bits}"
    return [(name, name), (f"  {numbers}", f"{name}: {numbers}, counted from the largest number")]


def _check(check: Check) -> Lines:
    """Two lines: what may have no finite value, and that one bit says whether it has."""
    what = with_cells(check.what)
    bit = f"1 bit{' per client' if check.per_client else ''}: finite?"
    return [(what, what), (f"  {bit}", f"{bit} {what}")]


def _fitting(lines: Lines, most: int = MOST_LINES) -> list[tuple[str, str]]:
    """The first ones, and how many more there are: all are in words below the drawing."""
    if len(lines) <= most:
        return list(lines)
    rest = lines[most - 1 :]
    return [*lines[: most - 1], (f"and {len(rest)} more", "\n".join(text for _, text in rest))]


def _type(one: Tensor) -> str:
    shape = tuple(d for d in one.type.shape if d != CLIENTS_DIM)
    return f"{one.type.dtype.value}{shape_text(shape) if shape else ''}"


def _height(lines: Lines) -> float:
    return LINE * len(lines) + 14.0


def _box(lines: Lines, x: float, y: float, class_: str) -> str:
    (title, _), *rest = lines
    body = [
        tag("g", tooltip(full or line), words(x + 10, y + 19 + LINE * (i + 1), shortened(line, LETTERS), "small"))
        for i, (line, full) in enumerate(rest)
    ]
    frame = tag("rect", x=x, y=y, width=BOX, height=_height(lines), rx=6, class_=f"area {class_}")
    return tag("g", frame, words(x + 10, y + 19, title, "strong"), *body)


def _behind(x: float, y: float, height: float, by: int) -> str:
    """What shows of another box of that height behind the one there."""
    path = f"M{x + by:.0f} {y:.0f}v{-by}h{BOX:.0f}v{height:.0f}h{-by}"
    return tag("path", d=path, class_="line")


def _across(x: float, y: float, to_x: float, to_y: float, class_: str) -> str:
    """An arrow to the right."""
    half = (x + to_x) / 2
    path = f"M{x:.0f} {y:.0f}C{half:.0f} {y:.0f} {half:.0f} {to_y:.0f} {to_x - 6:.0f} {to_y:.0f}"
    return arrow(path, class_, (to_x, to_y), (1, 0))


def _uploads(facts: Facts, start: float, middle: Sequence[float]) -> list[str]:
    layout = facts.plan.layout
    size = size_text(8 * layout.entries + layout.high_bytes + layout.proof_bytes)
    labels = ["16 bytes: a seed", f"{size}: shares{' and proof' if facts.plan.has_statements else ''}"]
    x, to_x = CLIENTS_X + BOX + 8, SERVERS_X
    arrows = [_across(x, start, to_x, y, "clients") for y in middle]
    return [
        *arrows,
        *(
            words(to_x - 8, y + (-9 if party == 0 else 20), label, "small", "end")
            for party, (y, label) in enumerate(zip(middle, labels, strict=True))
        ),
    ]


def _between(text: str, top: float, bottom: float) -> list[str]:
    x = SERVERS_X + BOX / 2
    return [
        arrow(f"M{x - 8:.0f} {bottom - 6:.0f}V{top + 6:.0f}", "arith", (x - 8, top), (0, -1)),
        arrow(f"M{x + 8:.0f} {top + 6:.0f}V{bottom - 6:.0f}", "arith", (x + 8, bottom), (0, 1)),
        words(x + 20, (top + bottom) / 2 - 4, text or "messages", "small"),
        words(x + 20, (top + bottom) / 2 + 12, "no dealer", "small"),
    ]
