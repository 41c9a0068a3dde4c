"""The Python module of the engine, with a program that is built against the installed package."""

import json
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from ezprivsecfl.runtime import _duet
from ezprivsecfl.runtime.upload_store import UploadStore

PROGRAM = Path(__file__).parents[2] / "cpp" / "tests" / "example_program.cpp"
HASH = bytes(range(32))


def both(first, second):
    with ThreadPoolExecutor(2) as pool:
        futures = [pool.submit(first), pool.submit(second)]
        return [f.result(timeout=60) for f in futures]


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    folder = tmp_path_factory.mktemp("program")
    (folder / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.20)\n"
        "project(example LANGUAGES CXX)\n"
        "find_package(duet REQUIRED)\n"
        f"add_library(example MODULE {PROGRAM})\n"
        "target_link_libraries(example PRIVATE duet::duet)\n"
    )
    environment = {**os.environ, "duet_DIR": _duet.cmake_dir()}
    for command in (["cmake", "-S", ".", "-B", "build", "-G", "Ninja"], ["cmake", "--build", "build"]):
        subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True)
    return folder / "build" / "libexample.so"


def expected(x, g):
    weights = np.maximum(x @ g, 0)
    return weights @ x, np.sum(x * x)


def shares_of(x, seed):
    first = np.random.default_rng(list(seed)).integers(0, 2**64, x.shape, np.uint64)
    return first, _duet.encode(x, 8).view(np.uint64) - first


def test_program_over_tcp(library):
    rng = np.random.default_rng(1)
    listener = _duet.Listener("127.0.0.1")
    sessions = both(
        lambda: listener.accept(0, HASH, "same"), lambda: _duet.connect("127.0.0.1", listener.port, 1, HASH, "same")
    )
    programs = [_duet.load(str(library)) for _ in sessions]
    assert [p.name for p in programs] == ["example", "example"]
    for clients in (2, 5):
        x = rng.integers(-1000, 1000, (clients, 6)) / 256
        g = rng.integers(-1000, 1000, 6) / 256
        shares = shares_of(x, rng.bytes(16))
        public = np.round(g * 256).astype(np.int64).view(np.uint64)

        def party(p, clients=clients, shares=shares, public=public):
            programs[p].setup(sessions[p], clients)
            assert programs[p].online(sessions[p], client_shares(shares[p]), [public]) == []
            before = sessions[p].stats()["online"]
            opened = programs[p].reveal(sessions[p])
            after = sessions[p].stats()["online"]
            assert after["bytes_sent"] > before["bytes_sent"]  # one phase goes on
            assert after["wall_seconds"] >= before["wall_seconds"]
            return opened

        results = both(lambda: party(0), lambda: party(1))
        total, norm = expected(x, g)
        for opened in results:
            (first, first_bits), (second, second_bits) = opened
            np.testing.assert_array_equal(first.view(np.int64) / 2**24, total)
            np.testing.assert_array_equal(second.view(np.int64) / 2**16, norm)
            assert first_bits == second_bits == 64
        stats = [s.stats() for s in sessions]
        for phase in ("setup", "online"):
            assert stats[0][phase]["bytes_sent"] == stats[1][phase]["bytes_received"] > 0
        assert stats[0]["online"]["rounds"] <= 4
    with pytest.raises(_duet.SetupError, match="setup\\(\\) of its own"):
        programs[0].online(sessions[0], client_shares(shares[0]), [public])
    with pytest.raises(_duet.SetupError, match="online\\(\\) of its own"):
        programs[0].reveal(sessions[0])


def client_shares(array):
    shares = _duet.ClientShares()
    shares.add_array(array)
    return shares


def test_setup_belongs_to_a_session(library):
    sessions = _duet.local_pair()
    programs = [_duet.load(str(library)) for _ in sessions]
    both(lambda: programs[0].setup(sessions[0], 1), lambda: programs[1].setup(sessions[1], 1))
    others = _duet.local_pair()
    with pytest.raises(_duet.SetupError):
        programs[0].online(others[0], client_shares(np.zeros((1, 6), np.uint64)), [np.zeros(6, np.uint64)])


