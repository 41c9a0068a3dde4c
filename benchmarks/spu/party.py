# /// script
# requires-python = ">=3.10, <3.12"
# dependencies = ["spu==0.9.5", "jax==0.4.34", "jaxlib==0.4.34", "numpy>=1.26,<2"]
# ///
"""One aggregation on SPU: what the clients do, and what each of two parties does, every one in a process of its own.

    uv run --script benchmarks/spu/party.py share FOLDER --computation fltrust --protocol CHEETAH
    uv run --script benchmarks/spu/party.py compute FOLDER --rank 0 --ports 9000 9001 --protocol CHEETAH --calls 2

FOLDER/inputs.npz has the clients' arrays as ``0_secret``, ``1_secret``, ..., and what both parties know as
``2_public``, ..., in the order of the formula's arguments. ``share`` leaves both parties' shares and the compiled
formula there. ``compute``, run for both ranks at the same time, leaves what the calls took in RANK.json and the
results, which both parties learn, in RANK.npz. ``benchmarks/peers.py`` drives all this.
"""

import argparse
import functools
import json
import pickle
import re
import resource
import time
from pathlib import Path

import numpy as np
import spu
from spu import libspu

LINK_DETAILS = re.compile(r"Link details: total send bytes (\d+), recv bytes \d+, send actions (\d+)")
PATIENCE_MILLISECONDS = 3600 * 1000


def configuration(protocol):
    """A 64-bit ring, and otherwise SPU's own choice; for SEMI2K that makes rank 0 the dealer."""
    config = libspu.RuntimeConfig(protocol=spu.parse_protocol_kind(protocol), field=libspu.FieldType.FM64)
    config.enable_pphlo_profile = True  # what a run has sent, SPU only tells in its log, and only then
    return config


def share(folder, computation, squares, protocol):
    """The clients' part: compiles the formula and splits every secret input into shares."""
    from formulas import FORMULAS, SQUARES
    from spu.utils import frontend

    inputs = np.load(folder / "inputs.npz")
    names, values = sorted(inputs), [inputs[name] for name in sorted(inputs)]
    visibility = {"secret": libspu.Visibility.VIS_SECRET, "public": libspu.Visibility.VIS_PUBLIC}
    kinds = [visibility[name.partition("_")[2]] for name in names]
    formula = functools.partial(FORMULAS[computation], SQUARES[squares])
    results = lambda outputs: [f"result_{i}" for i in range(len(outputs))]  # noqa: E731
    executable, _ = frontend.compile(frontend.Kind.JAX, formula, values, {}, names, kinds, results)
    (folder / "program.bin").write_bytes(executable.SerializeToString())
    io = spu.Io(2, configuration(protocol))
    shares = [io.make_shares(value, kind) for value, kind in zip(values, kinds, strict=True)]
    for rank in (0, 1):
        mine = {name: both[rank] for name, both in zip(names, shares, strict=True)}
        (folder / f"shares_{rank}.bin").write_bytes(pickle.dumps(mine))


def log_to(path):
    """SPU's log, from here on."""
    options = libspu.logging.LogOptions()
    options.system_log_path, options.enable_console_logger = str(path), False
    libspu.logging.setup_logging(options)


def connect(rank, ports):
    """A link to the other party, over loopback."""
    description = libspu.link.Desc()
    for party, port in enumerate(ports):
        description.add_party(str(party), f"127.0.0.1:{port}")
    description.recv_timeout_ms = description.http_timeout_ms = PATIENCE_MILLISECONDS
    return libspu.link.create_brpc(description, rank)


def cpu_seconds():
    """Processor time of this process so far."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def peak_memory_bytes():
    """Largest resident memory of this process so far."""
    return int(re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[1]) * 1024


def compute(folder, rank, ports, protocol, calls):
    """A party's part."""
    log = folder / f"{rank}.log"
    log_to(log)
    link, config = connect(rank, ports), configuration(protocol)
    runtime = spu.Runtime(link, config)
    executable = libspu.Executable()
    executable.ParseFromString((folder / "program.bin").read_bytes())
    for name, value in pickle.loads((folder / f"shares_{rank}.bin").read_bytes()).items():
        runtime.set_var(name, value)
    figures = []
    for _ in range(calls):
        link.barrier()
        cpu, started = cpu_seconds(), time.perf_counter()
        runtime.run(executable)
        figures.append({"wall_seconds": time.perf_counter() - started, "cpu_seconds": cpu_seconds() - cpu})
    for call, (sent, messages) in zip(figures, LINK_DETAILS.findall(log.read_text()), strict=True):
        call |= {"bytes_sent": int(sent), "messages": int(messages)}
    io = spu.Io(2, config)
    opened = [runtime.get_var(name) for name in executable.output_names]
    np.savez(folder / f"{rank}.npz", *(io.reconstruct([value, value]) for value in opened))
    (folder / f"{rank}.json").write_text(json.dumps({"calls": figures, "peak_memory_bytes": peak_memory_bytes()}))
    link.barrier()
    link.stop_link()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("do", choices=["share", "compute"])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--protocol", choices=["CHEETAH", "SEMI2K"], required=True)
    parser.add_argument("--computation", default="fltrust")
    parser.add_argument("--squares", choices=["elements", "matrices"], default="elements")
    parser.add_argument("--rank", type=int, choices=[0, 1])
    parser.add_argument("--ports", type=int, nargs=2)
    parser.add_argument("--calls", type=int, default=2)
    options = parser.parse_args()
    if options.do == "share":
        share(options.folder, options.computation, options.squares, options.protocol)
    else:
        compute(options.folder, options.rank, options.ports, options.protocol, options.calls)
