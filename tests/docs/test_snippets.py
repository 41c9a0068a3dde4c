"""Every snippet of the manual and of the README is run by a test, or is listed here with the reason why none does."""

from __future__ import annotations

import re
import shlex
import sys
import textwrap
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_federated as tff

import ezprivsecfl as ez
from ezprivsecfl.aggregators import build_fltrust
from ezprivsecfl.cli.main import main
from ezprivsecfl.evaluation.experiment_file import experiments_of
from ezprivsecfl.runtime import load

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
UPDATE = tff.TensorType(np.float32, [5])

RUN_BY = {
    "README.md": ("tests/docs/test_readme.py", ["import ezprivsecfl as ez"]),
    "docs/extending.md": (
        "tests/docs/test_extending.py",
        [
            "from collections.abc import Sequence",
            "from ezprivsecfl.frontends.tff.ops.registry import lowering",
            "from ezprivsecfl.backends.duet.kernels.member import MemberKernel",
            "from dataclasses import dataclass",
            "import numpy as np",
        ],
    ),
    "docs/install.md": ("tests/docs/test_manual.py", ["[tool.uv]"]),
    "docs/ir.md": ("tests/docs/test_pages.py", ["program @mean_of_positive tensor {"]),
    "docs/motion2nx.md": (
        "tests/backends/motion2nx/test_standalone_servers.py",
        [
            "ezcompile examples/fltrust.py --clients 10 --backend motion2nx --motion2nx motion2nx-build -o programs",
            "cmake -S programs/fltrust -B fltrust-build -DMOTION2NX_DIR=$PWD/motion2nx-build "
            "-DCMAKE_PREFIX_PATH=$PWD/engine",
            "import sys",
            'round_ = Round.read("programs/fltrust", "round.json")',
            "OMP_WAIT_POLICY=passive fltrust-build/server --my-id 0 --party 0,127.0.0.1,7000 "
            "--party 1,127.0.0.1,7001 \\",
            "OMP_WAIT_POLICY=passive fltrust-build/server --my-id 1 --party 0,127.0.0.1,7000 "
            "--party 1,127.0.0.1,7001 \\",
            'result = round_.results("results0", {"root_update": root_update})["result"]',
        ],
    ),
    "docs/robust-aggregation.md": (
        "tests/docs/test_robust_aggregation.py",
        [
            "import tensorflow as tf",
            "import numpy as np",
            "@ez.robust_aggregation(state=lambda entries: tf.zeros([entries]))",
        ],
    ),
    "docs/tutorial.md": (
        "tests/docs/test_manual.py",
        [
            "import numpy as np",
            "ezcompile run --check average.py",
            "[0.367 0.367 0.367 0.367]",
            "ezcompile average.py",
            "ezcompile explain average.py",
            "from ezprivsecfl.aggregators import build_fltrust",
            "[0.2 0.2 0.2 0.2]",
            "ezcompile run --cost=wan average.py",
        ],
    ),
}
"""By page another test that runs snippets of it, and their first lines."""

HOURS = "takes hours"
SETS_UP = "sets up an environment: tests/packaging does"
OUTPUT = "is what a command prints, shortened"
MOTION2NX = "needs the framework, and is for its machine: tests/backends/motion2nx"
SCRIPT = "its options are checked by tests/docs/test_pages.py; it takes minutes"
DECLARES = "is a part of a project's file, which another package has"