def test_one_thread_at_a_time(library):
    first, second = _duet.local_pair()
    program = _duet.load(str(library))

    def setup():
        with pytest.raises(_duet.PeerError):
            program.setup(first, 3)

    thread = threading.Thread(target=setup)
    thread.start()
    while True:  # until the thread waits for its peer
        try:
            first.stats()
        except _duet.Error as error:
            assert "in use by another thread" in str(error)  # noqa: PT017
            break
    first.close()  # the thread keeps it
    second.close()
    thread.join(10)
    assert not thread.is_alive()


def test_mismatch_is_an_error_at_both():
    listener = _duet.Listener("127.0.0.1")
    errors = []

    def run(start, *args):
        with pytest.raises(_duet.MismatchError) as info:
            start(*args)
        errors.append(str(info.value))

    thread = threading.Thread(target=run, args=(listener.accept, 0, HASH, "one"))
    thread.start()
    run(_duet.connect, "127.0.0.1", listener.port, 1, HASH, "other")
    thread.join()
    assert all("one" in e and "other" in e for e in errors)


def test_sessions_and_sockets_that_are_not_there():
    _, second = _duet.local_pair()
    second.close()
    with pytest.raises(_duet.Error, match="session is closed"):
        second.stats()
    with pytest.raises(_duet.TimeoutError):
        _duet.Listener("127.0.0.1").accept(0, HASH, timeout=0.05)
    taken = _duet.Listener("127.0.0.1")
    with pytest.raises(_duet.AddressError):
        _duet.Listener("127.0.0.1", taken.port)


def test_gone_peer_during_setup(library):
    first, second = _duet.local_pair()
    second.close()
    with pytest.raises(_duet.PeerError):
        _duet.load(str(library)).setup(first, 3)


def test_load_refuses_other_files(tmp_path):
    with pytest.raises(_duet.Error, match="cannot load"):
        _duet.load(str(tmp_path / "missing.so"))
    with pytest.raises(_duet.Error, match="not a compiled program"):
        _duet.load(_duet.__file__)


def test_arrays_are_not_converted_silently(library):
    first, _ = _duet.local_pair()
    program = _duet.load(str(library))
    with pytest.raises(TypeError, match="expected an array of uint64, got float64"):
        client_shares(np.zeros((2, 6)))
    with pytest.raises(TypeError, match="expected an array of uint64, got int64"):
        program.online(first, client_shares(np.zeros((2, 6), np.uint64)), [np.zeros(6, np.int64)])
    with pytest.raises(TypeError, match="expected an array of float64, got int64"):
        _duet.encode(np.zeros(2, np.int64), 8)
    with pytest.raises(TypeError, match="expected an array of int64, got float64"):
        _duet.prove(LAYOUT, np.zeros(12), b"")
    with pytest.raises(ValueError, match="16 bytes"):
        _duet.expand_upload(LAYOUT, bytes(15), b"")
    with pytest.raises(ValueError, match="32 bytes"):
        _duet.connect("127.0.0.1", 1, 0, b"", timeout=0.01)
    for link in ((0.0, 0.1), (1e6, -0.1), (1e6, float("nan"))):
        with pytest.raises(ValueError, match="a link has positive bytes per second"):
            _duet.connect("127.0.0.1", 1, 0, HASH, timeout=0.01, link=link)


def test_values_in_fixed_point():
    values = np.array([[0.5, -1.25], [2.0**40, 0.0]])[:, ::-1]  # not contiguous
    encoded = _duet.encode(values, 8)
    np.testing.assert_array_equal(encoded / 256, values)
    assert (encoded.dtype, encoded.shape) == (np.dtype(np.int64), (2, 2))
    with pytest.raises(_duet.RangeError, match="element 1 "):
        _duet.encode(np.array([0.0, np.nan]), 8)


