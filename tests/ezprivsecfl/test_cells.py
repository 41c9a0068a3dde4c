"""Places in a notebook's cells: names that last, what people call them, and tracebacks."""

from __future__ import annotations

import linecache

import pytest
from in_notebook import executed, failed

from ezprivsecfl.cells import is_cell, lasting, with_cells
from ezprivsecfl.errors import CompileError, Location

DEFINES = """\
@tff.tensorflow.computation(tff.TensorType(np.float32, [3]))
def local(x):
    y = x * 2
    return tf.math.lgamma(y)

@tff.federated_computation(tff.FederatedType(tff.TensorType(np.float32, [3]), tff.CLIENTS))
def unsupported(x):
    return tff.federated_sum(tff.federated_map(local, x))
"""


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("/tmp/ipykernel_712/3141592653.py", "<cell 3141592653>"),
        (r"C:\Temp\ipykernel_712\3141592653.py", "<cell 3141592653>"),
        ("<ipython-input-3-0123456789ab>", "<cell 0123456789ab>"),
    ],
)
def test_a_cells_name_does_not_depend_on_the_process_or_on_how_often_it_was_run(file, name):
    assert lasting(file) == name == lasting(name)
    assert is_cell(file)
    assert is_cell(name)


@pytest.mark.parametrize("file", ["/home/me/ipykernel.py", "program.py", "<string>", "/tmp/ipykernel_1/a/b.py"])
def test_other_files_keep_their_names(file):
    assert lasting(file) == file
    assert not is_cell(file)


def test_without_a_notebook_messages_keep_the_cells_name_and_show_its_line(monkeypatch):
    monkeypatch.setitem(linecache.cache, "/tmp/ipykernel_9/77.py", (0, None, ["a = 1\n", "b = a + a\n"], ""))
    message = str(CompileError("no", [Location("<cell 77>", 2, "AddV2")]))
    assert message == "no\n  at <cell 77>:2 (AddV2)\n    b = a + a\n        ^^^^^"
    assert with_cells(message) == message


@pytest.fixture(scope="module")
def session(tmp_path_factory):
    """Imports; a computation; a mistake; the computation again; the mistake again, shown in two ways; a bug."""
    return executed(
        [
            "import numpy as np, tensorflow as tf, tensorflow_federated as tff\nimport ezprivsecfl as ez",
            DEFINES,
            "def helper():\n    return ez.compile(unsupported)\n\nhelper()",
            DEFINES,
            "helper()",
            "%xmode Plain\n%tb",
            "%xmode Context\nfrom ezprivsecfl.ir.tensor.structure import Sum\nSum(axes=(0,))",
        ],
        tmp_path_factory.mktemp("session"),
    )


def test_locations_name_the_cell_and_show_its_line(session):
    text = failed(session[2])
    assert "  Cell In[2], line 4: Lgamma: not supported\n        return tf.math.lgamma(y)\n" in text


def test_library_lines_are_left_out_of_the_users_mistakes(session):
    text = failed(session[2])
    assert "Cell In[3], line 4\n" in text
    assert "Cell In[3], line 2, in helper()" in text
    assert "api.py" not in text
    assert text.endswith("(lines of libraries are left out; `%xmode Plain` and then `%tb` show them)")


def test_a_cell_that_was_run_again_has_its_new_number(session):
    assert "Cell In[4], line 4: Lgamma" in failed(session[4])


def test_the_user_may_ask_for_library_lines(session):
    text = failed(session[5])
    assert "api.py" in text
    assert "left out" not in text


def test_tracebacks_of_bugs_are_whole(session):
    text = failed(session[6])
    assert "VerifyError: sum takes 1 operands" in text
    assert "op.py" in text
    assert "left out" not in text
