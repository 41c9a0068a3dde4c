"""The README's Python examples run, and what it names exists."""

from __future__ import annotations

import re
import runpy
import textwrap
from pathlib import Path

import pytest
from opened import assert_as_opened

import ezprivsecfl as ez

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


def code_blocks() -> list[str]:
    """Indented blocks that are Python."""
    blocks = re.findall(r"(?:^    .*\n|^\n)+", README, flags=re.MULTILINE)
    return [textwrap.dedent(b).strip() for b in blocks if "import ezprivsecfl" in b]


@pytest.mark.timeout(200)
def test_the_notebook_example(tff_reference):
    import tensorflow_federated as tff

    example = runpy.run_path(str(ROOT / "examples" / "fltrust.py"), run_name="example")
    updates, root_update, _ = example["simulated_updates"]()
    names = {"fltrust": example["fltrust"], "client_updates": updates, "root_update": root_update, "ez": ez}
    (block,) = code_blocks()
    try:
        exec(block, names)
    finally:
        tff.framework.set_default_context(tff_reference)
    simulated = names["program"].simulate(updates, root_update)
    assert_as_opened({"result": names["result"]}, {"result": simulated})


def test_links_lead_somewhere():
    pages = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    for page in pages:
        for target in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
            assert target.startswith("https://") or (page.parent / target).exists(), f"{page.name}: {target}"


def test_folders_named_in_the_readme_exist():
    for folder in re.findall(r"^\| `([a-z]+)/`", README, flags=re.MULTILINE):
        assert (ROOT / folder).is_dir()