NOT_RUN = {
    "README.md": {
        "pip install uv && uv run ezcompile run examples/fltrust.py": SETS_UP,
        "uv run pytest": "is this test",
    },
    "docs/benchmarks.md": {
        "uv run python benchmarks/grid.py --page docs/benchmarks.md": HOURS,
        "uv run python benchmarks/grid.py --computations fltrust --minutes 30 --gigabytes 12 --page "
        "docs/benchmarks.md": HOURS,
    },
    "docs/cli.md": {"21      return tff.federated_mean(clipped)": OUTPUT},
    "docs/compiler.md": {
        "TFF program -> tensor IR -> passes -> prologue | secure part (mpc IR -> C++) | epilogue": "is a picture",
        "scripts/fuzz-programs --seconds 3600            # prints progress and counts; faults go to build/fuzz": HOURS,
    },
    "docs/evaluation.md": {
        "pip install pyyaml matplotlib scipy   # beside TFF (install.md); in a clone, uv run ezeval": HOURS,
        '[project.entry-points."ezprivsecfl.rules"]': DECLARES,
    },
    "docs/extending.md": {
        "class Coins {": "is a part of cpp/, shortened",
        '[project.entry-points."ezprivsecfl.backends"]': DECLARES,
    },
    "docs/install.md": {
        "pip install ezprivsecfl-0.1.0-cp311-cp311-manylinux_2_34_x86_64.whl": SETS_UP,
        "pip install uv && uv run ezcompile run examples/fltrust.py": SETS_UP,
    },
    "docs/motion2nx.md": {
        "ezcompile run --backend motion2nx --motion2nx DIR [--arithmetic gmw|beavy] examples/fltrust.py": MOTION2NX,
        "apt-get install cmake g++-11 libssl-dev libeigen3-dev libfmt-dev libflatbuffers-dev "
        "flatbuffers-compiler \\": MOTION2NX,
        "cmake -S EZPrivSecFL/cpp -B engine-build -DCMAKE_BUILD_TYPE=Release": "builds the engine, as installing does",
    },
    "docs/notebooks.md": {"pip install jupyterlab matplotlib": SETS_UP},
    "docs/reconstruction.md": {
        "uv run python examples/all_you_need_is_matplotlib.py --data ../shared/data/cifar10_subset.npz": SCRIPT,
        "uv run python examples/gradient_matching.py --data ../shared/data/cifar10_subset.npz": SCRIPT,
    },
    "docs/results.md": {
        "ezeval safefl-table3 --data DIR": HOURS,
        "ezeval sensitivity --data DIR": HOURS,
        "ezeval safefl-table4 --data DIR --secure": HOURS,
        "ezeval two-servers --data DIR --secure": HOURS,
        "ezeval fltrust --data DIR": HOURS,
        "ezeval fedsecurity --data DIR": HOURS,
        "ezeval backdoor --data DIR": HOURS,
        "python examples/all_you_need_is_matplotlib.py --data DIR/cifar10_subset.npz --out results/reconstruction > "
        "results/reconstruction/output.txt": SCRIPT,
        "python examples/gradient_matching.py --data DIR/cifar10_subset.npz --out results/reconstruction > "
        "results/reconstruction/matching.txt": SCRIPT,
    },
    "docs/tff.md": {
        "process": OUTPUT,
        "Opened for the server's own work: opened/0 int64[3, 18, 6], of my_program.py:11 (While)": OUTPUT,
    },
    "docs/wire-traces.md": {"scripts/wire-traces": SCRIPT, "scripts/wire-traces --update": SCRIPT},
}
"""By page the first lines of snippets that no test runs, with the reason."""


@dataclass(frozen=True)
class Snippet:
    """Code of a page.

    Args:
        page: Relative to the repository.
        text: Without its fence or indentation.
    """

    page: str
    text: str

    @property
    def head(self) -> str:
        """Its first line, by which it is listed."""
        return self.text.partition("\n")[0].strip()


def snippets() -> Iterator[Snippet]:
    """All that is fenced, or indented after an empty line."""
    for page in PAGES:
        name, text = str(page.relative_to(ROOT)), page.read_text("utf-8")
        fence = re.compile(r"^```\w*\n(.*?)^```$", flags=re.DOTALL | re.MULTILINE)
        for found in fence.findall(text):
            yield Snippet(name, found)
        for found in re.findall(r"(?:\A|(?<=\n\n))(?: {4}.*\n(?:\n(?= {4}))?)+", fence.sub("", text)):
            yield Snippet(name, textwrap.dedent(found))