LAYOUT = _duet.ProofLayout([(8, 80, 4), (4, 88, 1)], [([(0, 1, 0), (1, 1, 0)], (12).to_bytes(32, "little"))], [(0, 0)])
"""Of 12 entries that are 1 or -1."""


def test_sizes_of_a_layout():
    sizes = (LAYOUT.entries, LAYOUT.high_bytes, LAYOUT.coefficients, LAYOUT.proof_bytes, LAYOUT.message_bytes)
    assert sizes == (12, 8 * 2 + 4 * 3, 2 * 4 + 2 * 1, 32 * 10, 8 * (2 + 4 + 1) + 32)


@pytest.mark.parametrize(
    ("vectors", "statements", "products"),
    [
        ([(4, 63, 1)], [], []),
        ([(4, 65, 1)], [], []),
        ([(4, 112, 1)], [], []),
        ([(4, 80, 3)], [], []),
        ([(4, 80, 8192)], [], []),
        ([(2**32, 80, 1)], [], []),
        ([(4, 80, 1)], [([(1, 1, 0)], bytes(32))], []),
        ([(4, 80, 0)], [([(0, 1, 0)], bytes(32))], []),
        ([(4, 80, 1)], [([(0, 1, 0)], bytes(31))], []),
        ([(4, 80, 0)], [], [(0, 0)]),
        ([(4, 80, 1)], [], [(1, 1)]),
        ([(4, 80, 1), (5, 80, 1)], [], [(0, 1)]),
        ([(4, 80, 1), (4, 80, 2)], [], [(1, 0)]),
        ([(4, 80, 1), (4, 80, 0)], [], [(0, 1)]),
    ],
)
def test_there_is_no_such_layout(vectors, statements, products):
    with pytest.raises(ValueError, match=r"a proof's layout: |a constant has 32 bytes"):
        _duet.ProofLayout(vectors, statements, products)


def test_proofs_are_checked_by_both():
    values, sessions = np.array([1, -1] * 6)[::-1], _duet.local_pair()  # not contiguous
    uploads = [_duet.prove(LAYOUT, values, bytes([client])) for client in range(3)]
    seed, low, high, proof = uploads[1]
    uploads[1] = (seed, low, high, proof[::-1])
    seeds = [(upload[0], bytes([client])) for client, upload in enumerate(uploads)]
    store = UploadStore()
    places = [store.put(upload[1:]) for upload in uploads]
    first, second = both(
        lambda: _duet.check_seeds(sessions[0], LAYOUT, seeds),
        lambda: _duet.check_masked(sessions[1], LAYOUT, store.descriptor, places),
    )
    assert first[0] == second[0] == [True, False, True]
    assert (first[1] + second[1])[[0, 2]].tolist() == [[8], [8]]
    low_0 = _duet.expand_upload(LAYOUT, *seeds[0])
    np.testing.assert_array_equal((low_0 + uploads[0][1]).view(np.int64), values)
    declared = _duet.cost("client_proofs", clients=3, entries=12, message_bytes=LAYOUT.message_bytes)
    stats = [session.stats()["agreement"] for session in sessions]
    assert [s["bytes_sent"] for s in stats] == declared["online_bytes"]
    assert [s["messages_sent"] for s in stats] == declared["online_messages"]
    assert max(s["rounds"] for s in stats) == declared["online_rounds"] == 2


def test_half_an_upload_is_no_verdict():
    _, low, high, proof = _duet.prove(LAYOUT, np.ones(12, np.int64), b"")
    store = UploadStore()
    place = store.put((low, high, proof[1:]))
    sessions = _duet.local_pair()

    def second():
        with pytest.raises(_duet.Error, match="cannot be read from its file"):
            _duet.check_masked(sessions[1], LAYOUT, store.descriptor, [place])
        sessions[1].close()

    def first():
        with pytest.raises(_duet.PeerError):
            _duet.check_seeds(sessions[0], LAYOUT, [(bytes(16), b"")])

    both(first, second)
    with pytest.raises(ValueError, match="11 values for 12"):
        _duet.prove(LAYOUT, np.ones(11, np.int64), b"")


