"""What is in the clear of a round whose servers run by themselves: its file, clients' files, results."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from on_duet import as_compiled
from small_programs import TensorProgram, clipped_mean, fltrust, weighted_mean

from ezprivsecfl.backends.plain.program import PlainProgram
from ezprivsecfl.compiler.options import Options
from ezprivsecfl.compiler.pipeline import compile_program
from ezprivsecfl.errors import InputError, RunError
from ezprivsecfl.ir.owners import Owner
from ezprivsecfl.ir.program import Program
from ezprivsecfl.ir.tensor.elementwise import Div, Mul, Relu
from ezprivsecfl.ir.tensor.structure import Clients, Sum
from ezprivsecfl.ir.types import DType
from ezprivsecfl.runtime import _duet
from ezprivsecfl.runtime.artefact import write_tree
from ezprivsecfl.runtime.proofs import plan_of, upload_context
from ezprivsecfl.runtime.sharing import checked
from ezprivsecfl.runtime.standalone import Round, program_hash


def emitted(program: Program, folder: Path, **options: object) -> Path:
    """Any back end's tree: the clear parts are the same."""
    write_tree(as_compiled(compile_program(program, Options(clients=6, **options))).sources(), folder)  # type: ignore[arg-type]
    return folder


def divided_by_count() -> Program:
    """relu(x) times limit / n, which is public: another number for each number of clients."""
    b = TensorProgram("divided_by_count")
    x, limit = b.clients("x", 3), b.server("limit")
    each = b.add(Div, limit, b.add(Clients, dtype=DType.F32))
    b.returns(b.add(Sum, b.add(Relu, b.add(Mul, x, each)), axes=(0,)))
    return b.build()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return emitted(fltrust(12), tmp_path_factory.mktemp("fltrust"))


ROOT = {"root": np.linspace(-1.0, 1.0, 12)}
VALUES = {"updates": np.linspace(0.5, 1.0, 12)}


def test_shares_add_up_and_are_bound_to_their_place(folder, tmp_path):
    made = Round.make(folder, 4, ROOT)
    first, second = made.share(2, VALUES, tmp_path / "to0", tmp_path / "to1")
    assert [path.name for path in (first, second)] == ["client-2.share"] * 2
    assert [path.stat().st_mode & 0o777 for path in (first, second)] == [0o600, 0o600]
    round_id = bytes.fromhex(made.description["round"])
    for path in (first, second):
        assert path.read_bytes()[:32] == b"ezshare1" + round_id + (2).to_bytes(8, "little")
    plan = plan_of(made.clear.manifest)
    layout = plan.layout
    assert len(first.read_bytes()) == 32 + 16
    assert len(second.read_bytes()) == 32 + 8 * layout.entries + layout.high_bytes + layout.proof_bytes
    context = upload_context(program_hash(folder), round_id, 2)
    share_0 = _duet.expand_upload(layout, first.read_bytes()[32:], context)
    share_1 = np.frombuffer(second.read_bytes(), "<u8", layout.entries, offset=32)
    own = plan.first_entry("updates") + 12  # what makes proofs comes after that, and is drawn at random
    assert np.array_equal((share_0 + share_1).view(np.int64)[:own], checked(made.clear.manifest, VALUES)[:own])
    direction = VALUES["updates"] / np.linalg.norm(VALUES["updates"])
    found = plan.parts(share_0 + share_1)["updates"].view(np.int64) / 2.0**32
    assert np.max(np.abs(found - direction)) < 1e-6


def test_every_sharing_is_a_fresh_one(folder, tmp_path):
    made = Round.make(folder, 4, ROOT)
    seeds = {made.share(0, VALUES, tmp_path / f"{i}0", tmp_path / f"{i}1")[0].read_bytes() for i in range(3)}
    assert len(seeds) == 3
    assert len({Round.make(folder, 4, ROOT).description["round"] for _ in range(3)}) == 3
    with pytest.raises(FileExistsError):
        made.share(0, VALUES, tmp_path / "00", tmp_path / "other")


def test_what_cannot_be_shared_is_said_before_a_file_is_written(folder, tmp_path):
    made = Round.make(folder, 4, ROOT)
    for client, values, message in (
        (4, VALUES, "client 4 is not in this round: it has 4 clients"),
        (-1, VALUES, "client -1 is not in this round"),
        (0, {}, "parameter 'updates' is missing"),
        (0, {"updates": np.zeros(11)}, r"client 0: 'updates' has shape \[11\], expected \[12\]"),
        (0, {"updates": np.full(12, np.nan)}, "is nan: only finite numbers"),
        (0, {"updates": np.zeros(12)}, "it has no direction"),
    ):
        with pytest.raises(InputError, match=message):
            made.share(client, values, tmp_path / "to0", tmp_path / "to1")
    assert not (tmp_path / "to0").exists()


@pytest.mark.parametrize(
    ("clients", "server", "message"),
    [
        (1, ROOT, "a round needs at least 2 clients, not 1"),
        (7, ROOT, "compiled for at most 6"),
        (3, {}, "parameter 'root' is missing"),
        (3, {"root": np.zeros(3)}, r"'root' has shape \[3\], expected \[12\]"),
        (3, {"root": np.full(12, 9.0)}, "'root' at"),
    ],
)
def test_a_round_that_there_cannot_be_is_not_made(folder, clients, server, message):
    with pytest.raises(InputError, match=message):
        Round.make(folder, clients, server)


