"""Runs cells in a kernel of their own, as a notebook does."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import nbformat
from nbclient import NotebookClient

COLOURS = re.compile(r"\x1b\[[0-9;]*m")


def executed(cells: Sequence[str], folder: Path) -> list[nbformat.NotebookNode]:
    """The cells with their outputs; a cell that fails has an output of type ``error``, and the next one is run."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    client = NotebookClient(notebook, timeout=250, kernel_name="python3", allow_errors=True)
    client.execute(cwd=str(folder))
    return list(notebook.cells)


def printed(cell: nbformat.NotebookNode) -> str:
    """What a cell prints on stdout."""
    return "".join(o.text for o in cell.outputs if o.output_type == "stream" and o.name == "stdout")


def failed(cell: nbformat.NotebookNode) -> str:
    """The traceback of the cell's error, without colours."""
    (error,) = (o for o in cell.outputs if o.output_type == "error")
    return COLOURS.sub("", "\n".join(error.traceback))


def shown(cell: nbformat.NotebookNode) -> dict[str, str]:
    """By MIME type what the cell's last expression is shown as."""
    (result,) = (o for o in cell.outputs if o.output_type == "execute_result")
    return dict(result.data)