def test_shares_are_read_from_where_they_lie():
    layout = _duet.ProofLayout([(7, 80, 4), (1, 80, 0), (1, 80, 0)], [], [])
    uploads = [_duet.prove(layout, np.arange(9) - 4, bytes([client])) for client in range(3)]
    seeds = [(upload[0], bytes([client])) for client, upload in enumerate(uploads)]
    store = UploadStore()
    places = [store.put(upload[1:]) for upload in uploads]
    for entries, begin, vector in ((7, 0, 0), (2, 7, 1)):  # the second one of vectors of one entry each
        shares = _duet.ClientShares()
        shares.add_seeded(layout, seeds, vector, (3, entries))
        shares.add_file(store.descriptor, [place + 8 * begin for place in places], (3, entries))
        added = (shares.read(0) + shares.read(1)).view(np.int64)
        assert added.tolist() == [(np.arange(9) - 4)[begin : begin + entries].tolist()] * 3
    short = _duet.ClientShares()
    short.add_file(store.descriptor, [places[-1] + 8 * 100], (1, 7))
    with pytest.raises(_duet.Error, match="cannot be read from its file"):
        short.read(0)


def test_sessions_have_a_name_of_their_own():
    pairs = [_duet.local_pair() for _ in range(3)]
    assert all(first.nonce == second.nonce and len(first.nonce) == 16 for first, second in pairs)
    assert len({first.nonce for first, _ in pairs}) == 3


def test_costs():
    declared = _duet.cost("mask", elements=10)
    assert 0 < declared.pop("cpu_seconds") < 1e-3
    assert declared.pop("flooding") == [0.0, 0.0]
    assert declared == {
        "setup_bytes": [0, 0],
        "setup_messages": [0, 0],
        "setup_rounds": 0,
        "online_bytes": [96, 96],
        "online_messages": [1, 1],
        "online_rounds": 1,
    }
    assert sum(_duet.cost("square", batch=30, k=3372)["setup_bytes"]) < 56e6
    assert sum(_duet.cost("product", batch=1, m=1, k=30, n=3372, ot_k=4)["setup_bytes"]) < 59e6
    assert _duet.cost("evaluate", and_gates=100, elements=1)["setup_bytes"] == [3216, 0]
    for op, sizes in {
        "session": {},
        "open_arith": {"elements": 3},
        "open_top": {"elements": 3, "bits": 40},
        "coins": {},
        "confirm_round": {},
        "client_proofs": {"clients": 3, "entries": 10, "message_bytes": 100},
        "lattice_keys": {},
        "truncate": {"elements": 3, "bits": 20},
        "to_yao": {"elements": 3, "width": 20},
        "public_to_yao": {"elements": 3, "width": 20},
        "from_yao": {"elements": 3},
        "evaluate_boolean": {"elements": 3, "factors": 5, "openings": [8, 2]},
        "from_boolean": {"elements": 3, "width": 20},
        "open_yao": {"elements": 3, "width": 20},
    }.items():
        assert sum(_duet.cost(op, **sizes)["setup_bytes"] + _duet.cost(op, **sizes)["online_bytes"]) > 0
    weighted_sum = {"batch": 1, "m": 1, "k": 100, "n": 1_000_000}
    assert 2**-44 < _duet.cost("share_product", **weighted_sum)["flooding"][0] < 2**-41 < _duet.FLOODING_BUDGET
    with pytest.raises(TypeError, match="missing 'k'"):
        _duet.cost("square", batch=1)
    with pytest.raises(TypeError, match="unexpected 'n'"):
        _duet.cost("square", batch=1, k=1, n=1)
    with pytest.raises(TypeError, match="unexpected 'method'"):
        _duet.cost("mask", elements=1, method="lattice")
    with pytest.raises(TypeError, match="missing 'openings'"):
        _duet.cost("evaluate_boolean", elements=1)
    with pytest.raises(TypeError, match="unexpected 'layers'"):
        _duet.cost("mask", elements=1, layers=[1])
    with pytest.raises(ValueError, match="'ot' is none of auto, transfer, lattice"):
        _duet.cost("square", batch=1, k=1, method="ot")
    with pytest.raises(ValueError, match="no kernel 'cube'"):
        _duet.cost("cube")
    with pytest.raises(ValueError, match="1, 2, 4 or 8"):
        _duet.cost("session", ot_k=3)