SNIPPETS = list(snippets())


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tff_reference: object) -> Iterator[Path]:
    """A folder with a program; what running programs as ``__main__`` changes in this process is put back."""
    monkeypatch.chdir(tmp_path)
    argv, path, program = sys.argv, list(sys.path), sys.modules["__main__"]
    (tmp_path / "my_program.py").write_text(PROGRAM)
    yield tmp_path
    sys.argv, sys.path[:], sys.modules["__main__"] = argv, path, program
    tff.framework.set_default_context(tff_reference)


PROGRAM = """\
import numpy as np
import tensorflow as tf
import tensorflow_federated as tff

UPDATE = tff.TensorType(np.float32, [5])


@tff.tensorflow.computation(UPDATE, UPDATE)
def trusted(update, root):
    return tf.nn.relu(tf.reduce_sum(update * root)) * update / tf.norm(update)


@tff.federated_computation(tff.FederatedType(UPDATE, tff.CLIENTS), tff.FederatedType(UPDATE, tff.SERVER))
def fltrust(updates, root):
    return tff.federated_mean(tff.federated_map(trusted, (updates, tff.federated_broadcast(root))))


if __name__ == "__main__":
    print(fltrust([np.full(5, 0.1 * i, np.float32) for i in range(1, 6)], np.ones(5, np.float32)))
"""


def find(page: str, head: str) -> str:
    (found,) = [one.text for one in SNIPPETS if (one.page, one.head) == (page, head)]
    return found


def on_a_program(text: str, folder: Path) -> None:
    for line in text.splitlines():
        command, *arguments = shlex.split(line, comments=True)
        assert command == "ezcompile"
        assert main(arguments) == 0


def redirected(text: str, folder: Path) -> None:
    on_a_program(text.partition(" > ")[0], folder)


def rules(text: str, folder: Path) -> None:
    updates = np.random.default_rng(1).normal(size=(30, 5)).astype(np.float32)
    names: dict[str, Any] = {"updates": updates, "update_type": UPDATE}
    exec(text, names)
    expected = names["multi_krum"](updates, byzantine=6, selected=5)
    computed = names["multi_krum"].computation(UPDATE, byzantine=6, selected=5)(list(updates))
    np.testing.assert_allclose(computed, expected, rtol=1e-5)


def an_artefact(text: str, folder: Path) -> None:
    assert main(["my_program.py"]) == 0
    first, second, third = updates = [np.full(5, 0.1 * i, np.float32) for i in (1, 2, 3)]
    names = {"load": load, "updates": updates, "first": first, "second": second, "third": third}
    exec(f"{text}\nopened = program.run({{'updates': updates}}, {{'root': root}}).outputs['result']", names | ROOTS)


ROOTS = {"root": np.ones(5, np.float32)}


def a_bar(text: str, folder: Path) -> None:
    class Program:
        def run(self, updates: float) -> float:
            return updates

    names: dict[str, Any] = {"model": 0.0, "program": Program(), "updates": lambda model: 1.0}
    exec(text, names)
    assert names["model"] == 100.0


def noise(text: str, folder: Path) -> None:
    names: dict[str, Any] = {"tff": tff, "tf": tf, "np": np}
    exec(text, names)
    assert np.std(names["add_noise"](np.zeros(1000, np.float32))) == pytest.approx(0.5, rel=0.2)


def private_inputs(text: str, folder: Path) -> None:
    command, code = text.splitlines()
    (folder / "examples").symlink_to(ROOT / "examples")
    on_a_program(command, folder)
    names: dict[str, Any] = {"ez": ez, "fltrust": build_fltrust(UPDATE)}
    exec(code, names)
    assert "Known to server 0 alone: root_update" in str(names["program"].report)