def test_the_file_says_it_all(folder, tmp_path):
    made = Round.make(folder, 4, ROOT)
    made.write(tmp_path / "round.json")
    read = Round.read(folder, tmp_path / "round.json")
    assert (read.description, read.clear.manifest) == (made.description, made.clear.manifest)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"program": "00" * 32}, "of a round of another program"),
        ({"format": 0}, "of a round of another program"),
        ({"layout": None}, "of a round of another program"),
        ({"radii": None}, "is not the file of a round"),
    ],
)
def test_a_client_proves_what_the_program_asks_for(folder, tmp_path, change, message):
    """Also if the file says otherwise: nobody shares in a round that is none of this program."""
    made = Round.make(folder, 4, ROOT)
    (tmp_path / "round.json").write_text(json.dumps({**made.description, **change}))
    with pytest.raises(RunError, match=message):
        Round.read(folder, tmp_path / "round.json")


def test_a_lighter_proof_is_refused(folder, tmp_path):
    description = json.loads(json.dumps(Round.make(folder, 4, ROOT).description))
    description["layout"]["statements"].pop()
    (tmp_path / "round.json").write_text(json.dumps(description))
    with pytest.raises(RunError, match="of a round of another program"):
        Round.read(folder, tmp_path / "round.json")


def test_other_sources_are_another_program(tmp_path):
    folder = emitted(fltrust(12), tmp_path)
    before = program_hash(folder)
    for name in ("program.cpp", "manifest.json", next(f"circuits/{p.name}" for p in (folder / "circuits").iterdir())):
        text = (folder / name).read_text()
        (folder / name).write_text(text + "\n")
        assert program_hash(folder) != before
        (folder / name).write_text(text)
    assert program_hash(folder) == before
    with pytest.raises(RunError, match="there is no program in"):
        Round.make(tmp_path / "nowhere", 3)


def test_public_values_follow_the_number_of_clients_that_are_left(tmp_path):
    folder = emitted(divided_by_count(), tmp_path, min_clients=3)
    found = Round.make(folder, 6, {"limit": np.array(12.0)}).description
    assert [count for count, _ in found["by_clients"]] == [3, 4, 5, 6]
    values = {count: found["publics"][i]["values"][0] for count, i in found["by_clients"]}
    frac = json.loads((folder / "manifest.json").read_text())["publics"][0]["frac"]
    for count, value in values.items():
        (number,) = np.frombuffer(bytes.fromhex(value["data"]), "<i8") / 2.0**frac
        assert abs(number - 12.0 / count) <= 2.0**-frac


def test_equal_public_values_are_there_once(folder):
    found = Round.make(folder, 6, ROOT).description
    assert len(found["publics"]) == 1
    assert found["by_clients"] == [[count, 0] for count in range(2, 7)]


def test_lengths_that_vectors_are_cut_to_come_with_the_round(tmp_path):
    folder = emitted(clipped_mean(6), tmp_path / "program")
    rounds = {limit: Round.make(folder, 4, {"limit": np.array(limit)}) for limit in (1.5, 2.0)}
    layouts = [made.description["layout"] for made in rounds.values()]
    assert layouts[0]["statements"] != layouts[1]["statements"]
    rounds[1.5].write(tmp_path / "round.json")
    read = Round.read(folder, tmp_path / "round.json")
    assert read.description == rounds[1.5].description
    assert {s.radius for s in read.clear.manifest.shares} == {1.5}


def test_results_are_finished_in_the_clear(tmp_path):
    """Divided by the number of clients that were left, for instance."""
    program = clipped_mean(6)
    folder, server = emitted(program, tmp_path / "program"), {"limit": np.array(100.0)}
    made = Round.make(folder, 5, server)
    given = {"value": list(np.random.default_rng(1).normal(size=(3, 6)))}
    expected = PlainProgram(compile_program(program, Options(clients=6))).run(given, server).outputs["result"]
    done = tmp_path / "results"
    done.mkdir()
    (output,) = made.clear.manifest.outputs
    np.save(done / f"{output.path}.npy", np.sum(given["value"], axis=0))
    report = {"round": made.description["round"], "clients": [0, 1, 4]}
    with pytest.raises(RunError, match="there are no results in"):
        made.results(done, server)
    (done / "report.json").write_text(json.dumps(report))
    np.testing.assert_allclose(made.results(done, server)["result"], expected, atol=1e-6)
    with pytest.raises(RunError, match="are of the round"):
        Round.make(folder, 5, server).results(done, server)


def test_private_inputs_of_the_server_are_refused(tmp_path):
    folder = emitted(fltrust(12, owner=Owner.SERVER_0), tmp_path)
    with pytest.raises(InputError, match=r"private inputs of the server \('root'\)"):
        Round.make(folder, 4, ROOT)


def test_a_program_without_public_values(tmp_path):
    made = Round.make(emitted(weighted_mean(5), tmp_path), 4)
    assert made.description["publics"] == [{"values": [], "lowest": [0]}]
    assert [i["shape"] for i in made.description["inputs"]] == [[5], []]