def test_processor_time_is_calibrated():
    """The constants of ``cpp/src/calibration.h``, each where it decides alone."""

    def seconds(kernel, **sizes):
        return _duet.cost(kernel, **sizes)["cpu_seconds"]

    assert seconds("mask", elements=1000) == pytest.approx(0.95e-9 * 2 * (8000 + 16))
    assert seconds("client_proofs", clients=3, entries=1000, message_bytes=9) == pytest.approx(7e-9 * 3000)
    assert seconds("truncate", elements=1000, bits=20) == pytest.approx(30e-9 * 1000)
    assert seconds("evaluate_boolean", elements=10, factors=5, openings=[8, 2]) == pytest.approx(26e-9 * 2 * 5 * 10)
    assert seconds("from_boolean", elements=10, width=20) == pytest.approx(26e-9 * 10 * 20)
    transfer = _duet.cost("square", batch=2, k=3, method="transfer")
    assert transfer["cpu_seconds"] == pytest.approx(1.9e-9 * sum(transfer["setup_bytes"]))
    # One upload and one answer in either direction, each party's own and the other's: every step but merging once.
    beyond_ifma = {"ifma": 0.0, "avx2": 3e-6, "neon": 16e-6, "portable": 51e-6}[_duet.cpu_features()["transform"]]
    steps = 500e-6 + 85e-6 + 120e-6 + 660e-6 + 40e-6 + 240e-6 + (4 + 4 + 12 + 6) * beyond_ifma
    assert seconds("share_product", batch=1, m=1, k=32, n=1) == pytest.approx(steps)
    # Two inner products in one upload, answered in one pack.
    second = 120e-6 + 660e-6 + 590e-6 + (4 + 12 + 12) * beyond_ifma
    assert seconds("share_square", batch=4, k=32) == pytest.approx(steps + second)


def test_transform_is_chosen_by_the_environment():
    """It changes what products are expected to take, and nothing about them that both servers must agree on."""
    code = """
import json
from ezprivsecfl.runtime import _duet
sizes = [dict(batch=1, m=1, k=k, n=n) for k in (1, 32, 100, 3000) for n in (1, 50, 3372, 100_000)]
print(json.dumps([_duet.cpu_features()["transform"], *[_duet.cost("share_product", **s) for s in sizes]]))
"""

    def costs(transform):
        environment = {**os.environ, "DUET_TRANSFORM": transform}
        command = [sys.executable, "-c", code]
        return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)

    fastest, *reference = json.loads(costs(_duet.cpu_features()["transform"]).stdout)
    portable, *slower = json.loads(costs("portable").stdout)
    assert portable == "portable"
    for ours, theirs in zip(reference, slower, strict=True):
        assert (theirs.pop("cpu_seconds") > ours.pop("cpu_seconds")) == (fastest != "portable")
        assert theirs == ours
    assert "no transform 'fastest' on this processor; there are: " in costs("fastest").stderr


def test_installation():
    assert Path(_duet.include_dir(), "duet", "program.h").is_file()
    assert Path(_duet.cmake_dir(), "duet-config.cmake").is_file()
    assert set(_duet.cpu_features()) == {"aes", "avx2_fma", "avx512_ifma", "transform"}
    assert _duet.__version__


def test_needs_nothing_but_numpy():
    code = (
        "import sys; from ezprivsecfl.runtime import _duet; "
        "print([m for m in sys.modules if m.split('.')[0] in ('tensorflow', 'tensorflow_federated', 'jax', 'scipy')])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