LOCAL = """\
import numpy as np
import tensorflow as tf
import tensorflow_federated as tff

WEIGHTS = tff.TensorType(np.float32, [3])
DATA = tff.SequenceType(WEIGHTS)


def step(weights, row):
    return weights - 0.1 * (weights - row)


{snippet}

@tff.federated_computation(tff.FederatedType(WEIGHTS, tff.SERVER), tff.FederatedType(DATA, tff.CLIENTS))
def one_round(weights, data):
    return tff.federated_mean(tff.federated_map(local_update, (tff.federated_broadcast(weights), data)))
"""


def local_work(text: str, folder: Path) -> None:
    """The comments on the page's lines are what ``--boundary`` says of them."""
    source = folder / "local.py"
    source.write_text(LOCAL.format(snippet=text))
    with redirect_stdout(StringIO()) as said:
        on_a_program("ezcompile local.py --boundary", folder)
    own, shared = (
        set(re.findall(r"\d+", re.search(f"{start}: local.py:(.*)", said.getvalue())[1]))
        for start in ("In the clear, at each client", "After that, on shares and on what is opened")
    )
    lines = list(enumerate(source.read_text().splitlines(), 1))
    assert {str(number) for number, line in lines if "# own" in line} <= own - shared
    assert {str(number) for number, line in lines if "# on shares" in line} <= shared - own


def an_experiment(text: str, folder: Path) -> None:
    path = folder / "experiment.yaml"
    path.write_text(text)
    assert [one.name for one in experiments_of(path)] == ["example", "example"]


RUN_HERE: dict[tuple[str, str], Callable[[str, Path], None]] = {
    ("docs/aggregators.md", "from ezprivsecfl.aggregators.krum import multi_krum"): rules,
    ("docs/cli.md", "from ezprivsecfl.runtime import load"): an_artefact,
    (
        "docs/compiler.md",
        'ezcompile run --norms sketch:4096 my_program.py          # ez.compile(..., norms="sketch:4096")',
    ): on_a_program,
    ("docs/evaluation.md", "name: example"): an_experiment,
    ("docs/index.md", "ezcompile run my_program.py"): on_a_program,
    ("docs/install.md", "ezcompile new my-rule"): on_a_program,
    ("docs/install.md", "ezcompile completion bash > ~/.local/share/bash-completion/completions/ezcompile"): redirected,
    ("docs/notebooks.md", "from ezprivsecfl.progress import Bar"): a_bar,
    ("docs/privacy.md", "@tff.tensorflow.computation(tff.TensorType(np.float32, [1000]))"): noise,
    (
        "docs/privacy.md",
        "ezcompile --noise each --dp-delta 1e-5 --dp-rounds 100 --dp-sampling 0.01 --dp-sensitivity 0.5 my_program.py",
    ): on_a_program,
    (
        "docs/privacy.md",
        "ezcompile run --check --server-input root_update=shared examples/private_root.py",
    ): private_inputs,
    ("docs/reference.md", 'program = load("my_program.ez/fltrust")'): an_artefact,
    ("docs/tff.md", "@tff.tensorflow.computation(WEIGHTS, DATA)"): local_work,
}
"""By page and first line what runs a snippet."""


def test_every_snippet_is_run_or_has_a_reason():
    found = [(one.page, one.head) for one in SNIPPETS]
    elsewhere = [(page, head) for page, (_, heads) in RUN_BY.items() for head in heads]
    excused = [(page, head) for page, reasons in NOT_RUN.items() for head in reasons]
    assert sorted(found) == sorted([*elsewhere, *excused, *RUN_HERE])
    for page, (test, _) in RUN_BY.items():
        assert Path(page).name in (ROOT / test).read_text("utf-8") or test.endswith("test_pages.py")


@pytest.mark.timeout(200)
@pytest.mark.parametrize(("page", "head"), RUN_HERE, ids=lambda value: value[:40])
def test_snippets(page: str, head: str, folder: Path):
    RUN_HERE[page, head](find(page, head), folder)
